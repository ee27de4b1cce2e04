//! What the doctor finds, and how it is told.

use std::fmt::Write;

use serde_json::{Value, json};

/// How it stands with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and will hurt.
    Warning,
    /// A promise is not kept, or nothing works.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// What the process ends with.
    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Error => 2,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about: `settings`, `machine`, `redis`, `servers`, `database`.
    pub area: &'static str,
    /// A name for it that stays, such as `redis-eviction`.
    pub code: &'static str,
    /// How it stands.
    pub level: Level,
    /// What was found, in a sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What was found about one area, in order.
pub(super) struct Findings {
    area: &'static str,
    all: Vec<Finding>,
}

impl Findings {
    pub(super) fn about(area: &'static str) -> Self {
        Self { area, all: Vec::new() }
    }

    pub(super) fn ok(&mut self, code: &'static str, message: impl Into<String>) {
        self.add(code, Level::Ok, message.into(), None);
    }

    pub(super) fn warning(&mut self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.add(code, Level::Warning, message.into(), Some(help.into()));
    }

    pub(super) fn error(&mut self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.add(code, Level::Error, message.into(), Some(help.into()));
    }

    fn add(&mut self, code: &'static str, level: Level, message: String, help: Option<String>) {
        self.all.push(Finding { area: self.area, code, level, message, help });
    }

    pub(super) fn told(self) -> Vec<Finding> {
        self.all
    }
}

/// The worst of them; of none, that all is well.
pub(super) fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
}

/// For people: by area, what to do below what was found.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let mut told = String::new();
    let mut area = "";
    for finding in findings {
        if finding.area != area {
            let blank = if area.is_empty() { "" } else { "\n" };
            area = finding.area;
            let _ = writeln!(told, "{blank}{area}");
        }
        let word = finding.level.word();
        let _ = match finding.level {
            Level::Ok => writeln!(told, "  {word}: {}", finding.message),
            Level::Warning | Level::Error => writeln!(told, "  {word}[{}]: {}", finding.code, finding.message),
        };
        if let Some(help) = &finding.help {
            let _ = writeln!(told, "    = help: {help}");
        }
    }
    told + "\n" + &summary(findings) + "\n"
}

fn summary(findings: &[Finding]) -> String {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let of = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => "all is well".into(),
        (0, _) => of(warnings, "warning"),
        (_, 0) => of(errors, "error"),
        _ => format!("{}, {}", of(errors, "error"), of(warnings, "warning")),
    }
}

/// For programs.
#[must_use]
pub fn json(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        json!({
            "area": finding.area,
            "code": finding.code,
            "level": finding.level.word(),
            "message": finding.message,
            "help": finding.help,
        })
    };
    json!({ "level": worst(findings).word(), "findings": findings.iter().map(one).collect::<Vec<_>>() })
}
