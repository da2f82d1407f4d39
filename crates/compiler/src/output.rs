//! What a compilation gives.

use std::fmt;

use model::names;
use serde_json::Value;

/// The plane that a manifest is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetPlane {
    /// `dataplane`
    Data,
    /// `observabilityplane`
    Observability,
    /// A word that names no plane; such manifests are applied nowhere.
    Other(String),
}

impl TargetPlane {
    /// The plane by its word; none given means the data plane.
    pub fn parse(word: &str) -> Self {
        match word {
            "" | "dataplane" => Self::Data,
            "observabilityplane" => Self::Observability,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Data => "dataplane",
            Self::Observability => "observabilityplane",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for TargetPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A manifest of a component and where it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedResource {
    /// The plane.
    pub target_plane: TargetPlane,
    /// The manifest.
    pub object: Value,
}

/// How many resources came from where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// All resources.
    pub resources: usize,
    /// Those of the type.
    pub base: usize,
    /// Trait instances, embedded ones included.
    pub traits: usize,
    /// What traits added, less what they removed.
    pub trait_resources: i64,
}

/// A compiled component.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The manifests, sorted by kind, API version, namespace and name.
    pub resources: Vec<RenderedResource>,
    /// The component's network policy, which belongs behind the data plane's manifests.
    pub network_policy: Value,
    /// Where they came from, in numbers.
    pub counters: Counters,
}

/// A manifest under the id that releases know it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The id, unique in its release.
    pub id: String,
    /// The manifest.
    pub object: Value,
}

impl Rendered {
    /// The manifests of the data plane's release: those for that plane, then the network policy.
    pub fn data_plane_manifests(&self) -> Vec<Manifest> {
        let mut manifests = self.manifests(&TargetPlane::Data);
        let at = manifests.len();
        manifests.push(Manifest { id: manifest_id(&self.network_policy, at), object: self.network_policy.clone() });
        manifests
    }

    /// The manifests of the observability plane's release; empty where there is no need for one.
    pub fn observability_plane_manifests(&self) -> Vec<Manifest> {
        self.manifests(&TargetPlane::Observability)
    }

    fn manifests(&self, plane: &TargetPlane) -> Vec<Manifest> {
        self.resources
            .iter()
            .filter(|resource| resource.target_plane == *plane)
            .enumerate()
            .map(|(at, resource)| Manifest { id: manifest_id(&resource.object, at), object: resource.object.clone() })
            .collect()
    }
}

/// The id of a manifest in its release: kind and name, shortened with a hash where they are long; its place where it has
/// neither.
pub fn manifest_id(object: &Value, at: usize) -> String {
    id_of(object["kind"].as_str(), object["metadata"]["name"].as_str(), at)
}

/// As [`manifest_id`], of what an object says of itself.
pub(crate) fn id_of(kind: Option<&str>, name: Option<&str>, at: usize) -> String {
    let kind = kind.unwrap_or_default().to_lowercase();
    let name = name.unwrap_or_default();
    if kind.is_empty() || name.is_empty() {
        return format!("resource-{at}");
    }
    let id = format!("{kind}-{name}");
    if id.len() > names::MAX_LABEL { names::generate(names::MAX_LABEL, &[&kind, name]) } else { id }
}

/// A compiled project.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectRendered {
    /// The manifests in the type's order.
    pub manifests: Vec<Manifest>,
}

impl ProjectRendered {
    /// Whether the project's namespace is among the manifests, without which nothing of it can be applied.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.manifests.iter().any(|manifest| {
            manifest.object["apiVersion"] == "v1"
                && manifest.object["kind"] == "Namespace"
                && manifest.object["metadata"]["name"] == namespace
        })
    }
}

/// The outputs of a resource as far as they can be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedOutputs {
    /// Those that could be told, in the type's order.
    pub outputs: Vec<ResolvedOutput>,
    /// What is wrong with the others.
    pub problems: Vec<crate::Problem>,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedOutput {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: ResolvedValue,
}

/// What an output is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedValue {
    /// A plain value.
    Value(String),
    /// A key of a Secret on the plane.
    SecretKeyRef(OutputKeyRef),
    /// A key of a ConfigMap on the plane.
    ConfigMapKeyRef(OutputKeyRef),
}

/// A key of an object on the plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputKeyRef {
    /// The object's name.
    pub name: String,
    /// The key.
    pub key: String,
}

/// A compiled workflow run.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowRendered {
    /// The run as its template renders.
    pub run: Value,
    /// The run as it is applied: every parameter's value is a string.
    pub applied_run: Value,
    /// What it needs beside itself.
    pub resources: Vec<Manifest>,
}
