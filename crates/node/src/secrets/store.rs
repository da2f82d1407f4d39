//! The store: keys with values in one file, mode 0600, replaced as a whole and on disk before it is acknowledged.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::{Mutex, watch};

/// The layout of the file.
const LAYOUT: u64 = 1;
/// The most bytes of one value: what fits a Kubernetes Secret.
const LARGEST: usize = 1024 * 1024;

/// Why the store did not do what it was asked to. Never carries a value.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file cannot be read or written; what was there stays.
    #[error("the secret store {path} cannot be {action}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The file is not a secret store.
    #[error(
        "the secret store {path} is damaged or of a newer version ({reason}); it was left as it is. Restore it from a backup, or move it away to begin with an empty one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key has a form that is not kept.
    #[error("secret key {key:?}: a key has 1 to 512 characters without control characters")]
    Key {
        /// The key.
        key: String,
    },
    /// The value has a form that is not kept.
    #[error("secret {key:?}: {reason}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// The values of a moment, by key: each is text, or an object of texts by property.
pub(crate) type Values = BTreeMap<String, Value>;

/// The embedded secret store. Cheap to clone.
#[derive(Clone)]
pub struct SecretStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    values: watch::Sender<Arc<Values>>,
    writing: Mutex<()>,
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretStore").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl SecretStore {
    /// Opens the store in `path`; it is made at the first write.
    ///
    /// # Errors
    /// [`StoreError::File`] and [`StoreError::Damaged`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let read = tokio::fs::read(path).await;
        let values = match read {
            Ok(bytes) => parse(&bytes).map_err(|reason| StoreError::Damaged { path: path.to_owned(), reason })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Values::new(),
            Err(source) => return Err(StoreError::File { path: path.to_owned(), action: "read", source }),
        };
        let values = watch::Sender::new(Arc::new(values));
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), values, writing: Mutex::new(()) }) })
    }

    /// Keeps a value: text, or an object whose members are texts (an ExternalSecret's `property` names one).
    ///
    /// # Errors
    /// [`StoreError`]; nothing changed then.
    pub async fn put(&self, key: &str, value: Value) -> Result<(), StoreError> {
        if key.is_empty() || key.chars().count() > 512 || key.chars().any(char::is_control) {
            return Err(StoreError::Key { key: key.to_owned() });
        }
        let wrong = |reason| Err(StoreError::Value { key: key.to_owned(), reason });
        match &value {
            Value::String(_) => {}
            Value::Object(members) if members.values().all(Value::is_string) => {}
            _ => return wrong("the value must be text, or an object whose members are texts"),
        }
        if value.to_string().len() > LARGEST {
            return wrong("the value has more than 1 MiB, which no Secret holds");
        }
        self.change(|values| {
            values.insert(key.to_owned(), value);
        })
        .await
    }

    /// Forgets a key. Returns whether it was there.
    ///
    /// # Errors
    /// [`StoreError::File`]; nothing changed then.
    pub async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let mut there = false;
        self.change(|values| there = values.remove(key).is_some()).await?;
        Ok(there)
    }

    /// The keys with the names of their properties (none for a text), in order. Values are not told.
    pub fn list(&self) -> Vec<(String, Vec<String>)> {
        let values = self.values();
        let properties =
            |value: &Value| value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
        values.iter().map(|(key, value)| (key.clone(), properties(value))).collect()
    }

    pub(crate) fn values(&self) -> Arc<Values> {
        self.inner.values.borrow().clone()
    }

    /// Wakes at each change.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<Values>> {
        self.inner.values.subscribe()
    }

    async fn change(&self, change: impl FnOnce(&mut Values)) -> Result<(), StoreError> {
        let _turn = self.inner.writing.lock().await;
        let mut values = Values::clone(&self.values());
        change(&mut values);
        if values == *self.values() {
            return Ok(());
        }
        let (path, text) = (self.inner.path.clone(), json!({"layout": LAYOUT, "values": values}).to_string());
        let written = tokio::task::spawn_blocking(move || write(&path, text.as_bytes())).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|source| StoreError::File { path: self.inner.path.clone(), action: "written", source })?;
        self.inner.values.send_replace(Arc::new(values));
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> Result<Values, String> {
    // The parser's words name places, not contents.
    let mut file: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("no JSON at line {}, column {}", error.line(), error.column()))?;
    match file["layout"].as_u64() {
        Some(LAYOUT) => {}
        Some(other) => return Err(format!("layout {other}, known is {LAYOUT}")),
        None => return Err("no layout number".to_owned()),
    }
    match file["values"].take() {
        Value::Object(values) => Ok(values.into_iter().collect()),
        _ => Err("no values".to_owned()),
    }
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn values_survive_and_only_their_owner_may_read_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/secrets.json");
        let store = SecretStore::open(&path).await.expect("opened");
        store.put("db/login", json!({"user": "app", "password": "hunter2"})).await.expect("kept");
        store.put("token", json!("abc")).await.expect("kept");
        assert!(store.delete("token").await.expect("deleted") && !store.delete("token").await.expect("deleted"));
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let again = SecretStore::open(&path).await.expect("opened again");
        assert_eq!(again.list(), [("db/login".to_owned(), vec!["password".to_owned(), "user".to_owned()])]);
        assert!(!format!("{again:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_damaged_store_is_named_and_left_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secrets.json");
        for content in ["{\"layout\": 1, \"values\": {\"a\": \"hunter2\"", "{\"layout\": 2, \"values\": {}}", "[]"] {
            std::fs::write(&path, content).expect("written");
            let error = SecretStore::open(&path).await.expect_err("refused").to_string();
            assert!(error.contains("secrets.json") && !error.contains("hunter2"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), content);
        }
    }

    #[tokio::test]
    async fn what_no_secret_can_hold_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SecretStore::open(&folder.path().join("s")).await.expect("opened");
        for (key, value) in [
            ("", json!("x")),
            ("a\nb", json!("x")),
            ("a", json!(1)),
            ("a", json!({"b": {"c": "d"}})),
            ("a", json!("x".repeat(LARGEST))),
        ] {
            assert!(store.put(key, value).await.is_err());
        }
        assert!(store.list().is_empty());
    }
}
