//! Text with `<...>` in it, cut into what is literal and what is an expression. No expression is read here.
//!
//! `<` opens before a letter, `_`, a quote or `(`, and closes at the first `>` outside quotes and brackets. Any other `<`
//! is itself; one that would open is written `<'<'>`.

use std::ops::Range;

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes stand for themselves.
    Literal(Range<usize>),
    /// These bytes, between `<` and `>`, are an expression.
    Hole(Range<usize>),
}

/// Why a text could not be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    /// The bytes it is about.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether the text ended before `>` came.
    pub unclosed: bool,
}

/// The pieces of `text`, in order and without gaps but for the `<` and `>` themselves. Empty text has none.
pub fn split(text: &str) -> Result<Vec<Piece>, SplitError> {
    let mut pieces = Vec::new();
    let mut literal_start = 0;
    let mut from = 0;
    while let Some(open) = text[from..].find('<').map(|at| from + at) {
        from = open + 1;
        if !opens(&text[from..]) {
            continue;
        }
        let close = closing(text, open)?;
        push_literal(&mut pieces, literal_start..open);
        pieces.push(Piece::Hole(from..close));
        from = close + 1;
        literal_start = from;
    }
    push_literal(&mut pieces, literal_start..text.len());
    Ok(pieces)
}

/// Whether `text` opens `<...>` somewhere without closing it.
pub(crate) fn is_unclosed(text: &str) -> bool {
    split(text).is_err_and(|error| error.unclosed)
}

fn push_literal(pieces: &mut Vec<Piece>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece::Literal(range));
    }
}

fn opens(after: &str) -> bool {
    after.chars().next().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '\'' | '"' | '('))
}

/// Where the `>` is that closes the `<` at `open`.
fn closing(text: &str, open: usize) -> Result<usize, SplitError> {
    let mut brackets: Vec<(char, usize)> = Vec::new();
    let mut quote: Option<(char, usize)> = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at <= open) {
        if let Some((mark, _)) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == mark {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some((c, at)),
            '(' | '[' | '{' => brackets.push((c, at)),
            ')' | ']' | '}' => close_bracket(&mut brackets, c, at)?,
            '>' if brackets.is_empty() => return Ok(at),
            _ => {}
        }
    }
    Err(unclosed(text, open, quote.or(brackets.pop())))
}

fn close_bracket(brackets: &mut Vec<(char, usize)>, close: char, at: usize) -> Result<(), SplitError> {
    match brackets.pop() {
        Some((open, _)) if partner(open) == close => Ok(()),
        Some((open, opened_at)) => Err(SplitError {
            range: opened_at..at + 1,
            message: format!("`{open}` is closed by `{close}`"),
            help: format!("close it with `{}`", partner(open)),
            unclosed: false,
        }),
        None => Err(SplitError {
            range: at..at + 1,
            message: format!("`{close}` closes nothing"),
            help: "remove it, or open it after the `<`".into(),
            unclosed: false,
        }),
    }
}

fn partner(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

fn unclosed(text: &str, open: usize, inner: Option<(char, usize)>) -> SplitError {
    let (range, message) = match inner {
        Some((mark, at)) => (at..at + 1, format!("`{mark}` is never closed, so the `<` before it is not either")),
        None => (open..text.len(), "`<` is never closed".to_owned()),
    };
    SplitError {
        range,
        message,
        help: "close it with `>`, or write `<'<'>` for the sign itself".into(),
        unclosed: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literals as they are, holes in brackets.
    fn check(text: &str, expect: &str) {
        let told = match split(text) {
            Ok(pieces) => pieces.into_iter().map(|piece| show(text, piece)).collect::<Vec<_>>().join("|"),
            Err(error) => format!("{}: {}", &text[error.range], error.message),
        };
        assert_eq!(told, expect, "{text}");
    }

    fn show(text: &str, piece: Piece) -> String {
        match piece {
            Piece::Literal(range) => text[range].to_owned(),
            Piece::Hole(range) => format!("[{}]", &text[range]),
        }
    }

    #[test]
    fn cuts_at_holes() {
        check("", "");
        check("plain", "plain");
        check("<votes | length>", "[votes | length]");
        check("class:<classId>:staff", "class:|[classId]|:staff");
        check("<a><b>", "[a]|[b]");
        check("é<ä>é", "é|[ä]|é");
    }

    #[test]
    fn a_sign_that_opens_nothing_is_itself() {
        check("a < b > c", "a < b > c");
        check("<= <3 <> < x", "<= <3 <> < x");
        check("<'<'>x>", "['<']|x>");
    }

    #[test]
    fn quotes_and_brackets_hide_the_end() {
        check("<x | default('>', true)>", "[x | default('>', true)]");
        check("<(a > b)>", "[(a > b)]");
        check("<d['k>']>!", "[d['k>']]|!");
        check(r"<'it\'s >'>", r"['it\'s >']");
    }

    #[test]
    fn says_what_is_open() {
        check("a <b", "<b: `<` is never closed");
        check("<f(x>", "(: `(` is never closed, so the `<` before it is not either");
        check("<f(x]>", "(x]: `(` is closed by `]`");
        check("<x)>", "): `)` closes nothing");
    }
}
