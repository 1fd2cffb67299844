//! The table of programs: what each is for, where it attaches, and whether the sensor can live without it.

use sensor_common::{
    arch::{Arch, GETPRIORITY},
    control::NUMBERS,
    syscalls::{Row, Shape, TABLE},
};

/// Whether the sensor starts without a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// No sensor without it.
    Required,
    /// Degraded without it; what is lost is said.
    Optional {
        /// One clause: what does not work then.
        without: &'static str,
    },
}

/// How a program is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Attached to this BTF tracepoint.
    Tracepoint(&'static str),
    /// A second stage of `sys_exit`, in its program array.
    Stage,
    /// Read through this kind of iterator at start.
    Iterator(&'static str),
}

impl Place {
    /// Kernel name of the tracepoint or iterator; of a stage, its dispatcher's.
    pub const fn tracepoint(self) -> &'static str {
        match self {
            Self::Tracepoint(name) | Self::Iterator(name) => name,
            Self::Stage => "sys_exit",
        }
    }
}

/// One program of the kernel object.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Name in the object.
    pub program: &'static str,
    /// How it is used.
    pub place: Place,
    /// Whether the sensor starts without it.
    pub need: Need,
    /// Rough cost of verifying it, thousands of instructions: the dearest are loaded first.
    pub weight: u8,
}

const fn required(program: &'static str, place: Place, weight: u8) -> Hook {
    Hook { program, place, need: Need::Required, weight }
}

/// Every program, in loading order: stages before the dispatcher that calls them, which attaches last.
pub static HOOKS: &[Hook] = &[
    required("first_sight", Place::Stage, 64),
    required("exit_call", Place::Stage, 1),
    required("exit_names", Place::Stage, 61),
    required("exit_open", Place::Stage, 91),
    required("exit_descriptor", Place::Stage, 31),
    required("exit_socket", Place::Stage, 2),
    required("exit_handshake", Place::Stage, 1),
    Hook {
        program: "scan",
        place: Place::Iterator("task"),
        need: Need::Optional {
            without: "processes that started before the sensor are known from /proc only",
        },
        weight: 63,
    },
    Hook {
        program: "cgroup_mkdir",
        place: Place::Tracepoint("cgroup_mkdir"),
        need: Need::Optional { without: "a container is looked up at its first process, not before it" },
        weight: 1,
    },
    required("fork", Place::Tracepoint("sched_process_fork"), 2),
    required("exec", Place::Tracepoint("sched_process_exec"), 62),
    required("exit", Place::Tracepoint("sched_process_exit"), 1),
    required("sys_exit", Place::Tracepoint("sys_exit"), 1),
];

/// The stage that gathers a row.
fn stage(row: &Row) -> &'static str {
    match row.shape {
        Shape::Call => "exit_call",
        Shape::Names => "exit_names",
        Shape::Open => "exit_open",
        Shape::Descriptor => "exit_descriptor",
        Shape::Socket => "exit_socket",
    }
}

/// `(index, program)` of every slot of the `sys_exit` program array.
pub(super) fn stages() -> impl Iterator<Item = (u32, &'static str)> {
    let rows = TABLE.iter().map(|row| (row.nr, stage(row))).chain([(GETPRIORITY, "exit_handshake")]);
    let native = rows.filter_map(|(nr, stage)| Some((u32::from(Arch::HERE.number(nr)?), stage)));
    native.chain([(NUMBERS as u32, "first_sight")])
}
