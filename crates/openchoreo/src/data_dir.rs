//! The folder that holds everything that is kept: only its owner may look inside.

use anyhow::{Context, Result, bail};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file that the one process which uses the folder holds.
const LOCK: &str = "openchoreo.lock";

/// An opened data folder. No other process opens it until this is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    /// None where another process holds the folder for this one.
    _lock: Option<File>,
}

impl DataDir {
    /// Opens the folder, or makes it; without a path, `openchoreo` under the user's data directory.
    pub(crate) fn open(path: Option<&Path>) -> Result<DataDir> {
        let path = place(path)?;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).with_context(|| {
            format!("cannot make the data folder {}: choose another with --data-dir", path.display())
        })?;
        let metadata =
            std::fs::metadata(&path).with_context(|| format!("cannot read the data folder {}", path.display()))?;
        if !metadata.is_dir() {
            bail!("the data folder {} is not a folder: choose another with --data-dir", path.display());
        }
        let own = nix::unistd::geteuid().as_raw();
        if metadata.uid() != own {
            bail!(
                "the data folder {} belongs to user {}, this process runs as user {own}: run as that user or choose another folder with --data-dir",
                path.display(),
                metadata.uid()
            );
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))
                .with_context(|| format!("cannot close the data folder {} to other users", path.display()))?;
        }
        let lock = lock(&path)?;
        Ok(DataDir { path, _lock: Some(lock) })
    }

    /// The folder that the process which started this one has opened, and holds.
    pub(crate) fn lent(path: Option<&Path>) -> Result<DataDir> {
        Ok(DataDir { path: place(path)?, _lock: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside, made if needed.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file inside that only its owner may read; whole or not at all.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(name);
        write_private(&path, content)?;
        Ok(path)
    }
}

/// Takes the folder for this process before anything in it is touched: a second one would end the container engine's
/// service under the first. The operating system frees it when the process dies.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let mut options = std::fs::OpenOptions::new();
    let opened = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = opened.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "of unknown number" } else { pid.trim() };
            bail!(
                "the data folder {} is in use by process {pid}: stop that process first, or choose another folder with --data-dir",
                folder.display()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file)
}

/// Writes a file that only its owner may read: to a neighbour first, synced, then renamed.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Where the data folder is; without a path, `openchoreo` under the user's data directory.
pub(crate) fn place(path: Option<&Path>) -> Result<PathBuf> {
    match path {
        Some(path) => std::path::absolute(path).with_context(|| format!("--data-dir {}", path.display())),
        None => default_path(),
    }
}

/// `$XDG_DATA_HOME/openchoreo`, or `~/.local/share/openchoreo`.
fn default_path() -> Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(data) = from("XDG_DATA_HOME") {
        return Ok(data.join("openchoreo"));
    }
    match from("HOME") {
        Some(home) => Ok(home.join(".local/share/openchoreo")),
        None => bail!("neither XDG_DATA_HOME nor HOME is set: say where to keep data with --data-dir"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_and_its_files_are_closed_to_others() {
        let outside = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(Some(&outside.path().join("a/b"))).expect("opens");
        let file = data.write("secret", b"x").expect("writes");
        let mode = |path: &Path| std::fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(data.path()), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn an_open_folder_is_closed() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(outside.path(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
        DataDir::open(Some(outside.path())).expect("opens");
        assert_eq!(std::fs::metadata(outside.path()).expect("exists").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_in_use_is_refused_with_the_process_that_uses_it() {
        let outside = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(Some(outside.path())).expect("opens");
        let error = DataDir::open(Some(outside.path())).expect_err("refused").to_string();
        assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
        drop(data);
        DataDir::open(Some(outside.path())).expect("opens again");
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let outside = tempfile::tempdir().expect("a folder");
        let path = outside.path().join("file");
        std::fs::write(&path, "x").expect("writes");
        let error = format!("{:#}", DataDir::open(Some(&path)).expect_err("refused"));
        assert!(error.contains(&path.display().to_string()) && error.contains("--data-dir"), "{error}");
    }

    #[test]
    fn a_second_write_replaces_the_first_whole() {
        let outside = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(Some(outside.path())).expect("opens");
        data.write("config", b"a long first version").expect("writes");
        let file = data.write("config", b"short").expect("writes");
        assert_eq!(std::fs::read(file).expect("reads"), b"short");
        let names = std::fs::read_dir(data.path()).expect("lists").flatten().map(|entry| entry.file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["config", LOCK], "no draft is left");
    }
}
