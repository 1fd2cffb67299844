//! One item of a rule file: what kind it is, its keys, whether they append or override.

use std::rc::Rc;

use super::{
    decode::{Fail, Map, Result, fail},
    exception::{self, Exception},
    place::{Source, Spot},
    yaml::Node,
};
use crate::{
    border::Priority,
    rules::error::{Faults, ItemError, ItemKind, Owner, VersionError, Warning},
};

/// Version of the rule engine that Saker's language is compatible with: minor and patch of 0.63.0.
const ENGINE: (u64, u64, u64) = (0, 63, 0);

/// An item.
#[derive(Debug)]
pub(super) enum Item {
    /// `required_engine_version`
    Engine(String),
    /// `required_plugin_versions`: pairs of name and version.
    Plugins(Vec<(String, String)>),
    /// `list`
    List(ListItem),
    /// `macro`
    Macro(MacroItem),
    /// `rule`
    Rule(Box<RuleItem>),
}

/// A list as one item gives it.
#[derive(Debug)]
pub(super) struct ListItem {
    /// Name.
    pub(super) name: Source,
    /// Items.
    pub(super) items: Vec<Source>,
    /// They are added to those that are there.
    pub(super) is_append: bool,
}

/// A macro as one item gives it.
#[derive(Debug)]
pub(super) struct MacroItem {
    /// Name.
    pub(super) name: Source,
    /// Condition.
    pub(super) condition: Source,
    /// It is added to the one that is there.
    pub(super) is_append: bool,
}

/// A rule as one item gives it; what the item does not say is `None`.
#[derive(Debug)]
pub(super) struct RuleItem {
    /// Name.
    pub(super) name: Source,
    /// How the item relates to an earlier rule of this name.
    pub(super) key: RuleKey,
    /// Condition.
    pub(super) condition: Option<Source>,
    /// Output.
    pub(super) output: Option<Source>,
    /// Description.
    pub(super) desc: Option<Source>,
    /// Priority.
    pub(super) priority: Option<Priority>,
    /// Event source.
    pub(super) source: Option<Source>,
    /// Enabled.
    pub(super) enabled: Option<bool>,
    /// Tags.
    pub(super) tags: Option<Vec<String>>,
    /// Exceptions.
    pub(super) exceptions: Option<Vec<Exception>>,
    /// Whether to warn when the rule looks at too many events.
    pub(super) warn_evttypes: Option<bool>,
    /// Drop the rule with a warning when it names something unknown.
    pub(super) skip_if_unknown_filter: Option<bool>,
    /// Capture on match.
    pub(super) capture: Option<bool>,
    /// ms
    pub(super) capture_duration_ms: Option<u32>,
}

/// How a rule item relates to an earlier rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RuleKey {
    /// It replaces it whole.
    Define,
    /// `append: true`
    Append,
    /// `override`: key and whether it is appended.
    Override(Vec<(String, bool)>),
    /// Only `enabled` is given.
    Enable,
}

const LIST_KEYS: &[&str] = &["list", "items", "append", "override"];
const MACRO_KEYS: &[&str] = &["macro", "condition", "append", "override"];
const RULE_KEYS: &[&str] = &[
    "rule",
    "condition",
    "output",
    "desc",
    "priority",
    "source",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "override",
    "append",
];
const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
const REPLACEABLE: &[&str] = &[
    "condition",
    "output",
    "desc",
    "tags",
    "exceptions",
    "priority",
    "enabled",
    "capture",
    "capture_duration",
    "warn_evttypes",
    "skip-if-unknown-filter",
];

impl Item {
    pub(super) fn decode(
        node: &Rc<Node>,
        faults: &mut Faults<'_>,
    ) -> std::result::Result<Option<Self>, Fail> {
        if node.entries().is_none() {
            return fail(node.spot(), ItemError::NoMapping);
        }
        let map = Map(node);
        faults.enter(None);
        let (item, known) = if map.has("required_engine_version") {
            (engine(map)?, &["required_engine_version"][..])
        } else if map.has("required_plugin_versions") {
            (plugins(map)?, &["required_plugin_versions"][..])
        } else if map.has("list") {
            (list(map, faults)?, LIST_KEYS)
        } else if map.has("macro") {
            (macro_(map, faults)?, MACRO_KEYS)
        } else if map.has("rule") {
            (rule(map, faults)?, RULE_KEYS)
        } else {
            faults.warn(map.spot(), Warning::UnknownItem);
            return Ok(None);
        };
        for (key, spot) in map.unknown_keys(known) {
            faults.warn(spot, Warning::UnknownKey { key, known });
        }
        Ok(Some(item))
    }
}

