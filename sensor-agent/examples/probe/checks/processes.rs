//! Processes: identity, what exec, fork and exit tell, cgroups, the start-up scan.

use std::{fs, os::unix::fs::MetadataExt};

use sensor_agent::decode::{Body, Record};
use sensor_common::{
    Task,
    event::{Process, exit},
};

use super::calls::Faults;
use crate::{Seen, acts::DIR};

/// Records in the iterator's output.
pub(crate) fn count(processes: &[u8]) -> u64 {
    let (mut rest, mut n) = (processes, 0);
    while let Ok((_, behind)) = Record::parse_first(rest) {
        (rest, n) = (behind, n + 1);
    }
    n
}

/// The scan holds this process and its parent, and nothing that cannot be read.
pub(crate) fn scan(processes: &[u8]) -> Vec<String> {
    let mut faults = Faults::default();
    let (mut rest, mut found, mut parent) = (processes, false, false);
    while let Ok((record, behind)) = Record::parse_first(rest) {
        rest = behind;
        let task = record.prefix.task;
        parent |= task.tgid == std::os::unix::process::parent_id();
        if task.tgid == std::process::id() {
            found = true;
            let Body::Process(process) = record.body else { continue };
            let exe = fs::read_link("/proc/self/exe").unwrap_or_default();
            let cwd = std::env::current_dir().unwrap_or_default();
            faults.text("scan exe", record.text(&process.exe), exe.to_str());
            faults.text("scan cwd", record.text(&process.cwd), cwd.to_str());
        }
    }
    faults.is("scan rest", rest.len(), 0);
    faults.is("scan found this process and its parent", (found, parent), (true, true));
    faults.0
}

/// The snapshot of the child in each of its records.
pub(crate) fn task(seen: &Seen, task: &Task, faults: &mut Faults) {
    let hex = |name: &str| seen.facts.get(name).and_then(|text| u64::from_str_radix(text, 16).ok());
    let number = |name: &str| seen.fact(name).map(|n| n as u32);
    faults.is("tid", task.tid, seen.child);
    faults.is("ppid", Some(task.ppid), number("PPid"));
    faults.is("uid", (task.uid, task.gid), (0, 0));
    faults.is("sid", Some(task.sid), number("NSsid"));
    faults.is("loginuid", Some(task.loginuid), number("loginuid"));
    faults.is("cap_effective", Some(task.cap_effective), hex("CapEff"));
    faults.is("cap_permitted", Some(task.cap_permitted), hex("CapPrm"));
    faults.is("cap_inheritable", Some(task.cap_inheritable), hex("CapInh"));
    faults.is("pid_ns", Some(task.pid_ns), number("pid_ns"));
    faults.is("mnt_ns", Some(task.mnt_ns), number("mnt_ns"));
    faults.is("net_ns", Some(task.net_ns), number("net_ns"));
    faults.is("user_ns", Some(task.user_ns), number("user_ns"));
    faults.is("comm", &task.comm[..6], b"probe\0");
}

/// Lifecycle of the child and of what it started.
pub(crate) fn lifecycle(seen: &Seen, faults: &mut Faults) {
    let exe = fs::read_link("/proc/self/exe").unwrap_or_default();
    let exe = exe.to_str().unwrap_or_default();
    let nofile = seen.fact("nofile").unwrap_or_default();
    let own = Own { exe, nofile, argv: b"/proc/self/exe\0noop\0two words\0\0", env: b"PROBE=1\0" };
    let argv0 = format!("{exe}\0act\0");
    let child = Own { argv: argv0.as_bytes(), env: b"", ..own };
    let noop = seen.fact("noop").unwrap_or_default() as u32;
    exec(seen, seen.child, &child, faults);
    exec(seen, noop, &own, faults);
    fork(seen, seen.child, std::process::id(), 0, faults);
    fork(seen, noop, seen.child, 0, faults);
    let cloned = seen.fact("cloned").unwrap_or_default() as u32;
    fork(seen, cloned, seen.child, 0x0002_0000 | 0x0400_0000 | 0x2000_0000 | 0x4000_0000, faults);
    ended(seen, seen.child, 0, faults);
    ended(seen, noop, 7 << 8, faults);
    ended(seen, seen.fact("killed").unwrap_or_default() as u32, 9, faults);
    ended(seen, cloned, 5 << 8, faults);
    threads(seen, faults);
    cgroups(seen, faults);
}

#[derive(Clone, Copy)]
struct Own<'a> {
    exe: &'a str,
    argv: &'a [u8],
    env: &'a [u8],
    nofile: u64,
}

fn only<'a>(
    records: impl Iterator<Item = (Record<'a>, Process)>,
    what: &str,
    faults: &mut Faults,
) -> Option<(Record<'a>, Process)> {
    let mut all: Vec<_> = records.collect();
    faults.is(what, all.len(), 1);
    all.pop()
}

