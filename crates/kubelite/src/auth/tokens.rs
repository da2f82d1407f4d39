//! Bearer tokens: kept as digests, never as they are.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use crate::admission::User;

/// Tokens that are valid.
#[derive(Default)]
pub(crate) struct Tokens {
    known: RwLock<HashMap<[u8; 32], User>>,
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Tokens {
    /// Accepts a token from now on.
    pub(crate) fn add(&self, token: &str, user: User) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(digest(token), user);
    }

    /// Whose token it is.
    pub(crate) fn user(&self, token: &str) -> Option<User> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&digest(token)).cloned()
    }
}
