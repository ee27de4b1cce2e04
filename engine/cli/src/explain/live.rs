//! `explain --live`: what a running server decided about a user, from its own memory.
//!
//! A server remembers who entered which room and what was sent where, not who was there when it was: where that matters, the
//! rooms of now are told as those of now.

use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use super::words::listed;
use super::{Explained, Format, Options, Question};
use crate::settings::Environment;

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many decisions about the user are asked for, and how many sendings of an event are told.
const DECISIONS: usize = 1000;
const SENDINGS: usize = 5;

/// What a server was asked, and what it answered.
pub(super) struct Heard {
    pub(super) user: String,
    /// The decisions about the user, and the user's sockets.
    pub(super) of_user: Value,
    /// The sendings of the event in question.
    pub(super) of_event: Option<Value>,
}

/// Asks a running server.
///
/// # Errors
/// If it does not answer, or not with what was asked for.
pub(super) async fn explain(url: &str, environment: &Environment, options: &Options) -> Result<Explained, String> {
    let user = options.user.as_deref().or(options.who.as_deref());
    let user = user.ok_or("say about whom: `--user` and the user's id")?.trim_start_matches("id:").trim().to_owned();
    let key = match &options.key {
        Some(key) => key.clone(),
        None => environment.first_api_key().ok_or("a key of the server is needed: `--key`, or `HOMEROOM_API_KEYS`")?,
    };
    let server = Server { base: url.trim_end_matches('/').to_owned(), key };
    let namespace = options.namespace.as_deref();
    let of_user = server.decisions(&[("user", Some(&user)), ("namespace", namespace)], DECISIONS).await?;
    let of_event = match &options.question {
        Question::Receive { event, .. } => {
            Some(server.decisions(&[("event", Some(event)), ("namespace", namespace)], DECISIONS).await?)
        }
        _ => None,
    };
    let heard = Heard { user, of_user, of_event };
    let (yes, text) = heard.told(&options.question);
    let text = match options.format {
        Format::Text => text,
        Format::Json => format!("{:#}\n", heard.json(yes)),
    };
    Ok(Explained { text, yes, note: None })
}

struct Server {
    base: String,
    key: String,
}

impl Server {
    async fn decisions(&self, asked: &[(&str, Option<&str>)], limit: usize) -> Result<Value, String> {
        let mut url = format!("{}/v1/admin/decisions?limit={limit}", self.base);
        for (name, value) in asked {
            if let Some(value) = value {
                let _ = write!(url, "&{name}={}", encoded(value));
            }
        }
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| error.to_string())?;
        let answer = client.get(url).bearer_auth(&self.key).send().await;
        let answer = answer.map_err(|error| format!("`{}` does not answer: {error}", self.base))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|_| format!("`{}` answers {status}, and no JSON", self.base))?;
        match status.is_success() {
            true => Ok(body),
            false => Err(format!("`{}` answers {status}: {}", self.base, text(&body, "detail"))),
        }
    }
}

impl Heard {
    /// Whether it was allowed, or received as far as one can tell; and all of it in words.
    pub(super) fn told(&self, question: &Question) -> (bool, String) {
        let mut told = String::new();
        let yes = match question {
            Question::Receive { event, .. } => self.tell_sendings(event, &mut told),
            Question::Connect => self.tell_latest("connect", |one| text(one, "kind") == "connect", &mut told),
            Question::Join { room } => {
                self.tell_latest(&format!("enter {room}"), |one| text(one, "room") == room, &mut told)
            }
            Question::Emit { event, .. } => {
                let is_it = |one: &Value| text(one, "kind") == "event" && text(one, "event") == event;
                self.tell_latest(&format!("send {event}"), is_it, &mut told)
            }
        };
        self.tell_sockets(&mut told);
        (yes, told)
    }

