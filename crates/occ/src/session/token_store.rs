//! Short-lived tokens in a file beside the configuration, for its owner only.

use crate::config::write_private;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A token and its end, in seconds since 1970. An empty one stands for a control plane that asks for none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) value: String,
    pub(super) expires: i64,
}

impl Token {
    pub(super) fn value(&self) -> Option<String> {
        Some(self.value.clone()).filter(|value| !value.is_empty())
    }
}

/// Where tokens are kept, by control plane and client.
pub(super) struct TokenStore {
    path: PathBuf,
}

impl TokenStore {
    pub(super) fn beside(config: &Path) -> TokenStore {
        let mut name = config.file_name().unwrap_or_default().to_owned();
        name.push(".tokens");
        TokenStore { path: config.with_file_name(name) }
    }

    /// What a token is kept under.
    pub(super) fn key(url: &str, client: &str) -> String {
        format!("{url} {client}")
    }

    /// Whether a token of this client is kept, for any control plane.
    pub(super) fn has(&self, client: &str) -> bool {
        self.all().iter().any(|(key, token)| {
            token.value().is_some() && key.split_once(' ').is_some_and(|(_, owner)| owner == client)
        })
    }

    fn all(&self) -> BTreeMap<String, Token> {
        // A file that cannot be read costs one more request, and is written anew.
        std::fs::read(&self.path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    pub(super) fn read(&self, key: &str) -> Option<Token> {
        self.all().remove(key)
    }

    pub(super) fn write(&self, key: &str, token: &Token) -> Result<(), Failure> {
        let mut all = self.all();
        all.insert(key.to_owned(), token.clone());
        let text = serde_json::to_vec(&all).unwrap_or_default();
        write_private(&self.path, &text)
    }

    /// Forgets all tokens.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::Input(format!("cannot remove {}: {error}", self.path.display())))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn tokens_are_kept_for_their_owner_only_until_they_are_cleared() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = TokenStore::beside(&folder.path().join("config"));
        let token = Token { value: "abc".into(), expires: 7 };
        let key = TokenStore::key("http://x", "one");
        store.write(&key, &token).expect("written");
        let file = folder.path().join("config.tokens");
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        assert!(store.read(&key) == Some(token) && store.read("other").is_none());
        assert!(store.has("one") && !store.has("on") && !store.has("http://x"));
        store.clear().expect("cleared");
        store.clear().expect("nothing to clear");
        assert!(!file.exists());
    }
}
