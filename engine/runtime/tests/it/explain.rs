//! What a recorder is told, and what an engine that only rehearses leaves behind.

use std::sync::Arc;

use homeroom_runtime::explain::{Note, Part, Recorder};
use homeroom_runtime::{Hooks, RuntimeSettings};
use parking_lot::Mutex;
use serde_json::json;

use crate::house::House;

const NAMESPACE: &str = "
namespace: /a
queries:
  known: { sql: select 1 from t where id = :id }
  bump: { sql: update t set n = n + 1 where id = 'a' }
  bumped: { sql: select n from t where id = 'a', returns: { fields: { n: integer } } }
rooms:
  desk:<id>: { allow: [{ roles: [TEACHER], check: known }, { when: id == user.id }] }
  guests:<id>: { allow: [{ like: desk:<id> }] }
client_events:
  sit:
    payload: { fields: { id: string } }
    do: [{ join: guests:<id> }]
  count: { allow: anyone, do: [{ execute: bump }, { query: bumped, as: row }], ack: <row.n> }
";

/// Writes notes down, one word each.
#[derive(Default)]
struct Words(Mutex<Vec<String>>);

impl Recorder for Words {
    fn note(&self, note: &Note<'_>) {
        let word = match note {
            Note::Asks(subject) => format!("asks {}", subject.room().unwrap_or_default()),
            Note::Rule(rule) => format!("rule {}", rule.place),
            Note::Part(Part::Check(_, query, given), holds) => format!("{} {given:?} {holds}", query.name),
            Note::Part(Part::Roles(_), holds) => format!("roles {holds}"),
            Note::Part(_, holds) => format!("part {holds}"),
            Note::Ruled(_, holds) => format!("ruled {holds}"),
            Note::Answered(_, admitted) => format!("answered {admitted}"),
            Note::Refused(refusal) => format!("refused {} {}", refusal.code, refusal.place.as_deref().unwrap_or("-")),
            Note::Step(..) | Note::Else(_) | Note::Outcome(_) | Note::Sent(..) => return,
        };
        self.0.lock().push(word);
    }
}

async fn recorded(role: &str, id: &str) -> Vec<String> {
    let words = Arc::new(Words::default());
    let house = House::recorded(NAMESPACE, words.clone()).await;
    let session = house.enter("s", role).await;
    house.ask(&session, "sit", &[json!({ "id": id })]).await;
    std::mem::take(&mut *words.0.lock())
}

#[tokio::test]
async fn rules_are_told_part_by_part_and_rooms_below_them() {
    let given = r#"[("id", Some(String("b")))]"#;
    assert_eq!(
        recorded("TEACHER", "b").await,
        [
            "asks guests:b",
            "rule a.yaml:9",
            "asks desk:b",
            "rule a.yaml:8",
            "roles true",
            &format!("known {given} false"),
            "ruled false",
            "rule a.yaml:8",
            "part false",
            "ruled false",
            "answered false",
            "ruled false",
            "answered false",
            "refused UNAUTHORIZED a.yaml:9",
        ]
    );
}

#[tokio::test]
async fn nothing_is_asked_once_it_is_decided() {
    let told = recorded("STUDENT", "s").await;
    assert_eq!(&told[2..6], ["asks desk:s", "rule a.yaml:8", "roles false", "ruled false"]);
    assert_eq!(&told[told.len() - 3..], ["answered true", "ruled true", "answered true"]);
}

#[tokio::test]
async fn what_is_rehearsed_is_not_written() {
    for (rehearses, expected) in [(true, [2, 2]), (false, [2, 3])] {
        let settings = RuntimeSettings { rehearses, ..RuntimeSettings::default() };
        let house = House::with(NAMESPACE, settings, Hooks::new()).await;
        let session = house.enter("s", "STUDENT").await;
        for number in expected {
            let ack = house.ask(&session, "count", &[]).await;
            assert_eq!(ack, json!({ "success": true, "data": number }), "rehearses: {rehearses}");
        }
    }
}
