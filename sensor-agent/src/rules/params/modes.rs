//! Names of file mode bits.

use bumpalo::Bump;

use crate::rules::text::Text;

/// Permission bits in Falco's print order.
const BITS: [(u32, &str); 12] = [
    (0o1, "S_IXOTH"),
    (0o2, "S_IWOTH"),
    (0o4, "S_IROTH"),
    (0o10, "S_IXGRP"),
    (0o20, "S_IWGRP"),
    (0o40, "S_IRGRP"),
    (0o100, "S_IXUSR"),
    (0o200, "S_IWUSR"),
    (0o400, "S_IRUSR"),
    (0o1000, "S_ISVTX"),
    (0o2000, "S_ISGID"),
    (0o4000, "S_ISUID"),
];

/// The bits' names joined by `|`.
pub(super) fn names(arena: &Bump, mode: u32) -> &[u8] {
    let mut text = Text::new(arena);
    for (bit, name) in BITS {
        if mode & bit != 0 {
            text.separate(b"|").push(name.as_bytes());
        }
    }
    text.finish()
}
