//! What is declared and used nowhere, over all files.

use std::collections::HashSet;

use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Span, Table, Text};

use super::Input;
use crate::codes;
use crate::refusals::ENGINE_CODES;

/// What has been used, by kind, file and name.
#[derive(Default)]
pub(crate) struct Used {
    names: HashSet<(&'static str, SourceId, String)>,
}

impl Used {
    pub(crate) fn name(&mut self, kind: &'static str, source: SourceId, name: &str) {
        self.names.insert((kind, source, name.to_owned()));
    }

    /// A room is declared in several files; whoever uses one part uses all.
    pub(crate) fn room(&mut self, _source: SourceId, name: &Text) {
        self.names.insert(("room", SourceId::default(), name.value.clone()));
    }

    fn has(&self, kind: &'static str, source: SourceId, name: &str) -> bool {
        self.names.contains(&(kind, source, name.to_owned()))
    }
}

/// Warns of what is used nowhere.
pub(crate) fn warn(input: &Input<'_>, used: &Used, diagnostics: &mut Diagnostics) {
    for parsed in input.files {
        let (file, source) = (&parsed.file, parsed.source);
        let mut check = |kind: &'static str, noun: &str, at: SourceId, names: Vec<&Text>| {
            for name in names.into_iter().filter(|name| !used.has(kind, at, &name.value)) {
                diagnostics.push(unused(noun, name));
            }
        };
        check("type", "type", source, keys(&file.types));
        check("query", "query", source, keys(&file.queries));
        check("state", "state", source, keys(&file.state));
        check("steps", "list of steps", source, keys(&file.steps));
        check("webhook", "webhook", source, keys(&file.webhooks));
        check("room", "room", SourceId::default(), keys(&file.rooms));
        check("server event", "server event", source, keys(&file.server_events));
        let own_codes = keys(&file.errors).into_iter().filter(|name| !ENGINE_CODES.contains(&name.value.as_str()));
        check("code", "code", source, own_codes.collect());
    }
}

fn keys<T>(table: &Table<T>) -> Vec<&Text> {
    table.iter().map(|(name, _)| name).collect()
}

fn unused(noun: &str, name: &Text) -> Diagnostic {
    let span: Span = name.span;
    Diagnostic::warning(codes::UNUSED, span, format!("the {noun} `{}` is used nowhere", name.value))
        .help("remove it, or use it")
}
