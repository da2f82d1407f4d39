//! The release of a resource as it is now: under which name it is, or is to be, written.

use crate::controllers::blocked::Blocked;
use crate::engine::{ClusterId, World};
use model::{
    ClusterResourceType, Kind, Resource, ResourceOwner, ResourceRelease, ResourceReleaseSpec, ResourceReleaseType,
    ResourceType, ResourceTypeKind, ResourceTypeSpec, hash, names,
};

/// A release that should be there.
pub(super) struct Cut {
    pub(super) name: String,
    pub(super) hash: String,
    spec: ResourceReleaseSpec,
    /// Whether it is there.
    pub(super) exists: bool,
}

impl Cut {
    /// The object to be created.
    pub(super) fn object(&self, namespace: &str) -> ResourceRelease {
        let mut release = ResourceRelease { spec: self.spec.clone(), ..ResourceRelease::default() };
        release.metadata.name = Some(self.name.clone());
        release.metadata.namespace = Some(namespace.to_owned());
        release
    }
}

/// Freezes the resource. Equal content keeps the name of the latest release, whoever named it; other content gets a
/// name from its hash, and where that name is taken by something else, the next one.
pub(super) fn cut(resource: &Resource, world: &World) -> Result<Cut, Blocked> {
    let here = ClusterId::control_plane();
    let namespace = resource.namespace();
    let reference = &resource.spec.type_;
    let spec = ResourceReleaseSpec {
        owner: ResourceOwner {
            project_name: resource.spec.owner.project_name.clone(),
            resource_name: resource.name().to_owned(),
        },
        resource_type: ResourceReleaseType {
            kind: reference.kind,
            name: reference.name.clone(),
            spec: resource_type(resource, world)?,
        },
        parameters: resource.spec.parameters.clone(),
    };
    let own = hash::content(&spec).map_err(|error| unwritable(&error))?;
    let same = |live: &ResourceRelease| -> Result<bool, Blocked> {
        Ok(live.spec == spec || hash::content(&live.spec).map_err(|error| unwritable(&error))? == own)
    };
    if let Some(latest) = resource.status.as_ref().and_then(|status| status.latest_release.as_ref())
        && let Some(live) = world.get_spec::<ResourceRelease>(&here, (namespace, latest.name.as_str()))?
        && same(&live)?
    {
        return Ok(Cut { name: latest.name.clone(), hash: latest.hash.clone(), spec, exists: true });
    }
    let mut hash = own.clone();
    loop {
        let name = names::release(resource.name(), &hash);
        match world.get_spec::<ResourceRelease>(&here, (namespace, name.as_str()))? {
            None => return Ok(Cut { name, hash, spec, exists: false }),
            Some(live) if same(&live)? => return Ok(Cut { name, hash, spec, exists: true }),
            Some(_) => hash = hash::content(&(&own, &hash)).map_err(|error| unwritable(&error))?,
        }
    }
}

fn resource_type(resource: &Resource, world: &World) -> Result<ResourceTypeSpec, Blocked> {
    let here = ClusterId::control_plane();
    let reference = &resource.spec.type_;
    let (name, missing) = (reference.name.as_str(), format!("{} {:?} not found", reference.kind, reference.name));
    match reference.kind {
        ResourceTypeKind::ResourceType => {
            let key = (resource.namespace(), name);
            let found = world.get_spec::<ResourceType>(&here, key)?;
            let found = found.ok_or_else(|| Blocked::missing::<ResourceType>("ResourceTypeNotFound", key, missing))?;
            Ok(found.spec.clone())
        }
        ResourceTypeKind::ClusterResourceType => {
            let found = world.get_spec::<ClusterResourceType>(&here, name)?;
            let found =
                found.ok_or_else(|| Blocked::missing::<ClusterResourceType>("ResourceTypeNotFound", name, missing))?;
            Ok(found.spec.clone())
        }
    }
}

fn unwritable(error: &serde_json::Error) -> Blocked {
    Blocked::new("InvalidConfiguration", format!("the resource cannot be frozen: {error}"))
}
