//! What to do about a fault, where its reason alone tells. What needs the text around it stands in `load::advice`.

use super::{
    CheckError, ExceptionError, ItemError, NameError, Reason, UpdateError, VersionError, Warning, YamlError,
    nearest,
};
use crate::{
    border::Priority,
    rules::{
        events,
        fields::{CLASSES, Class, FieldError, FieldRef},
        file::{ITEM_KINDS, OVERRIDABLE, PLUGIN_VERSIONS},
        lang::{Op, SyntaxErrorKind},
        output::FormatError,
    },
};

/// Endings of the YAML parser's messages, and what has then mostly happened.
const YAML: &[(&str, &str)] = &[
    ("found a tab", "YAML is indented with blanks: replace the tabs"),
    (
        "mapping values are not allowed",
        "a colon with a blank behind it makes a key: look at the indentation, or put the text in quotes",
    ),
    ("unexpected character: `%'", "a text that begins with `%` needs quotes"),
    ("unexpected character: `@'", "a text that begins with `@` needs quotes"),
    ("unexpected character: ``'", "a text that begins with a backquote needs quotes"),
    ("unknown anchor", "a text that begins with `*` needs quotes"),
    ("parsing a flow sequence", "a `[` is not closed, or a comma is missing"),
    ("parsing a flow mapping", "a `{` is not closed, or a comma is missing"),
    ("illegal placement of ':'", "a `[` or `{` above is not closed"),
    ("scanning a quoted scalar", "a quote is not closed"),
    ("did not find expected", "look at the indentation: what belongs together begins in the same column"),
    ("while parsing a block", "look at the indentation: what belongs together begins in the same column"),
];

impl Reason {
    /// A hint that needs to know nothing else.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Yaml(error) => yaml(error),
            Self::Item(error) => item(error),
            Self::Version(error) => version(error),
            Self::Exception(error) => exception(error),
            Self::Update(UpdateError::Missing { .. }) => Some(
                "define it first: files are read in order, a local file behind those that it changes"
                    .to_owned(),
            ),
            Self::Syntax(error) => syntax(error),
            Self::Name(NameError::MacroLater { .. }) => {
                Some("a macro uses those that stand above it: move that one up".to_owned())
            }
            Self::Name(NameError::ExceptionField { name }) => Some(field(name)),
            Self::Check(error) => check(error),
            Self::Output(FormatError::UnknownField { token, .. }) => Some(output(token)),
            Self::Output(FormatError::TrailingPercent) => {
                Some("take the `%` out: there is no way to print one at the end".to_owned())
            }
            Self::ExtraField(error) => field_error(error),
            Self::Warning(warning) => self::warning(warning),
            _ => None,
        }
    }
}

/// `did you mean`, where a name is near.
pub fn did_you_mean<'c>(word: &str, known: impl Iterator<Item = &'c str>) -> Option<String> {
    nearest(word, known).map(|known| format!("did you mean `{known}`?"))
}

fn yaml(error: &YamlError) -> Option<String> {
    let hint = match error {
        YamlError::Syntax(text) => {
            return YAML.iter().find(|(end, _)| text.contains(end)).map(|(_, hint)| (*hint).to_owned());
        }
        YamlError::Alias => "a text that begins with `*` needs quotes",
        YamlError::NoSequence => "write `- rule: …`, and indent what follows by two blanks",
        YamlError::Key | YamlError::Depth => return None,
    };
    Some(hint.to_owned())
}

