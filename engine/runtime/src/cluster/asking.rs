//! Orders to all servers, and their answers: what an operator wants done or known everywhere.
//!
//! An order goes out on one channel that every server listens to; each answers on the channel of the server that asked. Who
//! is expected to answer stands in a roll that is kept elsewhere, and who has not answered in time is named, so that
//! "everywhere" is never said of some.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc;

use super::channels::{SERVERS, of_server};
use super::frame::Said;
use super::{Cluster, HEARD_MAX};
use crate::engine::{Engine, Inner};
use crate::orders::Order;
use crate::trace::TraceId;

/// How many orders may wait for answers at once.
const ASKED_MAX: usize = 256;

/// How long a server counts as there that was heard and does not stand in the roll: it may have left, or the roll may not know
/// that it is still there.
const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// How long such a server is waited for; it is not named if it does not answer.
const DOUBT_WITHIN: Duration = Duration::from_millis(200);

/// How many servers are remembered as heard.
const SERVERS_MAX: usize = 1024;

/// Knows which servers there are.
pub trait Roll: Send + Sync {
    /// Their numbers, this one's included; `None` if that cannot be told now. What it waits for is bounded.
    fn servers(&self) -> BoxFuture<'_, Option<Vec<u64>>>;
}

/// What other servers answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// The answers that came.
    pub came: Vec<Value>,
    /// The names of servers that did not answer in time.
    pub silent: Vec<String>,
    /// Which servers there are could not be asked, so that some may be missing that are not named.
    pub unknown: bool,
}

impl Answers {
    /// Whether every other server has answered.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.silent.is_empty() && !self.unknown
    }
}

type Told = (u64, Value);

/// Orders that wait for answers, by number.
#[derive(Default)]
pub(super) struct Asked {
    waiting: Mutex<HashMap<u64, mpsc::UnboundedSender<Told>>>,
}

/// How many connections of this server each of the latest emissions of others reached.
#[derive(Default)]
pub(super) struct Counted {
    latest: VecDeque<(u64, u64, usize)>,
}

/// When each server was last heard.
#[derive(Default)]
pub(super) struct Voices {
    heard: Mutex<HashMap<u64, Instant>>,
}

impl Voices {
    pub(super) fn note(&self, server: u64) {
        let mut heard = self.heard.lock();
        if heard.len() >= SERVERS_MAX && !heard.contains_key(&server) {
            heard.retain(|_, at| at.elapsed() < HEARD_WITHIN);
        }
        if heard.len() < SERVERS_MAX || heard.contains_key(&server) {
            heard.insert(server, Instant::now());
        }
    }

    /// Those that were heard lately and are not among these.
    fn beside(&self, known: &BTreeSet<u64>) -> BTreeSet<u64> {
        let heard = self.heard.lock();
        let lately = heard.iter().filter(|(_, at)| at.elapsed() < HEARD_WITHIN).map(|(server, _)| *server);
        lately.filter(|server| !known.contains(server)).collect()
    }
}

/// Takes an order back when nobody waits any more.
struct Waiting<'c> {
    cluster: &'c Cluster,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.cluster.asked.waiting.lock().remove(&self.number);
    }
}

impl Cluster {
    /// Listens to what is said to all servers, and to this one.
    pub(crate) fn listen(&self) {
        self.bus.subscribe(SERVERS);
        self.bus.subscribe(&of_server(self.server));
    }

    /// How others call this server.
    pub(crate) fn name(&self) -> String {
        name(self.server)
    }

    /// Waits until what was published has left. Yields whether all of it did, but for what was lost before.
    pub(crate) async fn has_left(&self, dropped_before: u64) -> bool {
        if !self.bus.status().connected {
            return false;
        }
        let flushed = self.bus.flushed().await;
        let status = self.bus.status();
        flushed && status.connected && status.dropped == dropped_before
    }

