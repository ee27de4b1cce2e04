//! The accept loop: TCP connections, bounded in number and time, to a router.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::link::{Guarded, Link};
use crate::settings::SocketSettings;

/// The least that hyper allows for its read buffer.
const HEAD_BYTES_MAX: usize = 8192;

/// How long the accept loop rests when the system has no more sockets to give.
const REST: Duration = Duration::from_millis(50);

/// Every open connection, so that all can be ended.
#[derive(Default)]
struct Open {
    links: Mutex<Vec<std::sync::Weak<Link>>>,
}

impl Open {
    fn add(&self, link: &Arc<Link>) {
        let mut links = self.links.lock();
        if links.len() == links.capacity() {
            links.retain(|link| link.strong_count() > 0);
        }
        links.push(Arc::downgrade(link));
    }

    fn kill_all(&self) {
        self.links.lock().drain(..).filter_map(|link| link.upgrade()).for_each(|link| link.kill());
    }
}

/// Serves until `shutdown` is done; then accepts nothing more and ends every connection.
pub async fn serve(listener: TcpListener, router: Router, settings: &SocketSettings, shutdown: impl Future<Output = ()>) {
    let open = Arc::new(Open::default());
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let accept = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    rest_after(&error).await;
                    continue;
                }
            };
            let link = Link::new(address);
            open.add(&link);
            let connection = connection(stream, link, router.clone(), settings.clone());
            tokio::spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = shutdown => {}
    }
    open.kill_all();
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

/// One connection, HTTP/1.1 until it is upgraded. Its place is kept until the last part of it is gone.
async fn connection(stream: TcpStream, link: Arc<Link>, router: Router, settings: SocketSettings) {
    // Small packets matter more than full ones; if the system will not do it, they are only late.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Guarded::new(stream, Arc::clone(&link), settings.write_stall));
    let gone = Arc::downgrade(&link);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&link));
        router.clone().oneshot(request.map(Body::new))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(io, service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::trace!(%error, "a connection ended");
    }
    drop(gone);
}
