//! The working directory as Falco shows it: as the process spelled it, kept while the kernel's path says that it still is
//! that directory.

use sensor_common::{Slice, Source, abi::PATH_BYTES, event::File, syscalls, tail::flag};

use super::{Entry, Place, Process, State};
use crate::{
    decode::Record,
    enrich::{path, process::Bytes},
};

/// `Row::nr` of chdir.
const CHDIR: u16 = 80;
/// `Row::nr` of fchdir.
const FCHDIR: u16 = 81;

impl State {
    /// Keeps the working directory right: by chdir and fchdir, and by the directory that any record with a relative name
    /// tells. After chdir to an absolute name no record says yet which directory that is; the next one does.
    pub(super) fn follow_directory(&mut self, record: &Record<'_>, file: &File, place: Place) {
        let told = file.base.iter().find(|base| base.source == Source::Task as u8 && is_whole(base));
        let told = told.and_then(|base| record.text(base));
        let is_done = file.call.ret == 0;
        let nr = syscalls::row(record.prefix.header.slot).map(|row| row.nr);
        let Some(Entry { process, pwd }) = self.table.get_mut(place) else { return };
        match nr {
            Some(CHDIR) if is_done => {
                let spelled = record.text(&file.name[0]).filter(|_| is_whole(&file.name[0]));
                process.cwd = spelled.and_then(|name| spelled_cwd(process.cwd.as_deref(), name));
                *pwd = None;
                observe(process, pwd, told);
            }
            Some(FCHDIR) if is_done => {
                process.cwd = None;
                *pwd = None;
                let told = record.text(&file.resolved).filter(|_| is_whole(&file.resolved));
                observe(process, pwd, told);
            }
            _ => observe(process, pwd, told),
        }
    }
}

/// The directory that chdir was given, absolute; `None` if that cannot be said, or not within a path's bounds.
fn spelled_cwd(cwd: Option<&[u8]>, name: &[u8]) -> Option<Bytes> {
    let base = if name.first() == Some(&b'/') { b"" } else { cwd? };
    let path = path::absolute(base, name);
    (path.len() <= PATH_BYTES).then(|| Bytes::from(path))
}

/// Sees the working directory as a kernel object's path. It takes the place of what was known, unless that is only
/// another name of it.
pub(super) fn observe(process: &mut Process, pwd: &mut Option<Bytes>, told: Option<&[u8]>) {
    let Some(told) = told.filter(|told| pwd.as_deref() != Some(*told)) else { return };
    let told = Bytes::from(told);
    if pwd.replace(Bytes::clone(&told)).is_some() || process.cwd.is_none() {
        process.cwd = Some(told);
    }
}

/// A path that is neither cut nor of another object.
fn is_whole(slice: &Slice) -> bool {
    slice.flags & (flag::TRUNCATED | flag::RACED | flag::UNREACHABLE) == 0
}
