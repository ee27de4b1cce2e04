//! The parts of an SQL text, as far as it takes to tell a parameter from what only looks like one.
//!
//! Both dialects are read at once: where SQLite and PostgreSQL differ, what the text most likely means is taken, and the
//! database it is prepared for has the last word.

use std::ops::Range;

/// What a part of a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Comment,
    /// A comment with another inside: to SQLite it ends where the inner one does.
    NestedComment,
    /// A text, or a name in quotes.
    Quoted,
    /// `:name` or `:user.id`.
    Parameter,
    /// `?`, `?1`, `$1`, `:1`, `@name`: a parameter of the database's own, which nothing would be bound to.
    Foreign,
    Word,
    /// `;`
    End,
    Other,
}

/// A part and where it stands.
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// An end that is missing, and where what it should end begins.
pub(super) struct Unclosed {
    pub(super) range: Range<usize>,
    pub(super) message: &'static str,
}

/// The parts of a text, in order; together they are the whole text.
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// How many `[` of array subscripts are open.
    subscripts: usize,
    /// What the last part that means something was.
    before: Before,
}

/// What stands before a `[`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A name, or the end of an expression: what follows without a blank is its subscript.
    Value,
    /// The word `array`.
    Array,
    /// Anything else, or a blank.
    Else,
}

type Read = Result<(Kind, usize), &'static str>;

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, at: 0, subscripts: 0, before: Before::Else }
    }

    fn read(&self, rest: &str, first: char) -> Read {
        match first {
            c if c.is_whitespace() => Ok((Kind::Blank, length(rest, char::is_whitespace))),
            '-' if rest.starts_with("--") => Ok((Kind::Comment, length(rest, |c| c != '\n'))),
            '/' if rest.starts_with("/*") => block_comment(rest),
            'e' | 'E' if rest[1..].starts_with('\'') => escaped(rest).map(|length| (Kind::Quoted, length)),
            '\'' | '"' | '`' => quoted(rest, first).map(|length| (Kind::Quoted, length)),
            '[' if !self.is_subscript() => bracketed(rest),
            '$' => dollar(rest),
            ':' => Ok(self.colon(rest)),
            '?' => Ok(question_mark(rest)),
            '@' | '<' => Ok(at_sign(rest)),
            ';' => Ok((Kind::End, 1)),
            c if is_name_start(c) => Ok((Kind::Word, length(rest, is_word_char))),
            c => Ok((Kind::Other, c.len_utf8())),
        }
    }

    fn is_subscript(&self) -> bool {
        self.subscripts > 0 || self.before != Before::Else
    }

    fn colon(&self, rest: &str) -> (Kind, usize) {
        if rest.starts_with("::") || rest.starts_with(":=") {
            return (Kind::Other, 2);
        }
        let digits = length(&rest[1..], |c| c.is_ascii_digit());
        match parameter(rest) {
            Some(length) => (Kind::Parameter, length),
            // Between brackets it is a slice: `marks[1:3]`.
            None if digits > 0 && self.subscripts == 0 => (Kind::Foreign, digits + 1),
            None => (Kind::Other, 1),
        }
    }

    fn remember(&mut self, kind: Kind, slice: &str) {
        match slice {
            "[" => self.subscripts += 1,
            "]" => self.subscripts = self.subscripts.saturating_sub(1),
            _ => {}
        }
        self.before = match kind {
            Kind::Word if slice.eq_ignore_ascii_case("array") => Before::Array,
            Kind::Word | Kind::Parameter => Before::Value,
            Kind::Quoted if !slice.ends_with('\'') => Before::Value,
            Kind::Other if matches!(slice, ")" | "]") => Before::Value,
            Kind::Blank | Kind::Comment if self.before == Before::Array => Before::Array,
            _ => Before::Else,
        };
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, Unclosed>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = &self.text[start..];
        match self.read(rest, rest.chars().next()?) {
            Ok((kind, length)) => {
                self.at = start + length;
                self.remember(kind, &rest[..length]);
                Some(Ok(Token { kind, range: start..self.at }))
            }
            Err(message) => {
                self.at = self.text.len();
                Some(Err(Unclosed { range: start..self.at, message }))
            }
        }
    }
}

