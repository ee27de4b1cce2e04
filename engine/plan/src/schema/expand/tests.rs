use super::*;

fn types() -> Types {
    let types = json!({
        "Id": { "type": "string", "maxLength": 64 },
        "Grade": { "fields": { "id": "Id", "score": "number" }, "optional": { "note": "string" } },
        "Tree": { "fields": { "name": "string" }, "optional": { "children": ["Tree"], "parent": { "oneOf": ["Tree", null] } } },
    });
    types.as_object().expect("types").clone().into_iter().collect()
}

fn expanded(written: &Value) -> Value {
    let mut errors = Vec::new();
    let schema = expand(written, &types(), &mut errors);
    assert_eq!(errors, [], "{written}");
    schema
}

fn told(written: &Value) -> Vec<SchemaError> {
    let mut errors = Vec::new();
    expand(written, &types(), &mut errors);
    errors
}

/// Asserts what is told, and that it is all that is told: pointer, message, and part of the help.
#[track_caller]
fn tells(written: &Value, pointer: &str, message: &str, help: &str) {
    let errors = told(written);
    let [error] = errors.as_slice() else { panic!("{written} tells {errors:#?}") };
    assert_eq!((error.pointer.as_str(), error.message.as_str()), (pointer, message), "{written}");
    let given = error.help.as_deref().unwrap_or_default();
    assert!(given.contains(help) && given.is_empty() == help.is_empty(), "{written} is helped by: {given}");
}

#[test]
fn every_notation_becomes_json_schema() {
    let text = || json!({ "type": "string" });
    assert_eq!(expanded(&json!("string")), text());
    assert_eq!(expanded(&json!("any")), json!({}));
    assert_eq!(expanded(&json!(["string"])), json!({ "type": "array", "items": text() }));
    assert_eq!(
        expanded(&json!({ "fields": { "a": "string" }, "optional": { "b": ["integer"] }, "description": "Two." })),
        json!({
            "type": "object",
            "properties": { "a": text(), "b": { "type": "array", "items": { "type": "integer" } } },
            "required": ["a"],
            "additionalProperties": false,
            "description": "Two.",
        })
    );
    assert_eq!(
        expanded(&json!({ "oneOf": ["string", null, { "type": ["integer", null] }], "description": "One." })),
        json!({ "oneOf": [text(), { "type": "null" }, { "type": ["integer", "null"] }], "description": "One." })
    );
    assert_eq!(expanded(&json!({ "optional": {} }))["additionalProperties"], false);
    let anything = json!({ "type": "object", "properties": { "fields": "string" }, "additionalProperties": "Id" });
    assert_eq!(expanded(&anything)["additionalProperties"]["$ref"], "#/$defs/Id");
}

#[test]
fn named_types_stand_under_defs_with_those_they_name() {
    let schema = expanded(&json!(["Grade"]));
    assert_eq!(schema["items"], json!({ "$ref": "#/$defs/Grade" }));
    assert_eq!(schema["$defs"]["Grade"]["properties"]["id"], json!({ "$ref": "#/$defs/Id" }));
    assert_eq!(schema["$defs"]["Id"]["maxLength"], 64);
    assert_eq!(schema["$defs"].as_object().expect("definitions").len(), 2);
    let tree = expanded(&json!("Tree"));
    assert_eq!(tree["$defs"]["Tree"]["properties"]["children"]["items"], json!({ "$ref": "#/$defs/Tree" }));
}

#[test]
fn names_that_are_not_there_are_told() {
    tells(&json!({ "fields": { "a": "Grad" } }), "/fields/a", "there is no type `Grad`", "did you mean `Grade`?");
    tells(&json!("strnig"), "", "there is no type `strnig`", "did you mean `string`?");
    tells(&json!(["Pupil"]), "/0", "there is no type `Pupil`", "declare it under `types:`");
    tells(&json!({ "anyOf": ["Id", "Pupil"] }), "/anyOf/1", "there is no type `Pupil`", "declare it");
    tells(&json!({ "type": "strnig" }), "/type", "there is no kind of value `strnig`", "did you mean `string`?");
    tells(&json!({ "type": "Grade" }), "/type", "there is no kind of value `Grade`", "name it without `type:`");
    let format = json!({ "type": "string", "format": "dattime" });
    tells(&format, "/format", "there is no format `dattime`", "did you mean `date-time`?");
    let format = json!({ "type": "string", "format": "phone" });
    tells(&format, "/format", "there is no format `phone`", "there are `date-time`, `date`");
}

