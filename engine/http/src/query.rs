//! The part of an address after `?`.

use axum::http::StatusCode;
use homeroom_definition::did_you_mean;

use crate::problem::Problem;

/// Its names and values, decoded; what cannot be decoded stays as it came.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// What is asked for cannot be.
pub(crate) fn wrong(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message)
}

/// Something is asked by a name that is none of the known.
pub(crate) fn unknown(name: &str, known: &[&str]) -> Problem {
    if known.is_empty() {
        return wrong(format!("Nothing can be asked here, and so not `{name}`."));
    }
    let hint = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| format!("ask by {}.", known.join(", ")));
    wrong(format!("`{name}` cannot be asked: {hint}"))
}

/// How many of something are asked for.
pub(crate) fn limit(value: &str, max: usize) -> Result<usize, Problem> {
    let limit = value.parse().ok().filter(|limit| (1..=max).contains(limit));
    limit.ok_or_else(|| wrong(format!("`limit` is a number from 1 to {max}.")))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, next) = match (first, escaped(after)) {
            (b'%', Some(byte)) => (byte, &after[2..]),
            (b'+', _) => (b' ', after),
            (other, _) => (*other, after),
        };
        bytes.push(byte);
        rest = next;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The byte that two hexadecimal digits stand for.
fn escaped(digits: &[u8]) -> Option<u8> {
    let digits = digits.get(..2)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let of = |text| pairs(text).into_iter().map(|(name, value)| format!("{name}|{value}")).collect::<Vec<_>>();
        assert_eq!(of("user=s%2D456&event=a%3Ab+c&&limit"), ["user|s-456", "event|a:b c", "limit|"]);
        assert_eq!(of("a=%zz%4&b=%c3%a9&c=%ff"), ["a|%zz%4", "b|\u{e9}", "c|%ff"]);
    }
}
