//! The environment, laid over the settings file. What is wrong with a variable is told as if it were a file.

use std::collections::BTreeMap;

use homeroom_definition::read::{Field, Record};
use homeroom_definition::{Kind, Node, SourceId, Sources, Span, Text};

use super::file::*;

/// Variables that are known by another name than `HOMEROOM_SECTION_KEY`; of several for one key the first that is set.
const NAMES: &[(&str, &str, &str)] = &[
    ("PORT", "listen", "port"),
    ("JWT_SECRET", "auth", "secret"),
    ("SOCKET_IO_CORS_ORIGIN", "cors", "origins"),
    ("FRONTEND_URL", "cors", "origins"),
    ("SOCKET_IO_MAX_CONNECTIONS_PER_USER", "limits", "connections_per_user_max"),
    ("DATABASE_URL", "database", "url"),
    ("HOMEROOM_API_KEYS", "api", "keys"),
    ("REDIS_URL", "redis", "url"),
    ("USE_REDIS_STATE", "redis", "use_state"),
];

/// Keys that hold lists, separated by commas in a variable.
const LISTS: &[&str] = &["origins", "keys", "transports"];

/// Variables of the environment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::of(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// These.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().filter(|(_, value)| !value.is_empty()).collect() }
    }

    /// The settings with what the variables say in place of what the file says.
    pub(super) fn over(&self, node: Option<Node>, sources: &mut Sources) -> Node {
        let mut node = node.filter(|node| node.as_map().is_some()).unwrap_or_else(|| {
            let nowhere = sources.add("settings", "");
            Node::new(Kind::Map(Vec::new()), Span::new(nowhere, 0, 0))
        });
        for (section, fields) in sections() {
            for field in fields {
                let generic = format!("HOMEROOM_{}_{}", section.to_uppercase(), field.key.to_uppercase());
                let known =
                    NAMES.iter().filter(|(_, of, key)| *of == section && *key == field.key).map(|(name, ..)| *name);
                let mut names = known.chain([generic.as_str()]);
                if let Some((name, value)) = names.find_map(|name| self.variables.get_key_value(name)) {
                    let source = sources.add(format!("environment variable {name}"), shown(field.key, value));
                    set(&mut node, section, field.key, value, source);
                }
            }
        }
        node
    }
}

/// Secrets are not kept where they could be shown.
fn shown(key: &str, value: &str) -> String {
    if matches!(key, "secret" | "keys" | "url") { String::new() } else { value.to_owned() }
}

fn sections() -> [(&'static str, Vec<Field>); 9] {
    [
        ("listen", ListenSection::fields()),
        ("auth", AuthSection::fields()),
        ("socket", SocketSection::fields()),
        ("cors", CorsSection::fields()),
        ("limits", LimitsSection::fields()),
        ("state", StateSection::fields()),
        ("database", DatabaseSection::fields()),
        ("api", ApiSection::fields()),
        ("redis", RedisSection::fields()),
    ]
}

fn set(root: &mut Node, section: &str, key: &str, value: &str, source: SourceId) {
    let whole = Span::new(source, 0, value.len());
    let scalar = |text: &str| Node::new(kind(text), whole);
    let value = match LISTS.contains(&key) {
        true => Node::new(Kind::Seq(value.split(',').map(|item| scalar(item.trim())).collect()), whole),
        false => scalar(value),
    };
    let empty = || Node::new(Kind::Map(Vec::new()), whole);
    let mut inner =
        entries(root).iter().find(|(name, _)| name.value == section).map_or_else(empty, |(_, node)| node.clone());
    put(entries(&mut inner), key, value);
    put(entries(root), section, inner);
}

/// The entries of a map; what is none becomes an empty one.
fn entries(node: &mut Node) -> &mut Vec<(Text, Node)> {
    if node.as_map().is_none() {
        node.kind = Kind::Map(Vec::new());
    }
    match &mut node.kind {
        Kind::Map(entries) => entries,
        _ => unreachable!("it has just become a map"),
    }
}

fn put(entries: &mut Vec<(Text, Node)>, key: &str, value: Node) {
    match entries.iter_mut().find(|(name, _)| name.value == key) {
        Some((_, old)) => *old = value,
        None => entries.push((Text::new(key, value.span), value)),
    }
}

fn kind(text: &str) -> Kind {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Kind::Int(number),
        _ => Kind::Str(text.to_owned()),
    }
}
