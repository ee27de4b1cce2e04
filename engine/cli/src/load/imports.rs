//! From the paths that files import to files.

use homeroom_definition::model::File;
use homeroom_definition::{Diagnostic, Diagnostics, SourceId, Sources, Text, suggest};

use crate::codes;
use crate::scenario::beside;

/// The files that `file` imports. Paths are relative to it, and stay below `root`.
pub(super) fn resolve(
    root: &str,
    sources: &Sources,
    source: SourceId,
    file: &File,
    definitions: &[SourceId],
    diagnostics: &mut Diagnostics,
) -> Vec<SourceId> {
    let from = sources.path(source);
    let mut found = Vec::new();
    for import in file.imports.iter() {
        let path = beside(from, &import.value);
        match definitions.iter().find(|source| sources.path(**source) == path) {
            _ if leaves(from.strip_prefix(root).unwrap_or(from), &import.value) => diagnostics.push(outside(import)),
            Some(import) => found.push(*import),
            None if sources.find(&path).is_some() => diagnostics.push(no_definitions(import, &path)),
            None => {
                let others = definitions.iter().filter(|other| **other != source);
                let others: Vec<String> = others.map(|other| relative(from, sources.path(*other))).collect();
                diagnostics.push(missing(import, &path, &others));
            }
        }
    }
    found
}

fn outside(import: &Text) -> Diagnostic {
    Diagnostic::error(codes::NO_FILE, import.span, "this leads out of the folder that is served")
        .help("paths are relative to this file, and stay within the folder")
}

fn no_definitions(import: &Text, path: &str) -> Diagnostic {
    Diagnostic::error(codes::NO_FILE, import.span, format!("there are no definitions in `{path}`"))
        .help("a file without `namespace:` that has `types:`, `queries:`, `rooms:` and the like can be imported")
}

fn missing(import: &Text, path: &str, others: &[String]) -> Diagnostic {
    let told = Diagnostic::error(codes::NO_FILE, import.span, format!("there is no file `{path}`"));
    match suggest(&import.value, others.iter().map(String::as_str)) {
        Some(meant) => {
            told.help(format!("did you mean `{meant}`?")).fix(import.span, meant, format!("write `{meant}`"))
        }
        None => told.help("paths are relative to this file, and stay within the folder that is served"),
    }
}

/// Whether `path`, written in the file `from` of the folder, is outside of the folder.
fn leaves(from: &str, path: &str) -> bool {
    let mut depth = from.split('/').count() - 1;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    path.starts_with('/')
}

/// How the file `from` writes the path `to`.
fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len().min(to.len()) - 1;
    let shared = from.iter().zip(&to).take(folders).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - 1 - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_from_the_file() {
        assert_eq!(relative("n/a/namespace.yaml", "n/common.yaml"), "../common.yaml");
        assert_eq!(relative("n/a/namespace.yaml", "n/a/types.yaml"), "types.yaml");
        assert_eq!(relative("common.yaml", "a/types.yaml"), "a/types.yaml");
        assert_eq!(relative("/x/a/b.yaml", "/y/c.yaml"), "../../y/c.yaml");
        for (from, to) in
            [("n/a/namespace.yaml", "n/common.yaml"), ("a.yaml", "b/c.yaml"), ("/x/a/b.yaml", "/x/c/d.yaml")]
        {
            assert_eq!(beside(from, &relative(from, to)), to);
        }
    }

    #[test]
    fn the_folder_is_not_left() {
        assert!(!leaves("a/namespace.yaml", "../common.yaml"));
        assert!(!leaves("a/namespace.yaml", "b/../../common.yaml"));
        assert!(leaves("a/namespace.yaml", "../../common.yaml"));
        assert!(leaves("namespace.yaml", "../folder/common.yaml"));
        assert!(leaves("a/namespace.yaml", "/a/common.yaml"));
    }
}
