//! The functions, filters and tests an expression may use, and what is known of each before it runs.
//!
//! Jinja's own are admitted by name: those that are pure, bounded and about data. Escaping, printing and debugging are
//! left out. What ours do is in [`super::library`].

/// What kind of value comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A text that is a UUID.
    Uuid,
    /// A text that is a date: `2026-03-01`.
    Date,
    /// A text that is a moment: RFC 3339.
    DateTime,
    /// A list of anything.
    List,
    /// A list of texts.
    Texts,
    /// An object of anything.
    Object,
    /// An object whose every value is a whole number.
    Counts,
    /// A list of the input's values, if the input is an object whose values are known.
    ValuesOfInput,
    /// The same kind as the input; a list's items are those of the input.
    SameAsInput,
    /// An item of the input, which is a list.
    ItemOfInput,
    /// The input, or the first argument where the input is absent.
    InputOrArgument,
    /// Nothing is known.
    Any,
}

/// A function, a filter or a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// The fewest and the most arguments it takes, besides what it works on.
    pub args: (usize, usize),
    /// The arguments that may be given by name.
    pub named: &'static [&'static str],
    /// What comes out.
    pub result: Kind,
    /// Whether nothing may come out although everything is there, as from `first` of an empty list.
    pub may_be_absent: bool,
}

/// The filter of that name, if there is one.
#[must_use]
pub fn filter(name: &str) -> Option<&'static Signature> {
    FILTERS.iter().find(|known| known.name == name)
}

/// The function of that name, if there is one.
#[must_use]
pub fn function(name: &str) -> Option<&'static Signature> {
    FUNCTIONS.iter().find(|known| known.name == name)
}

/// The test of that name, if there is one.
#[must_use]
pub fn test(name: &str) -> Option<&'static Signature> {
    TESTS.iter().find(|known| known.name == name)
}

/// The names of a table, for "did you mean".
pub(crate) fn names(table: &[Signature]) -> Vec<String> {
    table.iter().map(|known| known.name.to_owned()).collect()
}

/// The filters there are.
pub const FILTERS: &[Signature] = &[
    takes("abs", 0, 0, Kind::SameAsInput),
    takes("batch", 1, 2, Kind::List),
    takes("bool", 0, 0, Kind::Boolean),
    takes("capitalize", 0, 0, Kind::Text),
    takes("count", 0, 0, Kind::Integer),
    takes("count_by", 2, 2, Kind::Counts),
    takes("d", 0, 2, Kind::InputOrArgument),
    takes("date", 1, 1, Kind::Date),
    takes("default", 0, 2, Kind::InputOrArgument),
    takes("dictsort", 0, 0, Kind::List).named(&["by", "reverse", "case_sensitive"]),
    takes("first", 0, 0, Kind::ItemOfInput).absent(),
    takes("float", 0, 1, Kind::Number),
    takes("groupby", 0, 1, Kind::List).named(&["attribute", "default", "case_sensitive"]),
    takes("int", 0, 2, Kind::Integer),
    takes("items", 0, 0, Kind::List),
    takes("join", 0, 2, Kind::Text),
    takes("last", 0, 0, Kind::ItemOfInput).absent(),
    takes("length", 0, 0, Kind::Integer),
    takes("lines", 0, 0, Kind::Texts),
    takes("list", 0, 0, Kind::List),
    takes("lower", 0, 0, Kind::Text),
    takes("map", 0, 3, Kind::List).named(&["attribute", "default"]),
    takes("max", 0, 0, Kind::ItemOfInput).named(&["attribute", "case_sensitive"]).absent(),
    takes("min", 0, 0, Kind::ItemOfInput).named(&["attribute", "case_sensitive"]).absent(),
    takes("plus", 1, 1, Kind::DateTime),
    takes("reject", 0, 2, Kind::SameAsInput),
    takes("rejectattr", 1, 3, Kind::SameAsInput),
    takes("replace", 2, 2, Kind::Text),
    takes("reverse", 0, 0, Kind::SameAsInput),
    takes("round", 0, 2, Kind::Number),
    takes("seconds_since", 0, 0, Kind::Number),
    takes("select", 0, 2, Kind::SameAsInput),
    takes("selectattr", 1, 3, Kind::SameAsInput),
    takes("sort", 0, 0, Kind::SameAsInput).named(&["attribute", "reverse", "case_sensitive"]),
    takes("split", 0, 2, Kind::Texts),
    takes("string", 0, 0, Kind::Text),
    takes("sum", 0, 1, Kind::Number).named(&["attribute", "start"]),
    takes("title", 0, 0, Kind::Text),
    takes("trim", 0, 1, Kind::Text),
    takes("unique", 0, 0, Kind::SameAsInput).named(&["attribute", "case_sensitive"]),
    takes("upper", 0, 0, Kind::Text),
    takes("values", 0, 0, Kind::ValuesOfInput),
];

/// The functions there are.
pub const FUNCTIONS: &[Signature] =
    &[takes("random_hex", 1, 1, Kind::Text), takes("range", 1, 3, Kind::List), takes("uuid", 0, 0, Kind::Uuid)];

/// The tests there are.
pub const TESTS: &[Signature] = &[
    asks("boolean", 0),
    asks("defined", 0),
    asks("divisibleby", 1),
    asks("endingwith", 1),
    asks("eq", 1),
    asks("equalto", 1),
    asks("even", 0),
    asks("false", 0),
    asks("float", 0),
    asks("ge", 1),
    asks("greaterthan", 1),
    asks("gt", 1),
    asks("in", 1),
    asks("integer", 0),
    asks("iterable", 0),
    asks("le", 1),
    asks("lessthan", 1),
    asks("lower", 0),
    asks("lt", 1),
    asks("mapping", 0),
    asks("ne", 1),
    asks("none", 0),
    asks("number", 0),
    asks("odd", 0),
    asks("sequence", 0),
    asks("startingwith", 1),
    asks("string", 0),
    asks("true", 0),
    asks("undefined", 0),
    asks("upper", 0),
];

const fn takes(name: &'static str, least: usize, most: usize, result: Kind) -> Signature {
    Signature { name, args: (least, most), named: &[], result, may_be_absent: false }
}

const fn asks(name: &'static str, args: usize) -> Signature {
    takes(name, args, args, Kind::Boolean)
}

impl Signature {
    const fn named(mut self, names: &'static [&'static str]) -> Self {
        self.named = names;
        self
    }

    const fn absent(mut self) -> Self {
        self.may_be_absent = true;
        self
    }
}
