//! How healthy an object on a plane is, from nothing but the object.
//!
//! Every rule is fenced by generation: while the status speaks of an older generation than the object has, the object
//! is [`Health::Progressing`], whatever the status says.

mod batch;
mod facts;
mod network;
mod others;
mod pods;
mod workloads;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use facts::Facts;

/// Health in the words of `RenderedRelease.status.resources[].healthStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
pub enum Health {
    /// It does what it should.
    Healthy,
    /// It is on its way.
    Progressing,
    /// It does not work and will not by itself.
    Degraded,
    /// It was told not to run.
    Suspended,
    /// It cannot be seen, or says nothing that is understood.
    Unknown,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A health with its reason, as a sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assessment {
    /// How healthy.
    pub health: Health,
    /// What it was seen from.
    pub reason: String,
}

impl Assessment {
    fn new(health: Health, reason: impl Into<String>) -> Self {
        Self { health, reason: reason.into() }
    }
}

/// Assesses an object as its cluster shows it.
pub fn assess(object: &Value) -> Assessment {
    let facts = Facts::of(object);
    if facts.deleting() {
        return Assessment::new(Health::Progressing, "being deleted");
    }
    match (facts.group(), facts.kind()) {
        ("apps", "Deployment") => workloads::deployment(&facts),
        ("apps", "StatefulSet") => workloads::stateful_set(&facts),
        ("apps", "DaemonSet") => workloads::daemon_set(&facts),
        ("batch", "Job") => batch::job(&facts),
        ("batch", "CronJob") => batch::cron_job(&facts),
        ("", "Pod") => pods::pod(&facts),
        ("", "PersistentVolumeClaim") => others::claim(&facts),
        ("", "Namespace") => Assessment::new(Health::Healthy, "active"),
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute") => network::route(&facts),
        ("external-secrets.io", "ExternalSecret") => others::external_secret(&facts),
        _ => others::by_conditions(&facts),
    }
}

/// The assessment of an object that should be there and is not.
pub fn missing() -> Assessment {
    Assessment::new(Health::Unknown, "not found on the plane")
}

#[cfg(test)]
mod tests;
