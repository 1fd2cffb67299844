//! Recorded acts of the bundled rules (tests/golden) give, replayed without any privilege, the alerts that stand beside
//! them, to the letter. `SAKER_GOLDEN=write` writes those instead; `cargo xtask golden` (root) records anew.

#![expect(clippy::expect_used, reason = "a binary that cannot be run fails its test")]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const CONFIG: &str = "json_output: true\nstdout_output: {enabled: true}\nlog_syslog: false\n";
/// Each recording, and the rules whose acts it has.
const RECORDINGS: [(&str, &[&str]); 2] = [
    ("host", &["Fileless execution via memfd", "Read sensitive file untrusted", "Run shell untrusted"]),
    (
        "container",
        &[
            "Clear log activities",
            "Contact K8S API Server From Container",
            "Container escape via privileged mount",
            "Crypto mining outbound connection",
            "Fileless execution via memfd",
            "Modify binary directories",
            "Read sensitive file untrusted",
            "Run shell untrusted",
            "Terminal shell in container",
            "Write below etc",
            "Write below root",
            "Write to /etc/hosts in container",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn replay(recording: &Path) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let config = dir.path().join("saker.yaml");
    fs::write(&config, CONFIG).expect("writes");
    let mut command = Command::new(env!("CARGO_BIN_EXE_saker"));
    command.arg("replay").arg(recording).arg("-c").arg(config);
    command.arg("-r").arg(root().join("deploy/rules/saker_rules.yaml")).env("TZ", "UTC");
    let output = command.output().expect("runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", recording.display());
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn recorded_acts_give_the_same_alerts() {
    for (name, rules) in RECORDINGS {
        let recording = root().join("tests/golden").join(name).with_extension("rec");
        let alerts = replay(&recording);
        let found: BTreeSet<&str> = alerts
            .lines()
            .filter_map(|line| line.split_once(r#""rule":""#)?.1.split_once('"').map(|(rule, _)| rule))
            .collect();
        assert_eq!(found, rules.iter().copied().collect(), "{name}: the rules that fire");
        let expected = recording.with_extension("jsonl");
        if env::var_os("SAKER_GOLDEN").is_some_and(|mode| mode == "write") {
            fs::write(&expected, &alerts).expect("writes");
        }
        let expected = fs::read_to_string(&expected).expect("expected alerts");
        for (index, (line, expected)) in alerts.lines().zip(expected.lines()).enumerate() {
            assert_eq!(line, expected, "{name}, alert {}", index + 1);
        }
        assert_eq!(alerts.lines().count(), expected.lines().count(), "{name}: number of alerts");
    }
}
