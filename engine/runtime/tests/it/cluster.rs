//! Several engines that share their stores and a bus.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use homeroom_runtime::{
    Cluster, ClusterKey, Command, Hooks, Obeyed, Order, Revoked, Roll, RuntimeSettings, Session, Stores,
};
use homeroom_store::bus::{Bus, BusLimits, Frames, MemoryHub};
use homeroom_store::{ManualClock, MemoryPresence, PresenceRules};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::house::{BEGINS_AT_MS, House, meanwhile, stores};

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
  mark: { payload: Grade, do: [{ emit: grade, to: class:<c>, data: { c: <c>, score: <score>, secret: <secret> } }] }
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

/// Knows the servers there are.
pub(crate) struct Everyone(pub(crate) Arc<Mutex<Vec<u64>>>);

impl Roll for Everyone {
    fn servers(&self) -> BoxFuture<'_, Option<Vec<u64>>> {
        Box::pin(std::future::ready(Some(self.0.lock().clone())))
    }
}

/// One of several servers.
struct Member {
    house: House,
    frames: Frames,
}

struct Town {
    members: Vec<Member>,
    clock: Arc<ManualClock>,
    hub: MemoryHub,
    roll: Arc<Mutex<Vec<u64>>>,
}

impl Town {
    async fn of(servers: usize) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let shared = stores(&clock).await;
        let presence = MemoryPresence::new(clock.clone(), PresenceRules::default());
        let hub = MemoryHub::new();
        let everyone = Arc::new(Mutex::new((0..servers as u64).collect::<Vec<u64>>()));
        let roll = Arc::clone(&everyone);
        let members = (0..servers).map(|number| {
            let (bus, frames) = hub.join(BusLimits::default());
            let roll = Arc::new(Everyone(Arc::clone(&everyone)));
            let cluster = Cluster::new(Arc::new(bus), number as u64, ClusterKey::of("secret")).among(roll);
            let presence = Arc::new(presence.another_server());
            let stores = Stores { presence, cluster: Some(Arc::new(cluster)), ..shared.clone() };
            let house = House::among(YAML, RuntimeSettings::default(), Hooks::new(), clock.clone(), stores);
            Member { house, frames }
        });
        let mut town = Self { members: members.collect(), clock: clock.clone(), hub, roll };
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

    /// Gives an order on the first server, while all hear.
    async fn order(&mut self, order: &Order) -> Obeyed {
        let engine = self.members[0].house.engine.clone();
        meanwhile(engine.order(order), async || self.settle().await).await
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

#[tokio::test]
async fn an_order_is_done_on_every_server_and_who_is_silent_is_named() {
    let mut town = Town::of(3).await;
    let (ann, tab, bob) = (
        town.enter(0, "ann", "STUDENT").await,
        town.enter(1, "ann", "STUDENT").await,
        town.enter(2, "bob", "STUDENT").await,
    );
    for (server, who) in [(0, &ann), (1, &tab), (2, &bob)] {
        town.ask(server, who, "join", &class()).await;
    }
    let told = town.order(&Order::User { user: "ann".into() }).await;
    let sockets: Vec<&Value> = told.all().flat_map(|one| one["sockets"].as_array().expect("a list")).collect();
    assert_eq!(sockets.len(), 2);
    assert_eq!(sockets[1]["server"], "0000000000000001");
    let rooms = Order::Rooms { namespace: "/a".into(), prefix: "class".into(), after: String::new(), limit: 10 };
    let told = town.order(&rooms).await;
    let sizes: u64 = told.all().filter_map(|one| one["rooms"]["class:m"].as_u64()).sum();
    assert_eq!((sizes, told.servers()), (3, json!({ "answered": 3, "silent": [], "unknown": false })));

    let leave =
        Order::Leave { user: "ann".into(), namespace: "/a".into(), socket: None, rooms: vec!["class:m".into()] };
    let told = town.order(&leave).await;
    assert_eq!((told.sum("left"), ann.rooms().len(), tab.rooms().len()), (2, 0, 0));
    town.settle().await;
    assert!(town.heard(2, &bob).contains(&r#"went {"id":"ann","role":"STUDENT"}"#.to_owned()), "on_leave ran, once");

    // The third hears nothing any more.
    let deaf = town.members.pop().expect("a server");
    tokio::time::pause();
    let told = town.order(&Order::Disconnect { user: "ann".into(), namespace: None, socket: None }).await;
    assert_eq!(told.sum("sockets"), 2);
    assert_eq!(told.others.silent, ["0000000000000002"]);
    assert_eq!(*town.members[1].house.edge.ended.lock(), [tab.conn]);
    drop(deaf);
}

#[tokio::test]
async fn what_is_revoked_on_one_server_ends_connections_on_all() {
    let mut town = Town::of(2).await;
    let ann = town.enter(1, "ann", "STUDENT").await;
    let revoked = Revoked::User("ann".into());
    let lasts = std::time::Duration::from_secs(60);
    assert_eq!(town.members[0].house.engine.revoke(&revoked, lasts).await.expect("revoked"), 0);
    let told = town.order(&Order::LearnRevocations).await;
    assert_eq!((told.sum("sockets"), &*town.members[1].house.edge.ended.lock()), (1, &vec![ann.conn]));
    assert_eq!(town.members[1].house.engine.revocations(), 1);
}

#[tokio::test]
async fn a_service_is_told_whom_its_event_reached_on_all_servers() {
    let mut town = Town::of(3).await;
    for (server, id) in [(0, "ann"), (1, "bob"), (1, "eve")] {
        let one = town.enter(server, id, "STUDENT").await;
        town.ask(server, &one, "join", &class()).await;
    }
    let engine = town.members[0].house.engine.clone();
    let body = json!({ "c": "m", "score": 1, "secret": "s" });
    let command = Command { namespace: "/a", event: "mark", body: Some(body), ..Command::default() };
    let reached = engine.send(command).await.expect("sent");
    assert_eq!((reached.sockets, reached.told_others), (1, true));
    assert_eq!(reached.rooms.iter().map(|room| &**room).collect::<Vec<_>>(), ["class:m"]);
    let all = meanwhile(engine.count_reach(&reached), async || town.settle().await).await;
    assert_eq!((all.sockets, all.servers, all.answered, all.silent), (3, 2, 3, Vec::new()));
}

#[tokio::test]
async fn a_server_that_the_roll_has_lost_and_that_was_heard_lately_is_asked_too() {
    let mut town = Town::of(2).await;
    let [ann, bob] = [town.enter(0, "ann", "STUDENT").await, town.enter(1, "bob", "STUDENT").await];
    for (server, who) in [(0, &ann), (1, &bob)] {
        town.ask(server, who, "join", &class()).await;
    }
    town.roll.lock().clear();
    let rooms = Order::Rooms { namespace: "/a".into(), prefix: String::new(), after: String::new(), limit: 10 };
    let told = town.order(&rooms).await;
    let sizes: u64 = told.all().filter_map(|one| one["rooms"]["class:m"].as_u64()).sum();
    assert_eq!((sizes, told.servers()), (2, json!({ "answered": 2, "silent": [], "unknown": false })));
}
