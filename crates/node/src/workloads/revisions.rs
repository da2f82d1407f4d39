//! ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, so that it can go back to one. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::{Resource, ResourceExt as _};
use serde_json::json;

use super::deployment_plan::controller;
use super::hash::{same_template, template_hash};

/// The label by which a pod tells its revision.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";

/// What is to be done about an owner's revisions.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RevisionPlan {
    pub(crate) create: Option<ControllerRevision>,
    /// A revision that becomes the newest again, with its number.
    pub(crate) renumber: Option<(String, i64)>,
    /// Names of revisions beyond the history.
    pub(crate) delete: Vec<String>,
}

/// Whose revisions.
pub(super) struct Owner<'a> {
    pub(super) reference: OwnerReference,
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) template: &'a PodTemplateSpec,
    pub(super) history: i32,
}

impl<'a> Owner<'a> {
    /// A StatefulSet or DaemonSet with what its spec says; `history` is ten where it does not say.
    pub(super) fn new(
        set: &impl Resource<DynamicType = ()>,
        selector: &LabelSelector,
        template: &'a PodTemplateSpec,
        history: Option<i32>,
    ) -> Self {
        Self {
            reference: set.controller_owner_ref(&()).unwrap_or_default(),
            namespace: set.namespace(),
            labels: selector.match_labels.clone(),
            template,
            history: history.unwrap_or(10),
        }
    }
}

/// The template's revision, new or not, and what is to be done. `in_use`: names of revisions that pods have.
pub(super) fn plan(
    owner: &Owner<'_>,
    held: &[Arc<ControllerRevision>],
    in_use: &BTreeSet<String>,
) -> (ControllerRevision, RevisionPlan) {
    let owns = |revision: &&Arc<ControllerRevision>| {
        controller(&revision.metadata).is_some_and(|reference| reference.uid == owner.reference.uid)
    };
    let mut owned: Vec<&Arc<ControllerRevision>> = held.iter().filter(owns).collect();
    owned.sort_by_key(|revision| (revision.revision, revision.name_any()));
    let newest = owned.last().map_or(0, |revision| revision.revision);
    let mut plan = RevisionPlan::default();
    let same = owned
        .iter()
        .rev()
        .find(|revision| template_of(revision).is_some_and(|template| same_template(&template, owner.template)));
    let update = if let Some(same) = same {
        let mut found = (***same).clone();
        if found.revision < newest {
            found.revision = newest + 1;
            plan.renumber = Some((found.name_any(), found.revision));
        }
        found
    } else {
        let made = new_revision(owner, held, newest + 1);
        plan.create = Some(made.clone());
        made
    };
    let old = owned.iter().filter(|revision| {
        let name = revision.name_any();
        name != update.name_any() && !in_use.contains(&name)
    });
    let old: Vec<String> = old.map(|revision| revision.name_any()).collect();
    let excess = old.len().saturating_sub(owner.history.max(0) as usize);
    plan.delete = old.into_iter().take(excess).collect();
    (update, plan)
}

fn new_revision(owner: &Owner<'_>, held: &[Arc<ControllerRevision>], number: i64) -> ControllerRevision {
    // Another template's revision may have the name by chance: counted on.
    let names = (0..).map(|collisions| template_hash(owner.template, collisions));
    let mut names = names.map(|hash| (format!("{}-{hash}", owner.reference.name), hash));
    let free = names.find(|(name, _)| held.iter().all(|revision| revision.name_any() != *name));
    let (name, hash) = free.unwrap_or_default();
    let mut template = serde_json::to_value(owner.template).unwrap_or_default();
    template["$patch"] = json!("replace");
    let mut labels = owner.labels.clone().unwrap_or_default();
    labels.insert(REVISION_LABEL.to_owned(), hash);
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: owner.namespace.clone(),
            labels: Some(labels),
            owner_references: Some(vec![OwnerReference {
                block_owner_deletion: Some(true),
                ..owner.reference.clone()
            }]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(json!({"spec": {"template": template}}))),
        revision: number,
    }
}

/// The template that a revision keeps.
pub(super) fn template_of(revision: &ControllerRevision) -> Option<PodTemplateSpec> {
    let mut template = revision.data.as_ref()?.0.pointer("/spec/template")?.clone();
    template.as_object_mut()?.remove("$patch");
    serde_json::from_value(template).ok()
}

/// The short hash by which a DaemonSet's pods tell their revision.
pub(super) fn hash_of(revision: &ControllerRevision) -> String {
    revision.labels().get(REVISION_LABEL).cloned().unwrap_or_default()
}