    /// The decisions about one thing, newest first.
    fn tell_latest(&self, what: &str, is_it: impl Fn(&Value) -> bool, told: &mut String) -> bool {
        let found: Vec<&Value> =
            items(&self.of_user, "decisions").iter().filter(|one| is_it(one)).take(SENDINGS).collect();
        let Some(latest) = found.first() else {
            let _ = writeln!(told, "No: the server remembers no decision whether {} may {what}.", self.user);
            return false;
        };
        let yes = text(latest, "code") == "OK";
        let (answer, could) = if yes { ("Yes", "could") } else { ("No", "could not") };
        let _ = writeln!(told, "{answer}: {} {could} {what}, when it was last decided.\n", self.user);
        for one in found {
            let _ = writeln!(told, "  {} {}", text(one, "at"), verdict(one));
        }
        yes
    }

    fn tell_sendings(&self, event: &str, told: &mut String) -> bool {
        let sent: Vec<&Value> = self.of_event.iter().flat_map(|of| items(of, "decisions")).collect();
        let sent: Vec<&Value> = sent.into_iter().filter(|one| text(one, "kind") == "sent").take(SENDINGS).collect();
        let Some(latest) = sent.first() else {
            let _ = writeln!(told, "No: the server remembers no {event} that was sent.");
            return false;
        };
        let yes = self.is_among(latest);
        let (answer, is) = if yes { ("Yes", "is") } else { ("No", "is not") };
        let _ = writeln!(
            told,
            "{answer}: {} {is} among those that the last {event} went to, as things are now.\n",
            self.user
        );
        for one in sent {
            let _ = writeln!(
                told,
                "  {} {event} went to {}: {}",
                text(one, "at"),
                listed(&rooms_of(one), "and"),
                reached(one)
            );
            for room in rooms_of(one) {
                self.tell_room(&room, text(one, "namespace"), told);
            }
        }
        yes
    }

    /// What is known of the user and a room that something was sent to.
    fn tell_room(&self, room: &str, namespace: &str, told: &mut String) {
        let is_it = |one: &&Value| text(one, "room") == room && text(one, "namespace") == namespace;
        let decided = items(&self.of_user, "decisions").iter().find(is_it);
        let now = if self.is_in(room, namespace) { "is in it now" } else { "is not in it now" };
        let before = match decided {
            Some(one) => format!("; {} {}", text(one, "at"), verdict(one)),
            None => "; no attempt to enter it is remembered".to_owned(),
        };
        let _ = writeln!(told, "    {room}: {} {now}{before}", self.user);
    }

    fn is_among(&self, sent: &Value) -> bool {
        let namespace = text(sent, "namespace");
        let roles: Vec<&str> = self.sockets(namespace).map(|socket| text(socket, "role")).collect();
        let is_meant = items(sent, "reached").iter().any(|form| match form["roles"].as_array() {
            Some(wanted) => wanted.iter().filter_map(Value::as_str).any(|role| roles.contains(&role)),
            None => !roles.is_empty(),
        });
        let barred = items(&sent["to"], "except_rooms").iter().any(|room| self.is_in(text(room, "room"), namespace));
        let everyone = sent["to"]["everyone"] == true;
        is_meant && !barred && (everyone || rooms_of(sent).iter().any(|room| self.is_in(room, namespace)))
    }

    fn is_in(&self, room: &str, namespace: &str) -> bool {
        self.sockets(namespace).any(|socket| items(socket, "rooms").iter().any(|one| one == room))
    }

    fn sockets<'h>(&'h self, namespace: &'h str) -> impl Iterator<Item = &'h Value> {
        items(&self.of_user, "sockets").iter().filter(move |socket| text(socket, "namespace") == namespace)
    }

    fn tell_sockets(&self, told: &mut String) {
        let sockets = items(&self.of_user, "sockets");
        if sockets.is_empty() {
            let _ = writeln!(told, "\n{} is not connected to this server.", self.user);
            return;
        }
        let _ = writeln!(told, "\n{} is connected to this server:", self.user);
        for socket in sockets {
            let rooms: Vec<String> =
                items(socket, "rooms").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let (id, role) = (text(socket, "socket"), text(socket, "role"));
            let _ = writeln!(told, "  {} {id} ({role}), in {}", text(socket, "namespace"), listed(&rooms, "and"));
        }
    }

