//! One item of a rule file: what kind it is, its keys, whether they append or override.

use std::rc::Rc;

use super::{
    decode::{Map, Result, fail, value_for},
    exception::{self, Exception},
    place::{Source, Spot},
    yaml::Node,
};
use crate::{
    border::Priority,
    rules::error::{Fail, Faults, ItemError, ItemKind, Step, VersionError, Warning},
};

/// Version of the rule engine that Saker's language is compatible with: minor and patch of 0.63.0.
const ENGINE: (u64, u64, u64) = (0, 63, 0);

/// An item.
#[derive(Debug)]
pub(super) enum Item {
    /// `required_engine_version`
    Engine((u64, u64, u64)),
    /// `required_plugin_versions`: alternatives, each name and version.
    Plugins(Vec<Vec<(String, String)>>),
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
    /// Where the item starts.
    pub(super) spot: Spot,
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
    /// Where the item starts.
    pub(super) spot: Spot,
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
    /// Where the item starts.
    pub(super) spot: Spot,
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
    /// Count for resolved names, too.
    pub(super) resolved_paths: Option<bool>,
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
    "resolved_paths",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "override",
    "append",
];
/// What an item is told by.
pub const ITEM_KINDS: &[&str] =
    &["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
const APPENDABLE: &[&str] = &["condition", "output", "desc", "tags", "exceptions"];
/// What rules, macros and lists may override.
pub const OVERRIDABLE: &[&str] = &[
    "items",
    "condition",
    "output",
    "desc",
    "tags",
    "exceptions",
    "priority",
    "enabled",
    "capture",
    "capture_duration",
    "resolved_paths",
    "warn_evttypes",
    "skip-if-unknown-filter",
];
/// What rules may.
const REPLACEABLE: &[&str] = OVERRIDABLE.split_at(1).1;

impl Item {
    pub(super) fn decode(node: &Rc<Node>, faults: &mut Faults<'_>) -> Result<Option<Self>> {
        faults.enter(ItemKind::Unknown, "", node.spot());
        if node.entries().is_none() {
            return fail(node.spot(), ItemError::NoMapping);
        }
        let map = Map(node);
        let (item, known) = if map.has("required_engine_version") {
            faults.enter(ItemKind::Engine, "", node.spot());
            (engine(map)?, &["required_engine_version"][..])
        } else if let Some(value) = node.get("required_plugin_versions") {
            faults.enter(ItemKind::Plugins, "", value.spot());
            let item = plugins(value)?;
            faults.enter(ItemKind::Plugins, "", node.spot());
            (item, &["required_plugin_versions"][..])
        } else if map.has("list") {
            (list(map, faults)?, LIST_KEYS)
        } else if map.has("macro") {
            (macro_(map, faults)?, MACRO_KEYS)
        } else if map.has("rule") {
            (rule(map, faults)?, RULE_KEYS)
        } else {
            let key = map.keys().next().map_or(String::new(), |(key, _)| key.to_owned());
            faults.warn(map.spot(), Warning::UnknownItem { key });
            return Ok(None);
        };
        for (key, spot) in map.unknown_keys(known) {
            faults.warn(spot, Warning::UnknownKey { key, known });
        }
        for (key, spot) in map.repeated_keys() {
            faults.warn(spot, Warning::KeyTwice { key });
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
        return Err(Fail::new(version.spot(), VersionError::Unreadable { found: text.to_owned() }));
    };
    if needed.0 != ENGINE.0 || needed > ENGINE {
        let needed = format!("{}.{}.{}", needed.0, needed.1, needed.2);
        return Err(Fail::new(version.spot(), VersionError::Engine { needed }));
    }
    Ok(Item::Engine(needed))
}

/// `x.y.z`, whatever follows.
fn semver(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.splitn(3, '.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = patch.find(|c: char| !c.is_ascii_digit()).unwrap_or(patch.len());
    Some((major.parse().ok()?, minor.parse().ok()?, patch.get(..digits)?.parse().ok()?))
}

/// A plugin of Falco's whose fields are built in.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// `container`
    pub name: &'static str,
    /// The version whose fields there are: it counts as loaded.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
}

/// All of them.
pub const PLUGIN_VERSIONS: [Plugin; 3] = [
    Plugin { name: "container", version: "0.7.1", description: "Container and pod metadata from runtimes" },
    Plugin { name: "k8smeta", version: "0.4.1", description: "Kubernetes metadata from the API server" },
    Plugin { name: "json", version: "0.7.3", description: "Fields of JSON payloads" },
];

impl Plugin {
    /// Falco's rule: the same major version, and not older.
    fn satisfies(&self, required: (u64, u64, u64)) -> bool {
        semver(self.version).is_some_and(|own| own.0 == required.0 && own >= required)
    }
}

fn plugins(node: &Rc<Node>) -> Result<Item> {
    const KEY: &str = "required_plugin_versions";
    let Some(entries) = node.items() else { return fail(node.spot(), ItemError::NoSequence { key: KEY }) };
    let mut required = Vec::new();
    for entry in entries {
        let name = entry.get("name").and_then(|name| name.scalar()).unwrap_or_default();
        let step = || Step::new("required plugin versions entry", name, entry.spot());
        required.push(plugin(entry).map_err(|fail| fail.inside(step()))?);
    }
    Ok(Item::Plugins(required))
}

/// Name and version of a required plugin, and of those that would do in its place.
fn plugin(entry: &Rc<Node>) -> Result<Vec<(String, String)>> {
    const KEY: &str = "alternatives";
    let own = requirement(entry)?;
    let mut required = vec![own];
    if let Some(node) = entry.get(KEY) {
        let Some(items) = node.items() else { return fail(node.spot(), ItemError::NoSequence { key: KEY }) };
        for item in items {
            let name = item.get("name").and_then(|name| name.scalar()).unwrap_or_default();
            let step = || Step::new("required plugin versions alternative", name, item.spot());
            required.push(requirement(item).map_err(|fail| fail.inside(step()))?);
        }
    }
    for (index, (name, version)) in required.iter().enumerate() {
        let fail = |error| Err(Fail::new(name.spot(), error));
        if semver(version.text()).is_none() {
            return fail(VersionError::Plugin { found: version.text().to_owned() });
        }
        if required.iter().take(index).any(|(other, _)| other.text() == name.text()) {
            return fail(VersionError::Twice { name: name.text().to_owned() });
        }
    }
    let built_in = required.iter().find_map(|(name, version)| {
        let plugin = PLUGIN_VERSIONS.iter().find(|plugin| plugin.name == name.text())?;
        Some((name, plugin, version))
    });
    match (required.first(), built_in) {
        (Some((name, _)), None) => {
            Err(Fail::new(name.spot(), VersionError::Unknown { name: name.text().to_owned() }))
        }
        (_, Some((name, plugin, needed)))
            if !semver(needed.text()).is_some_and(|needed| plugin.satisfies(needed)) =>
        {
            let needed = needed.text().to_owned();
            Err(Fail::new(
                name.spot(),
                VersionError::TooNew { name: plugin.name, version: plugin.version, needed },
            ))
        }
        _ => Ok(required
            .iter()
            .map(|(name, version)| (name.text().to_owned(), version.text().to_owned()))
            .collect()),
    }
}

fn requirement(entry: &Rc<Node>) -> Result<(Source, Source)> {
    Ok((Map(entry).required("name")?, Map(entry).required("version")?))
}

/// `append: true` or `override`, for lists and macros with their one key.
fn appends(map: Map<'_>, key: &'static str, faults: &mut Faults<'_>) -> Result<bool> {
    let is_append = append(map, faults)?;
    let Some(overrides) = overrides(map, is_append, &[key], &[key], faults)? else { return Ok(is_append) };
    Ok(overrides.iter().any(|(_, is_append)| *is_append))
}

fn append(map: Map<'_>, faults: &mut Faults<'_>) -> Result<bool> {
    let is_append = map.boolean("append")?.unwrap_or(false);
    if is_append {
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
    faults: &mut Faults<'_>,
) -> Result<Option<Vec<(String, bool)>>> {
    let Some(node) = map.0.get("override") else { return Ok(None) };
    if node.items().is_some() {
        return fail(node.spot(), ItemError::OverrideSequence);
    }
    if node.scalar().is_some() {
        faults.warn(node.spot(), Warning::NoOverride);
    }
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else { return Ok(None) };
    if is_append {
        return fail(node.spot(), ItemError::AppendAndOverride);
    }
    let all = || Step::new("overrides", "", map.spot());
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
            found => {
                let step = value_for(&key, operation);
                let error = ItemError::Operation { key, found: found.to_owned() };
                return Err(Fail::new(operation.spot(), error).inside(step).inside(all()));
            }
        };
        if !allowed.contains(&key.as_str()) {
            let step = Step::new("overrides", &key, name.spot());
            let error = ItemError::NotOverridable { key, is_append };
            return Err(Fail::new(name.spot(), error).inside(step).inside(all()));
        }
        overrides.push((key, is_append));
    }
    Ok(Some(overrides))
}

fn list(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    faults.enter(ItemKind::List, "", map.spot());
    let name = map.required("list")?;
    faults.enter(ItemKind::List, name.text(), map.spot());
    if name.text().contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '=' | ',')) {
        faults.warn(name.spot(), Warning::ListName);
    }
    let is_append = appends(map, "items", faults)?;
    let Some(items) = map.words("items")? else {
        return map.missing("items");
    };
    Ok(Item::List(ListItem { spot: map.spot(), name, items, is_append }))
}

