//! `tp_btf/cgroup_mkdir(struct cgroup *cgrp, const char *path)`, 5.8 and newer: a cgroup was made, so its container can
//! be looked up before its first process runs.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use sensor_common::{
    Kind,
    event::Cgroup,
    ledger::{Reason, slot},
};

use crate::{hooks::prelude::Told, kernel, policy, send, send::Account, snapshot, tail::Builder};

#[btf_tracepoint(function = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: BtfTracePointContext) -> i32 {
    let Some(control) = policy::control() else { return 0 };
    let Some(account) = Account::open(slot::CGROUP) else { return 0 };
    account.count(Reason::Seen);
    let cgroup = kernel::Cgroup(ctx.arg::<u64>(0));
    let Some(builder) = Builder::take(account) else { return 0 };
    let told = builder.start::<Told<Cgroup>>();
    // SAFETY: map memory of that type.
    unsafe {
        (*told).prefix.header = account.header(Kind::Cgroup, 0, control);
        snapshot::task(kernel::current(), &raw mut (*told).prefix.task);
        let node = cgroup.kn();
        (*told).body.id = node.id();
        (*told).body.hierarchy = cgroup.hierarchy();
        (*told).body.pad = 0;
        (*told).body.pad2 = 0;
        (*told).body.path = builder.cgroup(node);
    }
    send::variable(account, control, Kind::Cgroup, builder.scratch);
    builder.release();
    0
}
