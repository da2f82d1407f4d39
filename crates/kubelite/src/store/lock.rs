//! One process per data folder.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use super::OpenError;

/// Holds the folder's lock file until it is dropped; the operating system frees it when the process dies.
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Makes the folder (0700) if needed and locks it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let io = |what: &str| {
            let what = format!("{what} {}", folder.display());
            move |source| OpenError::Io { what, source }
        };
        fs::create_dir_all(folder).map_err(io("creating"))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(io("setting permissions of"))?;
        }
        let path = folder.join("kubelite.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io("opening the lock file in"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "(unknown)".to_owned() } else { pid.trim().to_owned() };
                return Err(OpenError::InUse { folder: folder.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(io("locking")(source)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.sync_all());
        written.map_err(io("writing the lock file in"))?;
        Ok(Self { _file: file })
    }
}
