//! Paths as text, the way Falco makes them absolute: joined and cleaned without asking the file system.

/// `name` made absolute from the directory `base` (absolute names ignore it), then cleaned: no empty component, no `.`,
/// and `..` takes the component before it away, whatever it is (a link, too). No trailing slash but the root's.
pub fn absolute(base: &[u8], name: &[u8]) -> Vec<u8> {
    let base = if name.first() == Some(&b'/') { &[] } else { base };
    let mut path = Vec::with_capacity(base.len() + name.len() + 2);
    for component in base.split(|byte| *byte == b'/').chain(name.split(|byte| *byte == b'/')) {
        match component {
            b"" | b"." => {}
            b".." => path.truncate(path.iter().rposition(|byte| *byte == b'/').unwrap_or_default()),
            _ => {
                path.push(b'/');
                path.extend_from_slice(component);
            }
        }
    }
    if path.is_empty() {
        path.push(b'/');
    }
    path
}

#[cfg(test)]
mod tests;
