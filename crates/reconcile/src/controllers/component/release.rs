//! The release of a component as it is now: under which name it is, or is to be, written.

use super::Inputs;
use crate::controllers::blocked::Blocked;
use crate::engine::{ClusterId, World};
use model::{Component, ComponentOwner, ComponentRelease, ComponentReleaseSpec, Kind, hash, names, release_snapshot};

/// A release that should be there.
pub(super) struct Cut {
    pub(super) name: String,
    pub(super) hash: String,
    spec: ComponentReleaseSpec,
    /// Whether it is there.
    pub(super) exists: bool,
}

impl Cut {
    /// The object to be created.
    pub(super) fn object(&self, namespace: &str) -> ComponentRelease {
        let mut release = ComponentRelease { spec: self.spec.clone(), ..ComponentRelease::default() };
        release.metadata.name = Some(self.name.clone());
        release.metadata.namespace = Some(namespace.to_owned());
        release
    }
}

/// Freezes the component. Equal content keeps the name of the latest release, whoever named it; other content gets a
/// name from its hash, and where that name is taken by something else, the next one.
pub(super) fn cut(component: &Component, inputs: Inputs, world: &World) -> Result<Cut, Blocked> {
    let here = ClusterId::control_plane();
    let namespace = component.namespace();
    let traits = inputs.traits;
    let spec = release_snapshot::component_release(
        component.name(),
        &component.spec,
        inputs.component_type,
        inputs.workload,
        |kind, name| traits.get(&(kind, name.to_owned())).cloned(),
    )
    .map_err(|(kind, name)| Blocked::new("TraitNotFound", format!("{kind} {name:?} not found")))?;
    let own = std::cell::OnceCell::new();
    let own = || -> Result<&String, Blocked> {
        if own.get().is_none() {
            let _ = own.set(content(&spec)?);
        }
        own.get().ok_or_else(|| Blocked::new("InvalidConfiguration", "the component cannot be frozen".to_owned()))
    };
    // Mostly the two are equal field by field; what only differs in how it is written is told by the hashes.
    let same = |live: &ComponentRelease| -> Result<bool, Blocked> {
        Ok(live.spec == spec || (live.spec.owner == spec.owner && content(&live.spec)? == *own()?))
    };
    if let Some(latest) = component.status.as_ref().and_then(|status| status.latest_release.as_ref())
        && let Some(live) = world.get_spec::<ComponentRelease>(&here, (namespace, latest.name.as_str()))?
        && same(&live)?
    {
        return Ok(Cut { name: latest.name.clone(), hash: latest.release_hash.clone(), spec, exists: true });
    }
    let mut hash = own()?.clone();
    loop {
        let name = names::release(component.name(), &hash);
        match world.get_spec::<ComponentRelease>(&here, (namespace, name.as_str()))? {
            None => return Ok(Cut { name, hash, spec, exists: false }),
            Some(live) if same(&live)? => return Ok(Cut { name, hash, spec, exists: true }),
            Some(_) => {
                let next = hash::content(&(own()?, &hash)).map_err(|error| unwritable(&error))?;
                hash = next;
            }
        }
    }
}

/// The hash of everything but the owner.
fn content(spec: &ComponentReleaseSpec) -> Result<String, Blocked> {
    let ownerless = serde_json::to_value(spec).and_then(|mut spec| {
        spec["owner"] = serde_json::to_value(ComponentOwner::default())?;
        Ok(spec)
    });
    ownerless.map(|spec| hash::content_of_value(&spec)).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> Blocked {
    Blocked::new("InvalidConfiguration", format!("the component cannot be frozen: {error}"))
}
