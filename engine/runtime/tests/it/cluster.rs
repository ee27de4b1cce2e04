//! Several engines that share their stores and a bus.

use std::sync::Arc;

use homeroom_runtime::{Cluster, ClusterKey, Hooks, RuntimeSettings, Session, Stores};
use homeroom_store::bus::{Bus, BusLimits, Frames, MemoryHub};
use homeroom_store::{ManualClock, MemoryPresence, PresenceRules};
use serde_json::{Value, json};

use crate::house::{BEGINS_AT_MS, House, stores};

const YAML: &str = "
namespace: /a
rooms:
  class:<c>:
    allow: [{ roles: [TEACHER, STUDENT] }]
    presence: { id: <user.id> }
    on_join: [{ emit: came, to: class:<c>, except: sender, data: { id: <user.id>, role: <user.role> } }]
    on_leave: [{ emit: went, to: class:<c>, data: { id: <entry.id>, role: <user.role> } }]
  staff:<c>:
    allow: [{ roles: [TEACHER] }]
types:
  Id: { type: string, maxLength: 64 }
  Who: { fields: { id: Id, role: Id } }
  Grade: { fields: { c: Id, score: integer, secret: Id } }
client_events:
  join: { payload: { fields: { c: Id } }, do: [{ join: class:<c> }, { all: class:<c>, as: here }], ack: <here> }
  watch: { payload: { fields: { c: Id } }, do: [{ join: staff:<c> }] }
  grade:
    in: class:<c>
    payload: Grade
    do: [{ emit: grade, to: [class:<c>, staff:<c>], except: sender, data: { c: <c>, score: <score>, secret: <secret> } }]
  shout: { allow: anyone, do: [{ emit: shout, to: others, data: { id: <user.id>, role: <user.role> } }] }
backend_events:
  close: { payload: { fields: { c: Id } }, do: [{ leave: class:<c>, who: class:<c> }] }
server_events:
  came: { payload: Who }
  went: { payload: Who }
  shout: { payload: Who }
  grade:
    payload: Grade
    views:
      - { roles: [STUDENT], omit: [secret] }
      - { roles: [TEACHER] }
";

/// One of several servers.
struct Member {
    house: House,
    frames: Frames,
}

struct Town {
    members: Vec<Member>,
    clock: Arc<ManualClock>,
    hub: MemoryHub,
}

impl Town {
    async fn of(servers: usize) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let shared = stores(&clock).await;
        let presence = MemoryPresence::new(clock.clone(), PresenceRules::default());
        let hub = MemoryHub::new();
        let members = (0..servers).map(|number| {
            let (bus, frames) = hub.join(BusLimits::default());
            let cluster = Cluster::new(Arc::new(bus), number as u64, ClusterKey::of("secret"));
            let presence = Arc::new(presence.another_server());
            let stores = Stores { presence, cluster: Some(Arc::new(cluster)), ..shared.clone() };
            let house = House::among(YAML, RuntimeSettings::default(), Hooks::new(), clock.clone(), stores);
            Member { house, frames }
        });
        let mut town = Self { members: members.collect(), clock: clock.clone(), hub };
        town.settle().await;
        town
    }

    /// Every server hears what there is to hear, and tends presence.
    async fn settle(&mut self) {
        let mut any = true;
        while any {
            any = false;
            for member in &mut self.members {
                member.house.engine.tend_presence().await;
                any |= member.house.engine.hear_now(&mut member.frames);
            }
        }
    }

    async fn enter(&self, server: usize, id: &str, role: &str) -> Arc<Session> {
        self.members[server].house.enter(id, role).await
    }

    async fn ask(&mut self, server: usize, who: &Arc<Session>, event: &str, args: &[Value]) -> Value {
        let answer = self.members[server].house.ask(who, event, args).await;
        self.settle().await;
        answer
    }

    fn heard(&self, server: usize, who: &Session) -> Vec<String> {
        self.members[server].house.heard(who)
    }
}

fn class() -> [Value; 1] {
    [json!({ "c": "m" })]
}

