//! The conditions of the matching corpus over the field values that a reference Falco recorded for the same events: no
//! kernel and no extraction, only the language. A condition that asks for what was not recorded is undetermined.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::{
    enrich::Side,
    rules::{
        LoadOptions, RuleFile, RuleSet, Type, Value,
        compile::{Node, NodeId},
        fields::{Context, FieldRef, Shape},
        fixture::{call, corpus, judge, process, within},
        load,
        predicate::{Predicate, Term, Test, Values},
    },
};

/// Conditions whose answer differs on purpose, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("m011", "it holds for what is no system call; the reference takes it for a rule without events"),
    ("m035", "the id that semget gave was another one in the other recording"),
    ("m336", "the reference prints bytes left over of another buffer, and compares none"),
    ("m339", "the reference prints bytes left over of another buffer, and compares none"),
    ("m036", "the id that semget gave was another one in the other recording"),
];

/// Stand-ins of the corpus for what differs from run to run.
const PLACEHOLDERS: [&str; 12] = [
    "<p0>",
    "<p1>",
    "<p2>",
    "<p3>",
    "<run>",
    "<ino>",
    "<dev>",
    "<eport>",
    "<ptr>",
    "<fdlimit>",
    "<full-caps>",
    "<residue>",
];

fn lines(path: &Path) -> Vec<Json> {
    let text = fs::read_to_string(path).expect("the corpus is readable");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// Case, process, number and type of an event: the same in both files.
fn key(event: &Json) -> (u64, String, u64, String) {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| event[name].as_u64().unwrap_or_default();
    (number("case"), text("p"), number("seq"), text("type"))
}

/// What is known of a field: nothing, or its value, which may be that it is absent.
type Known<'a> = Option<Option<Value<'a>>>;

/// A recorded value as the field has it.
fn known<'a>(field: &FieldRef, event: &'a Json, printed: &BTreeSet<String>, arena: &'a Bump) -> Known<'a> {
    let key = field.key();
    if !printed.contains(&key) {
        return None;
    }
    // An alert prints some fields of a call with a directory descriptor as those of the directory.
    let is_misprinted = ["fd.", "fs.path.", "evt.count.error"].iter().any(|prefix| key.starts_with(prefix));
    if is_misprinted && has_directory(event) {
        return None;
    }
    let Some(json) = event["fields"].get(&key) else {
        // What is empty is printed as absent.
        return (!matches!(key.as_str(), "evt.args" | "evt.arg[0]" | "evt.buffer")).then_some(None);
    };
    let value = match (json, field.ty) {
        (Json::Bool(value), _) => Value::Bool(*value),
        (Json::Number(number), Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64) => {
            Value::I64(number.as_i64()?)
        }
        (Json::Number(number), _) => match number.as_u64() {
            Some(number) => Value::U64(number),
            None => Value::I64(number.as_i64()?),
        },
        (Json::String(text), _) if PLACEHOLDERS.iter().any(|it| text.contains(it)) => return None,
        // Bytes that are no UTF-8 were replaced.
        (Json::String(text), _) if text.contains('\u{fffd}') => return None,
        (Json::String(text), Type::IpAddr) => Value::Ip(text.parse().ok()?),
        // A buffer prints other bytes as dots.
        (Json::String(text), Type::ByteBuf) if text.contains('.') => return None,
        (Json::String(text), _) if field.shape == Shape::One => match field.ty.is_text() {
            true => Value::Text(text.as_bytes()),
            false if field.ty == Type::ByteBuf => Value::Text(text.as_bytes()),
            false => Value::U64(u64::from_str_radix(text, 16).ok()?),
        },
        (Json::Array(items), _) => {
            let texts = items.iter().map(|item| item.as_str().map(|text| Value::Text(text.as_bytes())));
            let texts: Option<Vec<_>> = texts.collect();
            Value::List(arena.alloc_slice_copy(&texts?))
        }
        _ => return None,
    };
    Some(Some(value))
}

fn has_directory(event: &Json) -> bool {
    let ty = event["type"].as_str().unwrap_or_default().trim_end_matches('2');
    ty.ends_with("at") && event["fields"]["evt.rawarg.dirfd"] != -100
}

fn needs(term: &Term, found: &mut BTreeSet<u32>) {
    match term {
        Term::Field(number) => {
            found.insert(*number);
        }
        Term::Text(_) => {}
        Term::List(terms) | Term::Call(_, terms, _) => terms.iter().for_each(|term| needs(term, found)),
    }
}

/// The fields that a predicate asks for.
fn fields_of(predicate: &Predicate) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    needs(&predicate.term, &mut found);
    if let Test::Term(_, term) = &predicate.test {
        needs(term, &mut found);
    }
    found
}

