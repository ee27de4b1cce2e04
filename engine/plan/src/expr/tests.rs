use proptest::prelude::*;
use serde_json::{Value, json};

use super::Expr;
use super::fuzzing::{self, value};

fn lowered(source: &str) -> Expr {
    fuzzing::lowered(source).expect("an expression")
}

fn by_jinja(source: &str) -> Expr {
    fuzzing::by_jinja(source).expect("an expression")
}

fn now(source: &str, payload: &Value) -> Value {
    value(&lowered(source), payload).expect("a value").unwrap_or(Value::Null)
}

#[test]
fn what_is_simple_never_reaches_the_template_engine() {
    for source in [
        "a",
        "a.b.c",
        "a['b'][0]",
        "'text'",
        "7",
        "a == 'x' and not (b > 3 or c is defined)",
        "a in ['x', 'y']",
        "a not in b",
        "a | default('x')",
        "a is not defined",
    ] {
        let expr = format!("{:?}", lowered(source));
        assert!(!expr.contains("Jinja"), "{source}: {expr}");
    }
    assert!(matches!(lowered("a | length"), Expr::Jinja(_)));
}

#[test]
fn the_engine_s_own_functions_do_what_they_say() {
    let payload = json!({
        "at": "2025-01-15T08:58:30Z", "marks": [{ "s": "A" }, { "s": "B" }, { "s": "A" }], "map": { "x": 1, "y": 2 }, "late": 20
    });
    assert_eq!(now("now", &payload), "2025-01-15T09:00:00.000Z");
    assert_eq!(now("now | date('America/New_York')", &payload), "2025-01-15");
    assert_eq!(now("'2025-01-15T03:00:00Z' | date('America/New_York')", &payload), "2025-01-14");
    assert_eq!(now("now | plus('90s')", &payload), "2025-01-15T09:01:30.000Z");
    assert_eq!(now("at | seconds_since", &payload), 90);
    assert_eq!(now("marks | count_by('s', ['A', 'B', 'C'])", &payload), json!({ "A": 2, "B": 1, "C": 0 }));
    assert_eq!(now("map | values", &payload), json!([1, 2]));
    assert_eq!(now("random_hex(4) | length", &payload), 4);
    assert_eq!(now("uuid() | length", &payload), 36);
    assert_ne!(now("uuid()", &payload), now("uuid()", &payload));
}

#[test]
fn what_cannot_be_is_an_error_that_repeats_no_value() {
    let payload = json!({ "at": "my secret", "n": "private" });
    for source in ["at | seconds_since", "at | date('Europe/Berlin')", "n > 3 and absent > 3", "n | plus('1s')"] {
        let error = value(&lowered(source), &payload).expect_err(source);
        assert!(!error.contains("secret") && !error.contains("private"), "{error}");
    }
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("n".to_owned()),
        Just("t".to_owned()),
        Just("list".to_owned()),
        Just("yes".to_owned()),
        Just("o.inner".to_owned()),
        Just("absent".to_owned()),
        (0..4_u8).prop_map(|number| number.to_string()),
        Just("'x'".to_owned()),
        Just("true".to_owned()),
        Just("1.5".to_owned()),
    ]
}

/// Expressions of the kinds that are compiled to direct code.
fn simple() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|on| format!("not ({on})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one}) and ({two})")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one}) or ({two})")),
            (inner.clone(), prop_oneof![Just("=="), Just("!=")], inner)
                .prop_map(|(one, sign, two)| format!("({one}) {sign} ({two})")),
            (
                prop_oneof![Just("n"), Just("2"), Just("1.5")],
                prop_oneof![Just("<"), Just("<="), Just(">"), Just(">=")],
                0..4_u8
            )
                .prop_map(|(one, sign, two)| format!("{one} {sign} {two}")),
            leaf().prop_map(|on| format!("({on}) in list")),
            prop_oneof![Just("n"), Just("absent"), Just("o.inner"), Just("o.none")]
                .prop_map(|on| format!("{on} is defined")),
            prop_oneof![Just("n"), Just("absent"), Just("o.none")].prop_map(|on| format!("{on} | default('x')")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn direct_code_means_what_the_template_engine_means(source in simple(), number in 0..4_i64, text in "[xy]{0,1}", yes: bool) {
        let payload = json!({ "n": number, "t": text, "list": [1, "x", true], "yes": yes, "o": { "inner": number } });
        let (direct, jinja) = (value(&lowered(&source), &payload), value(&by_jinja(&source), &payload));
        match (direct, jinja) {
            (Ok(direct), Ok(jinja)) => prop_assert_eq!(direct, jinja, "{}", source),
            (Err(_), Err(_)) => {}
            (direct, jinja) => prop_assert!(false, "{}: {:?} and {:?}", source, direct, jinja),
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(source in r#"[a-z0-9 .'"()|\[\]{}<>=!,+*-]{0,40}"#) {
        fuzzing::expression(&source);
    }
}
