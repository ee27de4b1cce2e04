//! `homeroom serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use homeroom_definition::render;
use homeroom_http::{ApiKey, ApiKeys, Definitions};
use homeroom_runtime::{ClusterKey, Hooks};
use homeroom_store::outbox::Outbox;
use homeroom_store::sql::SqlError;
use homeroom_store::{Clock, SystemClock};
use tokio::net::TcpListener;

use crate::check::drawn;
use crate::identity::Jwt;
use crate::load::load;
use crate::reload::{Origin, Reloader};
use crate::server::{Doors, Parts, Server};
use crate::settings::{DEVELOPMENT_KEY, Environment, Settings};
use crate::token::for_user;
use crate::watch::Watch;
use crate::webhooks::Http;
use crate::{Deployable, fail, files, log, terminal};

/// How long the tokens that are printed are valid, in seconds.
const DEMO_TOKEN_SECONDS: u64 = 12 * 3600;

/// How long what connections leave behind may take to be told to others, after the last one is gone.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// What is served, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of the definitions; without one, those in this binary.
    #[arg(long, value_name = "DIR")]
    namespaces: Option<PathBuf>,
    /// Settings from this file; otherwise `homeroom.yaml` beside the definitions.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen, such as `127.0.0.1:3000`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(deployable: &Deployable, options: &Options) -> ExitCode {
    log::start();
    match serve(deployable, options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(deployable: &Deployable, options: &Options) -> Result<(), String> {
    // From before they are read, so that no change of them is missed.
    let watch = options
        .namespaces
        .as_ref()
        .map(|folder| Watch::new([folder].into_iter().chain(&options.config).cloned().collect()));
    let files = files(deployable, options.namespaces.as_ref(), options.config.as_ref())?;
    let loaded = load(&files, options.config.as_deref(), &Environment::of_process(), &deployable.hooks).await;
    let told = loaded.diagnostics.sorted();
    if !told.is_empty() {
        terminal::print_aside(&drawn(&told, &loaded.sources));
        eprintln!("{}", render::summary(&told));
    }
    let mistakes = || "nothing is served: the files above have mistakes".to_owned();
    let (Some(settings), Some(plan)) = (loaded.settings, loaded.plan) else { return Err(mistakes()) };
    if loaded.diagnostics.has_errors() {
        return Err(mistakes());
    }
    let address = options.listen.unwrap_or(settings.listen);
    let keys = safe_on(&settings, address)?;
    let authenticator = Arc::new(Jwt::new(&settings.auth)?);
    let outbox = outbox(&settings).await?;
    let hooks = hooks(deployable, &settings)?;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let paths: Vec<String> = plan.namespaces.keys().map(|path| path.to_string()).collect();
    let shared = settings.redis.clone().map(|shared| {
        let key = ClusterKey::of(shared.known_by(&settings.auth));
        (shared, key)
    });
    authenticator.prepare(SystemClock.now_ms()).await;
    let parts = Parts {
        plan,
        hooks: hooks.clone(),
        limits: settings.limits.clone(),
        state: settings.state.clone(),
        socket: settings.socket.clone(),
        db: loaded.db.clone(),
        outbox: outbox.map(|outbox| (outbox, settings.services.outbox.clone())),
        authenticator,
        shared,
    };
    let (server, routes) = Server::new(parts).map_err(|error| error.to_string())?;
    #[cfg(feature = "otel")]
    let traces = crate::otel::Traces::begin(&server.engine)?;
    let keys = Arc::new(ApiKeys::new(keys));
    let origin = Origin {
        folder: options.namespaces.clone(),
        config: options.config.clone(),
        embedded: deployable.files,
        environment: Environment::of_process(),
        hooks,
    };
    let told = (told.as_slice(), &loaded.sources);
    let reloader = Arc::new(Reloader::new(origin, Arc::clone(&server), Arc::clone(&keys), &settings, loaded.db, told));
    let watching = tokio::spawn(Arc::clone(&reloader).run(settings.reload.clone(), watch));
    let definitions: Arc<dyn Definitions> = reloader;
    welcome(&settings, address, paths);
    let doors = Doors { keys, definitions, keeping: settings.keeping, revoked_for: settings.revoked_for };
    server.serve(listener, routes, &settings.socket, doors, asked_to_stop()).await;
    watching.abort();
    leave(&server).await;
    #[cfg(feature = "otel")]
    if let Some(traces) = traces {
        traces.end().await;
    }
    Ok(())
}

/// The hooks in Rust, and a way for webhooks.
fn hooks(deployable: &Deployable, settings: &Settings) -> Result<Hooks, String> {
    let hooks = deployable.hooks.clone();
    match &settings.webhooks {
        Some(webhooks) => Ok(hooks.with_webhooks(Arc::new(Http::new(webhooks)?))),
        None => Ok(hooks),
    }
}

/// The outbox, where the settings want it worked on.
async fn outbox(settings: &Settings) -> Result<Option<Outbox>, String> {
    let (Some(outbox), Some(url)) = (&settings.outbox, &settings.database) else { return Ok(None) };
    let holder = uuid::Uuid::new_v4().to_string();
    match Outbox::open(&url.value, &settings.sql, outbox.clone(), &holder).await {
        Ok(outbox) => Ok(Some(outbox)),
        Err(SqlError::Refused(why)) => {
            Err(format!("there is no outbox to work on: {why}; `homeroom migrate` makes it"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Waits until events in flight are done, and the last user of this server has left their rooms.
async fn leave(server: &Server) {
    let gone = async {
        while server.engine.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.engine.saved_history().await;
    };
    if tokio::time::timeout(LEAVE_MAX, gone).await.is_err() {
        tracing::warn!(
            connections = server.engine.connections(),
            "some have not left; others will notice by the lease"
        );
    }
}

/// The keys that are let in. Without a secret or keys of its own a server is for loopback only.
fn safe_on(settings: &Settings, address: SocketAddr) -> Result<Vec<ApiKey>, String> {
    let is_loopback = address.ip().is_loopback();
    if settings.auth.is_development && !is_loopback {
        return Err(format!(
            "no secret is set, so anyone could mint tokens: set `JWT_SECRET`, or listen on 127.0.0.1 instead of {}",
            address.ip()
        ));
    }
    match settings.services.keys.is_empty() && is_loopback && settings.auth.is_development {
        true => Ok(vec![ApiKey::of_all(DEVELOPMENT_KEY)]),
        false => Ok(settings.services.keys.clone()),
    }
}

fn welcome(settings: &Settings, address: SocketAddr, mut namespaces: Vec<String>) {
    namespaces.sort();
    println!("serving {}", namespaces.join(", "));
    if settings.auth.is_development {
        println!("\nNo JWT_SECRET is set: a well-known development secret is used, and only this machine is served.");
        println!("Services send events with the key `{DEVELOPMENT_KEY}`. Tokens to try, valid for 12 hours:\n");
        for user in &settings.demo_tokens {
            let shown = |name| user.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            match for_user(settings, user, DEMO_TOKEN_SECONDS) {
                Ok(token) => println!("{} ({}, {})\n  {token}\n", shown("id"), shown("name"), shown("role")),
                Err(error) => eprintln!("no token for `{}`: {error}", shown("id")),
            }
        }
        if let Some(namespace) = namespaces.iter().find(|path| path.len() > 1) {
            println!("Try one with socket.io-client:");
            println!("  const socket = io('http://{address}{namespace}', {{ auth: {{ token: '...' }} }})");
            println!("  socket.on('connect', () => console.log('connected'))");
            println!("  socket.on('connect_error', (error) => console.log(error.message))\n");
        }
    }
    println!("listening on http://{address}");
}

/// Done when the process is asked to stop.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