fn length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// In a word of SQL, unlike in the name of a parameter, a `$` may follow.
fn is_word_char(c: char) -> bool {
    is_name_char(c) || c == '$'
}

/// The length of `:name` or `:user.id`; a full stop that ends a sentence does not belong to it.
fn parameter(text: &str) -> Option<usize> {
    let mut end = 1;
    loop {
        let part = &text[end..];
        if !part.starts_with(is_name_start) {
            return None;
        }
        end += length(part, is_name_char);
        let follows = text[end..].strip_prefix('.').is_some_and(|rest| rest.starts_with(is_name_start));
        if !follows {
            return Some(end);
        }
        end += 1;
    }
}

/// A doubled quote stands for itself.
fn quoted(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut at = 1;
    loop {
        let found = text[at..].find(quote).ok_or("this quote is never closed")?;
        at += found + 1;
        if !text[at..].starts_with(quote) {
            return Ok(at);
        }
        at += 1;
    }
}

/// PostgreSQL's `E'...'`, in which a backslash takes the meaning from the quote behind it.
fn escaped(text: &str) -> Result<usize, &'static str> {
    let mut chars = text.char_indices().skip(2).peekable();
    while let Some((at, c)) = chars.next() {
        let doubled = c == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
        match c {
            '\'' if !doubled => return Ok(at + 1),
            '\\' | '\'' => drop(chars.next()),
            _ => {}
        }
    }
    Err("this quote is never closed")
}

/// `[a name]`, as SQLite takes it.
fn bracketed(text: &str) -> Read {
    text.find(']').map(|end| (Kind::Quoted, end + 1)).ok_or("this bracket is never closed")
}

/// PostgreSQL's `$$ ... $$` and `$tag$ ... $tag$`, or its `$1`.
fn dollar(text: &str) -> Read {
    let digits = length(&text[1..], |c| c.is_ascii_digit());
    if digits > 0 {
        return Ok((Kind::Foreign, digits + 1));
    }
    let tag = length(&text[1..], is_name_char);
    if !text[1 + tag..].starts_with('$') {
        return Ok((Kind::Other, 1));
    }
    let opening = &text[..tag + 2];
    let end = text[opening.len()..].find(opening).ok_or("this quote is never closed")?;
    Ok((Kind::Quoted, end + 2 * opening.len()))
}

/// `?` is an operator on PostgreSQL's JSON where something to compare with follows.
fn question_mark(text: &str) -> (Kind, usize) {
    let digits = length(&text[1..], |c| c.is_ascii_digit());
    let follows = text[1 + digits..].trim_start().chars().next();
    let is_operand = follows.is_some_and(|c| matches!(c, '\'' | '"' | ':' | '(' | '|' | '&' | '$'));
    let kind = if digits == 0 && is_operand { Kind::Other } else { Kind::Foreign };
    (kind, digits + 1)
}

/// `@name`; `<@`, `@>`, `@@` and `@?` are operators.
fn at_sign(text: &str) -> (Kind, usize) {
    if ["<@", "@>", "@@", "@?"].iter().any(|operator| text.starts_with(operator)) {
        return (Kind::Other, 2);
    }
    match text.strip_prefix('@').map_or(0, |rest| length(rest, is_name_char)) {
        0 => (Kind::Other, 1),
        name => (Kind::Foreign, name + 1),
    }
}

fn block_comment(text: &str) -> Read {
    let (mut depth, mut at, mut deepest) = (0_usize, 0, 0);
    while let Some(found) = text[at..].find(['/', '*']) {
        at += found;
        if text[at..].starts_with("/*") {
            depth += 1;
            deepest = deepest.max(depth);
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok((if deepest > 1 { Kind::NestedComment } else { Kind::Comment }, at));
            }
        } else {
            at += 1;
        }
    }
    Err("this comment is never closed")
}
