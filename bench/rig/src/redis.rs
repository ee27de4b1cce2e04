//! A Redis of our own, on a free port, that keeps nothing on disk.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{LOAD_CORE, Server, on_core};

const START: Duration = Duration::from_secs(10);

pub(crate) fn start(scratch: &Path) -> Result<Server, String> {
    std::fs::create_dir_all(scratch).map_err(|error| error.to_string())?;
    let port = free_port().map_err(|error| error.to_string())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut command = on_core(LOAD_CORE, "redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let server = Server::start_at(command, address, &scratch.join("redis.log"))?;
    let until = Instant::now() + START;
    while Instant::now() < until {
        if answers(address).unwrap_or(false) {
            return Ok(server);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("redis-server does not answer".into())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(&answer == b"+PONG")
}
