//! The condition language: text → syntax tree. Names and types are not looked at here, see `check`.

mod cursor;
mod parse;
#[cfg(test)]
mod tests;

pub use parse::parse;

use super::transform::Transformer;

/// How deep parentheses and transformers may nest. Deeper than any rule; shallow enough for every stack.
pub const MAX_DEPTH: u32 = 200;

/// Bytes of the condition text that something was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A macro by name.
    Macro(String, Span),
    /// A comparison.
    Check(Check),
}

impl Expr {
    /// Tells `each` of every comparison in it; macros are not looked into.
    pub fn each_check<'e>(&'e self, each: &mut dyn FnMut(&'e Check)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each_check(each)),
            Self::Not(inner) => inner.each_check(each),
            Self::Macro(..) => {}
            Self::Check(check) => each(check),
        }
    }
}

/// `operand operator value`
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is compared.
    pub operand: Operand,
    /// How.
    pub op: Op,
    /// Where the operator is.
    pub op_span: Span,
    /// With what.
    pub value: Rhs,
}

/// Something that has a value for an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// `proc.aname[2]`
    Field {
        /// `proc.aname`, dotted argument included (`evt.arg.flags`).
        name: String,
        /// `2`
        arg: Option<String>,
        /// Where.
        span: Span,
    },
    /// `tolower(...)`
    Call {
        /// Which transformer.
        function: Function,
        /// Its arguments.
        args: Vec<Operand>,
        /// `[c]` of getopt.
        arg: Option<String>,
        /// Where.
        span: Span,
    },
    /// A quoted string or number among the arguments of a transformer.
    Text(Literal),
    /// A list among the arguments of a transformer.
    List(Vec<Operand>, Span),
}

impl Operand {
    /// Where it is.
    pub fn span(&self) -> Span {
        match self {
            Self::Field { span, .. } | Self::Call { span, .. } | Self::List(_, span) => *span,
            Self::Text(literal) => literal.span,
        }
    }
}

/// The right-hand side.
#[derive(Clone, Debug, PartialEq)]
pub enum Rhs {
    /// `exists` has none.
    None,
    /// One word, string or number.
    One(Literal),
    /// A list in parentheses, or one name in its place.
    List(Vec<Literal>),
    /// Words that the operator is applied to one by one: `startswith anyof (…)`.
    Each(Modifier, Vec<Literal>),
    /// `val(field)` or a transformer.
    Operand(Operand),
}

/// A word of the right-hand side, escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where.
    pub span: Span,
}

/// How many words of a list must satisfy the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Modifier {
    /// Exactly one.
    Oneof,
    /// One or more.
    Anyof,
    /// All, and there is one.
    Allof,
}

impl Modifier {
    /// Its word in a condition.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Oneof => "oneof",
            Self::Anyof => "anyof",
            Self::Allof => "allof",
        }
    }
}

macro_rules! operators {
    ($($variant:ident = $word:literal),* $(,)?) => {
        /// A comparison operator; `==` is read as `=`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op { $(#[doc = concat!("`", $word, "`")] $variant),* }

        impl Op {
            /// All of them, in the order in which they are looked for.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in a condition.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

operators! {
    Exists = "exists", Le = "<=", Lt = "<", Ge = ">=", Gt = ">", Eq = "=", Ne = "!=", Glob = "glob",
    Iglob = "iglob", Contains = "contains", Icontains = "icontains", Bcontains = "bcontains",
    Startswith = "startswith", Bstartswith = "bstartswith", Endswith = "endswith", Regex = "regex",
    Intersects = "intersects", In = "in", Pmatch = "pmatch",
}

/// What may stand before parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `val`: a field's value on the right-hand side.
    Val,
    /// A transformer.
    Transform(Transformer),
}

impl Function {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Val).chain(Transformer::ALL.into_iter().map(Self::Transform))
    }

    /// Its word in a condition.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Val => "val",
            Self::Transform(transformer) => transformer.name(),
        }
    }
}

/// What is wrong with a condition's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// Nothing there.
    #[error("the condition is empty")]
    Empty,
    /// No check where one has to start.
    #[error("a check, a macro or `(` has to stand here, not {0}")]
    Check(String),
    /// A field without operator.
    #[error("an operator has to follow `{0}`")]
    Operator(String),
    /// No value behind an operator.
    #[error("`{0}` needs a {1} behind it")]
    Value(&'static str, &'static str),
    /// `in x y`: no list.
    #[error("`{0}` needs a list in parentheses behind it")]
    List(&'static str),
    /// A list with a hole in it.
    #[error("a value is missing in the list")]
    ListItem,
    /// No closing parenthesis.
    #[error("`)` is missing before {0}")]
    Close(String),
    /// An opening parenthesis, and then the end.
    #[error("this `(` is not closed")]
    Unclosed,
    /// `andproc.name`
    #[error("a blank or `(` has to follow `{0}`")]
    Blank(&'static str),
    /// Something behind a complete check.
    #[error("only `and` or `or` can follow here, not {0}")]
    Trailing(String),
    /// `[` without argument.
    #[error("the argument in brackets is no word or quoted string")]
    Argument,
    /// `[` without `]`.
    #[error("`]` is missing")]
    Bracket,
    /// A transformer's argument.
    #[error("`{0}` needs a field, transformer, quoted string, number or list as argument")]
    FunctionArgument(&'static str),
    /// `val` with something else than a field.
    #[error("`val` takes one field")]
    Val,
    /// A quoted string without its end.
    #[error("the quoted string has no end")]
    Unterminated,
    /// An escape that the language does not have.
    #[error("the escape `\\{0}` does not exist in a string between {1} and {1}")]
    Escape(char, char),
    /// Deeper than [`MAX_DEPTH`].
    #[error("parentheses nest deeper than {MAX_DEPTH}")]
    Depth,
}

/// Where and why a condition does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct SyntaxError {
    /// Byte offset in the condition.
    pub at: usize,
    /// Byte offset up to which the text was read: Falco names that.
    pub told: usize,
    /// Why.
    pub kind: SyntaxErrorKind,
}

/// A string as a condition has it: in quotes where a blank, quote, equals sign or backslash is in it.
pub fn spelled(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut escaped = String::with_capacity(text.len() + 2);
    let mut is_quoted = false;
    for c in text.chars() {
        let escape = match c {
            '\x08' => "\\b",
            '\x0c' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\\' => "\\\\",
            '"' => "\\\"",
            _ => "",
        };
        is_quoted |= !escape.is_empty() || matches!(c, ' ' | '\'' | '=');
        escaped.push_str(escape);
        if escape.is_empty() {
            escaped.push(c);
        }
    }
    if is_quoted { format!("\"{escaped}\"") } else { escaped }
}
