use proptest::prelude::*;
use serde_json::json;

use super::super::{Types, expand};
use super::*;

fn types() -> Types {
    let types = json!({
        "Id": { "type": "string", "maxLength": 4 },
        "Ref": { "fields": { "id": "Id" } },
        "Pen": { "fields": { "tool": { "const": "pen" }, "width": { "type": "number", "maximum": 9 } } },
        "Text": { "fields": { "tool": { "const": "text" }, "text": "Id" } },
        "Tree": { "fields": { "name": "Id" }, "optional": { "children": ["Tree"] } },
    });
    types.as_object().expect("types").clone().into_iter().collect()
}

fn validator(written: &Value) -> Validator {
    let mut errors = Vec::new();
    let schema = expand(written, &types(), &mut errors);
    assert_eq!(errors, []);
    Validator::new(schema).expect("a schema")
}

#[track_caller]
fn tells(validator: &Validator, value: &Value, expected: &[(&str, &str)]) {
    let issues = validator.check(value).err().unwrap_or_default();
    let told: Vec<_> = issues.iter().map(|issue| (issue.path.as_str(), issue.message.as_str())).collect();
    assert_eq!(told, expected, "{value}");
}

#[test]
fn what_is_wrong_is_told_by_its_place() {
    let validator = validator(&json!({ "fields": { "ref": "Ref" }, "optional": { "tags": ["Id"] } }));
    tells(&validator, &json!({ "ref": { "id": "a" } }), &[]);
    tells(
        &validator,
        &json!({ "ref": { "id": "secret" }, "tags": [1] }),
        &[("/ref/id", "must have at most 4 characters"), ("/tags/0", "must be a text")],
    );
    tells(&validator, &json!({}), &[("/ref", "is missing")]);
    tells(&validator, &json!("x"), &[("", "must be an object")]);
    tells(
        &validator,
        &json!({ "ref": { "idd": "a", "id": "b" }, "tag": 1 }),
        &[("/ref/idd", "is not known here; did you mean `id`?"), ("/tag", "is not known here; did you mean `tags`?")],
    );
}

#[test]
fn each_keyword_says_what_it_asks_for() {
    for (schema, value, message) in [
        (json!({ "type": ["integer", null] }), json!("a"), "must be a whole number or null"),
        (json!({ "enum": ["A", "B", 3] }), json!("C"), "must be one of A, B, 3"),
        (json!({ "const": 1 }), json!(2), "must be 1"),
        (json!({ "type": "string", "minLength": 1 }), json!(""), "must have at least one character"),
        (json!({ "type": "array", "maxItems": 2 }), json!([1, 2, 3]), "must have at most 2 items"),
        (json!({ "type": "array", "uniqueItems": true }), json!([1, 1]), "must not have the same item twice"),
        (json!({ "type": "array", "prefixItems": ["any"], "items": false }), json!([1, 1]), "must not be there"),
        (
            json!({ "type": "array", "contains": "Id" }),
            json!([1]),
            "lacks an item that it must have, or has too many of them",
        ),
        (json!({ "type": "object", "minProperties": 1 }), json!({}), "must have at least one property"),
        (json!({ "type": "number", "exclusiveMinimum": 0 }), json!(0), "must be more than 0"),
        (json!({ "type": "number", "multipleOf": 5 }), json!(3), "must be a multiple of 5"),
        (json!({ "type": "string", "pattern": "^a+$" }), json!("b"), "must match ^a+$"),
        (json!({ "type": "string", "format": "date" }), json!("2025-13-01"), "must be a date, such as 2025-09-01"),
        (json!({ "type": "string", "format": "uuid" }), json!("1"), "must be a UUID"),
        (json!({ "type": "string", "format": "email" }), json!("a"), "must be an email address"),
        (json!({ "type": "string", "format": "ipv4" }), json!("a"), "must be of the format ipv4"),
        (json!({ "not": { "const": 1 } }), json!(1), "is one of the values that are not allowed"),
        (json!({ "oneOf": ["any", "Id"] }), json!("a"), "fits several alternatives, and must fit one"),
    ] {
        let issues = validator(&schema).check(&value).expect_err("an issue");
        assert_eq!(issues[0].message, message, "{schema}");
    }
}

#[test]
fn formats_count() {
    for (format, fits, not) in [
        ("date-time", "2025-09-01T08:30:00Z", "2025-09-01"),
        ("time", "08:30:00Z", "25:00"),
        ("uri", "https://example.org/a", "example"),
        ("uuid", "9b2f7a52-2f43-4c7e-8f0b-5a7c0d1e2f30", "9b2f7a52"),
    ] {
        let validator = validator(&json!({ "type": "string", "format": format }));
        assert!(validator.check(&json!(fits)).is_ok() && validator.check(&json!(not)).is_err(), "{format}");
    }
}

#[test]
fn the_alternative_that_was_meant_is_the_one_that_is_told() {
    let either = validator(&json!({ "oneOf": ["Pen", "Text", null] }));
    tells(&either, &json!({ "tool": "pen", "width": 10 }), &[("/width", "must be at most 9")]);
    tells(&either, &json!({ "tool": "text" }), &[("/text", "is missing")]);
    tells(&either, &json!({ "tool": "brush" }), &[("", "fits none of the alternatives")]);
    tells(&either, &json!(3), &[("", "fits none of the alternatives")]);
}

