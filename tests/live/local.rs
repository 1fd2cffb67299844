//! People's local files: the names that they append to are there, and what they append counts.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use saker_tests::refusal::finish;
use saker_tests::sensor::SOON;
use saker_tests::stage::{Host, Stage, Step};
use tempfile::TempDir;

use crate::setup;

/// As it stands in runbooks.
const LOCAL: &str = r#"
- list: allowed_shell_containers
  items: [my-debug-pod]
  append: true

- macro: trusted_programs_reading_sensitive_files
  condition: or proc.name in (vault-agent, consul-template)
  append: true

- list: trusted_programs_reading_sensitive_files
  items: [backup-agent]
  append: true

- list: allowed_etc_writers
  items: []

- rule: Write to /etc/hosts in container
  desc: As a team writes it for itself
  condition: open_write and container and fd.name = /etc/hosts and not proc.name in (allowed_etc_writers)
  output: "hosts changed (image=%container.image.repository:%container.image.tag pod=%k8s.pod.name)"
  priority: WARNING
  tags: [network, mitre_defense_evasion]
"#;

const RULE: &str = "Read sensitive file untrusted";

#[test]
fn local_files_load_after_the_bundled_rules() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let (local, example) = (directory.path().join("local.yaml"), directory.path().join("example.yaml"));
    fs::write(&local, LOCAL)?;
    fs::write(&example, uncommented()?)?;
    let mut command = Command::new(setup::saker()?);
    for file in [&setup::bundled(), &local, &example] {
        command.arg("-V").arg(file);
    }
    let finished = finish(&mut command, SOON)?;
    ensure!(finished.status.success(), "{finished:?}");
    let first = finished.output.lines().next().unwrap_or_default();
    ensure!(first.ends_with("saker_rules.yaml: Ok"), "{finished:?}");
    Ok(())
}

#[test]
fn what_local_files_append_counts() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let local = directory.path().join("local.yaml");
    fs::write(&local, LOCAL)?;
    let mut sensor = setup::sensor()?.rule_file(setup::bundled()).rule_file(local).ready()?;
    let host = Host::new(setup::actor())?;
    for (program, is_told) in
        [("reader", true), ("vault-agent", false), ("backup-agent", false), ("sshd", false)]
    {
        let step = Step { program, act: &["read", "/etc/shadow"] };
        let alerts = sensor.observe(|mark| host.perform(&step, mark))?;
        let was_told = alerts.iter().any(|alert| alert.rule == RULE);
        ensure!(was_told == is_told, "{program}: {alerts:?}");
    }
    Ok(())
}

/// The example file with its comments taken away: the lines of YAML, not the sentences.
fn uncommented() -> Result<String> {
    let text = fs::read_to_string(setup::bundled().with_file_name("saker_rules.local.yaml"))?;
    let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
    let items = lines.filter(|line| line.starts_with("- ") || line.starts_with("  "));
    Ok(items.collect::<Vec<_>>().join("\n"))
}
