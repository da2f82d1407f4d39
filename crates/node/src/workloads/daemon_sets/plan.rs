//! A DaemonSet and its pods in, what to write out. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet, DaemonSetSpec, DaemonSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{Resource as _, ResourceExt as _};

use crate::workloads::hash::pod_name;
use crate::workloads::owned::{
    available_from, is_active, is_ending, is_over, least_ready, named, of_owner, pod_of, ready_since, sooner,
};
use crate::workloads::revisions::{self, Owner, REVISION_LABEL, RevisionPlan, hash_of};
use crate::workloads::rollout::scaled;

/// Everything known about a DaemonSet.
pub(super) struct DaemonWorld<'a> {
    pub(super) set: &'a DaemonSet,
    /// Pods and revisions of its namespace.
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) revisions: &'a [Arc<ControllerRevision>],
    pub(super) node: &'a str,
    pub(super) node_labels: &'a BTreeMap<String, String>,
    pub(super) now: Timestamp,
}

/// What to write for a DaemonSet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DaemonPlan {
    pub(super) revisions: RevisionPlan,
    pub(super) create: Option<Pod>,
    pub(super) delete: Vec<(String, String)>,
    pub(super) status: Option<DaemonSetStatus>,
    pub(super) look_again: Option<Timestamp>,
}

/// Plans the next step of a DaemonSet.
pub(super) fn plan(world: &DaemonWorld<'_>) -> DaemonPlan {
    let set = world.set;
    let mut plan = DaemonPlan::default();
    let Some(spec) = &set.spec else { return plan };
    let own = of_owner(world.pods, set.metadata.uid.as_deref());
    let owner = Owner::new(set, &spec.selector, &spec.template, spec.revision_history_limit);
    let hash = |pod: &Pod| pod.labels().get(REVISION_LABEL).cloned().unwrap_or_default();
    let in_use: BTreeSet<String> = own.iter().map(|pod| format!("{}-{}", set.name_any(), hash(pod))).collect();
    let (update, revision_plan) = revisions::plan(&owner, world.revisions, &in_use);
    plan.revisions = revision_plan;
    let update = hash_of(&update);

    let mut active: Vec<&Arc<Pod>> = own.iter().copied().filter(|pod| is_active(pod)).collect();
    active.sort_by_key(|pod| (pod.metadata.creation_timestamp.as_ref().map(|time| time.0), pod.name_any()));
    let (new, old): (Vec<_>, Vec<_>) = active.into_iter().partition(|pod| hash(pod) == update);
    let wanted = wants_node(spec, world.node_labels);
    let from = |pod: &Pod| available_from(pod, least_ready(spec.min_ready_seconds));
    let serves =
        |pod: &Pod| from(pod).is_some_and(|from| from <= world.now || spec.min_ready_seconds.unwrap_or(0) == 0);
    let long = new.iter().chain(&old).filter_map(|pod| from(pod)).filter(|from| *from > world.now);
    if spec.min_ready_seconds.unwrap_or(0) > 0 {
        plan.look_again = sooner(plan.look_again, long.min());
    }
    if set.metadata.deletion_timestamp.is_none() {
        // A pod that is over is replaced.
        plan.delete.extend(own.iter().filter(|pod| is_over(pod) && !is_ending(pod)).map(|pod| named(pod)));
        let ending = own.iter().any(|pod| is_ending(pod));
        let make = || {
            let owner = set.controller_owner_ref(&()).unwrap_or_default();
            let mut pod = pod_of(&spec.template, owner, set.namespace(), pod_name(&set.name_any()), world.node);
            pod.metadata.labels.get_or_insert_default().insert(REVISION_LABEL.to_owned(), update.clone());
            // Its place is decided, whatever its selector says.
            if let Some(spec) = &mut pod.spec {
                spec.node_name.get_or_insert_with(|| world.node.to_owned());
            }
            pod
        };
        if wanted {
            // One of a template is enough.
            plan.delete.extend(new.iter().skip(1).chain(old.iter().skip(1)).map(|pod| named(pod)));
            match (new.first(), old.first()) {
                (None, None) if !ending => plan.create = Some(make()),
                (None, Some(_)) if rolls(spec) && surges(spec) => plan.create = Some(make()),
                (None, Some(old)) if rolls(spec) => plan.delete.push(named(old)),
                (Some(new), Some(old)) if serves(new) || !rolls(spec) || !surges(spec) => plan.delete.push(named(old)),
                _ => {}
            }
        } else {
            plan.delete.extend(new.iter().chain(&old).map(|pod| named(pod)));
        }
    }
    let running: Vec<&Arc<Pod>> = new.iter().chain(&old).copied().collect();
    let some = |holds: bool| i32::from(holds);
    let available = some(running.iter().any(|pod| serves(pod)));
    let status = DaemonSetStatus {
        observed_generation: set.metadata.generation,
        desired_number_scheduled: some(wanted),
        current_number_scheduled: some(wanted && !running.is_empty()),
        number_misscheduled: some(!wanted && !running.is_empty()),
        number_ready: some(wanted && running.iter().any(|pod| ready_since(pod).is_some())),
        number_available: (wanted && available > 0).then_some(1),
        number_unavailable: (wanted && available == 0).then_some(1),
        updated_number_scheduled: (wanted && !new.is_empty()).then_some(1),
        collision_count: set.status.as_ref().and_then(|status| status.collision_count),
        conditions: set.status.as_ref().and_then(|status| status.conditions.clone()),
    };
    plan.status = (set.status.as_ref() != Some(&status)).then_some(status);
    plan
}

/// Whether the node fits what the template asks of it.
fn wants_node(spec: &DaemonSetSpec, labels: &BTreeMap<String, String>) -> bool {
    let selector = spec.template.spec.as_ref().and_then(|spec| spec.node_selector.as_ref());
    selector.is_none_or(|selector| selector.iter().all(|(label, value)| labels.get(label) == Some(value)))
}

fn rolls(spec: &DaemonSetSpec) -> bool {
    let strategy = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
    strategy.unwrap_or("RollingUpdate") == "RollingUpdate"
}

/// Whether the new pod comes before the old one goes.
fn surges(spec: &DaemonSetSpec) -> bool {
    let rolling = spec.update_strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
    let surge = rolling.and_then(|rolling| rolling.max_surge.as_ref());
    surge.is_some_and(|surge: &IntOrString| scaled(surge, 1, true) > 0)
}
