//! The settings file, as its author writes it.

use homeroom_definition::{Many, Node, Table, Text, record};

record! {
    /// Settings of a server. Every key has a default, and can be set by the environment: `HOMEROOM_SECTION_KEY`.
    pub struct SettingsFile {
        /// Where to listen.
        "listen" listen: Option<ListenSection>,
        /// How tokens are verified.
        "auth" auth: Option<AuthSection>,
        /// Others whose tokens are accepted as well, each with keys of its own.
        "issuers" issuers: Vec<IssuerSection>,
        /// What definitions see as `user`, and the claims it is made of.
        "identity" identity: Option<IdentitySection>,
        /// How the Socket.IO edge speaks.
        "socket" socket: Option<SocketSection>,
        /// Web pages that may connect.
        "cors" cors: Option<CorsSection>,
        /// Bounds of events and connections.
        "limits" limits: Option<LimitsSection>,
        /// Bounds of what is remembered in memory.
        "state" state: Option<StateSection>,
        /// The database.
        "database" database: Option<DatabaseSection>,
        /// Events that services leave in PostgreSQL.
        "outbox" outbox: Option<OutboxSection>,
        /// Where webhooks go.
        "webhooks" webhooks: Option<WebhooksSection>,
        /// The API over HTTP.
        "api" api: Option<ApiSection>,
        /// Services with keys of their own, and what each may send.
        "services" services: Vec<ServiceSection>,
        /// How changed definitions are served.
        "reload" reload: Option<ReloadSection>,
        /// What makes several servers one.
        "redis" redis: Option<RedisSection>,
        /// Users for whom tokens are printed where the development secret is used.
        "demo_tokens" demo_tokens: Vec<Node>,
    }
}

record! {
    /// Where to listen.
    pub struct ListenSection {
        /// The address, `127.0.0.1` by default: this machine alone.
        "host" host: Option<Text>,
        /// The port, `3000` by default; `PORT` in the environment. 0 picks a free one.
        "port" port: Option<Text>,
    }
}

record! {
    /// How tokens are verified: by one of `secret`, `public_key`, `public_key_file` and `jwks`.
    pub struct AuthSection {
        /// How tokens may be signed, one or several of a kind: `HS256`, `HS384`, `HS512` with a secret, `HS256` by default;
        /// `RS256` and on, `PS256` and on, `ES256`, `ES384`, `EdDSA` with public keys, where it must be said. It never comes
        /// from the token.
        "algorithm" algorithm: Many<Text>,
        /// The secret, 32 bytes or more; `JWT_SECRET` in the environment. Where there is neither a secret nor a key, only
        /// loopback is served.
        "secret" secret: Option<Text>,
        /// Public keys as PEM, one after the other: `-----BEGIN PUBLIC KEY-----`.
        "public_key" public_key: Option<Text>,
        /// A file of public keys as PEM, read when the server starts.
        "public_key_file" public_key_file: Option<Text>,
        /// Where public keys are, as a JSON Web Key Set: an `https:` URL, or `http:` on this machine. Redirects are not followed.
        "jwks" jwks: Option<Text>,
        /// How long keys from there are used before they are asked for again, `10m` by default: a key that is gone there is
        /// accepted no longer than that.
        "jwks_refresh" jwks_refresh: Option<Text>,
        /// How soon they may be asked for again, `30s` by default: for a key that is not known yet, or after a failure.
        "jwks_retry" jwks_retry: Option<Text>,
        /// How long keys are used at most when nobody answers there, `1h` by default, from when they came; then nobody is let in.
        "jwks_stale" jwks_stale: Option<Text>,
        /// How long the answer may take, `5s` by default.
        "jwks_timeout" jwks_timeout: Option<Text>,
        /// What the claim `iss` must be.
        "issuer" issuer: Option<Text>,
        /// What the claim `aud` must have.
        "audience" audience: Option<Text>,
        /// How far clocks may differ, `5s` by default.
        "leeway" leeway: Option<Text>,
    }
}

