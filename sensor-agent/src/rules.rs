//! Rule files → [`RuleSet`] → alerts. Pure: no I/O, no clock, no panic; knows neither aya nor tokio nor Kubernetes.
//!
//! Pipeline: `file` (YAML with positions) → `lang` (lexer, parser, AST) → `check` (names and types) → `compile`
//! (shared predicates) → `set` (bucketed by event type) → `eval`; `fields` is the table of everything a rule can ask,
//! `output` renders what it says.

pub mod value;
pub mod text;
pub mod transform;
pub mod fields;
pub mod params;
pub mod output;
#[cfg(test)]
mod fixture;

pub use value::{Type, Value};
