//! Named parameters of SQL statements: found once at load, and numbered for the two databases.

mod tokens;

use std::ops::Range;

use tokens::{Kind, Token, Tokens, Unclosed};

/// A statement whose parameters are found; the same name is the same number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    names: Vec<Box<str>>,
    pieces: Vec<Piece>,
}

/// A part of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// What stands between parameters.
    Text(Box<str>),
    /// A parameter, by its number from 0.
    Parameter(usize),
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

    /// Its parts, in order. Nothing in the texts touches a parameter that would make it part of a name.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// Finds and numbers the parameters of a statement.
///
/// # Errors
/// If the text is empty or has an end that is missing, if it is more than one statement, or one that begins or ends a
/// transaction, or if it has parameters of the database's own (`?`, `$1`, `@name`).
pub fn parse(text: &str) -> Result<Statement, SqlError> {
    let mut writer = Writer { text, names: Vec::new(), pieces: Vec::new(), between: String::new() };
    let (mut ended, mut empty) = (false, true);
    for token in Tokens::of(text) {
        let token = token?;
        match token.kind {
            Kind::Blank | Kind::Comment | Kind::NestedComment => {}
            Kind::End => {
                ended = true;
                continue;
            }
            _ if ended => return Err(error(token, "a query is one statement, and another begins here")),
            _ => {
                if empty && is_of_transactions(&text[token.range.clone()]) {
                    return Err(error(token, "transactions are the engine's: what one event executes is one"));
                }
                empty = false;
            }
        }
        writer.write(token)?;
    }
    if empty {
        return Err(SqlError { range: 0..text.len(), message: "there is no statement".to_owned() });
    }
    writer.part();
    Ok(Statement { names: writer.names, pieces: writer.pieces })
}

/// A statement with one blank between its words and signs, and without comments: what it says, however it is laid out. A
/// text that cannot be read is returned as it is.
pub(crate) fn plain(text: &str) -> String {
    let Ok(tokens) = Tokens::of(text).collect::<Result<Vec<_>, _>>() else { return text.to_owned() };
    let said = tokens.into_iter().filter_map(|token| match token.kind {
        Kind::Blank | Kind::Comment | Kind::NestedComment | Kind::End => None,
        Kind::Word => Some(text[token.range].to_ascii_lowercase()),
        _ => Some(text[token.range].to_owned()),
    });
    said.collect::<Vec<_>>().join(" ")
}

struct Writer<'t> {
    text: &'t str,
    names: Vec<Box<str>>,
    pieces: Vec<Piece>,
    /// What has come since the last parameter.
    between: String,
}

impl Writer<'_> {
    fn write(&mut self, token: Token) -> Result<(), SqlError> {
        let slice = &self.text[token.range.clone()];
        match token.kind {
            Kind::Foreign => {
                let message = format!("nothing is bound to `{slice}`: parameters are named, such as `:classId`");
                return Err(SqlError { range: token.range, message });
            }
            Kind::Parameter => {
                let number = self.number(&slice[1..]);
                let before = self.text[..token.range.start].ends_with(belongs_to_a_name);
                let after = self.text[token.range.end..].starts_with(belongs_to_a_name);
                self.between.push_str(if before { " " } else { "" });
                self.part();
                self.pieces.push(Piece::Parameter(number));
                self.between.push_str(if after { " " } else { "" });
            }
            Kind::NestedComment => self.between.push(' '),
            Kind::Blank | Kind::Comment | Kind::Quoted | Kind::Word | Kind::End | Kind::Other => {
                self.between.push_str(slice);
            }
        }
        Ok(())
    }

    /// Ends the text that stands between parameters, if there is one.
    fn part(&mut self) {
        if !self.between.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.between).into()));
        }
    }

    fn number(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| &**known == name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        })
    }
}

/// What a number must not touch, or it becomes part of a name: `x$1`, `$1$tag$`.
fn belongs_to_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn error(token: Token, message: &str) -> SqlError {
    SqlError { range: token.range, message: message.to_owned() }
}

impl From<Unclosed> for SqlError {
    fn from(unclosed: Unclosed) -> Self {
        Self { range: unclosed.range, message: unclosed.message.to_owned() }
    }
}

fn is_of_transactions(word: &str) -> bool {
    const WORDS: &[&str] =
        &["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "deallocate"];
    WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Words that a statement begins with that changes something.
const WRITING: &[&str] = &[
    "insert", "update", "delete", "replace", "merge", "create", "drop", "alter", "truncate", "grant", "revoke",
    "vacuum", "attach", "detach", "pragma", "call", "do", "copy", "comment", "lock", "set", "reset", "refresh",
    "reindex", "analyze", "cluster",
];

/// Whether a statement writes: it begins with a word that does, or is a `with` or `select` that has a part which does.
/// Comments and texts count for nothing.
#[must_use]
pub fn writes(text: &str) -> bool {
    let words: Vec<String> = Tokens::of(text)
        .map_while(Result::ok)
        .filter(|token| token.kind == Kind::Word)
        .map(|token| text[token.range].to_ascii_lowercase())
        .collect();
    match words.first().map(String::as_str) {
        Some("with" | "select" | "explain") => has_writing_part(&words),
        Some(first) => WRITING.contains(&first),
        None => false,
    }
}

/// `insert into`, `select ... into`, `delete from`, `update` - but not `for update`, which locks what it reads.
fn has_writing_part(words: &[String]) -> bool {
    words.windows(2).any(|pair| match [pair[0].as_str(), pair[1].as_str()] {
        ["for" | "key", "update"] => false,
        [_, "into" | "update"] | ["delete", "from"] | ["insert", "or"] => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests;
