//! Changes that say the same of several things, told once.

use crate::diff::change::{Act, Change, Noun};

/// Changes of the same namespaces.
pub(super) struct Section<'c> {
    /// The namespaces; empty for settings.
    pub(super) namespaces: Vec<&'c str>,
    pub(super) groups: Vec<Group<'c>>,
}

/// The same change of several things.
pub(super) struct Group<'c> {
    pub(super) first: &'c Change,
    pub(super) names: Vec<&'c str>,
}

/// What makes two changes the same but for the thing they are about.
fn said(change: &Change) -> (Noun, Act, Vec<&str>) {
    (change.noun, change.act, change.details.iter().map(|detail| detail.words.as_str()).collect())
}

/// All changes: first those of one namespace, by name, then those that several have in common.
pub(super) fn sections(changes: &[Change]) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (change, namespaces) in shared(changes) {
        let section = match sections.iter().position(|section| section.namespaces == namespaces) {
            Some(at) => &mut sections[at],
            None => {
                sections.push(Section { namespaces, groups: Vec::new() });
                let last = sections.len() - 1;
                &mut sections[last]
            }
        };
        match section.groups.iter_mut().find(|group| said(group.first) == said(change) && !change.details.is_empty()) {
            Some(group) => group.names.push(&change.name),
            None => section.groups.push(Group { first: change, names: vec![&change.name] }),
        }
    }
    sections
}

/// Each change once, with every namespace that has it: a file that several import changes all of them.
fn shared(changes: &[Change]) -> Vec<(&Change, Vec<&str>)> {
    let mut all: Vec<(&Change, Vec<&str>)> = Vec::new();
    for change in changes {
        let namespace = (!change.namespace.is_empty()).then_some(&*change.namespace);
        let is_whole = change.noun == Noun::Namespace;
        let same = |known: &&mut (&Change, Vec<&str>)| {
            !is_whole
                && known.0.name == change.name
                && said(known.0) == said(change)
                && known.0.namespace != change.namespace
        };
        match all.iter_mut().find(same) {
            Some((_, namespaces)) => namespaces.extend(namespace),
            None => all.push((change, namespace.into_iter().collect())),
        }
    }
    all
}