fn item(error: &ItemError) -> Option<String> {
    match error {
        ItemError::NoMapping => Some("write `- rule: NAME`, with a colon".to_owned()),
        ItemError::Missing { key, instead: Some(found) } => Some(format!("`{found}` stands there: did you mean `{key}`?")),
        ItemError::Missing { key: "condition" | "output" | "desc" | "priority", .. } => Some(
            "a rule needs condition, output, desc and priority; to change a part of an earlier one, say which under `override`"
                .to_owned(),
        ),
        ItemError::NoSequence { key } | ItemError::NoScalarItem { key } => Some(format!("write `{key}: [a, b]`")),
        ItemError::NoNumber { key: "capture_duration", .. } => Some("it is in milliseconds".to_owned()),
        ItemError::Priority { found } => {
            let labels = || Priority::ALL.into_iter().map(Priority::label);
            let start = |label: &str| label.get(..found.len()).is_some_and(|start| start.eq_ignore_ascii_case(found));
            let longer = labels().find(|label| found.len() > 2 && start(label));
            longer
                .map(|label| format!("did you mean `{label}`?"))
                .or_else(|| did_you_mean(found, labels()))
                .or_else(|| Some(format!("one of {}", labels().collect::<Vec<_>>().join(", "))))
        }
        ItemError::OverrideSequence => Some("write `override: {condition: append}`".to_owned()),
        ItemError::AppendAndOverride => Some("take `append` out: `override` says the same and more".to_owned()),
        ItemError::Operation { found, .. } => did_you_mean(found, ["append", "replace"].into_iter()),
        ItemError::NotOverridable { key, is_append } => {
            let is_known = OVERRIDABLE.contains(&key.as_str());
            match (is_known, is_append) {
                (true, true) => Some("it can be replaced: write `replace`".to_owned()),
                (true, false) => None,
                (false, _) if key == "source" => {
                    Some("a rule keeps its source: write one of your own".to_owned())
                }
                (false, _) => did_you_mean(key, OVERRIDABLE.iter().copied()),
            }
        }
        ItemError::OverrideAbsent { key } => Some(format!("add `{key}` to the item, or take it out of `override`")),
        ItemError::NotListed { key } => Some(format!("add `{key}: replace` under `override`, or take it out of the item")),
        _ => None,
    }
}

fn version(error: &VersionError) -> Option<String> {
    match error {
        VersionError::Engine { .. } => {
            Some("use a newer Saker, or a rule file that was made for this engine or an older one".to_owned())
        }
        VersionError::Unknown { name } => {
            let known = || PLUGIN_VERSIONS.iter().map(|plugin| plugin.name);
            did_you_mean(name, known()).or_else(|| {
                let known = known().collect::<Vec<_>>().join(", ");
                Some(format!("built in are {known}; take this out together with what needs it"))
            })
        }
        VersionError::TooNew { .. } => Some("use a newer Saker, or an older rule file".to_owned()),
        _ => None,
    }
}

fn exception(error: &ExceptionError) -> Option<String> {
    match error {
        ExceptionError::Fields { instead: Some(found) } => {
            Some(format!("`{found}` stands there: did you mean `fields`?"))
        }
        ExceptionError::FieldsAgain => Some("take `fields` and `comps` out".to_owned()),
        ExceptionError::ListComp { .. } => Some(
            "one of in, pmatch, intersects, or an operator with `anyof`, as `startswith anyof`".to_owned(),
        ),
        ExceptionError::Comps { .. } => {
            Some("write `comps: [=, in]`, or leave it out: then each is `=`".to_owned())
        }
        ExceptionError::Operator { found } => did_you_mean(found, operators())
            .or_else(|| Some(format!("one of {}", operators().collect::<Vec<_>>().join(" ")))),
        ExceptionError::NoRow => Some("write `values: [[a, b], [c, d]]`".to_owned()),
        ExceptionError::OneValues => Some("write `values: [a, b]`, or make `fields` a sequence".to_owned()),
        _ => None,
    }
}

/// The words of all operators.
pub fn operators() -> impl Iterator<Item = &'static str> {
    Op::ALL.iter().map(|op| op.word())
}

