//! The nodes of a Redis Cluster, and which of them has which slot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use redis::{Cmd, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::endpoint::Endpoint;
use super::node::{Failure, Node};

/// How often a key is followed to another node within one call.
const REDIRECTS_MAX: usize = 3;

/// How often the cluster is asked where slots are without a reason, and how often at most.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
const REFRESH_AT_MOST_EVERY: Duration = Duration::from_millis(100);

/// A node's address as the cluster spells it, `host:port`.
pub(super) type Place = Arc<str>;

/// A cluster, and the task that learns where its slots are.
pub(super) struct Cluster {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    seed: Endpoint,
    map: RwLock<Map>,
    stale: Notify,
}

#[derive(Default)]
struct Map {
    /// Ascending, without overlap: first slot, last slot, node.
    ranges: Vec<(u16, u16, Place)>,
    nodes: HashMap<Place, Arc<Node>>,
}

impl Map {
    fn place(&self, slot: u16) -> Option<&Place> {
        let at = self.ranges.partition_point(|(_, last, _)| *last < slot);
        self.ranges.get(at).filter(|(first, ..)| *first <= slot).map(|(.., place)| place)
    }
}

impl Cluster {
    /// Begins to look at the cluster from any of its nodes.
    pub(super) fn new(seed: Endpoint) -> Self {
        let shared = Arc::new(Shared { seed, map: RwLock::default(), stale: Notify::new() });
        let task = tokio::spawn(keep(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Does a command where the slot is.
    pub(super) async fn send(&self, slot: u16, command: &Cmd) -> Result<Value, Failure> {
        let mut node = {
            let map = self.shared.map.read();
            map.place(slot).and_then(|place| map.nodes.get(place)).cloned()
        };
        let mut asking = false;
        for _ in 0..=REDIRECTS_MAX {
            let Some(at) = node else { break };
            let within = self.shared.seed.config.call_timeout;
            let sent = tokio::time::timeout(within, at.send(command, asking)).await;
            match sent.unwrap_or(Err(Failure::TimedOut)) {
                Err(Failure::Moved(_, place)) => {
                    self.shared.stale.notify_one();
                    (node, asking) = (self.shared.node(&place), false);
                }
                Err(Failure::Ask(place)) => (node, asking) = (self.shared.node(&place), true),
                Err(failure) => {
                    if !matches!(failure, Failure::NoScript) {
                        self.shared.stale.notify_one();
                    }
                    return Err(failure);
                }
                Ok(value) => return Ok(value),
            }
        }
        self.shared.stale.notify_one();
        Err(Failure::Away("no node is known to have the slot".into()))
    }

    /// Where the masters are now; empty until the cluster was asked.
    pub(super) fn places(&self) -> Vec<Place> {
        let map = self.shared.map.read();
        let mut places: Vec<Place> = map.ranges.iter().map(|(.., place)| Arc::clone(place)).collect();
        places.sort();
        places.dedup();
        places
    }

    /// Which node has a slot.
    pub(super) fn place(&self, slot: u16) -> Option<Place> {
        self.shared.map.read().place(slot).cloned()
    }

    /// A node that is known.
    pub(super) fn node(&self, place: &str) -> Option<Arc<Node>> {
        self.shared.map.read().nodes.get(place).cloned()
    }

    /// The map may be wrong.
    pub(super) fn doubt(&self) {
        self.shared.stale.notify_one();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// The node at a place that the cluster named; made if it is new.
    fn node(&self, place: &str) -> Option<Arc<Node>> {
        if let Some(node) = self.map.read().nodes.get(place) {
            return Some(Arc::clone(node));
        }
        let (host, port) = split_place(place)?;
        let mut map = self.map.write();
        let node = map.nodes.entry(place.into()).or_insert_with(|| Arc::new(Node::new(self.seed.at(host, port))));
        Some(Arc::clone(node))
    }

    async fn refresh(&self) -> bool {
        let known: Vec<(Place, Arc<Node>)> =
            self.map.read().nodes.iter().map(|(place, node)| (Arc::clone(place), Arc::clone(node))).collect();
        let ask = redis::cmd("CLUSTER").arg("SLOTS").to_owned();
        for (place, node) in known {
            if let Ok(answer) = node.ask(&ask).await
                && self.adopt(&answer, split_place(&place).map(|(host, _)| host))
            {
                return true;
            }
        }
        for (host, port) in &self.seed.address.hosts {
            let Ok(mut connection) = self.seed.at(host, *port).connect(&self.seed.settings(), false).await else {
                continue;
            };
            let answer = ask.query_async::<Value>(&mut connection);
            if let Ok(Ok(answer)) = tokio::time::timeout(self.seed.config.call_timeout, answer).await
                && self.adopt(&answer, Some(host))
            {
                return true;
            }
        }
        false
    }

    /// Takes over what a node said of the slots; a node that does not know its own name is called as it was asked.
    fn adopt(&self, answer: &Value, asked: Option<&str>) -> bool {
        let Value::Array(ranges) = answer else { return false };
        let Some(mut ranges) = ranges.iter().map(|range| parse_range(range, asked)).collect::<Option<Vec<_>>>() else {
            return false;
        };
        if ranges.is_empty() {
            return false;
        }
        ranges.sort_by_key(|(first, ..)| *first);
        let mut map = self.map.write();
        let is_used = |place: &Place| ranges.iter().any(|(.., of)| of == place);
        map.nodes.retain(|place, _| is_used(place));
        for (.., place) in &ranges {
            if let Some((host, port)) = split_place(place) {
                map.nodes.entry(Arc::clone(place)).or_insert_with(|| Arc::new(Node::new(self.seed.at(host, port))));
            }
        }
        map.ranges = ranges;
        true
    }
}

async fn keep(shared: Arc<Shared>) {
    loop {
        let wait = if shared.refresh().await { REFRESH_EVERY } else { REFRESH_AT_MOST_EVERY };
        tokio::time::sleep(REFRESH_AT_MOST_EVERY).await;
        tokio::select! {
            () = shared.stale.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn split_place(place: &str) -> Option<(&str, u16)> {
    let (host, port) = place.rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}

/// One line of `CLUSTER SLOTS`: first slot, last slot, the master's host and port, then replicas.
fn parse_range(range: &Value, asked: Option<&str>) -> Option<(u16, u16, Place)> {
    let Value::Array(parts) = range else { return None };
    let number = |value: &Value| match value {
        Value::Int(number) => u16::try_from(*number).ok(),
        _ => None,
    };
    let Value::Array(master) = parts.get(2)? else { return None };
    let host = match master.first()? {
        Value::BulkString(host) if !host.is_empty() => std::str::from_utf8(host).ok()?,
        _ => asked?,
    };
    let place = format!("{host}:{}", number(master.get(1)?)?);
    Some((number(parts.first()?)?, number(parts.get(1)?)?, place.into()))
}
