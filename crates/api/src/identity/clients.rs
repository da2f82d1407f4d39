//! The clients that may ask for tokens, as hashes of their secrets.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// A client's secret, given out once. Its text is shown by [`ClientSecret::reveal`] only.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// 244 random bits as 64 hexadecimal digits.
    pub(super) fn random() -> ClientSecret {
        ClientSecret(format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()))
    }

    /// The secret's text, to be written where only its owner reads it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientSecret(…)")
    }
}

/// Hashes by client id.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Clients(BTreeMap<String, String>);

impl Clients {
    pub(super) fn set(&mut self, id: &str, secret: &ClientSecret) {
        self.0.insert(id.to_owned(), hash(&secret.0));
    }

    /// Whether this is the client's secret. Secrets are random and long, so comparing hashes tells nothing by its timing.
    pub(super) fn accepts(&self, id: &str, secret: &str) -> bool {
        self.0.get(id).is_some_and(|known| *known == hash(secret))
    }
}

fn hash(secret: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(secret.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
