//! A StatefulSet and its pods in, what to write out. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetSpec, StatefulSetStatus};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, PodTemplateSpec};
use kube::ResourceExt as _;

use super::pods;
use super::status::status;
use crate::workloads::owned::{
    available_from, is_ending, is_over, least_ready, named, of_owner, phase, ready_since, sooner,
};
use crate::workloads::revisions::{self, Owner, REVISION_LABEL, RevisionPlan, template_of};
use crate::workloads::rollout::scaled;

/// Everything known about a StatefulSet.
pub(super) struct SetWorld<'a> {
    pub(super) set: &'a StatefulSet,
    /// Pods, revisions and claims of its namespace.
    pub(super) pods: &'a [Arc<Pod>],
    pub(super) revisions: &'a [Arc<ControllerRevision>],
    pub(super) claims: &'a [Arc<PersistentVolumeClaim>],
    /// The node for its pods.
    pub(super) node: &'a str,
    pub(super) now: Timestamp,
}

/// What to write for a StatefulSet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SetPlan {
    pub(super) revisions: RevisionPlan,
    pub(super) create_claims: Vec<PersistentVolumeClaim>,
    pub(super) create: Vec<Pod>,
    pub(super) delete: Vec<(String, String)>,
    /// Names of claims that go with the ordinals that are gone.
    pub(super) delete_claims: Vec<String>,
    pub(super) status: Option<StatefulSetStatus>,
    pub(super) look_again: Option<Timestamp>,
}

/// The revisions by name and template.
pub(super) struct Templates {
    pub(super) current: String,
    pub(super) update: String,
    current_template: PodTemplateSpec,
    update_template: PodTemplateSpec,
}

/// Plans the next step of a StatefulSet.
pub(super) fn plan(world: &SetWorld<'_>) -> SetPlan {
    let set = world.set;
    let mut plan = SetPlan::default();
    let Some(spec) = &set.spec else { return plan };
    let own = of_owner(world.pods, set.metadata.uid.as_deref());
    let templates = templates(world, spec, &own, &mut plan);
    let name = set.name_any();
    let by_ordinal: BTreeMap<i32, &Arc<Pod>> =
        own.iter().filter_map(|pod| Some((pods::ordinal(&name, &pod.name_any())?, *pod))).collect();
    if set.metadata.deletion_timestamp.is_none() {
        let step = Step { world, spec, templates: &templates, by_ordinal: &by_ordinal };
        step.plan(&mut plan);
    }
    plan.status = status(world, spec, &own, &templates);
    plan
}

fn templates(world: &SetWorld<'_>, spec: &StatefulSetSpec, own: &[&Arc<Pod>], plan: &mut SetPlan) -> Templates {
    let set = world.set;
    let told = set.status.as_ref().and_then(|status| status.current_revision.clone());
    let mut in_use: BTreeSet<String> = own.iter().filter_map(|pod| pod.labels().get(REVISION_LABEL).cloned()).collect();
    in_use.extend(told.clone());
    let owner = Owner::new(set, &spec.selector, &spec.template, spec.revision_history_limit);
    let (update, revision_plan) = revisions::plan(&owner, world.revisions, &in_use);
    plan.revisions = revision_plan;
    let found = world.revisions.iter().find(|revision| Some(revision.name_any()) == told);
    let current = found.and_then(|revision| Some((revision.name_any(), template_of(revision)?)));
    let (current, current_template) = current.unwrap_or_else(|| (update.name_any(), spec.template.clone()));
    Templates { current, update: update.name_any(), current_template, update_template: spec.template.clone() }
}

struct Step<'a> {
    world: &'a SetWorld<'a>,
    spec: &'a StatefulSetSpec,
    templates: &'a Templates,
    by_ordinal: &'a BTreeMap<i32, &'a Arc<Pod>>,
}

