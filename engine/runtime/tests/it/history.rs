//! Missed events, on one engine and on several.

use std::collections::BTreeSet;
use std::sync::Arc;

use homeroom_runtime::{Cluster, ClusterKey, Command, Hooks, RuntimeSettings, Session, Stores};
use homeroom_store::bus::{BusLimits, Frames, MemoryBus, MemoryHub};
use homeroom_store::history::MemoryHistory;
use homeroom_store::{ManualClock, MemoryPresence, PresenceRules};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::cluster::Everyone;
use crate::house::{BEGINS_AT_MS, House, meanwhile, stores};

const YAML: &str = "
namespace: /a
rooms:
  hall:<h>: { allow: [{ roles: [TEACHER, STUDENT] }], history: { size: 8, ttl: 1m } }
  wing:<h>: { allow: [{ roles: [TEACHER, STUDENT] }], history: { size: 8, ttl: 1m } }
  yard:<h>: { allow: [{ roles: [TEACHER, STUDENT] }] }
  long:<h>: { allow: [{ roles: [TEACHER, STUDENT] }], history: { size: 500, ttl: 10m } }
types:
  Id: { type: string, maxLength: 64 }
  Positions: { type: object, maxProperties: 200, additionalProperties: { type: string, maxLength: 2000 } }
  Place: { fields: { h: Id }, optional: { since: Positions } }
client_events:
  enter:
    payload: Place
    do: [{ join: hall:<h>, since: <since>, as: place }]
    ack: { recovered: <place.recovered>, at: <place.at> }
  both:
    payload: Place
    do: [{ join: [hall:<h>, wing:<h>], since: <since>, as: place }]
    ack: { recovered: <place.recovered>, at: <place.at> }
  yard: { payload: Place, do: [{ join: yard:<h> }] }
  far:
    payload: Place
    do: [{ join: long:<h>, since: <since>, as: place }]
    ack: { recovered: <place.recovered>, at: <place.at> }
  leave: { payload: Place, in: hall:<h>, do: [{ leave: hall:<h> }] }
  say:
    payload: { fields: { h: Id, n: integer } }
    allow: anyone
    do: [{ emit: called, to: hall:<h>, except: sender, data: { n: <n> } }]
backend_events:
  call: { payload: { fields: { h: Id, n: integer } }, do: [{ emit: called, to: hall:<h>, data: { n: <n> } }] }
  wing: { payload: { fields: { h: Id, n: integer } }, do: [{ emit: called, to: wing:<h>, data: { n: <n> } }] }
  all: { payload: { fields: { h: Id, n: integer } }, do: [{ emit: called, to: [hall:<h>, wing:<h>, yard:<h>], data: { n: <n> } }] }
  far: { payload: { fields: { h: Id, n: integer } }, do: [{ emit: called, to: [long:<h>, yard:<h>], data: { n: <n> } }] }
  mark:
    payload: { fields: { h: Id, n: integer } }
    do: [{ emit: marked, to: hall:<h>, data: { n: <n>, secret: <n> } }]
  blink: { payload: { fields: { h: Id, n: integer } }, do: [{ emit: called, to: hall:<h>, volatile: true, data: { n: <n> } }] }
server_events:
  called: { payload: { fields: { n: integer } } }
  marked:
    payload: { fields: { n: integer }, optional: { secret: integer } }
    views: [{ roles: [STUDENT], omit: [secret] }, { roles: [TEACHER] }]
";

/// One of several servers.
struct Member {
    house: House,
    frames: Frames,
    bus: Arc<MemoryBus>,
}

/// Servers over one bus and one history, and a clock that is turned.
pub(crate) struct Town {
    members: Vec<Option<Member>>,
    clock: Arc<ManualClock>,
    hub: MemoryHub,
    history: MemoryHistory,
    shared: Stores,
    roll: Arc<Mutex<Vec<u64>>>,
}

/// A client, and what it keeps over its connections.
pub(crate) struct Client {
    session: Arc<Session>,
    server: usize,
    positions: Value,
}

