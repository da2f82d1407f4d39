//! A project: a release is cut for each state of its type and parameters; new bindings get the newest one.

mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::condition::{State, condition};
use super::lookup;
use crate::engine::{ClusterId, Controller, EventType, FailureReason, Plan, World};
use model::{
    ClusterProjectType, Condition, Kind, LatestRelease, Project, ProjectOwner, ProjectRelease, ProjectReleaseSpec,
    ProjectReleaseType, ProjectStatus, ProjectType, ProjectTypeKind, finalizers, hash, indexes, names,
};
use serde_json::json;

/// Cuts project releases and gives the first one to bindings that have none.
#[derive(Debug, Default)]
pub struct ProjectController;

impl Controller for ProjectController {
    const NAME: &'static str = "project";
    type Object = Project;

    fn reconcile(&self, project: &Project, world: &World) -> Plan {
        if project.is_being_deleted() {
            return teardown::plan(project, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::PROJECT);
        match release(project, world) {
            Ok(release) => in_place(plan, project, world, release),
            Err(blocked) => {
                blocked.wait(plan).status(status(project, not_ready(project, &blocked), project_release(project)))
            }
        }
    }
}

/// A release that should be there.
struct Wanted {
    spec: ProjectReleaseSpec,
    name: String,
    hash: String,
    exists: bool,
}

/// The release for the project as it is now.
fn release(project: &Project, world: &World) -> Result<Wanted, Blocked> {
    let here = ClusterId::control_plane();
    let reference = &project.spec.type_;
    let missing = format!("{} {:?} not found", reference.kind, reference.name);
    let spec = match reference.kind {
        ProjectTypeKind::ProjectType => {
            let key = (project.namespace(), reference.name.as_str());
            let found = world.get_spec::<ProjectType>(&here, key)?;
            found.ok_or_else(|| Blocked::missing::<ProjectType>("ProjectTypeNotFound", key, missing))?.spec.clone()
        }
        ProjectTypeKind::ClusterProjectType => {
            let found = world.get_spec::<ClusterProjectType>(&here, reference.name.as_str())?;
            found
                .ok_or_else(|| {
                    Blocked::missing::<ClusterProjectType>("ProjectTypeNotFound", reference.name.as_str(), missing)
                })?
                .spec
                .clone()
        }
    };
    let spec = ProjectReleaseSpec {
        owner: ProjectOwner { project_name: project.name().to_owned() },
        project_type: ProjectReleaseType { kind: reference.kind, name: reference.name.clone(), spec },
        parameters: project.spec.parameters.clone(),
    };
    let unreadable = |error: serde_json::Error| {
        Blocked::new("InvalidConfiguration", format!("the project cannot be frozen: {error}"))
    };
    let own = hash::content(&spec).map_err(unreadable)?;
    // The newest release keeps its name as long as its content is the same, whoever named it.
    if let Some(latest) = project.status.as_ref().and_then(|status| status.latest_release.as_ref())
        && let Some(live) = world.get_spec::<ProjectRelease>(&here, (project.namespace(), latest.name.as_str()))?
        && hash::content(&live.spec).map_err(unreadable)? == own
    {
        return Ok(Wanted { name: latest.name.clone(), hash: latest.hash.clone(), spec, exists: true });
    }
    // A name whose 32 bits are taken by other content gets the next ones.
    let mut hash = own.clone();
    loop {
        let name = names::release(project.name(), &hash);
        match world.get_spec::<ProjectRelease>(&here, (project.namespace(), name.as_str()))? {
            None => return Ok(Wanted { name, hash, spec, exists: false }),
            Some(live) if hash::content(&live.spec).map_err(unreadable)? == own => {
                return Ok(Wanted { name, hash, spec, exists: true });
            }
            Some(_) => hash = hash::content(&(&own, &hash)).map_err(unreadable)?,
        }
    }
}

/// Creates what is missing; says so once it is there.
fn in_place(plan: Plan, project: &Project, world: &World, wanted: Wanted) -> Plan {
    let here = ClusterId::control_plane();
    if !wanted.exists {
        if let Some(failure) = world.last_failure().filter(|failure| failure.reason != FailureReason::Conflict) {
            let blocked = Blocked::new("ReleaseCreateFailed", failure.message.clone());
            return create(plan, project, &wanted).status(status(
                project,
                not_ready(project, &blocked),
                project_release(project),
            ));
        }
        return create(plan, project, &wanted);
    }
    let bindings =
        match lookup::list_spec(world, indexes::PROJECT_BINDINGS_BY_PROJECT, project.namespace(), &[project.name()]) {
            Ok(bindings) => bindings,
            Err(unseen) => {
                return plan.status(status(project, not_ready(project, &unseen.into()), project_release(project)));
            }
        };
    let mut plan = plan;
    for binding in
        bindings.iter().filter(|binding| binding.spec.project_release.is_empty() && !binding.is_being_deleted())
    {
        plan = plan.apply_manifest(
            &here,
            json!({
                "apiVersion": model::API_VERSION,
                "kind": "ProjectReleaseBinding",
                "metadata": {"name": binding.name(), "namespace": binding.namespace()},
                "spec": {"projectRelease": wanted.name},
            }),
        );
    }
    let message = format!("ProjectRelease {} in place", wanted.name);
    let ready = condition("Ready", State::True, "Reconciled", message, project.generation());
    plan.status(status(project, ready, Some(LatestRelease { name: wanted.name, hash: wanted.hash }))).event(
        EventType::Normal,
        "ReconcileComplete",
        "Project is reconciled",
    )
}

fn create(plan: Plan, project: &Project, wanted: &Wanted) -> Plan {
    let mut release = ProjectRelease { spec: wanted.spec.clone(), ..ProjectRelease::default() };
    release.metadata.name = Some(wanted.name.clone());
    release.metadata.namespace = Some(project.namespace().to_owned());
    plan.create(&ClusterId::control_plane(), &release)
}

fn project_release(project: &Project) -> Option<LatestRelease> {
    project.status.as_ref().and_then(|status| status.latest_release.clone())
}

fn not_ready(project: &Project, blocked: &Blocked) -> Condition {
    condition("Ready", State::False, blocked.reason, blocked.message.clone(), project.generation())
}

fn status(project: &Project, ready: Condition, latest_release: Option<LatestRelease>) -> ProjectStatus {
    let created = condition("Created", State::True, "ProjectCreated", "Project is created", project.generation());
    ProjectStatus { observed_generation: project.generation(), conditions: vec![created, ready], latest_release }
}
