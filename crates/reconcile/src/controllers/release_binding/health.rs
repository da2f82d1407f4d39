//! Whether what was deployed works, from the rendered release's own report.

use super::Inputs;
use crate::controllers::condition::find;
use model::{Kind, ManifestStatus, RenderedRelease};

/// The answer of the condition `ResourcesReady`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) ready: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Health {
    fn no(reason: &'static str, message: String) -> Health {
        Health { ready: false, reason, message }
    }

    fn yes(reason: &'static str, message: String) -> Health {
        Health { ready: true, reason, message }
    }
}

/// Fenced by generation: what a report says of an older content is not told of this one.
pub(super) fn of(release: &RenderedRelease, inputs: &Inputs) -> Health {
    let none_yet = || Health::no("ResourcesProgressing", format!("Release {:?} has no resources yet", release.name()));
    let Some(report) = &release.status else { return none_yet() };
    match find(&report.conditions, "ResourcesApplied") {
        Some(told) if told.observed_generation == Some(release.generation()) => {
            if told.status == "False" {
                return Health::no("ResourceApplyFailed", told.message.clone());
            }
        }
        _ => return none_yet(),
    }
    if report.resources.is_empty() {
        return none_yet();
    }
    let workload_type = inputs.component.spec.component_type.split().map_or("", |(workload_type, _)| workload_type);
    match workload_type {
        "deployment" => primary(&report.resources, "Deployment"),
        "statefulset" => primary(&report.resources, "StatefulSet"),
        "cronjob" => cron_job(&report.resources),
        "job" => job(&report.resources),
        _ => all(&report.resources),
    }
}

fn last<'r>(resources: &'r [ManifestStatus], kind: &str) -> Option<&'r ManifestStatus> {
    resources.iter().rev().find(|entry| entry.kind == kind)
}

/// A workload that runs on, and what it needs to be reached.
fn primary(resources: &[ManifestStatus], kind: &str) -> Health {
    let Some(workload) = last(resources, kind) else {
        return Health::no("ResourcesProgressing", format!("Primary workload {kind} not found"));
    };
    let name = format!("{kind}/{}", workload.name);
    match workload.health_status.as_str() {
        "Degraded" => Health::no("ResourcesDegraded", format!("Primary workload {name} is degraded{}", why(workload))),
        "Progressing" => {
            Health::no("ResourcesProgressing", format!("Primary workload {name} is progressing{}", why(workload)))
        }
        "Suspended" => {
            Health::yes("ReadyWithSuspendedResources", format!("Primary workload {kind} is suspended (scaled to 0)"))
        }
        "Healthy" => match supporting(resources, kind).find(|entry| entry.health_status == "Degraded") {
            Some(entry) => Health::no("ResourcesDegraded", format!("{}/{} is degraded", entry.kind, entry.name)),
            None => Health::yes("Ready", format!("Primary workload {kind} and all supporting resources are ready")),
        },
        _ => Health::no("ResourcesUnknown", format!("The health of primary workload {name} is not known")),
    }
}

/// The words of the plane on what keeps a workload, where it has any.
fn why(workload: &ManifestStatus) -> String {
    let conditions =
        workload.status.as_ref().and_then(|status| status.0.get("conditions")).and_then(serde_json::Value::as_array);
    let told = conditions.into_iter().flatten().find_map(|condition| {
        let text = |name: &str| condition.get(name).and_then(serde_json::Value::as_str);
        let speaks = matches!(
            (text("type"), text("reason")),
            (Some("ReplicaFailure"), _) | (_, Some("ProgressDeadlineExceeded" | "PodsNotReady"))
        );
        if speaks { text("message") } else { None }
    });
    told.map(|message| format!(": {message}")).unwrap_or_default()
}

/// Everything whose failure makes a running program useless; configuration that was applied counts as there.
fn supporting<'r>(resources: &'r [ManifestStatus], primary: &'r str) -> impl Iterator<Item = &'r ManifestStatus> {
    const PASSIVE: &[&str] = &[
        "ConfigMap",
        "Secret",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "NetworkPolicy",
    ];
    resources.iter().filter(move |entry| entry.kind != primary && !PASSIVE.contains(&entry.kind.as_str()))
}

fn cron_job(resources: &[ManifestStatus]) -> Health {
    let Some(job) = last(resources, "CronJob") else {
        return Health::no("ResourcesProgressing", "Primary workload CronJob not found".into());
    };
    let name = &job.name;
    match job.health_status.as_str() {
        "Degraded" => Health::no("ResourcesDegraded", format!("CronJob {name} is degraded")),
        "Suspended" => Health::yes("CronJobSuspended", format!("CronJob {name} is suspended")),
        "Progressing" => Health::yes("CronJobScheduled", format!("CronJob {name} is scheduled, job execution running")),
        "Healthy" => Health::yes("CronJobScheduled", format!("CronJob {name} is scheduled")),
        _ => Health::no("ResourcesUnknown", format!("The health of CronJob {name} is not known")),
    }
}

fn job(resources: &[ManifestStatus]) -> Health {
    let Some(job) = last(resources, "Job") else {
        return Health::no("ResourcesProgressing", "Primary workload Job not found".into());
    };
    let name = &job.name;
    match job.health_status.as_str() {
        "Degraded" => Health::no("JobFailed", format!("Job {name} failed")),
        "Progressing" | "Suspended" => Health::no("JobRunning", format!("Job {name} is running")),
        "Healthy" => Health::yes("JobCompleted", format!("Job {name} is completed")),
        _ => Health::no("ResourcesUnknown", format!("The health of Job {name} is not known")),
    }
}

fn all(resources: &[ManifestStatus]) -> Health {
    let first = |health: &str| resources.iter().find(|entry| entry.health_status == health);
    if let Some(entry) = first("Degraded") {
        return Health::no("ResourcesDegraded", format!("{}/{} is degraded", entry.kind, entry.name));
    }
    if let Some(entry) = resources.iter().find(|entry| !matches!(entry.health_status.as_str(), "Healthy" | "Suspended"))
    {
        return Health::no("ResourcesProgressing", format!("{}/{} is progressing", entry.kind, entry.name));
    }
    Health::yes("Ready", format!("All {} resources are ready", resources.len()))
}
