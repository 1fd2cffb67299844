//! The command line: Falco's flags as they are, and Saker's own commands beside them. Parsing only; what a flag means
//! to the configuration is `config`'s business.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use super::{AppError, supervisor::Half};

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(
    name = "saker",
    about = "Runtime security sensor: system calls in, Falco-compatible alerts out",
    disable_version_flag = true,
    disable_help_subcommand = true
)]
#[expect(clippy::struct_excessive_bools, reason = "flags, as Falco has them")]
pub struct Cli {
    /// Options that the commands share.
    #[command(flatten)]
    pub common: Common,
    /// Show the name and description of every rule and exit (everything about them with `json_output`).
    #[arg(short = 'L')]
    pub describe_all: bool,
    /// Show one rule and exit.
    #[arg(short = 'l', value_name = "RULE")]
    pub describe: Option<String>,
    /// List the fields a rule can use (of one event source) and exit.
    #[arg(long, value_name = "SOURCE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub list: Option<String>,
    /// With --list: names only.
    #[arg(short = 'N')]
    pub names_only: bool,
    /// Format of --list and --list-events.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Deprecated: --format markdown.
    #[arg(long, conflicts_with = "format", hide = true)]
    pub markdown: bool,
    /// Print the JSON schema of the configuration and exit.
    #[arg(long)]
    pub config_schema: bool,
    /// Print the JSON schema of rules files and exit.
    #[arg(long)]
    pub rule_schema: bool,
    /// List the plugins whose fields are built in and exit.
    #[arg(long)]
    pub list_plugins: bool,
    /// Describe one of them and exit.
    #[arg(long, value_name = "NAME")]
    pub plugin_info: Option<String>,
    /// Print versions, configuration and rules in JSON, for a question to the makers, and exit.
    #[arg(long)]
    pub support: bool,
    /// List the events and exit.
    #[arg(long)]
    pub list_events: bool,
    /// List the high-volume system calls that are left out unless a rule names them, and exit.
    #[arg(short = 'i')]
    pub ignored: bool,
    /// Validate a rules file and exit; may be repeated, later files see earlier ones.
    #[arg(short = 'V', long, value_name = "FILE")]
    pub validate: Vec<PathBuf>,
    /// Print version, kernel and what the sensor can use of it, and exit.
    #[arg(long)]
    pub version: bool,
    /// Print the page size and exit.
    #[arg(long)]
    pub page_size: bool,
    /// Do everything but watch: shows whether configuration and rules are right.
    #[arg(long)]
    pub dry_run: bool,
    /// Write the process id to this file.
    #[arg(short = 'P', long, value_name = "FILE")]
    pub pidfile: Option<PathBuf>,
    /// Use these event sources only; may be repeated.
    #[arg(long, value_name = "SOURCE", conflicts_with = "disable_source")]
    pub enable_source: Vec<String>,
    /// Do not use this event source; may be repeated.
    #[arg(long, value_name = "SOURCE")]
    pub disable_source: Vec<String>,
    /// Be a half of the agent: how it starts itself again.
    #[arg(long, value_name = "HALF", hide = true, global = true)]
    pub half: Option<Half>,
    /// Saker's own commands.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that may stand before or behind a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Common {
    /// Configuration file [default: /etc/saker/saker.yaml, then /etc/falco/falco.yaml].
    #[arg(short = 'c', value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Rules file or directory, instead of the configuration's; may be repeated.
    #[arg(short = 'r', value_name = "FILE")]
    pub rules: Vec<PathBuf>,
    /// Set one value of the configuration: `a.b=v`, `list[0].c=v`, `list[]=v`; may be repeated.
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// Stop after this many seconds.
    #[arg(short = 'M', value_name = "SECS", default_value_t = 0, hide_default_value = true)]
    pub seconds: u64,
    /// Flush each line at once.
    #[arg(short = 'U', long)]
    pub unbuffered: bool,
    /// Say more: types in --list, state and place in -L and -l, statistics at the end.
    #[arg(short = 'v')]
    pub verbose: bool,
    /// Deprecated: append to every rule's output (`c` and `k` do nothing: their fields are always suggested).
    #[arg(short = 'p', long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub print: Option<String>,
}

