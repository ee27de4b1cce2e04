//! What holds for every text, however odd.

use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostics, Pattern, Piece, Sources, Span, Text, parse, split};
use proptest::prelude::*;

/// Text that is more likely than chance to have the language's signs in it.
fn signs() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("<"),
            Just(">"),
            Just("'"),
            Just("\""),
            Just("("),
            Just(")"),
            Just("["),
            Just("]"),
            Just("{"),
            Just("}"),
            Just(","),
            Just(": "),
            Just(":"),
            Just("- "),
            Just("\n"),
            Just("\n  "),
            Just(" #"),
            Just("#"),
            Just("&a "),
            Just("*a"),
            Just("!t "),
            Just("\t"),
            Just("|"),
            Just("? "),
            Just("do"),
            Just("emit"),
            Just("when"),
            Just("rooms"),
            Just("client_events"),
            Just("x"),
            Just("5"),
            Just("é"),
            Just("\u{1}"),
            Just("\\"),
            Just("<<"),
            Just("---\n"),
            Just("~"),
            Just("%"),
            Just("\r\n"),
            Just("\u{feff}"),
            Just("{{ x }}"),
        ],
        0..40,
    )
    .prop_map(|parts| parts.concat())
}

fn text(value: &str) -> Text {
    Text::new(value, Span::default())
}

/// Reads a text and draws all that is told of it, in every way.
fn read_and_draw(value: String) {
    let mut sources = Sources::new();
    let id = sources.add("any.yaml", value);
    let mut diags = Diagnostics::new();
    let _ = parse(&sources, id, &mut diags);
    let sorted = diags.sorted();
    let _ = render::text(&sorted, &sources, Look::Plain);
    let _ = render::text(&sorted, &sources, Look::Coloured);
    let _ = render::json(&sorted, &sources);
    let _ = render::sarif(&sorted, &sources, &[]);
    for told in &sorted {
        assert_eq!(sources.clamp(told.span), told.span, "{told:?} points beside the text");
    }
}

/// A pattern over few letters, as text.
fn small_pattern(name: char) -> impl Strategy<Value = String> {
    let segment = ("[ab]{0,2}", any::<bool>(), "[ab]{0,2}");
    proptest::collection::vec(segment, 1..3).prop_map(move |segments| {
        let written = segments.into_iter().enumerate().map(|(at, (before, hole, after))| match hole {
            true => format!("{before}<{name}{at}>{after}"),
            false if before.is_empty() => "a".to_owned(),
            false => before,
        });
        written.collect::<Vec<_>>().join(":")
    })
}

/// Every text over `a`, `b` of up to six letters a segment.
fn small_texts(segments: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut start = 0;
    for _ in 0..6 {
        let end = words.len();
        for at in start..end {
            words.push(format!("{}a", words[at]));
            words.push(format!("{}b", words[at]));
        }
        start = end;
    }
    match segments {
        1 => words,
        _ => words.iter().flat_map(|one| words.iter().map(move |two| format!("{one}:{two}"))).collect(),
    }
}

proptest! {
    #[test]
    fn any_text_can_be_cut(value in ".*") {
        let _ = split(&value);
    }

    #[test]
    fn pieces_are_the_whole_text(value in signs()) {
        if let Ok(pieces) = split(&value) {
            let again: String = pieces.into_iter().map(|piece| match piece {
                Piece::Literal(range) => value[range].to_owned(),
                Piece::Hole(range) => format!("<{}>", &value[range]),
            }).collect();
            prop_assert_eq!(again, value);
        }
    }

    #[test]
    fn errors_of_cutting_are_within_the_text(value in signs()) {
        if let Err(error) = split(&value) {
            prop_assert!(value.get(error.range).is_some());
        }
    }

    #[test]
    fn any_text_can_be_read_as_a_file(value in "(?s).{0,200}") {
        read_and_draw(value);
    }

    #[test]
    fn any_signs_can_be_read_as_a_file(value in signs()) {
        read_and_draw(value);
    }

    #[test]
    fn any_text_can_be_a_pattern_or_a_value(value in signs()) {
        let value = text(&value);
        let _ = Pattern::parse(&value);
        let _ = homeroom_definition::parse_duration(&value);
        let _ = homeroom_definition::parse_rate_limit(&value);
    }

    #[test]
    fn overlap_agrees_with_trying_every_text(a in small_pattern('p'), b in small_pattern('q')) {
        let (Ok(a), Ok(b)) = (Pattern::parse(&text(&a)), Pattern::parse(&text(&b))) else { return Ok(()) };
        let spell_both = |text: &str| a.read(text).is_some() && b.read(text).is_some();
        match a.overlaps(&b) {
            Some(text) => prop_assert!(spell_both(&text), "{} and {}: {text}", a.text, b.text),
            None => for text in small_texts(a.text.matches(':').count() + 1) {
                prop_assert!(!spell_both(&text), "{} and {}: {text}", a.text, b.text);
            },
        }
    }

    #[test]
    fn what_fills_a_pattern_is_read_back(a in small_pattern('p'), values in proptest::collection::vec("[a-c.-]{1,5}", 3)) {
        let Ok(pattern) = Pattern::parse(&text(&a)) else { return Ok(()) };
        let count = pattern.params().count();
        let filled = pattern.fill(&values[..count]).unwrap_or_default();
        let read: Vec<String> = pattern.read(&filled).unwrap_or_default().into_iter().map(str::to_owned).collect();
        prop_assert_eq!(&read[..], &values[..count]);
    }
}
