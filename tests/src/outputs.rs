//! Alert lines as they are written, taken apart: two runs are compared part by part, so that one field that differs does not
//! hide the rest of its line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What differs in every run, and the recording's placeholder for it.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let masks = [
        (r"^\d\d:\d\d:\d\d\.\d{9}: ", "<time>: "),
        (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+0000: ", "<date>+0000: "),
        (r"\bdev=[0-9A-F]+", "dev=<dev>"),
        (r"\bino=\d+", "ino=<ino>"),
    ];
    masks.into_iter().filter_map(|(mask, with)| Some((Regex::new(mask).ok()?, with))).collect()
});

/// What a rendered text begins with.
const TIMES: [&str; 2] = ["<time>: ", "<date>+0000: "];

/// Parts of a line: name and text. A name is that of a JSON key, or of a word in a rendered text up to its `=`.
type Parts = Vec<(String, String)>;

/// Alerts of a run in order, by their priority, which is one for each rule of the recording.
#[derive(Debug, Default)]
pub struct Alerts(BTreeMap<String, Vec<Parts>>);

impl Alerts {
    /// Takes the lines of standard output apart; what is no alert (closing statistics) is left out.
    pub fn parse(output: &str) -> Self {
        let mut alerts = Self::default();
        // The recording's placeholder of `evt.time` is no JSON.
        for line in output.replace(":<ns>", ":0").lines() {
            let alert = match serde_json::from_str::<Value>(line) {
                Ok(value) => json(&value),
                Err(_) => text(line).map(|(kind, parts)| (kind, [vec![layout(line)], parts].concat())),
            };
            if let Some((kind, parts)) = alert {
                alerts.0.entry(kind).or_default().push(parts);
            }
        }
        alerts
    }
}

/// Tells `differ` of each kind of alert, part (`NAME @LINE`), and both texts that differ; returns how many parts were compared and equal.
pub fn differences(
    theirs: &Alerts,
    ours: &Alerts,
    mut differ: impl FnMut(&str, &str, &str),
) -> (usize, usize) {
    let (mut compared, mut equal) = (0, 0);
    for kind in theirs.0.keys().chain(ours.0.keys()).collect::<BTreeSet<_>>() {
        let [was, is] = [theirs, ours].map(|alerts| alerts.0.get(kind).map_or(&[][..], Vec::as_slice));
        if was.len() != is.len() {
            differ(kind, "count", &format!("{} here {}", was.len(), is.len()));
            continue;
        }
        for (line, (was, is)) in was.iter().zip(is).enumerate() {
            let [was, is] = [was, is].map(|parts| parts.iter().cloned().collect::<BTreeMap<_, _>>());
            for name in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
                compared += 1;
                match (was.get(name), is.get(name)) {
                    (was, is) if was == is => equal += 1,
                    (was, is) => differ(kind, &format!("{name} @{line}"), &format!("{was:?} here {is:?}")),
                }
            }
        }
    }
    (compared, equal)
}

fn json(value: &Value) -> Option<(String, Parts)> {
    let object = value.as_object()?;
    let kind = object.get("priority")?.as_str()?.to_owned();
    let fields = object.get("output_fields").and_then(Value::as_object);
    let mut parts = vec![
        ("keys".to_owned(), object.keys().cloned().collect::<Vec<_>>().join(" ")),
        (
            "fields".to_owned(),
            fields.map_or_else(String::new, |fields| fields.keys().cloned().collect::<Vec<_>>().join(" ")),
        ),
    ];
    for (key, value) in object {
        match (key.as_str(), value) {
            ("hostname" | "time" | "output_fields", _) => {}
            ("output" | "message", Value::String(line)) => {
                parts.push((format!("{key} layout"), layout(line).1));
                let words = text(line).map_or_else(|| words(&mask(line)), |(_, words)| words);
                parts.extend(words.into_iter().map(|(name, word)| (format!("{key} {name}"), word)));
            }
            _ => parts.push((key.clone(), value.to_string())),
        }
    }
    let timed = |(key, _): &(&String, &Value)| !key.starts_with("evt.time");
    for (key, value) in fields.into_iter().flatten().filter(timed) {
        parts.push((key.clone(), mask(&value.to_string())));
    }
    Some((kind, parts))
}

/// Priority and words of a rendered text, or `None` where the text is no alert.
fn text(line: &str) -> Option<(String, Parts)> {
    let line = mask(line);
    let (kind, text) = TIMES.iter().find_map(|time| line.strip_prefix(time))?.split_once(' ')?;
    Some((kind.to_owned(), words(text)))
}

fn words(text: &str) -> Parts {
    let words = text.split(' ').enumerate().map(|(index, word)| match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (format!("word {index}"), word.to_owned()),
    });
    let mut named = Parts::new();
    for (name, word) in words {
        // A name that comes twice (of a field and of a parameter) is told apart by its turn.
        let turn = named.iter().filter(|(known, _)| known.split('#').next() == Some(&name)).count();
        named.push((if turn == 0 { name } else { format!("{name}#{turn}") }, word));
    }
    named
}

/// How the line as a whole is built: the time before it, and how many words it has.
fn layout(line: &str) -> (String, String) {
    let masked = mask(line);
    (
        "layout".to_owned(),
        format!("{} words, {:?}", masked.split(' ').count(), TIMES.map(|time| masked.starts_with(time))),
    )
}

fn mask(line: &str) -> String {
    MASKS.iter().fold(line.to_owned(), |line, (mask, with)| mask.replace_all(&line, *with).into_owned())
}