    fn json(&self, yes: bool) -> Value {
        serde_json::json!({ "allowed": yes, "of_user": self.of_user, "of_event": self.of_event })
    }
}

fn verdict(decision: &Value) -> String {
    let place = text(decision, "place");
    let by = if place.is_empty() { String::new() } else { format!(" by {place}") };
    match text(decision, "code") {
        "OK" => format!("allowed{by}"),
        code => format!("refused with {code}{by}"),
    }
}

fn rooms_of(sent: &Value) -> Vec<String> {
    items(&sent["to"], "rooms").iter().map(|room| text(room, "room").to_owned()).collect()
}

fn reached(sent: &Value) -> String {
    let told = |form: &Value| {
        let roles: Vec<String> = items(form, "roles").iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let whose = if roles.is_empty() { String::new() } else { format!(" of {}", listed(&roles, "or")) };
        match form["sockets"].as_u64().unwrap_or_default() {
            1 => format!("one socket{whose}"),
            many => format!("{many} sockets{whose}"),
        }
    };
    let told: Vec<String> = items(sent, "reached").iter().map(told).collect();
    format!("it reached {}", listed(&told, "and"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A value as it stands in an address.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
            other => drop(write!(text, "%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(rooms: &Value) -> Heard {
        let of_user = json!({
            "decisions": [
                { "at": "T3", "kind": "event", "event": "say", "code": "RATE_LIMITED", "namespace": "/a", "place": "a.yaml:9" },
                { "at": "T2", "kind": "join", "room": "staff", "code": "UNAUTHORIZED", "namespace": "/a", "place": "a.yaml:5" },
                { "at": "T1", "kind": "event", "event": "say", "code": "OK", "namespace": "/a" },
            ],
            "sockets": [{ "namespace": "/a", "socket": "x", "role": "STUDENT", "rooms": rooms }],
        });
        let of_event = json!({ "decisions": [{
            "at": "T4", "kind": "sent", "event": "said", "namespace": "/a", "code": "OK",
            "to": { "rooms": [{ "room": "staff" }, { "room": "hall" }], "everyone": false, "except_rooms": [] },
            "reached": [{ "roles": ["STUDENT"], "sockets": 0 }, { "roles": ["TEACHER"], "sockets": 2 }],
        }] });
        Heard { user: "s-1".into(), of_user, of_event: Some(of_event) }
    }

    fn receive() -> Question {
        Question::Receive { event: "said".into(), data: None, sent_by: None, from: None, from_joined: Vec::new() }
    }

    #[test]
    fn why_somebody_did_not_receive_is_told_room_by_room() {
        let (yes, told) = heard(&json!([])).told(&receive());
        assert!(!yes);
        assert_eq!(
            told,
            "No: s-1 is not among those that the last said went to, as things are now.\n\n  \
             T4 said went to staff and hall: it reached 0 sockets of STUDENT and 2 sockets of TEACHER\n    \
             staff: s-1 is not in it now; T2 refused with UNAUTHORIZED by a.yaml:5\n    \
             hall: s-1 is not in it now; no attempt to enter it is remembered\n\n\
             s-1 is connected to this server:\n  /a x (STUDENT), in nothing\n"
        );
        assert!(heard(&json!(["hall"])).told(&receive()).0);
    }

    #[test]
    fn the_latest_decision_counts() {
        let (yes, told) = heard(&json!([])).told(&Question::Emit { event: "say".into(), data: None, args: None });
        assert!(!yes);
        assert!(told.contains("T3 refused with RATE_LIMITED by a.yaml:9\n  T1 allowed\n"), "{told}");
        let (_, told) = heard(&json!([])).told(&Question::Join { room: "hall".into() });
        assert!(told.starts_with("No: the server remembers no decision whether s-1 may enter hall."), "{told}");
    }

    #[test]
    fn values_are_written_as_addresses_have_them() {
        assert_eq!(encoded("/a b:\u{e9}"), "%2Fa%20b%3A%C3%A9");
    }
}