#[tokio::test]
async fn what_is_sent_on_one_server_reaches_the_clients_of_all_each_in_their_view_and_once() {
    let mut town = Town::of(3).await;
    let (smith, jones, alice) = (
        town.enter(0, "smith", "TEACHER").await,
        town.enter(1, "jones", "TEACHER").await,
        town.enter(2, "alice", "STUDENT").await,
    );
    for (server, who) in [(0, &smith), (1, &jones), (2, &alice)] {
        town.ask(server, who, "join", &class()).await;
    }
    town.ask(1, &jones, "watch", &class()).await;
    for (server, who) in [(0, &smith), (1, &jones), (2, &alice)] {
        town.heard(server, who);
    }
    town.ask(0, &smith, "grade", &[json!({ "c": "m", "score": 9, "secret": "s" })]).await;
    assert_eq!(town.heard(0, &smith), [""; 0], "not its sender");
    assert_eq!(town.heard(1, &jones), [r#"grade {"c":"m","score":9,"secret":"s"}"#], "in two rooms, and told once");
    assert_eq!(town.heard(2, &alice), [r#"grade {"c":"m","score":9}"#]);
    town.ask(2, &alice, "shout", &[]).await;
    assert_eq!(town.heard(0, &smith), [r#"shout {"id":"alice","role":"STUDENT"}"#]);
    assert_eq!(town.heard(2, &alice), [""; 0]);
}

#[tokio::test]
async fn presence_is_one_over_all_servers() {
    let mut town = Town::of(2).await;
    let smith = town.enter(0, "smith", "TEACHER").await;
    let (alice, tab) = (town.enter(0, "alice", "STUDENT").await, town.enter(1, "alice", "STUDENT").await);
    town.ask(0, &smith, "join", &class()).await;
    town.ask(0, &alice, "join", &class()).await;
    assert_eq!(town.heard(0, &smith), [r#"came {"id":"alice","role":"STUDENT"}"#]);
    let here = town.ask(1, &tab, "join", &class()).await;
    assert_eq!(here["data"], json!([{ "id": "smith" }, { "id": "alice" }]));
    assert_eq!(town.heard(0, &smith), [""; 0], "a second connection is no second coming");
    town.members[0].house.engine.closed(&alice);
    town.settle().await;
    assert_eq!(town.heard(0, &smith), [""; 0]);
    town.members[1].house.engine.closed(&tab);
    town.settle().await;
    assert_eq!(town.heard(0, &smith), [r#"went {"id":"alice","role":"STUDENT"}"#]);
}

#[tokio::test]
async fn the_users_of_a_server_that_died_leave_once_within_its_lease() {
    let mut town = Town::of(3).await;
    let (smith, jones, alice) = (
        town.enter(0, "smith", "TEACHER").await,
        town.enter(1, "jones", "TEACHER").await,
        town.enter(2, "alice", "STUDENT").await,
    );
    for (server, who) in [(0, &smith), (1, &jones), (2, &alice)] {
        town.ask(server, who, "join", &class()).await;
    }
    town.heard(0, &smith);
    town.heard(1, &jones);
    town.members.pop();
    for _ in 0..4 {
        town.clock.advance(3_000);
        town.settle().await;
    }
    let went = [r#"went {"id":"alice","role":"STUDENT"}"#];
    assert_eq!(town.heard(0, &smith), went);
    assert_eq!(town.heard(1, &jones), went);
}

#[tokio::test]
async fn a_room_is_emptied_on_all_servers() {
    let mut town = Town::of(2).await;
    let (smith, alice) = (town.enter(0, "smith", "TEACHER").await, town.enter(1, "alice", "STUDENT").await);
    town.ask(0, &smith, "join", &class()).await;
    town.ask(1, &alice, "join", &class()).await;
    let body = class()[0].clone();
    town.members[0].house.engine.backend("/a", "close", Some(body)).await.expect("it is closed");
    town.settle().await;
    assert!(alice.rooms().is_empty() && smith.rooms().is_empty());
}

#[tokio::test]
async fn frames_of_strangers_are_not_heard() {
    let mut town = Town::of(1).await;
    let alice = town.enter(0, "alice", "STUDENT").await;
    let (bus, _frames) = town.hub.join(BusLimits::default());
    let stranger = Cluster::new(Arc::new(bus), 9, ClusterKey::of("another secret"));
    let (bus, _others) = town.hub.join(BusLimits::default());
    bus.publish("/a all", bytes::Bytes::from_static(b"noise"));
    let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
    let stores = Stores { cluster: Some(Arc::new(stranger)), ..stores(&clock).await };
    let other = House::among(YAML, RuntimeSettings::default(), Hooks::new(), clock, stores);
    let eve = other.enter("eve", "TEACHER").await;
    other.ask(&eve, "shout", &[]).await;
    town.settle().await;
    assert_eq!(town.heard(0, &alice), [""; 0]);
}
