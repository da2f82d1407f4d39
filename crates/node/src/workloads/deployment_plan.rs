//! A Deployment and its ReplicaSets in, what to write out. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt as _};

use super::deployment_status::{Progress, status};
use super::hash::{HASH_LABEL, same_template, template_hash};
use super::rollout::{self, Set, bounds, first_replicas, replicas, wished};
use super::{DESIRED_ANNOTATION, MAX_ANNOTATION, REVISION_ANNOTATION};

/// What to write for a Deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DeploymentPlan {
    pub(crate) create: Option<ReplicaSet>,
    /// ReplicaSets whose replicas or annotations change, as they are to be.
    pub(crate) update: Vec<SetUpdate>,
    /// Names of ReplicaSets beyond the revision history.
    pub(crate) delete: Vec<String>,
    /// The Deployment's own revision annotation, where it changes.
    pub(crate) revision: Option<String>,
    /// A hash that another template's ReplicaSet has taken by chance: count on.
    pub(crate) collided: bool,
    pub(crate) status: Option<DeploymentStatus>,
    pub(crate) look_again: Option<Timestamp>,
}

/// A change of one ReplicaSet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetUpdate {
    pub(crate) name: String,
    /// Before and after, where it changes.
    pub(crate) replicas: Option<(i32, i32)>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Everything known about a Deployment.
#[derive(Debug)]
pub(crate) struct DeploymentWorld<'a> {
    pub(crate) deployment: &'a Deployment,
    /// ReplicaSets of its namespace.
    pub(crate) sets: &'a [Arc<ReplicaSet>],
    /// Pods of its namespace.
    pub(crate) pods: &'a [Arc<Pod>],
    pub(crate) now: Timestamp,
}

/// Plans the next step of a Deployment.
pub(crate) fn plan(world: &DeploymentWorld<'_>) -> DeploymentPlan {
    let deployment = world.deployment;
    let mut plan = DeploymentPlan::default();
    let Some(spec) = &deployment.spec else { return plan };
    let owned: Vec<&Arc<ReplicaSet>> = owned_by_age(deployment, world.sets);
    let new = owned.iter().find(|set| is_of_template(set, deployment)).copied();
    let old: Vec<&Arc<ReplicaSet>> =
        owned.iter().filter(|set| Some(set.name_any()) != new.map(|new| new.name_any())).copied().collect();

    if deployment.metadata.deletion_timestamp.is_some() {
        let (status, _) = status(world, new, &old, Progress::Paused, false);
        plan.status = changed(deployment, status);
        return plan;
    }
    let total = replicas(deployment);
    let limits = bounds(deployment);
    let recreate = spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate");
    let paused = spec.paused == Some(true);
    let mut new_set = new.map(|set| Set::of(set));
    let mut old_sets: Vec<Set> = old.iter().map(|set| Set::of(set)).collect();
    let revision = old.iter().map(|set| revision_of(set)).max().unwrap_or_default() + 1;
    let rescaled = owned.iter().any(|set| wished(set) > 0 && Set::of(set).wished.is_some_and(|wished| wished != total));

    if paused || (rescaled && new.is_some()) {
        rollout::scale(total, limits, !recreate, new_set.as_mut(), &mut old_sets);
    } else if recreate {
        let ending = has_pods(world, &old);
        rollout::recreate(total, new_set.as_mut(), &mut old_sets, ending);
    } else if let Some(new_set) = &mut new_set {
        rollout::roll(total, limits, new_set, &mut old_sets);
    }
    let mut progress = if paused { Progress::Paused } else { Progress::Rolling };
    let old_gone = old_sets.iter().all(|set| set.replicas == 0 && set.present == 0) && !has_pods(world, &old);
    if new.is_none() && !paused && (!recreate || old_gone) {
        let collisions = deployment.status.as_ref().and_then(|status| status.collision_count).unwrap_or_default();
        let hash = template_hash(&spec.template, collisions);
        let name = format!("{}-{hash}", deployment.name_any());
        if world.sets.iter().any(|set| set.name_any() == name && set.metadata.deletion_timestamp.is_none()) {
            plan.collided = true;
        } else {
            let first = first_replicas(total, limits, &old_sets, recreate);
            plan.create = Some(new_replica_set(deployment, &hash, first, revision, total, limits.surge));
            progress = Progress::Created(name);
        }
    }

    let surge = total + limits.surge;
    let scaled = new.iter().zip(new_set.iter()).chain(old.iter().zip(old_sets.iter()));
    for (set, wanted) in scaled {
        let mut annotations = BTreeMap::new();
        let mut want = |key: &str, value: String| {
            if set.annotations().get(key) != Some(&value) {
                annotations.insert(key.to_owned(), value);
            }
        };
        let is_new = new.is_some_and(|new| new.name_any() == wanted.name);
        if is_new {
            let own = revision.max(revision_of(set));
            want(REVISION_ANNOTATION, own.to_string());
        }
        if wanted.replicas > 0 || is_new {
            want(DESIRED_ANNOTATION, total.to_string());
            want(MAX_ANNOTATION, surge.to_string());
        }
        let replicas = (wished(set) != wanted.replicas).then(|| (wished(set), wanted.replicas));
        if replicas.is_some() || !annotations.is_empty() {
            plan.update.push(SetUpdate { name: wanted.name.clone(), replicas, annotations });
        }
    }
    let own_revision = new.map_or(revision, |new| revision.max(revision_of(new))).to_string();
    if (new.is_some() || plan.create.is_some())
        && deployment.annotations().get(REVISION_ANNOTATION) != Some(&own_revision)
    {
        plan.revision = Some(own_revision);
    }
    plan.delete = beyond_history(spec.revision_history_limit.unwrap_or(10), &old, &old_sets);
    let (status, look_again) = status(world, new, &old, progress, plan.collided);
    plan.status = changed(deployment, status);
    plan.look_again = look_again;
    plan
}

