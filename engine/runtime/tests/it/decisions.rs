//! What is remembered of decisions: whose, by which rule, and nothing of what was carried.

use homeroom_runtime::decisions::{About, Decision, Wanted};
use homeroom_runtime::{Hooks, RuntimeSettings};
use serde_json::json;

use crate::house::House;

const NAMESPACE: &str = "
namespace: /a
connect:
  roles: [TEACHER, STUDENT]
  do:
    - { join: [all, staff], else: continue }
rooms:
  all: { allow: anyone }
  staff:
    allow: [{ roles: [TEACHER] }]
  desk:<id>: { allow: [{ when: id == user.id }] }
client_events:
  say:
    in: staff
    payload: { fields: { text: string } }
    do: [{ emit: said, to: all, except: sender, data: { text: <text> } }]
  sit:
    payload: { fields: { id: string } }
    do:
      - join: desk:<id>
server_events:
  said: { payload: { fields: { text: string } }, views: [{ roles: [TEACHER] }, { roles: [STUDENT], omit: [text] }] }
backend_events:
  ring: { do: [{ emit: said, to: all, data: { text: x } }] }
";

fn line(decision: &Decision) -> String {
    let about = match &decision.about {
        About::Connect => "connect".to_owned(),
        About::Event(event) => format!("event {event}"),
        About::Backend(event) => format!("backend {event}"),
        About::Join(room) => format!("join {room}"),
        About::Sent(sent) => {
            let reached: Vec<usize> = sent.forms().map(|form| form.sockets).collect();
            format!("sent {} to {:?} {reached:?}", sent.event, sent.rooms)
        }
    };
    let user = Some(&*decision.who.user).filter(|user| !user.is_empty()).unwrap_or("-");
    let (code, place) = (decision.code.as_deref().unwrap_or("OK"), decision.place.as_deref().unwrap_or("-"));
    format!("{about} {user} {code} {place}")
}

/// What was decided, oldest first.
fn decided(house: &House, wanted: &Wanted) -> Vec<String> {
    let mut lines: Vec<String> = house.engine.decisions(wanted, 100).iter().map(line).collect();
    lines.reverse();
    lines
}

#[tokio::test]
async fn each_decision_names_its_rule() {
    let house = House::of(NAMESPACE).await;
    let (teacher, student) = (house.enter("t", "TEACHER").await, house.enter("s", "STUDENT").await);
    house.ask(&teacher, "say", &[json!({ "text": "hello" })]).await;
    house.ask(&student, "say", &[json!({ "text": "hello" })]).await;
    house.ask(&student, "say", &[json!({ "txt": 1 })]).await;
    house.ask(&student, "sit", &[json!({ "id": "t" })]).await;
    house.ask(&student, "nothing", &[]).await;
    assert_eq!(
        decided(&house, &Wanted::default()),
        [
            "connect t OK a.yaml:4",
            "join all t OK a.yaml:8",
            "join staff t OK a.yaml:10",
            "join staff s UNAUTHORIZED a.yaml:10",
            "connect s OK a.yaml:4",
            "join all s OK a.yaml:8",
            "event say t OK a.yaml:13",
            "sent said to [\"all\"] [0, 1] t OK -",
            "event say s NOT_IN_ROOM a.yaml:13",
            "event say s INVALID_PAYLOAD a.yaml:13",
            "join desk:t s UNAUTHORIZED a.yaml:11",
            "event sit s UNAUTHORIZED a.yaml:11",
            "event nothing s UNKNOWN_EVENT -",
        ]
    );
}

#[tokio::test]
async fn decisions_are_found_by_whom_and_what_they_are_about() {
    let house = House::of(NAMESPACE).await;
    house.enter("t", "TEACHER").await;
    house.enter("s", "STUDENT").await;
    house.engine.backend("/a", "ring", None).await.expect("it rings");
    let by = |make: fn(&mut Wanted)| {
        let mut wanted = Wanted::default();
        make(&mut wanted);
        decided(&house, &wanted)
    };
    assert_eq!(by(|wanted| wanted.code = Some("UNAUTHORIZED".into())), ["join staff s UNAUTHORIZED a.yaml:10"]);
    assert_eq!(by(|wanted| wanted.event = Some("said".into())), ["sent said to [\"all\"] [1, 1] - OK -"]);
    assert_eq!(by(|wanted| wanted.event = Some("ring".into())), ["backend ring - OK -"]);
    assert_eq!(by(|wanted| wanted.user = Some("s".into())).len(), 3);
    assert!(by(|wanted| wanted.namespace = Some("/b".into())).is_empty());
    assert_eq!(house.engine.decisions(&Wanted::default(), 2).len(), 2, "so many at most");
}

#[tokio::test]
async fn no_value_of_a_payload_is_kept() {
    let house = House::of(NAMESPACE).await;
    let teacher = house.enter("t", "TEACHER").await;
    house.ask(&teacher, "say", &[json!({ "text": "a-secret" })]).await;
    house.ask(&teacher, "say", &[json!({ "text": ["a-secret"] })]).await;
    let told = format!("{:?}", house.engine.decisions(&Wanted::default(), 100));
    assert!(told.contains("INVALID_PAYLOAD") && !told.contains("a-secret"), "{told}");
}

#[tokio::test]
async fn the_oldest_make_room_by_number_and_by_bytes() {
    for settings in [
        RuntimeSettings { decisions_max: 5, ..RuntimeSettings::default() },
        RuntimeSettings { decisions_bytes_max: 1000, ..RuntimeSettings::default() },
    ] {
        let house = House::with(NAMESPACE, settings, Hooks::new()).await;
        let teacher = house.enter("t", "TEACHER").await;
        for _ in 0..40 {
            house.ask(&teacher, "sit", &[json!({ "id": "t" })]).await;
        }
        let decided = decided(&house, &Wanted::default());
        assert!((2..=8).contains(&decided.len()), "{decided:?}");
        assert_eq!(decided.last().map(String::as_str), Some("join desk:t t OK a.yaml:11"));
    }
    let none = RuntimeSettings { decisions_max: 0, ..RuntimeSettings::default() };
    let house = House::with(NAMESPACE, none, Hooks::new()).await;
    house.enter("t", "TEACHER").await;
    assert!(decided(&house, &Wanted::default()).is_empty());
}