record! {
    /// Somebody else whose tokens are accepted: told by the claim `iss`. The keys are as in `auth:`.
    pub struct IssuerSection {
        /// What the claim `iss` is.
        "issuer" issuer: Text,
        /// What the claim `aud` must have.
        "audience" audience: Option<Text>,
        /// How tokens may be signed, as in `auth:`.
        "algorithm" algorithm: Many<Text>,
        /// The secret, 32 bytes or more.
        "secret" secret: Option<Text>,
        /// Public keys as PEM.
        "public_key" public_key: Option<Text>,
        /// A file of public keys as PEM, read when the server starts.
        "public_key_file" public_key_file: Option<Text>,
        /// Where public keys are, as a JSON Web Key Set.
        "jwks" jwks: Option<Text>,
        /// As in `auth:`.
        "jwks_refresh" jwks_refresh: Option<Text>,
        /// As in `auth:`.
        "jwks_retry" jwks_retry: Option<Text>,
        /// As in `auth:`.
        "jwks_stale" jwks_stale: Option<Text>,
        /// As in `auth:`.
        "jwks_timeout" jwks_timeout: Option<Text>,
        /// The claims that properties of `user` come from, where they are others than `identity:` says: `role: user_role`.
        "claims" claims: Table<Text>,
        /// Properties that all its users have, whatever their tokens say: `districtId: d-1`.
        "fixed" fixed: Table<Node>,
    }
}

record! {
    /// What definitions see as `user`: a type for each property, with the `claim:` it comes from where names differ.
    pub struct IdentitySection {
        /// Properties that every user has. `id` and `role` must be among them; the roles are the `enum` of `role`.
        "fields" fields: Table<Node>,
        /// Properties that a user may have.
        "optional" optional: Table<Node>,
    }
}

record! {
    /// How the Socket.IO edge speaks.
    pub struct SocketSection {
        /// `websocket`, `polling`; both by default, and only `websocket` once several servers are joined by Redis.
        "transports" transports: Many<Text>,
        /// What carries WebSockets: `own`, the default, or `socketioxide`. Clients that begin by polling are carried by
        /// socketioxide.
        "transport" transport: Option<Text>,
        /// Where Socket.IO is served, `/socket.io` by default.
        "path" path: Option<Text>,
        /// How often a client is pinged, `25s` by default.
        "ping_interval" ping_interval: Option<Text>,
        /// How long its answer may take, `20s` by default.
        "ping_timeout" ping_timeout: Option<Text>,
        /// How long a client may take to ask to enter a namespace, and then the engine to decide, `10s` by default.
        "connect_timeout" connect_timeout: Option<Text>,
        /// How long the head of an HTTP request may take to arrive, and then its body, `10s` by default.
        "head_timeout" head_timeout: Option<Text>,
        /// How long a client may read nothing while something is written to it, `5s` by default.
        "write_stall" write_stall: Option<Text>,
        /// Clients that may begin a session in a second, `2000` by default; the rest stand in line.
        "handshakes_per_second" handshakes_per_second: Option<Node>,
        /// Clients that may stand in that line, `2048` by default. Others are told by HTTP 503 to come again later, which the
        /// official client does by itself.
        "handshakes_waiting_max" handshakes_waiting_max: Option<Node>,
        /// How long a client may stand there, `5s` by default; then it is told the same.
        "handshake_wait" handshake_wait: Option<Text>,
        /// Over how long WebSockets are ended when the server stops, so that clients do not all come back at once; `5s` by
        /// default.
        "drain" drain: Option<Text>,
        /// Bytes of a message, `1048576` by default.
        "message_bytes_max" message_bytes_max: Option<Node>,
        /// Attachments of an event, `16` by default.
        "attachments_max" attachments_max: Option<Node>,
        /// Bytes of an event's attachments together, `1048576` by default.
        "attachments_bytes_max" attachments_bytes_max: Option<Node>,
        /// Packets that may wait for a client, `1024` by default; one for whom there are more is ended.
        "queue_packets_max" queue_packets_max: Option<Node>,
        /// Bytes that may wait for a client on our own transport, `16777216` by default; one for whom there are more is ended.
        "queue_bytes_max" queue_bytes_max: Option<Node>,
        /// Connections at once, `100000` by default.
        "connections_max" connections_max: Option<Node>,
    }
}