fn changed(deployment: &Deployment, status: DeploymentStatus) -> Option<DeploymentStatus> {
    (deployment.status.as_ref() != Some(&status)).then_some(status)
}

/// The ReplicaSets that the Deployment controls, the oldest first.
pub(crate) fn owned_by_age<'a>(deployment: &Deployment, sets: &'a [Arc<ReplicaSet>]) -> Vec<&'a Arc<ReplicaSet>> {
    let uid = deployment.uid();
    let mut owned: Vec<_> =
        sets.iter().filter(|set| controller(&set.metadata).map(|owner| owner.uid.clone()) == uid).collect();
    owned.sort_by_key(|set| {
        (set.metadata.creation_timestamp.as_ref().map(|time| time.0), revision_of(set), set.name_any())
    });
    owned
}

/// The owner that controls an object.
pub(crate) fn controller(metadata: &ObjectMeta) -> Option<&OwnerReference> {
    metadata.owner_references.as_ref()?.iter().find(|owner| owner.controller == Some(true))
}

fn is_of_template(set: &ReplicaSet, deployment: &Deployment) -> bool {
    let (Some(set_spec), Some(spec)) = (&set.spec, &deployment.spec) else { return false };
    set.metadata.deletion_timestamp.is_none()
        && set_spec.template.as_ref().is_some_and(|template| same_template(template, &spec.template))
}

fn revision_of(set: &ReplicaSet) -> i64 {
    set.annotations().get(REVISION_ANNOTATION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn has_pods(world: &DeploymentWorld<'_>, sets: &[&Arc<ReplicaSet>]) -> bool {
    world.pods.iter().any(|pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let owner = controller(&pod.metadata).map(|owner| owner.uid.as_str());
        !matches!(phase, Some("Succeeded" | "Failed"))
            && sets.iter().any(|set| owner.is_some() && set.metadata.uid.as_deref() == owner)
    })
}

/// Old ReplicaSets without pods beyond the limit, the oldest revisions first.
fn beyond_history(limit: i32, old: &[&Arc<ReplicaSet>], wanted: &[Set]) -> Vec<String> {
    let mut empty: Vec<&Arc<ReplicaSet>> = old
        .iter()
        .zip(wanted)
        .filter(|(set, wanted)| {
            let observed = set.status.as_ref().and_then(|status| status.observed_generation);
            wanted.replicas == 0 && wished(set) == 0 && wanted.present == 0 && observed >= set.metadata.generation
        })
        .map(|(set, _)| *set)
        .collect();
    empty.sort_by_key(|set| revision_of(set));
    let excess = empty.len().saturating_sub(limit.max(0) as usize);
    empty.into_iter().take(excess).map(|set| set.name_any()).collect()
}

fn new_replica_set(
    deployment: &Deployment,
    hash: &str,
    first: i32,
    revision: i64,
    total: i32,
    surge: i32,
) -> ReplicaSet {
    let spec = deployment.spec.clone().unwrap_or_default();
    let mut template = spec.template.clone();
    let metadata = template.metadata.get_or_insert_default();
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), hash.to_owned());
    let labels = labels.clone();
    let mut selector = spec.selector.clone();
    selector.match_labels.get_or_insert_default().insert(HASH_LABEL.to_owned(), hash.to_owned());
    let mut annotations: BTreeMap<String, String> = deployment
        .annotations()
        .iter()
        .filter(|(key, _)| {
            !key.starts_with("deployment.kubernetes.io/") && *key != "kubectl.kubernetes.io/last-applied-configuration"
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    annotations.insert(REVISION_ANNOTATION.to_owned(), revision.to_string());
    annotations.insert(DESIRED_ANNOTATION.to_owned(), total.to_string());
    annotations.insert(MAX_ANNOTATION.to_owned(), (total + surge).to_string());
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: Some(vec![OwnerReference {
                block_owner_deletion: Some(true),
                ..deployment.controller_owner_ref(&()).unwrap_or_default()
            }]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(first),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    }
}
