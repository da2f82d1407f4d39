//! An effect that did not work.

use std::fmt;

use super::ObjectRef;

/// The last effect of a key that did not work. A function sees it through
/// [`World::last_failure`](super::World::last_failure), to tell of it in a condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What was tried: `apply`, `create`, `delete`, `add finalizer`, …
    pub action: &'static str,
    /// On which object.
    pub object: ObjectRef,
    /// What kind of failure it is.
    pub reason: FailureReason,
    /// The words of whoever refused.
    pub message: String,
}

/// Kinds of failure, as far as the way out differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum FailureReason {
    /// The object changed meanwhile, or another owner holds a field. Tried again by itself.
    Conflict,
    /// We lack permission.
    Forbidden,
    /// The object is refused as it is; it must be corrected.
    Invalid,
    /// Something it needs (a namespace) is not there.
    NotFound,
    /// The cluster does not know the kind.
    NotServed,
    /// The cluster cannot be reached, or is too busy.
    Unavailable,
    /// The server answered with another error.
    Refused,
    /// The engine does not send it, because it would break a rule of the engine.
    Unsound,
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "Conflict",
            Self::Forbidden => "Forbidden",
            Self::Invalid => "Invalid",
            Self::NotFound => "NotFound",
            Self::NotServed => "NotServed",
            Self::Unavailable => "Unavailable",
            Self::Refused => "Refused",
            Self::Unsound => "Unsound",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {} ({})", self.action, self.object, self.message, self.reason)
    }
}
