//! What loopback and frames alone cost: one thread, epoll, no look at what is sent beyond what tells an event from another.
//! It answers and broadcasts as the others do, and checks nothing: no token, schema, limit, membership or state.

mod client;
mod frame;
mod hall;

use std::env;
use std::io;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use hall::Hall;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LISTENER: Token = Token(usize::MAX);

fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "0".into());
    let address = format!("127.0.0.1:{port}").parse().map_err(io::Error::other)?;
    let mut listener = TcpListener::bind(address)?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut hall = Hall::default();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    hall.enter(stream, poll.registry())?;
                }
            } else {
                hall.turn(event.token().0, event.is_writable());
            }
        }
        hall.flush();
    }
}
