//! Paths as Falco judges them: what the process spelled, joined with its directory and normalised lexically.

use bumpalo::Bump;

use crate::rules::text::Text;

/// What stands where a directory is not known.
pub(super) const UNKNOWN: &[u8] = b"<UNKNOWN>";

/// `name` made absolute against `base` and normalised: `.` and empty parts go, `..` takes the part before it and stops
/// at the root. An empty name stays empty.
pub fn join<'a>(arena: &'a Bump, base: &[u8], name: &[u8]) -> &'a [u8] {
    if name.is_empty() {
        return b"";
    }
    let mut path = Text::new(arena);
    if name.first() != Some(&b'/') {
        append(&mut path, base);
    }
    append(&mut path, name);
    if path.bytes().is_empty() {
        path.push(b"/");
    }
    path.finish()
}

/// An absolute name, borrowed where it is normal already.
pub fn absolute<'a>(arena: &'a Bump, name: &'a [u8]) -> &'a [u8] {
    if is_normal(name) { name } else { join(arena, b"/", name) }
}

fn append(path: &mut Text<'_>, more: &[u8]) {
    for part in more.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                let parent = path.bytes().iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                path.truncate(parent);
            }
            part => {
                path.push(b"/").push(part);
            }
        }
    }
}

fn is_normal(name: &[u8]) -> bool {
    name == b"/"
        || name.strip_prefix(b"/").is_some_and(|rest| {
            rest.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
        })
}

/// Everything before the last slash; `/` for what is in the root or has none.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(at) => path.get(..at).unwrap_or(b"/"),
    }
}

/// Everything behind the last slash.
pub(in crate::rules) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// `name` with runs of slashes made one.
pub(super) fn squeezed<'a>(arena: &'a Bump, name: &'a [u8]) -> &'a [u8] {
    if !name.windows(2).any(|pair| pair == b"//") {
        return name;
    }
    let mut path = Text::new(arena);
    for byte in name {
        if *byte != b'/' || path.bytes().last() != Some(&b'/') {
            path.push(std::slice::from_ref(byte));
        }
    }
    path.finish()
}
