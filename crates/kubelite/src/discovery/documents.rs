//! Large documents, kept until the set of kinds changes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::kinds::Kinds;

/// Bytes and digest of each document.
type ByName = HashMap<String, (Bytes, String)>;

/// Documents by name, of one edition of the kinds.
#[derive(Default)]
pub(crate) struct Documents {
    kept: Mutex<(u64, ByName)>,
}

impl Documents {
    /// The document's bytes and their digest.
    pub(super) fn get(
        &self,
        kinds: &Kinds,
        name: &str,
        make: impl FnOnce(&Kinds) -> Option<Value>,
    ) -> Option<(Bytes, String)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != kinds.edition {
            *kept = (kinds.edition, HashMap::new());
        }
        if let Some(known) = kept.1.get(name) {
            return Some(known.clone());
        }
        let bytes = Bytes::from(make(kinds)?.to_string());
        let made = (bytes.clone(), digest(&bytes));
        kept.1.insert(name.to_owned(), made.clone());
        Some(made)
    }
}

/// A digest in capital hexadecimal, as Kubernetes writes it.
pub(super) fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
