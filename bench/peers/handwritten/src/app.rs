//! What each event does.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jsonschema::Validator;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, Extension, SocketRef, State as AppState};

use crate::payload::{
    Announce, Announced, Answer, Auth, Entered, Indicator, Join, Joined, Schemas, Taken, Typing, Typist, User,
};
use crate::state::State;

/// What all connections share.
pub(crate) struct App {
    key: DecodingKey,
    validation: Validation,
    schemas: Schemas,
    state: State,
}

type Shared = AppState<Arc<App>>;

/// What is kept of a connection.
#[derive(Clone)]
pub(crate) struct Person {
    user: User,
    limits: Arc<Limits>,
}

struct Limits {
    join: DefaultDirectRateLimiter,
    typing: DefaultDirectRateLimiter,
    announce: DefaultDirectRateLimiter,
}

impl App {
    pub(crate) fn new(secret: &str, state: State) -> Self {
        Self {
            key: DecodingKey::from_secret(secret.as_bytes()),
            validation: Validation::new(Algorithm::HS256),
            schemas: Schemas::new(),
            state,
        }
    }
}

pub(crate) async fn authenticate<A: Adapter>(
    socket: SocketRef<A>,
    Data(auth): Data<Auth>,
    AppState(app): Shared,
) -> Result<(), &'static str> {
    let token = jsonwebtoken::decode::<User>(auth.token.as_bytes(), &app.key, &app.validation);
    let user = token.map_err(|_| "UNAUTHENTICATED")?.claims;
    if !matches!(user.role.as_str(), "TEACHER" | "STUDENT") {
        return Err("UNAUTHORIZED");
    }
    let limit = || RateLimiter::direct(Quota::per_second(NonZeroU32::new(100_000).expect("not zero")));
    let limits = Limits { join: limit(), typing: limit(), announce: limit() };
    socket.extensions.insert(Person { user, limits: Arc::new(limits) });
    Ok(())
}

pub(crate) async fn entered<A: Adapter>(socket: SocketRef<A>) {
    socket.on("join", join);
    socket.on("typing", typing);
    socket.on("announce", announce);
}

async fn join<A: Adapter>(
    socket: SocketRef<A>,
    Data(payload): Data<Value>,
    Extension(person): Extension<Person>,
    AppState(app): Shared,
    ack: AckSender<A>,
) {
    let answer = joined(&socket, payload, &person, &app).await;
    let _ = ack.send(&Answer::of(answer));
}

async fn joined<A: Adapter>(
    socket: &SocketRef<A>,
    payload: Value,
    person: &Person,
    app: &App,
) -> Result<Entered, &'static str> {
    let Join { class_id } = checked(payload, &app.schemas.join, &person.limits.join)?;
    let room = format!("class:{class_id}");
    socket.join(room.clone());
    let data = Joined { class_id: &class_id, user_id: &person.user.id, role: &person.user.role, timestamp: now() };
    // Whoever cannot keep up misses it, as in the library's own examples.
    let _ = socket.within(room).emit("joined", &data).await;
    Ok(Entered { class_id })
}

async fn typing<A: Adapter>(
    socket: SocketRef<A>,
    Data(payload): Data<Value>,
    Extension(person): Extension<Person>,
    AppState(app): Shared,
    ack: AckSender<A>,
) {
    let answer = typed(&socket, payload, &person, &app).await;
    let _ = ack.send(&Answer::of(answer));
}

async fn typed<A: Adapter>(
    socket: &SocketRef<A>,
    payload: Value,
    person: &Person,
    app: &App,
) -> Result<Taken, &'static str> {
    let typing: Typing = checked(payload, &app.schemas.typing, &person.limits.typing)?;
    let room = room_of(socket, &typing.class_id)?;
    let user = &person.user;
    let typist = Typist { user_id: &user.id, assignment_id: &typing.assignment_id, since: now() };
    let typist = serde_json::to_string(&typist).expect("it is JSON");
    app.state.put(format!("class:{}:typing", typing.class_id), &user.id, typist).await?;
    let data = Indicator {
        class_id: &typing.class_id,
        student_id: &typing.student_id,
        assignment_id: &typing.assignment_id,
        is_typing: typing.is_typing,
        user_id: &user.id,
        seq: typing.seq,
        timestamp: now(),
    };
    let _ = socket.to(room).emit("typing", &data).await;
    Ok(Taken { seq: typing.seq })
}

async fn announce<A: Adapter>(
    socket: SocketRef<A>,
    Data(payload): Data<Value>,
    Extension(person): Extension<Person>,
    AppState(app): Shared,
    ack: AckSender<A>,
) {
    let answer = announced(&socket, payload, &person, &app).await;
    let _ = ack.send(&Answer::of(answer));
}

async fn announced<A: Adapter>(
    socket: &SocketRef<A>,
    payload: Value,
    person: &Person,
    app: &App,
) -> Result<Taken, &'static str> {
    let announce: Announce = checked(payload, &app.schemas.announce, &person.limits.announce)?;
    let room = room_of(socket, &announce.class_id)?;
    let data =
        Announced { class_id: &announce.class_id, user_id: &person.user.id, seq: announce.seq, text: &announce.text };
    let _ = socket.to(room).emit("announce", &data).await;
    Ok(Taken { seq: announce.seq })
}

/// The payload, if it is what it should be and the connection does not send too much.
fn checked<T: DeserializeOwned>(
    payload: Value,
    schema: &Validator,
    limit: &DefaultDirectRateLimiter,
) -> Result<T, &'static str> {
    limit.check().map_err(|_| "RATE_LIMITED")?;
    if !schema.is_valid(&payload) {
        return Err("INVALID_PAYLOAD");
    }
    serde_json::from_value(payload).map_err(|_| "INVALID_PAYLOAD")
}

/// The room of a class that the connection is in.
fn room_of<A: Adapter>(socket: &SocketRef<A>, class_id: &str) -> Result<String, &'static str> {
    let room = format!("class:{class_id}");
    match socket.rooms().iter().any(|joined| *joined == room) {
        true => Ok(room),
        false => Err("NOT_IN_ROOM"),
    }
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}
