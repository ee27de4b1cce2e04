//! Files as they stood at a commit, asked of the `git` program: bounded in time and in bytes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::load::{Files, is_read};

/// How long git may take for one answer.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How many bytes git may answer with.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How many files are read.
const FILES_MAX: usize = 10_000;

/// How many bytes of what git complains of are shown.
const COMPLAINT_BYTES_MAX: u64 = 2000;

/// The files that `folder` had at a commit; paths begin with the folder's own.
///
/// # Errors
/// If there is no git, no work tree, no such commit, or nothing in the folder at that commit.
pub(super) fn files(folder: &Path, commit: &str) -> Result<Files, String> {
    if commit.starts_with('-') {
        return Err(format!("`{commit}` is no name of a commit"));
    }
    let inside = |error: String| format!("`{}` is not in a work tree of git: {error}", folder.display());
    let prefix = line(&git(folder, &["rev-parse", "--show-prefix"], "").map_err(inside)?);
    let wanted = format!("{commit}^{{commit}}");
    let id = git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], "")
        .map_err(|_| format!("git knows no commit `{commit}` here; is it a folder that does not exist?"))?;
    let id = line(&id);
    let listed = git(folder, &["ls-tree", "-r", "-z", "--name-only", &id, "--", "."], "")?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let paths: Vec<&str> = listed.split('\0').filter(|path| is_read(path) && !path.contains('\n')).collect();
    if paths.is_empty() {
        return Err(format!("there is no YAML file in `{}` at `{commit}`", folder.display()));
    }
    if paths.len() > FILES_MAX {
        return Err(format!("there are more than {FILES_MAX} files in `{}` at `{commit}`", folder.display()));
    }
    let asked: String = paths.iter().map(|path| format!("{id}:{prefix}{path}\n")).collect();
    let texts = contents(&git(folder, &["cat-file", "--batch"], &asked)?, paths.len())?;
    let root = root_of(folder);
    let files = paths.iter().zip(texts).map(|(path, text)| (format!("{root}{path}"), text)).collect();
    Ok(Files::below(root, files))
}

/// Whether a folder is in a work tree of git that has a commit.
///
/// # Errors
/// If git cannot be asked.
pub(super) fn has_commit(folder: &Path) -> Result<bool, String> {
    git(folder, &["--version"], "")?;
    Ok(git(folder, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], "").is_ok())
}

/// What paths of files in a folder begin with, as [`Files::read`] shows them.
fn root_of(folder: &Path) -> String {
    let shown = folder.join("x").to_string_lossy().replace('\\', "/");
    shown.trim_start_matches("./").trim_end_matches('x').to_owned()
}

fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\n', '\r']).to_owned()
}

/// The objects that `cat-file --batch` wrote: a line `<id> <kind> <size>`, that many bytes, a line break.
fn contents(mut answer: &[u8], count: usize) -> Result<Vec<String>, String> {
    let unclear = || "git answers in a way that is not understood".to_owned();
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let end = answer.iter().position(|byte| *byte == b'\n').ok_or_else(unclear)?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let size: usize = head.rsplit(' ').next().and_then(|size| size.parse().ok()).ok_or_else(unclear)?;
        let body = answer.get(end + 1..end + 1 + size).ok_or_else(unclear)?;
        texts.push(String::from_utf8(body.to_vec()).map_err(|_| format!("a file is not text: {head}"))?);
        answer = answer.get(end + 2 + size..).unwrap_or_default();
    }
    Ok(texts)
}

/// Runs git in a folder with something to read, and hands out what it writes.
fn git(folder: &Path, arguments: &[&str], input: &str) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).arg("--no-pager").args(arguments);
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no `git` program here; say `--against` and a folder to compare with".to_owned()
        }
        _ => format!("git cannot be run: {error}"),
    })?;
    let answer = exchange(&mut child, input);
    // A git that is still running has said too much, or taken too long.
    let _ = child.kill();
    let status = child.wait().map_err(|error| format!("git cannot be waited for: {error}"))?;
    let (written, complaint) = answer?;
    if written.len() as u64 > BYTES_MAX {
        return Err(format!("git answers with more than {BYTES_MAX} bytes"));
    }
    match status.success() {
        true => Ok(written),
        false => Err(line(&complaint).trim_start_matches("fatal: ").to_owned()),
    }
}

