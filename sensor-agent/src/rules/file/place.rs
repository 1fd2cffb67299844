//! Where things are in the files: places of nodes, and of every byte of a text that was put together from several.

/// Where a node starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Index of its file.
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// How it is written: `'`, `"`, `|` (a block scalar of either kind), `-` (a block sequence), `0` (a value that is
    /// not there) or blank.
    pub style: char,
}

/// A text made of parts, each from a scalar of a file: a condition with what was appended to it, lists put in.
#[derive(Clone, Debug, Default)]
pub struct Source {
    text: String,
    /// In order of `at`.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    /// Where it starts in the text.
    at: usize,
    /// The scalar.
    spot: Spot,
    /// Characters of the scalar before it that are no blanks.
    solid: usize,
    /// Verbatim text; else all of it stands at one place, such as the name of a list that was replaced.
    is_verbatim: bool,
}

impl Source {
    /// The text of one scalar.
    pub fn new(text: &str, spot: Spot) -> Self {
        let mut source = Self::default();
        source.push(text, spot, 0, true);
        source
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where its first byte comes from.
    pub fn spot(&self) -> Spot {
        self.parts.first().map(|part| part.spot).unwrap_or_default()
    }

    /// Adds text that stands in no file as such, but because of what is at `spot`.
    pub fn push_made(&mut self, text: &str, spot: Spot) {
        self.push(text, spot, 0, false);
    }

    /// Adds another source.
    pub fn push_source(&mut self, other: &Self) {
        let shift = self.text.len();
        self.parts.extend(other.parts.iter().map(|part| Part { at: part.at + shift, ..*part }));
        self.text.push_str(&other.text);
    }

    /// Adds bytes `start..end` of another source.
    pub fn push_slice(&mut self, other: &Self, start: usize, end: usize) {
        let shift = self.text.len();
        let inside = |part: &&Part| part.at > start && part.at < end;
        self.parts.extend(other.part(start).map(|part| Part { at: shift, ..part }));
        self.parts.extend(
            other.parts.iter().filter(inside).map(|part| Part { at: part.at - start + shift, ..*part }),
        );
        self.text.push_str(other.text.get(start..end).unwrap_or_default());
    }

    /// Adds made text that stands for what is at byte `at` of another source.
    pub fn push_instead(&mut self, text: &str, other: &Self, at: usize) {
        let shift = self.text.len();
        self.parts.extend(other.part(at).map(|part| Part { at: shift, is_verbatim: false, ..part }));
        self.text.push_str(text);
    }

    /// Cuts back to `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.text.truncate(len);
        self.parts.retain(|part| part.at <= len);
    }

    /// Whether byte `at` is where a later item's text was added to an earlier one's.
    pub fn is_seam(&self, at: usize) -> bool {
        let spot = |part: &Part| (part.spot.file, part.spot.line, part.spot.column);
        let first = self.parts.first().map(spot);
        self.parts
            .iter()
            .any(|part| part.at == at && part.at > 0 && part.is_verbatim && Some(spot(part)) != first)
    }

    /// What byte `at` stands for: the scalar, and the solid characters of it before that; of made text, whatever byte of
    /// it, those before what it was made for.
    pub fn origin(&self, at: usize) -> Option<(Spot, usize, bool)> {
        self.part(at).map(|part| (part.spot, part.solid, part.is_verbatim))
    }

    fn push(&mut self, text: &str, spot: Spot, solid: usize, is_verbatim: bool) {
        self.parts.push(Part { at: self.text.len(), spot, solid, is_verbatim });
        self.text.push_str(text);
    }

    /// The part that byte `at` is in, moved to start there.
    fn part(&self, at: usize) -> Option<Part> {
        let index = self.parts.partition_point(|part| part.at <= at).saturating_sub(1);
        let part = self.parts.get(index)?;
        let before = self.text.get(part.at..at).unwrap_or_default();
        let solid = if part.is_verbatim { solid(before) } else { 0 };
        Some(Part { at, solid: part.solid + solid, ..*part })
    }

    /// Line and column of byte `at`, both from 1; `from` gives the text of a file from a line on.
    pub fn locate<'f>(&self, at: usize, from: &dyn Fn(usize, usize) -> &'f str) -> Spot {
        let end = self.text.trim_end().len();
        if at >= end && end > 0 {
            // Behind the last character; what the file has there may be far away.
            let last = self.text.get(..end).and_then(|text| text.char_indices().next_back());
            let spot = self.locate(last.map_or(0, |(at, _)| at), from);
            return Spot { column: spot.column + 1, ..spot };
        }
        let Some(part) = self.part(at.min(self.text.len())) else { return Spot::default() };
        walk(from(part.spot.file, part.spot.line), part.spot, part.solid)
    }
}

fn solid(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Goes to the scalar at `spot`, in whose line `text` begins, and over `solid` characters of it. Folding changes blanks only, so counting the
/// others finds the place whatever the style of the scalar.
fn walk(text: &str, spot: Spot, solid: usize) -> Spot {
    let mut at = spot;
    let skip = if spot.style == '|' { header(text, spot.column) } else { 0 };
    let lines = text.split('\n').skip(skip);
    let mut left = solid;
    for (index, line) in lines.enumerate() {
        let first = if index == 0 && skip == 0 {
            spot.column - 1 + usize::from(matches!(spot.style, '\'' | '"'))
        } else {
            0
        };
        let mut chars = line.chars().enumerate().skip(first).peekable();
        while let Some((column, c)) = chars.next() {
            if c.is_whitespace() {
                continue;
            }
            at = Spot { line: spot.line + skip + index, column: column + 1, ..spot };
            if left == 0 {
                return at;
            }
            left -= 1;
            // In double quotes an escape of two characters stands for one; of a doubled quote the same.
            let is_pair = (spot.style == '"' && c == '\\')
                || (spot.style == '\'' && c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\''));
            if is_pair && chars.peek().is_some_and(|(_, next)| !next.is_whitespace()) {
                chars.next();
            }
        }
    }
    // Behind the end: one behind the last character seen.
    Spot { column: at.column + usize::from(solid > 0), ..at }
}

/// Lines between the place that the parser tells of a block scalar and its text.
fn header(text: &str, column: usize) -> usize {
    let line = text.split('\n').next().unwrap_or_default();
    let start: String = line.chars().skip(column.saturating_sub(1)).collect();
    usize::from(start.starts_with(['|', '>']))
}
