//! A file under another name than its own: symbolic links hide no access, unless the configuration or the rule says that
//! only what was spelled counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;

use anyhow::{Result, ensure};
use saker_tests::alert::Alert;
use tempfile::TempDir;

use crate::setup;

const RULE: &str = "Secret read";
/// Ways to the file, below the directory: as it is spelled, and whether that is the file's own name.
const WAYS: &[(&str, bool)] = &[
    ("real/secret", true),
    ("real/./sub/../secret", true),
    ("link", false),
    ("link-to-link", false),
    ("directory/secret", false),
    // The kernel goes up from where the link leads, not from where it stands.
    ("hop/../secret", false),
];

#[test]
fn links_hide_no_access() -> Result<()> {
    if setup::is_skipped() {
        return Ok(());
    }
    let directory = TempDir::new()?;
    let top = directory.path().canonicalize()?;
    fs::create_dir_all(top.join("real/sub"))?;
    File::create(top.join("real/secret"))?;
    for (link, to) in
        [("link", "real/secret"), ("link-to-link", "link"), ("directory", "real"), ("hop", "real/sub")]
    {
        symlink(to, top.join(link))?;
    }
    let top = top.display();
    let mut ways: Vec<_> = WAYS.iter().map(|(way, is_own)| (format!("{top}/{way}"), *is_own)).collect();
    ways.push((format!("/proc/self/root{top}/real/secret"), false));
    let file = directory.path().join("rules.yaml");
    // The configuration, what the rule says, and whether other names than the file's own count.
    for (option, key, counts) in [
        ("resolved_paths=on", "", true),
        ("resolved_paths=off", "", false),
        ("resolved_paths=on", "  resolved_paths: off\n", false),
        ("resolved_paths=off", "  resolved_paths: on\n", true),
    ] {
        let rule = format!(
            "- rule: {RULE}\n  desc: d\n  condition: evt.type in (open, openat, openat2) and fd.name = {top}/real/secret\n  \
             output: '%fd.name %fd.nameraw'\n  priority: INFO\n{key}"
        );
        fs::write(&file, rule)?;
        let mut sensor = setup::sensor()?.rule_file(&file).option(option).ready()?;
        for (way, _) in &ways {
            File::open(way)?;
        }
        let alerts = sensor.until_fence()?;
        let told: BTreeMap<String, &Alert> = alerts.iter().map(|it| (it.field("fd.nameraw"), it)).collect();
        for (way, is_own) in &ways {
            let alert = told.get(way);
            ensure!(alert.is_some() == (*is_own || counts), "{option} {key}{way}: {alert:?}");
            let Some(alert) = alert else { continue };
            let name = if *is_own { "" } else { "resolved" };
            ensure!(alert.field("fd.matched_name") == name, "{way}: {alert:?}");
            ensure!(alert.field("fd.name") == format!("{top}/real/secret"), "{way}: {alert:?}");
        }
    }
    Ok(())
}
