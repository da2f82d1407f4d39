//! Why there is no engine to speak to, with the way out.

use std::path::PathBuf;

use thiserror::Error;

/// Why the container engine cannot be used.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Neither a socket nor a program was found.
    #[error(
        "no container engine found. Tried: {tried}. Install one (Debian and Ubuntu: `apt-get install podman`), start the one that is there (`systemctl start docker` or `systemctl start podman.socket`), or set DOCKER_HOST to its address"
    )]
    NotFound {
        /// What was looked at, with what came of it.
        tried: String,
    },
    /// The address was given by the user and does not answer.
    #[error(
        "the container engine at {address} (from {source_of_address}) does not answer: {reason}. Start the engine, or correct or unset {source_of_address}"
    )]
    NoAnswer {
        /// The address.
        address: String,
        /// Where the address was given.
        source_of_address: &'static str,
        /// The connection's failure.
        reason: String,
    },
    /// The address has a form that is not spoken.
    #[error(
        "the container engine's address {address:?} (from {source_of_address}) is not supported: expected unix:///path or tcp://host:port"
    )]
    Address {
        /// The address.
        address: String,
        /// Where the address was given.
        source_of_address: &'static str,
    },
    /// Podman's API service was started and did not come up.
    #[error(
        "Podman is installed, but its API service did not come up: {reason}. Try `podman info` in a shell and follow what it says"
    )]
    PodmanService {
        /// What the service said.
        reason: String,
    },
    /// The engine answered with an error.
    #[error("the container engine at {address} refused to {action}: {reason}")]
    Refused {
        /// The address.
        address: String,
        /// What was asked.
        action: &'static str,
        /// The engine's words.
        reason: String,
    },
    /// The data folder cannot be used.
    #[error("cannot use {path}: {source}")]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// What the engine said, without the client library's wrapping; with the way out where its words do not show it. Where it
/// said nothing, that.
pub fn engine_words(error: &bollard::errors::Error) -> String {
    let mut words = plain_words(error);
    if is_silence(error) {
        return format!("the container engine does not answer: {words}");
    }
    if words.contains("netavark") && words.contains("No such file or directory") {
        words.push_str(
            ". Podman's network program calls iptables, which is not installed (Debian and Ubuntu: `apt-get install iptables`)",
        );
    }
    words
}

/// Whether nothing came from the engine.
pub(crate) fn is_silence(error: &bollard::errors::Error) -> bool {
    use bollard::errors::Error;
    matches!(
        error,
        Error::HyperLegacyError { .. }
            | Error::HyperResponseError { .. }
            | Error::IOError { .. }
            | Error::RequestTimeoutError
            | Error::SocketNotFoundError(_)
    )
}

/// The same without a word on who says it.
pub(crate) fn plain_words(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        bollard::errors::Error::DockerStreamError { error } => error.trim().to_owned(),
        other => {
            let mut text = other.to_string();
            let mut source = std::error::Error::source(other);
            while let Some(inner) = source {
                let inner_text = inner.to_string();
                if !text.contains(&inner_text) {
                    text.push_str(": ");
                    text.push_str(&inner_text);
                }
                source = inner.source();
            }
            text
        }
    }
}

/// Whether the engine says that the thing asked for does not exist. Podman answers 500 where a container goes while it
/// is looked at.
pub fn is_missing(error: &bollard::errors::Error) -> bool {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code: 404, .. } => true,
        bollard::errors::Error::DockerResponseServerError { status_code: 500, message } => {
            message.contains("no such container")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::engine_words;

    #[test]
    fn an_engine_that_does_not_answer_is_said_not_to() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let words = engine_words(&bollard::errors::Error::IOError { err: broken });
        assert!(words.starts_with("the container engine does not answer: "), "{words}");
    }

    #[test]
    fn a_network_program_without_iptables_is_told_with_the_way_out() {
        let error = bollard::errors::Error::DockerResponseServerError {
            status_code: 500,
            message: "netavark: No such file or directory (os error 2)\n".to_owned(),
        };
        assert_eq!(
            engine_words(&error),
            "netavark: No such file or directory (os error 2). Podman's network program calls iptables, which is not \
             installed (Debian and Ubuntu: `apt-get install iptables`)"
        );
    }
}
