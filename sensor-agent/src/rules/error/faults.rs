//! Collects faults while files are read: knows the files, and which item is being looked at.

use super::{Fault, ItemKind, Location, Owner, Reason, Step, Warning, trail::Lines};
use crate::rules::file::{RuleFile, Source, Spot};

/// Faults of each sort that are kept; who has more of them mends these first.
pub const MAX_FAULTS: usize = 1_000;
/// The longest line that a fault shows, in characters.
const MAX_LINE: usize = 160;

/// A fault on its way up from where it was found, to those who know what was being read.
#[derive(Clone, Debug, PartialEq)]
pub struct Fail {
    /// Where.
    pub spot: Spot,
    /// Why; boxed, so that results are small.
    pub reason: Box<Reason>,
    /// The way from the item to it, outermost first.
    pub steps: Vec<Step>,
}

impl Fail {
    /// A fault of what starts at `spot`.
    pub fn new(spot: Spot, reason: impl Into<Reason>) -> Self {
        Self { spot, reason: Box::new(reason.into()), steps: Vec::new() }
    }

    /// Says that it lies behind a step.
    #[must_use]
    pub fn inside(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }
}

/// A place in a condition.
#[derive(Clone, Copy, Debug)]
pub struct InCondition<'s> {
    /// The condition with lists put in.
    pub condition: &'s Source,
    /// Where the scalar starts that it was written in.
    pub spot: Spot,
    /// The byte that is at fault.
    pub at: usize,
    /// The byte that Falco names: of a check that does not fit, where the check starts. `None`: the whole condition.
    pub told: Option<usize>,
}

/// The faults so far.
#[derive(Debug)]
pub struct Faults<'f> {
    lines: Vec<Lines<'f>>,
    item: Option<(Owner, Spot)>,
    /// Errors so far.
    pub errors: Vec<Fault>,
    /// Warnings so far.
    pub warnings: Vec<Fault>,
    /// The same where Falco has no code for it.
    pub cautions: Vec<Fault>,
}

impl<'f> Faults<'f> {
    /// No faults yet.
    pub fn new(files: &'f [RuleFile<'f>]) -> Self {
        let lines = files.iter().map(Lines::of).collect();
        Self { lines, item: None, errors: Vec::new(), warnings: Vec::new(), cautions: Vec::new() }
    }

    /// Says which item the next faults are in, and where it starts.
    pub fn enter(&mut self, kind: ItemKind, name: &str, spot: Spot) {
        self.item = Some((Owner::new(kind, name), spot));
    }

    /// Says that the next faults are in no item.
    pub fn leave(&mut self) {
        self.item = None;
    }

    /// An error of what starts at `spot`.
    pub fn error(&mut self, spot: Spot, reason: impl Into<Reason>) {
        self.push(Fail::new(spot, reason));
    }

    /// An error that was found further down.
    pub fn push(&mut self, fail: Fail) {
        let fault = self.fault(fail, None);
        keep(&mut self.errors, fault);
    }

    /// A warning of what starts at `spot`.
    pub fn warn(&mut self, spot: Spot, warning: Warning) {
        self.warn_inside(Fail::new(spot, warning));
    }

    /// A warning that lies behind steps.
    pub fn warn_inside(&mut self, fail: Fail) {
        let fault = self.fault(fail, None);
        self.file_warning(fault);
    }

    fn file_warning(&mut self, fault: Fault) {
        let is_own = matches!(&fault.reason, Reason::Warning(warning) if warning.is_own());
        keep(if is_own { &mut self.cautions } else { &mut self.warnings }, fault);
    }

    /// Whether no further error is kept, so that nobody needs to think about what it could be.
    pub fn is_full(&self) -> bool {
        self.errors.len() > MAX_FAULTS
    }

    /// Where byte `at` of a text stands.
    pub fn locate(&self, text: &Source, at: usize) -> Spot {
        text.locate(at, &|file, line| {
            self.lines.get(file).map_or("", |lines| lines.from(line.saturating_sub(1)))
        })
    }

    /// An error in a condition.
    pub fn error_in(&mut self, place: InCondition<'_>, reason: Reason, hint: Option<String>) {
        let fault = self.fault_in(place, reason, hint);
        keep(&mut self.errors, fault);
    }

    /// A warning in a condition.
    pub fn warn_in(&mut self, place: InCondition<'_>, warning: Warning, hint: Option<String>) {
        let fault = self.fault_in(place, warning.into(), hint);
        self.file_warning(fault);
    }

    fn fault_in(&self, place: InCondition<'_>, reason: Reason, hint: Option<String>) -> Fault {
        let spot = self.locate(place.condition, place.at);
        let mut fail = Fail::new(spot, reason);
        // Macros are put in before conditions are compiled, and Falco does not know where a condition starts by then.
        if !matches!(*fail.reason, Reason::Name(_)) {
            let kind = match self.item.as_ref().map(|(owner, _)| owner.kind) {
                Some(ItemKind::Macro) => "macro condition",
                _ => "rule condition",
            };
            fail = fail.inside(Step::new(kind, "", place.spot));
        }
        let mut fault = self.fault(fail, hint);
        if let Some(parent) = fault.trail.last() {
            let inner = Location::expression(parent, place.condition, place.told);
            fault.trail.push(inner);
        }
        fault
    }

    fn fault(&self, fail: Fail, hint: Option<String>) -> Fault {
        let Fail { spot, reason, steps } = fail;
        let hint = hint.or_else(|| if self.is_full() { None } else { reason.hint() });
        let lines = self.lines.get(spot.file);
        let line = lines.map_or("", |lines| lines.line(spot.line.saturating_sub(1)));
        let column = spot.column.saturating_sub(1);
        // A long line is cut so that the column stays in sight; tabs would move the caret.
        let skip = (column + MAX_LINE / 2).saturating_sub(MAX_LINE).min(column);
        let shown = line.trim_end().chars().skip(skip).take(MAX_LINE);
        Fault {
            hint,
            reason: *reason,
            owner: self.item.as_ref().map(|(owner, _)| owner.clone()),
            file: lines.map_or("", |lines| lines.file.name).to_owned(),
            line: spot.line,
            column: spot.column,
            source_line: shown.map(|c| if c.is_control() { ' ' } else { c }).collect(),
            caret: column - skip,
            trail: self.trail(spot, &steps),
        }
    }

    fn trail(&self, spot: Spot, steps: &[Step]) -> Vec<Location> {
        let item = self.item.as_ref().map(|(owner, spot)| Step::new(owner.kind.label(), &owner.name, *spot));
        // What an item does wrong that a later file changes is told of the file that does it.
        let home = item.as_ref().map_or(spot.file, |item| item.spot.file);
        let Some(lines) = self.lines.get(home) else { return Vec::new() };
        let below = item
            .iter()
            .chain(steps)
            .map(|step| Location::of(step, self.lines.get(step.spot.file).unwrap_or(lines)));
        std::iter::once(Location::content(lines.file)).chain(below).collect()
    }
}

/// The last one that is kept says that there are more.
fn keep(faults: &mut Vec<Fault>, fault: Fault) {
    match faults.len() {
        ..MAX_FAULTS => faults.push(fault),
        MAX_FAULTS => faults.push(Fault { reason: Reason::More, hint: None, ..fault }),
        _ => {}
    }
}