impl Town {
    pub(crate) async fn of(servers: usize) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINS_AT_MS));
        let (hub, history) = (MemoryHub::new(), MemoryHistory::new(clock.clone()));
        let shared = stores(&clock).await;
        let mut town = Self { members: Vec::new(), clock, hub, history, shared, roll: Arc::default() };
        for _ in 0..servers {
            town.found();
        }
        town.settle().await;
        town
    }

    /// One more server.
    fn found(&mut self) -> usize {
        let number = self.members.len();
        let (bus, frames) = self.hub.join(BusLimits::default());
        let bus = Arc::new(bus);
        self.roll.lock().push(100 + number as u64);
        let cluster = Cluster::new(bus.clone(), 100 + number as u64, ClusterKey::of("a secret"));
        let cluster = Some(Arc::new(cluster.among(Arc::new(Everyone(Arc::clone(&self.roll))))));
        let presence = Arc::new(MemoryPresence::new(self.clock.clone(), PresenceRules::default()));
        let history = Some(Arc::new(self.history.clone()) as _);
        let stores = Stores { presence, cluster, history, ..self.shared.clone() };
        let house = House::among(YAML, RuntimeSettings::default(), Hooks::new(), self.clock.clone(), stores);
        self.members.push(Some(Member { house, frames, bus }));
        number
    }

    fn at(&self, server: usize) -> &House {
        &self.members[server].as_ref().expect("it lives").house
    }

    /// A server dies, and takes with it what it has not told.
    fn kill(&mut self, server: usize) {
        self.members[server] = None;
    }

    /// Every server hears what there is to hear, and tells what there is to tell.
    async fn settle(&mut self) {
        for _ in 0..200 {
            let mut any = false;
            for member in self.members.iter_mut().flatten() {
                any |= member.house.engine.hear_now(&mut member.frames);
                any |= member.house.engine.tend_history().await;
            }
            if !any {
                return;
            }
        }
    }

    async fn client(&self, server: usize, id: &str) -> Client {
        Client { session: self.at(server).enter(id, "STUDENT").await, server, positions: json!({}) }
    }

    async fn call(&self, server: usize, event: &str, h: &str, n: u32) {
        let sent = self.at(server).engine.backend("/a", event, Some(json!({ "h": h, "n": n }))).await;
        sent.expect("it is sent");
    }

    /// Asks to be let in, with what the client keeps; yields whether it was recovered.
    async fn enter(&self, client: &mut Client, event: &str, h: &str) -> bool {
        let payload = json!({ "h": h, "since": client.positions });
        let ack = self.at(client.server).ask(&client.session, event, &[payload]).await;
        assert_eq!(ack["success"], true, "{ack}");
        // What is told after the answer is newer.
        for (room, position) in ack["data"]["at"].as_object().expect("positions") {
            client.positions[room] = position.clone();
        }
        ack["data"]["recovered"] == true
    }

    fn heard(&self, client: &mut Client) -> Vec<u64> {
        let heard = self.at(client.server).received(&client.session, &mut client.positions);
        heard.iter().map(|payload| payload["n"].as_u64().expect("a number")).collect()
    }

    /// A client's connection ends, and it comes back, maybe elsewhere.
    async fn cut(&self, client: &mut Client) {
        if self.members[client.server].is_some() {
            self.at(client.server).engine.closed(&client.session);
        }
    }

    async fn back(&self, client: &mut Client, server: usize) {
        client.session = self.at(server).enter(&client.session.who.user, "STUDENT").await;
        client.server = server;
    }
}

#[tokio::test]
async fn who_comes_back_receives_what_it_missed_wherever_it_was_sent_from() {
    let mut town = Town::of(3).await;
    let mut alice = town.client(0, "alice").await;
    assert!(!town.enter(&mut alice, "enter", "h").await, "nobody is recovered who was not there");
    town.call(0, "call", "h", 1).await;
    town.call(1, "call", "h", 2).await;
    town.settle().await;
    assert_eq!(town.heard(&mut alice), [1, 2]);
    town.cut(&mut alice).await;
    for (server, n) in [(0, 3), (1, 4), (2, 5), (0, 6)] {
        town.call(server, "call", "h", n).await;
        town.settle().await;
    }
    town.back(&mut alice, 2).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    assert_eq!(town.heard(&mut alice), [3, 4, 5, 6]);
    town.call(1, "call", "h", 7).await;
    town.settle().await;
    assert_eq!(town.heard(&mut alice), [7]);
    town.cut(&mut alice).await;
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    assert_eq!(town.heard(&mut alice), [0_u64; 0]);
}

