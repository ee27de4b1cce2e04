//! Writing families of metrics whose numbers are kept elsewhere.

use std::fmt::Error;

use homeroom_store::{BOUNDS_US, Durations, Timings};
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// The labels of one series.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// Where families are written.
pub(super) struct Page<'p, 'e>(pub(super) &'p mut DescriptorEncoder<'e>);

/// A family that is being written.
pub(super) struct Series<'f>(MetricEncoder<'f>);

impl Page<'_, '_> {
    pub(super) fn counters<'s>(&'s mut self, name: &'s str, help: &'s str) -> Result<Series<'s>, Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Counter).map(Series)
    }

    pub(super) fn gauges<'s>(&'s mut self, name: &'s str, help: &'s str) -> Result<Series<'s>, Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge).map(Series)
    }

    pub(super) fn histograms<'s>(&'s mut self, name: &'s str, help: &'s str) -> Result<Series<'s>, Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Histogram).map(Series)
    }

    /// Calls of one kind: how many, how many that came to nothing, and how long they took.
    pub(super) fn calls<const N: usize>(
        &mut self,
        name: &str,
        of: &str,
        all: &[(Labels<'_, N>, &Timings)],
    ) -> Result<(), Error> {
        let (calls, failures, seconds) =
            (format!("{name}_calls"), format!("{name}_failures"), format!("{name}_seconds"));
        let asked = format!("How often {of} was asked");
        let mut calls = self.counters(&calls, &asked)?;
        for (labels, timings) in all {
            calls.counter(labels, &timings.asked())?;
        }
        let unanswered = format!("How often {of} did not answer");
        let mut failures = self.counters(&failures, &unanswered)?;
        for (labels, timings) in all {
            failures.counter(labels, &timings.failed())?;
        }
        let took = format!("How long answers of {of} took");
        let mut seconds = self.histograms(&seconds, &took)?;
        for (labels, timings) in all {
            seconds.durations(labels, &timings.took)?;
        }
        Ok(())
    }
}

impl Series<'_> {
    pub(super) fn counter<const N: usize>(
        &mut self,
        labels: &Labels<'_, N>,
        value: &impl EncodeCounterValue,
    ) -> Result<(), Error> {
        self.0.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(value, None)
    }

    pub(super) fn gauge<const N: usize>(
        &mut self,
        labels: &Labels<'_, N>,
        value: &impl EncodeGaugeValue,
    ) -> Result<(), Error> {
        self.0.encode_family(labels)?.encode_gauge(value)
    }

    pub(super) fn durations<const N: usize>(
        &mut self,
        labels: &Labels<'_, N>,
        durations: &Durations,
    ) -> Result<(), Error> {
        let counts = durations.counts();
        // What never happened would be most of the page.
        match counts.iter().any(|count| *count > 0) {
            true => self.histogram(labels, BOUNDS_US.map(|bound| float(bound) / 1e6), &counts, durations.seconds()),
            false => Ok(()),
        }
    }

    /// `counts`: of each bucket alone; the last is beyond all bounds.
    pub(super) fn histogram<const N: usize>(
        &mut self,
        labels: &Labels<'_, N>,
        bounds: impl IntoIterator<Item = f64>,
        counts: &[u64],
        sum: f64,
    ) -> Result<(), Error> {
        let buckets: Vec<(f64, u64)> = bounds.into_iter().chain([f64::INFINITY]).zip(counts.iter().copied()).collect();
        self.0.encode_family(labels)?.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }
}

/// A count as metrics have numbers.
pub(super) fn float(count: u64) -> f64 {
    count as f64
}
