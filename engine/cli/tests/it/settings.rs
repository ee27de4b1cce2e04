//! Settings: defaults, the file, the environment over it, and what is told of mistakes.

use std::time::Duration;

use homeroom_cli::settings::file::*;
use homeroom_cli::settings::{DEVELOPMENT_SECRET, Environment, Settings, read};
use homeroom_definition::read::{Field, Record};
use homeroom_definition::render::{Look, text};
use homeroom_definition::{Diagnostics, Sources};
use homeroom_http::{Admin, ApiKey, KeyHash, Sends};

/// The settings, and what is told.
fn reading(yaml: &str, variables: &[(&str, &str)]) -> (Option<Settings>, String) {
    let mut sources = Sources::new();
    let source = sources.add("homeroom.yaml", yaml);
    let mut diagnostics = Diagnostics::new();
    let environment = Environment::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let settings = read(&mut sources, Some(source), &environment, &mut diagnostics);
    let settings = settings.filter(|_| !diagnostics.has_errors());
    (settings, text(&diagnostics.sorted(), &sources, Look::Plain))
}

fn settings(yaml: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let (settings, told) = reading(yaml, variables);
    settings.ok_or(told)
}

/// What is told of settings that can be used.
fn warnings(yaml: &str, variables: &[(&str, &str)]) -> String {
    let (settings, told) = reading(yaml, variables);
    assert!(settings.is_some(), "{told}");
    told
}

fn good(yaml: &str, variables: &[(&str, &str)]) -> Settings {
    settings(yaml, variables).unwrap_or_else(|told| panic!("{told}"))
}

fn told(yaml: &str, variables: &[(&str, &str)]) -> String {
    settings(yaml, variables).err().unwrap_or_else(|| panic!("nothing was told"))
}

#[test]
fn everything_has_a_default() {
    let settings = good("{}", &[]);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.limits.connections_per_user_max, 10);
    assert!(settings.auth.is_development && settings.socket.polling && settings.socket.websocket);
}

#[test]
fn the_environment_has_the_last_word() {
    let yaml = "listen: { port: 4000 }\nsocket: { ping_interval: 10s }\ncors: { origins: [https://a.example] }";
    assert_eq!(good(yaml, &[]).listen.port(), 4000);
    let settings = good(
        yaml,
        &[
            ("PORT", "5000"),
            ("JWT_SECRET", "0123456789"),
            ("SOCKET_IO_MAX_CONNECTIONS_PER_USER", "3"),
            ("SOCKET_IO_CORS_ORIGIN", "https://b.example, https://c.example"),
            ("HOMEROOM_API_KEYS", "the-first-key,the-second-key"),
            ("HOMEROOM_SOCKET_PING_TIMEOUT", "7s"),
            ("HOMEROOM_SOCKET_TRANSPORTS", "websocket"),
        ],
    );
    assert_eq!(settings.listen.port(), 5000);
    assert_eq!(settings.auth.secrets().collect::<Vec<_>>(), ["0123456789"]);
    assert_eq!(settings.limits.connections_per_user_max, 3);
    assert_eq!(settings.socket.origins, ["https://b.example", "https://c.example"]);
    assert_eq!(settings.services.keys, ["the-first-key", "the-second-key"].map(ApiKey::of_all));
    assert_eq!(settings.socket.ping_interval, Duration::from_secs(10));
    assert_eq!(settings.socket.ping_timeout, Duration::from_secs(7));
    assert!(!settings.socket.polling);
}

#[test]
fn mistakes_are_told_at_their_place() {
    assert!(told("socket: { ping_intervall: 10s }", &[]).contains("did you mean `ping_interval`?"));
    assert!(told("socket: { ping_interval: 10 }", &[]).contains("write `10s`"));
    assert!(told("socket: { transports: [webtransport] }", &[]).contains("there are `websocket` and `polling`"));
    assert!(told("listen: { host: nowhere }", &[]).contains("this is no address to listen on"));
    let told = told("{}", &[("PORT", "many")]);
    assert!(told.contains("environment variable PORT:1:1") && told.contains("this is no port"), "{told}");
}

#[test]
fn users_need_an_id_and_a_role() {
    assert!(told("identity: { fields: { id: string } }", &[]).contains("every user needs `role`"));
    assert!(told("identity: { fields: { id: string, role: sting } }", &[]).contains("did you mean `string`?"));
    let settings = good("identity: { fields: { id: { claim: sub, type: string }, role: { enum: [A, B] } } }", &[]);
    assert_eq!(settings.identity.roles.len(), 2);
    let claims = serde_json::json!({ "sub": "x", "role": "A", "other": 1 });
    let user = claims.as_object().map(|claims| settings.claims.user(claims));
    assert_eq!(user, Some(Ok(serde_json::json!({ "id": "x", "role": "A" }))));
}

