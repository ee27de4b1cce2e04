//! Diagnostics for people, as rustc draws them: the author's own line, underlined, with what to do about it.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str};

use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::source::{SourceId, Sources, Span};

/// With or without colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Letters only: for files, logs and tests.
    Plain,
    /// With ANSI colours, for a terminal.
    Coloured,
}

/// All of `diagnostics`, a blank line between them; ends with a line break unless there are none.
pub fn text(diagnostics: &[Diagnostic], sources: &Sources, look: Look) -> String {
    let renderer = renderer(look);
    let drawn: Vec<String> = diagnostics.iter().map(|item| renderer.render(&groups(item, sources)) + "\n").collect();
    drawn.join("\n")
}

fn renderer(look: Look) -> Renderer {
    match look {
        Look::Plain => Renderer::plain(),
        // A terminal that knows no hyperlinks would show their codes as text.
        Look::Coloured => Renderer::styled(),
    }
}

/// The author's own lines, each place underlined with a few words below it; ends with a line break.
pub fn pointed(marks: &[(Span, String)], sources: &Sources, look: Look) -> String {
    let mut drawn: Vec<(SourceId, Annotated<'_>)> = Vec::new();
    for (span, words) in marks {
        let mark = AnnotationKind::Primary.span(shown(sources, *span)).label(normalize_untrusted_str(words));
        add(&mut drawn, sources, span.source, mark);
    }
    let snippets = drawn.into_iter().map(|(_, snippet)| snippet);
    renderer(look).render(&[Group::with_level(Level::NOTE).elements(snippets)]) + "\n"
}

/// "2 errors, 1 warning"; "no mistakes" if there are none.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|item| item.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {what}s")),
    };
    let told: Vec<String> = [counted(errors, "error"), counted(warnings, "warning")].into_iter().flatten().collect();
    if told.is_empty() { "no mistakes".to_owned() } else { told.join(", ") }
}

fn groups<'a>(item: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match item.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(normalize_untrusted_str(&item.message)).id(item.code);
    let mut group = title.elements(snippets(item, sources));
    for help in &item.helps {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    std::iter::once(group).chain(item.fix.as_ref().map(|fix| patch(fix, sources))).collect()
}

type Annotated<'a> = Snippet<'a, annotate_snippets::Annotation<'a>>;

/// The place itself with the related places of its file, then those of other files.
fn snippets<'a>(item: &'a Diagnostic, sources: &'a Sources) -> Vec<Annotated<'a>> {
    let primary = AnnotationKind::Primary.span(shown(sources, item.span));
    let primary = if item.label.is_empty() { primary } else { primary.label(normalize_untrusted_str(&item.label)) };
    let mut drawn = vec![(item.span.source, snippet(sources, item.span.source).annotation(primary))];
    for (span, words) in &item.related {
        let context = AnnotationKind::Context.span(shown(sources, *span)).label(normalize_untrusted_str(words));
        add(&mut drawn, sources, span.source, context);
    }
    drawn.into_iter().map(|(_, snippet)| snippet).collect()
}

/// One more mark in the snippet of its file.
fn add<'a>(
    drawn: &mut Vec<(SourceId, Annotated<'a>)>,
    sources: &'a Sources,
    source: SourceId,
    mark: annotate_snippets::Annotation<'a>,
) {
    match drawn.iter().position(|(drawn, _)| *drawn == source) {
        Some(at) => {
            let (source, known) = drawn.remove(at);
            drawn.insert(at, (source, known.annotation(mark)));
        }
        None => drawn.push((source, snippet(sources, source).annotation(mark))),
    }
}

fn snippet<T: Clone>(sources: &Sources, id: SourceId) -> Snippet<'_, T> {
    Snippet::source(sources.text(id)).path(sources.path(id))
}

fn patch<'a>(fix: &'a Fix, sources: &'a Sources) -> Group<'a> {
    let span = sources.clamp(fix.span);
    Level::HELP
        .secondary_title(normalize_untrusted_str(&fix.title))
        .element(snippet(sources, span.source).patch(Patch::new(span.start..span.end, fix.replacement.as_str())))
}

/// What is underlined: the first line of a longer stretch, which shows where it begins without filling the screen.
fn shown(sources: &Sources, span: Span) -> std::ops::Range<usize> {
    let span = sources.clamp(span);
    let first_line = sources.slice(span).lines().next().map_or(0, str::len);
    span.start..span.start + first_line
}
