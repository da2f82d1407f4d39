//! Why a command did not do what was asked, and the exit code that says so.

use std::process::ExitCode;
use thiserror::Error;

/// What went wrong. The text is for people; scripts read the exit code.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Arguments, files or configuration that cannot be meant.
    #[error("{0}")]
    Input(String),
    /// The control plane refused, or cannot be reached.
    #[error("{0}")]
    Server(String),
    /// Something was asked for that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// No valid login, or not allowed.
    #[error("{0}")]
    Denied(String),
    /// The object was changed, or exists, in the meantime.
    #[error("{0}")]
    Conflict(String),
    /// What was waited for did not happen in time.
    #[error("{0}")]
    TimedOut(String),
    /// Everything was said already.
    #[error("")]
    Reported,
}

impl Failure {
    /// What to print; nothing where it was printed as it happened.
    pub(crate) fn text(&self) -> Option<String> {
        (*self != Failure::Reported).then(|| self.to_string())
    }

    /// 1 for most, 3 not found, 4 denied, 5 conflict, 6 timed out. (2 is for usage.)
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Input(_) | Failure::Server(_) | Failure::Reported => 1,
            Failure::NotFound(_) => 3,
            Failure::Denied(_) => 4,
            Failure::Conflict(_) => 5,
            Failure::TimedOut(_) => 6,
        })
    }
}
