//! What comes with a request: JSON, read with all that is wrong with it, each at its place.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use homeroom_definition::did_you_mean;
use homeroom_definition::values::duration_of;
use homeroom_plan::schema::Issue;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// How long the name of a user or a token may be, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// The bytes of a body, whatever they are.
pub(crate) fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body is too large.")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "INVALID_PAYLOAD", "The body could not be read."),
    })
}

/// What a body says, if there is one.
pub(crate) fn json(headers: &HeaderMap, body: &Bytes) -> Result<Option<Value>, Problem> {
    if body.is_empty() {
        return Ok(None);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "The body must be JSON: `Content-Type: application/json`.",
        ));
    }
    serde_json::from_slice(body).map(Some).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_PAYLOAD", format!("The body is not JSON: {place}."))
    })
}

/// The names in a path, decoded.
pub(crate) fn path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    let told = |_| Problem::new(StatusCode::BAD_REQUEST, "INVALID_PATH", "The path cannot be read as UTF-8.");
    path.map(|Path(names)| names).map_err(told)
}

/// The name in a path, of a user or a token.
pub(crate) fn name(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let name = self::path(path)?;
    if name.len() > NAME_BYTES_MAX {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "INVALID_PATH", "The name in the path is too long."));
    }
    Ok(name)
}

/// An object, read property by property; what is wrong is gathered.
pub(crate) struct Fields {
    at: String,
    fields: Map<String, Value>,
    known: Vec<&'static str>,
    issues: Vec<Issue>,
}

impl Fields {
    /// Of a whole body; none counts as an empty object.
    pub(crate) fn of(body: Option<Value>) -> Self {
        Self::at(String::new(), body.unwrap_or_else(|| Value::Object(Map::new())))
    }

    /// Of a part of it.
    pub(crate) fn at(at: String, value: Value) -> Self {
        let mut issues = Vec::new();
        let fields = match value {
            Value::Object(fields) => fields,
            _ => {
                issues.push(Issue { path: at.clone(), message: "must be an object".into() });
                Map::new()
            }
        };
        Self { at, fields, known: Vec::new(), issues }
    }

    fn tell(&mut self, name: &str, message: impl Into<String>) {
        self.issues.push(Issue { path: format!("{}/{name}", self.at), message: message.into() });
    }

    /// A value, taken as it is.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.fields.remove(name)
    }

    /// A text, if it is there.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.tell(name, "must be a text");
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(&mut self, name: &'static str) -> String {
        let is_there = self.fields.contains_key(name);
        let text = self.text(name);
        if !is_there {
            self.tell(name, "is missing");
        }
        text.unwrap_or_default()
    }

    /// Yes or no; no if it is not there.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        match self.value(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.tell(name, "must be true or false");
                false
            }
        }
    }

    /// A length of time, if it is there.
    pub(crate) fn duration(&mut self, name: &'static str) -> Option<Duration> {
        let text = self.text(name)?;
        let duration = duration_of(&text);
        if duration.is_none() {
            self.tell(name, "must be a length of time, such as `1h` or `7d`");
        }
        duration
    }

    /// A list that must be there, of one to so many.
    pub(crate) fn list(&mut self, name: &'static str, max: usize) -> Vec<Value> {
        match self.value(name) {
            Some(Value::Array(items)) if (1..=max).contains(&items.len()) => return items,
            Some(Value::Array(_)) => self.tell(name, format!("must have 1 to {max} items")),
            Some(_) => self.tell(name, "must be a list"),
            None => self.tell(name, "is missing"),
        }
        Vec::new()
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &'static str, max: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, item) in self.list(name, max).into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => self
                    .issues
                    .push(Issue { path: format!("{}/{name}/{at}", self.at), message: "must be a text".into() }),
            }
        }
        texts
    }

    /// What is wrong, what nobody knows included.
    pub(crate) fn issues(mut self) -> Vec<Issue> {
        for name in self.fields.keys() {
            let hint = did_you_mean(name, self.known.iter().copied());
            let message = hint.unwrap_or_else(|| format!("is none of {}", self.known.join(", ")));
            self.issues.push(Issue { path: format!("{}/{}", self.at, pointed(name)), message });
        }
        self.issues
    }

    /// Nothing is wrong, or everything that is.
    pub(crate) fn done(self) -> Result<(), Problem> {
        let issues = self.issues();
        if issues.is_empty() { Ok(()) } else { Err(Problem::invalid(&issues)) }
    }
}

/// A name as a step of a JSON pointer.
fn pointed(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A namespace's path, whether or not it was given with its slash.
pub(crate) fn namespace(text: &str) -> String {
    format!("/{}", text.trim_start_matches('/'))
}
