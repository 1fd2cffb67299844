//! Rule files as they are written, for the commands that show a reader his own words: conditions with lists put in, and
//! what stands for a macro.

use super::{LoadOptions, macros::Macros};
use crate::rules::{
    compile::Pool,
    error::Faults,
    expand::Lists,
    file::{self, Collected, RuleFile},
    lang::{self, Expr},
};

/// Bytes of macros that are opened for one rule or macro: one that stands twice in each of thirty others makes a text that
/// no memory holds.
const MAX_OPENED: usize = 1 << 20;

/// All items, and the pool that their conditions are checked in.
pub(super) struct Written {
    pub(super) collected: Collected,
    pub(super) lists: Lists,
    pub(super) macros: Macros,
    pub(super) pool: Pool,
    opened: usize,
}

impl Written {
    /// Reads files; their faults are what loading tells.
    pub(super) fn read(files: &[RuleFile<'_>], options: &LoadOptions) -> Self {
        let mut faults = Faults::new(files);
        let collected = file::read(files, &mut faults);
        let mut lists = Lists::new(&collected);
        let mut pool = Pool::new(&options.static_fields);
        let macros = Macros::compile(&collected, &mut lists, &mut pool, &mut faults);
        Self { collected, lists, macros, pool, opened: 0 }
    }

    /// Begins with another condition.
    pub(super) fn begin(&mut self) {
        self.opened = 0;
    }

    /// Whether a macro of the condition was left closed because it made too much text.
    pub(super) fn is_cut(&self) -> bool {
        self.opened > MAX_OPENED
    }

    /// The condition that the macro `name` stands for in a rule or the macro `by`: its number, tree and text.
    pub(super) fn open(&mut self, name: &str, by: Option<usize>) -> Option<(usize, Expr, String)> {
        let index = self.macros.visible(name, by)?;
        let condition = self.lists.expand(&self.collected.macros.get(index)?.condition).ok()?;
        self.opened = self.opened.saturating_add(condition.text().len());
        if self.is_cut() {
            return None;
        }
        Some((index, lang::parse(condition.text()).ok()?, condition.text().to_owned()))
    }
}
