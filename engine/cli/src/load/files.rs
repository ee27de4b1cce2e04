//! Files by path, from a folder or from the binary, and what each is by its name.

use std::path::{Path, PathBuf};

/// The file that settings stand in, beside the namespaces.
const SETTINGS_FILE: &str = "homeroom.yaml";

/// The file that says which findings of `homeroom breaking` are meant, beside the namespaces.
pub(crate) const IGNORES_FILE: &str = "breaking.ignore.yaml";

/// How deep folders are searched.
const DEPTH_MAX: usize = 8;

/// How many files are read.
const FILES_MAX: usize = 10_000;

/// How many bytes a file may have.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Where settings that are not the folder's own are shown to stand.
const BUILT_IN: &str = "built-in";

/// How the names of files end that are read.
const ENDINGS: [&str; 3] = ["yaml", "yml", "sql"];

/// Files by path.
#[derive(Clone, Default)]
pub struct Files {
    /// The folder that nothing leaves; empty for files in the binary.
    root: String,
    files: Vec<(String, String)>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Definition,
    Tests,
    Settings,
    Script,
    Ignores,
}

/// Whether a file is read, by its path below the folder: YAML and SQL, not hidden, not too deep.
pub(crate) fn is_read(path: &str) -> bool {
    let is_hidden = path.split('/').any(|part| part.starts_with('.'));
    let ending = name(path).rsplit_once('.').map_or("", |(_, ending)| ending);
    !is_hidden && path.split('/').count() <= DEPTH_MAX + 1 && ENDINGS.contains(&ending)
}

/// What a file is, by its name.
pub(super) fn kind(path: &str) -> Kind {
    let name = name(path);
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    match stem {
        _ if ending == "sql" => Kind::Script,
        _ if name == SETTINGS_FILE => Kind::Settings,
        _ if name == IGNORES_FILE => Kind::Ignores,
        "tests" => Kind::Tests,
        _ if stem.ends_with(".tests") || stem.ends_with("-tests") => Kind::Tests,
        _ => Kind::Definition,
    }
}

impl Files {
    /// Files in the binary.
    #[must_use]
    pub fn embedded(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { root: String::new(), files }
    }

    /// Files of a folder that are handed in; `root` is what their paths begin with, and nothing leaves it.
    pub(crate) fn below(root: String, files: Vec<(String, String)>) -> Self {
        Self { root, files }
    }

    /// The YAML and SQL files below a folder; their paths begin with the folder's own.
    ///
    /// # Errors
    /// If the folder, or a file in it, cannot be read, or there is none, or there are too many.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let mut paths = Vec::new();
        collect(folder, 0, &mut paths)?;
        paths.sort();
        if paths.is_empty() {
            return Err(format!("there is no YAML file in `{}`", folder.display()));
        }
        let files = paths.iter().map(|path| Ok((shown(path), text(path)?))).collect::<Result<_, String>>()?;
        let root = shown(&folder.join(SETTINGS_FILE));
        Ok(Self { root: root.strip_suffix(SETTINGS_FILE).unwrap_or_default().to_owned(), files })
    }

    /// With one more file, such as settings from elsewhere.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn with(mut self, path: &Path) -> Result<Self, String> {
        let path_shown = shown(path);
        if !self.has(&path_shown) {
            self.files.push((path_shown, text(path)?));
        }
        Ok(self)
    }

    /// With the settings in the binary, and the scripts they may name, where the folder has none of its own.
    #[must_use]
    pub fn or_settings_of(mut self, embedded: &[(&str, &str)]) -> Self {
        if !self.has(&format!("{}{SETTINGS_FILE}", self.root)) {
            let belongs = |path: &str| path == SETTINGS_FILE || kind(path) == Kind::Script;
            let belonging = embedded.iter().filter(|(path, _)| belongs(path));
            self.files.extend(belonging.map(|(path, text)| (format!("{BUILT_IN}/{path}"), (*text).to_owned())));
        }
        self
    }

    /// The text of a file.
    #[must_use]
    pub fn text_of(&self, path: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == path).map(|(_, text)| text)
    }

    /// With another text for one of them.
    #[must_use]
    pub fn replaced(mut self, path: &str, text: String) -> Self {
        if let Some((_, there)) = self.files.iter_mut().find(|(known, _)| known == path) {
            *there = text;
        }
        self
    }

    /// Only those that `keep` holds for, by path.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&str) -> bool) -> Self {
        self.files.retain(|(path, _)| keep(path));
        self
    }

    /// The paths of the files of definitions.
    pub fn definitions(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(path, _)| path).filter(|path| kind(path) == Kind::Definition)
    }

    /// Path and text of each, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// What the paths of all files in the folder begin with.
    pub(super) fn root(&self) -> &str {
        &self.root
    }

    /// The file that settings are read from: the one asked for, else the folder's own, else the one in the binary.
    pub(super) fn settings_path(&self, config: Option<&Path>) -> Option<String> {
        match config {
            Some(config) => Some(shown(config)),
            None => {
                let places = [format!("{}{SETTINGS_FILE}", self.root), format!("{BUILT_IN}/{SETTINGS_FILE}")];
                places.into_iter().find(|path| self.has(path))
            }
        }
    }

    fn has(&self, path: &str) -> bool {
        self.files.iter().any(|(known, _)| known == path)
    }
}

fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("`{}` cannot be read: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if depth < DEPTH_MAX {
                collect(&path, depth + 1, paths)?;
            }
        } else if path.extension().is_some_and(|kind| ENDINGS.iter().any(|ending| kind == *ending)) {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            return Err(format!("there are more than {FILES_MAX} files in `{}`", folder.display()));
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("`{}` cannot be read: {error}", path.display());
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("`{}` is too large: {bytes} bytes, and {FILE_BYTES_MAX} is the most", path.display()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/").trim_start_matches("./").to_owned()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_name() {
        assert_eq!(kind("a/tests.yaml"), Kind::Tests);
        assert_eq!(kind("a/late.tests.yaml"), Kind::Tests);
        assert_eq!(kind("a/late-tests.yml"), Kind::Tests);
        assert_eq!(kind("a/contests.yaml"), Kind::Definition);
        assert_eq!(kind("tests/namespace.yaml"), Kind::Definition);
        assert_eq!(kind("a/homeroom.yaml"), Kind::Settings);
        assert_eq!(kind("tests.sql"), Kind::Script);
    }

    #[test]
    fn settings_are_those_of_the_folder_and_not_of_one_below() {
        let files = Files::embedded(&[("homeroom.yaml", ""), ("z/homeroom.yaml", ""), ("a/homeroom.yaml", "")]);
        assert_eq!(files.settings_path(None).as_deref(), Some("homeroom.yaml"));
        assert_eq!(files.settings_path(Some(Path::new("./etc/h.yaml"))).as_deref(), Some("etc/h.yaml"));
        let below = Files::embedded(&[("a/homeroom.yaml", "")]);
        assert_eq!(below.settings_path(None), None);
        let built_in = below.or_settings_of(&[("homeroom.yaml", ""), ("d.sql", ""), ("b/namespace.yaml", "")]);
        assert_eq!(built_in.settings_path(None).as_deref(), Some("built-in/homeroom.yaml"));
        assert_eq!(built_in.iter().count(), 3, "no definitions come with the settings");
    }
}
