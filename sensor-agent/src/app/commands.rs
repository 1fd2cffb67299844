//! What the program does when it is asked for something else than running, and the way to running. The order in which
//! questions are answered is Falco's: the first that is asked wins.

mod ask;
mod describe;
mod doctor;
mod explain;
mod kernel;
mod lint;
mod manual;
mod plugins;
mod list_events;
mod record;
mod replay;
mod report;
mod service;
mod show;
mod support;
mod trace;
mod validate;
mod version;
mod wrap;
#[cfg(test)]
mod tests;

pub use report::{FileReport, Issue};

use std::{path::Path, time::Duration};

use self::{describe::Described, kernel::Kernel};
use super::{
    AppError,
    cli::{Cli, Command, ConfigCommand, Format},
    config::{self, Config, ConfigError, Engine, Surroundings},
    explain::Choice,
    files::{TextFile, Trust},
    load,
    output::{print, tell, text},
    rule_files, run,
    signal::Early,
    tuning,
};
use crate::{
    border::explain::Question,
    capture::CaptureError,
    context,
    rules::{self, Rule, fields},
};

/// Does what the command line asks for; `early` is for whoever runs until a signal.
pub fn run(cli: &Cli, early: Early) -> Result<(), AppError> {
    match &cli.command {
        Some(Command::Completion { shell }) => return print(&manual::completion(*shell)),
        Some(Command::Man) => return print(&manual::page()?),
        Some(Command::Service { action }) => return service::run(action),
        Some(Command::Config(ConfigCommand::Show { format, .. })) => return show(cli, *format),
        _ => {}
    }
    if cli.config_schema {
        return print(&format!("{:#}\n", config::schema()));
    }
    if cli.rule_schema {
        return print(&format!("{:#}\n", rules::file::schema::json()));
    }
    if cli.ignored {
        return print(&text(list_events::ignored));
    }
    if cli.list_events {
        return print(&text(|out| list_events::write(out, cli.format)));
    }
    let config = load_config(cli)?;
    match &cli.command {
        Some(Command::Doctor { trace: true, .. }) => return trace::trace(&config, cli.common.seconds),
        Some(Command::Doctor { trace: false, .. }) => return doctor(&config),
        Some(Command::Explain { rule, file: None, last, matches, process, limit, window, .. }) => {
            let for_ms = interval(window)?.as_millis().try_into().unwrap_or(u64::MAX);
            let (rule, process) = (rule.clone(), process.clone());
            let (last, limit, matches) = (*last, *limit, *matches);
            let question = Question { number: 0, rule, last, for_ms, limit, matches, process };
            return ask::ask(&config, &question);
        }
        Some(Command::Explain { rule, file: Some(file), event, matches, process, limit, .. }) => {
            let choice = Choice { event: *event, matches: *matches, process: process.clone(), limit: *limit };
            return explain::explain(&config, rule, file, choice);
        }
        Some(Command::Lint { files, deny_warnings, .. }) => {
            return lint::lint(&config, files, *deny_warnings);
        }
        Some(Command::Record { file, .. }) => return record::record(&config, file, cli.common.seconds),
        Some(Command::Replay { file, .. }) => return replay::replay(&config, file, cli.common.seconds),
        Some(Command::Tune { file: Some(file), out, .. }) => {
            return tuning::on_recording(&config, file, cli.common.seconds, out);
        }
        Some(Command::Tune { file: None, window, out, .. }) => return tune(cli, config, window, out, early),
        Some(Command::Config(_) | Command::Service { .. } | Command::Completion { .. } | Command::Man)
        | None => {}
    }
    if cli.version {
        return version(&config);
    }
    if cli.page_size {
        return print(&format!("Your system page size is: {}\n", rustix::param::page_size()));
    }
    if let Some(name) = &cli.plugin_info {
        return plugin_info(name);
    }
    if cli.list_plugins {
        return print(&text(plugins::list));
    }
    if let Some(source) = &cli.list {
        check_source(source)?;
        return print(&list(cli));
    }
    check_sources(cli)?;
    if !cli.validate.is_empty() {
        return validate(cli, &config);
    }
    if cli.describe_all || cli.describe.is_some() {
        return describe(cli, &config);
    }
    if cli.support {
        let values = config::effective(&Config::raw(&cli.common, &surroundings(cli))?);
        let files = read_rules(cli, &config)?;
        return print(&format!("{}\n", support::document(&values, &files)));
    }
    start(cli, &config, early)
}

