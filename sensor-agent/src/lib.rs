//! The agent as a library, modules in data-flow order: each may import only what stands above it.
//! Two exceptions: `app` wires everything and nobody imports it; `border` is open to all and imports nobody. `context`,
//! `sinks`, `tuning` and `telemetry` stand right of the privilege border and import nothing else.

/// Command line, configuration, commands: wires everything.
pub mod app;
/// Messages and the one channel type that cross from the sensor half to the egress half and back.
pub mod border;
/// The kernel edge: load, attach, drain, count.
pub mod capture;
/// What container runtimes tell. Right of the border.
pub mod context;
/// Bytes → borrowed records. Pure.
pub mod decode;
/// Record → event with its context.
pub mod enrich;
/// Events that wait for what runtimes tell.
pub mod hold;
/// Rule files → verdicts and alerts. Pure.
pub mod rules;
/// The last events that rules alerted for.
pub mod past;
/// Alerts → lines → world. Right of the border.
pub mod sinks;
/// Counts what would alert, and proposes exceptions. Right of the border.
pub mod tuning;
/// Health, metrics, admin server, log. Right of the border.
pub mod telemetry;
