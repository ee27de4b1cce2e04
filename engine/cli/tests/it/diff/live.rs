//! `homeroom plan --live`: what would become of those who are connected, asked of a small server.

use homeroom_cli::diff::{served, usage};
use homeroom_cli::plan::Planned;
use homeroom_cli::settings::Environment;
use homeroom_definition::render::Look;
use homeroom_plan::diff::usage::Usage;
use homeroom_runtime::Hooks;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SERVED: &str = "namespace: /chat
queries: { teaches: { sql: 'select 1 from t where class = :classId and teacher = :user.id' } }
rooms:
  class:<classId>: { allow: [{ roles: [TEACHER] }, { roles: [STUDENT] }, { roles: [PARENT] }] }
  hall: { allow: anyone }
client_events:
  join: { payload: { fields: { classId: string } }, do: [{ join: 'class:<classId>' }, { join: hall }] }
  old: { allow: anyone, do: [] }
  older: { allow: anyone, do: [] }
  say: { in: hall, payload: { fields: { text: string } }, do: [] }
";

const SETTINGS: &str = "identity:
  fields: { id: { claim: sub, type: string }, role: { enum: [TEACHER, STUDENT, PARENT] }, name: { type: string } }
auth: { secret: ************************************ }
";

fn answer() -> Value {
    json!({
        "digest": "d1",
        "sources": [{ "path": "n/chat.yaml", "text": SERVED }, { "path": "n/homeroom.yaml", "text": SETTINGS }],
        "namespaces": [{
            "namespace": "/chat",
            "sockets": { "TEACHER": 2, "STUDENT": 30, "PARENT": 3 },
            "rooms": [
                { "pattern": "class:<classId>", "sockets": { "TEACHER": 2, "STUDENT": 28, "PARENT": 3 } },
                { "pattern": "hall", "sockets": { "STUDENT": 1 } },
            ],
            "events": [{ "event": "old", "sockets": 30 }, { "event": "older", "sockets": 11 }, { "event": "say", "sockets": 4 }],
        }],
    })
}

/// A server that answers one request with `status` and `body`; what it was asked comes with its end.
async fn server(status: &'static str, body: String) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.expect("a request"));
        }
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("an answer");
        String::from_utf8_lossy(&request).into_owned()
    });
    (url, task)
}

fn planned(new: &str, usage: &Usage) -> Planned {
    let old = served(usage, &[], &Environment::default(), &Hooks::default()).unwrap_or_else(|told| panic!("{told}"));
    let files = [("chat.yaml".to_owned(), new.to_owned()), ("homeroom.yaml".to_owned(), SETTINGS.replace('*', "x"))];
    let new = super::version(&files).unwrap_or_else(|told| panic!("{told}"));
    Planned::live(old, new, usage)
}

#[tokio::test]
async fn those_who_are_connected_are_counted() {
    let (url, server) = server("200 OK", answer().to_string()).await;
    let usage = usage(&url, "k1").await.expect("the usage");
    let asked = server.await.expect("the server");
    assert!(asked.starts_with("GET /v1/admin/usage HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_lowercase().contains("authorization: bearer k1\r\n"), "{asked}");

    let new = SERVED
        .replace(", { roles: [PARENT] }", "")
        .replace("{ roles: [TEACHER] }", "{ roles: [TEACHER], check: teaches }")
        .replace("  old: { allow: anyone, do: [] }\n  older: { allow: anyone, do: [] }\n", "")
        .replace("{ text: string }", "{ text: { type: string, maxLength: 9 } }")
        .replace("  hall: { allow: anyone }\n", "  yard: { allow: anyone }\n")
        .replace("hall", "yard");
    let told = planned(&new, &usage).text(Look::Plain);
    let (_, live) = told.split_once("\nOf those who are connected now:\n").unwrap_or_else(|| panic!("{told}"));
    let expected = "  /chat: 2 removed events are still sent: `old` by 30 sockets and `older` by 11 sockets
  /chat: 1 socket would leave `hall`, which is gone
  /chat: 2 sockets may have to leave `class:*`, depending on `teaches`
  /chat: 3 sockets would leave `class:*`
  /chat: 4 sockets have sent `say`, and some of them may be refused now
  /chat: `say` accepts less, and 4 sockets have sent it
";
    assert_eq!(live, expected, "{told}");
}

#[tokio::test]
async fn what_nobody_notices_is_said() {
    let usage: Usage = serde_json::from_value(answer()).expect("usage");
    let told = planned(
        &SERVED.replace("# ", "").replace(
            "payload: { fields: { text: string } }",
            "payload: { fields: { text: string }, optional: { by: string } }",
        ),
        &usage,
    );
    let text = told.text(Look::Plain);
    assert!(text.ends_with("\nNobody who is connected now would notice.\n"), "{text}");
    assert_eq!(told.json()["live"], json!([]));
    let same = planned(SERVED, &usage).text(Look::Plain);
    assert!(same.starts_with("Nothing changes.\n"), "{same}");
}

#[tokio::test]
async fn a_server_that_says_no_is_told_of() {
    for (status, words) in
        [("401 Unauthorized", "does not accept this key"), ("404 Not Found", "is no server of homeroom")]
    {
        let (url, _server) = server(status, String::new()).await;
        let told = usage(&url, "wrong").await.expect_err("it says no");
        assert!(told.contains(words), "{told}");
    }
    let (url, _server) = server("200 OK", "[]".to_owned()).await;
    assert!(usage(&url, "k").await.expect_err("no usage").contains("something else than its usage"));
    let told = usage("http://127.0.0.1:1", "k").await.expect_err("nobody is there");
    assert!(told.contains("does not answer"), "{told}");
}