fn exchange(child: &mut Child, input: &str) -> Result<(Vec<u8>, Vec<u8>), String> {
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_owned();
    thread::spawn(move || {
        // What git does not want to read does not matter: it says why.
        let _ = stdin.as_mut().map(|stdin| stdin.write_all(input.as_bytes()));
    });
    let (told, heard) = mpsc::channel();
    let complaints = thread::spawn(move || read(stderr, COMPLAINT_BYTES_MAX));
    thread::spawn(move || told.send(read(stdout, BYTES_MAX + 1)));
    let written = heard.recv_timeout(TIME_MAX).map_err(|_| {
        let _ = child.kill();
        format!("git does not answer within {} seconds", TIME_MAX.as_secs())
    })?;
    if written.len() as u64 > BYTES_MAX {
        return Ok((written, Vec::new()));
    }
    // Its output has ended, so it ends by itself, and its complaints with it.
    let _ = child.wait();
    Ok((written, complaints.join().unwrap_or_default()))
}

/// As many bytes as allowed; what is more is read and let go, so that nobody waits for a full pipe.
fn read(from: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        let _ = from.by_ref().take(most).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs git in a folder, for somebody without settings of their own.
    fn run(folder: &Path, arguments: &[&str]) {
        let own = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false"];
        let status = Command::new("git").arg("-C").arg(folder).args(own).args(arguments).status().expect("git");
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn files_are_as_they_were_at_the_commit() {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, folder) = (dir.path(), dir.path().join("names paces"));
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, text).expect("a file");
        };
        run(root, &["init", "-q"]);
        assert_eq!(has_commit(root), Ok(false));
        write("a/namespace.yaml", "namespace: /a\n");
        write("common.yaml", "");
        write("notes.txt", "not read");
        write(".hidden/x.yaml", "not read");
        std::fs::write(root.join("outside.yaml"), "not read").expect("a file");
        run(root, &["add", "."]);
        run(root, &["commit", "-qm", "first"]);
        write("a/namespace.yaml", "namespace: /b\n");
        write("new.yaml", "");
        assert_eq!(has_commit(&folder), Ok(true));

        let files = files(&folder, "HEAD").expect("the files");
        let shown = folder.to_string_lossy().replace('\\', "/");
        let expected = [(format!("{shown}/a/namespace.yaml"), "namespace: /a\n"), (format!("{shown}/common.yaml"), "")];
        let found: Vec<(String, &str)> = files.iter().map(|(path, text)| (path.to_owned(), text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_git_does_not_know_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let told = |folder: &Path, commit: &str| files(folder, commit).err().unwrap_or_default();
        run(dir.path(), &["init", "-q"]);
        std::fs::write(dir.path().join("a.txt"), "").expect("a file");
        run(dir.path(), &["add", "."]);
        run(dir.path(), &["commit", "-qm", "first"]);
        assert!(told(dir.path(), "nosuch").starts_with("git knows no commit `nosuch` here"));
        assert!(told(dir.path(), "HEAD").starts_with("there is no YAML file in"));
        assert_eq!(told(dir.path(), "--output=x"), "`--output=x` is no name of a commit");
    }

    #[test]
    fn objects_are_read_to_the_byte() {
        let answer = b"id1 blob 3\na\nb\nid2 blob 0\n\n";
        assert_eq!(contents(answer, 2), Ok(vec!["a\nb".to_owned(), String::new()]));
        assert!(contents(b"id3 missing\n", 1).is_err());
        assert!(contents(b"id3 blob 9\nshort\n", 1).is_err());
    }
}
