//! Questions to `homeroom explain`, and beside each what is answered, in `tests/explain`.
//!
//! A case is a file: its first line is the command, the rest the answer. `UPDATE_EXPECT=1 cargo test -p homeroom-cli
//! explain` writes the answers anew; read each as somebody would who has never seen the rules: does it say why, and what to
//! do? Cases are asked about the bundled namespaces; `--namespaces small` asks about `tests/explain/small`.

use std::path::{Path, PathBuf};

use homeroom_cli::explain::Explainer;
use homeroom_cli::load::Files;
use homeroom_cli::settings::Environment;
use homeroom_runtime::Hooks;

#[path = "../../../../namespaces/hooks.rs"]
mod hooks;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain")
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder of cases");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "txt")).collect();
    cases.sort();
    cases
}

/// The YAML and SQL below a folder; paths begin with `prefix`.
fn below(folder: &Path, prefix: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            files.extend(below(&path, &format!("{name}/")));
        } else if name.ends_with(".yaml") || name.ends_with(".sql") {
            files.push((name, std::fs::read_to_string(&path).expect("text")));
        }
    }
    files
}

/// The definitions below a folder.
async fn explainer(folder: &Path, prefix: &str, hooks: &Hooks) -> Explainer {
    let texts = below(folder, &format!("{prefix}/"));
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let config = format!("{prefix}/homeroom.yaml");
    let explainer =
        Explainer::new(&Files::embedded(&texts), Some(Path::new(&config)), &Environment::default(), hooks, None).await;
    explainer.unwrap_or_else(|error| panic!("{error}"))
}

/// The words of a command line; what stands in single quotes is one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in line.split('\'').enumerate() {
        match index % 2 {
            1 => words.push(piece.to_owned()),
            _ => words.extend(piece.split_whitespace().map(str::to_owned)),
        }
    }
    words
}

/// The arguments of a case; files it names lie beside it.
fn arguments(line: &str) -> Vec<String> {
    let mut arguments = words(line.strip_prefix("$ homeroom explain").expect("a case begins with the command"));
    for argument in &mut arguments {
        if let Some(path) = argument.strip_prefix('@') {
            *argument = format!("@{}", folder().join(path).display());
        } else if argument.ends_with(".yaml") {
            *argument = folder().join(&*argument).display().to_string();
        }
    }
    arguments
}

/// The answer without what is different each time: `<now>`, `<today>`, `<uuid>`, `<position>`.
fn masked(answer: &str) -> String {
    let mut text = String::new();
    let mut rest = answer;
    while let Some(next) = rest.chars().next() {
        let (mask, len) = match rest.get(..10).filter(|date| is_about_today(date)) {
            Some(date) if rest[date.len()..].starts_with('T') => ("<now>", "0000-00-00T00:00:00.000Z".len()),
            Some(date) => ("<today>", date.len()),
            None if rest.get(..36).is_some_and(is_uuid) => ("<uuid>", 36),
            None if text.ends_with(":\"") && position(rest) > 0 => ("<position>", position(rest)),
            None => ("", next.len_utf8()),
        };
        text.push_str(if mask.is_empty() { &rest[..len] } else { mask });
        rest = &rest[len..];
    }
    text
}

/// Whether it is a day that is today somewhere.
fn is_about_today(date: &str) -> bool {
    let hours = [-24_i64, 0, 24].map(jiff::SignedDuration::from_hours);
    let days = hours.map(|by| (jiff::Timestamp::now() + by).strftime("%Y-%m-%d").to_string());
    days.iter().any(|day| day == date)
}

/// How long the sealed position is that a text begins with; 0: it begins with none.
fn position(text: &str) -> usize {
    let end = text.find('"').unwrap_or(0);
    let is_sealed = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if end >= 24 && is_sealed(&text[..end]) { end } else { 0 }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[tokio::test]
async fn questions_are_answered_as_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../namespaces");
    let bundled = explainer(&bundled, "namespaces", &hooks::hooks()).await;
    let small = explainer(&folder().join("small"), "small", &Hooks::new()).await;
    let mut wrong = Vec::new();
    for case in cases() {
        let text = std::fs::read_to_string(&case).expect("a case is text");
        let line = text.lines().next().unwrap_or_default();
        let explainer = if line.contains("--namespaces small") { &small } else { &bundled };
        let answer = match explainer.ask(&arguments(line)).await {
            Ok(explained) => explained.text,
            Err(error) => format!("error: {error}\n"),
        };
        let told = format!("{line}\n\n{}", masked(&answer));
        if update {
            std::fs::write(&case, &told).expect("the text can be written");
        } else if told != text {
            wrong.push(format!("{}\n--- expected\n{text}\n--- told\n{told}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_enough_cases() {
    assert!(cases().len() >= 20, "only {} cases", cases().len());
}
