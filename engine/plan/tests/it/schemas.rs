//! What is said of two schemas holds for values: a yes is a proof, and no difference means none.

use homeroom_plan::diff::schema::{Relation, Rooted, What, differences, fits_within};
use homeroom_plan::schema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

fn within(a: &Value, b: &Value) -> bool {
    fits_within(Rooted::whole(a), Rooted::whole(b))
}

fn told(old: &Value, new: &Value) -> Vec<String> {
    differences(Rooted::whole(old), Rooted::whole(new)).iter().map(|one| one.words(true)).collect()
}

/// Schemas of some depth over few names and small bounds, so that two of them often meet.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!(true)),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "null" })),
        Just(json!({ "$ref": "#/$defs/Named" })),
        (0..4_i64, 0..4_i64, any::<bool>()).prop_map(|(least, span, whole)| {
            let kind = if whole { "integer" } else { "number" };
            json!({ "type": kind, "minimum": least, "exclusiveMaximum": least + span })
        }),
        (1..4_i64).prop_map(|step| json!({ "type": "integer", "multipleOf": step })),
        (0..3_u64, 0..3_u64)
            .prop_map(|(least, span)| json!({ "type": "string", "minLength": least, "maxLength": least + span })),
        Just(json!({ "type": ["string", "null"] })),
        Just(json!({ "type": "string", "pattern": "^a" })),
        prop::collection::btree_set(0..5_usize, 1..4).prop_map(|some| {
            let all = [json!("a"), json!("ab"), json!(1), json!(null), json!(true)];
            json!({ "enum": some.into_iter().map(|at| all[at].clone()).collect::<Vec<_>>() })
        }),
        Just(json!({ "const": "a" })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            (
                prop::collection::btree_map("[abc]", inner.clone(), 0..4),
                prop::collection::btree_set("[abc]", 0..3),
                0..3_u8
            )
                .prop_map(|(properties, required, others)| object(&properties, &required, others)),
            (inner.clone(), 0..3_u64, any::<bool>()).prop_map(|(items, most, unique)| {
                json!({ "type": "array", "items": items, "maxItems": most, "uniqueItems": unique })
            }),
            (inner.clone(), inner.clone())
                .prop_map(|(first, rest)| json!({ "type": "array", "prefixItems": [first], "items": rest })),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "anyOf": all })),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "oneOf": all })),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "allOf": all })),
            inner.clone().prop_map(|not| json!({ "not": not })),
            (inner.clone(), inner.clone()).prop_map(|(test, then)| json!({ "if": test, "then": then })),
            (inner.clone(), inner).prop_map(|(one, contains)| json!({ "allOf": [one], "contains": contains })),
        ]
    })
}

fn object(
    properties: &std::collections::BTreeMap<String, Value>,
    required: &std::collections::BTreeSet<String>,
    others: u8,
) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    match others {
        0 => schema["additionalProperties"] = false.into(),
        1 => schema["additionalProperties"] = json!({ "type": "string" }),
        _ => {}
    }
    schema
}

