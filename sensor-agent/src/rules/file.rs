//! Rule files: YAML → items → lists, macros and rules as the last file leaves them. Conditions are text here, with
//! the position of every byte.

mod yaml;
mod place;
mod decode;
mod item;
mod exception;
mod collect;
pub mod schema;
#[cfg(test)]
mod tests;

pub(super) use collect::joined;
pub use collect::{Collected, List, Macro, Rule};
pub use exception::{Exception, ExceptionFields};
use item::Item;
pub use item::{ITEM_KINDS, OVERRIDABLE, PLUGIN_VERSIONS, Plugin};
pub use place::{Source, Spot};

use super::error::{Fail, Faults, Step, YamlError};

/// A rule file.
#[derive(Clone, Copy, Debug)]
pub struct RuleFile<'a> {
    /// Its name in messages.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Reads all files in order; later ones append to and override earlier ones.
pub fn read(files: &[RuleFile<'_>], faults: &mut Faults<'_>) -> Collected {
    let mut collected = Collected::default();
    for (index, file) in files.iter().enumerate() {
        // What stands before a YAML error is still read: a file is a stream of documents, and each is complete.
        let (documents, broken) = yaml::documents(file.text, index);
        // The last item of the file before is not to blame for what is no item of this one.
        faults.leave();
        for document in documents {
            let Some(items) = document.items() else {
                if !document.is_null() {
                    faults.leave();
                    faults.error(document.spot(), YamlError::NoSequence);
                }
                continue;
            };
            for node in items.iter().filter(|node| !node.is_null()) {
                match Item::decode(node, faults) {
                    Ok(Some(item)) => collected.add(item, faults),
                    Ok(None) => {}
                    Err(fault) => faults.push(fault),
                }
            }
        }
        if let Some((spot, error)) = broken {
            faults.leave();
            // Falco names where the parser stopped as the value of no key.
            let is_syntax = matches!(error, YamlError::Syntax(_) | YamlError::Alias);
            let step = is_syntax.then(|| Step::new("value for", "", spot));
            faults.push(step.into_iter().fold(Fail::new(spot, error), Fail::inside));
        }
    }
    collected
}
