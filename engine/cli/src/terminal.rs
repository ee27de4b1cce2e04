//! What is printed for people: letters, and colours on a terminal. Definitions, servers and databases may have codes in their
//! texts that would wipe the screen, move the cursor or rename the window; these are shown, and not done.

use std::io::IsTerminal as _;

use homeroom_definition::render::Look;

/// What stands for a character that would not be seen.
const UNSEEN: char = '\u{fffd}';

/// Colours if it is a terminal that reads along.
pub(crate) fn look() -> Look {
    if std::io::stdout().is_terminal() { Look::Coloured } else { Look::Plain }
}

/// Prints what was asked for.
pub(crate) fn print(text: &str) {
    print!("{}", harmless(text, look()));
}

/// Prints what there is to say beside it.
pub(crate) fn print_aside(text: &str) {
    eprint!("{}", harmless(text, look()));
}

/// The text without anything that steers a terminal, but for colours where they are wanted.
fn harmless(text: &str, look: Look) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, found)) = rest.char_indices().find(|(_, found)| steers(*found)) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        match colour(rest).filter(|_| look == Look::Coloured) {
            Some(code) => {
                shown.push_str(code);
                rest = &rest[code.len()..];
            }
            None => {
                shown.push(UNSEEN);
                rest = &rest[found.len_utf8()..];
            }
        }
    }
    shown + rest
}

/// Control characters, and those that turn the direction in which text is read.
fn steers(found: char) -> bool {
    let turns = matches!(found, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (found.is_control() && !matches!(found, '\n' | '\t'))
}

/// The code at the beginning of a text, if it changes how letters look and nothing else.
fn colour(text: &str) -> Option<&str> {
    let numbers = text.strip_prefix("\x1b[")?;
    let end = numbers.find(|found: char| !found.is_ascii_digit() && found != ';')?;
    numbers[end..].starts_with('m').then(|| &text[..text.len() - numbers.len() + end + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_all_that_steers_a_terminal() {
        let text = "a\x1b[1;31mred\x1b[0m\x1b[2J\u{9b}2J\x1b]0;title\x07\r\x1b[3\x7f\u{202e}\x1b";
        let coloured = harmless(text, Look::Coloured);
        assert_eq!(coloured, "a\x1b[1;31mred\x1b[0m�[2J�2J�]0;title���[3���");
        let plain = harmless(text, Look::Plain);
        assert!(plain.starts_with("a�[1;31mred�[0m�[2J") && !plain.chars().any(steers), "{plain}");
        assert_eq!(harmless("ä\n\tb", Look::Plain), "ä\n\tb");
    }
}
