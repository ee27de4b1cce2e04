//! What the author wrote, found again by its place: rules to be underlined part by part, and the views of server events.

use std::collections::HashMap;

use homeroom_definition::model::{Allow, Connect, File, Rule};
use homeroom_definition::{Diagnostics, Sources, Span, Text, parse};

/// A rule as it was written.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenRule {
    pub(super) inside: Vec<Text>,
    pub(super) roles: Vec<Text>,
    pub(super) check: Vec<Text>,
    pub(super) when: Option<Text>,
    pub(super) like: Option<Text>,
}

/// A view as it was written.
#[derive(Debug, Clone)]
pub(super) struct WrittenView {
    pub(super) roles: Vec<String>,
    pub(super) span: Span,
}

/// The rules and views of all files.
#[derive(Default)]
pub(super) struct Written {
    rules: HashMap<Span, WrittenRule>,
    views: HashMap<String, Vec<WrittenView>>,
}

impl Written {
    pub(super) fn of(sources: &Sources) -> Self {
        let mut written = Self::default();
        let is_yaml = |path: &str| path.ends_with(".yaml") || path.ends_with(".yml");
        for source in sources.ids().filter(|source| is_yaml(sources.path(*source))) {
            // Whatever is wrong with it has been told by then.
            if let Some(file) = parse(sources, source, &mut Diagnostics::new()) {
                written.file(&file);
            }
        }
        written
    }

    /// The rule at a place.
    pub(super) fn rule(&self, span: Span) -> Option<&WrittenRule> {
        self.rules.get(&span)
    }

    /// The view of a server event that is for these roles.
    pub(super) fn view(&self, event: &str, roles: &[String]) -> Option<&WrittenView> {
        self.views.get(event)?.iter().find(|view| view.roles.iter().any(|role| roles.contains(role)))
    }

    fn file(&mut self, file: &File) {
        for (_, room) in &file.rooms {
            self.allow(room.allow.as_ref());
        }
        for (name, event) in &file.client_events {
            self.allow(event.allow.as_ref());
            let own = WrittenRule {
                inside: event.inside.to_vec(),
                roles: event.roles.to_vec(),
                check: event.check.to_vec(),
                when: event.when.clone(),
                like: event.like.clone(),
            };
            self.rules.insert(name.span, own);
        }
        if let Some(connect) = &file.connect {
            self.connect(connect);
        }
        for (name, event) in &file.server_events {
            let view = |view: &homeroom_definition::model::View| WrittenView {
                roles: view.roles.iter().map(|role| role.value.clone()).collect(),
                span: view.span,
            };
            self.views.insert(name.value.clone(), event.views.iter().map(view).collect());
        }
    }

    fn connect(&mut self, connect: &Connect) {
        self.allow(connect.allow.as_ref());
        let own = WrittenRule {
            inside: Vec::new(),
            roles: connect.roles.to_vec(),
            check: connect.check.to_vec(),
            when: connect.when.clone(),
            like: connect.like.clone(),
        };
        self.rules.insert(connect.span, own);
    }

    fn allow(&mut self, allow: Option<&Allow>) {
        if let Some(Allow::Rules(rules)) = allow {
            self.rules.extend(rules.iter().map(|rule| (rule.span, written(rule))));
        }
    }
}

fn written(rule: &Rule) -> WrittenRule {
    WrittenRule {
        inside: rule.inside.to_vec(),
        roles: rule.roles.to_vec(),
        check: rule.check.to_vec(),
        when: rule.when.clone(),
        like: rule.like.clone(),
    }
}

/// The places of several texts as one.
pub(super) fn all_of(texts: &[Text]) -> Option<Span> {
    let (first, last) = (texts.first()?, texts.last()?);
    Some(first.span.to(last.span))
}
