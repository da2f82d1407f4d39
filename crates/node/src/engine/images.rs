//! Images: there or not, pulled within a deadline, and the one that this crate brings along.

use std::time::Duration;

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptions;
use futures::StreamExt as _;
use thiserror::Error;

use super::{Engine, engine_words, is_missing};

/// Why an image could not be brought.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum PullError {
    /// The engine or the registry said no.
    #[error("{0}")]
    Refused(String),
    /// Nothing came for too long.
    #[error("no progress from the registry within {} seconds", .0.as_secs())]
    Deadline(Duration),
}

/// An image that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalImage {
    pub(crate) id: String,
    /// The user that the image's configuration names.
    pub(crate) user: String,
}

impl Engine {
    /// The image of that name, if it is there.
    pub(crate) async fn local_image(&self, name: &str) -> Result<Option<LocalImage>, bollard::errors::Error> {
        match self.docker().inspect_image(name).await {
            Ok(found) => Ok(Some(LocalImage {
                id: found.id.unwrap_or_default(),
                user: found.config.and_then(|config| config.user).unwrap_or_default(),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Brings an image from its registry. `idle` bounds the time without any word of progress, so that a large image on a
    /// slow line is not given up while it moves.
    pub(crate) async fn pull(
        &self,
        name: &str,
        credentials: Option<DockerCredentials>,
        idle: Duration,
    ) -> Result<(), PullError> {
        let (image, tag) = split_tag(name);
        let options = CreateImageOptions {
            from_image: Some(image.to_owned()),
            tag: tag.map(str::to_owned),
            ..CreateImageOptions::default()
        };
        let mut progress = std::pin::pin!(self.docker().create_image(Some(options), None, credentials));
        loop {
            match tokio::time::timeout(idle, progress.next()).await {
                Err(_) => return Err(PullError::Deadline(idle)),
                Ok(None) => return Ok(()),
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(PullError::Refused(engine_words(&error))),
            }
        }
    }
}

/// Splits `name:tag`; a digest stays with the name; no tag means `latest`.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    if name.contains('@') {
        return (name, None);
    }
    match name.rsplit_once(':') {
        Some((image, tag)) if !tag.contains('/') => (image, Some(tag)),
        _ => (name, Some("latest")),
    }
}

#[cfg(test)]
mod tests {
    use super::split_tag;

    #[test]
    fn a_port_is_not_a_tag_and_a_digest_stays() {
        for (name, expected) in [
            ("busybox", ("busybox", Some("latest"))),
            ("busybox:1.36", ("busybox", Some("1.36"))),
            ("registry:5000/team/app", ("registry:5000/team/app", Some("latest"))),
            ("registry:5000/team/app:2", ("registry:5000/team/app", Some("2"))),
            ("app@sha256:00", ("app@sha256:00", None)),
        ] {
            assert_eq!(split_tag(name), expected, "{name}");
        }
    }
}
