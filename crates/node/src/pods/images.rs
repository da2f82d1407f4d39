//! Whether a container's image is there, and what is done until it is.

use bollard::auth::DockerCredentials;
use k8s_openapi::api::core::v1::Container;
use kube::ResourceExt as _;

use super::decide::Block;
use super::image_pulls;
use super::worker::Worker;
use crate::engine::{PullError, engine_words};
use crate::recorder::Tone;
use crate::watch::Key;

const PULL_FAILED: &str = "ErrImagePull";
const PULL_WAITS: &str = "ImagePullBackOff";
const NEVER_PULL: &str = "ErrImageNeverPull";

impl Worker {
    /// The user of the container's image when the image is there; otherwise sees to it that it comes, and the container waits.
    pub(super) async fn image_ready(&mut self, container: &Container, attempt: u32) -> Option<String> {
        let image = container.image.clone().unwrap_or_default();
        if self.pulling.contains(&image) {
            return None;
        }
        let policy = container.image_pull_policy.as_deref().unwrap_or(default_policy(&image));
        let local = match self.ground.engine.local_image(&image).await {
            Ok(local) => local,
            Err(error) => {
                self.block(&container.name, "ImageInspectError", engine_words(&error));
                return None;
            }
        };
        match (local, policy) {
            (Some(local), "Always") => {
                self.look_for_newer(container, &image, attempt).await;
                let newest = self.ground.engine.local_image(&image).await.ok().flatten();
                Some(newest.unwrap_or(local).user)
            }
            (Some(local), _) => {
                let message = format!("Container image {image:?} already present on machine");
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Pulled", message);
                Some(local.user)
            }
            (None, "Never") => {
                let message = format!("Container image {image:?} is not present with pull policy of Never");
                self.ground.recorder.tell(&self.reference, Tone::Warning, NEVER_PULL, message.clone());
                let block = Block { reason: NEVER_PULL, message, until: None, failures: 0 };
                self.blocked.insert(container.name.clone(), block);
                None
            }
            (None, _) => {
                self.begin_pull(image);
                None
            }
        }
    }

    /// With `Always` a newer image is looked for at each start. A registry that does not answer does not keep an image
    /// that is there from running: it is used, and an Event says so.
    async fn look_for_newer(&mut self, container: &Container, image: &str, attempt: u32) {
        if !self.refreshed.insert((container.name.clone(), attempt)) {
            return;
        }
        let credentials = self.credentials(image);
        match self.ground.pulls.refresh(image, credentials).await {
            Ok(()) => {
                let message = format!("Successfully pulled image {image:?}");
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Pulled", message);
            }
            Err(error) => {
                let message = format!(
                    "imagePullPolicy is Always, but image {image:?} could not be looked up ({error}); the image on this machine is used"
                );
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Pulled", message);
            }
        }
    }

    fn begin_pull(&mut self, image: String) {
        let message = format!("Pulling image {image:?}");
        self.ground.recorder.tell(&self.reference, Tone::Normal, "Pulling", message);
        self.pulling.insert(image.clone());
        let (ground, mailbox, credentials) = (self.ground.clone(), self.mailbox.clone(), self.credentials(&image));
        tokio::spawn(async move {
            let ended = ground.pulls.pull(&image, credentials).await;
            mailbox.put(|mail| {
                mail.pulled.insert(image, ended);
            });
        });
    }

    fn credentials(&self, image: &str) -> Option<DockerCredentials> {
        let namespace = self.pod.namespace().unwrap_or_default();
        let secrets = self.pod.spec.as_ref()?.image_pull_secrets.as_ref()?;
        let find = |name: &str| self.ground.secrets.get(&Key::new(&namespace, name));
        let missing: Vec<&str> =
            secrets.iter().map(|reference| reference.name.as_str()).filter(|name| find(name).is_none()).collect();
        if !missing.is_empty() {
            let message = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                missing.join(", ")
            );
            self.ground.recorder.tell(&self.reference, Tone::Warning, "FailedToRetrieveImagePullSecret", message);
        }
        secrets.iter().find_map(|reference| image_pulls::credentials(&*find(&reference.name)?, image))
    }

    /// Takes in the end of a pull.
    pub(super) async fn pulled(&mut self, image: &str, ended: Result<(), PullError>) {
        if !self.pulling.remove(image) {
            return;
        }
        let waiting = self.containers_of(image);
        match ended {
            Ok(()) => {
                let message = format!("Successfully pulled image {image:?}");
                self.ground.recorder.tell(&self.reference, Tone::Normal, "Pulled", message);
                for container in waiting {
                    self.blocked.remove(&container);
                }
            }
            Err(error) => {
                // It may have been built here meanwhile.
                if matches!(self.ground.engine.local_image(image).await, Ok(Some(_))) {
                    for container in waiting {
                        self.blocked.remove(&container);
                    }
                    return;
                }
                let words = format!("Failed to pull image {image:?}: {error}");
                self.ground.recorder.tell(&self.reference, Tone::Warning, "Failed", words.clone());
                for container in waiting {
                    let first = self.blocked.get(&container).is_none_or(|block| block.failures == 0);
                    if first {
                        self.block(&container, PULL_FAILED, words.clone());
                    } else {
                        self.block(&container, PULL_WAITS, back_off(image, &words));
                    }
                }
                self.write_status().await;
                self.settle_pull_failures();
            }
        }
    }

    /// A failed pull has been told; from now on the container waits for the next one.
    pub(super) fn settle_pull_failures(&mut self) {
        let images: Vec<(String, String)> = self.blocked_images();
        for (container, image) in images {
            if let Some(block) = self.blocked.get_mut(&container)
                && block.reason == PULL_FAILED
            {
                block.reason = PULL_WAITS;
                block.message = back_off(&image, &block.message);
            }
        }
    }

    /// An image may have appeared: containers that wait for one that is there now start.
    pub(super) async fn look_for_images(&mut self) {
        let mut waiting = self.blocked_images();
        for image in self.pulling.clone() {
            waiting.extend(self.containers_of(&image).into_iter().map(|container| (container, image.clone())));
        }
        for (container, image) in waiting {
            if matches!(self.ground.engine.local_image(&image).await, Ok(Some(_))) {
                self.blocked.remove(&container);
                self.pulling.remove(&image);
            }
        }
    }

    fn blocked_images(&self) -> Vec<(String, String)> {
        let waits = |block: &Block| matches!(block.reason, PULL_FAILED | PULL_WAITS | NEVER_PULL);
        let names = self.blocked.iter().filter(|(_, block)| waits(block)).map(|(name, _)| name);
        names.filter_map(|name| Some((name.clone(), self.container(name)?.image?))).collect()
    }

    fn containers_of(&self, image: &str) -> Vec<String> {
        let spec = self.pod.spec.as_ref();
        let all = spec.into_iter().flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers));
        all.filter(|container| container.image.as_deref() == Some(image))
            .map(|container| container.name.clone())
            .collect()
    }
}

fn back_off(image: &str, words: &str) -> String {
    format!("Back-off pulling image {image:?}: {words}")
}

/// The policy that the API server would have set.
fn default_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or(image);
    if !image.contains('@') && (name.ends_with(":latest") || !name.contains(':')) { "Always" } else { "IfNotPresent" }
}
