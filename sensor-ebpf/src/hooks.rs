//! One file per hook. `sys_exit` is a dispatcher that tail-calls one program per shape of call.

mod dispatch;
mod first_sight;
mod call;
mod names;
mod descriptor;
mod socket;
mod handshake;
mod fork;
mod exec;
mod exit;
mod cgroup;
mod scan;
mod prelude;
