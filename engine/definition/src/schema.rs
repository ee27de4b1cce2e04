//! The JSON Schema of a definition file, for completion and checking in editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::model::File;
use crate::read::Record;

/// JSON Schema 2020-12 of a definition file, from the same records that read it.
pub fn definition_schema() -> Value {
    schema_of_file::<File>("A Homeroom definition file")
}

/// JSON Schema 2020-12 of any file that is read as the record `R`, under this title.
pub fn schema_of_file<R: Record>(title: &str) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<R>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_described_and_closed() {
        let schema = definition_schema();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["additionalProperties"], false);
        let description = schema["properties"]["namespace"]["description"].as_str();
        assert!(description.is_some_and(|words| words.starts_with("The Socket.IO namespace")));
        assert_eq!(schema["$defs"]["Query"]["required"], serde_json::json!(["sql"]));
        assert_eq!(schema["$defs"]["Query"]["additionalProperties"], false);
    }

    #[test]
    fn every_verb_is_a_form_of_a_step() {
        let schema = definition_schema();
        let forms = schema["$defs"]["Step"]["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        let titles: Vec<_> = forms.iter().filter_map(|form| form["title"].as_str()).collect();
        assert_eq!(titles.len(), crate::steps::VERBS.len() + 1);
        assert!(titles.contains(&"emit") && titles.contains(&"do"));
    }
}
