//! Tells when files below a folder have changed and come to rest.
//!
//! Folders are watched and not files: editors write a new file and rename it, and Kubernetes swaps a link. Systems that tell
//! of no change, and mounts on which none are told, are looked at every now and then. Whoever listens reads everything
//! anew and finds out itself whether anything is different.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long changes may go on before they are told all the same.
const UNREST_MAX: Duration = Duration::from_secs(1);

/// Changes of some folders and files.
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    changes: mpsc::Receiver<()>,
    /// Kept, since it ends with this.
    _watcher: Option<RecommendedWatcher>,
    seen: u64,
}

impl Watch {
    /// Watches these folders, with all below, and files, from now on: whoever reads them after this misses no change.
    pub(crate) fn new(paths: Vec<PathBuf>) -> Self {
        // One that waits to be heard stands for all that follow.
        let (told, changes) = mpsc::channel(1);
        let tell = move |event: notify::Result<Event>| {
            // To be read is no change, and reading is what a change brings about.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                let _ = told.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
            for path in &paths {
                watcher.watch(folder(path), RecursiveMode::Recursive)?;
            }
            Ok(watcher)
        });
        let watcher = watcher.inspect_err(|error| {
            tracing::warn!(%error, "the system does not tell of changes; files are looked at every now and then");
        });
        let seen = stamp(&paths);
        Self { paths, changes, _watcher: watcher.ok(), seen }
    }

    /// Done when something has changed, and has been at rest for `debounce`. Looks every `poll` by itself.
    pub(crate) async fn changed(&mut self, debounce: Duration, poll: Duration) {
        loop {
            let told = tokio::time::timeout(poll, self.changes.recv()).await;
            if told == Ok(None) {
                // The watcher is gone, so that nothing would wait here.
                tokio::time::sleep(poll).await;
            }
            if told == Ok(Some(())) {
                self.rest(debounce).await;
            }
            let now = stamp(&self.paths);
            if std::mem::replace(&mut self.seen, now) != now {
                return;
            }
        }
    }

    async fn rest(&mut self, debounce: Duration) {
        let until = Instant::now() + UNREST_MAX;
        while Instant::now() < until {
            if !matches!(tokio::time::timeout(debounce, self.changes.recv()).await, Ok(Some(()))) {
                return;
            }
        }
    }
}

fn folder(path: &Path) -> &Path {
    if path.is_dir() {
        return path;
    }
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A number that is another one when a file came, went, or was written.
fn stamp(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    paths.iter().for_each(|path| add(path, 0, &mut hasher));
    hasher.finish()
}

fn add(path: &Path, depth: usize, hasher: &mut DefaultHasher) {
    const DEPTH_MAX: usize = 16;
    let Ok(about) = std::fs::metadata(path) else { return };
    if about.is_dir() && depth < DEPTH_MAX {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| add(entry, depth + 1, hasher));
    } else {
        let written = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        (path, about.len(), written).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn noticed(watch: &mut Watch) {
        let changed = watch.changed(Duration::from_millis(20), Duration::from_secs(1));
        tokio::time::timeout(Duration::from_secs(20), changed).await.expect("it is noticed");
    }

    #[tokio::test]
    async fn writes_renames_new_folders_and_swapped_links_are_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("a.yaml");
        std::fs::write(&file, "a").expect("written");
        let mut watch = Watch::new(vec![dir.path().to_owned()]);
        std::fs::write(&file, "ab").expect("written");
        noticed(&mut watch).await;
        std::fs::write(dir.path().join("new"), "abc").expect("written");
        std::fs::rename(dir.path().join("new"), &file).expect("renamed");
        noticed(&mut watch).await;
        std::fs::create_dir(dir.path().join("below")).expect("made");
        std::fs::write(dir.path().join("below/b.yaml"), "b").expect("written");
        noticed(&mut watch).await;
        std::fs::write(dir.path().join("below/b.yaml"), "bc").expect("written");
        noticed(&mut watch).await;
    }

    #[tokio::test]
    async fn what_changes_before_anybody_waits_is_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("a.yaml"), "a").expect("written");
        let mut watch = Watch::new(vec![dir.path().to_owned()]);
        std::fs::write(dir.path().join("a.yaml"), "ab").expect("written");
        noticed(&mut watch).await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_swapped_link_to_a_folder_is_noticed() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().expect("a folder");
        for (version, text) in [("..v1", "one"), ("..v2", "other")] {
            std::fs::create_dir(dir.path().join(version)).expect("made");
            std::fs::write(dir.path().join(version).join("a.yaml"), text).expect("written");
        }
        symlink("..v1", dir.path().join("..data")).expect("linked");
        symlink("..data/a.yaml", dir.path().join("a.yaml")).expect("linked");
        let mut watch = Watch::new(vec![dir.path().to_owned()]);
        symlink("..v2", dir.path().join("..data_tmp")).expect("linked");
        std::fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).expect("renamed");
        noticed(&mut watch).await;
    }
}
