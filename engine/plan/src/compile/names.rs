//! What a namespace can name: its own declarations and those of the files it imports.

use std::collections::HashSet;

use homeroom_definition::model::{File, Procedure, Query, Room, ServerEvent, State, Webhook};
use homeroom_definition::{Diagnostic, Diagnostics, Node, Pattern, SourceId, Span, Table, Text};
use indexmap::IndexMap;

use super::{Input, World};
use crate::codes;

/// A namespace file with every file it draws on, its own first.
pub(crate) struct Unit<'a> {
    pub(crate) path: &'a Text,
    pub(crate) file: &'a File,
    pub(crate) all: Vec<(SourceId, &'a File)>,
}

/// The namespaces there are. A path that is wrong or stands twice is told.
pub(crate) fn units<'a>(input: &Input<'a>, diagnostics: &mut Diagnostics) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'a>> = Vec::new();
    for parsed in input.files {
        let Some(path) = &parsed.file.namespace else { continue };
        if let Some(diagnostic) = wrong_path(path) {
            diagnostics.push(diagnostic);
        } else if let Some(other) = units.iter().find(|unit| unit.path.value == path.value) {
            let twice = format!("the namespace `{}` is defined twice", path.value);
            diagnostics.push(
                Diagnostic::error(codes::NAMESPACE_TWICE, path.span, twice)
                    .label("defined again here")
                    .related(other.path.span, "first defined here")
                    .help("give one of them another path, or join the two files"),
            );
        } else {
            units.push(Unit { path, file: &parsed.file, all: with_imports(input, parsed.source) });
        }
    }
    units
}

fn wrong_path(path: &Text) -> Option<Diagnostic> {
    let value = &path.value;
    let wrong = match value {
        value if !value.starts_with('/') => Some(format!("a namespace begins with `/`: `/{value}`")),
        value if value.contains(['?', '#', ',', ' ']) => Some("a namespace has no `?`, `#`, `,` or space".into()),
        value if value.len() > 128 => Some("a namespace has at most 128 bytes".into()),
        _ => None,
    }?;
    let fix = format!("/{}", value.trim_start_matches('/').replace(['?', '#', ',', ' '], "-"));
    let diagnostic =
        Diagnostic::error(codes::BAD_NAMESPACE, path.span, format!("`{value}` is not a namespace")).label(wrong);
    Some(diagnostic.fix(path.span, fix, "write"))
}

/// A file and what its imports lead to, each once.
fn with_imports<'a>(input: &Input<'a>, source: SourceId) -> Vec<(SourceId, &'a File)> {
    let (mut seen, mut waiting, mut all) = (HashSet::new(), vec![source], Vec::new());
    while let Some(source) = waiting.pop() {
        let Some(parsed) = input.files.iter().find(|parsed| parsed.source == source) else { continue };
        if seen.insert(source) {
            all.push((source, &parsed.file));
            waiting.extend(parsed.imports.iter().rev());
        }
    }
    all
}

/// A declaration, with where its name stands.
pub(crate) struct Declared<'a, T> {
    pub(crate) name: &'a Text,
    pub(crate) item: &'a T,
    pub(crate) source: SourceId,
}

/// A room: one pattern, declared in one file or in several.
pub(crate) struct DeclaredRoom<'a> {
    pub(crate) name: &'a Text,
    pub(crate) pattern: Pattern,
    pub(crate) parts: Vec<&'a Room>,
    pub(crate) source: SourceId,
}

/// Everything that can be named.
pub(crate) struct Names<'a> {
    pub(crate) types: IndexMap<&'a str, Declared<'a, Node>>,
    pub(crate) rooms: IndexMap<&'a str, DeclaredRoom<'a>>,
    pub(crate) queries: IndexMap<&'a str, Declared<'a, Query>>,
    pub(crate) states: IndexMap<&'a str, Declared<'a, State>>,
    pub(crate) procedures: IndexMap<&'a str, Declared<'a, Procedure>>,
    pub(crate) webhooks: IndexMap<&'a str, Declared<'a, Webhook>>,
    pub(crate) errors: IndexMap<&'a str, Declared<'a, Text>>,
    pub(crate) server_events: IndexMap<&'a str, Declared<'a, ServerEvent>>,
}

impl<'a> Names<'a> {
    /// Collects the declarations; a name that stands twice is told.
    pub(crate) fn collect(_world: &World<'_>, unit: &Unit<'a>, diagnostics: &mut Diagnostics) -> Self {
        let all = &unit.all;
        Self {
            types: declared(all, "type", |file| &file.types, diagnostics),
            rooms: rooms(all, diagnostics),
            queries: declared(all, "query", |file| &file.queries, diagnostics),
            states: declared(all, "state", |file| &file.state, diagnostics),
            procedures: declared(all, "list of steps", |file| &file.steps, diagnostics),
            webhooks: declared(all, "webhook", |file| &file.webhooks, diagnostics),
            errors: declared(all, "code", |file| &file.errors, diagnostics),
            server_events: declared(all, "server event", |file| &file.server_events, diagnostics),
        }
    }
}

fn declared<'a, T>(
    all: &[(SourceId, &'a File)],
    noun: &str,
    table: impl Fn(&'a File) -> &'a Table<T>,
    diagnostics: &mut Diagnostics,
) -> IndexMap<&'a str, Declared<'a, T>> {
    let mut found: IndexMap<&'a str, Declared<'a, T>> = IndexMap::new();
    for (source, file) in all {
        for (name, item) in table(file).iter() {
            match found.get(name.value.as_str()) {
                Some(other) => diagnostics.push(declared_twice(noun, name.span, other.name)),
                None => {
                    found.insert(&name.value, Declared { name, item, source: *source });
                }
            }
        }
    }
    found
}

fn declared_twice(noun: &str, span: Span, first: &Text) -> Diagnostic {
    Diagnostic::error(codes::DECLARED_TWICE, first.span, format!("the {noun} `{}` is declared twice", first.value))
        .label("declared here")
        .related(span, "and here, in a file that it is used together with")
        .help("give one of them another name")
}

fn rooms<'a>(all: &[(SourceId, &'a File)], diagnostics: &mut Diagnostics) -> IndexMap<&'a str, DeclaredRoom<'a>> {
    let mut found: IndexMap<&'a str, DeclaredRoom<'a>> = IndexMap::new();
    for (source, file) in all {
        for (name, room) in file.rooms.iter() {
            if let Some(declared) = found.get_mut(name.value.as_str()) {
                declared.parts.push(room);
            } else if let Some(pattern) = diagnostics.keep(Pattern::parse(name)) {
                found.insert(&name.value, DeclaredRoom { name, pattern, parts: vec![room], source: *source });
            }
        }
    }
    overlaps(&found, diagnostics);
    found
}

fn overlaps(rooms: &IndexMap<&str, DeclaredRoom<'_>>, diagnostics: &mut Diagnostics) {
    for (index, room) in rooms.values().enumerate() {
        for earlier in rooms.values().take(index) {
            let Some(example) = room.pattern.overlaps(&earlier.pattern) else { continue };
            let both = format!("`{}` and `{}` could both be the room `{example}`", earlier.name.value, room.name.value);
            diagnostics.push(
                Diagnostic::error(codes::ROOMS_OVERLAP, room.name.span, both)
                    .label(format!("`{example}` is spelt by this pattern"))
                    .related(earlier.name.span, "and by this one, whose rules may be weaker")
                    .help("change a literal part of one of them, so that no value can make the two the same"),
            );
        }
    }
}