record! {
    /// Web pages that may connect.
    pub struct CorsSection {
        /// Origins such as `https://app.example.org`; `SOCKET_IO_CORS_ORIGIN` or `FRONTEND_URL` in the environment.
        "origins" origins: Many<Text>,
    }
}

record! {
    /// Bounds of events and connections.
    pub struct LimitsSection {
        /// How long an event may run, `10s` by default.
        "event_timeout" event_timeout: Option<Text>,
        /// How long a hook may run, `5s` by default.
        "hook_timeout" hook_timeout: Option<Text>,
        /// Events of a connection that may wait, `256` by default.
        "queue_events_max" queue_events_max: Option<Node>,
        /// Connects, and events that enter rooms, that may be under way at once, `128` by default; the rest stand in line, and
        /// while it is long, clients that come wait too.
        "entering_max" entering_max: Option<Node>,
        /// Those that may stand in that line, `4096` by default; beyond, `BUSY`.
        "entering_waiting_max" entering_waiting_max: Option<Node>,
        /// How long one may stand there, `5s` by default; beyond, `BUSY`.
        "entering_wait" entering_wait: Option<Text>,
        /// Bytes of an event's JSON, `262144` by default.
        "payload_bytes_max" payload_bytes_max: Option<Node>,
        /// How deep a payload may be nested, `64` by default.
        "payload_depth_max" payload_depth_max: Option<Node>,
        /// Arguments of an event, `32` by default.
        "arguments_max" arguments_max: Option<Node>,
        /// Rooms a connection may be in, `128` by default.
        "rooms_per_connection_max" rooms_per_connection_max: Option<Node>,
        /// Room changes and emissions of one event together, `4096` by default.
        "effects_per_event_max" effects_per_event_max: Option<Node>,
        /// Connections of a user to a namespace, `10` by default; `SOCKET_IO_MAX_CONNECTIONS_PER_USER` in the environment.
        "connections_per_user_max" connections_per_user_max: Option<Node>,
        /// Bytes of the name of a hash's field or of a set's member, `256` by default.
        "field_bytes_max" field_bytes_max: Option<Node>,
        /// Answers of the database that are kept for reuse, `100000` by default.
        "answers_max" answers_max: Option<Node>,
        /// Decisions that are kept to be asked for under `/v1/admin/decisions`, `10000` by default.
        "decisions_max" decisions_max: Option<Node>,
        /// Bytes that they may take together, `4194304` by default.
        "decisions_bytes_max" decisions_bytes_max: Option<Node>,
        /// Bytes that a server keeps of what is sent to rooms with `history:`, over all of them, `67108864` by default;
        /// beyond, a room forgets its oldest.
        "history_bytes_max" history_bytes_max: Option<Node>,
        /// Missed events that one event or connect may bring about, `800` by default; beyond, its client is told that it was
        /// not recovered.
        "missed_max" missed_max: Option<Node>,
        /// Bytes that `socket.vars` may hold as JSON, `4096` by default.
        "socket_vars_bytes_max" socket_vars_bytes_max: Option<Node>,
        /// Events of one name that a connection may send where the event states no limit, `100 per 10s` by default.
        "default_rate_limit" default_rate_limit: Option<Text>,
    }
}

record! {
    /// Bounds of what is remembered in memory.
    pub struct StateSection {
        /// Keys, `1000000` by default.
        "keys_max" keys_max: Option<Node>,
        /// Bytes, `268435456` by default.
        "bytes_max" bytes_max: Option<Node>,
    }
}

