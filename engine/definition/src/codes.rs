//! Every code this crate tells, with one line each, and how the numbers are shared out.
//!
//! | numbers | about |
//! |---|---|
//! | `HR01xx` | YAML and the shape of a file |
//! | `HR02xx` | names |
//! | `HR03xx` | expressions and templates |
//! | `HR04xx` | schemas |
//! | `HR05xx` | rules and rooms |
//! | `HR06xx` | steps |
//! | `HR07xx` | state |
//! | `HR08xx` | queries |
//! | `HR09xx` | shape and absence |
//! | `HR10xx` | proven names |
//! | `HR11xx` | unused |
//! | `HR12xx` | settings |
//! | `HR13xx` | tests |
//! | `HR14xx` | findings that are ignored |
//!
//! A crate lists its own with [`codes!`](crate::codes!); a number, once told to anyone, keeps its meaning.

/// A code and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its number, such as `HR0102`.
    pub code: &'static str,
    /// What it stands for, in one line.
    pub title: &'static str,
}

/// Lists codes: makes a constant of each, and `ALL` of them in the order given.
#[macro_export]
macro_rules! codes {
    ($($(#[doc = $title:literal])+ $name:ident = $code:literal;)+) => {
        $($(#[doc = $title])+ pub const $name: &str = $code;)+

        /// Every code above, with its line.
        pub const ALL: &[$crate::codes::Code] =
            &[$($crate::codes::Code { code: $code, title: concat!($($title),+).trim_ascii() }),+];
    };
}

codes! {
    /// The file is not YAML.
    SYNTAX = "HR0101";
    /// A key stands twice in one map.
    DUPLICATE_KEY = "HR0102";
    /// A comma, a colon or a bracket inside a template broke an unquoted text in `{ }` or `[ ]` apart.
    SPLIT_TEMPLATE = "HR0103";
    /// ` #` began a comment where text was probably meant.
    SWALLOWED_COMMENT = "HR0104";
    /// `{{ x }}` without quotes is a map to YAML.
    BRACES_TEMPLATE = "HR0105";
    /// Merge keys (`<<`) are not part of the language.
    MERGE_KEY = "HR0106";
    /// An entry of `{ }` has neither a colon nor a value.
    VALUELESS_ENTRY = "HR0107";
    /// The file is too big, too deep, or grows beyond bounds through aliases.
    TOO_BIG = "HR0108";
    /// A key that is not text.
    KEY_NOT_TEXT = "HR0109";
    /// A key that the language does not have here.
    UNKNOWN_KEY = "HR0110";
    /// A key that must be there is missing.
    MISSING_KEY = "HR0111";
    /// Another kind of value is needed here.
    WRONG_KIND = "HR0112";
    /// Nothing stands after a key.
    BLANK = "HR0113";
    /// A step without a verb.
    NO_VERB = "HR0114";
    /// A step with several verbs.
    SEVERAL_VERBS = "HR0115";
    /// One of a few words is needed here.
    UNKNOWN_WORD = "HR0116";
    /// Not a length of time.
    BAD_DURATION = "HR0117";
    /// Not a rate limit.
    BAD_RATE_LIMIT = "HR0118";
    /// Not a count.
    BAD_COUNT = "HR0119";
    /// Not an envelope.
    BAD_ENVELOPE = "HR0120";
    /// `<...>` is not closed, or not well formed.
    BAD_TEMPLATE = "HR0301";
    /// Not a pattern for a room or a state key.
    BAD_PATTERN = "HR0501";
}

/// Whether `code` is `HR` and four digits.
pub fn is_well_formed(code: &str) -> bool {
    code.strip_prefix("HR").is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_well_formed_and_each_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for code in ALL {
            assert!(is_well_formed(code.code), "{}", code.code);
            assert!(seen.insert(code.code), "{} stands twice", code.code);
            assert!(code.title.ends_with('.'), "{}", code.title);
        }
    }
}
