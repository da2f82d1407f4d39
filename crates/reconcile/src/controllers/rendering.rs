//! Rendered releases as bindings make them: the object that carries manifests to one plane.

use super::blocked::Blocked;
use crate::engine::{ClusterId, Failure, Plan, Unseen, World};
use compiler::Manifest;
use kube::Resource as _;
use model::{
    FreeForm, Kind, OwnerReference, RenderedManifest, RenderedRelease, RenderedReleaseOwner, RenderedReleaseSpec,
    TargetPlane, annotations, finalizers, labels,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a rendered release is made from: of a project, or of a component or a resource of it.
pub(super) struct Content<'a> {
    pub(super) name: String,
    pub(super) namespace: &'a str,
    pub(super) project: &'a str,
    pub(super) component: &'a str,
    pub(super) resource: &'a str,
    pub(super) environment: &'a str,
    pub(super) plane: TargetPlane,
    pub(super) restarted_at: Option<&'a str>,
    pub(super) owner: OwnerReference,
}

/// The object for these manifests.
pub(super) fn release(content: Content, manifests: Vec<Manifest>) -> RenderedRelease {
    let mut release = RenderedRelease::default();
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    own.insert(labels::NAMESPACE.into(), content.namespace.into());
    own.insert(labels::PROJECT.into(), content.project.into());
    own.insert(labels::ENVIRONMENT.into(), content.environment.into());
    if !content.component.is_empty() {
        own.insert(labels::COMPONENT.into(), content.component.into());
    }
    if !content.resource.is_empty() {
        own.insert(labels::RESOURCE.into(), content.resource.into());
    }
    release.metadata.name = Some(content.name);
    release.metadata.namespace = Some(content.namespace.into());
    release.metadata.labels = Some(own);
    release.metadata.annotations =
        content.restarted_at.map(|at| BTreeMap::from([(annotations::RESTARTED_AT.to_owned(), at.to_owned())]));
    release.metadata.owner_references = Some(vec![content.owner]);
    // It comes with its finalizer, which spares the write that would add it.
    release.metadata.finalizers = Some(vec![finalizer(content.plane).to_owned()]);
    release.spec = RenderedReleaseSpec {
        owner: RenderedReleaseOwner {
            project_name: content.project.into(),
            component_name: content.component.into(),
            resource_name: content.resource.into(),
        },
        environment_name: content.environment.into(),
        resources: manifests
            .into_iter()
            .map(|one| RenderedManifest { id: one.id, object: FreeForm(one.object) })
            .collect(),
        target_plane: content.plane,
        ..RenderedReleaseSpec::default()
    };
    release
}

/// The finalizer of a rendered release, by the kind of its plane.
pub(super) fn finalizer(plane: TargetPlane) -> &'static str {
    match plane {
        TargetPlane::DataPlane => finalizers::RENDERED_RELEASE_DATA_PLANE,
        TargetPlane::ObservabilityPlane => finalizers::RENDERED_RELEASE_OBSERVABILITY_PLANE,
    }
}

/// The reference by which a binding owns its rendered releases.
pub(super) fn owned_by<K: Kind>(binding: &K) -> OwnerReference {
    OwnerReference {
        api_version: model::API_VERSION.into(),
        kind: K::NAME.into(),
        name: binding.name().into(),
        uid: binding.uid().into(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// What is there under a rendered release's name.
pub(super) enum Live {
    Absent,
    Ours(Arc<RenderedRelease>),
    /// It belongs to somebody else.
    Foreign,
}

/// Looks for the rendered release of a binding.
pub(super) fn live(world: &World, namespace: &str, name: &str, owner_uid: &str) -> Result<Live, Unseen> {
    let found = world.get::<RenderedRelease>(&ClusterId::control_plane(), (namespace, name))?;
    Ok(match found {
        None => Live::Absent,
        Some(release) => {
            let ours = release
                .meta()
                .owner_references
                .iter()
                .flatten()
                .any(|owner| owner.controller == Some(true) && owner.uid == owner_uid);
            if ours { Live::Ours(release) } else { Live::Foreign }
        }
    })
}

/// Whether the live release says what the wanted one says: its manifests, labels and annotation.
pub(super) fn is_so(live: &RenderedRelease, wanted: &RenderedRelease) -> bool {
    let restarted = |release: &RenderedRelease| release.annotation(annotations::RESTARTED_AT).map(str::to_owned);
    let labelled =
        wanted.metadata.labels.iter().flatten().all(|(name, value)| live.label(name) == Some(value.as_str()));
    live.spec.resources == wanted.spec.resources
        && live.spec.owner == wanted.spec.owner
        && live.spec.environment_name == wanted.spec.environment_name
        && live.spec.target_plane == wanted.spec.target_plane
        && restarted(live) == restarted(wanted)
        && labelled
}

/// Keeps the wanted release of the binding `owner_uid`, which is there for a `what`. Gives the plan with what is to be
/// written, and the live release where it says what is wanted already.
pub(super) fn keep(
    plan: Plan,
    world: &World,
    owner_uid: &str,
    wanted: &RenderedRelease,
    what: &str,
) -> (Plan, Result<Option<Arc<RenderedRelease>>, Blocked>) {
    match live(world, wanted.namespace(), wanted.name(), owner_uid) {
        Err(unseen) => (plan, Err(unseen.into())),
        Ok(Live::Foreign) => (plan, Err(foreign(wanted, what))),
        Ok(Live::Ours(live)) if is_so(&live, wanted) => (plan, Ok(Some(live))),
        Ok(Live::Absent | Live::Ours(_)) => {
            let plan = plan.apply(&ClusterId::control_plane(), wanted);
            // Until the manifests are written, nothing is known of them but why they could not be.
            let kept = world.last_failure().map_or(Ok(None), |failure| Err(unwritten(wanted, failure)));
            (plan, kept)
        }
    }
}

/// The name is taken by somebody else's release.
pub(super) fn foreign(wanted: &RenderedRelease, what: &str) -> Blocked {
    let name = wanted.name();
    let message =
        format!("RenderedRelease {name:?} exists and belongs to another object: delete it or rename the {what}");
    Blocked::new("ReleaseOwnershipConflict", message)
}

/// The release could not be written.
pub(super) fn unwritten(wanted: &RenderedRelease, failure: &Failure) -> Blocked {
    let message = format!("Failed to write RenderedRelease {:?}: {}", wanted.name(), failure.message);
    Blocked::new("ReleaseUpdateFailed", message)
}
