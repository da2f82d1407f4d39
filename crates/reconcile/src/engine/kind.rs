//! Kinds and the names of objects.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ClusterId;

/// API version and kind, as a manifest spells them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    /// `apps/v1`, or `v1` for the core group.
    pub api_version: Cow<'static, str>,
    /// `Deployment`.
    pub kind: Cow<'static, str>,
}

impl Gvk {
    /// From the two strings of a manifest.
    pub fn new(api_version: impl Into<Cow<'static, str>>, kind: impl Into<Cow<'static, str>>) -> Self {
        Self { api_version: api_version.into(), kind: kind.into() }
    }

    /// What a manifest says it is; `None` when it lacks `apiVersion` or `kind`.
    pub fn of(manifest: &Value) -> Option<Self> {
        let api_version = manifest.get("apiVersion")?.as_str()?;
        let kind = manifest.get("kind")?.as_str()?;
        (!api_version.is_empty() && !kind.is_empty()).then(|| Self::new(api_version.to_owned(), kind.to_owned()))
    }

    /// The group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version without the group.
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(&self.api_version, |(_, version)| version)
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.api_version == "v1" && self.kind == "Secret"
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version, self.kind)
    }
}

impl fmt::Debug for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Rust type that is a Kubernetes kind. Every type of `model` and of `k8s-openapi` with metadata is one.
pub trait Kind:
    kube::Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static
{
    /// Whether its objects live in namespaces.
    const NAMESPACED: bool;

    /// Its API version and kind.
    fn gvk() -> Gvk {
        Gvk { api_version: Self::api_version(&()), kind: <Self as kube::Resource>::kind(&()) }
    }

    /// The key of this object.
    fn object_key(&self) -> ObjectKey {
        let meta = self.meta();
        ObjectKey::new(meta.namespace.as_deref(), meta.name.as_deref().unwrap_or_default())
    }
}

impl<K> Kind for K
where
    K: kube::Resource<DynamicType = ()> + Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static,
    K::Scope: Scope,
{
    const NAMESPACED: bool = <K::Scope as Scope>::NAMESPACED;
}

/// Where a kind's objects live.
pub trait Scope {
    /// Whether in a namespace.
    const NAMESPACED: bool;
}

impl Scope for kube::core::NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

impl Scope for kube::core::ClusterResourceScope {
    const NAMESPACED: bool = false;
}

/// Namespace (absent for cluster-scoped kinds) and name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Absent for cluster-scoped objects.
    pub namespace: Option<Arc<str>>,
    /// The object's name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// From its parts; an empty namespace is none.
    pub fn new(namespace: Option<&str>, name: &str) -> Self {
        Self { namespace: namespace.filter(|n| !n.is_empty()).map(Arc::from), name: Arc::from(name) }
    }

    /// The key of a manifest; `None` when it has no name.
    pub fn of(manifest: &Value) -> Option<Self> {
        let meta = manifest.get("metadata")?;
        let name = meta.get("name")?.as_str().filter(|n| !n.is_empty())?;
        Some(Self::new(meta.get("namespace").and_then(Value::as_str), name))
    }
}

impl From<(&str, &str)> for ObjectKey {
    fn from((namespace, name): (&str, &str)) -> Self {
        Self::new(Some(namespace), name)
    }
}

impl From<&str> for ObjectKey {
    fn from(name: &str) -> Self {
        Self::new(None, name)
    }
}

impl From<&ObjectKey> for ObjectKey {
    fn from(key: &ObjectKey) -> Self {
        key.clone()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One object somewhere: cluster, kind, key. It need not exist.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// The cluster it is on.
    pub cluster: ClusterId,
    /// Its kind.
    pub gvk: Gvk,
    /// Its name.
    pub key: ObjectKey,
}

impl ObjectRef {
    /// The object of a typed kind with this key.
    pub fn to<K: Kind>(cluster: &ClusterId, key: impl Into<ObjectKey>) -> Self {
        Self { cluster: cluster.clone(), gvk: K::gvk(), key: key.into() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.gvk.kind, self.key)?;
        if self.cluster.is_control_plane() { Ok(()) } else { write!(f, " on {}", self.cluster) }
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.cluster, self.gvk, self.key)
    }
}
