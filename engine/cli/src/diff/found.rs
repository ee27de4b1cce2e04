//! What `homeroom breaking` found, as diagnostics over the files of both versions.

use homeroom_definition::{Diagnostic, Diagnostics, Severity, SourceId, Sources, Span};
use homeroom_plan::diff::Place;
use homeroom_plan::diff::breaking::{Finding, Group, findings};

use super::ignores::Ignores;
use super::{Version, compared};

/// Everything that was found.
pub struct Found {
    /// The files of both versions; those of the old one behind its name.
    pub sources: Sources,
    /// The findings, and what is wrong with what is ignored.
    pub diagnostics: Diagnostics,
    /// How many findings there are in each group.
    pub counts: Vec<(Group, usize)>,
    /// How many were ignored.
    pub ignored: usize,
}

/// Compares two versions, and tells what breaks. `old_name`: what the files of the old version are shown under, such as
/// `HEAD:`; `ignores`: findings that are meant, beside those of the file.
///
/// # Errors
/// If one of `ignores` cannot be read.
pub fn found(
    old: &Version,
    new: &Version,
    old_name: &str,
    groups: &[Group],
    ignores: &[String],
) -> Result<Found, String> {
    let (mut sources, first_old) = both(old, new, old_name);
    let mut diagnostics = Diagnostics::new();
    let mut ignores = Ignores::read(&mut sources, ignores, &mut diagnostics)?;
    let all = findings(&compared(old, new));
    let (ignored, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|finding| ignores.has(finding));
    let kept: Vec<Finding> = kept.into_iter().filter(|finding| groups.contains(&finding.rule.group)).collect();
    ignores.tell_unused(&mut diagnostics);
    let told: Vec<Diagnostic> = kept.iter().map(|finding| diagnostic(finding, first_old)).collect();
    let counts = counts(&told, &kept);
    diagnostics.extend(told);
    Ok(Found { sources, diagnostics, counts, ignored: ignored.len() })
}

/// The files of the new version, then those of the old one, and which is the first of these.
fn both(old: &Version, new: &Version, old_name: &str) -> (Sources, u32) {
    let mut sources = new.loaded.sources.clone();
    let first_old = u32::try_from(sources.ids().count()).unwrap_or(u32::MAX);
    for id in old.loaded.sources.ids() {
        let path = format!("{old_name}{}", old.loaded.sources.path(id));
        sources.add(path, old.loaded.sources.text(id));
    }
    (sources, first_old)
}

fn diagnostic(finding: &Finding, first_old: u32) -> Diagnostic {
    let span = match finding.place {
        Some(Place::New(span)) => span,
        Some(Place::Old(span)) => Span::new(SourceId(span.source.0.saturating_add(first_old)), span.start, span.end),
        None => Span::default(),
    };
    Diagnostic {
        code: finding.rule.name,
        severity: Severity::Error,
        message: finding.message.clone(),
        span,
        label: finding.label.clone(),
        related: Vec::new(),
        helps: vec![finding.rule.remedy.to_owned()],
        fix: None,
    }
}

/// How many are told of each group: what several namespaces import is told once.
fn counts(told: &[Diagnostic], findings: &[Finding]) -> Vec<(Group, usize)> {
    let mut once: Vec<(&Diagnostic, Group)> = Vec::new();
    for (diagnostic, finding) in told.iter().zip(findings) {
        if !once.iter().any(|(known, _)| *known == diagnostic) {
            once.push((diagnostic, finding.rule.group));
        }
    }
    let count = |group: Group| once.iter().filter(|(_, known)| *known == group).count();
    [Group::Wire, Group::Types, Group::Security].into_iter().map(|group| (group, count(group))).collect()
}

impl Found {
    /// Whether something breaks, or what is ignored has mistakes.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.diagnostics.has_errors()
    }

    /// "2 findings (1 WIRE, 1 SECURITY), 1 ignored"; "nothing breaks" if there are none.
    #[must_use]
    pub fn summary(&self) -> String {
        let all: usize = self.counts.iter().map(|(_, count)| count).sum();
        let told = self.counts.iter().filter(|(_, count)| *count > 0);
        let by_group: Vec<String> = told.map(|(group, count)| format!("{count} {}", group.word())).collect();
        let mut line = match all {
            0 => "nothing breaks".to_owned(),
            1 => format!("1 finding ({})", by_group.join(", ")),
            _ => format!("{all} findings ({})", by_group.join(", ")),
        };
        if self.ignored > 0 {
            line.push_str(&format!(", {} ignored", self.ignored));
        }
        line
    }
}