#[tokio::test]
async fn what_was_missed_is_there_after_the_server_died() {
    let mut town = Town::of(2).await;
    let mut alice = town.client(0, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    town.call(0, "call", "h", 1).await;
    assert_eq!(town.heard(&mut alice), [1]);
    town.cut(&mut alice).await;
    town.call(0, "call", "h", 2).await;
    town.settle().await;
    town.kill(0);
    town.call(1, "call", "h", 3).await;
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    assert_eq!(town.heard(&mut alice), [2, 3]);
}

#[tokio::test]
async fn who_hears_nothing_and_is_cut_loses_nothing() {
    let mut town = Town::of(2).await;
    let mut alice = town.client(0, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    town.cut(&mut alice).await;
    town.call(1, "call", "h", 1).await;
    town.settle().await;
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    assert_eq!(town.heard(&mut alice), [1]);
}

#[tokio::test]
async fn what_is_sent_to_several_rooms_comes_once_with_the_positions_of_those_one_is_in() {
    let mut town = Town::of(2).await;
    let (mut alice, mut bob) = (town.client(0, "alice").await, town.client(1, "bob").await);
    town.enter(&mut alice, "both", "h").await;
    town.enter(&mut bob, "enter", "h").await;
    town.call(1, "all", "h", 1).await;
    town.settle().await;
    assert_eq!((town.heard(&mut alice), town.heard(&mut bob)), (vec![1], vec![1]));
    let rooms =
        |client: &Client| client.positions.as_object().expect("positions").keys().cloned().collect::<BTreeSet<_>>();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(rooms(&alice), set(&["hall:h", "wing:h", "<self>"]));
    assert_eq!(rooms(&bob), set(&["hall:h", "<self>"]), "nothing of a room that one is not in");
    town.cut(&mut alice).await;
    for (event, n) in [("wing", 2), ("all", 3), ("call", 4), ("all", 5), ("wing", 6)] {
        town.call(0, event, "h", n).await;
        town.settle().await;
    }
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "both", "h").await);
    assert_eq!(town.heard(&mut alice), [2, 3, 4, 5, 6]);
    // One room after the other: what was in both is not sent again.
    town.cut(&mut alice).await;
    town.call(0, "all", "h", 7).await;
    town.call(0, "wing", "h", 8).await;
    town.settle().await;
    town.back(&mut alice, 0).await;
    assert!(town.enter(&mut alice, "enter", "h").await && town.enter(&mut alice, "both", "h").await);
    assert_eq!(town.heard(&mut alice), [7, 8]);
}

#[tokio::test]
async fn whom_an_event_reached_is_told_of_one_that_has_to_wait_for_its_turn_too() {
    let mut town = Town::of(2).await;
    // Nobody on the other server listens yet, and the history does not have it: so what follows comes there before its turn.
    town.call(0, "call", "h", 1).await;
    let mut bob = town.client(1, "bob").await;
    town.enter(&mut bob, "enter", "h").await;
    let engine = town.at(0).engine.clone();
    let body = Some(json!({ "h": "h", "n": 2 }));
    let sent = engine.send(Command { namespace: "/a", event: "call", body, ..Command::default() }).await;
    let reached = sent.expect("it is sent");
    let all = meanwhile(engine.count_reach(&reached), async || town.settle().await).await;
    assert_eq!((all.sockets, all.servers, all.answered, all.silent), (1, 1, 2, Vec::new()));
    assert_eq!(town.heard(&mut bob).last(), Some(&2));
}

#[tokio::test]
async fn one_is_told_when_more_was_missed_than_is_kept() {
    let mut town = Town::of(2).await;
    let (mut alice, mut bob) = (town.client(0, "alice").await, town.client(0, "bob").await);
    town.enter(&mut alice, "enter", "h").await;
    town.enter(&mut bob, "enter", "h").await;
    town.cut(&mut alice).await;
    town.cut(&mut bob).await;
    for n in 0..8 {
        town.call(0, "call", "h", n).await;
    }
    town.settle().await;
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "enter", "h").await, "as many as are kept");
    assert_eq!(town.heard(&mut alice).len(), 8);
    town.call(1, "call", "h", 8).await;
    town.settle().await;
    town.back(&mut bob, 1).await;
    assert!(!town.enter(&mut bob, "enter", "h").await, "one more");
    assert_eq!(town.heard(&mut bob), [0_u64; 0]);
    town.call(0, "call", "h", 9).await;
    town.settle().await;
    assert_eq!((town.heard(&mut alice), town.heard(&mut bob)), (vec![8, 9], vec![9]), "and goes on from there");
}

