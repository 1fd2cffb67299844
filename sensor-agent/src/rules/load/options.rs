//! What the configuration says about rules: which are enabled, what is added to their output.

use crate::{
    border::Priority,
    rules::{Matching, Rule},
};

/// Options of [`super::load`].
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// Rules of lower priority are compiled and not evaluated.
    pub min_priority: Priority,
    /// How many rules may match one event.
    pub matching: Matching,
    /// Enables and disables rules, in order.
    pub selection: Vec<Selection>,
    /// Additions to outputs, in order.
    pub append_outputs: Vec<AppendOutput>,
    /// Names of static fields (`static.NAME`); whoever loads fills them in.
    pub static_fields: Vec<String>,
    /// Rules that name no event see the high-volume calls, too (`base_syscalls.all`).
    pub all_syscalls: bool,
    /// Rules that do not say count for resolved names, too (DESIGN D8).
    pub resolved_paths: bool,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            min_priority: Priority::Debug,
            matching: Matching::First,
            selection: Vec::new(),
            append_outputs: Vec::new(),
            static_fields: Vec::new(),
            all_syscalls: false,
            resolved_paths: false,
        }
    }
}

/// One entry of the `rules` configuration; with both a rule and a tag it counts as two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Enable, or disable.
    pub enable: bool,
    /// Name of rules, `*` stands for any text.
    pub rule: Option<String>,
    /// A tag of rules.
    pub tag: Option<String>,
}

/// One entry of the `append_output` configuration: rules that satisfy all that is given get the additions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppendOutput {
    /// Name of the rule.
    pub rule: Option<String>,
    /// Its source.
    pub source: Option<String>,
    /// Tags that it has all of.
    pub tags: Vec<String>,
    /// Text added behind a blank.
    pub text: Option<String>,
    /// Behind that, the fields that sources suggest, and the static ones.
    pub suggested: bool,
    /// Additional `output_fields`.
    pub fields: Vec<ExtraField>,
}

/// An additional entry of `output_fields`, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraField {
    /// A field: its name is the key, its value keeps its type.
    Native(String),
    /// A text.
    Rendered {
        /// The key.
        key: String,
        /// What it says.
        format: String,
    },
}

impl AppendOutput {
    /// Whether a rule gets the additions.
    pub fn applies(&self, name: &str, source: &str, tags: &std::collections::BTreeSet<String>) -> bool {
        self.rule.as_deref().is_none_or(|rule| rule == name)
            && self.source.as_deref().is_none_or(|wanted| wanted == source)
            && self.tags.iter().all(|tag| tags.contains(tag))
    }
}

impl LoadOptions {
    /// Decides which rules are enabled and in which order they are evaluated: by definition, and behind those what
    /// the selection enabled again.
    pub(super) fn select(&self, rules: &mut [Rule]) -> Vec<usize> {
        let is_severe = |rule: &Rule| rule.priority <= self.min_priority;
        let mut order: Vec<usize> =
            rules.iter().filter(|rule| rule.is_enabled && is_severe(rule)).map(|rule| rule.index).collect();
        for entry in &self.selection {
            let by_rule = entry.rule.as_deref().map(|pattern| (Some(pattern), None));
            let by_tag = entry.tag.as_deref().map(|tag| (None, Some(tag)));
            for (pattern, tag) in by_rule.into_iter().chain(by_tag) {
                let chosen = rules.iter().filter(|rule| {
                    is_severe(rule)
                        && (pattern.is_some_and(|pattern| wildcard(pattern, &rule.name))
                            || tag.is_some_and(|tag| rule.tags.iter().any(|own| own == tag)))
                });
                for rule in chosen {
                    match (entry.enable, order.contains(&rule.index)) {
                        (true, false) => order.push(rule.index),
                        (false, true) => order.retain(|index| *index != rule.index),
                        _ => {}
                    }
                }
            }
        }
        for rule in rules {
            rule.is_enabled = order.contains(&rule.index);
        }
        order
    }
}

/// `*` stands for any text. Falco takes the first place where each piece fits and never goes back, so `*foo` does not
/// match `foofoo`.
fn wildcard(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
        last = Some(piece);
    }
    rest.is_empty() || last == Some("")
}

#[cfg(test)]
mod tests {
    use super::wildcard;

    #[test]
    fn wildcards() {
        for (pattern, name, expected) in [
            ("foo", "foo", true),
            ("foo", "foobar", false),
            ("foo*", "foobar", true),
            ("*", "", true),
            ("*bar", "foobar", true),
            ("*foo", "foofoo", false),
            ("f*b*r", "foobar", true),
            ("b*", "foobar", false),
        ] {
            assert_eq!(wildcard(pattern, name), expected, "{pattern} {name}");
        }
    }
}
