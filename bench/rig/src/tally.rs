//! What was sent, and what became of it: how late it came, and whether it came once, in order, at all.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// How many may sit in a class.
pub(crate) const SEATS_MAX: u64 = 1024;

/// Where clients sit: client `n` has seat `n % seats` of class `n / seats`.
#[derive(Debug, Clone, Copy)]
struct Seating {
    seats: usize,
}

impl Seating {
    fn class(self, who: usize) -> usize {
        who / self.seats
    }

    fn seat(self, who: usize) -> usize {
        who % self.seats
    }
}

/// Every message has a number that its receivers see: which seat sent it, and how many that seat had sent before.
pub(crate) struct Tally {
    seating: Seating,
    began: Instant,
    /// By sender: when each was sent, in nanoseconds from the beginning.
    sent: Vec<Vec<u64>>,
    /// By receiver and seat: the number that is next.
    next: Vec<u32>,
    /// By receiver and seat: numbers that were passed over, as yet.
    missing: HashMap<usize, BTreeSet<u32>>,
    /// What is still to be heard, by everyone; and when something was heard last.
    owed: u64,
    heard_last: Instant,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
    pub(crate) delivered: u64,
    pub(crate) acked: u64,
    /// How often something was read, told apart by its time; and when that was last.
    reads: u64,
    read_last: Instant,
    /// Acks that said no.
    pub(crate) refused: u64,
    /// From sending to hearing, in nanoseconds.
    pub(crate) delivery: Histogram<u64>,
    pub(crate) ack: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new(clients: usize, seats: usize) -> Self {
        assert!(seats as u64 <= SEATS_MAX, "a number has no more places");
        let histogram = || Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("bounds are right");
        Self {
            seating: Seating { seats },
            began: Instant::now(),
            sent: vec![Vec::new(); clients],
            next: vec![0; clients * seats],
            missing: HashMap::new(),
            owed: 0,
            heard_last: Instant::now(),
            doubled: 0,
            disordered: 0,
            delivered: 0,
            acked: 0,
            reads: 0,
            read_last: Instant::now(),
            refused: 0,
            delivery: histogram(),
            ack: histogram(),
        }
    }

    /// The number of the sender's next message, which is sent now.
    pub(crate) fn send(&mut self, who: usize) -> u64 {
        let now = self.nanos(Instant::now());
        let sent = &mut self.sent[who];
        sent.push(now);
        self.owed += self.seating.seats as u64 - 1;
        (sent.len() as u64 - 1) * SEATS_MAX + self.seating.seat(who) as u64
    }

    /// What a client heard of somebody in its class; yields how many the sender had sent before.
    pub(crate) fn hear(&mut self, who: usize, number: u64, at: Instant) -> Option<u32> {
        let (count, seat) = ((number / SEATS_MAX) as u32, (number % SEATS_MAX) as usize);
        let sender = self.seating.class(who) * self.seating.seats + seat;
        let sent = *self.sent.get(sender)?.get(count as usize)?;
        let place = who * self.seating.seats + seat;
        let next = self.next[place];
        if count >= next {
            if count > next {
                self.missing.entry(place).or_default().extend(next..count);
            }
            self.next[place] = count + 1;
        } else if self.missing.get_mut(&place).is_some_and(|missing| missing.remove(&count)) {
            self.disordered += 1;
        } else {
            self.doubled += 1;
            return None;
        }
        self.delivered += 1;
        self.owed -= 1;
        self.heard_last = at;
        self.read(at);
        self.delivery.saturating_record(self.nanos(at).saturating_sub(sent));
        Some(count)
    }

    /// The ack of what a client sent under that number.
    pub(crate) fn ack(&mut self, who: usize, number: u64, is_success: bool, at: Instant) {
        self.acked += 1;
        self.read(at);
        self.refused += u64::from(!is_success);
        if let Some(sent) = self.sent[who].get((number / SEATS_MAX) as usize) {
            self.ack.saturating_record(self.nanos(at).saturating_sub(*sent));
        }
    }

    fn read(&mut self, at: Instant) {
        self.reads += u64::from(at != self.read_last);
        self.read_last = at;
    }

    /// How many reads one message took; less than one where several came together.
    pub(crate) fn reads_each(&self) -> f64 {
        self.reads as f64 / (self.delivered + self.acked).max(1) as f64
    }

    /// From now on counts begin anew; what is under way is still heard.
    pub(crate) fn begin_window(&mut self) {
        (self.delivered, self.acked, self.refused, self.reads) = (0, 0, 0, 0);
        self.heard_last = Instant::now();
        self.delivery.reset();
        self.ack.reset();
    }

    /// Whether everything that was sent was heard.
    pub(crate) fn is_all_heard(&self) -> bool {
        self.owed == 0
    }

    /// How long nothing was heard.
    pub(crate) fn silent_for(&self) -> Duration {
        self.heard_last.elapsed()
    }

    /// How many messages were never heard by somebody who is still there and in the sender's class, and not the sender.
    pub(crate) fn lost(&self, is_there: impl Fn(usize) -> bool) -> u64 {
        let mut lost = 0;
        for who in (0..self.sent.len()).filter(|who| is_there(*who)) {
            let class = self.seating.class(who) * self.seating.seats;
            for seat in (0..self.seating.seats).filter(|seat| class + seat != who) {
                let sent = self.sent.get(class + seat).map_or(0, Vec::len) as u64;
                let place = who * self.seating.seats + seat;
                let passed = self.missing.get(&place).map_or(0, BTreeSet::len) as u64;
                lost += sent - u64::from(self.next[place]) + passed;
            }
        }
        lost
    }

    /// How many a client has sent.
    pub(crate) fn sent_by(&self, who: usize) -> usize {
        self.sent[who].len()
    }

    fn nanos(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_nanos() as u64
    }
}

/// A percentile in milliseconds.
pub(crate) fn millis(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    histogram.value_at_percentile(percentile) as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_counted() {
        let mut tally = Tally::new(2, 2);
        let numbers: Vec<u64> = (0..5).map(|_| tally.send(0)).collect();
        let at = Instant::now();
        for heard in [0, 2, 1, 1] {
            tally.hear(1, numbers[heard], at);
        }
        assert_eq!((tally.delivered, tally.disordered, tally.doubled), (3, 1, 1));
        assert_eq!(tally.lost(|_| true), 2, "the last two");
        assert_eq!(tally.lost(|who| who != 1), 0, "who went is not owed");
        tally.hear(1, numbers[4], at);
        assert_eq!(tally.lost(|_| true), 1);
    }
}