/// Saker's own commands.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Say what is configured.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a script that completes commands and options in this shell.
    Completion {
        /// bash, elvish, fish, powershell or zsh.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
    /// Say what this kernel offers, attach for real where permitted, and name what is degraded.
    Doctor {
        /// Print what the kernel programs trace (builds with the feature `trace`).
        #[arg(long)]
        trace: bool,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
    /// Show why a rule fires for the events of a recording or of the running agent, or does not: its condition with the
    /// value of each part.
    Explain {
        /// The rule's name.
        rule: String,
        /// A file that `record` wrote.
        #[arg(required_unless_present = "live")]
        file: Option<PathBuf>,
        /// Ask the running agent about the last events that the rule alerted for, and the events from now on.
        #[arg(long, conflicts_with_all = ["file", "event"])]
        live: bool,
        /// With --live: show so many of the last events first, as far as they are kept (10 of a rule at most).
        #[arg(long, value_name = "COUNT", default_value_t = 3, requires = "live")]
        last: usize,
        /// With --live: how long to watch then, an hour at most; `0s`: not at all.
        #[arg(long = "for", value_name = "TIME", default_value = "10s", requires = "live")]
        window: String,
        /// Show the event with this number only.
        #[arg(long, value_name = "NUMBER")]
        event: Option<u64>,
        /// Show events that match only.
        #[arg(long)]
        matches: bool,
        /// Show events of processes with this name only.
        #[arg(long, value_name = "NAME")]
        process: Option<String>,
        /// Show this many events at most; a recording's are all counted, the running agent's end there (100 at most).
        #[arg(long, value_name = "COUNT", default_value_t = 10)]
        limit: usize,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
    /// Say what is right in rules files and still not what was meant: rules that never fire, costly conditions.
    Lint {
        /// Rules files in load order [default: the configured ones].
        files: Vec<PathBuf>,
        /// Findings fail as errors do (exit code 1).
        #[arg(long)]
        deny_warnings: bool,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
    /// Record what the kernel side tells, for `replay`.
    Record {
        /// File to write.
        file: PathBuf,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
    /// Evaluate all rules and route nothing; say at the end which are noisy, and propose exceptions.
    Tune {
        /// How long to watch: `24h`, `90m`, `1h30m`. A signal ends it before.
        #[arg(long = "for", value_name = "TIME", default_value = "24h")]
        window: String,
        /// Directory for reports, one below it for each run.
        #[arg(long, value_name = "DIR", default_value = "saker-tune")]
        out: PathBuf,
        /// A file that `record` wrote, instead of this host: the proposal is tried on it.
        file: Option<PathBuf>,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
    /// Install or remove the systemd unit that runs this binary.
    Service {
        /// What to do.
        #[command(subcommand)]
        action: ServiceAction,
    },
    /// Run rules over a recorded file; needs no privilege.
    Replay {
        /// File to read.
        file: PathBuf,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
}

/// What is asked of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print every value in force and where it comes from.
    Show {
        /// How it is printed.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would show it as help")]
        common: Common,
    },
}

/// `saker service …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ServiceAction {
    /// Write the unit, and configuration and rules where there are none; enable and start it.
    Install {
        /// Write below this directory.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// Stop it and remove the unit; configuration and rules stay.
    Uninstall {
        /// Remove below this directory.
        #[arg(long, value_name = "DIR", default_value = "/")]
        root: PathBuf,
    },
    /// Show the unit.
    Print,
}

/// Format of listings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// For documentation.
    Markdown,
    /// For programs.
    Json,
}

impl Cli {
    /// Parses arguments; the first is the name it was called by (`saker`, or `falco`, which is the same). Options
    /// behind a command are added to those before it.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, AppError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let command = Self::command().override_usage(usage(arguments.first()));
        let mut matches = command.try_get_matches_from(arguments).map_err(AppError::Arguments)?;
        let mut cli = Self::from_arg_matches_mut(&mut matches).map_err(AppError::Arguments)?;
        if cli.markdown {
            cli.format = Format::Markdown;
        }
        let of_command = match &mut cli.command {
            Some(
                Command::Config(ConfigCommand::Show { common, .. })
                | Command::Doctor { common, .. }
                | Command::Explain { common, .. }
                | Command::Lint { common, .. }
                | Command::Record { common, .. }
                | Command::Replay { common, .. }
                | Command::Tune { common, .. },
            ) => std::mem::take(common),
            Some(Command::Service { .. } | Command::Completion { .. } | Command::Man) | None => {
                return Ok(cli);
            }
        };
        cli.common.extend(of_command);
        Ok(cli)
    }
}

/// Falco's tools look for `falco [OPTION...]`.
fn usage(called: Option<&OsString>) -> String {
    let called = called.and_then(|path| Path::new(path).file_name()).filter(|name| *name == "falco");
    let name = if called.is_some() { "falco" } else { "saker" };
    format!(
        "{name} [OPTION...]\n       {name} config show | doctor | lint [FILE...] | explain RULE FILE | explain RULE --live | record FILE | replay FILE | tune [FILE] [OPTION...]\n       {name} service install | uninstall | print"
    )
}

impl Common {
    fn extend(&mut self, later: Self) {
        self.config = later.config.or(self.config.take());
        self.rules.extend(later.rules);
        self.options.extend(later.options);
        self.seconds = later.seconds.max(self.seconds);
        self.unbuffered |= later.unbuffered;
        self.verbose |= later.verbose;
        self.print = later.print.or(self.print.take());
    }
}

#[cfg(test)]
mod tests;
