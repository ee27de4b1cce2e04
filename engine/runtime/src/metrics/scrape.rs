//! What is counted elsewhere, written down when it is asked for.

use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use homeroom_store::{TimedState, Timings};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::laps::Stage;
use super::meters::{EntryMeter, Meters, REACHED, SentMeter};
use super::page::{Page, float};
use super::process::Process;
use crate::bind::Bound;

/// One moment.
pub(crate) struct Scrape {
    pub(crate) bound: Arc<Bound>,
    /// How many events wait in each namespace.
    pub(crate) waiting: BTreeMap<Arc<str>, usize>,
    pub(crate) state: Arc<TimedState>,
    pub(crate) redis: Option<Arc<Timings>>,
}

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut page = Page(&mut encoder);
        let clients = |meters: &Meters| of_clients(meters).cloned().collect::<Vec<_>>();
        self.outcomes(&mut page, "homeroom_events", "Events of clients, by what became of them", clients)?;
        let services = |meters: &Meters| meters.backend.clone();
        self.outcomes(&mut page, "homeroom_backend_events", "Events of services, by what became of them", services)?;
        self.connects(&mut page)?;
        self.by_name(&mut page)?;
        self.waiting(&mut page)?;
        self.times(&mut page)?;
        self.stages(&mut page)?;
        self.sent(&mut page)?;
        self.fan_out(&mut page)?;
        self.stores(&mut page)?;
        Process::now().write(&mut page)
    }
}

impl Scrape {
    /// The namespaces in order, each with what is counted of it.
    fn namespaces(&self) -> Vec<(Arc<str>, &Meters)> {
        let found = |path: Arc<str>| Some((Arc::clone(&path), &*self.bound.namespace(&path)?.meters));
        self.bound.paths().into_iter().filter_map(found).collect()
    }

    fn outcomes(
        &self,
        page: &mut Page<'_, '_>,
        name: &str,
        help: &str,
        entries: impl Fn(&Meters) -> Vec<Arc<EntryMeter>>,
    ) -> Result<(), Error> {
        let mut events = page.counters(name, help)?;
        for (path, meters) in self.namespaces() {
            for entry in entries(meters) {
                for (outcome, count) in entry.outcomes() {
                    let labels = [("namespace", &*path), ("event", &*entry.name), ("outcome", &*outcome)];
                    events.counter(&labels, &count)?;
                }
            }
        }
        Ok(())
    }

    fn connects(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let mut connects = page.counters("homeroom_connects", "Clients at the door, by what became of them")?;
        for (path, meters) in self.namespaces() {
            for (outcome, count) in meters.connect.outcomes() {
                connects.counter(&[("namespace", &*path), ("outcome", &*outcome)], &count)?;
            }
        }
        Ok(())
    }

    fn by_name(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let mut all: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for (_, meters) in self.namespaces() {
            for entry in of_clients(meters) {
                let count = entry.outcomes().iter().map(|(_, count)| count).sum::<u64>();
                *all.entry(Arc::clone(&entry.name)).or_default() += count;
            }
            for event in of_server(meters) {
                *all.entry(Arc::clone(&event.name)).or_default() += event.counts()[0];
            }
        }
        let help = "Events by name: of clients, as they came, and of the server, each once to however many it was sent";
        let mut events = page.counters("websocket_events", help)?;
        all.iter().try_for_each(|(name, count)| events.counter(&[("event", &**name)], count))
    }

    fn waiting(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let help = "Events of clients that wait for those before them, or run";
        let mut waiting = page.gauges("homeroom_events_waiting", help)?;
        for (path, _) in self.namespaces() {
            let count = self.waiting.get(&path).copied().unwrap_or(0);
            waiting.gauge(&[("namespace", &*path)], &i64::try_from(count).unwrap_or(i64::MAX))?;
        }
        Ok(())
    }