impl Step<'_> {
    fn plan(&self, plan: &mut SetPlan) {
        let ordered = self.spec.pod_management_policy.as_deref() != Some("Parallel");
        if !self.fill(plan, ordered) {
            return;
        }
        if self.shrink(plan, ordered) {
            self.update(plan);
        }
    }

    fn first(&self) -> i32 {
        self.spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0)
    }

    fn wanted(&self) -> std::ops::Range<i32> {
        self.first()..self.first().saturating_add(self.spec.replicas.unwrap_or(1).max(0))
    }

    fn partition(&self) -> i32 {
        let strategy = self.spec.update_strategy.as_ref();
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        rolling.and_then(|rolling| rolling.partition).unwrap_or(0)
    }

    fn rolls(&self) -> bool {
        let strategy = self.spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
        strategy.unwrap_or("RollingUpdate") == "RollingUpdate"
    }

    /// The revision with which the pod of an ordinal is made.
    fn revision(&self, ordinal: i32) -> (&str, &PodTemplateSpec) {
        if self.rolls() && ordinal < self.first() + self.partition() {
            (&self.templates.current, &self.templates.current_template)
        } else {
            (&self.templates.update, &self.templates.update_template)
        }
    }

    /// Whether a pod runs, is ready, and was so for long enough; when to look again where time alone is missing.
    fn serves(&self, pod: &Pod, plan: &mut SetPlan) -> bool {
        if is_ending(pod) || phase(pod) != "Running" {
            return false;
        }
        let Some(from) = available_from(pod, least_ready(self.spec.min_ready_seconds)) else { return false };
        if from > self.world.now && self.spec.min_ready_seconds.unwrap_or(0) > 0 {
            plan.look_again = sooner(plan.look_again, Some(from));
            return false;
        }
        true
    }

    /// Makes what is missing, in order. Says whether all of it is there and serves, or need not.
    fn fill(&self, plan: &mut SetPlan, ordered: bool) -> bool {
        for ordinal in self.wanted() {
            let waits = match self.by_ordinal.get(&ordinal) {
                None => {
                    self.make(plan, ordinal);
                    true
                }
                Some(pod) if is_over(pod) && !is_ending(pod) => {
                    plan.delete.push(named(pod));
                    true
                }
                Some(pod) if ordered && !self.serves(pod, plan) => {
                    // A pod of an old template that does not get ready would keep its own repair waiting.
                    let outdated =
                        pod.labels().get(REVISION_LABEL).map(String::as_str) != Some(self.revision(ordinal).0);
                    if self.rolls() && outdated && ready_since(pod).is_none() && !is_ending(pod) {
                        plan.delete.push(named(pod));
                    }
                    true
                }
                Some(_) => false,
            };
            if waits && ordered {
                return false;
            }
        }
        true
    }

    fn make(&self, plan: &mut SetPlan, ordinal: i32) {
        let set = self.world.set;
        let missing = pods::claims(set, self.spec, ordinal)
            .into_iter()
            .filter(|claim| self.world.claims.iter().all(|held| held.name_any() != claim.name_any()));
        plan.create_claims.extend(missing);
        let (revision, template) = self.revision(ordinal);
        plan.create.push(pods::pod(set, self.spec, ordinal, revision, template, self.world.node));
    }

    /// Takes away what is too much, the highest first. Says whether nothing is.
    fn shrink(&self, plan: &mut SetPlan, ordered: bool) -> bool {
        let wanted = self.wanted();
        let mut condemned = self.by_ordinal.iter().rev().filter(|(ordinal, _)| !wanted.contains(ordinal)).peekable();
        if condemned.peek().is_none() {
            self.forget_claims(plan);
            return true;
        }
        for (_, pod) in condemned {
            if !is_ending(pod) {
                plan.delete.push(named(pod));
            }
            if ordered {
                break;
            }
        }
        false
    }

    /// Claims of ordinals that are gone, where the set says that they go too.
    fn forget_claims(&self, plan: &mut SetPlan) {
        let policy = self.spec.persistent_volume_claim_retention_policy.as_ref();
        if policy.and_then(|policy| policy.when_scaled.as_deref()) != Some("Delete") {
            return;
        }
        let set = self.world.set;
        let wanted = self.wanted();
        for template in self.spec.volume_claim_templates.iter().flatten() {
            let prefix = format!("{}-{}", template.name_any(), set.name_any());
            let of_template = self.world.claims.iter().filter(|claim| claim.metadata.deletion_timestamp.is_none());
            let surplus = of_template
                .map(|claim| claim.name_any())
                .filter(|name| pods::ordinal(&prefix, name).is_some_and(|ordinal| !wanted.contains(&ordinal)));
            plan.delete_claims.extend(surplus);
        }
    }

    /// Rolls on: pods of another revision go, the highest first, as many at once as may be away.
    fn update(&self, plan: &mut SetPlan) {
        if !self.rolls() {
            return;
        }
        let rolling = self.spec.update_strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let most = rolling.and_then(|rolling| rolling.max_unavailable.as_ref());
        let mut budget = most.map_or(1, |most| scaled(most, self.spec.replicas.unwrap_or(1), false).max(1));
        let from = self.first() + self.partition();
        for (_, pod) in self.by_ordinal.range(from.min(self.wanted().end)..self.wanted().end).rev() {
            if budget == 0 {
                return;
            }
            let updated = pod.labels().get(REVISION_LABEL) == Some(&self.templates.update);
            if is_ending(pod) || (updated && !self.serves(pod, plan)) {
                budget -= 1;
            } else if !updated {
                plan.delete.push(named(pod));
                budget -= 1;
            }
        }
    }
}
