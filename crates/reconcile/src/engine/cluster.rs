//! Which cluster something is on.

use std::fmt;
use std::sync::Arc;

/// The name by which the engine knows a cluster: the control plane or one plane.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(Arc<str>);

impl ClusterId {
    /// The cluster that holds the objects of `openchoreo.dev`.
    pub fn control_plane() -> Self {
        Self(Arc::from("control-plane"))
    }

    /// The plane that a namespaced plane object (`DataPlane`, `ObservabilityPlane`, …) describes.
    pub fn plane(kind: &str, namespace: &str, name: &str) -> Self {
        Self(format!("{}/{namespace}/{name}", kind.to_lowercase()).into())
    }

    /// The plane that a cluster-scoped plane object (`ClusterDataPlane`, …) describes.
    pub fn cluster_plane(kind: &str, name: &str) -> Self {
        Self(format!("{}/{name}", kind.to_lowercase()).into())
    }

    /// Whether this is the control plane.
    pub fn is_control_plane(&self) -> bool {
        &*self.0 == "control-plane"
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A cluster as the engine is given it: a name and a client. Whatever lies behind the client (an in-process server, an
/// API server, a tunnel) is of no concern here.
#[derive(Clone)]
pub struct Cluster {
    /// The engine's name for it.
    pub id: ClusterId,
    /// How to reach it.
    pub client: kube::Client,
}

impl Cluster {
    /// A cluster with this name, reached by this client.
    pub fn new(id: ClusterId, client: kube::Client) -> Self {
        Self { id, client }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({})", self.id)
    }
}
