//! The accept loop: TCP connections, bounded in number and time, to a router.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::BuildHasher;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::link::{Guarded, Link};
use crate::seam::Reason;
use crate::settings::SocketSettings;

/// How large the head of a request may be, in bytes: the least that hyper allows for its read buffer.
const HEAD_BYTES_MAX: usize = 8192;

/// How long the accept loop rests when the system has no more sockets to give.
const REST: Duration = Duration::from_millis(50);

/// How long requests that have begun may go on when the server stops, and how long connections may take to be gone.
const STOP_MAX: Duration = Duration::from_secs(5);

/// How often a batch of WebSockets is ended when the server stops, and how large one is at least.
const BATCH_EVERY: Duration = Duration::from_millis(50);
const BATCH_MIN: usize = 100;

/// Serves until `shutdown` is done. Then it accepts nothing more, ends the WebSockets in batches spread over `drain`, lets
/// requests that have begun go on for up to five seconds, and returns when the last connection is gone, at the latest `drain`
/// and ten seconds after `shutdown`. Clients see their transport closed, after which they come back by themselves, elsewhere;
/// in batches, so that they do not all come at once.
///
/// Requests carry the [`Link`] of their connection among their extensions.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &SocketSettings,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let server = Arc::new(Server { router, settings: settings.clone(), upgraded: Upgraded::default() });
    let (stop, stopping) = watch::channel(false);
    tokio::select! {
        () = accept(&listener, &server, &places, &stopping) => {}
        () = shutdown => {}
    }
    drop(listener);
    stop.send_replace(true);
    server.upgraded.drain(settings.drain).await;
    let places_max = u32::try_from(settings.connections_max).unwrap_or(u32::MAX);
    if timeout(2 * STOP_MAX, places.acquire_many(places_max)).await.is_err() {
        tracing::warn!("connections are left that do not end");
    }
}

/// What every connection is served with.
struct Server {
    router: Router,
    settings: SocketSettings,
    upgraded: Upgraded,
}

/// The connections that are no longer HTTP. Those that are gone are forgotten when the list would grow.
#[derive(Default)]
struct Upgraded {
    links: Mutex<Vec<Weak<Link>>>,
}

impl Upgraded {
    fn add(&self, link: &Arc<Link>) {
        let mut links = self.links.lock();
        if links.len() == links.capacity() {
            links.retain(|link| link.upgrade().is_some_and(|link| !link.is_gone()));
        }
        links.push(Arc::downgrade(link));
    }

    async fn drain(&self, within: Duration) {
        let links = std::mem::take(&mut *self.links.lock());
        let mut links: Vec<Arc<Link>> = links.iter().filter_map(Weak::upgrade).filter(|link| !link.is_gone()).collect();
        // Neighbours of a room came together, and should not all be away together.
        let order = RandomState::new();
        links.sort_by_cached_key(|link| order.hash_one(link.address));
        let batches = usize::try_from(within.as_millis() / BATCH_EVERY.as_millis()).unwrap_or(usize::MAX).max(1);
        let mut batches = links.chunks(links.len().div_ceil(batches).max(BATCH_MIN)).peekable();
        while let Some(batch) = batches.next() {
            batch.iter().for_each(|link| link.kill(Reason::Shutdown));
            if batches.peek().is_some() {
                tokio::time::sleep(BATCH_EVERY).await;
            }
        }
    }
}

/// Accepts as long as there are places; whoever comes when there are none waits in the system's own queue.
async fn accept(
    listener: &TcpListener,
    server: &Arc<Server>,
    places: &Arc<Semaphore>,
    stopping: &watch::Receiver<bool>,
) {
    while let Ok(place) = Arc::clone(places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, address)) => {
                let link = Link::new(address);
                tokio::spawn(Arc::clone(server).connection(stream, link, place, stopping.clone()));
            }
            Err(error) => rest_after(&error).await,
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

async fn rest_after(error: &io::Error) {
    let is_the_peers = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !is_the_peers {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(REST).await;
    }
}

impl Server {
    /// One connection, HTTP/1.1 until it is upgraded.
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        link: Arc<Link>,
        place: OwnedSemaphorePermit,
        mut stopping: watch::Receiver<bool>,
    ) {
        // Small packets matter more than full ones; if the system will not do it, they are only late.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(Guarded::new(stream, Arc::clone(&link), self.settings.write_stall, place));
        let of_requests = Arc::clone(&link);
        let router = self.router.clone();
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&of_requests));
            router.clone().oneshot(request.map(Body::new))
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.head_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(io, service)
            .with_upgrades();
        let mut served = pin!(served);
        tokio::select! {
            _ = served.as_mut() => {}
            () = stopped(&mut stopping) => {
                served.as_mut().graceful_shutdown();
                let _ = timeout(STOP_MAX, served).await;
                link.kill(Reason::Shutdown);
            }
        }
        self.now_upgraded(&link, &stopping);
    }

    /// HTTP is over. If the connection is not, it is a WebSocket.
    fn now_upgraded(&self, link: &Arc<Link>, stopping: &watch::Receiver<bool>) {
        if link.is_gone() {
            return;
        }
        self.upgraded.add(link);
        if *stopping.borrow() {
            link.kill(Reason::Shutdown);
        }
    }
}
