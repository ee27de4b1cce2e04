//! Presence against the plainest model there is: who has a connection where, on servers that come, go and die.

use std::sync::Arc;

use homeroom_store::presence::Left;
use homeroom_store::{Clock, Presence, PresenceRules};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::house::{House, on_every_store};

on_every_store!(it_is_as_the_model_without_grace, it_is_as_the_model_with_grace);

/// Longer than a lease, and than the steps of time in which death is noticed.
const A_DEATH_MS: i64 = 14_000;

#[derive(Debug, Clone)]
enum Act {
    Enter { server: usize, user: u8, conn: u64 },
    Leave { server: usize, user: u8, conn: u64 },
    Kill(usize),
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    let one = || (0..3_usize, 0..4_u8, 0..2_u64);
    prop_oneof![
        6 => one().prop_map(|(server, user, conn)| Act::Enter { server, user, conn }),
        5 => one().prop_map(|(server, user, conn)| Act::Leave { server, user, conn }),
        1 => (0..3_usize).prop_map(Act::Kill),
        3 => (1..6_i64).prop_map(|seconds| Act::Pass(seconds * 1000)),
    ]
}

/// Users in order of arrival: their connections by server, and when a grace period ends.
#[derive(Default)]
struct Model {
    users: Vec<Member>,
    grace_ms: i64,
}

struct Member {
    name: String,
    conns: Vec<(usize, u64)>,
    leaves_ms: Option<i64>,
}

impl Model {
    fn enter(&mut self, name: &str, conn: (usize, u64)) -> bool {
        let Some(member) = self.users.iter_mut().find(|member| member.name == name) else {
            self.users.push(Member { name: name.into(), conns: vec![conn], leaves_ms: None });
            return true;
        };
        member.leaves_ms = None;
        if !member.conns.contains(&conn) {
            member.conns.push(conn);
        }
        false
    }

    fn leave(&mut self, name: &str, conn: (usize, u64), now_ms: i64) -> &'static str {
        let Some(at) = self.users.iter().position(|member| member.name == name) else { return "was not" };
        let member = &mut self.users[at];
        let Some(index) = member.conns.iter().position(|one| *one == conn) else { return "was not" };
        member.conns.remove(index);
        if !member.conns.is_empty() {
            return "still";
        }
        if self.grace_ms > 0 {
            member.leaves_ms = Some(now_ms + self.grace_ms);
            return "still";
        }
        self.users.remove(at);
        "last"
    }

    /// Who is gone by now, without a call that said so.
    fn gone(&mut self, dead: &[usize], now_ms: i64) -> Vec<String> {
        let mut gone = Vec::new();
        self.users.retain_mut(|member| {
            let had = !member.conns.is_empty();
            member.conns.retain(|(server, _)| !dead.contains(server));
            let died = had && member.conns.is_empty();
            let is_gone = died || member.leaves_ms.is_some_and(|leaves_ms| leaves_ms <= now_ms);
            if is_gone {
                gone.push(member.name.clone());
            }
            !is_gone
        });
        gone
    }
}

async fn it_is_as_the_model_without_grace(house: &House) {
    runs(house, PresenceRules { lease_ms: 10_000, grace_ms: 0 }).await;
}

async fn it_is_as_the_model_with_grace(house: &House) {
    runs(house, PresenceRules { lease_ms: 10_000, grace_ms: 3000 }).await;
}

async fn runs(house: &House, rules: PresenceRules) {
    let mut runner = TestRunner::deterministic();
    for run in 0..house.runs {
        let acts = proptest::collection::vec(act(), 1..40).new_tree(&mut runner).expect("acts").current();
        let servers = house.presence(rules).await;
        play(house, &servers, &format!("/run {run}"), rules, acts).await;
    }
}

async fn play(house: &House, servers: &[Arc<dyn Presence>; 3], room: &str, rules: PresenceRules, acts: Vec<Act>) {
    let said = format!("{acts:?}");
    let (mut model, mut dead) = (Model { grace_ms: rules.grace_ms, ..Model::default() }, Vec::new());
    for (at, act) in acts.into_iter().enumerate() {
        let said = format!("act {at} of {said}");
        let now_ms = house.clock.now_ms();
        match act {
            Act::Enter { server, user, conn } if !dead.contains(&server) => {
                let user = format!("u{user}");
                let comes = servers[server].enter(room, &user, conn, "1".into()).await;
                assert_eq!(comes, Ok(model.enter(&user, (server, conn))), "{said}");
            }
            Act::Leave { server, user, conn } if !dead.contains(&server) => {
                let user = format!("u{user}");
                let left = match servers[server].leave(room, &user, conn).await.expect("left") {
                    Left::Last(_) => "last",
                    Left::Still => "still",
                    Left::WasNot => "was not",
                };
                assert_eq!(left, model.leave(&user, (server, conn), now_ms), "{said}");
            }
            Act::Kill(server) if dead.len() < 2 && !dead.contains(&server) => {
                dead.push(server);
                let told = pass(house, servers, &dead, room, A_DEATH_MS).await;
                assert_eq!(told, sorted(model.gone(&dead, house.clock.now_ms())), "{said}");
            }
            Act::Pass(ms) => {
                let told = pass(house, servers, &dead, room, ms).await;
                assert_eq!(told, sorted(model.gone(&dead, house.clock.now_ms())), "{said}");
            }
            Act::Enter { .. } | Act::Leave { .. } | Act::Kill(_) => {}
        }
        let alive = (0..3).find(|server| !dead.contains(server)).expect("one lives");
        let all = servers[alive].all(room).await.expect("read");
        let names: Vec<&str> = all.iter().map(|one| &*one.user).collect();
        assert_eq!(names, model.users.iter().map(|one| &*one.name).collect::<Vec<_>>(), "{said}");
        assert_eq!(servers[alive].count(room).await, Ok(names.len()));
    }
}

/// Time passes in steps, in which those alive beat, and deal with whoever is gone; yields who was, in that room.
async fn pass(house: &House, servers: &[Arc<dyn Presence>; 3], dead: &[usize], room: &str, ms: i64) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..ms / 1000 {
        house.clock.advance(1000);
        for (_, server) in servers.iter().enumerate().filter(|(at, _)| !dead.contains(at)) {
            server.beat().await.expect("a beat");
            while let Ok(gone @ [_, ..]) = server.gone(10).await.as_deref() {
                for one in gone {
                    server.settle_gone(one.claim).await.expect("settled");
                    told.extend((&*one.room == room).then(|| one.user.to_string()));
                }
            }
        }
    }
    sorted(told)
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
