//! Renders the resource for its environment.

use super::Inputs;
use crate::controllers::blocked::Blocked;
use crate::controllers::rendering::{self, Content};
use compiler::input::{Environment, ResourceInput, ResourceMetadata};
use compiler::{BoundResource, Compiler, Problems};
use model::{Kind, RenderedRelease, ResourceReleaseBinding, TargetPlane, labels, names};
use std::collections::BTreeMap;

/// The type with its values, which is asked again when the plane reports, and what is to be on the plane.
pub(super) fn render(
    compiler: &Compiler,
    binding: &ResourceReleaseBinding,
    inputs: &Inputs,
) -> Result<(BoundResource, RenderedRelease), Blocked> {
    let Inputs { release, resource, project, placement } = inputs;
    let environment = &placement.environment;
    let kind = &release.spec.resource_type;
    let input = ResourceInput {
        type_name: &kind.name,
        type_spec: &kind.spec,
        parameters: release.spec.parameters.as_ref().map(|parameters| &parameters.0),
        environment_configs: binding.spec.resource_type_environment_configs.as_ref().map(|configs| &configs.0),
        environment: &Environment {
            gateway: environment.spec.gateway.as_ref().map(Into::into),
            default_notification_channel: None,
        },
        data_plane: &placement.plane.for_compiler(),
        metadata: &metadata(binding, inputs),
    };
    let failed =
        |problems: Problems| Blocked::new("RenderingFailed", format!("Failed to render resources: {problems}"));
    let bound = compiler.resource(&input).map_err(failed)?;
    let manifests = bound.manifests().map_err(failed)?;
    let content = Content {
        name: names::resource_rendered_release(resource.name(), environment.name()),
        namespace: binding.namespace(),
        project: project.name(),
        component: "",
        resource: resource.name(),
        environment: environment.name(),
        plane: TargetPlane::DataPlane,
        restarted_at: None,
        owner: rendering::owned_by(binding),
    };
    Ok((bound, rendering::release(content, manifests)))
}

fn metadata(binding: &ResourceReleaseBinding, inputs: &Inputs) -> ResourceMetadata {
    let Inputs { resource, project, placement, .. } = inputs;
    let environment = &placement.environment;
    let own = BTreeMap::from(
        [
            (labels::NAMESPACE, binding.namespace()),
            (labels::PROJECT, project.name()),
            (labels::PROJECT_UID, project.uid()),
            (labels::RESOURCE, resource.name()),
            (labels::RESOURCE_UID, resource.uid()),
            (labels::ENVIRONMENT, environment.name()),
            (labels::ENVIRONMENT_UID, environment.uid()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    ResourceMetadata {
        name: names::resource_base(resource.name(), environment.name()),
        namespace: names::runtime_namespace(binding.namespace(), project.name(), environment.name()),
        resource_namespace: binding.namespace().into(),
        resource_name: resource.name().into(),
        resource_uid: resource.uid().into(),
        project_name: project.name().into(),
        project_uid: project.uid().into(),
        environment_name: environment.name().into(),
        environment_uid: environment.uid().into(),
        data_plane_name: placement.plane.name().into(),
        data_plane_uid: placement.plane.uid().into(),
        labels: Some(own),
        annotations: Some(binding.metadata.annotations.clone().unwrap_or_default()),
    }
}