record! {
    /// The database.
    pub struct DatabaseSection {
        /// Its URL: `postgres://user:password@host:5432/name`, or `sqlite:homeroom.db`; `DATABASE_URL` in the environment.
        "url" url: Option<Text>,
        /// A script beside the definitions that fills a database in memory where no URL is given.
        "demo" demo: Option<Text>,
        /// Connections to it, `8` by default.
        "connections_max" connections_max: Option<Node>,
        /// How long to wait for one, `2s` by default.
        "acquire_timeout" acquire_timeout: Option<Text>,
        /// How long a statement may take, `5s` by default.
        "statement_timeout" statement_timeout: Option<Text>,
        /// After how many calls in a row that nobody answered PostgreSQL counts as away, `3` by default. What needs it is then
        /// refused with UNAVAILABLE at once.
        "breaker_failures" breaker_failures: Option<Node>,
        /// How long it then rests before it is tried again, `1s` by default; up to 30 times as long while it stays away.
        "breaker_wait" breaker_wait: Option<Text>,
        /// Whether connections to PostgreSQL are encrypted: `off`, `prefer`, `require`, `verify_ca`, `verify_full`. By default
        /// what the URL says in `sslmode`, else `prefer`, which somebody between can turn off.
        "tls" tls: Option<Text>,
        /// A file of authorities, as PEM, that its certificate may be signed by; by default those of the web.
        "tls_ca" tls_ca: Option<Text>,
    }
}

record! {
    /// Events that services leave in the table `homeroom_outbox` of PostgreSQL, within their own transactions; `homeroom
    /// migrate` makes it. They are sent at least once, and those of one `key` in their order.
    pub struct OutboxSection {
        /// Whether this server sends what is there: `on` or `off`, the default.
        "enabled" enabled: Option<Text>,
        /// How long after a server's death others go on with what it had in hand, `10s` by default.
        "lease" lease: Option<Text>,
        /// How often is looked for what PostgreSQL did not tell of, `1s` by default. What it tells of is sent at once.
        "poll" poll: Option<Text>,
        /// Events that are taken at once, `64` by default; so many of a key may be sent twice when a server dies.
        "batch" batch: Option<Node>,
        /// How many keys are worked on at once, `2` by default, each on a connection of its own.
        "workers" workers: Option<Node>,
        /// Attempts after which an event is put into `homeroom_outbox_dead`, `10` by default; what a payload or a definition
        /// rules out is put there at once. An attempt does not count while Redis or the database is away.
        "attempts_max" attempts_max: Option<Node>,
        /// How long the dead are kept, `14d` by default.
        "dead_kept" dead_kept: Option<Text>,
        /// A property that the id of the row is written to, where the payload is an object that has none of that name; the
        /// payload's type must allow it.
        "id_as" id_as: Option<Text>,
        /// What may be sent from there, as for a service under `services:`; everything by default. The first that names an event
        /// counts. What none allows is put among the dead at once.
        "send" send: Vec<SendRule>,
    }
}

record! {
    /// Where the `webhooks:` of definitions go: one service of yours. Each call is a POST of JSON with the header
    /// `Homeroom-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 with the secret over `SECONDS.BODY`. Check it, and that the time is
    /// not too long ago. Redirects are not followed.
    pub struct WebhooksSection {
        /// Its URL, `https:`, or `http:` on this machine; the paths of webhooks are below it.
        "url" url: Option<Text>,
        /// What calls are signed with, 32 bytes or more.
        "secret" secret: Option<Text>,
        /// `on`: it may stand at a private address, such as that of a service in the same cluster. `off` by default.
        "allow_private" allow_private: Option<Text>,
        /// News that may wait to be told, for each webhook, `1000` by default; more are lost, and counted.
        "queue_max" queue_max: Option<Node>,
        /// Bytes of an answer, `65536` by default.
        "answer_bytes_max" answer_bytes_max: Option<Node>,
    }
}

record! {
    /// The API over HTTP.
    pub struct ApiSection {
        /// Keys of services that may send everything and operate the servers; `HOMEROOM_API_KEYS` in the environment, separated
        /// by commas. `sha256:` and a hash, as `homeroom key` prints it, or a key in the clear.
        "keys" keys: Many<Text>,
        /// How long the answer to what came with an `Idempotency-Key` is kept, `24h` by default: sent again, it is answered the
        /// same and not done twice.
        "idempotency" idempotency: Option<Text>,
        /// Such answers that are kept of each service, `10000` by default; of more, the oldest go.
        "idempotency_max" idempotency_max: Option<Node>,
        /// How long a token is refused that was revoked where nobody says how long it would be valid, `7d` by default: as long
        /// as tokens are valid at most.
        "revoked_for" revoked_for: Option<Text>,
    }
}

