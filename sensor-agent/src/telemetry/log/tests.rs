//! Words of the configuration, and what a hostile value looks like.

use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(json: bool, level: LevelFilter, speak: impl FnOnce()) -> String {
    let memory = Memory::default();
    let writer = memory.clone();
    let options = Options { level, libraries: LevelFilter::INFO, json };
    let subscriber = subscriber(options, move || writer.clone());
    tracing::subscriber::with_default(subscriber, speak);
    String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
}

const HOSTILE: &str = "x\n2026-01-01T00:00:00Z ERROR forged\r\x1b[2J\u{9b}2J\u{2028}\"";

#[test]
fn levels() {
    let cases = [
        ("emergency", Some(LevelFilter::ERROR)),
        ("ERROR", Some(LevelFilter::ERROR)),
        ("warning", Some(LevelFilter::WARN)),
        ("notice", Some(LevelFilter::INFO)),
        ("Info", Some(LevelFilter::INFO)),
        ("debug", Some(LevelFilter::DEBUG)),
        ("loud", None),
    ];
    for (word, expected) in cases {
        assert_eq!(level(word), expected, "{word}");
    }
}

#[test]
fn a_value_cannot_end_the_line_or_reach_the_terminal() {
    for json in [false, true] {
        let text = written(json, LevelFilter::INFO, || {
            tracing::info!(path = HOSTILE, shown = %HOSTILE, "about {HOSTILE}");
            tracing::debug!("not at this level");
        });
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.ends_with('\n'));
        let line = text.trim_end_matches('\n');
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{2028}'), "{line}");
        assert!(line.contains("forged"), "{line}");
    }
}

#[test]
fn json_keeps_values_exactly() {
    let text = written(true, LevelFilter::INFO, || tracing::warn!(path = HOSTILE, "word"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["path"], HOSTILE);
    assert_eq!(value["message"], "word");
    assert_eq!(value["level"], "WARN");
}

#[test]
fn off_is_silent() {
    assert_eq!(written(false, LevelFilter::OFF, || tracing::error!("word")), "");
}

#[test]
fn libraries_say_as_much_as_they_are_asked_for() {
    let speak = || {
        tracing::debug!("own");
        tracing::info!(target: "kube_client::client", "asked for");
        tracing::debug!(target: "h2::codec", "not asked for");
        tracing::warn!(target: "hyper", "loud");
    };
    let said = |level| {
        let text = written(true, level, speak);
        let line = |line: &str| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_str().unwrap().to_owned()
        };
        text.lines().map(line).collect::<Vec<_>>()
    };
    assert_eq!(said(LevelFilter::DEBUG), ["own", "asked for", "loud"]);
    assert_eq!(said(LevelFilter::WARN), ["loud"], "no more than the agent itself");
    assert_eq!(said(LevelFilter::ERROR), [""; 0]);
}
