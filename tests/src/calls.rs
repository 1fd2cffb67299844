//! Which system call the C library makes of a function: arm64 has the newest of each family only.

const IS_ARM64: bool = cfg!(target_arch = "aarch64");

/// Makes a directory.
pub const MKDIR: &str = if IS_ARM64 { "mkdirat" } else { "mkdir" };
/// Gives a file another name.
pub const RENAME: &str = if IS_ARM64 { "renameat" } else { "rename" };
/// Takes a name away.
pub const UNLINK: &str = if IS_ARM64 { "unlinkat" } else { "unlink" };
