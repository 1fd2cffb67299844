//! Fields over ancestors and leaders, with a process table.

use bumpalo::Bump;
use sensor_common::{
    Kind, Source, Task,
    event::{Call, Process},
    ledger::slot,
};

use crate::{
    decode::{Builder, Record, zero},
    enrich::{Limits, State},
    rules::{
        fields::{Context, Shape},
        fixture::{field, host, slot_of},
        output,
    },
};

/// The leader of a process, in the session and group of 50.
fn task(tgid: u32, ppid: u32, comm: &str) -> Task {
    let mut padded = [0; 16];
    padded[..comm.len()].copy_from_slice(comm.as_bytes());
    let start = |tgid: u32| u64::from(tgid) * 10;
    Task {
        tgid,
        tid: tgid,
        ppid,
        start_ns: start(tgid),
        parent_start_ns: start(ppid),
        sid: 50,
        comm: padded,
        ..zero()
    }
}

fn snapshot(task: Task, argv: &str, env: &str) -> Vec<u8> {
    let mut builder = Builder::new::<Process>();
    let argv = builder.text(argv.as_bytes(), Source::Task);
    let env = builder.text(env.as_bytes(), Source::Task);
    let exe = builder.text(b"/bin/x", Source::Task);
    let body = Process { exe, argv, env, vpid: task.tgid, pgid: 50, vpgid: 50, vsid: 50, ..zero() };
    builder.finish(Kind::Process, slot::PROCESS, 1, task, &body)
}

#[test]
fn ancestors_and_leaders() {
    let mut state = State::new(host(), Limits::default());
    let processes = [
        snapshot(task(10, 1, "sshd"), "/usr/sbin/sshd\0-D", "A=far\0ONLY=here"),
        snapshot(task(50, 10, "bash"), "-bash", "A=near"),
        snapshot(task(100, 50, "cat"), "cat\0f", "A=own"),
    ];
    for bytes in &processes {
        state.apply(&Record::parse(bytes).expect("valid"), |_| panic!("a snapshot is no event"));
    }
    let body = Call { ret: 0, args: [50, 9, 0, 0, 0, 0], nr: 0, pad: 0 };
    let bytes = Builder::new::<Call>().finish(Kind::Call, slot_of("kill"), 2, task(100, 50, "cat"), &body);
    let expect = [
        ("proc.name", "cat"),
        ("proc.pname", "bash"),
        ("proc.pexe", "-bash"),
        ("proc.pcmdline", "bash"),
        ("proc.aname", "bash sshd"),
        ("proc.aname[1]", "bash"),
        ("proc.aname[2]", "sshd"),
        ("proc.aname[3]", "-"),
        ("proc.apid[2]", "10"),
        ("proc.apid", "100"),
        ("proc.aexe[2]", "/usr/sbin/sshd"),
        ("proc.aargs[2]", "-D"),
        ("proc.acmdline[2]", "sshd -D"),
        ("proc.aexepath[1]", "/bin/x"),
        ("proc.aenv[A]", "near"),
        ("proc.aenv[ONLY]", "here"),
        ("proc.aenv[NONE]", ""),
        ("proc.loginshellid", "50"),
        ("proc.sid", "50"),
        ("proc.sname", "bash"),
        ("proc.pgid.name", "bash"),
        ("proc.vpgid.exe", "-bash"),
        ("proc.is_sid_leader", "false"),
        ("proc.is_pgid_leader", "false"),
        ("evt.args", "res=0 pid=50(bash) sig=9(SIGKILL)"),
    ];
    let mut n_events = 0;
    state.apply(&Record::parse(&bytes).expect("valid"), |event| {
        n_events += 1;
        let arena = Bump::new();
        let context = Context::new(event, &arena);
        for (name, expect) in expect {
            let printed = output::printed(&context, &field(name));
            assert_eq!(printed.map_or("-".into(), String::from_utf8_lossy), expect, "{name}");
        }
    });
    assert_eq!(n_events, 1);
    assert_eq!((field("proc.aname").shape, field("proc.aname[2]").shape), (Shape::AnyAncestor, Shape::One));
}
