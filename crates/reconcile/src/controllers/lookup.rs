//! Lists by the indexes of the kinds table.

use crate::engine::{ClusterId, Index, Kind, List, Unseen, World};

/// The objects on the control plane that an index of the kinds table finds, complete.
pub(super) fn list<K: Kind>(
    world: &World,
    index: Index<K>,
    namespace: &str,
    parts: &[&str],
) -> Result<List<K>, Unseen> {
    let value = model::indexes::value(namespace, parts);
    world.list(&ClusterId::control_plane(), &index, &value)
}

/// As [`list`], without statuses: a change of a status does not wake.
pub(super) fn list_spec<K: Kind>(
    world: &World,
    index: Index<K>,
    namespace: &str,
    parts: &[&str],
) -> Result<List<K>, Unseen> {
    let value = model::indexes::value(namespace, parts);
    world.list_spec(&ClusterId::control_plane(), &index, &value)
}
