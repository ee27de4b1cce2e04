//! The environment, laid over the settings file. What is wrong with a variable is told as if it were a file.

use std::collections::BTreeMap;
use std::fmt;

use homeroom_definition::read::{Field, Record};
use homeroom_definition::{Diagnostic, Diagnostics, Kind, Node, SourceId, Sources, Span, Text, suggest};

use super::file::*;
use super::secrets::is_secret;
use crate::codes;

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
const LISTS: &[&str] = &["origins", "keys", "transports", "algorithm"];

/// How the names of variables begin that are no one else's.
const PREFIX: &str = "HOMEROOM_";

/// Variables with this beginning that are no settings.
const OTHERS: &[&str] = &["HOMEROOM_LOG", "HOMEROOM_LOG_FORMAT"];

/// Variables of the environment. Its `Debug` has their names alone.
#[derive(Clone, Default)]
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

    /// The first of the keys of services.
    pub(crate) fn first_api_key(&self) -> Option<String> {
        let keys = self.variables.get("HOMEROOM_API_KEYS")?;
        keys.split(',').map(str::trim).find(|key| !key.is_empty()).map(str::to_owned)
    }

    /// These, with another value for one of them.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut environment = self.clone();
        environment.variables.insert(name.to_owned(), value.to_owned());
        environment
    }

    /// The settings with what the variables say in place of what the file says. A file, or a section, that is of the wrong
    /// kind stays as it is, to be told.
    pub(super) fn over(&self, node: Option<Node>, sources: &mut Sources) -> Node {
        let mut node = node.filter(|node| !node.is_null()).unwrap_or_else(|| {
            let nowhere = sources.add("settings", "");
            empty(Span::new(nowhere, 0, 0))
        });
        for (section, fields) in sections() {
            for field in fields {
                if let Some((name, value)) = self.said(section, field.key) {
                    let is_shown = !is_secret(section, field.key);
                    let source = sources.add(shown_as(name), if is_shown { value } else { "" });
                    set(&mut node, section, field.key, value, source);
                }
            }
        }
        node
    }

    /// The variable that says what a setting is, and what it says.
    fn said(&self, section: &str, key: &str) -> Option<(&String, &String)> {
        let known = NAMES.iter().filter(|(_, of, named)| *of == section && *named == key).map(|(name, ..)| *name);
        let generic = generic(section, key);
        known.chain([generic.as_str()]).find_map(|name| self.variables.get_key_value(name))
    }

    /// Tells of variables that are almost the name of a setting. Others of that beginning are not ours to judge: a cluster
    /// that has a service of this name sets some.
    pub(super) fn tell_slips(&self, sources: &mut Sources, diagnostics: &mut Diagnostics) {
        let ours: Vec<String> = sections()
            .iter()
            .flat_map(|(section, fields)| fields.iter().map(|field| generic(section, field.key)))
            .collect();
        let known = || {
            ours.iter().map(String::as_str).chain(NAMES.iter().map(|(name, ..)| *name)).chain(OTHERS.iter().copied())
        };
        for name in self.variables.keys().filter(|name| name.starts_with(PREFIX) && known().all(|known| known != *name))
        {
            let known = known().filter_map(|known| known.strip_prefix(PREFIX));
            if let Some(meant) = suggest(&name[PREFIX.len()..], known) {
                let nowhere = Span::new(sources.add(shown_as(name), ""), 0, 0);
                diagnostics.push(
                    Diagnostic::warning(codes::DOUBTFUL_SETTING, nowhere, format!("`{name}` sets nothing"))
                        .help(format!("did you mean `{PREFIX}{meant}`?")),
                );
            }
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

fn generic(section: &str, key: &str) -> String {
    format!("{PREFIX}{}_{}", section.to_uppercase(), key.to_uppercase())
}

fn shown_as(name: &str) -> String {
    format!("environment variable {name}")
}

fn sections() -> [(&'static str, Vec<Field>); 12] {
    [
        ("listen", ListenSection::fields()),
        ("auth", AuthSection::fields()),
        ("socket", SocketSection::fields()),
        ("cors", CorsSection::fields()),
        ("limits", LimitsSection::fields()),
        ("state", StateSection::fields()),
        ("database", DatabaseSection::fields()),
        ("outbox", OutboxSection::fields()),
        ("webhooks", WebhooksSection::fields()),
        ("api", ApiSection::fields()),
        ("reload", ReloadSection::fields()),
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
    let Kind::Map(sections) = &mut root.kind else { return };
    match sections.iter_mut().find(|(name, _)| name.value == section) {
        Some((_, inner)) => {
            if inner.is_null() {
                *inner = empty(whole);
            }
            if let Kind::Map(entries) = &mut inner.kind {
                put(entries, key, value);
            }
        }
        None => {
            let inner = Kind::Map(vec![(Text::new(key, whole), value)]);
            sections.push((Text::new(section, whole), Node::new(inner, whole)));
        }
    }
}

fn empty(span: Span) -> Node {
    Node::new(Kind::Map(Vec::new()), span)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_a_name_of_their_own_are_those_of_settings() {
        let sections = sections();
        for (name, section, key) in NAMES {
            let of = sections.iter().find(|(named, _)| named == section);
            assert!(of.is_some_and(|(_, fields)| fields.iter().any(|field| field.key == *key)), "{name}");
        }
        let lists =
            sections.iter().flat_map(|(_, fields)| fields).filter(|field| field.expects.contains("list of texts"));
        assert_eq!(
            lists.map(|field| field.key).collect::<std::collections::BTreeSet<_>>(),
            LISTS.iter().copied().collect()
        );
    }

    #[test]
    fn every_section_of_plain_values_can_be_set() {
        let all: Vec<&str> = SettingsFile::fields().iter().map(|field| field.key).collect();
        let here: Vec<&str> = sections().iter().map(|(section, _)| *section).collect();
        let missing: Vec<&&str> = all.iter().filter(|key| !here.contains(*key)).collect();
        assert_eq!(missing, [&"issuers", &"identity", &"services", &"demo_tokens"], "structures are for the file");
    }

    #[test]
    fn values_are_not_shown() {
        let environment = Environment::of([("JWT_SECRET".to_owned(), "hush".to_owned())]);
        assert_eq!(format!("{environment:?}"), r#"{"JWT_SECRET"}"#);
    }
}
