//! `homeroom fmt`: the style of files, and that it changes nothing but that.

use std::fs;
use std::path::Path;

use homeroom_cli::fmt::Formatted;

#[test]
fn the_files_of_this_repository_are_in_the_style() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut formatted = Formatted::default();
    for folder in ["namespaces", "examples", "tests/namespaces", "engine/cli/src/new"] {
        formatted.add(&root.join(folder), true).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(formatted, Formatted::default(), "run `homeroom fmt` on them");
}

#[test]
fn a_check_changes_nothing_and_what_cannot_be_read_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let (loose, broken) = (folder.path().join("loose.yaml"), folder.path().join("sub").join("broken.yml"));
    fs::create_dir(folder.path().join("sub")).expect("a folder");
    fs::write(&loose, "a:   { b: 1 }   # kept\n").expect("a file");
    fs::write(&broken, "a: {\n").expect("a file");
    fs::write(folder.path().join("script.sql"), "select   1").expect("a file");
    for check in [true, false] {
        let mut formatted = Formatted::default();
        formatted.add(folder.path(), check).expect("files");
        assert_eq!((formatted.changed.len(), formatted.left.len()), (1, 1), "{formatted:?}");
        let expected = if check { "a:   { b: 1 }   # kept\n" } else { "a: { b: 1 } # kept\n" };
        assert_eq!(fs::read_to_string(&loose).expect("text"), expected);
        assert_eq!(fs::read_to_string(&broken).expect("text"), "a: {\n");
    }
    let mut again = Formatted::default();
    again.add(&loose, true).expect("a file");
    assert_eq!(again, Formatted::default());
}
