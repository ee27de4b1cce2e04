//! What is received and sent.

use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(crate) struct Auth {
    pub(crate) token: String,
}

/// Who a connection is, from its token.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct User {
    #[serde(rename = "sub")]
    pub(crate) id: String,
    pub(crate) role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Join {
    pub(crate) class_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Joined<'a> {
    pub(crate) class_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) role: &'a str,
    pub(crate) timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Typing {
    pub(crate) class_id: String,
    pub(crate) student_id: String,
    pub(crate) assignment_id: String,
    pub(crate) is_typing: bool,
    pub(crate) seq: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Indicator<'a> {
    pub(crate) class_id: &'a str,
    pub(crate) student_id: &'a str,
    pub(crate) assignment_id: &'a str,
    pub(crate) is_typing: bool,
    pub(crate) user_id: &'a str,
    pub(crate) seq: u64,
    pub(crate) timestamp: String,
}

/// What is remembered of who types.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Typist<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) assignment_id: &'a str,
    pub(crate) since: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Announce {
    pub(crate) class_id: String,
    pub(crate) seq: u64,
    pub(crate) text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Announced<'a> {
    pub(crate) class_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) seq: u64,
    pub(crate) text: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer<T> {
    Success { success: bool, data: T },
    Failure { success: bool, code: &'static str },
}

impl<T> Answer<T> {
    pub(crate) fn of(result: Result<T, &'static str>) -> Self {
        match result {
            Ok(data) => Self::Success { success: true, data },
            Err(code) => Self::Failure { success: false, code },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entered {
    pub(crate) class_id: String,
}

#[derive(Serialize)]
pub(crate) struct Taken {
    pub(crate) seq: u64,
}

/// The schemas of what clients send.
pub(crate) struct Schemas {
    pub(crate) join: Validator,
    pub(crate) typing: Validator,
    pub(crate) announce: Validator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let class_id = json!({ "type": "string", "maxLength": 64, "pattern": "^class-[0-9]+$" });
        let id = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
        let seq = json!({ "type": "integer", "minimum": 0 });
        Self {
            join: closed(&json!({ "classId": class_id })),
            typing: closed(&json!({
                "classId": class_id, "studentId": id, "assignmentId": id, "isTyping": { "type": "boolean" }, "seq": seq
            })),
            announce: closed(&json!({
                "classId": class_id, "seq": seq, "text": { "type": "string", "minLength": 1, "maxLength": 2000 }
            })),
        }
    }
}

/// A closed object, all of whose properties are required.
fn closed(properties: &Value) -> Validator {
    let required: Vec<&String> = properties.as_object().expect("an object").keys().collect();
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": required, "properties": properties
    });
    jsonschema::validator_for(&schema).expect("a schema")
}
