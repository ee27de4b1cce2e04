//! What servers cost over a window.

use std::time::{Duration, Instant};

use super::Measures;
use crate::load::idle;
use crate::process::{Server, cpu_of};

pub(crate) struct Meter<'a> {
    servers: Vec<&'a Server>,
    redis: Option<&'a Server>,
    at: Instant,
    servers_cpu: Duration,
    redis_cpu: Duration,
    own_cpu: Duration,
}

impl<'a> Meter<'a> {
    pub(crate) fn start(servers: Vec<&'a Server>, redis: Option<&'a Server>) -> Self {
        let mut meter = Self {
            servers,
            redis,
            at: Instant::now(),
            servers_cpu: Duration::ZERO,
            redis_cpu: Duration::ZERO,
            own_cpu: Duration::ZERO,
        };
        (meter.servers_cpu, meter.redis_cpu, meter.own_cpu) = meter.cpu();
        meter.at = Instant::now();
        meter
    }

    fn cpu(&self) -> (Duration, Duration, Duration) {
        let servers = self.servers.iter().map(|server| server.cpu()).sum();
        (servers, self.redis.map_or(Duration::ZERO, Server::cpu), cpu_of(std::process::id()).saturating_sub(idle()))
    }

    /// Ends the window, in which so many events were done: how many a second, and what one cost.
    pub(crate) fn stop(self, events: u64, into: &mut Measures) {
        let seconds = self.at.elapsed().as_secs_f64();
        let (servers, redis, own) = self.cpu();
        let micros = |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() * 1e6;
        let percent = |now: Duration, before: Duration| micros(now, before) / seconds / 1e4;
        let each = events.max(1) as f64;
        into.insert("rate".into(), events as f64 / seconds);
        into.insert("cpu".into(), micros(servers, self.servers_cpu) / each);
        into.insert("busy".into(), percent(servers, self.servers_cpu));
        into.insert("load_busy".into(), percent(own, self.own_cpu));
        if self.redis.is_some() {
            into.insert("redis_cpu".into(), micros(redis, self.redis_cpu) / each);
        }
    }
}