fn exec(seen: &Seen, tgid: u32, own: &Own<'_>, faults: &mut Faults) {
    let execs = seen.records().filter_map(|record| match record.body {
        Body::Exec(process) if record.prefix.task.tgid == tgid => Some((record, process)),
        _ => None,
    });
    let Some((record, process)) = only(execs, &format!("execs of {tgid}"), faults) else { return };
    let status = fs::metadata(own.exe);
    faults.text("exec exe", record.text(&process.exe), Some(own.exe));
    faults.is("exec argv", record.text(&process.argv), Some(own.argv));
    faults.text("exec cwd", record.text(&process.cwd), Some(DIR));
    if !own.env.is_empty() {
        faults.is("exec env", record.text(&process.env), Some(own.env));
        faults.text("exec filename", record.text(&process.filename), Some("/proc/self/exe"));
    }
    if let Ok(status) = status {
        faults.is("exec inode", process.exe_ino, status.ino());
        faults.is(
            "exec mtime",
            process.exe_mtime_ns,
            (status.mtime() * 1_000_000_000 + status.mtime_nsec()) as u64,
        );
        faults.is(
            "exec ctime",
            process.exe_ctime_ns,
            (status.ctime() * 1_000_000_000 + status.ctime_nsec()) as u64,
        );
        faults.is("exec device", u64::from(process.exe_dev), status.dev());
    }
    faults.is("exec fdlimit", process.fdlimit, own.nofile);
    faults.is("exec vpid", (process.vpid, process.vtid), (tgid, tgid));
    faults.is("exec has memory", process.vm_pages > 0, true);
}

/// The `CLONE_NEW*` bits.
const NAMESPACES: u64 = 0x7e02_0000;

fn fork(seen: &Seen, tgid: u32, caller: u32, flags: u64, faults: &mut Faults) {
    let forks = seen.records().filter_map(|record| match record.body {
        Body::Fork(process) if record.prefix.task.tgid == tgid && record.prefix.task.tid == tgid => {
            Some((record, process))
        }
        _ => None,
    });
    let Some((record, process)) = only(forks, &format!("forks of {tgid}"), faults) else { return };
    faults.is("fork flags", process.clone_flags & NAMESPACES, flags);
    faults.is("fork caller", process.caller_tgid, caller);
    faults.is("fork parent", record.prefix.task.ppid, caller);
    faults.is("fork vpid", process.vpid, if flags & 0x2000_0000 == 0 { tgid } else { 1 });
}

fn ended(seen: &Seen, tgid: u32, status: u32, faults: &mut Faults) {
    let ends: Vec<_> = seen
        .records()
        .filter_map(|record| match record.body {
            Body::Exit(end) if record.prefix.task.tgid == tgid && end.flags & exit::GROUP_DEAD != 0 => {
                Some(end.status)
            }
            _ => None,
        })
        .collect();
    faults.is(&format!("ends of {tgid}"), ends, vec![status]);
}

fn threads(seen: &Seen, faults: &mut Faults) {
    let tid = seen.fact("thread").unwrap_or_default() as u32;
    let of_thread = || seen.records().filter(|record| record.prefix.task.tid == tid);
    let forked = of_thread()
        .any(|record| matches!(record.body, Body::Fork(p) if p.clone_flags & 0x1_0f00 == 0x1_0f00));
    let ended = of_thread().any(|record| {
        matches!(record.body, Body::Exit(end) if end.flags & exit::GROUP_DEAD == 0)
            && record.prefix.task.comm.starts_with(b"probe-thread\0")
    });
    faults.is("thread forked and ended", (forked, ended), (true, true));
    // Exec by a thread: the process keeps its identity, though the thread did it.
    let threaded = seen.fact("threaded").unwrap_or_default() as u32;
    let starts: Vec<u64> = seen
        .records()
        .filter(|record| record.prefix.task.tgid == threaded)
        .map(|record| record.prefix.task.start_ns)
        .collect();
    faults.is(
        "threaded process keeps its start",
        starts.iter().all(|start| Some(start) == starts.first()),
        true,
    );
    let execs = seen.records().filter(|record| {
        matches!(record.body, Body::Exec(_))
            && record.prefix.task.tgid == threaded
            && record.prefix.task.tid == threaded
    });
    faults.is("execs of the threaded process", execs.count(), 2);
    ended_once(seen, threaded, faults);
}

fn ended_once(seen: &Seen, tgid: u32, faults: &mut Faults) {
    ended(seen, tgid, 7 << 8, faults);
}

fn cgroups(seen: &Seen, faults: &mut Faults) {
    let Some(id) = seen.fact("cgroup") else { return };
    let made: Vec<_> = seen
        .records()
        .filter_map(|record| match record.body {
            Body::Cgroup(cgroup) if cgroup.id == id => Some(record.text(&cgroup.path).map(<[u8]>::to_vec)),
            _ => None,
        })
        .collect();
    let path = b"inner\0saker-probe\0".to_vec();
    faults.is("cgroup made", made, vec![Some(path.clone())]);
    let inside = seen.records().find(|record| match record.body {
        Body::File(file) => record.text(&file.name[0]) == Some(b"/saker-probe-in-cgroup"),
        _ => false,
    });
    faults.is("call in the cgroup", inside.map(|record| record.prefix.task.cgroup_id), Some(id));
    let contained = seen.fact("contained").unwrap_or_default() as u32;
    let exec = seen.records().find_map(|record| match record.body {
        Body::Exec(process) if record.prefix.task.tgid == contained => {
            record.text(&process.cgroup).map(<[u8]>::to_vec)
        }
        _ => None,
    });
    faults.is("exec in the cgroup", exec, Some(path));
}
