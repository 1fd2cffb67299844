//! Record → [`Event`]: which process did it, who its ancestors are, which user and which container. State changes are
//! pure functions of records; what has to be read (/proc, passwd, group) stands behind [`host`].

mod cgroup;
pub mod container;
mod context;
pub mod event;
pub mod host;
pub mod path;
mod pinned;
mod names;
mod pods;
pub mod process;
pub mod rosters;
pub mod state;
mod table;

pub use container::{Container, Engines};
pub use context::Metadata;
pub use event::{Event, Side};
pub use pinned::Pinned;
pub use process::{Process, ProcessKey};
pub use state::{Counts, Limits, State, UNKNOWN_PLACE};
