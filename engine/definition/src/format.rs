//! One style for YAML: indentation, spaces, quotes. Comments stay, and where an author lined them up, they stay lined up.
//!
//! What stands on one line stays on one line, and what was opened stays open: where lines break is the author's to say.

use std::collections::{HashMap, HashSet};

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, Quotes};

use crate::source::Sources;
use crate::{Diagnostics, yaml};

/// Wider than any line, so that lines break where the author broke them.
const WIDTH: usize = 1_000_000;

/// Why a file is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFormatted {
    /// It is not YAML that can be read; reading it tells why.
    Unreadable,
    /// It would mean something else afterwards, or lose a comment. Never so far; but better left than changed.
    Unsure,
}

/// The same file in the one style; equal to `text` if it is in that style already.
///
/// # Errors
/// If it has to be left as it is.
pub fn format(text: &str) -> Result<String, NotFormatted> {
    let meaning = meaning(text).ok_or(NotFormatted::Unreadable)?;
    let plain = pretty_yaml::format_text(text, &style()).map_err(|_| NotFormatted::Unreadable)?;
    let formatted = comments_lined_up(text, &plain);
    let is_the_same = self::meaning(&formatted).as_ref() == Some(&meaning) && comments(text) == comments(&formatted);
    if is_the_same { Ok(formatted) } else { Err(NotFormatted::Unsure) }
}

fn style() -> FormatOptions {
    let layout = LayoutOptions { print_width: WIDTH, ..LayoutOptions::default() };
    let language = LanguageOptions { quotes: Quotes::PreferSingle, ..LanguageOptions::default() };
    FormatOptions { layout, language }
}

/// What a file says, as this crate reads it; `None` if it cannot.
fn meaning(text: &str) -> Option<serde_json::Value> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add("", text);
    let node = yaml::read(&sources, source, &mut diagnostics)?;
    // Order counts, too: it is the author's.
    (!diagnostics.has_errors()).then(|| serde_json::Value::String(node.to_json().to_string()))
}

/// What stands behind `#`, in texts, too; without what the style may change there: quotes, spaces, commas.
fn comments(text: &str) -> String {
    let behind = text.lines().filter_map(|line| line.split_once('#')).map(|(_, comment)| comment);
    behind.flat_map(str::chars).filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | '#')).collect()
}

/// The formatter leaves one space before a comment; where a line differs in nothing but that, the author's stands.
fn comments_lined_up(original: &str, formatted: &str) -> String {
    let written: HashSet<&str> = original.lines().collect();
    let by_line: HashMap<String, &str> = original.lines().filter_map(|line| Some((one_space(line)?, line))).collect();
    let mut text = String::with_capacity(original.len());
    for line in formatted.lines() {
        let own = if written.contains(line) { line } else { by_line.get(line).copied().unwrap_or(line) };
        text.push_str(own.trim_end());
        text.push('\n');
    }
    text
}

/// A line with one space before its comment; `None` if it is nothing but a comment, or has none.
fn one_space(line: &str) -> Option<String> {
    let at = line.rfind(" #")?;
    let code = line[..at].trim_end();
    (!code.trim().is_empty()).then(|| format!("{code}{}", &line[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        format(text).unwrap_or_else(|error| panic!("{error:?}: {text}"))
    }

    #[test]
    fn spaces_quotes_and_indentation_become_one_style() {
        let text = "a:\n    b:   \"c\"\n    d: {e: 1,f: [ 2,3 ]}\n\n\n\ng:\n- \"it's\"\n-   h\n";
        assert_eq!(formatted(text), "a:\n  b: 'c'\n  d: { e: 1, f: [2, 3] }\n\ng:\n  - \"it's\"\n  - h\n");
    }

    #[test]
    fn comments_stay_where_they_were_lined_up() {
        let text = "# top\na: 1      # one\nbcd: 2    # two\ne:    3 # three\n# end\n";
        assert_eq!(formatted(text), "# top\na: 1      # one\nbcd: 2    # two\ne: 3 # three\n# end\n");
    }

    #[test]
    fn lines_break_where_the_author_broke_them() {
        let long = format!("a: {{ b: {} }}\n", "word ".repeat(60).trim());
        assert_eq!(formatted(&long), long);
        let open = "a:\n  - b: [\n        c,\n        d,\n      ]\n";
        assert_eq!(formatted(open).lines().count(), 5);
    }

    #[test]
    fn texts_over_lines_are_left_alone() {
        let text = "sql: |\n  select 1   # not a comment\n    from t\nnote: >\n  a\n  b\n";
        assert_eq!(formatted(text), text);
    }

    #[test]
    fn a_hash_in_a_text_is_no_comment() {
        assert_eq!(formatted("a: \"x # y\"\nb: [ \"#c\", '#d' ] # e\n"), "a: 'x # y'\nb: ['#c', '#d'] # e\n");
    }

    #[test]
    fn what_cannot_be_read_is_left() {
        for text in ["a: {", "a:\n\tb: 1\n", "a: 1\na: 2\n"] {
            assert_eq!(format(text), Err(NotFormatted::Unreadable), "{text}");
        }
    }

    #[test]
    fn what_is_formatted_stays_as_it_is() {
        let text = formatted("a:\n    - { b:  1 }   # x\n    -   c\n");
        assert_eq!(formatted(&text), text);
    }
}