#[tokio::test]
async fn time_passes_and_is_not_held_against_a_quiet_room() {
    let mut town = Town::of(2).await;
    let (mut alice, mut bob) = (town.client(0, "alice").await, town.client(0, "bob").await);
    town.enter(&mut alice, "enter", "quiet").await;
    town.enter(&mut bob, "enter", "h").await;
    town.call(0, "call", "h", 1).await;
    town.settle().await;
    town.heard(&mut bob);
    town.cut(&mut alice).await;
    town.cut(&mut bob).await;
    town.clock.advance(3_600_000);
    town.settle().await;
    town.back(&mut alice, 1).await;
    town.back(&mut bob, 1).await;
    assert!(town.enter(&mut alice, "enter", "quiet").await, "nothing was sent");
    assert!(town.enter(&mut bob, "enter", "h").await, "nothing was sent since");
    town.cut(&mut bob).await;
    town.call(0, "call", "h", 2).await;
    town.settle().await;
    town.clock.advance(60_000);
    town.back(&mut bob, 1).await;
    assert!(!town.enter(&mut bob, "enter", "h").await, "it is not kept any more");
    assert_eq!(town.heard(&mut bob), [0_u64; 0]);
}

#[tokio::test]
async fn nobody_gets_anything_for_a_position_that_they_made_or_that_is_of_another_room() {
    let mut town = Town::of(1).await;
    let (mut alice, mut eve) = (town.client(0, "alice").await, town.client(0, "eve").await);
    town.enter(&mut alice, "enter", "h").await;
    town.call(0, "call", "h", 1).await;
    town.call(0, "call", "g", 1).await;
    town.settle().await;
    town.heard(&mut alice);
    let real = alice.positions["hall:h"].as_str().expect("a position").to_owned();
    let mut changed = real.clone();
    changed.replace_range(4..5, if &real[4..5] == "A" { "B" } else { "A" });
    for wrong in ["", "AAAA", &changed, &real[1..], &format!("{real}A"), &"A".repeat(1999), "é"] {
        eve.positions = json!({ "hall:h": wrong, "<self>": wrong });
        assert!(!town.enter(&mut eve, "enter", "h").await, "{wrong:?}");
        town.at(0).ask(&eve.session, "leave", &[json!({ "h": "h" })]).await;
    }
    eve.positions = json!({ "hall:g": real });
    assert!(!town.enter(&mut eve, "enter", "g").await, "it is of another room");
    assert_eq!(town.heard(&mut eve), [0_u64; 0]);
}

