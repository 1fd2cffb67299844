//! The Prometheus text of `/metrics`, read as far as the tests need it.

use std::collections::BTreeSet;

/// One scrape.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Metrics {
    /// Reads the exposition; lines that are no samples are comments.
    pub fn parse(text: &str) -> Self {
        Self { samples: text.lines().filter_map(sample).collect() }
    }

    /// Sum of a metric's samples that have all these labels; 0 without one.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let has = |sample: &Sample, (name, value): &(&str, &str)| {
            sample.labels.iter().any(|(own, is)| own == name && is == value)
        };
        let chosen = self.samples.iter().filter(|sample| sample.name == name);
        chosen.filter(|sample| labels.iter().all(|label| has(sample, label))).map(|s| s.value as u64).sum()
    }

    /// Values that a label has anywhere in the scrape.
    pub fn values(&self, label: &str) -> BTreeSet<&str> {
        let labels = self.samples.iter().flat_map(|sample| &sample.labels);
        labels.filter(|(name, _)| name == label).map(|(_, value)| value.as_str()).collect()
    }
}

/// `name{label="value",...} number`; no label value of ours holds a quote or a comma.
fn sample(line: &str) -> Option<Sample> {
    if line.starts_with('#') {
        return None;
    }
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let pairs = labels.trim_end_matches('}').split("\",").filter_map(|pair| pair.split_once("=\""));
    let labels = pairs.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
    Some(Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_labels() {
        let text = "# HELP a x\na_total{s=\"open\",r=\"full\"} 3\na_total{r=\"abi\",s=\"open\"} 4\nb 2.0\n";
        let metrics = Metrics::parse(text);
        for (name, labels, sum) in [
            ("a_total", &[("s", "open")][..], 7),
            ("a_total", &[("s", "open"), ("r", "full")], 3),
            ("a_total", &[("s", "close")], 0),
            ("b", &[], 2),
            ("c", &[], 0),
        ] {
            assert_eq!(metrics.sum(name, labels), sum, "{name} {labels:?}");
        }
        assert_eq!(metrics.values("r"), BTreeSet::from(["abi", "full"]));
    }
}
