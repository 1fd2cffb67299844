//! Why a record could not be decoded.

/// A record that this build cannot read. It is counted by label and skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than its fixed part.
    #[error("record of {len} bytes, its fixed part takes {need}")]
    Short {
        /// Bytes there.
        len: usize,
        /// Bytes needed.
        need: usize,
    },
    /// The header's length is not the record's.
    #[error("record of {len} bytes says it has {said}")]
    Length {
        /// Bytes there.
        len: usize,
        /// Bytes the header tells.
        said: u32,
    },
    /// Written by a kernel object of another build.
    #[error("record of ABI {found}, this build reads {}", sensor_common::ABI)]
    Abi {
        /// Number in the header.
        found: u16,
    },
    /// A kind this ABI does not have.
    #[error("record of unknown kind {kind}")]
    Kind {
        /// Number in the header.
        kind: u16,
    },
    /// A string that reaches outside the record.
    #[error("string of {len} bytes at {off} in a record of {record}")]
    Slice {
        /// Where it starts.
        off: u16,
        /// Its bytes.
        len: u16,
        /// Bytes of the record.
        record: usize,
    },
}

impl DecodeError {
    /// Every label, for metrics.
    pub const LABELS: [&'static str; 5] = ["short", "length", "abi", "kind", "slice"];

    /// Index of the label in [`Self::LABELS`].
    pub const fn index(self) -> usize {
        match self {
            Self::Short { .. } => 0,
            Self::Length { .. } => 1,
            Self::Abi { .. } => 2,
            Self::Kind { .. } => 3,
            Self::Slice { .. } => 4,
        }
    }
}
