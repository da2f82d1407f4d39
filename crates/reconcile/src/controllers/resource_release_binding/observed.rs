//! What is known of the deployed resource: whether it is ready, and what components get of it.

use super::{known_outputs, ready};
use crate::controllers::condition::{State, condition, find};
use crate::controllers::enforcement;
use compiler::input::Observed;
use compiler::{BoundResource, OutputKeyRef, ResolvedOutput, ResolvedValue};
use model::{
    Condition, ConfigMapKeyRef, Kind, ManifestStatus, RenderedRelease, ResolvedResourceOutput, ResourceReleaseBinding,
    ResourceReleaseBindingStatus, SecretKeyRef,
};
use std::collections::BTreeSet;

/// The status once the rendered release says what the binding wants.
pub(super) fn status(
    binding: &ResourceReleaseBinding,
    bound: &BoundResource,
    live: &RenderedRelease,
) -> ResourceReleaseBindingStatus {
    let generation = binding.generation();
    let message = format!("RenderedRelease {:?} is up to date", live.name());
    let synced = condition("Synced", State::True, "ReleaseSynced", message, generation);
    let report = Report::of(live);
    let observed = report.observed();
    let (resources, message) = match readiness(bound, live, &report, &observed) {
        Ok(count) => (("True", "ResourcesReady"), format!("All {count} resource(s) ready")),
        Err((reason, message)) => (("False", reason), message),
    };
    let state = if resources.0 == "True" { State::True } else { State::False };
    let resources = condition("ResourcesReady", state, resources.1, message, generation);
    let (outputs, resolved) = outputs(binding, bound, &observed);
    let ready = ready(generation, &[&synced, &resources, &resolved]);
    let warning = enforcement::of_release(live, generation);
    let conditions = [synced, resources, resolved, ready].into_iter().chain(warning).collect();
    ResourceReleaseBindingStatus { conditions, outputs }
}

/// What the rendered release told of its present generation.
enum Report<'r> {
    Refused(&'r str),
    Entries(&'r [ManifestStatus]),
}

impl<'r> Report<'r> {
    /// Fenced by generation: what is told of an older content is not told of this one.
    fn of(live: &'r RenderedRelease) -> Report<'r> {
        let Some(status) = &live.status else { return Report::Entries(&[]) };
        match find(&status.conditions, "ResourcesApplied") {
            Some(told) if told.observed_generation == Some(live.generation()) => {
                if told.status == "False" {
                    Report::Refused(&told.message)
                } else {
                    Report::Entries(&status.resources)
                }
            }
            _ => Report::Entries(&[]),
        }
    }

    /// The statuses that outputs and readiness rules see as `applied`.
    fn observed(&self) -> Vec<Observed<'r>> {
        let Report::Entries(entries) = self else { return Vec::new() };
        entries
            .iter()
            .map(|entry| Observed { id: &entry.id, status: entry.status.as_ref().map(|one| &one.0) })
            .collect()
    }
}

/// How many manifests are ready when all are; else the reason and the words for the first that is not. A rule of the
/// type counts in place of the health of its manifest.
fn readiness(
    bound: &BoundResource,
    live: &RenderedRelease,
    report: &Report<'_>,
    observed: &[Observed<'_>],
) -> Result<usize, (&'static str, String)> {
    let entries = match report {
        Report::Refused(message) => return Err(("ResourceApplyFailed", (*message).to_owned())),
        Report::Entries(entries) => entries,
    };
    let ruled: BTreeSet<&str> = bound.with_ready_rule().collect();
    for manifest in &live.spec.resources {
        let id = manifest.id.as_str();
        let progressing = |message: String| Err(("ResourcesProgressing", message));
        let Some(entry) = entries.iter().find(|entry| entry.id == id) else {
            return progressing(format!("Resource {id:?} has no observed status yet"));
        };
        if ruled.contains(id) {
            match bound.is_ready(id, observed) {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => return progressing(format!("Resource {id:?} is not ready by its readyWhen")),
                Some(Err(problem)) => {
                    return progressing(format!("readyWhen evaluation failed for {id:?}: {}", problem.message));
                }
            }
            continue;
        }
        let name = format!("{}/{}", entry.kind, entry.name);
        match entry.health_status.as_str() {
            "Healthy" | "Suspended" => {}
            "Degraded" => return Err(("ResourcesDegraded", format!("Resource {id:?} ({name}) is degraded"))),
            "Progressing" => return progressing(format!("Resource {id:?} ({name}) is progressing")),
            _ => return progressing(format!("The health of resource {id:?} ({name}) is not known")),
        }
    }
    Ok(live.spec.resources.len())
}

/// The outputs that can be told. When none can, those of before stay: consumers go on with what they have.
fn outputs(
    binding: &ResourceReleaseBinding,
    bound: &BoundResource,
    observed: &[Observed<'_>],
) -> (Vec<ResolvedResourceOutput>, Condition) {
    let generation = binding.generation();
    let resolved = bound.outputs(observed);
    let mut failures: Vec<String> = resolved.problems.iter().map(|problem| problem.message.clone()).collect();
    let mut told = Vec::new();
    for output in resolved.outputs {
        if matches!(&output.value, ResolvedValue::Value(value) if value.is_empty()) {
            failures.push(format!("output {:?}: the value is empty", output.name));
        } else {
            told.push(on_wire(output));
        }
    }
    let result = if failures.is_empty() {
        let message = format!("Resolved {} output(s)", told.len());
        condition("OutputsResolved", State::True, "OutputsResolved", message, generation)
    } else {
        let message = failures.join("; ");
        condition("OutputsResolved", State::False, "OutputResolutionFailed", message, generation)
    };
    if told.is_empty() && !failures.is_empty() {
        told = known_outputs(binding);
    }
    (told, result)
}

fn on_wire(output: ResolvedOutput) -> ResolvedResourceOutput {
    let mut told = ResolvedResourceOutput { name: output.name, ..ResolvedResourceOutput::default() };
    match output.value {
        ResolvedValue::Value(value) => told.value = value,
        ResolvedValue::SecretKeyRef(OutputKeyRef { name, key }) => {
            told.secret_key_ref = Some(SecretKeyRef { name, key });
        }
        ResolvedValue::ConfigMapKeyRef(OutputKeyRef { name, key }) => {
            told.config_map_key_ref = Some(ConfigMapKeyRef { name, key });
        }
    }
    told
}