/// A document whose named type holds itself.
fn document() -> impl Strategy<Value = Value> {
    (schema(), any::<bool>()).prop_map(|(schema, closed)| {
        let mut named =
            json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/Named" }, "b": { "type": "string" } } });
        if closed {
            named["additionalProperties"] = false.into();
        }
        json!({ "allOf": [schema], "$defs": { "Named": named } })
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-1..6_i64).prop_map(Value::from),
        Just(json!(1.5)),
        "[ab]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abcd]", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// One change of one place, of the kind that authors make.
fn changed(schema: &Value, choice: usize) -> Value {
    let mut changed = schema.clone();
    let places = pointers(schema, String::new());
    if let Some(at) = places.get(choice % places.len().max(1)).and_then(|pointer| changed.pointer_mut(pointer)) {
        match (at, choice % 5) {
            (Value::Object(map), 0) => drop(map.remove("required")),
            (Value::Object(map), 1) => drop(map.remove("additionalProperties")),
            (Value::Object(map), 2) => drop(map.insert("maxLength".into(), 1.into())),
            (Value::Object(map), 3) => drop(map.insert("required".into(), json!(["a"]))),
            (Value::Object(map), _) => drop(map.remove("maxItems")),
            _ => {}
        }
    }
    changed
}

fn pointers(value: &Value, at: String) -> Vec<String> {
    let below = match value {
        Value::Object(map) => {
            let skip = |key: &str| matches!(key, "enum" | "const");
            map.iter()
                .filter(|(key, _)| !skip(key))
                .flat_map(|(key, value)| pointers(value, format!("{at}/{key}")))
                .collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, value)| pointers(value, format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(at).chain(below).collect()
}

fn holds(a: &Value, b: &Value, values: &[Value]) -> Result<(), TestCaseError> {
    let (Ok(one), Ok(other)) = (Validator::new(a.clone()), Validator::new(b.clone())) else { return Ok(()) };
    let proved = within(a, b);
    let is_same = told(a, b).is_empty();
    for value in values {
        let (fits_one, fits_other) = (one.check(value).is_ok(), other.check(value).is_ok());
        prop_assert!(!proved || !fits_one || fits_other, "{value} fits {a} and not {b}, though it was proved to");
        prop_assert!(
            !is_same || fits_one == fits_other,
            "{value} fits one alone of {a} and {b}, and no difference is told"
        );
    }
    Ok(())
}

#[test]
fn a_type_that_holds_itself_in_more_than_one_way_is_compared_to_an_end() {
    let named = |more: &str| json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/Named" }, "b": { "type": more } } });
    let twice = |more: &str| {
        let object = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/Named" } } });
        json!({ "allOf": [{ "$ref": "#/$defs/Named" }, object], "$defs": { "Named": named(more) } })
    };
    assert!(within(&twice("integer"), &twice("number")));
    assert!(!within(&twice("number"), &twice("integer")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_proved_of_two_schemas_holds_for_values(
        a in document(), b in document(), values in prop::collection::vec(value(), 24),
    ) {
        holds(&a, &b, &values)?;
        holds(&b, &a, &values)?;
    }

    #[test]
    fn what_is_proved_of_a_small_change_holds_for_values(
        a in document(), choice in 0..1000_usize, values in prop::collection::vec(value(), 24),
    ) {
        let b = changed(&a, choice);
        holds(&a, &b, &values)?;
        holds(&b, &a, &values)?;
    }

    #[test]
    fn a_schema_fits_within_itself(a in document()) {
        prop_assert!(within(&a, &a), "{a}");
        prop_assert_eq!(told(&a, &a), Vec::<String>::new());
    }

    #[test]
    fn what_must_fit_both_fits_either(a in schema(), b in schema()) {
        let named = json!({ "type": "integer" });
        let both = json!({ "allOf": [a, b], "$defs": { "Named": named } });
        let one = json!({ "allOf": [both["allOf"][0]], "$defs": { "Named": named } });
        prop_assert!(within(&both, &one), "{both}");
    }
}

#[test]
fn what_authors_change_is_told_for_what_it_is() {
    let relation = |old: Value, new: Value| {
        let found = differences(Rooted::whole(&old), Rooted::whole(&new));
        found.into_iter().map(|one| (one.path(), one.relation)).collect::<Vec<_>>()
    };
    let closed = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let text = json!({ "type": "string" });
    assert_eq!(
        relation(closed(json!({ "a": text }), json!([])), closed(json!({ "a": text, "b": text }), json!([]))),
        [("b".to_owned(), Relation::More)]
    );
    assert_eq!(
        relation(closed(json!({ "a": text }), json!([])), closed(json!({ "a": text }), json!(["a"]))),
        [("a".to_owned(), Relation::Fewer)]
    );
    assert_eq!(
        relation(
            json!({ "type": "array", "items": text }),
            json!({ "type": "array", "items": { "type": "string", "maxLength": 3 } })
        ),
        [("[]".to_owned(), Relation::Fewer)]
    );
    assert_eq!(relation(json!({ "type": "integer" }), json!({ "type": "number" })), [(String::new(), Relation::More)]);
}

#[test]
fn the_same_said_otherwise_is_no_difference() {
    let same = [
        (json!({ "type": "integer", "exclusiveMinimum": 0 }), json!({ "type": "integer", "minimum": 1 })),
        (json!({ "enum": ["a", "b"] }), json!({ "anyOf": [{ "const": "b" }, { "const": "a" }] })),
        (json!({ "type": ["string", "null"] }), json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] })),
        (json!({ "type": "boolean" }), json!({ "enum": [true, false] })),
        (json!({ "type": "string", "title": "A" }), json!({ "allOf": [{ "type": "string" }], "description": "B" })),
        (
            json!({ "$ref": "#/$defs/A", "$defs": { "A": { "type": "string" } } }),
            json!({ "$ref": "#/$defs/B", "$defs": { "B": { "type": "string" } } }),
        ),
        (json!({ "type": "object", "properties": { "a": {} } }), json!({ "type": "object" })),
        (json!({ "type": "array", "maxItems": 1 }), json!({ "type": "array", "maxItems": 1, "uniqueItems": true })),
    ];
    for (old, new) in same {
        assert_eq!(told(&old, &new), Vec::<String>::new(), "{old} {new}");
    }
}

#[test]
fn what_cannot_be_told_in_words_is_told_as_written_differently() {
    let (old, new) = (
        json!({ "not": { "type": "string", "pattern": "a" } }),
        json!({ "not": { "type": "string", "pattern": "b" } }),
    );
    let found = differences(Rooted::whole(&old), Rooted::whole(&new));
    assert!(matches!(found.as_slice(), [one] if one.what == What::Rewritten), "{found:?}");
}
