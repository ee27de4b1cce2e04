//! Claims whose answer is lost on the way: Redis has given something out, and nobody knows that it is theirs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use homeroom_store::presence::Left;
use homeroom_store::redis::{RedisConfig, RedisPresence, RedisState};
use homeroom_store::state::{At, Only};
use homeroom_store::{ManualClock, Presence, PresenceRules, StateStore};

use crate::faults::{ROOM, bounded, rules, soon};
use crate::house::{connected, eventually};
use crate::servers::RedisServer;

/// For how long something is claimed at first: twice what a call may take (see [`soon`]), and a second.
const CLAIM_MS: i64 = 2000;
/// How long whoever looks at a collection has before others look too.
const LOOK_MS: i64 = 2000;

/// A line to a server. Once it is told so, it loses the answer to the next claim, and ends that connection.
struct Line {
    port: u16,
    loses: Arc<AtomicBool>,
}

impl Line {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let loses = Arc::new(AtomicBool::new(false));
        let line = Self { port, loses: Arc::clone(&loses) };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
                let is_lost = Arc::new(AtomicBool::new(false));
                let both = [&client, &server].map(|end| end.try_clone().expect("a second end"));
                let (loses, loss) = (Arc::clone(&loses), Arc::clone(&is_lost));
                let [from, to] = both;
                pass(from, to, move |asked| {
                    // Claims alone name this key while something is to be lost.
                    let is_claim = asked.windows(6).any(|part| part == b"leases");
                    if is_claim && loses.swap(false, Ordering::SeqCst) {
                        loss.store(true, Ordering::SeqCst);
                    }
                    true
                });
                pass(server, client, move |_| !is_lost.load(Ordering::SeqCst));
            }
        });
        line
    }

    fn config(&self, clock: &Arc<ManualClock>) -> RedisConfig {
        config(format!("redis://127.0.0.1:{}", self.port), clock)
    }

    fn lose_the_next_answer(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    fn has_lost_it(&self) -> bool {
        !self.loses.load(Ordering::SeqCst)
    }
}

/// Passes on what comes, as long as it may be.
fn pass(mut from: TcpStream, mut to: TcpStream, may_pass: impl Fn(&[u8]) -> bool + Send + 'static) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if count == 0 || !may_pass(&buffer[..count]) || to.write_all(&buffer[..count]).is_err() {
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    });
}

fn config(url: String, clock: &Arc<ManualClock>) -> RedisConfig {
    RedisConfig { now: Some(clock.clone()), ..soon(url) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ran_out_is_given_to_another_soon() {
    let server = RedisServer::start(&[]);
    let clock = Arc::new(ManualClock::at(1_000_000_000));
    let line = Line::to(server.port);
    let lost = RedisState::new(connected(line.config(&clock)).await);
    let other = RedisState::new(connected(config(server.url(), &clock)).await);
    let runs_out = async || {
        let rules = rules(1000);
        lost.put(At { key: "k", rules: &rules }, "f", "1", Only::Any, None).await.expect("written");
        clock.advance(1000);
    };
    // From then on Redis knows the scripts.
    runs_out().await;
    let told = lost.claim_expired(10).await.expect("claimed");
    lost.settle(told[0].claim).await.expect("settled");
    runs_out().await;
    line.lose_the_next_answer();
    let told = bounded(lost.claim_expired(10)).await.unwrap_or_default();
    assert_eq!((told.len(), line.has_lost_it()), (0, true));
    assert_eq!(other.claim_expired(10).await.expect("asked").len(), 0, "it may be on its way");
    clock.advance(CLAIM_MS.max(LOOK_MS));
    let told = other.claim_expired(10).await.expect("claimed");
    assert_eq!(told.len(), 1);
    // And that one has as long as it takes.
    clock.advance(CLAIM_MS.max(LOOK_MS));
    eventually("the first is back", async || bounded(lost.len("k")).await.is_ok()).await;
    assert_eq!(lost.claim_expired(10).await.expect("asked").len(), 0);
    other.settle(told[0].claim).await.expect("settled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_left_is_told_gone_soon() {
    let server = RedisServer::start(&[]);
    let clock = Arc::new(ManualClock::at(1_000_000_000));
    let line = Line::to(server.port);
    let rules = PresenceRules { lease_ms: 60_000, grace_ms: 1000 };
    let presence = RedisPresence::new(connected(line.config(&clock)).await, rules);
    presence.beat().await.expect("a beat");
    let leaves = async |user| {
        presence.enter(ROOM, user, 1, "1".into()).await.expect("entered");
        assert_eq!(presence.leave(ROOM, user, 1).await, Ok(Left::Still), "they may come back");
        clock.advance(rules.grace_ms);
    };
    // From then on Redis knows the scripts.
    leaves("ann").await;
    let gone = presence.gone(10).await.expect("claimed");
    presence.settle_gone(gone[0].claim).await.expect("settled");
    leaves("bob").await;
    line.lose_the_next_answer();
    assert!(bounded(presence.gone(10)).await.is_err());
    assert!(line.has_lost_it());
    eventually("it is back", async || bounded(presence.count(ROOM)).await.is_ok()).await;
    clock.advance(CLAIM_MS);
    let gone = presence.gone(10).await.expect("claimed");
    assert_eq!(gone.iter().map(|one| &*one.user).collect::<Vec<_>>(), ["bob"]);
    clock.advance(CLAIM_MS);
    assert_eq!(presence.gone(10).await.expect("asked"), [], "there is as long as it takes");
    presence.settle_gone(gone[0].claim).await.expect("settled");
}
