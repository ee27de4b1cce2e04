//! "Did you mean": the name among those there are that a misspelt one most likely stands for.

/// How alike two names must be at least, from 0 to 1, to be taken for one another.
const LIKENESS_MIN: f64 = 0.78;

/// The candidate that `name` most likely stands for, or none when nothing is close.
///
/// Case, `-`, `_`, `.` and `:` count for nothing, so `maxlength` finds `maxLength` and `put-in` finds `put_in`.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = simplified(name);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (likeness(&plain, &simplified(candidate)), candidate))
        .filter(|(score, _)| *score >= LIKENESS_MIN)
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the closest candidate, if any is close.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(name, candidates).map(|found| format!("did you mean `{found}`?"))
}

fn simplified(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ':' | ' ')).flat_map(char::to_lowercase).collect()
}

/// One edit in a short name is a slip even where the share of equal letters is low; a longer name may differ more.
fn likeness(name: &str, candidate: &str) -> f64 {
    if name == candidate {
        return 1.0;
    }
    let edits = strsim::damerau_levenshtein(name, candidate);
    let longest = name.chars().count().max(candidate.chars().count());
    let slip = edits == 1 && longest >= 3;
    let close = edits <= longest.div_ceil(3);
    match (slip, close) {
        (true, _) => 0.95,
        (_, true) => strsim::jaro_winkler(name, candidate),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["payload", "rate_limit", "do", "when", "ack", "ack_args"];

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(suggest("paylod", KEYS), Some("payload"));
        assert_eq!(suggest("rateLimit", KEYS), Some("rate_limit"));
        assert_eq!(suggest("wehn", KEYS), Some("when"));
        assert_eq!(suggest("ackargs", KEYS), Some("ack_args"));
    }

    #[test]
    fn is_silent_when_nothing_is_close() {
        assert_eq!(suggest("colour", KEYS), None);
        assert_eq!(suggest("", KEYS), None);
        assert_eq!(suggest("x", KEYS), None);
    }

    #[test]
    fn words_it_for_a_help_line() {
        assert_eq!(did_you_mean("ak", ["ack"]).as_deref(), Some("did you mean `ack`?"));
    }
}
