//! Lists: names in a condition's text are replaced by the items, before it is parsed.

use std::collections::HashMap;

use super::{
    error::nearest,
    file::{Collected, List, Source, joined},
};

/// A condition with lists put in is not longer than this.
const MAX_TEXT: usize = 4 << 20;
/// Lists whose items name later lists.
const MAX_DEPTH: u32 = 32;

/// The lists of all files, and which of them are used.
#[derive(Debug)]
pub struct Lists {
    by_name: HashMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Items as condition text.
    text: String,
    /// As written.
    items: Vec<String>,
    index: usize,
    is_used: bool,
}

impl Entry {
    /// A list sees those that were defined before its own last change.
    fn is_seen_by(&self, list: &List) -> bool {
        self.index < list.changed && self.index != list.index
    }
}

/// What may stand around a name and is not kept.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// A condition that the lists make too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Lists {
    /// Resolves lists in lists: an item that is the name of a list defined before the last change is replaced by that
    /// list's items as they are written.
    pub fn new(collected: &Collected) -> Self {
        let entry = |list: &List| Entry {
            text: String::new(),
            items: list.items.iter().map(|item| item.text().to_owned()).collect(),
            index: list.index,
            is_used: false,
        };
        let by_name = collected.lists.iter().map(|list| (list.name.text().to_owned(), entry(list)));
        let mut lists = Self { by_name: by_name.collect() };
        for list in &collected.lists {
            let mut items: Vec<&str> = Vec::with_capacity(list.items.len());
            let mut used = Vec::new();
            let mut len = 0;
            for item in list.items.iter().map(Source::text) {
                match lists.inner(list, item) {
                    Some(inner) if len < MAX_TEXT => {
                        used.push(item);
                        items.extend(inner.iter().map(String::as_str));
                        len += inner.iter().map(String::len).sum::<usize>();
                    }
                    _ => items.push(item),
                }
            }
            let text = joined(items.into_iter());
            if let Some(entry) = lists.by_name.get_mut(list.name.text()) {
                entry.text = text;
            }
            for name in used {
                if let Some(entry) = lists.by_name.get_mut(name) {
                    entry.is_used = true;
                }
            }
        }
        lists
    }

    /// Whether a list stands in some condition or list.
    pub fn is_used(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|entry| entry.is_used)
    }

    /// Whether a list is called that.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The list whose name is nearest to a word and begins like it: this is asked of many words.
    pub fn near(&self, word: &str) -> Option<&str> {
        let first = word.chars().next()?;
        nearest(word, self.by_name.keys().map(String::as_str).filter(|name| name.starts_with(first)))
    }

    /// The words of a condition that are looked at: what stands between delimiters, with its places.
    pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
        words(text)
    }

    /// The items that `item` of a list stands for, where it is the name of a list that this one sees.
    pub fn inner(&self, list: &List, item: &str) -> Option<&[String]> {
        let inner = self.by_name.get(item)?;
        inner.is_seen_by(list).then_some(inner.items.as_slice())
    }

    /// The condition with lists put in. A name counts where blanks, parentheses, `,` or `=` stand around it, in quoted
    /// strings too.
    pub fn expand(&mut self, condition: &Source) -> Result<Source, TooLong> {
        let text = condition.text();
        let mut expanded = Source::default();
        let mut copied = 0;
        for (start, word) in words(text) {
            let Some(items) = self.items(word, 0, 0) else { continue };
            if start < copied {
                continue;
            }
            // One blank stands on each side in place of those that were there.
            let before = text.get(copied..start).unwrap_or_default().trim_end_matches(BLANKS);
            expanded.push_slice(condition, copied, copied + before.len());
            let rest = text.get(start + word.len()..).unwrap_or_default();
            copied = text.len() - rest.trim_start_matches(BLANKS).len();
            if items.is_empty() {
                // An empty list takes one comma with it.
                if let Some(before) = expanded.text().strip_suffix(',') {
                    expanded.truncate(before.len());
                } else if text.get(copied..).is_some_and(|rest| rest.starts_with(',')) {
                    copied += 1;
                }
            }
            let blank = if expanded.text().is_empty() { "" } else { " " };
            expanded.push_instead(&format!("{blank}{items} "), condition, start);
            if expanded.text().len() > MAX_TEXT {
                return Err(TooLong);
            }
        }
        expanded.push_slice(condition, copied, text.len());
        Ok(expanded)
    }

    /// The items of list `name`, if it is defined at or behind `index`, with names of later lists among them replaced.
    fn items(&mut self, name: &str, index: usize, depth: u32) -> Option<String> {
        let entry = self.by_name.get_mut(name).filter(|entry| entry.index >= index)?;
        entry.is_used = true;
        let (text, next) = (entry.text.clone(), entry.index + 1);
        if depth == MAX_DEPTH {
            return Some(text);
        }
        let mut expanded = String::with_capacity(text.len());
        let mut copied = 0;
        for (start, word) in words(&text) {
            if expanded.len() < MAX_TEXT
                && let Some(items) = self.items(word, next, depth + 1)
            {
                expanded.push_str(text.get(copied..start).unwrap_or_default());
                expanded.push_str(&items);
                copied = start + word.len();
            }
        }
        expanded.push_str(text.get(copied..).unwrap_or_default());
        Some(expanded)
    }
}

/// Words between delimiters, with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = text.as_ptr() as usize;
    text.split([' ', '\t', '\r', '\n', '(', ')', ',', '='])
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - base, word))
}
