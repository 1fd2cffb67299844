//! A real helm, and the chart tried with it: lint, rendered against committed goldens, refusals of the schema, alerts
//! checked by promtool. The API server's opinion of the goldens is `cargo xtask cluster test`'s business.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::dirs::Dirs;
use crate::shell;

const MODULE: &str = "helm.sh/helm/v3/cmd/helm@v3.18.6";
/// A helm that `go install` has built would else take itself for a client of 1.20.
const KUBERNETES: &str = "1.34.0";

/// `--set` of a wrong value, and the words that must say so.
const REFUSED: &[(&str, &str)] = &[
    ("controller.kind=job", "at '/controller/kind': value must be one of 'daemonset'"),
    ("driver.kind=gvisor", "at '/driver/kind': value must be one of 'auto'"),
    ("driver.modernEbpf.bufSizePreset=11", "at '/driver/modernEbpf/bufSizePreset': maximum: got 11"),
    ("driver.seccompProfile.type=none", "at '/driver/seccompProfile/type': value must be one of"),
    ("falco.webserver.listen_port=0", "at '/falco/webserver/listen_port': minimum: got 0"),
    ("falco.priority=loud", "at '/falco/priority': value must be one of"),
    ("metrics.interval=1 hour", "at '/metrics/interval': '1 hour' does not match pattern"),
    ("collectors.containerEngine.engines.cri.sockets={run/x.sock}", "does not match pattern"),
    ("image.tag=15", "at '/image/tag': got number, want"),
];

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Write the goldens anew instead of comparing.
    #[arg(long)]
    write: bool,
}

/// Where the chart is.
pub(crate) fn chart(dirs: &Dirs) -> PathBuf {
    dirs.root.join("deploy/helm/saker")
}

/// Why there is no helm and none can be made.
pub(crate) fn missing(dirs: &Dirs) -> Option<String> {
    (find(dirs).is_none() && shell::find_in_path("go").is_none())
        .then(|| "helm is not installed, nor go, which could build it".to_owned())
}

/// A helm: the one on PATH, or built once.
pub(crate) fn helm(dirs: &Dirs) -> Result<PathBuf> {
    if let Some(found) = find(dirs) {
        return Ok(found);
    }
    go_install(dirs, MODULE)?;
    find(dirs).context("go install left no helm")
}

/// Builds a Go program into the cache.
fn go_install(dirs: &Dirs, module: &str) -> Result<()> {
    println!("will be built by go install: {module} into {}", dirs.tools().display());
    let mut go = Command::new("go");
    go.args(["install", module]).env("CGO_ENABLED", "0").env("GOBIN", dirs.tools().join("bin"));
    shell::run(&mut go)
}

fn find(dirs: &Dirs) -> Option<PathBuf> {
    let own = dirs.tools().join("bin/helm");
    shell::find_in_path("helm").or_else(|| shell::is_executable(&own).then_some(own))
}

/// Everything that needs no cluster.
pub(crate) fn check(dirs: &Dirs, options: &Options) -> Result<()> {
    let (helm, chart) = (helm(dirs)?, chart(dirs));
    shell::run(Command::new(&helm).args(["lint", "--quiet", "--strict"]).arg(&chart))?;
    let cases = cases(dirs)?;
    for (values, golden) in &cases {
        let rendered = shell::stdout(template(&helm, &chart).arg("--values").arg(values))?;
        if options.write {
            fs::write(golden, rendered).with_context(|| format!("cannot write {}", golden.display()))?;
        } else {
            compare(golden, &rendered)?;
        }
        alerts(&fs::read_to_string(golden)?).with_context(|| golden.display().to_string())?;
    }
    metrics(dirs)?;
    for (value, words) in REFUSED {
        let refused = shell::stdout(template(&helm, &chart).args(["--set", value]));
        let told = refused.err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(told.contains(words), "--set {value} is not refused with `{words}`, but: {told}");
    }
    println!("chart: {} goldens, {} refusals", cases.len(), REFUSED.len());
    Ok(())
}

fn template(helm: &Path, chart: &Path) -> Command {
    let mut command = Command::new(helm);
    command.args(["template", "falco"]).arg(chart).args([
        "--namespace",
        "falco",
        "--kube-version",
        KUBERNETES,
    ]);
    command
}

/// Values and golden of each case, by name.
pub(crate) fn cases(dirs: &Dirs) -> Result<Vec<(PathBuf, PathBuf)>> {
    let home = dirs.root.join("deploy/helm/tests");
    let mut cases = Vec::new();
    for entry in fs::read_dir(&home).with_context(|| format!("cannot list {}", home.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".values.yaml") {
            cases.push((path.clone(), home.join(format!("{name}.golden.yaml"))));
        }
    }
    cases.sort();
    Ok(cases)
}

fn compare(golden: &Path, rendered: &str) -> Result<()> {
    let expected = fs::read_to_string(golden).unwrap_or_default();
    let (mut ours, mut theirs) = (rendered.lines(), expected.lines());
    for number in 1.. {
        match (ours.next(), theirs.next()) {
            (None, None) => break,
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => bail!(
                "{}:{number}: the chart renders {:?}, the golden has {:?}; if that is meant: `cargo xtask chart --write`",
                golden.display(),
                ours.unwrap_or("nothing"),
                theirs.unwrap_or("nothing"),
            ),
        }
    }
    Ok(())
}

/// Every metric that alerts and dashboard ask for is one that a sensor tells: the table of its test has each sample.
fn metrics(dirs: &Dirs) -> Result<()> {
    let told = fs::read_to_string(dirs.root.join("sensor-agent/src/telemetry/metrics/tests.rs"))?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let told: BTreeSet<&str> = told.split(|c| !is_word(c)).collect();
    for file in ["templates/_alerts.tpl", "dashboards/saker.json"] {
        let text = fs::read_to_string(chart(dirs).join(file))?;
        let names = text.split(|c| !is_word(c));
        let names =
            names.filter(|word| ["saker_", "falcosecurity_"].iter().any(|prefix| word.starts_with(prefix)));
        let unknown: Vec<&str> = names.filter(|name| !told.contains(name)).collect();
        ensure!(unknown.is_empty(), "{file} asks for {unknown:?}, which no sensor tells");
    }
    Ok(())
}

/// The content of a `PrometheusRule` is what Prometheus itself reads.
fn alerts(rendered: &str) -> Result<()> {
    let documents = rendered.split("\n---\n").filter(|text| text.contains("\nkind: PrometheusRule\n"));
    for document in documents {
        let (_, spec) = document.split_once("\nspec:").context("a rule without spec")?;
        if shell::find_in_path("promtool").is_none() {
            println!("skipped: promtool is not installed: alerts are not checked");
            return Ok(());
        }
        let file = std::env::temp_dir().join(format!("saker-alerts-{}.yaml", std::process::id()));
        fs::write(&file, spec.trim_start_matches(' '))?;
        let checked = shell::stdout(Command::new("promtool").args(["check", "rules"]).arg(&file));
        fs::remove_file(&file)?;
        println!("{}", checked?.trim());
    }
    Ok(())
}
