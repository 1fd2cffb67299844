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
pub mod events;
pub mod error;
pub mod file;
pub mod lang;
pub mod expand;
pub mod predicate;
pub mod compile;
pub mod check;
mod index;
pub mod set;
pub mod load;
pub mod lint;
pub mod eval;
#[cfg(test)]
pub(crate) mod fixture;

pub use error::Fault;
pub use eval::Evaluator;
pub use fields::Naming;
pub use file::RuleFile;
pub use lint::lint;
pub use load::{
    AppendOutput, Explainer, Explanation, ExtraField, LoadOptions, Loaded, Selection, describe, load,
};
pub use set::{Matching, Rule, RuleSet};
pub use value::{Type, Value};
