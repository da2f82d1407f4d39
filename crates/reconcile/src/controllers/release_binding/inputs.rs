//! Turns the names in a binding into objects, once.

use crate::controllers::blocked::Blocked;
use crate::controllers::placement::{self, Placement};
use crate::engine::{ClusterId, World};
use model::{Component, ComponentRelease, Kind, Project, ReleaseBinding};
use std::sync::Arc;

/// Everything that a binding refers to.
pub(super) struct Inputs {
    pub(super) binding: ReleaseBinding,
    pub(super) release: Arc<ComponentRelease>,
    pub(super) component: Arc<Component>,
    pub(super) project: Arc<Project>,
    pub(super) placement: Placement,
}

impl Inputs {
    pub(super) fn gather(binding: &ReleaseBinding, world: &World) -> Result<Inputs, Blocked> {
        let here = ClusterId::control_plane();
        let namespace = binding.namespace();
        let pin = binding.spec.release_name.as_str();
        let missing = || {
            Blocked::missing::<ComponentRelease>(
                "ComponentReleaseNotFound",
                (namespace, pin),
                format!("ComponentRelease {pin:?} not found"),
            )
        };
        let release =
            if pin.is_empty() { None } else { world.get_spec::<ComponentRelease>(&here, (namespace, pin))? };
        let release = release.ok_or_else(missing)?;
        check(binding, &release)?;
        let placement = placement::find(world, namespace, &binding.spec.environment)?;
        let owner = &binding.spec.owner;
        let component = world.get_spec::<Component>(&here, (namespace, owner.component_name.as_str()))?;
        let component = component.ok_or_else(|| {
            let key = (namespace, owner.component_name.as_str());
            Blocked::missing::<Component>(
                "ComponentNotFound",
                key,
                format!("Component {:?} not found", owner.component_name),
            )
        })?;
        let project = world.get_spec::<Project>(&here, (namespace, owner.project_name.as_str()))?;
        let project = project.ok_or_else(|| {
            let key = (namespace, owner.project_name.as_str());
            Blocked::missing::<Project>("ProjectNotFound", key, format!("Project {:?} not found", owner.project_name))
        })?;
        Ok(Inputs { binding: binding.clone(), release, component, project, placement })
    }
}

/// The release must be one of the binding's own component, and must say what to run.
fn check(binding: &ReleaseBinding, release: &ComponentRelease) -> Result<(), Blocked> {
    let invalid = |message: String| {
        Blocked::new("InvalidReleaseConfiguration", format!("Invalid ComponentRelease configuration: {message}"))
    };
    if release.spec.component_type.spec.resources.is_empty() {
        return Err(invalid("component type has no resources".into()));
    }
    let (own, other) = (&binding.spec.owner, &release.spec.owner);
    if own != other {
        return Err(invalid(format!(
            "release binding owner (project: {:?}, component: {:?}) does not match component release owner (project: {:?}, component: {:?})",
            own.project_name, own.component_name, other.project_name, other.component_name
        )));
    }
    Ok(())
}
