//! What to do about a fault in a condition: that takes the text around it, and the names of lists and macros.

use super::macros::Macros;
use crate::rules::{
    Type,
    check::At,
    error::{CheckError, NameError, Reason, Warning, did_you_mean, nearest, operators},
    expand::Lists,
    fields::FieldRef,
    file::Source,
    lang::{Expr, Function, Literal, Rhs, SyntaxError, SyntaxErrorKind},
};

/// A condition as it is written and with lists put in, and the names that it may use.
pub(super) struct Advice<'a> {
    pub(super) written: &'a Source,
    pub(super) condition: &'a Source,
    pub(super) lists: &'a Lists,
    pub(super) macros: &'a Macros,
}

/// What other languages write, and what it is here.
const FOREIGN: &[(&str, &str)] = &[
    ("&&", "and"),
    ("||", "or"),
    ("!in", "not FIELD in"),
    ("!", "not"),
    ("is", "="),
    ("equals", "="),
    ("like", "glob"),
    ("matches", "regex"),
    ("match", "regex"),
    ("has", "contains"),
    ("begins", "startswith"),
    ("ends", "endswith"),
];
const MODIFIERS: [&str; 3] = ["oneof", "anyof", "allof"];
const JOINTS: [&str; 3] = ["and", "or", "not"];

impl Advice<'_> {
    /// On text that does not parse.
    pub(super) fn syntax(&self, error: &SyntaxError) -> Option<String> {
        if let Some(list) = self.list_at(error.at) {
            return Some(self.on_list(list));
        }
        let text = self.condition.text();
        let (before, behind) = text.split_at_checked(error.at)?;
        let next = behind.split([' ', '\n', '\t', '\r', '(', ')', ',']).next().unwrap_or_default();
        match &error.kind {
            SyntaxErrorKind::Trailing(_) if self.condition.is_seam(error.at) => Some(seam(before, behind)),
            SyntaxErrorKind::Trailing(_) => trailing(before, behind, next),
            SyntaxErrorKind::Check(_) => check(before, behind),
            SyntaxErrorKind::Operator(name) => Some(operator(name, behind, next)),
            SyntaxErrorKind::Value(op, _) => Some(value(op, behind).to_owned()),
            SyntaxErrorKind::Blank(word) if behind.is_empty() => Some(at_end(word)),
            SyntaxErrorKind::Close(_) => Some(
                "between values of a list stands a `,`, between parts of a condition `and` or `or`"
                    .to_owned(),
            ),
            SyntaxErrorKind::ListItem => {
                Some("take the comma out, or put quotes around what is no plain word".to_owned())
            }
            _ => None,
        }
    }

    /// On names and types that do not fit; `at` is the byte at fault.
    pub(super) fn reason(&self, reason: &Reason, at: usize) -> Option<String> {
        match reason {
            Reason::Name(NameError::Macro { name }) => Some(match self.list_at(at) {
                Some(list) => self.on_list(list),
                None => did_you_mean(name, self.macros.names())
                    .or_else(|| {
                        self.lists
                            .near(name)
                            .map(|list| format!("did you mean the list, `FIELD in ({list})`?"))
                    })
                    .unwrap_or_else(|| "the file that defines it has to be loaded, too".to_owned()),
            }),
            Reason::Check(CheckError::EventType(name)) if self.macros.has(name) => {
                Some(format!("`{name}` is a macro: it stands alone, without `evt.type`"))
            }
            _ => None,
        }
    }

    /// Words of lists in parentheses that were to be names of lists, it seems.
    pub(super) fn no_lists(&self, expr: &Expr) -> Vec<(At, Warning, Option<String>)> {
        let mut found = Vec::new();
        expr.each_check(&mut |check| {
            let (Rhs::List(words) | Rhs::Each(_, words)) = &check.value else { return };
            let [word] = words.as_slice() else { return };
            found.extend(self.no_list(word));
        });
        found
    }

    fn no_list(&self, word: &Literal) -> Option<(At, Warning, Option<String>)> {
        /// Shorter names are near to too many words.
        const MIN: usize = 4;
        let text = std::str::from_utf8(&word.bytes).ok().filter(|text| text.len() >= MIN)?;
        let is_bare = word.span.end - word.span.start == word.bytes.len();
        if !is_bare || !self.condition.origin(word.span.start)?.2 {
            return None;
        }
        let is_macro = self.macros.has(text);
        let near = self.lists.near(text).filter(|_| !is_macro);
        if !is_macro && near.is_none() {
            return None;
        }
        let warning = Warning::NoList { word: text.to_owned(), is_macro };
        Some((word.span.into(), warning, near.map(|near| format!("did you mean the list `{near}`?"))))
    }

    /// The list whose items stand at byte `at`.
    fn list_at(&self, at: usize) -> Option<&str> {
        let origin = self.condition.origin(at).filter(|(_, _, is_verbatim)| !is_verbatim)?;
        let text = self.written.text();
        let names = Lists::words(text).filter(|(_, word)| self.lists.has(word));
        let mut here = names.filter(|(start, _)| {
            self.written.origin(*start).is_some_and(|(spot, solid, _)| (spot, solid) == (origin.0, origin.1))
        });
        here.next().map(|(_, word)| word)
    }

    fn on_list(&self, list: &str) -> String {
        let text = self.written.text();
        let before = Lists::words(text).find(|(_, word)| *word == list).and_then(|(at, _)| text.get(..at));
        let op = before.and_then(|text| text.split_whitespace().next_back()).unwrap_or_default();
        if operators().chain(MODIFIERS).any(|word| word == op) && !op.ends_with('=') {
            return format!("a list stands in parentheses: write `{op} ({list})`");
        }
        format!("`{list}` is a list and stands for its items: write `FIELD in ({list})`")
    }
}

