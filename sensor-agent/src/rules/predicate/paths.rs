//! `pmatch`: whether one of a set of paths is the value or a directory above it.

use super::glob::{glob, is_pattern};

/// Paths, split into components.
#[derive(Clone, Debug, Default)]
pub struct PathSet(Box<[Box<[Component]>]>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Component {
    Name(Box<[u8]>),
    Pattern(Box<[u8]>),
}

impl PathSet {
    /// The set of these paths.
    pub fn new<'p>(paths: impl Iterator<Item = &'p [u8]>) -> Self {
        let component = |name: &[u8]| {
            if is_pattern(name) { Component::Pattern(name.into()) } else { Component::Name(name.into()) }
        };
        let mut paths: Vec<Box<[Component]>> =
            paths.map(|path| components(path).map(component).collect()).collect();
        paths.sort();
        // A path stands behind those that start it, which hold whenever it does.
        paths.dedup_by(|path, shorter| path.starts_with(shorter));
        Self(paths.into_boxed_slice())
    }

    /// Whether one of them covers `path`.
    pub fn covers(&self, path: &[u8]) -> bool {
        self.0.iter().any(|prefix| {
            let mut rest = components(path);
            prefix.iter().all(|component| match (component, rest.next()) {
                (Component::Name(name), Some(found)) => **name == *found,
                (Component::Pattern(pattern), Some(found)) => glob(pattern, found, false),
                (_, None) => false,
            })
        })
    }
}

/// Slashes at the start, the end and in a row make no component.
fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}
