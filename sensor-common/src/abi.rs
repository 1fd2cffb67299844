//! ABI number, limits and string budgets. Changing anything in this crate's layout changes [`ABI`].

/// Number of the record layout; the first thing a decoder checks in a [`crate::Header`].
pub const ABI: u16 = 2;

/// Budget of one path (a name as spelled, a resolved path, a directory), bytes: Linux `PATH_MAX`.
pub const PATH_BYTES: usize = 4096;
/// Budget of argv in a process record, bytes (Falco's own limit).
pub const ARGV_BYTES: usize = 4096;
/// Budget of the environment in a process record, bytes (Falco's own limit).
pub const ENV_BYTES: usize = 4096;
/// Budget of a cgroup path, bytes.
pub const CGROUP_BYTES: usize = 1024;
/// Budget of a raw socket address, bytes (`struct sockaddr_storage`).
pub const SOCKADDR_BYTES: usize = 128;
/// Budget of a short string argument (file-system type, memfd name), bytes (`NAME_MAX` + NUL, rounded up).
pub const WORD_BYTES: usize = 256;

/// Largest record, bytes. The sum of all budgets of any kind fits below it, so no string is ever shortened
/// for another's sake: each is cut at its own budget, keeps its original length and says `TRUNCATED`.
pub const MAX_RECORD: usize = 24 * 1024;

const _: () = assert!(4 * PATH_BYTES + PATH_BYTES + WORD_BYTES + 512 <= MAX_RECORD, "file record");
const _: () =
    assert!(3 * PATH_BYTES + ARGV_BYTES + ENV_BYTES + CGROUP_BYTES + 1024 <= MAX_RECORD, "process record");

/// Path components that one kernel walk follows; deeper paths are marked `TRUNCATED` (leading part missing).
pub const MAX_COMPONENTS: u32 = 96;
/// Levels of a cgroup path that the kernel side follows from the leaf upwards.
pub const MAX_CGROUP_LEVELS: u32 = 16;
