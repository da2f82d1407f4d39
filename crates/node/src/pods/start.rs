//! Starting a pod's containers: image, configuration, network, engine, in that order; each failure is a reason to wait.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt as _;
use tokio::time::Instant;

use super::decide::{Block, needs_infra};
use super::environment::{Addresses, ConfigProblem, environment, expand};
use super::hooks::EXTENSION;
use super::labels;
use super::translate::{self, Network, Request};
use super::volume_files::{Ownership, PodFolder};
use super::volumes::{self, VolumePlan};
use super::worker::Worker;
use crate::engine::{Phase, engine_words};
use crate::recorder::Tone;

impl Worker {
    /// Starts the container that holds the pod's network.
    pub(super) async fn start_infra(&mut self, attempt: u32) {
        if let Some(old) = self.infra.take()
            && let Err(error) = self.ground.engine.remove(&old.id).await
        {
            tracing::warn!(pod = %self.pod.name_any(), %error, "the old network container was not removed");
        }
        if let Err(problem) = self.try_start_infra(attempt).await {
            let message = format!("Failed to create pod sandbox: {problem}");
            self.ground.recorder.tell(&self.reference, Tone::Warning, "FailedCreatePodSandBox", message.clone());
            let spec = self.pod.spec.clone().unwrap_or_default();
            for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
                self.block(&container.name, "CreatePodSandboxError", message.clone());
            }
        }
    }

    async fn try_start_infra(&mut self, attempt: u32) -> Result<(), String> {
        let namespace = self.pod.namespace().unwrap_or_default();
        let network = self.ground.network.ensure_namespace(&namespace).await.map_err(|error| error.to_string())?;
        let engine = &self.ground.engine;
        let image = engine.infra_image().await.map_err(|error| engine_words(&error))?;
        let body = translate::infra(&self.pod, engine.instance(), attempt, &image, network, engine.abilities());
        let name = labels::engine_name(&self.pod, labels::INFRA, attempt);
        let made = async {
            let _turn = self.ground.starts.acquire().await;
            let id = engine.create(&name, body).await?;
            engine.start(&id).await?;
            engine.inspect(&id).await
        };
        let found = made.await.map_err(|error| engine_words(&error))?;
        self.take_all(found.into_iter().collect());
        Ok(())
    }

    /// Starts one attempt of a container, or says why it waits.
    pub(super) async fn start(&mut self, name: &str, attempt: u32, streak: u32) {
        let Some(container) = self.container(name) else { return };
        if needs_infra(&self.pod.spec.clone().unwrap_or_default()) && self.infra.is_none() {
            return;
        }
        let Some(image_user) = self.image_ready(&container, attempt).await else { return };
        let (environment, mounts, last_words) = match self.configure(&container, attempt).await {
            Ok(configured) => configured,
            Err(problem) => {
                let message = problem.to_string();
                // A claim is bound without anybody's doing; the rest waits for somebody.
                let (reason, event) = match problem {
                    ConfigProblem::Unbound { .. } => ("ContainerCreating", "FailedMount"),
                    _ => ("CreateContainerConfigError", "Failed"),
                };
                self.ground.recorder.tell(&self.reference, Tone::Warning, event, format!("Error: {message}"));
                if matches!(problem, ConfigProblem::Files(_)) {
                    // Nobody tells that the disk has room again.
                    return self.block(name, reason, message);
                }
                self.blocked.insert(name.to_owned(), Block { reason, message, until: None, failures: 0 });
                return;
            }
        };
        let network = match self.place().await {
            Ok(network) => network,
            Err(message) => {
                let message = format!("Failed to create pod sandbox: {message}");
                self.ground.recorder.tell(&self.reference, Tone::Warning, "FailedCreatePodSandBox", message.clone());
                self.block(name, "CreatePodSandboxError", message);
                return;
            }
        };
        let ground = self.ground.clone();
        let mut request = Request {
            pod: &self.pod.clone(),
            container: &container,
            instance: ground.engine.instance(),
            attempt,
            streak,
            environment,
            mounts,
            last_words,
            network,
            image_user: &image_user,
            abilities: ground.engine.abilities(),
        };
        let mut made = self.make(&request).await;
        for pause in ADDRESS_RETURNS {
            let taken = matches!(&made, Err(Failure::Start(words)) if address_is_taken(words));
            if !taken || !wishes_address(&request.network) {
                break;
            }
            tokio::time::sleep(pause).await;
            made = self.make(&request).await;
        }
        if let (Err(Failure::Start(_)), Network::Own { address: address @ Some(_), .. }) = (&made, &mut request.network)
        {
            // The address of the attempt before has been given away: any other will do.
            *address = None;
            made = self.make(&request).await;
        }
        self.started(name, made);
    }

    async fn make(&mut self, request: &Request<'_>) -> Result<(), Failure> {
        let body = translate::container(request).map_err(Failure::Config)?;
        let engine = self.ground.engine.clone();
        let name = labels::engine_name(request.pod, &request.container.name, request.attempt);
        let turn = self.ground.starts.acquire().await;
        let id = engine.create(&name, body).await.map_err(|error| Failure::Create(engine_words(&error)))?;
        if let Err(error) = engine.start(&id).await {
            let words = engine_words(&error);
            if let Err(error) = engine.remove(&id).await {
                tracing::warn!(%error, "a container that did not start was not removed");
            }
            return Err(Failure::Start(words));
        }
        drop(turn);
        match engine.inspect(&id).await {
            Ok(Some(found)) => {
                // It may have ended already, before its events were listened to for this pod.
                self.look_into_end(&found).await;
                if found.phase != Phase::Running {
                    // Its end may be half told yet.
                    let ended = id.clone();
                    self.mailbox.put(|mail| {
                        mail.touched.insert(ended);
                    });
                }
                self.take(found);
                Ok(())
            }
            Ok(None) => Err(Failure::Start("the container vanished after its start".to_owned())),
            Err(error) => Err(Failure::Start(engine_words(&error))),
        }
    }

    fn started(&mut self, name: &str, made: Result<(), Failure>) {
        let recorder = self.ground.recorder.clone();
        match made {
            Ok(()) => {
                self.blocked.remove(name);
                recorder.tell(&self.reference, Tone::Normal, "Started", format!("Container started: {name}"));
            }
            Err(Failure::Config(problem)) => {
                let message = problem.to_string();
                recorder.tell(&self.reference, Tone::Warning, "Failed", format!("Error: {message}"));
                let block = Block { reason: "CreateContainerConfigError", message, until: None, failures: 0 };
                self.blocked.insert(name.to_owned(), block);
            }
            Err(Failure::Create(message)) => {
                recorder.tell(&self.reference, Tone::Warning, "Failed", format!("Error: {message}"));
                self.block(name, "CreateContainerError", message);
            }
            Err(Failure::Start(message)) => {
                recorder.tell(&self.reference, Tone::Warning, "Failed", format!("Error: {message}"));
                self.block(name, "RunContainerError", message);
            }
        }
    }

    /// Has a container wait, the longer the more often it failed.
    pub(super) fn block(&mut self, container: &str, reason: &'static str, message: String) {
        let failures = self.blocked.get(container).map_or(0, |block| block.failures).saturating_add(1);
        let pause = self.ground.backoff.pause(failures);
        let until = Timestamp::now().saturating_add(pause).ok();
        self.blocked.insert(container.to_owned(), Block { reason, message, until, failures });
    }

    /// Environment, files to mount and the file for last words.
    async fn configure(
        &mut self,
        container: &Container,
        attempt: u32,
    ) -> Result<(Vec<(String, String)>, Vec<PathBuf>, PathBuf), ConfigProblem> {
        let ground = self.ground.clone();
        let namespace = self.pod.namespace().unwrap_or_default();
        let sources = ground.sources(&namespace);
        let addresses = Addresses { pod: self.addresses(), host: ground.host_ip.clone() };
        let environment = environment(&self.pod, container, &addresses, &sources)?;
        let plans = volumes::plan(&self.pod, &sources)?;
        let ownership = self.ownership();
        let folder = self.folder.clone();
        let values: BTreeMap<String, String> = environment.iter().cloned().collect();
        let mounts = container.volume_mounts.iter().flatten().map(|mount| {
            let expanded = mount.sub_path_expr.as_deref().map(|path| expand(path, &values));
            let sub_path = expanded.or_else(|| mount.sub_path.clone()).filter(|path| !path.is_empty());
            (mount.name.clone(), sub_path)
        });
        let mounts: Vec<(String, Option<String>)> = mounts.collect();
        let name = container.name.clone();
        let written = tokio::task::spawn_blocking(move || {
            let roots = folder.write(&plans, ownership);
            let roots = roots.map_err(|error| format!("the pod's volumes cannot be made: {error}"))?;
            let mut places = Vec::new();
            for (volume, sub_path) in &mounts {
                let root = roots.get(volume).ok_or_else(|| format!("the pod has no volume {volume:?}"))?;
                let place = match sub_path {
                    None => root.clone(),
                    Some(path) => PodFolder::sub_path(root, path, plans.get(volume))
                        .map_err(|error| format!("failed to prepare subPath {path:?} of volume {volume:?}: {error}"))?,
                };
                places.push(place);
            }
            let words = folder.last_words(&name, attempt);
            let words = words.map_err(|error| format!("the file for last words cannot be made: {error}"))?;
            Ok::<_, String>((places, words))
        });
        let written = written.await.unwrap_or_else(|error| Err(error.to_string()));
        let (places, words) = written.map_err(ConfigProblem::Files)?;
        Ok((environment, places, words))
    }

    fn ownership(&self) -> Ownership {
        let security = self.pod.spec.as_ref().and_then(|spec| spec.security_context.clone()).unwrap_or_default();
        Ownership {
            group: security.fs_group.and_then(|group| u32::try_from(group).ok()),
            on_root_mismatch: security.fs_group_change_policy.as_deref() == Some("OnRootMismatch"),
        }
    }

    /// Whether another version of the pod changes what the files of its volumes tell of it.
    pub(super) fn downward_files_differ(&self, other: &Pod) -> bool {
        volumes::downward_files_differ(&self.pod, other)
    }

    /// Writes changed ConfigMaps and Secrets into the volumes of running containers.
    pub(super) async fn refresh_volumes(&mut self) {
        if self.containers.is_empty() || self.done() {
            return;
        }
        let ground = self.ground.clone();
        let namespace = self.pod.namespace().unwrap_or_default();
        let plans = volumes::plan(&self.pod, &ground.sources(&namespace));
        let Ok(mut plans) = plans else {
            // An object that is gone leaves the files of running containers as they are.
            return;
        };
        plans.retain(|_, plan| matches!(plan, VolumePlan::Files(_)));
        let (folder, ownership) = (self.folder.clone(), self.ownership());
        let written = tokio::task::spawn_blocking(move || folder.write(&plans, ownership)).await;
        if let Ok(Err(error)) = written {
            let message = format!("the pod's volumes cannot be written: {error}");
            self.ground.recorder.tell(&self.reference, Tone::Warning, "FailedMount", message);
            self.files_again = true;
        }
    }

    /// The network of the next container.
    async fn place(&mut self) -> Result<Network, String> {
        if needs_infra(&self.pod.spec.clone().unwrap_or_default()) {
            let holder = self.infra.as_ref().filter(|infra| infra.phase == Phase::Running);
            return holder
                .map(|infra| Network::Joined(infra.id.clone()))
                .ok_or_else(|| "the container that holds the pod's network does not run".to_owned());
        }
        let namespace = self.pod.namespace().unwrap_or_default();
        let network = self.ground.network.ensure_namespace(&namespace).await.map_err(|error| error.to_string())?;
        // A pod keeps its address over restarts of its container where it can.
        let told = self.pod.status.as_ref().and_then(|status| status.pod_ip.clone());
        let address = told.filter(|address| !address.is_empty() && !address.contains(':'));
        Ok(Network::Own { network, address })
    }

    /// The addresses of the pod: those of the container that holds its network.
    pub(super) fn addresses(&self) -> Vec<String> {
        if let Some(infra) = &self.infra {
            return infra.addresses.clone();
        }
        let holders = self.containers.values().filter_map(|attempts| attempts.first());
        let running = holders.filter(|found| found.phase == Phase::Running);
        let now: Vec<String> = running.flat_map(|found| found.addresses.clone()).collect();
        if !now.is_empty() {
            return now;
        }
        // Between two attempts the pod keeps the address that its next attempt asks for.
        let told = self.pod.status.iter().flat_map(|status| status.pod_ips.iter().flatten());
        told.map(|address| address.ip.clone()).collect()
    }

    /// Tells a container to stop, after its hook where it has one; it is killed when its grace is over.
    pub(super) async fn stop(&mut self, id: &str, container: &str, why: &str) {
        self.ground.recorder.tell(&self.reference, Tone::Normal, "Killing", why.to_owned());
        let found = self.containers.values().flatten().find(|found| found.id == id).cloned();
        let signal = found.and_then(|found| found.stop_signal).unwrap_or_else(|| "SIGTERM".to_owned());
        let of_spec = self.container(container);
        let usual = self.pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds);
        let probe_failed = self.unhealthy.contains_key(id);
        let of_probe = of_spec.as_ref().filter(|_| probe_failed).and_then(|container| {
            let probes = [&container.liveness_probe, &container.startup_probe];
            probes.into_iter().flatten().find_map(|probe| probe.termination_grace_period_seconds)
        });
        let grace = Duration::from_secs(of_probe.or(usual).unwrap_or(30).max(0) as u64);
        let hook = of_spec.as_ref().and_then(|container| container.lifecycle.as_ref()?.pre_stop.clone());
        let mut until = grace;
        match (of_spec, hook.filter(|_| !grace.is_zero())) {
            (Some(of_spec), Some(hook)) => {
                let ending = self.stop_after_hook(&of_spec, hook, id, signal, grace);
                self.ending.insert(id.to_owned(), ending);
                until += EXTENSION;
            }
            _ => {
                if let Err(error) = self.ground.engine.signal(id, &signal).await {
                    tracing::warn!(container, error = %engine_words(&error), "a container was not told to stop");
                }
            }
        }
        self.stopping.insert(id.to_owned(), Instant::now() + until.min(LONGEST_GRACE));
    }
}

/// The longest grace that a container gets; more is for ever.
pub(super) const LONGEST_GRACE: Duration = Duration::from_hours(24 * 365);

/// Pauses before an address is asked for again: an engine gives back that of a container that has ended a moment after
/// the end.
const ADDRESS_RETURNS: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400)];

/// Whether the engine's words say that another container has the address.
fn address_is_taken(words: &str) -> bool {
    // Podman's words, and Docker's.
    words.contains("already allocated") || words.to_ascii_lowercase().contains("address already in use")
}

fn wishes_address(network: &Network) -> bool {
    matches!(network, Network::Own { address: Some(_), .. })
}

enum Failure {
    Config(ConfigProblem),
    Create(String),
    Start(String),
}

#[cfg(test)]
mod tests {
    use super::address_is_taken;

    #[test]
    fn an_address_that_another_has_is_told_from_other_failures() {
        for (words, taken) in [
            ("IPAM error: requested ip address 10.89.0.2 is already allocated to container ID 4f1c", true),
            ("failed to set up container networking: Address already in use", true),
            ("crun: executable file `/nothing` not found in $PATH: No such file or directory", false),
        ] {
            assert_eq!(address_is_taken(words), taken, "{words}");
        }
    }
}
