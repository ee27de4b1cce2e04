//! Cases of `homeroom plan` and `homeroom breaking`: two versions of small definitions, and what is told of them, in
//! `tests/plan` and `tests/breaking`.
//!
//! A case is one file. Its first lines say what it is about; then come `== old`, `== new` and `== told`. A file of its own
//! name is `== old common.yaml`; `== both ...` stands on both sides. `UPDATE_EXPECT=1 cargo test -p homeroom-cli diff` writes
//! what is told anew; read each as a product manager would: is it true, and is it what one wants to know?

mod breaking;
mod live;
mod meaning;
mod plan;

use std::path::{Path, PathBuf};

use homeroom_cli::diff::Version;
use homeroom_cli::load::Files;
use homeroom_cli::settings::Environment;
use homeroom_runtime::Hooks;

/// The identity of every case that does not bring settings of its own.
const SETTINGS: &str = "identity:
  fields:
    id: { claim: sub, type: string, maxLength: 64 }
    role: { enum: [TEACHER, STUDENT, PARENT, ADMIN] }
    name: { type: string, maxLength: 120 }
  optional:
    schoolId: { type: string, maxLength: 64 }
";

/// One case.
struct Case {
    path: PathBuf,
    about: String,
    /// Path and text of each file, on each side.
    old: Vec<(String, String)>,
    new: Vec<(String, String)>,
    /// All before `== told`.
    given: String,
    told: String,
}

impl Case {
    fn all(folder: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
        let entries = std::fs::read_dir(folder).expect("the folder of cases");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).expect("a case");
        let (given, told) = text.split_once("== told\n").unwrap_or((&text, ""));
        let mut case = Self {
            path,
            about: String::new(),
            old: Vec::new(),
            new: Vec::new(),
            given: given.to_owned(),
            told: told.to_owned(),
        };
        for (index, part) in format!("\n{given}").split("\n== ").enumerate() {
            let (head, body) = part.split_once('\n').unwrap_or((part, ""));
            if index == 0 {
                case.about = part.trim().to_owned();
                continue;
            }
            let (side, name) = head.split_once(' ').unwrap_or((head, "namespace.yaml"));
            let file = (name.trim().to_owned(), body.to_owned());
            match side {
                "old" => case.old.push(file),
                "new" => case.new.push(file),
                "both" => {
                    case.old.push(file.clone());
                    case.new.push(file);
                }
                other => panic!("{}: there is no side `{other}`", case.path.display()),
            }
        }
        case
    }

    /// Both versions; fails with the mistakes of one that does not compile.
    fn versions(&self) -> Result<(Version, Version), String> {
        let of = |files, side| version(files).map_err(|told| format!("{}, {side}:\n{told}", self.path.display()));
        Ok((of(&self.old, "old")?, of(&self.new, "new")?))
    }

    /// Compares what is told with what the case says, or writes it there.
    fn expect(&self, told: &str) -> Result<(), String> {
        if self.told == told {
            return Ok(());
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&self.path, format!("{}== told\n{told}", self.given)).expect("the case is written");
            return Ok(());
        }
        Err(format!("{}\n--- expected\n{}--- told\n{told}", self.path.display(), self.told))
    }
}

/// Compiles files; the settings of all cases, unless they bring some.
fn version(files: &[(String, String)]) -> Result<Version, String> {
    let mut texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    if !texts.iter().any(|(path, _)| *path == "homeroom.yaml") {
        texts.push(("homeroom.yaml", SETTINGS));
    }
    Version::new(&Files::embedded(&texts), None, &Environment::default(), &Hooks::default())
}

/// Plays all cases of a folder, of which there must be so many.
fn play(folder: &str, at_least: usize, tell: impl Fn(&Version, &Version) -> String) {
    let cases = Case::all(folder);
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    let failures =
        cases.iter().filter_map(|case| case.versions().and_then(|(old, new)| case.expect(&tell(&old, &new))).err());
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases.iter().all(|case| !case.about.is_empty()), "every case says what it is about");
}
