//! Turns the names in a binding into objects, once.

use crate::controllers::blocked::Blocked;
use crate::controllers::placement::{self, Placement};
use crate::engine::{ClusterId, World};
use model::{Kind, Project, Resource, ResourceRelease, ResourceReleaseBinding};
use std::sync::Arc;

/// Everything that a binding refers to.
pub(super) struct Inputs {
    pub(super) release: Arc<ResourceRelease>,
    pub(super) resource: Arc<Resource>,
    pub(super) project: Arc<Project>,
    pub(super) placement: Placement,
}

impl Inputs {
    pub(super) fn gather(binding: &ResourceReleaseBinding, world: &World) -> Result<Inputs, Blocked> {
        let here = ClusterId::control_plane();
        let (namespace, pin) = (binding.namespace(), binding.spec.resource_release.as_str());
        if pin.is_empty() {
            return Err(Blocked::new(
                "ResourceReleaseNotSet",
                "spec.resourceRelease is unset; pin a ResourceRelease to deploy this binding",
            ));
        }
        let release = world.get_spec::<ResourceRelease>(&here, (namespace, pin))?.ok_or_else(|| {
            let message = format!("ResourceRelease {pin:?} not found");
            Blocked::missing::<ResourceRelease>("ResourceReleaseNotFound", (namespace, pin), message)
        })?;
        let (own, other) = (&binding.spec.owner, &release.spec.owner);
        if own != other {
            let message = format!(
                "ResourceRelease {pin:?} belongs to resource {:?} of project {:?}, the binding to resource {:?} of project {:?}: pin a release of its own resource",
                other.resource_name, other.project_name, own.resource_name, own.project_name
            );
            return Err(Blocked::new("InvalidReleaseConfiguration", message));
        }
        let placement = placement::find(world, namespace, &binding.spec.environment)?;
        let name = own.resource_name.as_str();
        let resource = world.get_spec::<Resource>(&here, (namespace, name))?.ok_or_else(|| {
            Blocked::missing::<Resource>("ResourceNotFound", (namespace, name), format!("Resource {name:?} not found"))
        })?;
        let name = own.project_name.as_str();
        let project = world.get_spec::<Project>(&here, (namespace, name))?.ok_or_else(|| {
            Blocked::missing::<Project>("ProjectNotFound", (namespace, name), format!("Project {name:?} not found"))
        })?;
        Ok(Inputs { release, resource, project, placement })
    }
}