/// Watches this host for a while, as a running sensor does.
fn tune(cli: &Cli, mut config: Config, window: &str, out: &Path, early: Early) -> Result<(), AppError> {
    let window = interval(window)?;
    config.tuning = Some(config::Tuning { window, out: out.to_owned(), is_only: true });
    config.stop_after = Some(config.stop_after.unwrap_or(window).min(window));
    let tuned = config.tuning.clone();
    let reread = || Ok(Config { tuning: tuned.clone(), ..load_config(cli)? });
    run::run(&config, cli.half, early, &reread)
}

fn interval(text: &str) -> Result<Duration, AppError> {
    config::interval(text).ok_or_else(|| AppError::Unknown { kind: "time", name: text.to_owned() })
}

/// Values first, also of a configuration with faults, which then are the error.
fn show(cli: &Cli, format: Format) -> Result<(), AppError> {
    let surroundings = surroundings(cli);
    let raw = Config::raw(&cli.common, &surroundings)?;
    print(&text(|out| show::write(out, &config::effective(&raw), format)))?;
    Config::new(raw, &surroundings)?.notices.iter().for_each(|notice| tell(notice));
    Ok(())
}

fn plugin_info(name: &str) -> Result<(), AppError> {
    let mut is_known = false;
    let info = text(|out| plugins::info(out, name).map(|known| is_known = known));
    if is_known { print(&info) } else { Err(AppError::Unknown { kind: "plugin", name: name.to_owned() }) }
}

/// Runs the sensor, or everything that comes before.
fn start(cli: &Cli, config: &Config, early: Early) -> Result<(), AppError> {
    if let Engine::Replay(file) = &config.engine {
        return replay::replay(config, file, cli.common.seconds);
    }
    config.require_output()?;
    if cli.dry_run {
        let files = read_rules(cli, config)?;
        let reports = load::reports(&files, &load::load(&files, config, 0));
        return report::failure(&reports).map_or(Ok(()), |report| Err(AppError::Rules { report }));
    }
    // An agent that runs and sees nothing is what nobody wants.
    if config.engine == Engine::None {
        return Err(ConfigError::NoSource.into());
    }
    if let Some(path) = cli.pidfile.as_ref().filter(|_| cli.half.is_none()) {
        std::fs::write(path, format!("{}", std::process::id()))
            .map_err(|source| AppError::Pidfile { path: path.clone(), source })?;
    }
    run::run(config, cli.half, early, &|| load_config(cli))
}

fn load_config(cli: &Cli) -> Result<Config, AppError> {
    Ok(Config::load(&cli.common, &surroundings(cli))?)
}

fn surroundings(cli: &Cli) -> Surroundings<'static> {
    Surroundings {
        variables: &|name| std::env::var(name).ok(),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        trust: trust(cli),
    }
}

/// Files decide what a running sensor sees; where nothing runs they may be anyone's.
fn trust(cli: &Cli) -> Trust {
    let is_question = cli.version
        || cli.list.is_some()
        || cli.page_size
        || cli.support
        || cli.list_plugins
        || cli.plugin_info.is_some()
        || cli.describe_all
        || cli.describe.is_some()
        || !cli.validate.is_empty()
        || matches!(
            cli.command,
            Some(
                Command::Config(_)
                    | Command::Doctor { .. }
                    | Command::Explain { .. }
                    | Command::Lint { .. }
                    | Command::Replay { .. }
            )
        );
    if is_question { Trust::Anyone } else { Trust::OwnerOnly }
}

/// The only event source of this version.
const SOURCE: &str = "syscall";

fn list(cli: &Cli) -> String {
    match (cli.names_only, cli.format) {
        (true, Format::Json) => {
            let names = fields::list::names();
            format!("{}\n", serde_json::json!({ "fieldnames": names.lines().collect::<Vec<_>>() }))
        }
        (true, _) => fields::list::names(),
        (false, Format::Json) => format!("{}\n", fields::list::json()),
        (false, Format::Markdown) => fields::list::markdown(),
        (false, Format::Text) => fields::list::text(cli.common.verbose),
    }
}