#[test]
fn keywords_that_are_not_there_are_told() {
    let no = |word: &str| format!("there is no keyword `{word}` in types");
    for (word, value, help) in [
        ("maxLenght", json!(3), "did you mean `maxLength`?"),
        ("field", json!({}), "did you mean `fields`?"),
        ("nullable", json!(true), "oneOf: [Grade, null]"),
        ("optional", json!(true), "stands under `optional:`"),
        ("$ref", json!("#/$defs/Id"), "types stand under `types:`"),
        ("min", json!(3), "`minimum:`"),
        ("flavour", json!("Id"), "has no such keyword"),
    ] {
        tells(&json!({ "type": "string", word: value }), &format!("/{word}"), &no(word), help);
    }
    tells(&json!({ "classId": "Id" }), "/classId", &no("classId"), "say `fields: { classId: ... }`");
}

#[test]
fn values_of_the_wrong_kind_are_told() {
    let text = |word: &str, value: Value| json!({ "type": "string", word: value });
    tells(
        &text("maxLength", json!("3")),
        "/maxLength",
        "`maxLength` needs a whole number that is not negative",
        "without quotes: `maxLength: 3`",
    );
    tells(&text("maxLength", json!(-1)), "/maxLength", "`maxLength` needs a whole number that is not negative", "");
    tells(&text("enum", json!("A")), "/enum", "`enum` needs a list with something in it", "write `enum: [A]`");
    tells(&text("enum", json!([])), "/enum", "`enum` needs a list with something in it", "");
    tells(&text("description", json!(3)), "/description", "`description` needs a text", "in quotes");
    let required = json!({ "type": "object", "required": true });
    tells(&required, "/required", "`required` needs a list of names", "under `fields:` is required");
    tells(&json!({ "type": "number", "multipleOf": 0 }), "/multipleOf", "`multipleOf` needs a number above 0", "");
    tells(&json!({ "type": "array", "items": null }), "/items", "`items` needs a type", "");
    tells(&json!({ "oneOf": "Id" }), "/oneOf", "`oneOf` needs a list of types", "write `oneOf: [Id]`");
    tells(&json!(["Id", "Id"]), "", "a list of types has one type in it", "oneOf: [A, B]");
    tells(&json!(3), "", "a number is no type", "const");
}

#[test]
fn what_cannot_stand_beside_fields_is_told() {
    let beside = |word: &str, value: Value| json!({ "fields": { "a": "Id" }, word: value });
    let no = |word: &str| format!("`{word}` does not go with `fields:`");
    for (word, value, help) in [
        ("properties", json!({}), "put them under `fields:`"),
        ("type", json!("object"), "leave it out"),
        ("required", json!(["a"]), "leave it out"),
        ("additionalProperties", json!(true), "for an open object"),
        ("descripton", json!("x"), "did you mean `description`?"),
        ("classId", json!("Id"), "`fields: { classId: ... }`"),
    ] {
        tells(&beside(word, value), &format!("/{word}"), &no(word), help);
    }
    tells(
        &beside("maxProperties", json!("3")),
        "/maxProperties",
        "`maxProperties` needs a whole number that is not negative",
        "without quotes",
    );
    expanded(&json!({ "fields": { "a": "Id" }, "optional": { "b": "Id", "c": "Id" },
        "anyOf": [{ "required": ["b"] }, { "required": ["c"] }], "minProperties": 2, "description": "Some." }));
}

