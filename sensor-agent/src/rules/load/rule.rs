//! One rule: condition, exceptions and output from text to what is evaluated.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use super::{ExtraField, LoadOptions, advice::Advice, macros::Macros};
use crate::rules::{
    Rule,
    check::{self, At, Checker},
    compile::{NodeId, Pool},
    error::{Fail, Faults, InCondition, ItemKind, NameError, Reason, Step, UpdateError, Warning},
    events::{self, EventSet},
    expand::Lists,
    fields::{FieldRef, Supply, flag, is_untold},
    file::{self, Source},
    lang,
    output::{Extra, Format, FormatError, suggested_output},
};

/// The only event source so far.
pub(super) const SOURCE: &str = "syscall";
/// A field of old outputs that stands for nothing.
const CONTAINER_INFO: &str = "%container.info";
/// Fields that still work, and whose use is worth a warning.
const DEPRECATED: [&str; 6] =
    ["evt.dir", "evt.latency", "evt.latency.s", "evt.latency.ns", "evt.latency.human", "evt.wait_latency"];

pub(super) fn load(
    rule: &file::Rule,
    options: &LoadOptions,
    lists: &mut Lists,
    macros: &mut Macros,
    pool: &mut Pool,
    faults: &mut Faults<'_>,
) -> Option<Rule> {
    faults.enter(ItemKind::Rule, rule.name.text(), rule.spot);
    if rule.source != SOURCE {
        faults.warn(rule.name.spot(), Warning::UnknownSource { source_name: rule.source.clone() });
        return None;
    }
    if let Some((exception, field)) = unknown_exception_field(rule, &options.static_fields) {
        let error = NameError::ExceptionField { name: field.text().to_owned() };
        faults.push(Fail::new(field.spot(), error).inside(exception.step()));
        return None;
    }
    let full = match rule.full_condition() {
        Ok(full) => full,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let Ok(condition) = lists.expand(&full) else {
        faults.error(full.spot(), UpdateError::Long);
        return None;
    };
    let node = compile(rule, [&full, &condition], lists, macros, pool, faults)?;
    let (output, extra) = outputs(rule, options, faults)?;
    let events = pool.events(node);
    deprecated(rule, &condition, node, pool, faults);
    let n_events = events.names().count();
    if rule.warn_evttypes && n_events > events::MANY {
        faults.warn(rule.condition.spot(), Warning::NoEvttype);
    }
    if n_events != 0 && events.and(events::captured()) == EventSet::NONE {
        let names = events.names().take(events::MANY).map(str::to_owned).collect();
        faults.warn(rule.condition.spot(), Warning::NotCaptured { events: names });
    }
    for (field, events) in untold(events, node, pool) {
        faults.warn(rule.condition.spot(), Warning::Untold { field, events });
    }
    // `evt.num=0` is how people write a rule that is to stay silent; this one was not meant to.
    if n_events == 0 && !pool.is_constant(node) {
        faults.warn(rule.condition.spot(), Warning::NoEvent);
    }
    Some(Rule {
        index: 0,
        spot: rule.spot,
        name: rule.name.text().to_owned(),
        desc: rule.desc.text().to_owned(),
        output,
        extra,
        priority: rule.priority,
        tags: rule.tags.iter().cloned().collect(),
        source: rule.source.clone(),
        is_enabled: rule.enabled,
        capture: rule.capture,
        capture_duration_ms: rule.capture_duration_ms,
        events,
        resolves: rule.resolved_paths.unwrap_or(options.resolved_paths) && pool.asks(node, flag::NAME),
        condition: node,
    })
}

/// Slots whose records do not tell all of their descriptor, with their events as list and as set: made once, because every
/// rule looks through them.
static SLOTS: LazyLock<Vec<(u16, &[&str], EventSet)>> = LazyLock::new(|| {
    let types =
        events::slots().filter(|slot| is_untold("fd.ip", *slot)).map(|slot| (slot, events::types_of(slot)));
    types.map(|(slot, types)| (slot, types, EventSet::of(types.iter().copied()))).collect()
});

/// Fields that the condition asks for in events that do not tell them; of conditions that name their events.
fn untold(events: EventSet, node: NodeId, pool: &mut Pool) -> BTreeMap<String, Vec<&'static str>> {
    let mut found: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    if events.names().count() > events::MANY
        || !pool.fields_of(node).iter().any(|it| it.field.name.starts_with("fd."))
    {
        return found;
    }
    for (slot, types, _) in SLOTS.iter().filter(|(_, _, own)| events.and(*own) != EventSet::NONE) {
        let condition = pool.specialise(node, types, &mut HashMap::new());
        for field in pool.fields_of(condition).into_iter().filter(|it| is_untold(it.field.name, *slot)) {
            found.entry(field.key()).or_default().extend(*types);
        }
    }
    found
}

fn unknown_exception_field<'r>(
    rule: &'r file::Rule,
    static_fields: &[String],
) -> Option<(&'r file::Exception, &'r Source)> {
    let fields = rule.exceptions.iter().filter_map(|it| Some((it, it.fields.as_ref()?)));
    let mut pairs = fields.flat_map(|(it, fields)| fields.iter().map(move |field| (it, field)));
    pairs.find(|(_, field)| !check::is_operand(field.text(), static_fields))
}