fn engine(map: Map<'_>) -> Result<Item> {
    let version = map.required("required_engine_version")?;
    let text = version.text().trim();
    let parsed = match text.parse::<u32>() {
        Ok(minor) => Some((0, u64::from(minor), 0)),
        Err(_no_number) => semver(text),
    };
    let Some(needed) = parsed else {
        return Err((version.spot(), VersionError::Unreadable { found: text.to_owned() }.into()));
    };
    if needed.0 != ENGINE.0 || needed > ENGINE {
        let needed = format!("{}.{}.{}", needed.0, needed.1, needed.2);
        return Err((version.spot(), VersionError::Engine { needed }.into()));
    }
    Ok(Item::Engine(text.to_owned()))
}

/// `x.y.z`, whatever follows.
fn semver(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.splitn(3, '.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = patch.find(|c: char| !c.is_ascii_digit()).unwrap_or(patch.len());
    Some((major.parse().ok()?, minor.parse().ok()?, patch.get(..digits)?.parse().ok()?))
}

/// Plugins whose fields are built in: any version of them counts as loaded.
const PLUGINS: [&str; 3] = ["container", "k8smeta", "json"];

fn plugins(map: Map<'_>) -> Result<Item> {
    const KEY: &str = "required_plugin_versions";
    let node = map.node(KEY)?;
    let Some(entries) = node.items() else { return fail(node.spot(), ItemError::NoSequence { key: KEY }) };
    let mut required = Vec::new();
    for entry in entries {
        let mut names = Vec::new();
        let alternatives = match entry.get("alternatives") {
            None => &[][..],
            Some(node) => match node.items() {
                Some(items) => items,
                None => return fail(node.spot(), ItemError::NoSequence { key: "alternatives" }),
            },
        };
        for plugin in std::iter::once(entry).chain(alternatives) {
            let (name, version) = (Map(plugin).required("name")?, Map(plugin).required("version")?);
            if semver(version.text()).is_none() {
                let found = version.text().to_owned();
                return Err((version.spot(), VersionError::Plugin { found }.into()));
            }
            if names.iter().any(|other: &Source| other.text() == name.text()) {
                return Err((name.spot(), VersionError::Twice { name: name.text().to_owned() }.into()));
            }
            required.push((name.text().to_owned(), version.text().to_owned()));
            names.push(name);
        }
        // One of the alternatives is enough.
        if let (Some(first), false) = (names.first(), names.iter().any(|name| PLUGINS.contains(&name.text())))
        {
            return Err((first.spot(), VersionError::Unknown { name: first.text().to_owned() }.into()));
        }
    }
    Ok(Item::Plugins(required))
}

/// `append: true` or `override`, for lists and macros with their one key.
fn appends(map: Map<'_>, key: &'static str, faults: &mut Faults<'_>) -> Result<bool> {
    let is_append = append(map, faults)?;
    let Some(overrides) = overrides(map, is_append, &[key], &[key])? else { return Ok(is_append) };
    Ok(overrides.iter().any(|(_, is_append)| *is_append))
}

fn append(map: Map<'_>, faults: &mut Faults<'_>) -> Result<bool> {
    let is_append = map.boolean("append")?.unwrap_or(false);
    if is_append && map.0.get("override").is_none_or(|node| node.is_null()) {
        faults.warn(map.spot(), Warning::DeprecatedAppend);
    }
    Ok(is_append)
}

/// The entries of `override`; a scalar, null or an empty mapping counts as none.
fn overrides(
    map: Map<'_>,
    is_append: bool,
    appendable: &[&str],
    replaceable: &[&str],
) -> Result<Option<Vec<(String, bool)>>> {
    let Some(node) = map.0.get("override") else { return Ok(None) };
    if node.items().is_some() {
        return fail(node.spot(), ItemError::OverrideSequence);
    }
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else { return Ok(None) };
    if is_append {
        return fail(node.spot(), ItemError::AppendAndOverride);
    }
    let mut overrides = Vec::new();
    for (name, operation) in entries {
        let key = name.scalar().unwrap_or_default().to_owned();
        let word = match operation.scalar() {
            Some(word) => word,
            None if operation.is_null() => "null",
            None => return fail(operation.spot(), ItemError::OverrideSequence),
        };
        let (is_append, allowed) = match word {
            "append" => (true, appendable),
            "replace" => (false, replaceable),
            found => return fail(operation.spot(), ItemError::Operation { key, found: found.to_owned() }),
        };
        if !allowed.contains(&key.as_str()) {
            return fail(name.spot(), ItemError::NotOverridable { key, is_append });
        }
        overrides.push((key, is_append));
    }
    Ok(Some(overrides))
}

fn list(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    let name = map.required("list")?;
    faults.enter(Some(Owner::new(ItemKind::List, name.text())));
    if name.text().contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '=' | ',')) {
        faults.warn(name.spot(), Warning::ListName);
    }
    let is_append = appends(map, "items", faults)?;
    let Some(items) = map.words("items")? else {
        return fail(map.spot(), ItemError::Missing { key: "items" });
    };
    Ok(Item::List(ListItem { name, items, is_append }))
}

