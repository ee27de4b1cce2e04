//! Named parameters of SQL statements: found once at load, and numbered for the two databases.

use std::ops::Range;

/// A statement with its parameters numbered; the same name is the same number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    names: Vec<Box<str>>,
    sqlite: Box<str>,
    postgres: Box<str>,
}

/// What is wrong with a statement, before any database sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError {
    /// Where, in bytes of the author's text.
    pub range: Range<usize>,
    /// What.
    pub message: String,
}

impl Statement {
    /// The names of the parameters, such as `user.id`, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The text with `?1`, `?2`, ...
    #[must_use]
    pub fn sqlite(&self) -> &str {
        &self.sqlite
    }

    /// The text with `$1`, `$2`, ...
    #[must_use]
    pub fn postgres(&self) -> &str {
        &self.postgres
    }

    fn number(&mut self, name: &str) -> usize {
        let known = self.names.iter().position(|known| &**known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        }) + 1
    }
}

/// Finds and numbers the parameters of a statement.
///
/// # Errors
/// If the text is empty, has an end that is missing, or is more than one statement.
pub fn parse(text: &str) -> Result<Statement, SqlError> {
    let mut statement = Statement::default();
    let (mut sqlite, mut postgres) = (String::with_capacity(text.len()), String::with_capacity(text.len()));
    let mut ended = None;
    let mut any = false;
    for token in (Tokens { text, at: 0 }) {
        let token = token?;
        let slice = &text[token.range.clone()];
        match token.kind {
            Kind::Parameter => {
                let number = statement.number(&slice[1..]);
                sqlite.push_str(&format!("?{number}"));
                postgres.push_str(&format!("${number}"));
            }
            Kind::End => ended = Some(token.range.start),
            Kind::Comment | Kind::Blank | Kind::Word | Kind::Quoted | Kind::Other => {
                sqlite.push_str(slice);
                postgres.push_str(slice);
            }
        }
        let counts = !matches!(token.kind, Kind::Blank | Kind::Comment | Kind::End);
        any |= counts;
        if counts && ended.is_some() {
            let message = "a query is one statement, and another begins here".to_owned();
            return Err(SqlError { range: token.range, message });
        }
    }
    if !any {
        return Err(SqlError { range: 0..text.len(), message: "there is no statement".to_owned() });
    }
    statement.sqlite = sqlite.into();
    statement.postgres = postgres.into();
    Ok(statement)
}

/// Words that begin, or stand in, a statement that changes something.
const WRITING: &[&str] = &[
    "insert", "update", "delete", "replace", "merge", "create", "drop", "alter", "truncate", "grant", "revoke",
    "vacuum", "attach", "pragma",
];

/// Whether a statement writes: it begins with a word that does, or has one after `with ...`.
#[must_use]
pub fn writes(text: &str) -> bool {
    let mut words = Tokens { text, at: 0 }
        .filter_map(Result::ok)
        .filter(|token| token.kind == Kind::Word)
        .map(|token| text[token.range].to_ascii_lowercase());
    let is_writing = |word: &str| WRITING.contains(&word);
    match words.next().as_deref() {
        // Functions such as `replace(...)` may follow, so only whole statements inside a `with` count.
        Some("with") => words.any(|word| is_writing(&word) && word != "replace"),
        Some(first) => is_writing(first),
        None => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Comment,
    Quoted,
    Parameter,
    Word,
    End,
    Other,
}

struct Token {
    kind: Kind,
    range: Range<usize>,
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, SqlError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        let read = match first {
            c if c.is_whitespace() => Ok((Kind::Blank, length(rest, char::is_whitespace))),
            '-' if rest.starts_with("--") => Ok((Kind::Comment, rest.find('\n').unwrap_or(rest.len()))),
            '/' if rest.starts_with("/*") => block_comment(rest).map(|length| (Kind::Comment, length)),
            '\'' | '"' | '`' => quoted(rest, first).map(|length| (Kind::Quoted, length)),
            '$' => dollar_quoted(rest).map(|length| (if length == 1 { Kind::Other } else { Kind::Quoted }, length)),
            ':' if rest.starts_with("::") || rest.starts_with(":=") => Ok((Kind::Other, 2)),
            ':' => Ok(parameter(rest).map_or((Kind::Other, 1), |length| (Kind::Parameter, length))),
            ';' => Ok((Kind::End, 1)),
            c if is_name_start(c) => Ok((Kind::Word, length(rest, is_name_char))),
            c => Ok((Kind::Other, c.len_utf8())),
        };
        Some(match read {
            Ok((kind, length)) => {
                self.at = start + length;
                Ok(Token { kind, range: start..self.at })
            }
            Err(message) => {
                self.at = self.text.len();
                Err(SqlError { range: start..self.at, message: message.to_owned() })
            }
        })
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

fn quoted(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut at = 1;
    loop {
        let found = text[at..].find(quote).ok_or("this quote is never closed")?;
        at += found + 1;
        // A doubled quote stands for itself.
        if !text[at..].starts_with(quote) {
            return Ok(at);
        }
        at += 1;
    }
}

/// PostgreSQL's `$$ ... $$` and `$tag$ ... $tag$`; a `$` alone is just that.
fn dollar_quoted(text: &str) -> Result<usize, &'static str> {
    let tag = length(&text[1..], is_name_char);
    let opening = match text[1 + tag..].starts_with('$') {
        true if tag == 0 || text[1..].starts_with(is_name_start) => &text[..tag + 2],
        _ => return Ok(1),
    };
    let end = text[opening.len()..].find(opening).ok_or("this quote is never closed")?;
    Ok(end + 2 * opening.len())
}

fn block_comment(text: &str) -> Result<usize, &'static str> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    Err("this comment is never closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> (String, Vec<String>) {
        let statement = parse(text).expect("a statement");
        (statement.sqlite().to_owned(), statement.names().map(str::to_owned).collect())
    }

    #[test]
    fn parameters_are_numbered_and_the_same_name_is_the_same_number() {
        let (text, names) = numbered("select 1 from t where a = :a and b = :user.id and c = :a.");
        assert_eq!(text, "select 1 from t where a = ?1 and b = ?2 and c = ?1.");
        assert_eq!(names, ["a", "user.id"]);
    }

    #[test]
    fn what_only_looks_like_a_parameter_is_left_alone() {
        for text in [
            "select ':a', \":b\", `:c`",
            "select 'it''s :a'",
            "select a::text",
            "select 1 -- :a\n",
            "select 1 /* :a /* :b */ */",
            "select $$ :a $$, $x$ :b $x$",
            "select a := 1",
        ] {
            assert_eq!(numbered(text), (text.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn a_second_statement_is_told_and_a_closing_semicolon_is_not() {
        assert_eq!(numbered("select 1; -- done").0, "select 1 -- done");
        assert_eq!(parse("select 1; drop table t").expect_err("two").range, 10..14);
        assert!(parse(" -- nothing").is_err());
        assert!(parse("select 'a").is_err());
    }

    #[test]
    fn writing_statements_are_known() {
        assert!(writes("insert into t values (1)"));
        assert!(writes("/* x */ with a as (select 1) delete from t"));
        assert!(!writes("select 'delete' from t -- update"));
        assert!(!writes("with a as (select replace(b, 'x', 'y') from t) select * from a"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-z :'\"$;./*-]{0,40}") {
            let _ = (parse(&text), writes(&text));
        }
    }
}
