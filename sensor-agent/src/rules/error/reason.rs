//! Reasons, one enum per stage, and the codes that Falco has for them.

use crate::rules::{
    fields::FieldError,
    lang::{MAX_DEPTH, Op, SyntaxErrorKind},
    output::FormatError,
};

/// Kind of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// None of the others.
    Unknown,
    /// `required_engine_version`
    Engine,
    /// `required_plugin_versions`
    Plugins,
    /// `list`
    List,
    /// `macro`
    Macro,
    /// `rule`
    Rule,
}

impl ItemKind {
    /// The word for it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unknown => "rules content item",
            Self::Engine => "required_engine_version",
            Self::Plugins => "required plugin versions",
            Self::List => "list",
            Self::Macro => "macro",
            Self::Rule => "rule",
        }
    }

    /// Whether items of this kind have names.
    pub const fn is_named(self) -> bool {
        matches!(self, Self::List | Self::Macro | Self::Rule)
    }
}

macro_rules! codes {
    ($($variant:ident = $label:literal, $text:literal, $long:literal;)*) => {
        /// Falco's code of an error or warning; `SAKER_` begins those that Falco does not have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = concat!("`", $label, "`")] $variant),* }

        impl Code {
            /// As Falco spells it.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// A few words on what it is about.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// A sentence on it, which Falco's documents have for warnings.
            pub const fn long(self) -> &'static str {
                match self { $(Self::$variant => $long),* }
            }
        }
    };
}

codes! {
    YamlParse = "LOAD_ERR_YAML_PARSE", "YAML parse error",
        "The rules content is not valid YAML";
    YamlValidate = "LOAD_ERR_YAML_VALIDATE", "Error validating internal structure of YAML file",
        "The internal structure of the rules content is not valid";
    CompileCondition = "LOAD_ERR_COMPILE_CONDITION", "Error compiling condition",
        "A rule condition could not be compiled";
    CompileOutput = "LOAD_ERR_COMPILE_OUTPUT", "Error compiling output",
        "A rule output could not be compiled";
    Validate = "LOAD_ERR_VALIDATE", "Error validating rule/macro/list/exception objects",
        "An item of the rules content is not valid";
    UnknownSource = "LOAD_UNKNOWN_SOURCE", "Unknown event source",
        "A rule has a unknown event source. This can occur when reading rules content without having a corresponding plugin loaded, etc. The rule will be silently ignored.";
    UnsafeNaCheck = "LOAD_UNSAFE_NA_CHECK", "Unsafe <NA> comparison in condition",
        "Comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition. If you need to check for the existence of a field, consider using the 'exists' operator instead.";
    NoEvttype = "LOAD_NO_EVTTYPE", "Condition has no event-type restriction",
        "A rule condition matches too many evt.type values. This has a significant performance penalty. Make the condition more specific by adding an evt.type field or further restricting the number of evt.type values in the condition.";
    UnknownFilter = "LOAD_UNKNOWN_FILTER", "Unknown field or event-type in condition or output",
        "A rule condition or output refers to a field or evt.type that does not exist. This is normally an error, but if a rule has a skip-if-unknown-filter property, the error is downgraded to a warning.";
    UnusedMacro = "LOAD_UNUSED_MACRO", "Unused macro",
        "A macro is defined in the rules content but is not used by any other macro or rule.";
    UnusedList = "LOAD_UNUSED_LIST", "Unused list",
        "A list is defined in the rules content but is not used by any other list, macro, or rule.";
    UnknownItem = "LOAD_UNKNOWN_ITEM", "Unknown rules file item",
        "An unknown top-level object is in the rules content. It will be ignored.";
    DeprecatedItem = "LOAD_DEPRECATED_ITEM", "Used deprecated item",
        "A deprecated item is employed by lists, macros, or rules.";
    AppendNoValues = "LOAD_APPEND_NO_VALUES", "Appended exceptions have no values",
        "A rule exception is overriding/appending with no values";
    ExceptionNameNotUnique = "LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple exceptions of one name",
        "A rule is defining multiple exceptions with the same name";
    InvalidMacroName = "LOAD_INVALID_MACRO_NAME", "Invalid macro name",
        "A macro is defined with an invalid name";
    InvalidListName = "LOAD_INVALID_LIST_NAME", "Invalid list name",
        "A list is defined with an invalid name";
    ConditionWarning = "LOAD_COMPILE_CONDITION", "Warning in condition",
        "A rule condition or output have been parsed with a warning";
    UnknownKey = "LOAD_UNKNOWN_KEY", "Unknown key",
        "An item in the rules content contains an unrecognized key. The key will be ignored. This may indicate a typo or a property placed on the wrong item type.";
    NotSupplied = "SAKER_NOT_SUPPLIED", "What the sensor does not see",
        "The rule asks for something that this sensor does not supply on this kernel or in this version.";
    NeverHolds = "SAKER_NEVER_HOLDS", "A comparison that never holds",
        "A comparison never holds, or holds for less than it says.";
    Shadowed = "SAKER_SHADOWED", "A rule that never fires",
        "A rule never fires because an earlier one matches first.";
    Ignored = "SAKER_IGNORED", "What has no effect",
        "Something is written that has no effect.";
    Costly = "SAKER_COSTLY", "A costly condition",
        "A condition costs much for every event of a kind that is frequent.";
}

