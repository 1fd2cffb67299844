//! Stands in for rooms that are built at the same time. Each item says what takes its place; this file goes when they
//! are there.

use std::{fs, io::Read};

use super::{AppError, commands::FileReport, config::Config, files::TextFile, recording::RecordedFiles};
use crate::{
    enrich::{
        host::{Host, ProcessFiles},
        process::Bytes,
    },
    rules::fields::Field,
};

const ENGINE: AppError = AppError::NotBuilt { what: "rule engine yet", how: "cargo xtask build" };

/// `rules::fields::TABLE`
pub(super) static FIELDS: &[Field] = &[];

/// What `rules::load` hands out, as the commands need it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// One report a file, in order.
    pub(super) reports: Vec<FileReport>,
    /// Name and description of each rule, in order.
    pub(super) rules: Vec<(String, String)>,
}

/// `rules::load(files, options, generation)`
pub(super) fn load(_files: &[TextFile], _config: &Config) -> Result<Loaded, AppError> {
    Err(ENGINE)
}

/// `run::run(config)`
pub(super) fn run(_config: Config) -> Result<(), AppError> {
    Err(ENGINE)
}

/// `pipeline::Pipeline::new(state, rules, out)`, and its `feed`.
pub(super) fn pipeline(_config: &Config, _host: Host, _files: RecordedFiles) -> Result<fn(&[u8]), AppError> {
    Err(ENGINE)
}

/// `enrich`'s own reader of host facts.
pub(super) fn host(config: &Config) -> Host {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Host { hostname: config.hostname.clone().unwrap_or(name), ..Host::default() }
}

/// `enrich`'s own reader of /proc.
#[derive(Debug)]
pub(super) struct ProcFiles;

impl ProcessFiles for ProcFiles {
    fn argv(&self, tgid: u32) -> Option<Bytes> {
        read(tgid, "cmdline")
    }

    fn env(&self, tgid: u32) -> Option<Bytes> {
        read(tgid, "environ")
    }
}

fn read(tgid: u32, file: &str) -> Option<Bytes> {
    let mut bytes = Vec::new();
    fs::File::open(format!("/proc/{tgid}/{file}")).ok()?.take(4096).read_to_end(&mut bytes).ok()?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Some(bytes.into())
}
