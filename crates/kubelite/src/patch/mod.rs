//! The patch types of the Kubernetes API, as pure functions: JSON patch (RFC 6902), merge patch (RFC 7396), strategic merge patch.
//!
//! Each takes the live object and the decoded patch and returns the patched object, neither defaulted nor validated.
//!
//! On purpose other than in Kubernetes: directives inside values that a strategic merge patch adds never end up in the object (an
//! item marked for deletion is not added), and the order of a list does not depend on what the same patch deletes from it.

mod go;
mod json;
mod list_order;
mod merge;
mod strategic;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use json::json;
pub use merge::merge;
pub use strategic::strategic;

/// A patch that was refused; the object is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatchError {
    /// 400 BadRequest: the patch is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 500 without a reason: a directive that does not fit, which Kubernetes takes for a failure of its own.
    #[error("{0}")]
    Failure(String),
    /// 413 RequestEntityTooLarge: too many operations.
    #[error("{0}")]
    TooLarge(String),
    /// 422 Invalid: the patch is well formed but does not apply to this object. (Kubernetes keeps the reason to itself and says
    /// "the server rejected our request due to an error in our request".)
    #[error("{0}")]
    Unprocessable(String),
}
