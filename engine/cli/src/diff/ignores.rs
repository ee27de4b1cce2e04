//! Findings of `homeroom breaking` that are meant: a list beside the namespaces, each with its reason.

use homeroom_definition::{Diagnostic, Diagnostics, Sources, Span, Text, did_you_mean, parse_as, record};
use homeroom_plan::diff::breaking::{ALL, Finding};

use crate::codes;
use crate::load::IGNORES_FILE;

record! {
    /// Findings of `homeroom breaking` that are meant.
    pub struct IgnoresFile {
        /// One finding each.
        "ignore" ignore: Vec<Ignore>,
    }
}

record! {
    /// A finding that is meant.
    pub struct Ignore {
        /// The rule it is found by, such as `wire-event-removed`.
        "rule" rule: Text,
        /// What it is about: the name of an event, a room, a type; `connect`; or a namespace.
        "of" of: Text,
        /// The namespace, where it is meant in one alone.
        "in" namespace: Option<Text>,
        /// Why it is meant.
        "reason" reason: Text,
    }
}

/// What is meant, and which of it was found.
pub(super) struct Ignores {
    all: Vec<(Ignore, bool)>,
}

impl Ignores {
    /// Those of the file, if there is one, and those of the command line: `rule:name=reason`.
    ///
    /// # Errors
    /// If one of the command line is not like that.
    pub(super) fn read(sources: &mut Sources, given: &[String], diagnostics: &mut Diagnostics) -> Result<Self, String> {
        let file = sources.ids().find(|id| sources.path(*id).rsplit('/').next() == Some(IGNORES_FILE));
        let file = file.and_then(|id| parse_as::<IgnoresFile>(sources, id, diagnostics));
        let mut all = file.map(|file| file.ignore).unwrap_or_default();
        for one in given {
            let source = sources.add("--ignore", one.clone());
            all.push(given_ignore(one, Span::new(source, 0, one.len()))?);
        }
        all.iter().for_each(|one| check(one, diagnostics));
        Ok(Self { all: all.into_iter().map(|one| (one, false)).collect() })
    }

    /// Whether a finding is meant; remembers that it was found.
    pub(super) fn has(&mut self, finding: &Finding) -> bool {
        let name = if finding.name.is_empty() { finding.subject.as_str() } else { finding.name.as_str() };
        let mut is_meant = false;
        for (ignore, used) in &mut self.all {
            let here = ignore.namespace.as_ref().is_none_or(|namespace| *namespace.value == *finding.namespace);
            if here && ignore.rule.value == finding.rule.name && ignore.of.value == name {
                (*used, is_meant) = (true, true);
            }
        }
        is_meant
    }

    /// Tells what nothing was found for.
    pub(super) fn tell_unused(&self, diagnostics: &mut Diagnostics) {
        let is_known = |ignore: &Ignore| ALL.iter().any(|rule| rule.name == ignore.rule.value);
        for (ignore, _) in self.all.iter().filter(|(ignore, used)| !used && is_known(ignore)) {
            let message = format!("nothing is found by `{}` for `{}`", ignore.rule, ignore.of);
            let told = Diagnostic::warning(codes::UNUSED_IGNORE, ignore.rule.span, message);
            diagnostics.push(told.label("ignores nothing").help("remove it, or it hides the next finding of its kind"));
        }
    }
}

fn check(ignore: &Ignore, diagnostics: &mut Diagnostics) {
    let names = || ALL.iter().map(|rule| rule.name);
    if !names().any(|name| name == ignore.rule.value) {
        let told =
            Diagnostic::error(codes::UNKNOWN_RULE, ignore.rule.span, format!("there is no rule `{}`", ignore.rule));
        diagnostics.push(told.help_if(did_you_mean(&ignore.rule.value, names())));
    }
    if ignore.reason.value.trim().is_empty() {
        let told = Diagnostic::error(codes::NO_REASON, ignore.reason.span, "this says no reason");
        diagnostics.push(told.help("say why it is meant, for those who read it next year"));
    }
}

fn given_ignore(given: &str, span: Span) -> Result<Ignore, String> {
    let unclear = || {
        format!("`--ignore {given}` is not `rule:name=reason`, such as `wire-event-removed:chat:send=nobody sends it`")
    };
    let (rule, rest) = given.split_once(':').ok_or_else(unclear)?;
    let (of, reason) = rest.split_once('=').ok_or_else(unclear)?;
    let text = |value: &str| Text::new(value.trim(), span);
    Ok(Ignore { rule: text(rule), of: text(of), namespace: None, reason: text(reason), span })
}