/// The file is no YAML, or not a rule file's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// As the parser says.
    #[error("not valid YAML: {0}")]
    Syntax(String),
    /// `*name` without `&name`.
    #[error("the alias has no anchor")]
    Alias,
    /// A sequence or mapping as key.
    #[error("a key has to be a word")]
    Key,
    /// Deeper than any rule file.
    #[error("nested too deep")]
    Depth,
    /// A document that is no sequence.
    #[error("a rule file is a sequence of items: each starts with `- `")]
    NoSequence,
}

/// An item has not the shape that its kind needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ItemError {
    #[error("an item is a mapping with `rule`, `macro` or `list`")]
    NoMapping,
    #[error("the key `{key}` is missing")]
    Missing { key: &'static str, instead: Option<String> },
    #[error("`{key}` has no value")]
    Null { key: &'static str },
    #[error("`{key}` is empty")]
    Empty { key: &'static str },
    #[error("`{key}` has to be a single value")]
    NoScalar { key: &'static str },
    #[error("`{key}` has to be a sequence")]
    NoSequence { key: &'static str },
    #[error("`{key}` has to be a sequence of single values")]
    NoScalarItem { key: &'static str },
    #[error("`{key}` has to be true or false, not `{found}`")]
    NoBoolean { key: &'static str, found: String },
    #[error("`{key}` has to be a number below 2^32, not `{found}`")]
    NoNumber { key: &'static str, found: String },
    #[error("`{found}` is no priority")]
    Priority { found: String },
    #[error("`override` has to be a mapping of keys to `append` or `replace`")]
    OverrideSequence,
    #[error("`append: true` and `override` exclude each other")]
    AppendAndOverride,
    #[error("`{key}` can be `append` or `replace` under `override`, not `{found}`")]
    Operation { key: String, found: String },
    #[error("`{key}` cannot be {}", if *is_append { "appended to" } else { "replaced" })]
    NotOverridable { key: String, is_append: bool },
    #[error("`override` names `{key}`, but the item does not give it")]
    OverrideAbsent { key: String },
    #[error("`{key}` is given, but `override` does not name it")]
    NotListed { key: &'static str },
    #[error("`append: true` needs `condition` or `exceptions`")]
    AppendNothing,
}

/// A version requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum VersionError {
    #[error("`{found}` is no version: write `x.y.z`")]
    Unreadable { found: String },
    #[error("the rules need engine {needed}, this is 0.63.0")]
    Engine { needed: String },
    #[error("`{found}` is no version of a plugin: write `x.y.z`")]
    Plugin { found: String },
    #[error("plugin `{name}` is required, but it is not part of this")]
    Unknown { name: String },
    #[error("plugin `{name}` {needed} is required, this is {version}")]
    TooNew { name: &'static str, version: &'static str, needed: String },
    #[error("plugin `{name}` is required twice")]
    Twice { name: String },
}

/// An exception of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ExceptionError {
    #[error("an exception needs `fields`: a field or a sequence of fields")]
    Fields { instead: Option<String> },
    #[error("the exception exists: only `values` can be added to it")]
    FieldsAgain,
    #[error("`comps` of a single field has to be a single operator")]
    OneComp,
    #[error("`comps` of a single field has to take a list, not `{found}`")]
    ListComp { found: String },
    #[error("`values` of a single field has to be a sequence of single values")]
    OneValues,
    #[error("`comps` has to be a sequence with one operator for each of the {fields} fields")]
    Comps { fields: usize },
    #[error("`{found}` is no operator")]
    Operator { found: String },
    #[error("a row of `values` has to have one value for each of the {fields} fields, this one has {found}")]
    Row { fields: usize, found: usize },
    #[error("`values` of several fields has to be a sequence of rows, each with one value for each field")]
    NoRow,
    #[error("the exception is too long")]
    Long,
}

/// An item that does not fit the items before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum UpdateError {
    #[error("there is no {} `{name}` before this to change", kind.label())]
    Missing { kind: ItemKind, name: String },
    #[error("the rule exists with another `source`")]
    Source,
    #[error("the text is too long")]
    Long,
}

/// A name that stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum NameError {
    #[error("there is no macro `{name}`")]
    Macro { name: String },
    #[error("macro `{name}` stands below this macro")]
    MacroLater { name: String },
    #[error("macro `{name}` refers to itself")]
    MacroLoop { name: String },
    #[error("macro `{name}` is broken")]
    MacroBroken { name: String, code: Code },
    #[error("the exception's field `{name}` does not exist")]
    ExceptionField { name: String },
}

/// A check whose parts do not fit together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CheckError {
    #[error("{0}")]
    Field(FieldError),
    #[error("there is no event type `{0}`")]
    EventType(String),
    #[error("`{}` does not work on `{name}`, which is {ty}", op.word())]
    Operator { op: Op, name: String, ty: &'static str, allowed: Vec<Op> },
    #[error("`{found}` is no {wanted}")]
    Literal { found: String, wanted: &'static str },
    #[error("the value contains a NUL byte")]
    Nul,
    #[error("bad regular expression: {0}")]
    Regex(String),
    #[error("`{0}` cannot stand on the right-hand side")]
    RightField(String),
    #[error("`{0}` cannot be compared with a field")]
    LeftField(String),
    #[error("`{}` cannot compare two fields", .0.word())]
    RightOperator(Op),
    #[error("`{left}` is {left_type}, the right-hand side is {right_type}")]
    Types { left: String, left_type: &'static str, right_type: &'static str },
    #[error("`{function}` does not take `{name}`, which is {ty}")]
    Argument { function: &'static str, name: String, ty: &'static str },
    #[error("`{0}` takes {1}")]
    Arguments(&'static str, &'static str),
    #[error("`{0}` cannot be transformed")]
    NoTransformer(String),
    #[error("the condition nests deeper than {MAX_DEPTH}, macros included")]
    Depth,
}

/// Worth knowing, but nothing stops because of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Warning {
    #[error("the item is no rule, macro, list or requirement; it is ignored")]
    UnknownItem { key: String },
    #[error("the key `{key}` is unknown; it is ignored")]
    UnknownKey { key: String, known: &'static [&'static str] },
    #[error("`append: true` is deprecated: use `override`")]
    DeprecatedAppend,
    #[error("a rule item with `enabled` alone is deprecated: use `override`")]
    DeprecatedEnabled,
    #[error("the field `{field}` is deprecated")]
    DeprecatedField { field: &'static str },
    #[error(
        "`%container.info` is deprecated and stands for nothing: see `append_output`, `suggested_output`"
    )]
    ContainerInfo,
    #[error("a list name with blanks, quotes, `(`, `)`, `=` or `,` cannot be used")]
    ListName,
    #[error("a macro name is a letter, then letters, digits and `_`")]
    MacroName,
    #[error("two exceptions are called `{name}`")]
    ExceptionTwice { name: String },
    #[error("the exception `{name}` gets no values")]
    NoValues { name: String },
    #[error("event source `{source_name}` is not provided; the rule is skipped")]
    UnknownSource { source_name: String },
    #[error("the rule is skipped: {cause}")]
    UnknownFilter { cause: String },
    #[error("the condition does not restrict `evt.type`: the rule looks at nearly every event")]
    NoEvttype,
    #[error("no event can satisfy what the condition says of `evt.type`: the rule never matches")]
    NoEvent,
    #[error("the field `{field}` is always absent here: {why}")]
    Absent { field: String, why: &'static str },
    #[error("`{field}` is always absent in {}: the records do not tell that much of the descriptor", events.join(", "))]
    Untold { field: String, events: Vec<&'static str> },
    #[error("none of the events that the rule is about ({}) is captured by this version", events.join(", "))]
    NotCaptured { events: Vec<String> },
    #[error("`{field} in (…)` never holds, as in Falco: write `{field} = a or {field} = b`")]
    NeverIn { field: String },
    #[error(
        "`{field} in (…)` looks at the first network only, as in Falco: write one `{field} = …` for each"
    )]
    FirstOnly { field: String },
    #[error(
        "`<NA>` is how an absent field is printed, not its value: write `{0} exists` or `not {0} exists`"
    )]
    NaText(String),
    #[error("no event can match: parts of the condition contradict each other")]
    Contradiction,
    #[error(
        "rule `{by}`, which stands before it, matches whenever this one does: with rule_matching `first` it never fires"
    )]
    Shadowed { by: String },
    #[error("`{part}` is asked of every {event} event, and nothing cheaper before it rules events out")]
    Costly { part: String, event: &'static str },
    #[error("`{word}` is compared as text here{}", if *is_macro { ": it is a macro's name, not a list's" } else { "" })]
    NoList { word: String, is_macro: bool },
    #[error("the {} `{name}` is defined again in line {line}: this definition has no effect", kind.label())]
    Again { kind: ItemKind, name: String, line: usize },
    #[error("the key `{key}` stands here twice; the first one counts")]
    KeyTwice { key: String },
    #[error("an exception has no key `{key}`; it is ignored")]
    ExceptionKey { key: String },
    #[error("`override` is no mapping of keys to `append` or `replace`; it is ignored")]
    NoOverride,
    #[error("the macro is not used")]
    UnusedMacro,
    #[error("the list is not used")]
    UnusedList,
    #[error("`{0}` is compared as a string, but it is a field's name: write `val({0})`")]
    FieldAsText(String),
    #[error("`{0}` is compared as a string, but it looks like a transformer")]
    CallAsText(String),
    #[error("the expression `{0}` needs no regex")]
    PlainRegex(String),
}