fn compile(
    rule: &file::Rule,
    [written, condition]: [&Source; 2],
    lists: &Lists,
    macros: &mut Macros,
    pool: &mut Pool,
    faults: &mut Faults<'_>,
) -> Option<NodeId> {
    let place =
        |at: At| InCondition { condition, spot: rule.condition.spot(), at: at.byte, told: Some(at.told) };
    let expr = match lang::parse(condition.text()) {
        Ok(expr) => expr,
        Err(error) => {
            let advice = Advice { written, condition, lists, macros };
            let hint = if faults.is_full() { None } else { advice.syntax(&error) };
            faults.error_in(place(At { byte: error.at, told: error.told }), error.kind.into(), hint);
            return None;
        }
    };
    let mut checker = Checker { pool, macros: &mut |_, name| macros.find(name, None), warnings: Vec::new() };
    let result = checker.condition(&expr);
    let warnings = checker.warnings;
    let advice = Advice { written, condition, lists, macros };
    for (at, warning) in warnings {
        faults.warn_in(place(at), warning, None);
    }
    for (at, warning, hint) in advice.no_lists(&expr) {
        faults.warn_in(place(at), warning, hint);
    }
    match result {
        Ok(node) => Some(node),
        Err((at, reason)) if rule.skip_if_unknown_filter && reason.is_unknown_filter() => {
            faults.warn_in(place(at), Warning::UnknownFilter { cause: reason.to_string() }, None);
            None
        }
        Err((at, reason)) => {
            let hint = if faults.is_full() { None } else { advice.reason(&reason, at.byte) };
            faults.error_in(place(at), reason, hint);
            None
        }
    }
}

fn fields_of((format, extra): &(Format, Vec<Extra>)) -> impl Iterator<Item = &FieldRef> {
    format.fields().into_iter().chain(extra.iter().flat_map(Extra::fields))
}

/// The output with everything that the configuration adds.
fn outputs(
    rule: &file::Rule,
    options: &LoadOptions,
    faults: &mut Faults<'_>,
) -> Option<(Format, Vec<Extra>)> {
    let (text, fields) = output_text(rule, options);
    let fail = |reason: Reason| {
        let spot = rule.output.spot();
        Fail::new(spot, reason).inside(Step::new("rule output", "", spot))
    };
    let written = rule.output.text();
    if written.contains(CONTAINER_INFO) {
        faults.warn(rule.output.spot(), Warning::ContainerInfo);
    }
    for field in DEPRECATED.into_iter().filter(|field| written.contains(field)) {
        faults.warn_inside(fail(Warning::DeprecatedField { field }.into()));
    }
    let extra = |field: &ExtraField| match field {
        ExtraField::Native(name) => Extra::field(name).map_err(Reason::ExtraField),
        ExtraField::Rendered { key, format } => Extra::format(key, format).map_err(Reason::Output),
    };
    let compiled = Format::parse(&text)
        .map_err(Reason::Output)
        .and_then(|format| Ok((format, fields.into_iter().map(extra).collect::<Result<Vec<_>, _>>()?)))
        .and_then(|outputs| {
            let missing = fields_of(&outputs).find(|field| !field.is_configured(&options.static_fields));
            let Some(token) = missing.map(FieldRef::key) else { return Ok(outputs) };
            let at = text.find(&format!("%{token}")).unwrap_or(0);
            Err(Reason::Output(FormatError::UnknownField { token, at }))
        });
    match compiled {
        Ok(outputs) => {
            for field in outputs.0.fields() {
                if let Supply::Absent(why) = field.field.supply {
                    faults.warn_inside(fail(Warning::Absent { field: field.key(), why }.into()));
                }
            }
            Some(outputs)
        }
        Err(reason) if rule.skip_if_unknown_filter => {
            faults.warn_inside(fail(Warning::UnknownFilter { cause: reason.to_string() }.into()));
            None
        }
        Err(reason) => {
            // What was put together from several parts stands nowhere as such.
            let at = match &reason {
                Reason::Output(FormatError::UnknownField { at, .. }) if text.starts_with(written) => *at,
                _ => 0,
            };
            let spot = faults.locate(&rule.output, at);
            faults.push(Fail { spot, ..fail(reason) });
            None
        }
    }
}

/// The output with what the configuration appends to it, and the additional `output_fields`.
pub(super) fn output_text<'o>(rule: &file::Rule, options: &'o LoadOptions) -> (String, Vec<&'o ExtraField>) {
    let mut text = rule.output.text().replace(CONTAINER_INFO, "");
    let mut fields = Vec::new();
    let additions = options.append_outputs.iter();
    for addition in additions.filter(|it| it.applies(rule.name.text(), &rule.source, &rule.tags)) {
        if let Some(more) = &addition.text {
            text = format!("{text} {more}");
        }
        if addition.suggested {
            text = format!("{text} {}", suggested_output(&options.static_fields));
        }
        fields.extend(&addition.fields);
    }
    (text, fields)
}

fn deprecated(rule: &file::Rule, condition: &Source, node: NodeId, pool: &Pool, faults: &mut Faults<'_>) {
    for field in pool.fields_of(node) {
        if let Some(field) = DEPRECATED.into_iter().find(|name| *name == field.field.name) {
            let at = condition.text().find(field).unwrap_or(0);
            let place = InCondition { condition, spot: rule.condition.spot(), at, told: None };
            faults.warn_in(place, Warning::DeprecatedField { field }, None);
        }
    }
}
