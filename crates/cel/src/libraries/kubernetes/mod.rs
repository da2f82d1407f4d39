//! The functions that Kubernetes adds to the language: lists, regular expressions, URLs, addresses, quantities, versions, formats.

mod address;
mod format;
mod lists;
mod quantity;
mod regex;
mod semver;
mod url;

use crate::env::Library;

pub use address::network;
pub use format::formats;
pub use lists::lists;
pub use quantity::quantities;
pub use regex::regexes;
pub use semver::versions;
pub use url::urls;

/// All of them.
pub fn all() -> Vec<Library> {
    vec![lists(), regexes(), urls(), network(), quantities(), versions(), formats()]
}