#[tokio::test]
async fn views_hold_for_what_was_missed_and_ones_own_is_not_sent_back() {
    let mut town = Town::of(2).await;
    let mut alice = town.client(0, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    let say = json!({ "h": "h", "n": 1 });
    town.at(0).ask(&alice.session, "say", &[say]).await;
    town.cut(&mut alice).await;
    town.call(0, "mark", "h", 2).await;
    town.call(0, "blink", "h", 3).await;
    town.settle().await;
    town.back(&mut alice, 1).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    let heard = town.at(1).received(&alice.session, &mut alice.positions);
    assert_eq!(heard, [json!({ "n": 2 })], "neither her own, nor what may be missed, nor what others see");
}

#[tokio::test]
async fn frames_that_the_bus_lost_are_read_from_the_history() {
    let mut town = Town::of(2).await;
    let mut alice = town.client(1, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    let bus = |town: &Town, server: usize| Arc::clone(&town.members[server].as_ref().expect("it lives").bus);
    town.call(0, "call", "h", 1).await;
    town.settle().await;
    bus(&town, 1).set_connected(false);
    town.call(0, "call", "h", 2).await;
    town.call(0, "call", "h", 3).await;
    town.at(0).engine.tend_history().await;
    bus(&town, 1).set_connected(true);
    town.settle().await;
    assert_eq!(town.heard(&mut alice), [1, 2, 3]);
    // What the sender could not publish, it tells again once the history can be reached.
    bus(&town, 0).set_connected(false);
    town.history.set_away(true);
    town.call(0, "call", "h", 4).await;
    town.settle().await;
    bus(&town, 0).set_connected(true);
    town.history.set_away(false);
    town.call(0, "call", "h", 5).await;
    town.clock.advance(1_000);
    town.settle().await;
    town.clock.advance(1_000);
    town.settle().await;
    assert_eq!(town.heard(&mut alice), [4, 5]);
}

#[tokio::test]
async fn a_history_that_was_lost_is_told_again() {
    let mut town = Town::of(3).await;
    let mut alice = town.client(0, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    town.call(0, "call", "h", 1).await;
    town.settle().await;
    town.heard(&mut alice);
    town.cut(&mut alice).await;
    town.call(0, "call", "h", 2).await;
    town.settle().await;
    town.clock.advance(10);
    town.history.lose();
    town.settle().await;
    town.call(1, "call", "h", 3).await;
    town.settle().await;
    // Whoever was there knows that nothing is missing; others can only send what they have.
    let (on_first, before) = (town.client(0, "alice").await, alice.positions.clone());
    let mut alice = Client { positions: before.clone(), ..on_first };
    town.back(&mut alice, 2).await;
    assert!(!town.enter(&mut alice, "enter", "h").await, "it cannot be told what was lost");
    town.cut(&mut alice).await;
    town.call(0, "call", "h", 4).await;
    town.settle().await;
    town.back(&mut alice, 2).await;
    assert!(town.enter(&mut alice, "enter", "h").await);
    assert_eq!(town.heard(&mut alice), [4]);
}

#[tokio::test]
async fn without_the_shared_history_rooms_are_entered_and_one_is_told() {
    let mut town = Town::of(2).await;
    let mut alice = town.client(0, "alice").await;
    town.enter(&mut alice, "enter", "h").await;
    town.cut(&mut alice).await;
    town.call(0, "call", "h", 1).await;
    town.settle().await;
    town.history.set_away(true);
    town.back(&mut alice, 1).await;
    assert!(!town.enter(&mut alice, "enter", "h").await);
    town.call(1, "call", "h", 2).await;
    assert_eq!(town.heard(&mut alice), [2], "on one server nothing stops");
    town.history.set_away(false);
    for _ in 0..4 {
        town.clock.advance(1_000);
        town.settle().await;
    }
    assert_eq!(town.heard(&mut alice), [0_u64; 0], "what was sent before she was here is not sent to her");
    town.call(0, "call", "h", 3).await;
    town.settle().await;
    assert_eq!(town.heard(&mut alice), [3]);
}

/// Numbers that are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A client of the game below: what it heard of each server's numbers.
struct Player {
    client: Client,
    is_away: bool,
    next: [u64; 3],
}

/// Each server numbers what it calls, by thousands.
fn hear(town: &Town, player: &mut Player, seed: u64) {
    for n in town.heard(&mut player.client) {
        let (server, number) = ((n / 1000) as usize, n % 1000);
        assert_eq!(
            number, player.next[server],
            "seed {seed}: of server {server}, by {}",
            player.client.session.who.user
        );
        player.next[server] += 1;
    }
}

async fn game(seed: u64) {
    let mut chance = Chance(seed);
    let mut town = Town::of(3).await;
    let mut sent = [0_u64; 3];
    let mut players = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        let mut client = town.client(chance.below(3), name).await;
        town.enter(&mut client, "far", "h").await;
        players.push(Player { client, is_away: false, next: [0; 3] });
    }
    for _ in 0..120 {
        let (server, who) = (chance.below(3), chance.below(players.len()));
        match chance.below(12) {
            0..=4 => {
                let n = server as u32 * 1000 + sent[server] as u32;
                sent[server] += 1;
                town.call(server, "far", "h", n).await;
            }
            5..=6 => town.settle().await,
            7 => {
                let house = town.at(server);
                house.engine.tend_history().await;
            }
            8..=9 => {
                let player = &mut players[who];
                if player.is_away {
                    town.back(&mut player.client, server).await;
                    let recovered = town.enter(&mut player.client, "far", "h").await;
                    assert!(recovered, "seed {seed}: {}", player.client.session.who.user);
                } else {
                    hear(&town, player, seed);
                    town.cut(&mut player.client).await;
                }
                player.is_away = !player.is_away;
            }
            10 => {
                let bus = Arc::clone(&town.members[server].as_ref().expect("it lives").bus);
                bus.set_connected(chance.below(2) == 0);
            }
            _ => town.clock.advance(chance.below(700) as i64),
        }
        players.iter_mut().filter(|player| !player.is_away).for_each(|player| hear(&town, player, seed));
    }
    for member in town.members.iter().flatten() {
        member.bus.set_connected(true);
    }
    for _ in 0..8 {
        town.settle().await;
        town.clock.advance(1_000);
    }
    for player in &mut players {
        if player.is_away {
            town.back(&mut player.client, chance.below(3)).await;
            assert!(town.enter(&mut player.client, "far", "h").await, "seed {seed}");
        }
        hear(&town, player, seed);
        assert_eq!(player.next, sent, "seed {seed}: {}", player.client.session.who.user);
    }
}

/// Clients are cut and come back anywhere, servers lose what they say to each other: everybody hears everything once, and
/// each server's in order.
#[tokio::test]
async fn whatever_happens_everything_is_heard_once_and_in_order() {
    for seed in 0..24 {
        game(seed).await;
    }
}