#[test]
fn properties_that_cannot_be_are_told() {
    let twice = json!({ "fields": { "a": "Id" }, "optional": { "a": "Id" } });
    tells(&twice, "/optional/a", "`a` is in `fields:` already", "keep it in one of them");
    tells(&json!({ "fields": ["a"] }), "/fields", "names with their types are needed", "such as");
    tells(&json!({ "fields": { "a": null } }), "/fields/a", "`a` has no type", "`any`");
    tells(&json!({ "fields": { "a": true } }), "/fields/a", "`true` is no type", "`boolean`");
    tells(&json!({ "fields": { "a?": "Id" } }), "/fields/a?", "`a?` ends with a question mark", "as `a`");
    tells(&json!({ "fields": { "a/b": "Idd" } }), "/fields/a~1b", "there is no type `Idd`", "did you mean `Id`?");
}

#[test]
fn what_nothing_fits_and_what_says_nothing_is_told() {
    let number = |low: &str, high: &str, most: i32| json!({ "type": "number", low: 3, high: most });
    tells(
        &json!({ "type": "array", "minItems": 3, "maxItems": 2 }),
        "/minItems",
        "`minItems` is above `maxItems`: nothing fits",
        "",
    );
    tells(
        &number("exclusiveMinimum", "maximum", 3),
        "/exclusiveMinimum",
        "`exclusiveMinimum` is above `maximum`: nothing fits",
        "",
    );
    expanded(&number("minimum", "maximum", 3));
    tells(
        &json!({ "type": "string", "maxItems": 3 }),
        "/maxItems",
        "`maxItems` says nothing about values of type `string`",
        "there are `minLength`, `maxLength`",
    );
    expanded(&json!({ "type": ["string", "array"], "maxItems": 3, "maxLength": 3 }));
    let required = json!({ "type": "object", "properties": { "name": "string" }, "required": ["nmae"] });
    tells(&required, "/required/0", "`nmae` is required and not among `properties:`", "did you mean `name`?");
    expanded(&json!({ "type": "object", "properties": { "a": "Id" },
        "if": { "properties": { "a": { "const": "x" } }, "required": ["a", "b"] } }));
}

#[test]
fn patterns_that_could_run_for_ever_are_told() {
    for pattern in ["(", "(?=a)", r"(a)\1", r"(\w{1,1000}){1,1000}", "[a-z]{9999}"] {
        let written = json!({ "type": "string", "pattern": pattern });
        tells(&written, "/pattern", "this is no regular expression that can be used", "linear time");
    }
    let names = json!({ "type": "object", "patternProperties": { "(": "Id" } });
    tells(&names, "/patternProperties/(", "this is no regular expression that can be used", "linear time");
}

#[test]
fn what_is_described_by_itself_alone_is_told() {
    let types = json!({
        "A": "B", "B": "A", "C": { "allOf": ["C", "string"] }, "D": { "fields": { "d": ["D"] } },
        "E": { "not": { "anyOf": ["F"] } }, "F": { "if": "string", "then": "E" },
    });
    let types: Types = types.as_object().expect("types").clone().into_iter().collect();
    for (name, is_wrong) in [("A", true), ("B", true), ("C", true), ("D", false), ("E", true), ("F", true)] {
        let mut errors = Vec::new();
        expand(&types[name], &types, &mut errors);
        assert_eq!(!errors.is_empty(), is_wrong, "{name}: {errors:?}");
    }
    let mut errors = Vec::new();
    expand(&json!({ "fields": { "a": "A" } }), &types, &mut errors);
    assert_eq!(errors, [], "told where it is declared");
}

#[test]
fn mistakes_in_named_types_are_told_where_they_are_declared() {
    let types: Types = [("Bad".to_owned(), json!({ "type": "strnig" }))].into();
    let mut errors = Vec::new();
    expand(&json!({ "fields": { "a": "Bad" } }), &types, &mut errors);
    assert_eq!(errors, []);
}

#[test]
fn every_format_and_kind_there_is_can_be_compiled() {
    for format in FORMATS {
        let schema = expanded(&json!({ "type": "string", "format": format }));
        assert!(super::super::Validator::new(schema).is_ok(), "{format}");
    }
    for name in BUILT_IN {
        assert!(super::super::Validator::new(expanded(&json!(name))).is_ok(), "{name}");
    }
}
