//! What fork, exec and first sight change.

use sensor_common::{Slice, Task, event::Process as Told};

use super::{Entry, Event, Place, Process, ProcessKey, Side, State, directory::observe, enter};
use crate::{
    decode::Record,
    enrich::process::{Bytes, comm},
};

impl State {
    /// Two events; the child is there in the second.
    pub(super) fn fork(&mut self, record: &Record<'_>, told: &Told, handle: &mut impl FnMut(&Event<'_>)) {
        let task = &record.prefix.task;
        let is_thread = task.tid != task.tgid;
        let caller = if is_thread { self.touch(task) } else { self.caller(task, told) };
        if let Some(entry) = self.table.get_mut(caller).filter(|_| is_thread) {
            entry.process.threads = entry.process.threads.saturating_add(1);
        }
        self.hand_out(record, Side::Caller, caller, handle);
        let child = if is_thread { caller } else { self.child(task, told, caller) };
        self.hand_out(record, Side::Child, child, handle);
    }

    /// Who called clone. It is not the parent after `CLONE_PARENT`; then only its tgid is told.
    fn caller(&mut self, task: &Task, told: &Told) -> Place {
        let parent = ProcessKey::parent_of(task);
        let is_parent = told.caller_tgid == 0 || told.caller_tgid == parent.tgid;
        let known = if is_parent { self.table.find(parent) } else { self.table.find_tgid(told.caller_tgid) };
        known.unwrap_or_else(|| {
            // The child is a copy of it, but for the ids. One whose start is not told makes way for its next record.
            let key = if is_parent { parent } else { ProcessKey { tgid: told.caller_tgid, start_ns: 0 } };
            let ids = Task { tgid: key.tgid, tid: key.tgid, start_ns: key.start_ns, ..*task };
            self.infer(&Task { ppid: 0, parent_start_ns: 0, ..ids })
        })
    }

    /// A new process: the caller's strings, its own ids.
    fn child(&mut self, task: &Task, told: &Told, caller: Place) -> Place {
        let mut process = Process::inferred(task, self.host.boot_epoch_ns);
        let mut pwd = None;
        if let Some(caller) = self.table.get(caller) {
            let from = &caller.process;
            pwd.clone_from(&caller.pwd);
            process = Process {
                name: Bytes::clone(&from.name),
                cmdline: Bytes::clone(&from.cmdline),
                exepath: from.exepath.clone(),
                argv: from.argv.clone(),
                env: from.env.clone(),
                cwd: from.cwd.clone(),
                cgroup: from.cgroup.clone(),
                container: from.container.clone(),
                entry: from.entry.clone(),
                is_inferred: from.is_inferred,
                ..process
            };
            // A thread may have had a comm of its own.
            process.set_command(comm(task), from.argv.clone());
        }
        process.facts = *told;
        if let Some(cgroup) = self.cgroups.get(task.cgroup_hierarchy, task.cgroup_id) {
            enter(&mut process, cgroup, task);
        }
        self.table.insert(Entry { process, pwd })
    }

    /// Everything but the identity is new. After an exec by another thread than the leader, that thread is the leader.
    pub(super) fn exec(&mut self, record: &Record<'_>, told: &Told) -> Place {
        let task = &record.prefix.task;
        let place = self.touch(task);
        self.move_to(record, told, place);
        let Some(Entry { process, pwd }) = self.table.get_mut(place) else { return place };
        process.exepath = exepath(record, told);
        process.env = strings(record, &told.env, Trim::Terminator);
        process.set_command(comm(task), strings(record, &told.argv, Trim::Terminator));
        observe(process, pwd, record.text(&told.cwd));
        process.facts = *told;
        process.threads = 1;
        process.is_inferred = false;
        self.settle(place, |process| match process.facts.vpid {
            1 => Bytes::default(),
            _ => process.argv.clone().unwrap_or_default(),
        });
        place
    }

    /// Notes how a process came into its container, if it is inside and that is not known.
    fn settle(&mut self, place: Place, entry: impl FnOnce(&Process) -> Bytes) {
        let is_inside = self.is_inside(place);
        let Some(Entry { process, .. }) = self.table.get_mut(place) else { return };
        if !is_inside {
            process.entry = None;
        } else if process.entry.is_none() {
            process.entry = Some(entry(process));
        }
    }

    /// A process as it is now: new, or what was known of it completed. The name is only changed if what runs is not what
    /// was known to run (an exec was lost), because comm may be a thread's or set by the process itself.
    pub(super) fn snapshot(&mut self, record: &Record<'_>, told: &Told) -> Place {
        let task = &record.prefix.task;
        let is_new = self.table.find(ProcessKey::of(task)).is_none();
        let place = self.touch(task);
        self.move_to(record, told, place);
        let Some(Entry { process, pwd }) = self.table.get_mut(place) else { return place };
        let exe = exepath(record, told);
        let argv = strings(record, &told.argv, Trim::Padding);
        let is_other =
            |known: &Option<Bytes>, now: &Option<Bytes>| known.is_some() && now.is_some() && known != now;
        let is_replaced = is_other(&process.exepath, &exe) || is_other(&process.argv, &argv);
        // Put together from a task alone: the leader's comm is better than that of the thread that was seen first.
        let is_unnamed = process.exepath.is_none() && task.tid == task.tgid;
        let name = if is_new || is_replaced || is_unnamed {
            Bytes::from(comm(task))
        } else {
            Bytes::clone(&process.name)
        };
        process.is_inferred |= is_replaced;
        process.exepath = exe.or(process.exepath.take());
        process.env = strings(record, &told.env, Trim::Padding).or(process.env.take());
        let argv = argv.or_else(|| process.argv.clone());
        process.set_command(&name, argv);
        observe(process, pwd, record.text(&told.cwd));
        process.facts = *told;
        if task.tid != task.tgid {
            process.facts.vtid = told.vpid;
        }
        self.settle(place, |_| Bytes::default());
        place
    }

    /// Learns the cgroup that a record spells out, and puts its process there.
    fn move_to(&mut self, record: &Record<'_>, told: &Told, place: Place) {
        let task = &record.prefix.task;
        let Some(leaf_first) = record.text(&told.cgroup) else { return };
        let cgroup = self.cgroups.learn(task.cgroup_hierarchy, task.cgroup_id, leaf_first);
        if let Some(entry) = self.table.get_mut(place) {
            enter(&mut entry.process, cgroup, task);
        }
    }
}

fn exepath(record: &Record<'_>, told: &Told) -> Option<Bytes> {
    let path = record.text(&told.exe)?;
    Some(Bytes::from(path.strip_suffix(b" (deleted)").unwrap_or(path)))
}

/// Which NULs at the end of argv and environment are no strings.
#[derive(Clone, Copy)]
pub(super) enum Trim {
    /// The last string's terminator, as exec lays it out.
    Terminator,
    /// All: a running process may have overwritten its strings with a shorter title.
    Padding,
}

pub(super) fn trimmed(mut bytes: &[u8], trim: Trim) -> &[u8] {
    while let Some(rest) = bytes.strip_suffix(&[0]) {
        bytes = rest;
        if matches!(trim, Trim::Terminator) {
            break;
        }
    }
    bytes
}

fn strings(record: &Record<'_>, slice: &Slice, trim: Trim) -> Option<Bytes> {
    record.text(slice).map(|bytes| Bytes::from(trimmed(bytes, trim)))
}
