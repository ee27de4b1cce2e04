//! What the YAML library could not read, told as an author needs it: the cause where one is likely, and the way out.

use serde_saphyr::Error;

use super::place::Place;
use super::traps::{braces, quoted, split_template};
use super::{ALIASED_NODES_MAX, DEPTH_MAX, NODES_MAX};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names::split;
use crate::source::{SourceId, Span};

/// The diagnostic for `error`, which the library met in `text`.
pub(super) fn explain(error: &Error, text: &str, id: SourceId) -> Diagnostic {
    let offset = error.location().map_or(0, |location| location.span().offset() as usize);
    let at = text.char_indices().nth(offset).map_or(text.len(), |(at, _)| at);
    let place = Place::new(text, id, at);
    by_kind(error, &place).unwrap_or_else(|| by_text(&message_of(error), &place))
}

/// The library's own words, without the place that it adds.
fn message_of(error: &Error) -> String {
    let words = error.to_string();
    words.split(" at line ").next().unwrap_or(&words).to_owned()
}

fn syntax(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::SYNTAX, span, message)
}

/// What the library can name.
fn by_kind(error: &Error, place: &Place<'_>) -> Option<Diagnostic> {
    let told = match error {
        Error::AliasError { error, .. } => return by_kind(error, place),
        Error::UnknownAnchor { .. } => unknown_anchor(place),
        Error::MultipleDocuments { .. } => second_document(place),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            syntax(place.word(), "this alias stands for something that contains it")
                .help("an anchor cannot be used within itself")
        }
        Error::Budget { breach, .. } => return Some(over_budget(&format!("{breach:?}"), place)),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => too_many_aliases(place),
        _ => return None,
    };
    Some(told)
}

fn over_budget(breach: &str, place: &Place<'_>) -> Diagnostic {
    let too_big = |message: String| Diagnostic::error(codes::TOO_BIG, place.point(), message);
    match breach {
        _ if breach.starts_with("Documents") => second_document(place),
        _ if breach.starts_with("Depth") => too_deep(place),
        _ if breach.contains("Alias") || breach.contains("Anchor") => too_many_aliases(place),
        _ => too_big(format!("the file has more than {NODES_MAX} values"))
            .help("move parts into files of their own and name them under `imports:`"),
    }
}

fn too_deep(place: &Place<'_>) -> Diagnostic {
    Diagnostic::error(codes::TOO_BIG, place.point(), format!("lists and maps are nested more than {DEPTH_MAX} deep"))
        .help("name inner parts under `types:` or `steps:`")
}

fn too_many_aliases(place: &Place<'_>) -> Diagnostic {
    let message = format!("the aliases of this file stand for more than {ALIASED_NODES_MAX} values");
    Diagnostic::error(codes::TOO_BIG, place.point(), message)
        .help("name what is shared under `types:`, `steps:` or `rooms:` instead")
}

fn second_document(place: &Place<'_>) -> Diagnostic {
    syntax(place.line_span(), "a second document begins here, and a file is one")
        .help("remove the `---`, or make two files of it")
}

fn unknown_anchor(place: &Place<'_>) -> Diagnostic {
    let word = place.word();
    let written = place.slice(word);
    syntax(word, format!("`{written}` is an alias, and there is no such anchor"))
        .label("an unquoted `*` begins an alias")
        .fix(word, quoted(written), "quote it, if it is meant as text")
}

/// What the library's words and the author's line together tell.
fn by_text(words: &str, place: &Place<'_>) -> Diagnostic {
    let has = |part: &str| words.contains(part);
    match () {
        () if has("recursion limit") || has("nesting") => too_deep(place),
        () if has("tab") && place.leading_tabs().is_some() => tabs(place),
        () if has("unsupported tag") => tag(place),
        () if has("scanning an anchor or alias") => lone_sign(place),
        () => by_template(place).or_else(|| by_value(words, place)).unwrap_or_else(|| plainly(words, place)),
    }
}

fn tabs(place: &Place<'_>) -> Diagnostic {
    let span = place.leading_tabs().unwrap_or_else(|| place.point());
    let spaces = place.slice(span).replace('\t', "  ");
    syntax(span, "a tab cannot indent").label("a tab").fix(span, spaces, "indent with spaces")
}

/// `*` or `&` without a name: `roles: [*]`.
fn lone_sign(place: &Place<'_>) -> Diagnostic {
    let sign = place.point();
    let written = place.slice(sign);
    let what = if written == "*" { "alias" } else { "anchor" };
    let told = syntax(sign, format!("an unquoted `{written}` begins an {what}, and has no name"));
    told.fix(sign, quoted(written), "quote it, if it is meant as text")
}

fn tag(place: &Place<'_>) -> Diagnostic {
    let value = place.value();
    let written = place.slice(value);
    let told = syntax(value, "an unquoted `!` begins a tag, and the language has none");
    match written.strip_prefix('!').map(str::trim) {
        Some(negated) if place.key() == Some("when") => {
            told.fix(value, format!("not {negated}"), "\"not\" is written so")
        }
        _ => told.fix(value, quoted(written), "quote it, if it is meant as text"),
    }
}

/// An unquoted template that YAML took apart: `{{ x }} and more`, `{ a: <x[0]> }`.
fn by_template(place: &Place<'_>) -> Option<Diagnostic> {
    if let Some(span) = place.braces() {
        return Some(braces(span, place.slice(span)));
    }
    let span = place.open_template()?;
    let until = template_end(place.slice(span))?;
    let whole = Span::new(span.source, span.start, span.start + until);
    Some(split_template(whole, place.slice(whole)))
}