/// Why, from whichever stage.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "one variant for each stage")]
pub enum Reason {
    #[error(transparent)]
    Yaml(#[from] YamlError),
    #[error(transparent)]
    Item(#[from] ItemError),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Exception(#[from] ExceptionError),
    #[error(transparent)]
    Update(#[from] UpdateError),
    #[error(transparent)]
    Syntax(#[from] SyntaxErrorKind),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Output(FormatError),
    #[error(transparent)]
    ExtraField(FieldError),
    #[error(transparent)]
    Warning(#[from] Warning),
    #[error("there is more of this from here on, which is not told")]
    More,
}

impl Reason {
    /// Falco's code.
    pub fn code(&self) -> Code {
        match self {
            Self::Item(ItemError::OverrideSequence | ItemError::AppendNothing) => Code::Validate,
            Self::Yaml(YamlError::NoSequence)
            | Self::Item(_)
            | Self::Version(VersionError::Unreadable { .. }) => Code::YamlValidate,
            Self::Yaml(_) => Code::YamlParse,
            Self::Name(NameError::MacroBroken { code, .. }) => *code,
            Self::Version(_) | Self::Exception(_) | Self::Update(_) | Self::Name(_) | Self::More => {
                Code::Validate
            }
            Self::Syntax(_) | Self::Check(_) => Code::CompileCondition,
            Self::Output(_) | Self::ExtraField(_) => Code::CompileOutput,
            Self::Warning(warning) => warning.code(),
        }
    }

    /// The field whose use it warns of.
    pub const fn deprecated_field(&self) -> Option<&'static str> {
        match self {
            Self::Warning(Warning::DeprecatedField { field }) => Some(*field),
            _ => None,
        }
    }

    /// Whether `skip-if-unknown-filter` covers it.
    pub fn is_unknown_filter(&self) -> bool {
        matches!(
            self,
            Self::Check(CheckError::Field(_) | CheckError::EventType(_))
                | Self::Output(_)
                | Self::ExtraField(_)
        )
    }
}

impl Warning {
    /// Whether Falco knows nothing like it.
    pub(super) const fn is_own(&self) -> bool {
        matches!(
            self.code(),
            Code::NotSupplied | Code::NeverHolds | Code::Shadowed | Code::Ignored | Code::Costly
        )
    }

    const fn code(&self) -> Code {
        match self {
            Self::UnknownItem { .. } => Code::UnknownItem,
            Self::UnknownKey { .. } => Code::UnknownKey,
            Self::DeprecatedAppend
            | Self::DeprecatedEnabled
            | Self::DeprecatedField { .. }
            | Self::ContainerInfo => Code::DeprecatedItem,
            Self::ListName => Code::InvalidListName,
            Self::MacroName => Code::InvalidMacroName,
            Self::ExceptionTwice { .. } => Code::ExceptionNameNotUnique,
            Self::NoValues { .. } => Code::AppendNoValues,
            Self::UnknownSource { .. } => Code::UnknownSource,
            Self::UnknownFilter { .. } => Code::UnknownFilter,
            Self::NoEvttype | Self::NoEvent => Code::NoEvttype,
            Self::UnusedMacro => Code::UnusedMacro,
            Self::UnusedList => Code::UnusedList,
            Self::FieldAsText(_) | Self::CallAsText(_) | Self::PlainRegex(_) => Code::ConditionWarning,
            Self::Absent { .. } | Self::Untold { .. } | Self::NotCaptured { .. } => Code::NotSupplied,
            Self::NeverIn { .. }
            | Self::FirstOnly { .. }
            | Self::NaText(_)
            | Self::NoList { .. }
            | Self::Contradiction => Code::NeverHolds,
            Self::Again { .. } | Self::KeyTwice { .. } | Self::ExceptionKey { .. } | Self::NoOverride => {
                Code::Ignored
            }
            Self::Shadowed { .. } => Code::Shadowed,
            Self::Costly { .. } => Code::Costly,
        }
    }
}