    fn times(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let help = "How long events took from when they were begun until they were delivered, of some of them";
        let mut events = page.histograms("homeroom_event_seconds", help)?;
        for (path, meters) in self.namespaces() {
            for entry in of_clients(meters) {
                events.durations(&[("namespace", &*path), ("event", &*entry.name)], &entry.took)?;
            }
        }
        let mut events = page.histograms("homeroom_backend_event_seconds", "How long events of services took")?;
        for (path, meters) in self.namespaces() {
            for entry in &meters.backend {
                events.durations(&[("namespace", &*path), ("event", &*entry.name)], &entry.took)?;
            }
        }
        let mut connects =
            page.histograms("homeroom_connect_seconds", "How long it took to let a client in, or not")?;
        for (path, meters) in self.namespaces() {
            connects.durations(&[("namespace", &*path)], &meters.connect.took)?;
        }
        let help = "How long each stage of a client's event took, of some of them";
        let mut stages = page.histograms("homeroom_stage_seconds", help)?;
        for (path, meters) in self.namespaces() {
            for (stage, took) in Stage::ALL.into_iter().zip(&meters.all.stages) {
                stages.durations(&[("namespace", &*path), ("stage", stage.as_str())], took)?;
            }
        }
        Ok(())
    }

    /// Each event's stages, as sums alone: histograms of them would be thousands of series.
    fn stages(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let mut all = Vec::new();
        for (path, meters) in self.namespaces() {
            for entry in of_clients(meters) {
                let timed = entry.stages().filter(|(_, count, _)| *count > 0);
                all.extend(timed.map(|timed| (Arc::clone(&path), Arc::clone(&entry.name), timed)));
            }
        }
        let labels = |path, event, stage: Stage| [("namespace", path), ("event", event), ("stage", stage.as_str())];
        let help = "How long the stages of each event took together, of those events that were timed";
        let mut seconds = page.counters("homeroom_event_stage_seconds", help)?;
        for (path, event, (stage, _, took)) in &all {
            seconds.counter(&labels(&**path, &**event, *stage), took)?;
        }
        let mut timed = page.counters("homeroom_event_stages", "How many of each were timed")?;
        for (path, event, (stage, count, _)) in &all {
            timed.counter(&labels(&**path, &**event, *stage), count)?;
        }
        Ok(())
    }

    fn sent(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let families = [
            ("homeroom_emissions", "Server events that were sent to clients of this server"),
            ("homeroom_deliveries", "Connections that they were queued for"),
            ("homeroom_dropped", "Connections that had no place for them: passed over if it was volatile, else ended"),
        ];
        for (at, (name, help)) in families.into_iter().enumerate() {
            let mut events = page.counters(name, help)?;
            for (path, meters) in self.namespaces() {
                for event in of_server(meters) {
                    events.counter(&[("namespace", &*path), ("event", &*event.name)], &event.counts()[at])?;
                }
            }
        }
        Ok(())
    }

    fn fan_out(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let mut family = page.histograms("homeroom_fan_out", "How many connections a server event was queued for")?;
        for (path, meters) in self.namespaces() {
            let reached: u64 = of_server(meters).map(|event| event.counts()[1]).sum();
            let counts = meters.all.reached.each_ref().map(|count| count.load(Ordering::Relaxed));
            family.histogram(&[("namespace", &*path)], REACHED.map(float), &counts, float(reached))?;
        }
        Ok(())
    }

    fn stores(&self, page: &mut Page<'_, '_>) -> Result<(), Error> {
        let state: Vec<_> = self.state.timings().map(|(name, timings)| ([("operation", name)], timings)).collect();
        page.calls("homeroom_state", "what is remembered", &state)?;
        let queries = self.bound.queries.iter();
        let sql: Vec<_> =
            queries.map(|query| ([("query", &*query.name), ("file", &*query.file)], &query.timings)).collect();
        page.calls("homeroom_sql", "the database", &sql)?;
        match &self.redis {
            Some(redis) => page.calls("homeroom_redis", "Redis", &[([], &**redis)]),
            None => Ok(()),
        }
    }
}

fn of_clients(meters: &Meters) -> impl Iterator<Item = &Arc<EntryMeter>> {
    meters.client.iter().chain([&meters.unknown])
}

fn of_server(meters: &Meters) -> impl Iterator<Item = &Arc<SentMeter>> {
    meters.sent.iter().chain([&meters.sent_unknown])
}
