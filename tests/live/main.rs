//! Live tests: the real agent on this kernel, as root. One module a promise. Without what a test needs it says so and
//! ends; `cargo xtask test` builds the agent, sets `SAKER_BIN` and runs one test at a time.
#![forbid(unsafe_code)]

mod setup;

mod vertical;
mod rules;
mod selection;
mod names;
mod local;
mod identity;
mod context;
mod engines;
mod pods;
mod scale;
mod ledger;
mod drops;
mod outage;
mod receivers;
mod telemetry;
mod lifecycle;
mod feedback;
mod health;
mod stop;
mod first;
mod privilege;
mod halves;
mod image;
mod refusals;
mod replay;
mod reload;
mod storms;
mod corpus;
mod conditions;
mod calls;
mod outputs;
mod official;
mod tune;
mod explain;
mod users;
