//! What the live tests and the virtual machines share: acts by system calls, the real agent as a child process, and
//! the table of what each bundled rule must and must not alert on.
#![forbid(unsafe_code)]

pub mod network;
pub mod actor;
pub mod alert;
pub mod calls;
pub mod http;
pub mod memory;
pub mod metrics;
pub mod sensor;
pub mod acts;
pub mod sidekick;
pub mod receiver;
pub mod program;
pub mod refusal;
pub mod freeze;
#[cfg(target_arch = "x86_64")]
pub mod possessed;
pub mod stage;
pub mod container;
pub mod runtime;
pub mod kube;
pub mod vertical;
pub mod ledger;
pub mod lifecycle;
pub mod clock;
pub mod cases;
pub mod corpus;
pub mod listed;
pub mod official;
pub mod outputs;
