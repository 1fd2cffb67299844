//! Which rules files a configuration means, and their texts.

use std::path::{Path, PathBuf};

use super::{
    AppError,
    config::{ConfigError, Rules},
    files::{self, FileError, TextFile, Trust},
};

/// The base file of this version.
const BUNDLED: &str = include_str!("../../../deploy/rules/saker_rules.yaml");

/// Where administrators may add rules of their own: the configurations that ship name these, and nobody misses them.
const OWN: [&str; 4] = [
    "/etc/saker/saker_rules.local.yaml",
    "/etc/saker/rules.d",
    "/etc/falco/falco_rules.local.yaml",
    "/etc/falco/rules.d",
];

/// The texts in load order, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFiles {
    /// At least one.
    pub files: Vec<TextFile>,
    /// Entries that do not exist or are no YAML by their name: each is worth a line in the log.
    pub notices: Vec<String>,
}

/// Reads what `rules` names. A directory contributes its `.yaml` and `.yml` files, sorted by path, and may have none. What is missing is
/// an error when it was named on the command line, otherwise a notice (people list files that may be there).
pub fn read(rules: &Rules, trust: Trust) -> Result<RuleFiles, AppError> {
    let mut found = RuleFiles::default();
    for path in &rules.paths {
        let files = files::expand(path)?;
        let is_missing = files.is_empty() && !path.is_dir();
        if is_missing && rules.are_explicit {
            let source = rustix::io::Errno::NOENT.into();
            return Err(FileError::Read { path: path.clone(), source }.into());
        }
        if is_missing && !OWN.iter().any(|own| path == Path::new(own)) {
            found.notices.push(format!("no rules at {}", path.display()));
        }
        for file in files {
            if files::is_yaml(&file) {
                let file = files::read(&file, trust)?;
                found.notices.extend(edited(&file));
                found.files.push(file);
            } else if file == *path {
                found
                    .notices
                    .push(format!("{} is not read: rules files end in .yaml or .yml", file.display()));
            }
        }
    }
    if found.files.is_empty() {
        return Err(ConfigError::NoRules { looked_at: rules.paths.clone() }.into());
    }
    Ok(found)
}

/// The base file, which is known by its first line, and yet not as it ships.
fn edited(file: &TextFile) -> Option<String> {
    let is_base = file.text.lines().next() == BUNDLED.lines().next();
    (is_base && file.text != BUNDLED).then(|| {
        format!(
            "{} is not the base file of this version: it was edited, or is another version's; what is yours belongs into a file \
             that is loaded after it (falco_rules.local.yaml), because the base file is replaced with each version",
            file.path.display()
        )
    })
}

/// Reads files to be validated, whatever they are called.
pub fn read_named(paths: &[PathBuf]) -> Result<Vec<TextFile>, AppError> {
    let read = |path: &PathBuf| files::read(Path::new(path), Trust::Anyone);
    Ok(paths.iter().map(read).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;
