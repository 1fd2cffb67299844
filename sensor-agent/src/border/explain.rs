//! A question to the running agent, why a rule fires or does not, and what comes back. The same values cross the admin
//! socket and the border.

use serde::{Deserialize, Serialize};

/// `saker explain --live`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Answers carry it; given by who passes the question on.
    pub number: u64,
    /// The rule's name.
    pub rule: String,
    /// How many of the events that it alerted for last are shown first.
    pub last: usize,
    /// How long to watch, ms.
    pub for_ms: u64,
    /// How many events to show.
    pub limit: usize,
    /// Only those that match.
    pub matches: bool,
    /// Only those of processes with this name.
    pub process: Option<String>,
}

impl Question {
    /// Most events that one question is shown.
    pub const MAX_EVENTS: usize = 100;
    /// Longest watch, ms: an hour.
    pub const MAX_MS: u64 = 3_600_000;
}

/// A piece of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's.
    pub number: u64,
    /// What is said.
    pub piece: Piece,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// To be shown; more comes.
    Text(String),
    /// To be shown, and all.
    End(String),
    /// No rule has that name.
    Unknown,
    /// It cannot be answered: why.
    Refused(String),
}