/// What must be set for a key to have a meaning.
fn with(key: &str) -> &'static str {
    let is_of_keys = key.starts_with("jwks_");
    if is_of_keys { "auth: { jwks: 'https://login.example.org/keys', algorithm: RS256 }" } else { "{}" }
}

/// Every default that the reference tells, as it is written there: in backticks, before "by default".
#[test]
fn documented_defaults_are_the_defaults() {
    let defaults = |key: &str| format!("{:?}", good(with(key), &[]));
    let mut count = 0;
    for (section, fields) in sections() {
        for field in fields {
            let doc = field.doc.join(" ");
            let Some((before, _)) = doc.split_once("` by default") else { continue };
            let value = before.rsplit('`').next().unwrap_or_default();
            let name = format!("HOMEROOM_{}_{}", section.to_uppercase(), field.key.to_uppercase());
            let set =
                settings(with(field.key), &[(&name, value)]).unwrap_or_else(|told| panic!("{name}={value}: {told}"));
            assert_eq!(format!("{set:?}"), defaults(field.key), "{name}={value}");
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} defaults are told");
}

/// Every number and length of time that is set arrives in the settings.
#[test]
fn every_bound_can_be_set() {
    let defaults = |key: &str| format!("{:?}", good(with(key), &[]));
    for (section, fields) in sections() {
        for field in fields.iter().filter(|field| {
            ["max", "timeout", "interval", "stall", "leeway", "retry", "jwks_refresh"]
                .iter()
                .any(|ending| field.key.ends_with(ending))
        }) {
            let value = if field.key.ends_with("max") { "7" } else { "777ms" };
            let name = format!("HOMEROOM_{}_{}", section.to_uppercase(), field.key.to_uppercase());
            let set = good(with(field.key), &[(&name, value)]);
            assert_ne!(format!("{set:?}"), defaults(field.key), "{name} sets nothing");
        }
    }
}

fn sections() -> Vec<(&'static str, Vec<Field>)> {
    vec![
        ("listen", ListenSection::fields()),
        ("auth", AuthSection::fields()),
        ("socket", SocketSection::fields()),
        ("cors", CorsSection::fields()),
        ("limits", LimitsSection::fields()),
        ("state", StateSection::fields()),
        ("database", DatabaseSection::fields()),
        ("api", ApiSection::fields()),
    ]
}

#[test]
fn a_mistake_is_drawn_where_it_stands() {
    let told = told("listen:\n  port: 80000\n", &[]);
    assert_eq!(
        told,
        "error[HR1201]: this is no port\n --> homeroom.yaml:2:9\n  |\n2 |   port: 80000\n  |         ^^^^^\n  |\n  \
         = help: a port is a number up to 65535; 0 picks a free one\n"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let yaml = "listen: { host: nowhere, port: many }\nauth: { algorithm: none, leeway: 5 }\nsocket: { path: x, connections_max: 0 }\n\
                limits: { default_rate_limit: 5 per 1s per user }\nredis: { use_state: maybe }\nidentity: { fields: { id: string } }\n";
    let told = told(yaml, &[("HOMEROOM_DATABASE_CONNECTIONS_MAX", "5000000000"), ("HOMEROOM_STATE_KEYS_MAX", "lots")]);
    for part in [
        "this is no address to listen on",
        "this is no port",
        "tokens of this algorithm cannot be verified",
        "write `5s`",
        "this is no path to serve Socket.IO at",
        "a count cannot be 0",
        "this limit is always one of each connection",
        "this is none of the choices",
        "every user needs `role`",
        "environment variable HOMEROOM_DATABASE_CONNECTIONS_MAX:1:1",
        "environment variable HOMEROOM_STATE_KEYS_MAX:1:1",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_file_or_section_of_the_wrong_kind_is_told_whatever_the_environment_says() {
    assert!(told("[1]", &[("PORT", "5000")]).contains("found a list"));
    assert!(told("listen: 3000", &[("PORT", "5000")]).contains("found a number"));
    assert_eq!(good("listen:\n", &[("PORT", "5000")]).listen.port(), 5000);
    assert_eq!(good("# nothing\n", &[("PORT", "5000")]).listen.port(), 5000);
}

#[test]
fn addresses_are_written_as_people_write_them() {
    for (host, address) in [("'::1'", "[::1]:3000"), ("'[::]'", "[::]:3000"), ("0.0.0.0", "0.0.0.0:3000")] {
        assert_eq!(good(&format!("listen: {{ host: {host} }}"), &[]).listen.to_string(), address);
    }
}

#[test]
fn secrets_are_nowhere_to_be_seen() {
    let yaml = "auth: { secret: hush-hush, isuer: us }\napi: { keys: [psst, psst2], kees: 1 }\ndatabase: { url: 'sqlite:pass.db', dmo: x }\n";
    let told = told(yaml, &[]);
    assert!(
        told.contains("did you mean `issuer`?") && told.contains("auth: { secret: *********, isuer: us }"),
        "{told}"
    );
    assert!(!told.contains("hush") && !told.contains("psst") && !told.contains("pass.db"), "{told}");
    let variables = [("JWT_SECRET", "hush-hush"), ("HOMEROOM_API_KEYS", "psst"), ("DATABASE_URL", "sqlite:pass.db")];
    let warned = warnings("{}", &variables);
    assert!(warned.contains("a secret of 9 bytes") && !warned.contains("hush"), "{warned}");
    let shown = format!("{:?}", good("{}", &variables));
    assert!(!shown.contains("hush") && !shown.contains("psst") && !shown.contains("pass.db"), "{shown}");
}

#[test]
fn what_everybody_knows_is_no_secret() {
    let variables =
        [("JWT_SECRET", DEVELOPMENT_SECRET), ("HOMEROOM_API_KEYS", "homeroom-development-key,one of our own")];
    let settings = good("{}", &variables);
    assert!(settings.auth.is_development, "so that only loopback is served");
    assert_eq!(settings.services.keys, [ApiKey::of_all("one of our own")]);
    let warned = warnings("{}", &variables);
    assert!(warned.contains("the development secret") && warned.contains("the development key"), "{warned}");
}

#[test]
fn services_have_keys_of_their_own_and_what_they_may_do() {
    let (one, other) = (KeyHash::of("a key of the service"), KeyHash::of("its next key"));
    let yaml = format!(
        "services:\n  - name: grades\n    key: [{one}, {other}]\n    admin: read\n    send:\n      - {{ namespace: /a, events: told, only: \
         {{ schoolId: [x, y] }}, rooms: 'class:<id>' }}\n  - {{ name: eyes, key: a key in the clear }}\n"
    );
    let [grades, eyes] = &good(&yaml, &[]).services.keys[..] else { panic!("two services") };
    assert_eq!((&*grades.name, &grades.hashes[..], grades.admin), ("service grades", &[one, other][..], Admin::Read));
    let Sends::Only(may) = &grades.sends else { panic!("not everything") };
    assert_eq!(may[0].events, ["told"]);
    assert_eq!(may[0].tenancy.only, [("schoolId".to_owned(), vec!["x".to_owned(), "y".to_owned()])]);
    assert_eq!(may[0].tenancy.trusted, ["class:<id>"]);
    assert_eq!((eyes.admin, &eyes.sends), (Admin::Nothing, &Sends::Only(Vec::new())));
}

#[test]
fn keys_that_cannot_be_are_told_and_not_shown() {
    for (wrong, message) in [
        ("{ name: a, key: 'sha256:12' }", "`sha256:` is followed by 64 hexadecimal digits"),
        ("{ name: a }", "this service has no key"),
        ("{ name: a, key: a key in the clear, admin: some }", "write one of `none`, `read`, `all`"),
        ("{ name: a, key: a key in the clear }, { name: b, key: a key in the clear }", "this key is there twice"),
        ("{ name: a, key: a key in the clear }, { name: a, key: another in the clear }", "this service is there twice"),
    ] {
        let told = told(&format!("services: [{wrong}]"), &[]);
        assert!(told.contains(message) && !told.contains("in the clear"), "{told}");
    }
    let warned = warnings("api: { keys: [psst] }", &[]);
    assert!(warned.contains("a key of 4 bytes can be guessed") && !warned.contains("psst"), "{warned}");
    let known = KeyHash::of("homeroom-development-key").to_string();
    assert!(warnings("{}", &[("HOMEROOM_API_KEYS", &known)]).contains("the development key"));
}

#[test]
fn slips_in_names_of_variables_are_told_and_other_variables_left_alone() {
    let warned = warnings("{}", &[("HOMEROOM_SOCKET_PING_INTERVALL", "5s")]);
    assert!(warned.contains("did you mean `HOMEROOM_SOCKET_PING_INTERVAL`?"), "{warned}");
    let theirs = [
        "HOMEROOM_SERVICE_HOST",
        "HOMEROOM_SERVICE_PORT",
        "HOMEROOM_PORT",
        "HOMEROOM_PORT_3000_TCP_ADDR",
        "HOMEROOM_LOG",
    ];
    assert_eq!(warnings("{}", &theirs.map(|name| (name, "x"))), "");
}

#[test]
fn several_servers_do_not_poll_unless_told_to() {
    let redis = ("REDIS_URL", "redis://localhost");
    assert!(!good("{}", &[redis]).socket.polling);
    assert!(good("socket: { transports: [websocket, polling] }", &[redis]).socket.polling);
    let shared = good("redis: { lease: 3s, prefix: 'a:' }", &[redis]).redis.expect("others");
    assert!(shared.state && shared.presence.lease_ms == 3_000 && shared.redis.prefix == "a:");
    assert!(!good("{}", &[redis, ("USE_REDIS_STATE", "false")]).redis.expect("others").state);
    assert!(good("redis: { lease: 3s }", &[]).redis.is_none());
    let wrong = told("{}", &[("REDIS_URL", "localhost:6379")]);
    assert!(wrong.contains("is no address"), "{wrong}");
}

#[test]
fn an_identity_is_checked_as_definitions_need_it() {
    assert!(told("identity: { fields: { id: integer, role: string } }", &[]).contains("the `id` of a user is text"));
    assert!(
        told("identity: { fields: { id: string, role: { enum: [A, 2] } } }", &[])
            .contains("the `role` of a user is text")
    );
    assert!(
        told("identity: { fields: { id: { claim: [sub] }, role: string } }", &[])
            .contains("the name of a claim is text")
    );
    assert!(
        told("identity: { fields: { role: string }, optional: { id: string } }", &[]).contains("every user needs `id`")
    );
    let identity = "identity: { fields: { id: string, role: { enum: [A] } }, optional: { schoolId: string } }\n";
    let told = told(
        &format!(
            "{identity}demo_tokens:\n  - {{ id: x, role: B }}\n  - {{ id: y, role: A, scholId: z }}\n  - {{ role: A }}\n"
        ),
        &[],
    );
    assert!(told.contains("homeroom.yaml:3:20") && told.contains("`role` must be one of A"), "{told}");
    assert!(told.contains("homeroom.yaml:4:23") && told.contains("did you mean `schoolId`?"), "{told}");
    assert!(told.contains("homeroom.yaml:5:5") && told.contains("`id` is missing"), "{told}");
}

#[test]
fn tokens_are_verified_by_one_kind_of_key_and_its_algorithms() {
    const ED: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let by_url = good("auth: { jwks: 'https://a.example/keys', algorithm: [RS256, ES256], jwks_refresh: 1m }", &[]);
    assert_eq!(by_url.auth.issuers.len(), 1);
    assert!(!by_url.auth.is_development && by_url.auth.minting().is_none());
    let by_pem = good("", &[("HOMEROOM_AUTH_PUBLIC_KEY", ED), ("HOMEROOM_AUTH_ALGORITHM", "EdDSA")]);
    assert!(!by_pem.auth.is_development);
    for (yaml, word) in [
        ("auth: { jwks: 'https://a.example/keys' }", "how tokens are signed is not said"),
        ("auth: { jwks: 'https://a.example/keys', algorithm: HS256 }", "this algorithm is for a secret"),
        ("auth: { secret: 0123456789abcdef0123456789abcdef, algorithm: RS256 }", "this algorithm is for public keys"),
        (
            "auth: { secret: 0123456789abcdef0123456789abcdef, jwks: 'https://a.example/' }",
            "these keys stand beside others",
        ),
        ("auth: { jwks: 'http://a.example/keys', algorithm: RS256 }", "keys cannot be had from here"),
        ("auth: { jwks: 'https://a.example/keys', algorithm: RS256, jwks_stale: 1m }", "thrown away"),
        ("auth: { public_key: nonsense, algorithm: RS256 }", "-----BEGIN PUBLIC KEY-----"),
        (
            "auth: { jwks: 'https://a.example/k', algorithm: RS256 }\nredis: { url: 'redis://h' }",
            "servers have nothing to know each other by",
        ),
        ("issuers: [{ issuer: a }]", "this issuer has no keys"),
        (
            "auth: { secret: 0123456789abcdef0123456789abcdef }\nissuers: [{ issuer: a, jwks: 'https://a.example/k', algorithm: RS256 }]",
            "`auth:` needs an `issuer:` too",
        ),
        (
            "issuers: [{ issuer: a, jwks: 'https://a.example/k', algorithm: RS256 }, { issuer: a, jwks: 'https://a.example/k', algorithm: RS256 }]",
            "this issuer is there twice",
        ),
        (
            "issuers: [{ issuer: a, jwks: 'https://a.example/k', algorithm: RS256, claims: { rolle: r } }]",
            "did you mean `role`?",
        ),
    ] {
        let said = told(yaml, &[]);
        assert!(said.contains(word), "{yaml}: {said}");
    }
}