fn macro_(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    let name = map.required("macro")?;
    faults.enter(Some(Owner::new(ItemKind::Macro, name.text())));
    let text = name.text();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(is_word) {
        faults.warn(name.spot(), Warning::MacroName);
    }
    let is_append = appends(map, "condition", faults)?;
    let condition = map.required("condition")?;
    Ok(Item::Macro(MacroItem { name, condition, is_append }))
}

fn rule(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    const FULL: [&str; 4] = ["condition", "output", "desc", "priority"];
    let name = map.required("rule")?;
    faults.enter(Some(Owner::new(ItemKind::Rule, name.text())));
    let is_append = append(map, faults)?;
    let overrides = overrides(map, is_append, APPENDABLE, REPLACEABLE)?;
    let key = match overrides {
        Some(overrides) => RuleKey::Override(overrides),
        None if is_append => RuleKey::Append,
        None if FULL.iter().any(|key| map.has(key)) => RuleKey::Define,
        None => RuleKey::Enable,
    };
    check_keys(map, &key, &FULL, faults)?;
    if key == RuleKey::Append && !map.has("condition") && !map.has("exceptions") {
        return fail(map.spot(), ItemError::AppendNothing);
    }
    let is_update = matches!(key, RuleKey::Append | RuleKey::Override(_));
    let source = match map.0.get("source") {
        Some(node) if is_update && (node.is_null() || node.scalar() == Some("")) => None,
        _ => map.optional("source")?,
    };
    let priority = match map.optional("priority")? {
        None => None,
        Some(word) => match Priority::parse(word.text()) {
            Some(priority) => Some(priority),
            None => return fail(word.spot(), ItemError::Priority { found: word.text().to_owned() }),
        },
    };
    let tags = map.words("tags")?.map(|tags| tags.iter().map(|tag| tag.text().to_owned()).collect());
    let condition = map.optional("condition")?;
    Ok(Item::Rule(Box::new(RuleItem {
        name,
        condition,
        output: map.optional("output")?,
        desc: map.optional("desc")?,
        priority,
        source,
        enabled: map.boolean("enabled")?,
        tags,
        exceptions: exception::decode(map, faults)?,
        warn_evttypes: map.boolean("warn_evttypes")?,
        skip_if_unknown_filter: map.boolean("skip-if-unknown-filter")?,
        capture: map.boolean("capture")?,
        capture_duration_ms: map.number("capture_duration")?,
        key,
    })))
}

/// Which keys have to be there, and which must not.
fn check_keys(map: Map<'_>, key: &RuleKey, full: &[&'static str], faults: &mut Faults<'_>) -> Result<()> {
    match key {
        RuleKey::Define => full.iter().try_for_each(|key| map.node(key).map(|_| ())),
        RuleKey::Append => Ok(()),
        RuleKey::Enable => {
            map.node("enabled")?;
            faults.warn(map.spot(), Warning::DeprecatedEnabled);
            Ok(())
        }
        RuleKey::Override(overrides) => {
            if let Some((key, _)) = overrides.iter().find(|(key, _)| !map.has(key)) {
                return fail(map.spot(), ItemError::OverrideAbsent { key: key.clone() });
            }
            let listed = |key: &str| overrides.iter().any(|(other, _)| other == key);
            match REPLACEABLE.iter().find(|key| map.has(key) && !listed(key)) {
                Some(key) => fail(spot_of(map, key), ItemError::NotListed { key }),
                None => Ok(()),
            }
        }
    }
}

fn spot_of(map: Map<'_>, key: &str) -> Spot {
    let entries = map.0.entries().unwrap_or_default();
    entries.iter().find(|(name, _)| name.scalar() == Some(key)).map_or(map.spot(), |(name, _)| name.spot())
}
