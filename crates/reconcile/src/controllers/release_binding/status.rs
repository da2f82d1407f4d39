//! The status of a binding, put together from what is known.

use super::health::Health;
use super::links::secret_names;
use super::{Inputs, Links};
use crate::controllers::blocked::Blocked;
use crate::controllers::condition::{State, condition};
use crate::controllers::enforcement;
use crate::engine::World;
use model::{Condition, EndpointUrlStatus, Kind, ReleaseBinding, ReleaseBindingStatus, RenderedRelease, Time};

/// What is known so far.
#[derive(Clone)]
pub(super) struct Told {
    generation: i64,
    status: ReleaseBindingStatus,
    connections: Option<Condition>,
    resources: Option<Condition>,
    enforcement: Option<Condition>,
}

impl Told {
    /// Begins with what stays true from before: addresses and links of what runs.
    pub(super) fn new(binding: &ReleaseBinding, world: &World) -> Told {
        let generation = binding.generation();
        let mut status = binding.status.clone().unwrap_or_default();
        if status.observed_generation != generation || status.last_spec_update_time.is_none() {
            status.last_spec_update_time = Some(Time(world.now()));
        }
        status.observed_generation = generation;
        status.conditions.clear();
        Told { generation, status, connections: None, resources: None, enforcement: None }
    }

    pub(super) fn with_secrets(mut self, inputs: &Inputs) -> Told {
        self.status.secret_reference_names = secret_names(&inputs.binding, inputs);
        self
    }

    pub(super) fn with_links(mut self, links: &Links) -> Told {
        self.status.connection_targets.clone_from(&links.targets);
        self.status.resolved_connections.clone_from(&links.resolved);
        self.status.pending_connections.clone_from(&links.pending);
        self.status.resource_dependency_targets.clone_from(&links.resource_targets);
        self.status.pending_resource_dependencies.clone_from(&links.pending_resources);
        let (pending, resolved) = (links.pending.len(), links.resolved.len());
        let (state, reason, message) = match (pending, resolved) {
            (0, 0) => (State::True, "NoConnections", "No connections to resolve".to_owned()),
            (0, all) => (State::True, "AllConnectionsResolved", format!("All {all} connections resolved")),
            _ => (State::False, "ConnectionsPending", format!("{pending} connections pending, {resolved} resolved")),
        };
        self.connections = Some(condition("ConnectionsResolved", state, reason, message, self.generation));
        let (pending, resolved) = (links.pending_resources.len(), links.resources.len());
        let (state, reason, message) = match (pending, resolved) {
            (0, 0) => (State::True, "NoResourceDependencies", "No resource dependencies to resolve".to_owned()),
            (0, all) => {
                (State::True, "AllResourceDependenciesReady", format!("All {all} resource dependencies resolved"))
            }
            _ => (
                State::False,
                "ResourceDependenciesPending",
                format!("{pending} resource dependencies pending, {resolved} resolved"),
            ),
        };
        self.resources = Some(condition("ResourceDependenciesReady", state, reason, message, self.generation));
        self
    }

    pub(super) fn with_endpoints(mut self, endpoints: Vec<EndpointUrlStatus>) -> Told {
        self.status.endpoints = endpoints;
        self
    }

    /// Warns of what the plane does not enforce of what runs.
    pub(super) fn with_enforcement(mut self, release: &RenderedRelease) -> Told {
        self.enforcement = enforcement::of_release(release, self.generation);
        self
    }

    /// Nothing could be deployed for what the binding says now.
    pub(super) fn not_synced(self, blocked: &Blocked) -> ReleaseBindingStatus {
        let synced = condition("ReleaseSynced", State::False, blocked.reason, blocked.message.clone(), self.generation);
        self.finish(Some(synced), None)
    }

    /// Something that it needs is not there yet. `running` tells what is deployed meanwhile.
    pub(super) fn held(self, running: Option<String>) -> ReleaseBindingStatus {
        let synced =
            running.map(|summary| condition("ReleaseSynced", State::True, "ReleaseSynced", summary, self.generation));
        self.finish(synced, None)
    }

    /// Everything is written; this is how it does.
    pub(super) fn deployed(self, summary: String, health: Health) -> ReleaseBindingStatus {
        let synced = condition("ReleaseSynced", State::True, "ReleaseSynced", summary, self.generation);
        let state = if health.ready { State::True } else { State::False };
        let ready = condition("ResourcesReady", state, health.reason, health.message, self.generation);
        self.finish(Some(synced), Some(ready))
    }

    /// Nothing runs, on purpose.
    pub(super) fn undeployed(mut self, message: &str) -> ReleaseBindingStatus {
        self.status.endpoints.clear();
        let told = |kind: &str| condition(kind, State::False, "ResourcesUndeployed", message, self.generation);
        let (synced, ready) = (told("ReleaseSynced"), told("ResourcesReady"));
        self.finish(Some(synced), Some(ready))
    }

    /// Ready when everything is; else the first that is not speaks.
    fn finish(mut self, synced: Option<Condition>, resources_ready: Option<Condition>) -> ReleaseBindingStatus {
        let parts = [synced.as_ref(), self.connections.as_ref(), self.resources.as_ref(), resources_ready.as_ref()];
        let failing = parts.into_iter().flatten().find(|part| part.status != "True");
        let ready = match failing {
            Some(part) => condition("Ready", State::False, &part.reason, part.message.clone(), self.generation),
            None if synced.is_some() && resources_ready.is_some() => {
                condition("Ready", State::True, "Ready", "ReleaseBinding is ready", self.generation)
            }
            None => condition(
                "Ready",
                State::False,
                "ResourcesProgressing",
                "Resources are being evaluated",
                self.generation,
            ),
        };
        let all = [
            self.connections.take(),
            self.resources.take(),
            synced,
            Some(ready),
            resources_ready,
            self.enforcement.take(),
        ];
        self.status.conditions = all.into_iter().flatten().collect();
        self.status
    }
}