#[test]
fn nothing_of_the_payload_is_repeated() {
    let secret = "Åsa's 1st secret";
    let closed = validator(&json!({ "fields": {}, "optional": { "a": ["Ref"], "the place": "Id" } }));
    tells(&closed, &json!({ secret: 1 }), &[("", "has a property that is not known here")]);
    tells(
        &closed,
        &json!({ secret: 1, "": 2, "a": [{ "id": "b", secret: 3 }] }),
        &[("/a/0", "has a property that is not known here"), ("", "has 2 properties that are not known here")],
    );
    tells(&closed, &json!({ "the place": 1 }), &[("/the place", "must be a text")]);
    tells(&closed, &json!({ "x".repeat(65): 1 }), &[("", "has a property that is not known here")]);
    let open = validator(&json!({ "type": "object", "additionalProperties": "Ref" }));
    tells(&open, &json!({ secret: { "id": 1 } }), &[("", "has a property that is wrong: it must be a text")]);
    tells(&open, &json!({ "a": { "id": 1 } }), &[("/a/id", "must be a text")]);
    tells(&validator(&json!({ "fields": {} })), &json!({ "a": 1 }), &[("/a", "is not known here")]);
}

#[test]
fn ten_issues_are_told_and_no_more() {
    let validator = validator(&json!(["Id"]));
    assert_eq!(validator.check(&json!(vec![0; 1000])).expect_err("issues").len(), 10);
}

#[test]
fn an_attachment_is_a_placeholder_and_nothing_else() {
    let validator = validator(&json!("binary"));
    assert!(validator.check(&json!({ "_placeholder": true, "num": 0 })).is_ok());
    for value in [
        json!({ "_placeholder": false, "num": 0 }),
        json!({ "_placeholder": true, "num": -1 }),
        json!({ "_placeholder": true }),
        json!({ "_placeholder": true, "num": 0, "more": 1 }),
        json!("bytes"),
    ] {
        assert!(validator.check(&value).is_err(), "{value}");
    }
}

#[test]
fn what_is_not_known_can_be_left_out_wherever_it_is() {
    let schema = json!({
        "fields": { "ref": "Ref" },
        "optional": {
            "trees": ["Tree"],
            "either": { "oneOf": ["Ref", "Id"] },
            "open": { "type": "object", "additionalProperties": "Ref" },
            "pair": { "type": "array", "prefixItems": ["any", "Ref"] },
        },
    });
    let mut value = json!({
        "ref": { "id": "a", "x": 1 }, "x": 1,
        "trees": [{ "name": "a", "x": 1, "children": [{ "name": "b", "x": 1 }] }],
        "either": { "id": "a", "x": 1 },
        "open": { "any": { "id": "a", "x": 1 } },
        "pair": [{ "x": 1 }, { "id": "a", "x": 1 }],
    });
    validator(&schema).prune(&mut value);
    assert_eq!(
        value,
        json!({
            "ref": { "id": "a" },
            "trees": [{ "name": "a", "children": [{ "name": "b" }] }],
            "either": { "id": "a", "x": 1 },
            "open": { "any": { "id": "a" } },
            "pair": [{ "x": 1 }, { "id": "a" }],
        })
    );
}

#[test]
fn nothing_is_fetched_and_no_format_is_ignored() {
    for schema in [
        json!({ "$ref": "http://127.0.0.1:9/schema" }),
        json!({ "$ref": "file:///schema.json" }),
        json!({ "type": "string", "format": "dattime" }),
        json!({ "type": "text" }),
    ] {
        assert!(Validator::new(schema.clone()).is_err(), "{schema}");
    }
}

/// A schema with something of every kind in it.
fn everything() -> Value {
    json!({
        "fields": { "id": "Id", "tool": { "oneOf": ["Pen", "Text", null] } },
        "optional": {
            "tree": "Tree",
            "kind": { "enum": ["A", "B"] },
            "open": { "type": "object", "additionalProperties": "Ref", "propertyNames": { "maxLength": 3 } },
            "at": { "type": "string", "format": "date-time" },
            "code": { "type": "string", "pattern": "^[a-z]+$" },
            "list": { "type": "array", "items": { "type": "integer", "minimum": 3 }, "uniqueItems": true },
            "rest": { "allOf": ["Ref", { "not": { "required": ["x"] } }] },
        },
    })
}

/// Values that look a little as asked for, in which every text has a `%` that no schema has.
fn payload() -> impl Strategy<Value = Value> {
    let name =
        prop_oneof!["(id|tool|tree|kind|open|at|code|list|rest|name|children|width|text)", "[a-z ]{0,4}%[a-z/~]{0,4}",];
    let leaf = prop_oneof![Just(Value::Null), "[a-z]{0,6}%[0-9]{0,3}".prop_map(Value::from), Just(json!(987_654_321))];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_number_or_name_of_the_payload_gets_out(value in payload()) {
        for issue in validator(&everything()).check(&value).err().unwrap_or_default() {
            let told = format!("{} {}", issue.path, issue.message);
            prop_assert!(!told.contains('%') && !told.contains("987654321"), "{}", told);
        }
    }

    #[test]
    fn leaving_out_what_is_not_known_makes_nothing_worse(value in payload()) {
        let validator = validator(&everything());
        let mut pruned = value.clone();
        validator.prune(&mut pruned);
        prop_assert!(validator.check(&value).is_err() || pruned == value);
        let mut again = pruned.clone();
        validator.prune(&mut again);
        prop_assert_eq!(again, pruned);
    }
}