record! {
    /// A service with keys of its own.
    pub struct ServiceSection {
        /// What it is called.
        "name" name: Text,
        /// Its keys, any as good as another, so that they can be changed one after the other: `sha256:` and a hash, as
        /// `homeroom key` prints it, or a key in the clear.
        "key" key: Many<Text>,
        /// What it may send; nothing by default. The first that names an event counts.
        "send" send: Vec<SendRule>,
        /// What it may see and do of the servers under `/v1/admin`: `none` by default, `read`, `all`.
        "admin" admin: Option<Text>,
    }
}

record! {
    /// Events that a service may send.
    pub struct SendRule {
        /// The namespace, such as `/gradebook`.
        "namespace" namespace: Text,
        /// Its backend events that may be sent; all by default.
        "events" events: Many<Text>,
        /// Of whose affairs: properties of the payload, and the values that each may have, such as `schoolId: [rvd-001]`. What
        /// is sent may then reach only rooms whose names have these properties as parameters, with these values, and `rooms:`.
        "only" only: Table<Many<Text>>,
        /// Rooms, as they are declared, whose names do not say whose they are, and that the service is trusted to name:
        /// `student:<studentId>`. Without them an event that would reach one is refused.
        "rooms" rooms: Many<Text>,
    }
}

record! {
    /// How changed definitions are served, with every client connected.
    pub struct ReloadSection {
        /// `on` by default: a change of the folder is served by itself. `off`: on SIGHUP and `POST /v1/admin/reload` alone.
        "watch" watch: Option<Text>,
        /// How long the folder must be at rest before it is read, `100ms` by default.
        "debounce" debounce: Option<Text>,
        /// How often files are looked at where the system tells of no change, `5s` by default.
        "poll" poll: Option<Text>,
        /// What becomes of a client in a room that the new rules would not admit it to: `leave` by default, `keep`,
        /// `disconnect`.
        "on_denied" on_denied: Option<Text>,
    }
}

record! {
    /// What makes several servers one. Without a URL a server stands alone.
    pub struct RedisSection {
        /// Where Redis is: `redis://`, `rediss://` for TLS, `redis-sentinel://host,host/master`, `redis-cluster://host,host`;
        /// `REDIS_URL` in the environment.
        "url" url: Option<Text>,
        /// Whether state, presence and shared limits are kept there, `true` by default; otherwise each server has its own,
        /// and only what is sent travels. `USE_REDIS_STATE` in the environment.
        "use_state" use_state: Option<Text>,
        /// What every key and channel begins with, so that several services can share one Redis.
        "prefix" prefix: Option<Text>,
        /// What servers know each other by; by default made of the secret for tokens, so that it need not be set.
        "secret" secret: Option<Text>,
        /// How long a call may take, `500ms` by default.
        "call_timeout" call_timeout: Option<Text>,
        /// How long after a server died its users are gone, `10s` by default.
        "lease" lease: Option<Text>,
        /// How long a user may be without a connection before they have left, `0s` by default.
        "grace" grace: Option<Text>,
        /// What other services may publish to clients by `@socket.io/redis-emitter`; nothing by default.
        "emitter" emitter: Option<EmitterSection>,
    }
}

record! {
    /// What other services may publish to clients by `@socket.io/redis-emitter`. Whoever can write to Redis can publish it.
    pub struct EmitterSection {
        /// What the names of its channels begin with, as in the emitter's option `key`; `socket.io` by default.
        "key" key: Option<Text>,
        /// Which events of which namespaces, and to which rooms.
        "allow" allow: Vec<EmitterRule>,
    }
}

record! {
    /// Events that other services may publish.
    pub struct EmitterRule {
        /// The namespace, such as `/gradebook`.
        "namespace" namespace: Text,
        /// Its server events that may be published; each with the payload that it is declared with.
        "events" events: Many<Text>,
        /// Rooms that they may be published to, as they are declared: `class:<classId>`. Without them, those of each event's
        /// own `to:`.
        "rooms" rooms: Many<Text>,
    }
}
