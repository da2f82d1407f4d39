//! The newest revision that was acknowledged, in a file beside the database.
//!
//! SQLite takes a damaged page in its write-ahead log for the end of the log, and forgets what comes after it. This file is written
//! after each commit and never synced: it survives the death of the process, and after a loss of power it may be behind the log, but
//! never ahead of it. A log that ends before it has lost something.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

use super::OpenError;

/// Identity of the store, revision, checksum of both.
const LENGTH: usize = 20;

/// The open file.
pub(super) struct Witness {
    file: File,
    identity: i64,
}

impl Witness {
    /// Opens or makes the file of the store with that identity; answers the revision that it saw, 0 when none.
    pub(super) fn open(path: &Path, identity: i64) -> Result<(Self, u64), OpenError> {
        let io = |source| OpenError::Io { what: format!("opening {}", path.display()), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(io)?;
        let mut text = Vec::with_capacity(LENGTH);
        file.read_to_end(&mut text).map_err(io)?;
        let seen = match decode(&text) {
            Some((of, revision)) if of == identity => revision,
            // That of another store: the database was restored from a backup.
            Some(_) => 0,
            None => {
                if !text.is_empty() {
                    tracing::warn!(file = %path.display(), "the newest acknowledged revision cannot be read; the object log alone is believed");
                }
                0
            }
        };
        Ok((Self { file, identity }, seen))
    }

    /// Everything up to that revision is on disk.
    pub(super) fn saw(&self, revision: u64) {
        // What is lost when this fails is a check at the next start.
        if let Err(error) = self.file.write_all_at(&encode(self.identity, revision), 0) {
            tracing::warn!(%error, "the newest acknowledged revision could not be noted");
        }
    }
}

fn encode(identity: i64, revision: u64) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&identity.to_le_bytes());
    bytes[8..16].copy_from_slice(&revision.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..16]);
    bytes[16..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<(i64, u64)> {
    let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
    let (identity, revision) =
        (i64::from_le_bytes(bytes[..8].try_into().ok()?), u64::from_le_bytes(bytes[8..16].try_into().ok()?));
    (encode(identity, revision) == *bytes).then_some((identity, revision))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_for_its_own_store_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("objects.head");
        let open = |identity| Witness::open(&path, identity).unwrap();
        open(7).0.saw(42);
        assert_eq!(open(7).1, 42);
        assert_eq!(open(8).1, 0);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[9] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(open(7).1, 0, "a damaged file says nothing");
    }
}
