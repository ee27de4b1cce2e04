//! The schema of one property, apart from that of its object.

use serde_json::{Map, Value};

/// What an object's schema says of one of its properties, with the types that are named in it. `None` if it says nothing of
/// it by that name.
pub(crate) fn property(schema: &Value, name: &str) -> Option<Value> {
    let types = schema.get("$defs").and_then(Value::as_object);
    let object = meant(schema, types)?;
    let property = meant(object.get("properties")?.get(name)?, types)?;
    let mut alone = property.clone();
    if let (Some(types), true, Value::Object(map)) = (types, names_types(property), &mut alone) {
        map.insert("$defs".into(), Value::Object(types.clone()));
    }
    Some(alone)
}

/// The type itself, where a schema does no more than name it. `None` if the name leads nowhere.
pub(super) fn meant<'s>(schema: &'s Value, types: Option<&'s Map<String, Value>>) -> Option<&'s Value> {
    let mut schema = schema;
    for _ in 0..=types.map_or(0, Map::len) {
        let Some(name) = only_name(schema) else { return Some(schema) };
        schema = types?.get(name.strip_prefix("#/$defs/")?)?;
    }
    None
}

fn only_name(schema: &Value) -> Option<&str> {
    let map = schema.as_object()?;
    let is_all = map.keys().all(|word| matches!(word.as_str(), "$ref" | "$defs"));
    map.get("$ref").filter(|_| is_all)?.as_str()
}

fn names_types(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("$ref") || map.values().any(names_types),
        Value::Array(items) => items.iter().any(names_types),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_stands_alone() {
        let id = json!({ "type": "string", "maxLength": 4 });
        let list = json!({ "type": "array", "items": { "$ref": "#/$defs/Id" } });
        let types = json!({ "Id": id, "Key": { "$ref": "#/$defs/Id" }, "Whole": { "properties": {
            "id": { "$ref": "#/$defs/Key" }, "ids": list, "plain": { "type": "boolean" },
        } } });
        let whole = json!({ "$ref": "#/$defs/Whole", "$defs": types });
        assert_eq!(property(&whole, "id"), Some(id));
        assert_eq!(property(&whole, "plain"), Some(json!({ "type": "boolean" })));
        let with_types = json!({ "type": "array", "items": { "$ref": "#/$defs/Id" }, "$defs": types });
        assert_eq!(property(&whole, "ids"), Some(with_types));
        assert_eq!(property(&whole, "other"), None);
        assert_eq!(property(&json!({ "$ref": "#/$defs/A", "$defs": { "A": { "$ref": "#/$defs/A" } } }), "a"), None);
    }
}
