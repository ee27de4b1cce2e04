//! The tokens of an expression, read before it is parsed: bounds, characters that mean nothing, and the habits of other
//! languages, each with what to write instead.

use std::ops::Range;

use minijinja::machinery::{Token, tokenize};

use super::parse::ParseError;

/// How many tokens an expression may have.
const TOKENS_MAX: usize = 500;
/// How deep brackets may be nested.
const NESTING_MAX: usize = 24;

/// A token, and where it stands in bytes.
pub(super) struct Placed<'s> {
    pub(super) token: Token<'s>,
    pub(super) range: Range<usize>,
}

/// Reads every token of `source`.
pub(super) fn read(source: &str) -> Result<Vec<Placed<'_>>, ParseError> {
    let mut tokens: Vec<Placed<'_>> = Vec::new();
    let mut nesting = 0usize;
    for token in tokenize(source, true, Default::default()) {
        let (token, span) = token.map_err(|error| unreadable(source, tokens.last(), &error))?;
        let range = span.start_offset as usize..span.end_offset as usize;
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => nesting += 1,
            Token::ParenClose | Token::BracketClose | Token::BraceClose => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > NESTING_MAX {
            return Err(ParseError::new(range, format!("brackets are nested more than {NESTING_MAX} deep")));
        }
        if tokens.len() == TOKENS_MAX {
            return Err(ParseError::new(range, format!("an expression has at most {TOKENS_MAX} words and signs"))
                .help("compute a part of it in a `let:` before"));
        }
        if is_markup(&token) {
            return Err(ParseError::new(range, "an expression holds no template markup"));
        }
        tokens.push(Placed { token, range });
    }
    tokens.windows(2).try_for_each(|pair| foreign_pair(&pair[0], &pair[1]))?;
    tokens.iter().enumerate().try_for_each(|(at, _)| foreign_word(&tokens, at))?;
    Ok(tokens)
}

fn is_markup(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::TemplateData(_) | Token::VariableStart | Token::VariableEnd | Token::BlockStart | Token::BlockEnd
    )
}

/// A place where minijinja's lexer stops: the character there, and what the author may have meant by it.
fn unreadable(source: &str, before: Option<&Placed<'_>>, error: &minijinja::Error) -> ParseError {
    let from = before.map_or(0, |before| before.range.end);
    let blank = source[from..].len() - source[from..].trim_start().len();
    let at = from + blank;
    let rest = &source[at..];
    let sign = ["&&", "!==", "??", "?."].into_iter().find(|sign| rest.starts_with(sign));
    let width = sign.map_or_else(|| rest.chars().next().map_or(0, char::len_utf8), str::len);
    let spelt = &rest[..width];
    let help = match spelt {
        "&&" => "write `and`",
        "&" => "write `and`; to join texts, write `~`",
        "!" => "write `not`",
        "?" => "write `a if condition else b`",
        "??" => "write `x | default(y)`",
        "?." => "write `x.y | default(z)`, or ask `x is defined` before",
        ";" => "an expression is one value; use several steps for several",
        "#" => "a comment stands outside of the expression",
        "$" => "write the name without `$`",
        "`" | "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}" => "write texts between `'` or `\"`",
        "'" | "\"" => return ParseError::new(at..source.len(), "this text is not closed"),
        _ => {
            let message = match error.detail() {
                Some("unexpected character") | None => format!("`{spelt}` means nothing here"),
                Some(detail) => detail.to_owned(),
            };
            return ParseError::new(at..at + width, message);
        }
    };
    ParseError::new(at..at + width, format!("`{spelt}` means nothing here")).help(help)
}

/// Two signs that follow each other without a blank and mean something elsewhere.
fn foreign_pair(first: &Placed<'_>, second: &Placed<'_>) -> Result<(), ParseError> {
    if first.range.end != second.range.start {
        return Ok(());
    }
    let (spelt, help) = match (&first.token, &second.token) {
        (Token::Pipe, Token::Pipe) => ("||", "write `or`"),
        (Token::Eq, Token::Assign) => ("===", "write `==`; it never converts"),
        (Token::Ne, Token::Assign) => ("!==", "write `!=`; it never converts"),
        (Token::Lt, Token::Gt) => ("<>", "write `!=`"),
        (Token::Assign, Token::Gt) => ("=>", "write `>=`"),
        (Token::Assign, Token::Lt) => ("=<", "write `<=`"),
        (Token::Plus, Token::Plus) => ("++", "write `+ 1`, or `increment` a counter"),
        _ => return Ok(()),
    };
    let range = first.range.start..second.range.end;
    Err(ParseError::new(range, format!("there is no `{spelt}`")).help(help))
}

/// A word or sign that means something elsewhere.
fn foreign_word(tokens: &[Placed<'_>], at: usize) -> Result<(), ParseError> {
    let token = &tokens[at];
    let after = |sign: fn(&Token<'_>) -> bool| at > 0 && sign(&tokens[at - 1].token);
    let named_argument =
        || matches!(tokens.get(at.wrapping_sub(2)), Some(Placed { token: Token::ParenOpen | Token::Comma, .. }));
    let (spelt, help) = match token.token {
        Token::Assign if !(after(|token| matches!(token, Token::Ident(_))) && named_argument()) => {
            ("=".to_owned(), "write `==` to compare; `let:` names values".to_owned())
        }
        Token::Ident(word) if after(|token| matches!(token, Token::Dot)) => match word {
            "length" if !called(tokens, at) => {
                let help = "write `x | length`; a property of that name is `x['length']`";
                (".length".to_owned(), help.to_owned())
            }
            _ => return Ok(()),
        },
        Token::Ident(word @ ("null" | "nil" | "NULL")) => (word.to_owned(), "write `none`".to_owned()),
        Token::Ident("undefined") if !after(|token| matches!(token, Token::Ident("is" | "not") | Token::Pipe)) => {
            ("undefined".to_owned(), "write `x is not defined`".to_owned())
        }
        Token::Ident(word @ ("AND" | "OR" | "NOT" | "IN" | "IS" | "And" | "Or" | "Not")) => {
            (word.to_owned(), format!("write `{}`", word.to_lowercase()))
        }
        _ => return Ok(()),
    };
    Err(ParseError::new(token.range.clone(), format!("there is no `{spelt}`")).help(help))
}

/// Whether the word at this place is called, as a method would be.
fn called(tokens: &[Placed<'_>], at: usize) -> bool {
    matches!(tokens.get(at + 1), Some(Placed { token: Token::ParenOpen, .. }))
}
