//! Who asks: from a file, from the users of the scenarios, or from the command line.

use std::path::Path;

use homeroom_definition::render::{self, Look};
use homeroom_definition::{Diagnostics, Node, Sources, did_you_mean, yaml};
use serde_json::Value;

use crate::scenario::TestFile;
use crate::settings::Settings;

/// A user, as definitions see them.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) user: Value,
    /// In an open namespace, nobody in particular.
    is_visitor: bool,
}

impl Person {
    fn of(user: Value) -> Self {
        Self { user, is_visitor: false }
    }

    /// Whoever connects to an open namespace; the engine takes the connection for the user.
    pub(super) fn visitor() -> Self {
        Self { user: serde_json::json!({ "id": "socket-0" }), is_visitor: true }
    }

    /// The user's role.
    pub(super) fn role(&self) -> Option<&str> {
        self.user.get("role").and_then(Value::as_str)
    }

    /// The user as one would speak of them: `Alice`, or the id.
    pub(super) fn short(&self) -> String {
        if self.is_visitor {
            return "A visitor".to_owned();
        }
        self.text("name").or_else(|| self.text("id")).unwrap_or_else(|| "the connection".to_owned())
    }

    /// The same, with id and role.
    pub(super) fn full(&self) -> String {
        let known = [self.text("name").and_then(|_| self.text("id")), self.text("role")];
        let known: Vec<String> = known.into_iter().flatten().collect();
        if known.is_empty() { self.short() } else { format!("{} ({})", self.short(), known.join(", ")) }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.user.get(name).and_then(Value::as_str).map(str::to_owned)
    }
}

/// The user that is named, or written out.
///
/// # Errors
/// What is wrong, for the one who asks.
pub(super) fn person(name: &str, tests: &[TestFile], namespace: &str, settings: &Settings) -> Result<Person, String> {
    let file = Path::new(name);
    if file.is_file() {
        let text = std::fs::read_to_string(file).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
        return written(name, &text, settings);
    }
    let own_first = tests.iter().filter(|file| file.namespace.value == namespace).chain(tests);
    let plain = name.split_once('#').map_or(name, |(plain, _)| plain);
    if let Some(node) = own_first.flat_map(|file| file.users.get(plain)).next() {
        return Ok(Person::of(node.to_json()));
    }
    let known = tests.iter().flat_map(|file| file.users.names()).map(|name| name.value.as_str());
    let hint = did_you_mean(plain, known).unwrap_or_else(|| {
        "name a file that has a user in it, or a user of the tests; or write one: `--user 'id: t-1, role: TEACHER'`"
            .into()
    });
    Err(format!("there is no user `{plain}`: {hint}"))
}

/// A user that is written out: `id: t-1, role: TEACHER`, or a whole file.
///
/// # Errors
/// If it is no map, or cannot be a user as the settings have them.
pub(super) fn written(path: &str, text: &str, settings: &Settings) -> Result<Person, String> {
    let inline = !text.contains('\n') && !text.trim_start().starts_with('{');
    let text = if inline { format!("{{ {text} }}") } else { text.to_owned() };
    let user = value(path, &text)?;
    let user = match user.get("user") {
        Some(inner @ Value::Object(_)) => inner.clone(),
        _ => user,
    };
    settings.claims.check(&user).map_err(|issues| {
        let told = issues.iter().map(|issue| format!("\n  {} {}", issue.path.trim_start_matches('/'), issue.message));
        format!("this cannot be a user, as `identity:` has them{}", told.collect::<String>())
    })?;
    Ok(Person::of(user))
}

/// A value in YAML, or in JSON, which is YAML.
///
/// # Errors
/// What is wrong with it, at its place.
pub(super) fn value(path: &str, text: &str) -> Result<Value, String> {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let source = sources.add(path, text);
    let node: Option<Node> = yaml::read(&sources, source, &mut diagnostics);
    match node.filter(|_| !diagnostics.has_errors()) {
        Some(node) => Ok(node.to_json()),
        None => Err(format!("`{path}` cannot be read\n{}", render::text(&diagnostics.sorted(), &sources, Look::Plain))),
    }
}

/// What stands in `--data`: a value, or `@` and the path of a file that has one.
///
/// # Errors
/// If it cannot be read.
pub(super) fn data(written: &str) -> Result<Value, String> {
    match written.strip_prefix('@') {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
            value(path, &text)
        }
        None => value("--data", written),
    }
}
