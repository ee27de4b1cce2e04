//! Small words that several sentences share.

/// "a", "a and b", "a, b and c".
pub(crate) fn and(words: &[String]) -> String {
    joined(words, "and")
}

/// "a", "a or b", "a, b or c".
pub(crate) fn or(words: &[String]) -> String {
    joined(words, "or")
}

fn joined(words: &[String], last_word: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {last_word} {last}", first.join(", ")),
    }
}

/// "1 socket", "3 sockets".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