/// An empty name stands for all sources.
fn check_source(name: &str) -> Result<(), AppError> {
    let is_known = name.is_empty() || name == SOURCE;
    if is_known { Ok(()) } else { Err(AppError::Unknown { kind: "event source", name: name.to_owned() }) }
}

fn check_sources(cli: &Cli) -> Result<(), AppError> {
    cli.enable_source.iter().chain(&cli.disable_source).try_for_each(|source| check_source(source))?;
    if cli.disable_source.is_empty() { Ok(()) } else { Err(ConfigError::NoSource.into()) }
}

fn validate(cli: &Cli, config: &Config) -> Result<(), AppError> {
    config.notices.iter().for_each(|notice| tell(notice));
    tell("Validating rules file(s):");
    cli.validate.iter().for_each(|path| tell(&format!("   {}", path.display())));
    let files = rule_files::read_named(&cli.validate)?;
    let loaded = load::load(&files, config, 0);
    for caution in load::cautions(&loaded) {
        tell(&caution);
    }
    let is_described = (cli.describe_all || cli.describe.is_some()) && loaded.errors.is_empty();
    let description = is_described.then(|| load::describe(&files, config, cli.describe.as_deref()));
    validate::answer(&load::reports(&files, &loaded), config.outputs.format.json, description)
}

/// Reads the configured rules for a command that answers and ends; what the sensor would log is told at once.
fn read_rules(cli: &Cli, config: &Config) -> Result<Vec<TextFile>, AppError> {
    let files = rule_files::read(&config.rules, trust(cli))?;
    config.notices.iter().chain(&files.notices).for_each(|notice| tell(notice));
    Ok(files.files)
}

fn describe(cli: &Cli, config: &Config) -> Result<(), AppError> {
    let files = read_rules(cli, config)?;
    let loaded = load::load(&files, config, 0);
    if let Some(report) = report::failure(&load::reports(&files, &loaded)) {
        return Err(AppError::Rules { report });
    }
    let place = |rule: &Rule| {
        let path = files.get(rule.spot.file).map_or(Path::new("?"), |file| &file.path);
        let state = if rule.is_enabled { "enabled" } else { "disabled" };
        format!("{state}, {}:{}", path.display(), rule.spot.line)
    };
    let wanted = |rule: &&Rule| cli.describe.as_ref().is_none_or(|wanted| *wanted == rule.name);
    let rules = loaded.set.rules().iter().filter(wanted).map(|rule| Described {
        name: &rule.name,
        description: &rule.desc,
        note: cli.common.verbose.then(|| place(rule)),
    });
    let rules: Vec<_> = rules.collect();
    match &cli.describe {
        Some(name) if rules.is_empty() => Err(AppError::Unknown { kind: "rule", name: name.clone() }),
        only if config.outputs.format.json => {
            print(&format!("{}\n", load::describe(&files, config, only.as_deref())))
        }
        _ => print(&text(|out| describe::write(out, rules))),
    }
}

fn doctor(config: &Config) -> Result<(), AppError> {
    let kernel = Kernel::look(config.ring);
    print(&text(|out| doctor::write(out, &kernel, config.ring)))?;
    let runtimes = context::survey(&config.runtimes).unwrap_or_default();
    print(&text(|out| doctor::containers(out, &runtimes, kernel.reads_users())))?;
    print(&text(|out| doctor::rules(out, &leanings(config))))?;
    kernel.attached.map(drop).map_err(AppError::from)
}

/// What the configured rules ask for and do not get; nothing where there are none.
fn leanings(config: &Config) -> Vec<String> {
    let files = rule_files::read(&config.rules, Trust::Anyone);
    files.map_or(Vec::new(), |files| load::cautions(&load::load(&files.files, config, 0)))
}

/// Without permission to attach, or a kernel object to attach, there is an answer all the same; a kernel that refuses is an error.
fn version(config: &Config) -> Result<(), AppError> {
    let kernel = Kernel::look(config.ring);
    print(&if config.outputs.format.json {
        version::json(&kernel)
    } else {
        text(|out| version::write(out, &kernel))
    })?;
    match kernel.attached {
        Ok(_) | Err(CaptureError::NotPermitted { .. } | CaptureError::NoObject) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
