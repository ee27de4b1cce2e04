//! An answer, for people and for programs.

use std::fmt::Write;

use homeroom_definition::render::{self, Look};
use serde_json::{Value, json};

use super::needs::Remedy;
use super::trail::{Asked, AskedPart, AskedRule};
use super::words::{Mark, Words};

/// What is answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Whether it is allowed, or received.
    pub(super) yes: bool,
    /// The answer in a sentence, without a full stop.
    pub(super) sentence: String,
    pub(super) refusal: Option<Told>,
    /// What to know of how it came to that.
    pub(super) facts: Vec<String>,
    /// The rules that were asked.
    pub(super) asked: Vec<Asked>,
    /// The lines that decided.
    pub(super) marks: Vec<Mark>,
    /// What would happen.
    pub(super) would: Vec<String>,
    /// Who may do what, where this one may not.
    pub(super) who_may: String,
    pub(super) remedies: Vec<Remedy>,
    /// What else would help.
    pub(super) hints: Vec<String>,
}

/// What a client would be told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) code: String,
    pub(super) text: String,
    /// What is wrong with a payload: pointers and messages.
    pub(super) issues: Vec<(String, String)>,
    /// What the log would have.
    pub(super) cause: Option<String>,
}

impl Answer {
    /// For people.
    pub(super) fn text(&self, words: &Words<'_>, look: Look) -> String {
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{}: {}.", if self.yes { "Yes" } else { "No" }, self.sentence);
        if let Some(told) = &self.refusal {
            told.write(&mut text);
        }
        if !self.facts.is_empty() {
            let _ = writeln!(text);
        }
        for fact in &self.facts {
            let _ = writeln!(text, "{fact}");
        }
        for asked in &self.asked {
            let _ = writeln!(text, "\n{}", heading(asked));
            tree(asked, words, 1, &mut text);
        }
        if !self.marks.is_empty() {
            let _ = write!(text, "\n{}", render::pointed(&self.marks, words.sources, look));
        }
        list("It would", &self.would, &mut text);
        let remedies: Vec<String> =
            self.remedies.iter().map(|remedy| format!("{} ({})", remedy.who, remedy.place)).collect();
        list(&format!("Who may {}", self.who_may), &remedies, &mut text);
        for hint in &self.hints {
            let _ = writeln!(text, "\n{hint}");
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self, words: &Words<'_>) -> Value {
        let mark = |(span, label): &Mark| {
            let position = words.sources.position(span.source, span.start);
            json!({ "path": words.sources.path(span.source), "line": position.line, "column": position.column, "says": label })
        };
        json!({
            "allowed": self.yes,
            "says": self.sentence,
            "refusal": self.refusal.as_ref().map(Told::json),
            "facts": self.facts,
            "asked": self.asked.iter().map(|asked| asked_json(asked, words)).collect::<Vec<_>>(),
            "decided_at": self.marks.iter().map(mark).collect::<Vec<_>>(),
            "would": self.would,
            "who_may": self.remedies.iter().map(|one| json!({ "who": one.who, "place": one.place })).collect::<Vec<_>>(),
            "hints": self.hints,
        })
    }
}

impl Told {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "    {}: {}", self.code, self.text);
        for (path, message) in &self.issues {
            let path = if path.is_empty() { "the payload" } else { path };
            let _ = writeln!(text, "    {path} {message}");
        }
        if let Some(cause) = &self.cause {
            let _ = writeln!(text, "    the log would say: {cause}");
        }
    }

    fn json(&self) -> Value {
        let issues = self.issues.iter().map(|(path, message)| json!({ "path": path, "message": message }));
        json!({ "code": self.code, "text": self.text, "issues": issues.collect::<Vec<_>>(), "cause": self.cause })
    }
}

fn list(title: &str, items: &[String], text: &mut String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for item in items {
        let _ = writeln!(text, "  - {item}");
    }
}

fn heading(asked: &Asked) -> String {
    let verdict = if asked.admitted { "admitted" } else { "not admitted" };
    match asked.rules.len() + asked.unasked {
        1 => format!("The rule of {}: {verdict}", asked.subject.name()),
        _ => format!("The rules of {}, of which the first that holds admits: {verdict}", asked.subject.name()),
    }
}

fn tree(asked: &Asked, words: &Words<'_>, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for rule in &asked.rules {
        let _ = writeln!(text, "{indent}{} {}", if rule.holds { "yes" } else { "no " }, rule.place);
        if rule.parts.is_empty() {
            let _ = writeln!(text, "{indent}      it asks for nothing");
        }
        for part in &rule.parts {
            let _ = writeln!(text, "{indent}      {}", words.part(part, rule, asked));
            if let AskedPart::Like(inner) = part {
                tree(inner, words, depth + 4, text);
            }
        }
    }
    match asked.unasked {
        0 => {}
        1 => drop(writeln!(text, "{indent}(one more is not asked)")),
        more => drop(writeln!(text, "{indent}({more} more are not asked)")),
    }
}

fn asked_json(asked: &Asked, words: &Words<'_>) -> Value {
    let part = |part: &AskedPart, rule: &AskedRule| {
        let mut told = json!({ "says": words.part(part, rule, asked), "holds": part.holds() });
        if let AskedPart::Like(inner) = part {
            told["asked"] = asked_json(inner, words);
        }
        if let AskedPart::Check { place, .. } = part {
            told["query"] = place.as_str().into();
        }
        told
    };
    let rule = |rule: &AskedRule| {
        let parts: Vec<Value> = rule.parts.iter().map(|one| part(one, rule)).collect();
        json!({ "place": rule.place, "holds": rule.holds, "parts": parts })
    };
    json!({
        "of": asked.subject.name(),
        "place": asked.place,
        "admitted": asked.admitted,
        "rules": asked.rules.iter().map(rule).collect::<Vec<_>>(),
        "not_asked": asked.unasked,
    })
}

impl AskedPart {
    fn holds(&self) -> bool {
        match self {
            Self::Roles { holds, .. }
            | Self::Inside { holds, .. }
            | Self::When { holds }
            | Self::Check { holds, .. } => *holds,
            Self::Like(inner) => inner.admitted,
            Self::LikeNothing => false,
        }
    }
}
