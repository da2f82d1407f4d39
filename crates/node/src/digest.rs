//! Short digests for names and labels.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The first `bytes` bytes of the SHA-256 of `text`, in hexadecimal.
pub(crate) fn short(text: &[u8], bytes: usize) -> String {
    Sha256::digest(text).iter().take(bytes).fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
