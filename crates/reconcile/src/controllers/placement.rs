//! From the name of an environment to the environment and the data plane behind it.

use super::blocked::Blocked;
use crate::engine::{ClusterId, World};
use model::{ClusterDataPlane, DataPlane, DataPlaneKind, Environment, GatewaySpec, Kind};
use std::sync::Arc;

/// An environment with its data plane.
pub(super) struct Placement {
    pub(super) environment: Arc<Environment>,
    pub(super) plane: Plane,
}

/// A data plane, of one namespace or of all.
#[derive(Clone)]
pub(super) enum Plane {
    Namespaced(Arc<DataPlane>),
    Cluster(Arc<ClusterDataPlane>),
}

impl Plane {
    /// The engine's name for the plane's cluster.
    pub(super) fn cluster(&self) -> ClusterId {
        match self {
            Plane::Namespaced(plane) => ClusterId::plane("DataPlane", plane.namespace(), plane.name()),
            Plane::Cluster(plane) => ClusterId::cluster_plane("ClusterDataPlane", plane.name()),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Plane::Namespaced(plane) => plane.name(),
            Plane::Cluster(plane) => plane.name(),
        }
    }

    pub(super) fn uid(&self) -> &str {
        match self {
            Plane::Namespaced(plane) => plane.uid(),
            Plane::Cluster(plane) => plane.uid(),
        }
    }

    pub(super) fn gateway(&self) -> Option<&GatewaySpec> {
        match self {
            Plane::Namespaced(plane) => plane.spec.gateway.as_ref(),
            Plane::Cluster(plane) => plane.spec.gateway.as_ref(),
        }
    }

    /// The plane as templates see it.
    pub(super) fn for_compiler(&self) -> compiler::input::DataPlane {
        match self {
            Plane::Namespaced(plane) => plane.as_ref().into(),
            Plane::Cluster(plane) => plane.as_ref().into(),
        }
    }
}

/// Finds both, or says which is missing.
pub(super) fn find(world: &World, namespace: &str, environment: &str) -> Result<Placement, Blocked> {
    let here = ClusterId::control_plane();
    let Some(environment_object) = world.get_spec::<Environment>(&here, (namespace, environment))? else {
        return Err(Blocked::missing::<Environment>(
            "EnvironmentNotFound",
            (namespace, environment),
            format!("Environment {environment:?} not found"),
        ));
    };
    let plane = plane(world, namespace, &environment_object)?;
    Ok(Placement { environment: environment_object, plane })
}

/// The data plane that an environment names; where it names none, the namespace's `default`, then the cluster's.
pub(super) fn plane(world: &World, namespace: &str, environment: &Environment) -> Result<Plane, Blocked> {
    let here = ClusterId::control_plane();
    let own =
        |name: &str| world.get_spec::<DataPlane>(&here, (namespace, name)).map(|found| found.map(Plane::Namespaced));
    let shared = |name: &str| world.get_spec::<ClusterDataPlane>(&here, name).map(|found| found.map(Plane::Cluster));
    let reference = environment.spec.data_plane_ref.as_ref().filter(|reference| !reference.name.is_empty());
    let found = match reference {
        Some(reference) if reference.kind == DataPlaneKind::ClusterDataPlane => shared(&reference.name)?,
        Some(reference) => own(&reference.name)?,
        None => match own("default")? {
            Some(plane) => Some(plane),
            None => shared("default")?,
        },
    };
    found.ok_or_else(|| {
        let (kind, name) =
            reference.map_or(("DataPlane", "default"), |reference| (reference.kind.as_str(), reference.name.as_str()));
        let message = format!("{kind} {name:?} of environment {:?} not found", environment.name());
        match reference.map(|reference| reference.kind) {
            Some(DataPlaneKind::ClusterDataPlane) => {
                Blocked::missing::<ClusterDataPlane>("DataPlaneNotFound", name, message)
            }
            _ => Blocked::missing::<DataPlane>("DataPlaneNotFound", (namespace, name), message),
        }
    })
}
