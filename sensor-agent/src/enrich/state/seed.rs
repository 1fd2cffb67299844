//! Start: the processes that are there before the first record.

use sensor_common::task::flag::KTHREAD;

use super::{Entry, State};
use crate::{
    decode::{Body, DecodeError, Record},
    enrich::{host::ProcessFiles, process::Bytes},
};

impl State {
    /// Takes in what the task iterator told (records, one behind the other) and reads from `files` what it cannot tell.
    /// Gives the number of processes. To be called before the first record; it works without, because a process tells
    /// of itself with its first record, but then ancestors that never do anything again stay unknown.
    ///
    /// # Errors
    /// The first record that cannot be read; those before it are in.
    pub fn seed(&mut self, records: &[u8], files: &dyn ProcessFiles) -> Result<usize, DecodeError> {
        let mut rest = records;
        let mut n_processes = 0;
        while !rest.is_empty() {
            let (record, behind) = Record::parse_first(rest)?;
            rest = behind;
            if let Body::Process(told) = &record.body {
                let place = self.snapshot(&record, told);
                n_processes += 1;
                self.see_container(place, record.prefix.header.time_ns);
                self.see_roster(place, record.prefix.header.time_ns);
                if let Some(Entry { process, .. }) = self.table.get_mut(place)
                    && record.prefix.task.flags & KTHREAD == 0
                {
                    let tgid = process.key.tgid;
                    if let Some(argv) = files.argv(tgid).filter(|_| process.argv.is_none()) {
                        let name = Bytes::clone(&process.name);
                        process.set_command(&name, Some(argv));
                    }
                    process.env = process.env.take().or_else(|| files.env(tgid));
                }
            }
        }
        Ok(n_processes)
    }
}