/// A condition over what is known; `None`: what is not known decides.
fn holds<'a>(
    set: &'a RuleSet,
    id: NodeId,
    unknown: &BTreeSet<u32>,
    values: &mut Values<'a, '_>,
) -> Option<bool> {
    match &set.nodes[id as usize] {
        Node::Const(value) => Some(*value),
        Node::Predicate(number) => {
            let predicate = &set.predicates[*number as usize];
            fields_of(predicate).is_disjoint(unknown).then(|| predicate.holds(values))
        }
        Node::Not(inner) => holds(set, *inner, unknown, values).map(|value| !value),
        Node::And(parts) | Node::Or(parts) => {
            let decides = matches!(set.nodes[id as usize], Node::Or(_));
            let answers: Vec<_> = parts.iter().map(|part| holds(set, *part, unknown, values)).collect();
            match answers {
                answers if answers.contains(&Some(decides)) => Some(decides),
                answers if answers.contains(&None) => None,
                _ => Some(!decides),
            }
        }
    }
}

#[test]
fn conditions_agree() {
    let Some(corpus) = corpus("match/expected.jsonl") else { return };
    let text = fs::read_to_string(corpus.join("match/rules.yaml")).expect("the corpus is readable");
    // Which process an event belongs to is known; the ancestors that tell it are recorded in part only.
    let text = text.replacen(
        "condition: proc.aname glob \"c[0-9][0-9][0-9]\" and not evt.type in (page_fault, switch)",
        "condition: evt.type exists",
        1,
    );
    let rules = load(&[RuleFile { name: "rules.yaml", text: &text }], &LoadOptions::default(), 1);
    assert_eq!(rules.errors.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let set = &rules.set;
    let printed = fs::read_to_string(corpus.join("live/rules.yaml")).expect("the corpus is readable");
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._[]".contains(c);
    let printed: BTreeSet<String> = printed
        .split('%')
        .skip(1)
        .map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default().to_owned())
        .collect();
    let fired: HashMap<_, BTreeSet<String>> = lines(&corpus.join("match/expected.jsonl"))
        .iter()
        .map(|event| {
            let rules = event["rules"].as_array().into_iter().flatten();
            (key(event), rules.filter_map(Json::as_str).map(str::to_owned).collect())
        })
        .collect();
    let (mut agree, mut undetermined) = (0_u32, 0_u32);
    let mut undetermined_rules: BTreeMap<&str, u32> = BTreeMap::new();
    let mut other: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut events = 0;
    let recorded = lines(&corpus.join("live/expected.jsonl"));
    let record = call("setuid", 0, [0; 6]);
    for event in &recorded {
        let Some(fired) = fired.get(&key(event)) else { continue };
        events += 1;
        within(&record, &process(), Side::Caller, |context| {
            let arena = Bump::new();
            let mut memo = vec![(0, 0); set.fields.len()];
            let mut unknown = BTreeSet::new();
            let context = Context::new(context.event, &arena);
            let mut values = Values::new(context, &set.fields, &mut memo, 1);
            for (number, field) in (0..).zip(&set.fields) {
                match known(field, event, &printed, &arena) {
                    Some(value) => values.preset(number, value),
                    None => {
                        unknown.insert(number);
                    }
                }
            }
            // The first rule only names the events.
            for rule in set.rules().iter().skip(1) {
                match holds(set, rule.condition, &unknown, &mut values) {
                    None => {
                        undetermined += 1;
                        *undetermined_rules.entry(&rule.name).or_default() += 1;
                    }
                    Some(answer) if answer == fired.contains(&rule.name) => agree += 1,
                    Some(answer) => {
                        let what = format!("{answer} for {:?}", key(event));
                        other.entry(&rule.name).or_default().push(what);
                    }
                }
            }
        });
    }
    let never = undetermined_rules.iter().filter(|(_, count)| **count == events).map(|(name, _)| *name);
    eprintln!("{events} events: {agree} answers agree, {undetermined} are undetermined");
    eprintln!("never determined: {}", never.collect::<Vec<_>>().join(" "));
    let other =
        other.into_iter().map(|(name, what)| (name.to_owned(), format!("{} x {}", what.len(), what[0])));
    judge(&other.collect(), DIFFERENT);
    assert!(agree > undetermined, "{agree} agree, {undetermined} do not");
}