fn macro_(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    faults.enter(ItemKind::Macro, "", map.spot());
    let name = map.required("macro")?;
    faults.enter(ItemKind::Macro, name.text(), map.spot());
    let text = name.text();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(is_word) {
        faults.warn(name.spot(), Warning::MacroName);
    }
    let is_append = appends(map, "condition", faults)?;
    let condition = map.required("condition")?;
    Ok(Item::Macro(MacroItem { spot: map.spot(), name, condition, is_append }))
}

fn rule(map: Map<'_>, faults: &mut Faults<'_>) -> Result<Item> {
    const FULL: [&str; 4] = ["condition", "output", "desc", "priority"];
    faults.enter(ItemKind::Rule, "", map.spot());
    let name = map.required("rule")?;
    faults.enter(ItemKind::Rule, name.text(), map.spot());
    let is_append = append(map, faults)?;
    let overrides = overrides(map, is_append, APPENDABLE, REPLACEABLE, faults)?;
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
    let priority = map.optional("priority")?.map(|word| priority(&word)).transpose()?;
    let tags = map.words("tags")?.map(|tags| tags.iter().map(|tag| tag.text().to_owned()).collect());
    let condition = map.optional("condition")?;
    Ok(Item::Rule(Box::new(RuleItem {
        spot: map.spot(),
        name,
        condition,
        output: map.optional("output")?,
        desc: map.optional("desc")?,
        priority,
        source,
        enabled: map.boolean("enabled")?,
        tags,
        exceptions: exception::decode(map, faults)?,
        resolved_paths: map.boolean("resolved_paths")?,
        warn_evttypes: map.boolean("warn_evttypes")?,
        skip_if_unknown_filter: map.boolean("skip-if-unknown-filter")?,
        capture: map.boolean("capture")?,
        capture_duration_ms: map.number("capture_duration")?,
        key,
    })))
}

fn priority(word: &Source) -> Result<Priority> {
    Priority::parse(word.text()).ok_or_else(|| {
        let error = ItemError::Priority { found: word.text().to_owned() };
        Fail::new(word.spot(), error).inside(Step::new("rule priority", "", word.spot()))
    })
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
                let node = map.0.get("override").unwrap_or(map.0);
                return fail(spot_of(Map(node), key), ItemError::OverrideAbsent { key: key.clone() });
            }
            let listed = |key: &str| overrides.iter().any(|(other, _)| other == key);
            match REPLACEABLE.iter().find(|key| map.has(key) && !listed(key)) {
                Some(key) => {
                    let value = map.0.get(key).map_or(map.spot(), |value| value.spot());
                    let step = Step::new("overrides", key, value);
                    Err(Fail::new(spot_of(map, key), ItemError::NotListed { key }).inside(step))
                }
                None => Ok(()),
            }
        }
    }
}

fn spot_of(map: Map<'_>, key: &str) -> Spot {
    let entries = map.0.entries().unwrap_or_default();
    entries.iter().find(|(name, _)| name.scalar() == Some(key)).map_or(map.spot(), |(name, _)| name.spot())
}
