//! The metrics as one table, computed from a snapshot at each scrape; prometheus-client writes it out.
//!
//! Labels come from closed sets (syscall table, ledger reasons, programs, sinks) or from the operator's rule files;
//! nothing that a monitored process chooses becomes one.

mod falco;
mod saker;

use std::{collections::BTreeMap, fmt, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, prometheus_text},
    metrics::MetricType,
    registry::Registry,
};

use super::{Snapshot, float};
use crate::border::{Latency, latency::BOUNDS_MS};

/// What [`render`] returns, as a Content-Type.
pub(super) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Label names and values, in the order in which they are written.
type Labels = Vec<(String, String)>;

/// One row of the table: a metric with its samples.
struct Metric {
    /// Without the suffix that its type brings: `_total` of a counter, `_info` of an info.
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: BTreeMap<Labels, Sample>,
}

enum Sample {
    Counter(u64),
    /// Told in seconds.
    Time(Duration),
    Gauge(f64),
    Histogram(Latency),
    Info,
}

/// The exposition of `snapshot`.
pub(super) fn render(snapshot: Snapshot) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    // Writing to a string cannot fail.
    prometheus_text::encode(&mut text, &registry).unwrap_or_default();
    text
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let table = falco::table(self).into_iter().chain(saker::table(self));
        table.into_iter().try_for_each(|metric| metric.encode(&mut encoder))
    }
}

impl Metric {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        // Without a sample, nothing is known of it.
        if self.samples.is_empty() {
            return Ok(());
        }
        let mut metric = encoder.encode_descriptor(self.name, self.help, None, self.kind)?;
        self.samples.iter().try_for_each(|(labels, sample)| match sample {
            Sample::Counter(value) => {
                metric.encode_family(labels)?.encode_counter::<NoLabelSet, u64, u64>(value, None)
            }
            Sample::Time(total) => {
                let seconds = total.as_secs_f64();
                metric.encode_family(labels)?.encode_counter::<NoLabelSet, f64, u64>(&seconds, None)
            }
            Sample::Gauge(value) => metric.encode_family(labels)?.encode_gauge(value),
            Sample::Histogram(latency) => {
                let sum = float(latency.sum_ns) / 1e9;
                let count = latency.counts.iter().sum();
                let bounds = BOUNDS_MS.map(|ms| float(ms) / 1e3).into_iter().chain([f64::INFINITY]);
                let buckets: Vec<(f64, u64)> = bounds.zip(latency.counts).collect();
                metric.encode_family(labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
            Sample::Info => metric.encode_info(labels),
        })
    }
}

/// A counter without labels.
fn counter(name: &'static str, help: &'static str, value: u64) -> Metric {
    counters(name, help, [(Labels::new(), value)])
}

/// Samples of equal labels are added up: a series must stand once.
fn counters(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (Labels, u64)>,
) -> Metric {
    let mut sums = BTreeMap::<Labels, u64>::new();
    for (labels, value) in samples {
        *sums.entry(labels).or_default() += value;
    }
    let samples = sums.into_iter().map(|(labels, sum)| (labels, Sample::Counter(sum))).collect();
    Metric { name, help, kind: MetricType::Counter, samples }
}

/// A counter of seconds.
fn times(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (Labels, Duration)>,
) -> Metric {
    let samples = samples.into_iter().map(|(labels, total)| (labels, Sample::Time(total))).collect();
    Metric { name, help, kind: MetricType::Counter, samples }
}

/// A gauge without labels; left out when there is no value.
fn gauge(name: &'static str, help: &'static str, value: impl Into<Option<f64>>) -> Metric {
    gauges(name, help, value.into().map(|value| (Labels::new(), value)))
}

fn gauges(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (Labels, f64)>,
) -> Metric {
    let samples = samples.into_iter().map(|(labels, value)| (labels, Sample::Gauge(value))).collect();
    Metric { name, help, kind: MetricType::Gauge, samples }
}

/// Seconds.
fn histograms(
    name: &'static str,
    help: &'static str,
    samples: impl IntoIterator<Item = (Labels, Latency)>,
) -> Metric {
    let samples = samples.into_iter().map(|(labels, latency)| (labels, Sample::Histogram(latency))).collect();
    Metric { name, help, kind: MetricType::Histogram, samples }
}

/// Facts as labels of a metric that is always 1.
fn info(name: &'static str, help: &'static str, samples: impl IntoIterator<Item = Labels>) -> Metric {
    let samples = samples.into_iter().map(|labels| (labels, Sample::Info)).collect();
    Metric { name, help, kind: MetricType::Info, samples }
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
pub(super) mod tests;
