//! Records of a shell that opens a file, and the state that knows it: for the test and the bench of rule evaluation.
#![allow(clippy::expect_used, dead_code, reason = "tests may; each takes what it needs")]

use sensor_agent::{
    border::{
        Context, Told,
        context::{Image, Pod},
    },
    decode::{Builder, Record, zero},
    enrich::{Event, Limits, State, host::Host},
};
use sensor_common::{
    Kind, Slice, Source, Task,
    event::{Call, File, Process},
    ledger::slot,
    syscalls::{TABLE, slot_of_row},
};

/// A process and the record of a call that it made.
pub(crate) struct Scene {
    state: State,
    record: Vec<u8>,
}

impl Scene {
    /// `cat NAME`, run by a shell.
    pub(crate) fn open(name: &str) -> Self {
        Self::new(name, name, b"")
    }

    /// The same by a symbolic link.
    pub(crate) fn open_link(name: &str, resolved: &str) -> Self {
        Self::new(name, resolved, b"")
    }

    /// The same in a container that its runtime has told of.
    pub(crate) fn open_in_container(name: &str) -> Self {
        let full_id = "3f5e6a1d0c9b8a7f".repeat(4);
        let mut scene = Self::new(name, name, format!("docker-{full_id}.scope\0system.slice\0").as_bytes());
        let image = Image { repository: "shop/web".to_owned(), tag: "1".to_owned(), ..Image::default() };
        let pod = Some(Pod { name: "front".to_owned(), namespace: "shop".to_owned(), ..Pod::default() });
        let context = Context { name: "web".to_owned(), image, pod, ..Context::default() };
        scene.state.ask();
        // The first event asks.
        scene.play(|_| {});
        scene.state.learn(Told { full_id, context: Some(Box::new(context)) });
        scene
    }

    /// `cat ARGUMENT` opens a file.
    pub(crate) fn with_command(argument: &str) -> Self {
        let mut scene = Self::open("/srv/data/file");
        let task = task(100, 50, "cat");
        let mut builder = Builder::new::<Process>();
        let argv = builder.text(format!("cat\0{argument}\0").as_bytes(), Source::Task);
        let record = builder.finish(Kind::Exec, slot::EXEC, 0, task, &Process { argv, ..zero() });
        scene.state.apply(&Record::parse(&record).expect("a record"), |_| {});
        scene
    }

    fn new(name: &str, resolved: &str, cgroup: &[u8]) -> Self {
        let mut state = State::new(Host::default(), Limits::default());
        for (tgid, ppid, comm) in [(50, 1, "sh"), (100, 50, "cat")] {
            let record = seen(task(tgid, ppid, comm), comm, cgroup);
            state.apply(&Record::parse(&record).expect("a record"), |_| {});
        }
        Self { state, record: opened(task(100, 50, "cat"), name, resolved) }
    }

    /// Hands out the event, as often as asked.
    pub(crate) fn play(&mut self, handle: impl FnMut(&Event<'_>)) {
        self.state.apply(&Record::parse(&self.record).expect("a record"), handle);
    }
}

fn task(tgid: u32, ppid: u32, comm: &str) -> Task {
    let mut task =
        Task { tgid, tid: tgid, ppid, start_ns: u64::from(tgid), parent_start_ns: u64::from(ppid), ..zero() };
    let len = comm.len().min(task.comm.len());
    task.comm[..len].copy_from_slice(&comm.as_bytes()[..len]);
    task
}

/// First sight of a process.
fn seen(task: Task, name: &str, cgroup: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new::<Process>();
    let exe = builder.text(format!("/usr/bin/{name}").as_bytes(), Source::Task);
    let argv = builder.text(format!("{name}\0-x\0").as_bytes(), Source::Task);
    let cwd = builder.text(b"/root", Source::Task);
    let cgroup = if cgroup.is_empty() { Slice::NONE } else { builder.text(cgroup, Source::Task) };
    builder.finish(Kind::Process, slot::PROCESS, 0, task, &Process { exe, argv, cwd, cgroup, ..zero() })
}

fn opened(task: Task, name: &str, resolved: &str) -> Vec<u8> {
    let row = TABLE.iter().position(|row| row.event == "openat").expect("openat is a row");
    let mut builder = Builder::new::<File>();
    let spelled = builder.text(name.as_bytes(), Source::UserExit);
    let resolved = builder.text(resolved.as_bytes(), Source::Fd);
    let args = [(-100_i64).cast_unsigned(), 0, 0, 0, 0, 0];
    let body = File {
        call: Call { ret: 3, args, nr: 257, pad: 0 },
        ino: 42,
        dev: 0x0010_0801,
        mode: 0o100_644,
        name: [spelled, Slice::NONE],
        resolved,
        ..zero()
    };
    builder.finish(Kind::File, slot_of_row(row), 0, task, &body)
}
