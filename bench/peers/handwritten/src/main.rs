//! The work of `bench/README.md`, written by hand on socketioxide and axum as their users write it.

mod app;
mod payload;
mod state;

use std::env;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use redis::Client;
use socketioxide::SocketIo;
use socketioxide::handler::ConnectHandler;
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpListener;

use app::App;
use state::State;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let runtime = match env::var("WORKERS").as_deref() {
        Ok("current-thread") => tokio::runtime::Builder::new_current_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    };
    // Spawned, so that a worker polls it.
    runtime.expect("a runtime").block_on(async { tokio::spawn(run()).await.expect("the server ran") });
}

async fn run() {
    let secret = env::var("JWT_SECRET").expect("JWT_SECRET");
    let router = match env::var("REDIS_URL") {
        Err(_) => {
            let app = Arc::new(App::new(&secret, State::in_memory()));
            let (layer, io) = SocketIo::builder().with_state(app).build_layer();
            io.ns("/bench", app::entered.with(app::authenticate));
            Router::new().layer(layer)
        }
        Ok(url) => {
            let app = Arc::new(App::new(&secret, State::in_redis(&url).await));
            let client = Client::open(format!("{url}?protocol=resp3")).expect("a URL of Redis");
            let adapter = RedisAdapterCtr::new_with_redis(&client).await.expect("Redis");
            let (layer, io) =
                SocketIo::builder().with_state(app).with_adapter::<RedisAdapter<_>>(adapter).build_layer();
            io.ns("/bench", app::entered.with(app::authenticate)).await.expect("a namespace");
            Router::new().layer(layer)
        }
    };
    serve(router).await;
}

async fn serve(router: Router) {
    let port = env::var("PORT").unwrap_or_else(|_| "0".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a port");
    println!("listening on http://{}", listener.local_addr().expect("an address"));
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await.expect("it serves");
}