/// Something stands behind a whole condition.
fn trailing(before: &str, behind: &str, next: &str) -> Option<String> {
    let mut words = before.split_whitespace();
    let (last, but_one) = (words.next_back().unwrap_or_default(), words.next_back().unwrap_or_default());
    let is_glued = !before.ends_with(char::is_whitespace);
    let is_value = operators().any(|op| op == but_one) || last.contains('=');
    if let Some((_, ours)) = FOREIGN.iter().find(|(theirs, _)| *theirs == next) {
        return Some(format!("write `{ours}`"));
    }
    if let Some(word) = JOINTS.iter().find(|word| word.eq_ignore_ascii_case(next)) {
        return Some(format!("write `{word}`, in lower case"));
    }
    if behind.starts_with(')') {
        return Some("there is one `)` too many".to_owned());
    }
    if behind.starts_with(',') && is_value {
        return Some(match but_one {
            "in" | "intersects" | "pmatch" => {
                format!("a list stands in parentheses: write `{but_one} (a, b)`")
            }
            _ => "several values are a list: write `in (a, b)`, or put the value in quotes".to_owned(),
        });
    }
    if behind.starts_with('(') {
        let near = if is_glued { Function::all().map(Function::word).collect() } else { MODIFIERS.to_vec() };
        let meant = near.iter().find(|word| word.starts_with(last) && last.len() > 2).copied();
        return meant.or_else(|| nearest(last, near.iter().copied())).map_or_else(
            || {
                let value = "put a value with parentheses in quotes".to_owned();
                Some(if is_glued && !is_value { format!("there is no transformer `{last}`") } else { value })
            },
            |near| Some(format!("did you mean `{near}`?")),
        );
    }
    if JOINTS.contains(&last) {
        return Some(format!("`{last}` is taken for a macro here: something is missing before it"));
    }
    if operators().any(|op| op == last) {
        return Some(format!("the field stands before the operator: `{next} {last}`"));
    }
    if is_glued && last.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return Some("names of macros are letters, digits and `_`".to_owned());
    }
    is_value.then(|| "put a value with blanks in quotes, or join two conditions by `and` or `or`".to_owned())
}

fn at_end(word: &str) -> String {
    format!("the condition ends with `{word}`: add what is to follow, or take it out")
}

/// What is appended does not begin with `and` or `or`.
fn seam(before: &str, behind: &str) -> String {
    let start = before.char_indices().rev().nth(50).map_or(0, |(at, _)| at);
    let end = behind.char_indices().nth(50).map_or(behind.len(), |(at, _)| at);
    let excerpt = [before.get(start..), behind.get(..end)].map(Option::unwrap_or_default).concat();
    let excerpt = excerpt.replace('\n', " ");
    format!("begin what is appended with `and` or `or`; as it is, the condition reads `{excerpt}`")
}

/// No check stands where one has to.
fn check(before: &str, behind: &str) -> Option<String> {
    let hint = match behind.chars().next() {
        Some('!') => "write `not` and a blank",
        Some('"' | '\'') => "a field and an operator stand before a value",
        Some(')') if before.trim_end().ends_with('(') => {
            "put a condition between the parentheses, or take them out"
        }
        Some(')') => "add what is to stand before the `)`",
        Some('%') => "fields have no `%` in conditions",
        Some('$') => "there are no variables in conditions: name the field, as `proc.name`",
        None => return before.split_whitespace().next_back().map(at_end),
        _ => return None,
    };
    Some(hint.to_owned())
}

/// No operator stands behind the field `name`.
fn operator(name: &str, behind: &str, next: &str) -> String {
    if let Some(op) = FOREIGN.iter().find_map(|(theirs, ours)| (*theirs == next).then_some(*ours)) {
        return format!("write `{}`", op.replace("FIELD", name));
    }
    if next == "not" {
        return format!("`not` stands before the field: `not {name} in (…)`");
    }
    if behind.starts_with('(') {
        return format!("write `{name} in (…)`");
    }
    if next.is_empty() || JOINTS.contains(&next) {
        let is_bool = FieldRef::resolve(name, None).is_ok_and(|field| field.ty == Type::Bool);
        let meant = if is_bool {
            format!("write `{name}=true`")
        } else {
            format!("compare it, or write `{name} exists`")
        };
        return format!("a field is no condition by itself: {meant}");
    }
    did_you_mean(next, operators())
        .unwrap_or_else(|| format!("one of {}", operators().collect::<Vec<_>>().join(" ")))
}

/// No value stands behind an operator.
fn value(op: &str, behind: &str) -> &'static str {
    match (op, behind.chars().next()) {
        ("<", Some('>')) => "write `!=`",
        ("<" | "<=" | ">" | ">=", Some(_)) => "only numbers are ordered",
        (_, Some('(')) => "write `in (a, b)`",
        (_, Some('=')) => "write `=`, or put the value in quotes",
        _ => "an empty value is `\"\"`",
    }
}
