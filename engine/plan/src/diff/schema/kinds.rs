//! The kinds of JSON values, as a set.

use serde_json::Value;

/// A set of kinds. Whole numbers and those with a fraction are two kinds, so that `integer` is a part of `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const WHOLE: Self = Self(1 << 2);
    pub(super) const FRACTION: Self = Self(1 << 3);
    pub(super) const TEXT: Self = Self(1 << 4);
    pub(super) const LIST: Self = Self(1 << 5);
    pub(super) const OBJECT: Self = Self(1 << 6);
    pub(super) const NUMBER: Self = Self(Self::WHOLE.0 | Self::FRACTION.0);
    pub(super) const ALL: Self = Self(0x7f);

    /// What `type:` says.
    pub(super) fn of_keyword(value: &Value) -> Self {
        match value {
            Value::String(name) => Self::named(name),
            Value::Array(names) => names.iter().map(Self::of_keyword).fold(Self::NONE, Self::or),
            _ => Self::ALL,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::WHOLE,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            _ => Self::NONE,
        }
    }

    /// The kind of one value; a number without a fraction is whole, however it is written.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => Self::FRACTION,
            Value::Number(_) => Self::WHOLE,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in it, numbers as one.
    pub(super) fn each(self) -> Vec<Self> {
        let all = [Self::NULL, Self::BOOLEAN, Self::NUMBER, Self::TEXT, Self::LIST, Self::OBJECT];
        all.into_iter().map(|kind| kind.and(self)).filter(|kind| !kind.is_empty()).collect()
    }

    /// For a sentence: "a text or nothing".
    pub(super) fn words(self) -> String {
        if self == Self::ALL {
            return "any value".to_owned();
        }
        let said = self.each().into_iter().map(|kind| match kind {
            Self::NULL => "null",
            Self::BOOLEAN => "a boolean",
            Self::WHOLE => "a whole number",
            Self::TEXT => "a text",
            Self::LIST => "a list",
            Self::OBJECT => "an object",
            _ => "a number",
        });
        said.collect::<Vec<_>>().join(" or ")
    }
}
