//! Images brought for pods: one pull per image at a time, whoever waits for it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::Engine as _;
use bollard::auth::DockerCredentials;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use crate::engine::{Engine, PullError};
use crate::watch::lock;

/// How long a registry that did not answer is not asked again for an image that is there.
const UNREACHABLE: Duration = Duration::from_mins(5);
/// How long a registry may take to answer when the image is there and only a newer one is looked for.
pub(crate) const REFRESH: Duration = Duration::from_millis(1500);

type Pull = Shared<BoxFuture<'static, Result<(), PullError>>>;

/// The pulls under way.
pub(crate) struct ImagePulls {
    engine: Engine,
    idle: Duration,
    running: Mutex<HashMap<String, Pull>>,
    unreachable: Mutex<HashMap<String, Instant>>,
}

impl ImagePulls {
    pub(crate) fn new(engine: Engine, idle: Duration) -> Self {
        Self { engine, idle, running: Mutex::default(), unreachable: Mutex::default() }
    }

    /// Brings an image; joins a pull of it that is under way.
    pub(crate) async fn pull(&self, image: &str, credentials: Option<DockerCredentials>) -> Result<(), PullError> {
        let pull = {
            let mut running = lock(&self.running);
            running
                .entry(image.to_owned())
                .or_insert_with(|| self.begin(image.to_owned(), credentials, self.idle))
                .clone()
        };
        let ended = pull.await;
        lock(&self.running).remove(image);
        ended
    }

    /// Looks for a newer version of an image that is there. A registry that does not answer soon is left alone for a while.
    pub(crate) async fn refresh(&self, image: &str, credentials: Option<DockerCredentials>) -> Result<(), PullError> {
        let registry = registry(image).to_owned();
        if lock(&self.unreachable).get(&registry).is_some_and(|since| since.elapsed() < UNREACHABLE) {
            return Err(PullError::Refused(format!("registry {registry} did not answer before")));
        }
        let ended = self.begin(image.to_owned(), credentials, REFRESH).await;
        if ended.is_err() {
            let mut unreachable = lock(&self.unreachable);
            unreachable.retain(|_, since| since.elapsed() < UNREACHABLE);
            unreachable.insert(registry, Instant::now());
        }
        ended
    }

    fn begin(&self, image: String, credentials: Option<DockerCredentials>, idle: Duration) -> Pull {
        let engine = self.engine.clone();
        async move { engine.pull(&image, credentials, idle).await }.boxed().shared()
    }
}

/// The registry part of an image's name.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// The credentials for an image's registry in an image pull secret.
pub(crate) fn credentials(secret: &Secret, image: &str) -> Option<DockerCredentials> {
    let data = secret.data.as_ref()?;
    let entries: Value = if let Some(config) = data.get(".dockerconfigjson") {
        serde_json::from_slice::<Value>(&config.0).ok()?.get_mut("auths")?.take()
    } else {
        serde_json::from_slice(&data.get(".dockercfg")?.0).ok()?
    };
    let wanted = registry(image);
    let (server, entry) = entries.as_object()?.iter().find(|(server, _)| {
        let host = server.trim_start_matches("https://").trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or_default();
        host == wanted || (wanted == "docker.io" && host == "index.docker.io")
    })?;
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let (mut username, mut password) = (text("username"), text("password"));
    if let Some(auth) = text("auth").filter(|_| username.is_none()) {
        let decoded = base64::engine::general_purpose::STANDARD.decode(auth).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (user, word) = decoded.split_once(':')?;
        (username, password) = (Some(user.to_owned()), Some(word.to_owned()));
    }
    Some(DockerCredentials { username, password, serveraddress: Some(server.clone()), ..DockerCredentials::default() })
}

#[cfg(test)]
mod tests {
    use super::{credentials, registry};
    use k8s_openapi::ByteString;
    use k8s_openapi::api::core::v1::Secret;

    #[test]
    fn a_registry_is_a_first_part_that_looks_like_a_host() {
        for (image, expected) in [
            ("busybox", "docker.io"),
            ("team/app:1", "docker.io"),
            ("ghcr.io/a/b", "ghcr.io"),
            ("localhost/a", "localhost"),
            ("r:5000/a", "r:5000"),
        ] {
            assert_eq!(registry(image), expected, "{image}");
        }
    }

    #[test]
    fn credentials_are_those_of_the_images_registry() {
        let config = r#"{"auths": {"https://ghcr.io": {"auth": "bWU6c2VjcmV0"}, "other.example": {"username": "x", "password": "y"}}}"#;
        let data = [(".dockerconfigjson".to_owned(), ByteString(config.as_bytes().to_vec()))].into();
        let secret = Secret { data: Some(data), ..Secret::default() };
        let found = credentials(&secret, "ghcr.io/team/app:1").expect("credentials");
        assert_eq!((found.username.as_deref(), found.password.as_deref()), (Some("me"), Some("secret")));
        assert!(credentials(&secret, "quay.io/team/app").is_none());
    }
}