    async fn ask(&self, order: &str, within: Duration, trace: TraceId) -> Answers {
        let others = match &self.roll {
            Some(roll) => roll.servers().await,
            None => None,
        };
        let unknown = others.is_none();
        let mut expected: BTreeSet<u64> = others.unwrap_or_default().into_iter().collect();
        expected.remove(&self.server);
        let doubtful = self.voices.beside(&expected);
        let mut hearing = Hearing { expected, doubtful, came: Vec::new() };
        if hearing.is_over() && !unknown {
            return Answers::default();
        }
        // Answers are few: one of each server.
        let (sender, mut told) = mpsc::unbounded_channel();
        let number = self.next_number();
        {
            let mut waiting = self.asked.waiting.lock();
            if waiting.len() >= ASKED_MAX {
                return hearing.answers(unknown);
            }
            waiting.insert(number, sender);
        }
        let _waiting = Waiting { cluster: self, number };
        self.publish_as(number, "", &[SERVERS.to_owned()], &Said::Ask { order }, trace);
        hearing.until(&mut told, within, |hearing| !unknown && hearing.expected.is_empty()).await;
        hearing.until(&mut told, DOUBT_WITHIN, |hearing| hearing.doubtful.is_empty()).await;
        hearing.answers(unknown)
    }
}

/// Who has answered an order, and who has not yet.
struct Hearing {
    expected: BTreeSet<u64>,
    /// Those that were heard lately, and of which nobody says that they are there.
    doubtful: BTreeSet<u64>,
    came: Vec<Value>,
}

impl Hearing {
    fn is_over(&self) -> bool {
        self.expected.is_empty() && self.doubtful.is_empty()
    }

    async fn until(
        &mut self,
        told: &mut mpsc::UnboundedReceiver<Told>,
        within: Duration,
        is_over: impl Fn(&Self) -> bool + Send,
    ) {
        let all = async {
            while !is_over(self) {
                let Some((server, answer)) = told.recv().await else { break };
                self.expected.remove(&server);
                self.doubtful.remove(&server);
                self.came.push(answer);
            }
        };
        let _ = tokio::time::timeout(within, all).await;
    }

    fn answers(self, unknown: bool) -> Answers {
        Answers { came: self.came, silent: self.expected.into_iter().map(name).collect(), unknown }
    }
}

fn name(server: u64) -> String {
    format!("{server:016x}")
}

impl Engine {
    /// Gives an order to the other servers and waits for their answers, so long at most. Without other servers there are
    /// none.
    pub async fn ask_others(&self, order: &Order, within: Duration) -> Answers {
        let Some(cluster) = &self.inner.stores.cluster else { return Answers::default() };
        match serde_json::to_string(order) {
            Ok(order) => cluster.ask(&order, within, self.inner.traces.next()).await,
            Err(_) => Answers { unknown: true, ..Answers::default() },
        }
    }

    /// Does what another server asks, and answers it.
    pub(super) async fn answer(&self, server: u64, number: u64, order: &str, trace: TraceId) {
        let Some(cluster) = &self.inner.stores.cluster else { return };
        // What this server does not understand it does not answer, and so is named among the silent.
        let Ok(order) = serde_json::from_str::<Order>(order) else { return };
        let answer = self.obey(&order, Some(server)).await.to_string();
        cluster.publish("", &[of_server(server)], &Said::Tell { number, answer: &answer }, trace);
    }
}

impl Inner {
    pub(super) fn told(&self, server: u64, number: u64, answer: &str) {
        let Some(cluster) = &self.stores.cluster else { return };
        let Ok(answer) = serde_json::from_str(answer) else { return };
        if let Some(waiting) = cluster.asked.waiting.lock().get(&number) {
            let _ = waiting.send((server, answer));
        }
    }

    /// Remembers for a while how many connections an emission of another server reached here.
    pub(crate) fn count(&self, server: u64, number: u64, sockets: usize) {
        let Some(cluster) = &self.stores.cluster else { return };
        let mut counted = cluster.counted.lock();
        counted.latest.push_back((server, number, sockets));
        if counted.latest.len() > HEARD_MAX {
            counted.latest.pop_front();
        }
    }

    /// How many connections of this server those emissions of a server reached.
    pub(crate) fn counted(&self, server: u64, numbers: &[u64]) -> usize {
        let Some(cluster) = &self.stores.cluster else { return 0 };
        let counted = cluster.counted.lock();
        let meant = counted.latest.iter().rev().filter(|one| one.0 == server && numbers.contains(&one.1));
        meant.map(|one| one.2).sum()
    }
}