fn syntax(error: &SyntaxErrorKind) -> Option<String> {
    let hint = match error {
        SyntaxErrorKind::Unterminated => "add the closing quote",
        SyntaxErrorKind::List(op) => return Some(format!("write `{op} (a, b)`")),
        SyntaxErrorKind::Unclosed => "add the `)`",
        SyntaxErrorKind::Argument | SyntaxErrorKind::Bracket => "write `[2]`, `[name]` or `[\"a b\"]`",
        SyntaxErrorKind::Escape(escape, _) => {
            return Some(format!("write `\\\\{escape}` for a backslash and `{escape}`"));
        }
        SyntaxErrorKind::Val => "write `val(proc.name)`",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn check(error: &CheckError) -> Option<String> {
    match error {
        CheckError::Field(error) => field_error(error),
        CheckError::EventType(name) => did_you_mean(name, events::names())
            .or_else(|| Some("`saker --list-events` names them all".to_owned())),
        CheckError::Operator { allowed, .. } => {
            let words = allowed.iter().map(|op| op.word()).collect::<Vec<_>>();
            Some(format!("it takes {}", words.join(" ")))
        }
        CheckError::Literal { found, .. } => {
            let hex = found.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
            hex.map(|number| format!("write it in decimal: {number}"))
        }
        CheckError::Arguments(name, _) => match *name {
            "join" => Some("write `join(\",\", (proc.name, fd.name))`".to_owned()),
            "concat" => Some("write `concat(proc.name, \":\", fd.name)`".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn field_error(error: &FieldError) -> Option<String> {
    match error {
        FieldError::Unknown { given } => Some(field(given)),
        FieldError::Missing { given } if given.starts_with("evt.arg") => {
            Some("write `evt.arg.NAME` or `evt.arg[0]`; `saker --list-events` has the names".to_owned())
        }
        FieldError::Missing { given } => {
            Some(format!("write `{given}[NAME]`; `saker --list` tells what it takes"))
        }
        FieldError::UnknownParam { .. } => {
            Some("`saker --list-events` has the names of each event's arguments".to_owned())
        }
        _ => None,
    }
}

/// What a name that is no field could have meant.
fn field(given: &str) -> String {
    let (name, bracket) = given.split_once('[').unwrap_or((given, ""));
    if !bracket.is_empty() && FieldRef::resolve(name, None).is_ok() {
        let takes_one = FieldRef::resolve(name, Some("1")).is_ok();
        return if takes_one {
            format!("write a number: `{name}[1]`")
        } else {
            format!("`{name}` takes no argument")
        };
    }
    let names = CLASSES.iter().flat_map(Class::fields).map(|field| field.name);
    did_you_mean(name, names).unwrap_or_else(|| "`saker --list` names them all".to_owned())
}

/// The same of what stands behind a percent sign.
fn output(token: &str) -> String {
    let end =
        token.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_')).unwrap_or(token.len());
    let name = token.get(..end).unwrap_or_default().trim_end_matches('.');
    match FieldRef::resolve(name, None) {
        Err(FieldError::Unknown { .. }) if name.contains('.') => field(name),
        Err(error) if name.contains('.') => field_error(&error).unwrap_or_default(),
        _ => "a field has to follow each `%`; there is no way to print the sign itself".to_owned(),
    }
}

fn warning(warning: &Warning) -> Option<String> {
    match warning {
        Warning::UnknownItem { key } => did_you_mean(key, ITEM_KINDS.iter().copied()),
        Warning::UnknownKey { key, known } => did_you_mean(key, known.iter().copied()),
        Warning::ExceptionKey { key } => did_you_mean(key, ["name", "fields", "comps", "values"].into_iter()),
        Warning::UnknownSource { source_name } => did_you_mean(source_name, ["syscall"].into_iter()),
        Warning::NoEvttype => Some("add `evt.type=…` or `evt.type in (…)`".to_owned()),
        Warning::Again { .. } => {
            Some("rename one of them, or put what is to replace it in a file of its own".to_owned())
        }
        Warning::NoOverride => Some("write `override: {condition: append}`".to_owned()),
        _ => None,
    }
}