/// How much of `rest` the text has that begins it and has a template in it, when brackets and commas within the template
/// belong to it.
fn template_end(rest: &str) -> Option<usize> {
    let mut end = rest.find('<')?;
    loop {
        let close = end + rest[end..].find('>')? + 1;
        if split(&rest[..close]).is_ok() {
            let tail = rest[close..].find([',', '}', ']', ' ', '<']).unwrap_or(rest.len() - close);
            return Some(close + tail);
        }
        end = close;
    }
}

/// A value that is one text to the author and something else to YAML.
fn by_value(words: &str, place: &Place<'_>) -> Option<Diagnostic> {
    let has = |part: &str| words.contains(part);
    let value = place.value();
    let written = place.slice(value);
    if has("mapping values are not allowed") || has("did not find expected ',' or '}'") {
        return colon_in_text(place, value, written);
    }
    if has("unclosed quote") {
        return Some(unclosed_quote(place));
    }
    if has("trailing content after") {
        return Some(after_quote(value, written));
    }
    if written.starts_with(['@', '`', '%']) && has("unexpected character") {
        let told = syntax(value, format!("an unquoted text cannot begin with `{}`", &written[..1]));
        return Some(told.fix(value, quoted(written), "quote it"));
    }
    None
}

fn colon_in_text(place: &Place<'_>, value: Span, written: &str) -> Option<Diagnostic> {
    if written.contains(" ? ") && written.contains(':') {
        let told = syntax(value, "`? :` is not part of the language, and YAML takes the colon for a key's");
        return Some(match if_else(written) {
            Some(fixed) => told.fix(value, fixed, "a choice is written so"),
            None => told.help("write `a if condition else b`"),
        });
    }
    if place.is_key_colon() {
        return Some(wrong_indentation(place));
    }
    let has_colon = written.contains(": ") || written.ends_with(':');
    has_colon.then(|| {
        syntax(value, "a colon with a blank after it cannot stand in an unquoted text")
            .label("YAML takes the colon for a key's")
            .fix(value, quoted(written), "quote it")
    })
}

/// `a ? b : c` as `b if a else c`.
fn if_else(written: &str) -> Option<String> {
    let (hole, inner) = match written.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
        Some(inner) => (true, inner),
        None => (false, written),
    };
    let (condition, rest) = inner.split_once(" ? ")?;
    let (yes, no) = rest.split_once(':')?;
    let fixed = format!("{} if {} else {}", yes.trim(), condition.trim(), no.trim());
    Some(if hole { format!("<{fixed}>") } else { fixed })
}

fn wrong_indentation(place: &Place<'_>) -> Diagnostic {
    let told = syntax(place.line_span(), "this key does not fit where it stands").label("unexpected key");
    match place.line_above() {
        Some(above) => told
            .related(above, "after this line")
            .help("is a `:` missing in the line above, or are there too many blanks before this key?"),
        None => told.help("give it as many blanks as the keys beside it"),
    }
}

fn unclosed_quote(place: &Place<'_>) -> Diagnostic {
    syntax(place.point(), "this quote is never closed")
        .label("begins here")
        .help("close it; an apostrophe within '...' is written twice, and a quote within \"...\" as \\\"")
}

fn after_quote(value: Span, written: &str) -> Diagnostic {
    let told = syntax(value, "a quoted text ends at its quote, and more follows");
    let apostrophe = written.starts_with('\'') && written.len() > 1 && written.ends_with('\'');
    if apostrophe && !written.contains('"') {
        let inner = &written[1..written.len() - 1];
        return told.fix(value, format!("\"{inner}\""), "put it in double quotes, since it has an apostrophe");
    }
    told.fix(value, quoted(written), "quote the whole text")
}

/// No cause is known: the library's words, with what its places usually mean.
fn plainly(words: &str, place: &Place<'_>) -> Diagnostic {
    let has = |part: &str| words.contains(part);
    let told = |message: &str| syntax(place.point(), message);
    match () {
        () if has("block sequence entries are not allowed") => {
            told("a list cannot begin behind a key").help("put its `- ` on the next line, indented, or write `[a, b]`")
        }
        () if has("expected '-' indicator") => told("this line stands between the items of a list")
            .help("begin it with `- `, or give it as many blanks as the key that it belongs beside"),
        () if has("unclosed bracket") => {
            told("this bracket is never closed").label("begins here").help("close it with `}` or `]`")
        }
        () if has("misplaced bracket") => told("this bracket closes nothing").help("remove it"),
        () if has("illegal placement of ':'") => key_in_brackets(place),
        () if has("<document start>") => {
            told("this line has fewer blanks before it than the first").help("begin all keys of the file in one column")
        }
        () if has("unknown escape") => told("there is no such escape in a text in double quotes")
            .help("put it in '...', where a backslash is a backslash"),
        () => told(&format!("this is not YAML: {words}")),
    }
}

fn key_in_brackets(place: &Place<'_>) -> Diagnostic {
    match place.bracket_above() {
        Some(bracket) => syntax(bracket, "this bracket is never closed")
            .label("begins here")
            .related(place.line_span(), "this line cannot be within it")
            .help("close it with `}` or `]`"),
        None => {
            syntax(place.point(), "a key cannot stand here").help("is a bracket or a quote in a line above not closed?")
        }
    }
}
