//! Settings: defaults, the file, the environment over it, and what is told of mistakes.

use std::time::Duration;

use homeroom_cli::settings::{Environment, Settings, read};
use homeroom_definition::render::{Look, text};
use homeroom_definition::{Diagnostics, Sources};

fn settings(yaml: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let mut sources = Sources::new();
    let source = sources.add("homeroom.yaml", yaml);
    let mut diagnostics = Diagnostics::new();
    let environment = Environment::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let settings = read(&mut sources, Some(source), &environment, &mut diagnostics);
    match settings {
        Some(settings) if !diagnostics.has_errors() => Ok(settings),
        _ => Err(text(&diagnostics.sorted(), &sources, Look::Plain)),
    }
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
    assert!(settings.auth.secret.is_none() && settings.socket.polling && settings.socket.websocket);
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
            ("HOMEROOM_API_KEYS", "one,two"),
            ("HOMEROOM_SOCKET_PING_TIMEOUT", "7s"),
            ("HOMEROOM_SOCKET_TRANSPORTS", "websocket"),
        ],
    );
    assert_eq!(settings.listen.port(), 5000);
    assert_eq!(settings.auth.secret.as_deref(), Some("0123456789"));
    assert_eq!(settings.limits.connections_per_user_max, 3);
    assert_eq!(settings.socket.origins, ["https://b.example", "https://c.example"]);
    assert_eq!(settings.api_keys, ["one", "two"]);
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
