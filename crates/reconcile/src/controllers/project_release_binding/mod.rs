//! Keeps one project release in one environment: its namespace and what belongs beside it, as a rendered release.

mod readiness;
mod teardown;
#[cfg(test)]
mod tests;

use super::blocked::Blocked;
use super::condition::{State, condition};
use super::placement::{self, Placement};
use super::rendering::{self, Content};
use crate::engine::{ClusterId, Controller, Plan, World};
use compiler::Compiler;
use model::{
    Condition, Kind, Project, ProjectRelease, ProjectReleaseBinding, ProjectReleaseBindingStatus, RenderedRelease,
    TargetPlane, finalizers, labels, names,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Renders a project's release for an environment.
#[derive(Debug)]
pub struct ProjectReleaseBindingController {
    compiler: Arc<Compiler>,
}

impl ProjectReleaseBindingController {
    /// With a compiler whose cache is shared.
    pub fn new(compiler: Arc<Compiler>) -> ProjectReleaseBindingController {
        ProjectReleaseBindingController { compiler }
    }
}

impl Controller for ProjectReleaseBindingController {
    const NAME: &'static str = "project-release-binding";
    type Object = ProjectReleaseBinding;

    fn reconcile(&self, binding: &ProjectReleaseBinding, world: &World) -> Plan {
        if binding.is_being_deleted() {
            return teardown::plan(binding, world);
        }
        let plan = Plan::new().add_finalizer(finalizers::PROJECT_RELEASE_BINDING);
        let wanted = Inputs::gather(binding, world).and_then(|inputs| self.render(binding, &inputs));
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(blocked) => return blocked.wait(plan).status(not_synced(binding, &blocked)),
        };
        match rendering::keep(plan, world, binding.uid(), &wanted, "project") {
            (plan, Err(blocked)) => plan.status(not_synced(binding, &blocked)),
            (plan, Ok(Some(live))) => plan.status(readiness::observed(binding, &live)),
            (plan, Ok(None)) => plan,
        }
    }
}

/// The namespace that the binding's components run in.
fn cell(binding: &ProjectReleaseBinding) -> String {
    names::runtime_namespace(binding.namespace(), &binding.spec.owner.project_name, &binding.spec.environment)
}

/// Everything that the release is rendered from.
struct Inputs {
    release: Arc<ProjectRelease>,
    project: Arc<Project>,
    placement: Placement,
}

impl Inputs {
    fn gather(binding: &ProjectReleaseBinding, world: &World) -> Result<Inputs, Blocked> {
        let here = ClusterId::control_plane();
        let (namespace, pin) = (binding.namespace(), binding.spec.project_release.as_str());
        if pin.is_empty() {
            return Err(Blocked::new(
                "ProjectReleaseNotSet",
                "spec.projectRelease is unset; pin a ProjectRelease to deploy this binding",
            ));
        }
        let release = world.get_spec::<ProjectRelease>(&here, (namespace, pin))?;
        let Some(release) = release else {
            return Err(Blocked::missing::<ProjectRelease>(
                "ProjectReleaseNotFound",
                (namespace, pin),
                format!("ProjectRelease {pin:?} not found"),
            ));
        };
        let (own, other) = (&binding.spec.owner.project_name, &release.spec.owner.project_name);
        if own != other {
            let message = format!(
                "ProjectRelease {pin:?} belongs to project {other:?}, the binding to project {own:?}: pin a release of {own:?}"
            );
            return Err(Blocked::new("InvalidReleaseConfiguration", message));
        }
        let placement = placement::find(world, namespace, &binding.spec.environment)?;
        let project = world.get_spec::<Project>(&here, (namespace, own.as_str()))?;
        let project = project.ok_or_else(|| {
            Blocked::missing::<Project>(
                "ProjectNotFound",
                (namespace, own.as_str()),
                format!("Project {own:?} not found"),
            )
        })?;
        Ok(Inputs { release, project, placement })
    }
}

impl ProjectReleaseBindingController {
    fn render(&self, binding: &ProjectReleaseBinding, inputs: &Inputs) -> Result<RenderedRelease, Blocked> {
        let Inputs { release, project, placement } = inputs;
        let namespace = cell(binding);
        let environment = &placement.environment;
        let own = BTreeMap::from(
            [
                (labels::NAMESPACE, binding.namespace()),
                (labels::PROJECT, project.name()),
                (labels::PROJECT_UID, project.uid()),
                (labels::ENVIRONMENT, environment.name()),
                (labels::ENVIRONMENT_UID, environment.uid()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let metadata = compiler::input::ProjectMetadata {
            namespace: namespace.clone(),
            project_namespace: binding.namespace().into(),
            project_name: project.name().into(),
            project_uid: project.uid().into(),
            environment_name: environment.name().into(),
            environment_uid: environment.uid().into(),
            data_plane_name: placement.plane.name().into(),
            data_plane_uid: placement.plane.uid().into(),
            labels: Some(own),
            annotations: Some(binding.metadata.annotations.clone().unwrap_or_default()),
        };
        let kind = &release.spec.project_type;
        let input = compiler::input::ProjectInput {
            type_name: &kind.name,
            type_spec: &kind.spec,
            parameters: release.spec.parameters.as_ref().map(|parameters| &parameters.0),
            environment_configs: binding.spec.environment_configs.as_ref().map(|configs| &configs.0),
            environment: &compiler::input::Environment {
                gateway: environment.spec.gateway.as_ref().map(Into::into),
                default_notification_channel: None,
            },
            data_plane: &placement.plane.for_compiler(),
            metadata: &metadata,
        };
        let rendered = self
            .compiler
            .project(&input)
            .map_err(|problems| Blocked::new("RenderingFailed", format!("Failed to render resources: {problems}")))?;
        if !rendered.has_namespace(&namespace) {
            let message = format!(
                "ProjectType {:?} renders no v1/Namespace called {namespace:?}: components would have nowhere to run; add one with the name ${{metadata.namespace}}",
                kind.name
            );
            return Err(Blocked::new("NamespaceMissing", message));
        }
        let content = Content {
            name: names::project_rendered_release(project.name(), environment.name()),
            namespace: binding.namespace(),
            project: project.name(),
            component: "",
            resource: "",
            environment: environment.name(),
            plane: TargetPlane::DataPlane,
            restarted_at: None,
            owner: rendering::owned_by(binding),
        };
        Ok(rendering::release(content, rendered.manifests))
    }
}

/// The status while nothing is deployed for the binding's present wish.
fn not_synced(binding: &ProjectReleaseBinding, blocked: &Blocked) -> ProjectReleaseBindingStatus {
    let generation = binding.generation();
    let later = |kind: &str| {
        condition(
            kind,
            State::Unknown,
            "SyncedNotReady",
            format!("{kind} cannot be evaluated until Synced=True"),
            generation,
        )
    };
    let told = |kind: &str| condition(kind, State::False, blocked.reason, blocked.message.clone(), generation);
    status(binding, vec![told("Synced"), later("NamespaceReady"), later("ResourcesReady"), told("Ready")])
}

fn status(binding: &ProjectReleaseBinding, conditions: Vec<Condition>) -> ProjectReleaseBindingStatus {
    let placed = binding.spec.project_release.is_empty();
    ProjectReleaseBindingStatus {
        observed_generation: 0,
        conditions,
        namespace: if placed {
            binding.status.as_ref().map(|status| status.namespace.clone()).unwrap_or_default()
        } else {
            cell(binding)
        },
    }
}
