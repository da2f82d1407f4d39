//! One component for one environment.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    ComponentMetadata, DataPlane, EndpointDependency, EnvVar, Environment, FileVar, RemoteRef, ResourceDependency,
    Source, Workload,
};

/// Everything the component pipeline needs. Nothing is looked up anywhere else.
#[derive(Debug, Clone)]
pub struct ComponentInput<'a> {
    /// The type's name as components refer to it: `workloadType/name`.
    pub type_name: &'a str,
    /// The type's spec as frozen in the release.
    pub type_spec: &'a dyn Source,
    /// The component's parameters as frozen in the release.
    pub parameters: Option<&'a Value>,
    /// The component's own traits, in order.
    pub traits: &'a [TraitInstance],
    /// The specs of all traits that the type or the component name.
    pub trait_specs: &'a [TraitSource<'a>],
    /// The workload as frozen in the release.
    pub workload: &'a Workload,
    /// What the environment changes in the workload's configuration.
    pub overrides: Option<&'a ConfigurationOverrides>,
    /// The type's environment configs for this environment.
    pub environment_configs: Option<&'a Value>,
    /// Environment configs of the component's own traits, by instance name.
    pub trait_environment_configs: Option<&'a BTreeMap<String, Value>>,
    /// The environment.
    pub environment: &'a Environment,
    /// Its data plane.
    pub data_plane: &'a DataPlane,
    /// The data of the SecretReferences that workload and overrides name. What is not there is left out of the manifests;
    /// the caller refuses such a workload before.
    pub secrets: &'a BTreeMap<String, Vec<SecretSource>>,
    /// Names, UIDs and labels.
    pub metadata: &'a ComponentMetadata,
    /// Dependencies on endpoints, in the workload's order.
    pub dependencies: &'a [EndpointDependency],
    /// Resolved dependencies on resources, in the workload's order.
    pub resource_dependencies: &'a [ResourceDependency],
}

/// A trait as a component uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TraitInstance {
    /// `Trait` or `ClusterTrait`; empty means `Trait`.
    pub kind: String,
    /// The trait's name.
    pub name: String,
    /// The name of this use of it.
    pub instance_name: String,
    /// Its parameters.
    pub parameters: Option<Value>,
}

/// A trait's spec.
#[derive(Clone, Copy, Debug)]
pub struct TraitSource<'a> {
    /// `Trait` or `ClusterTrait`; empty means `Trait`.
    pub kind: &'a str,
    /// The trait's name.
    pub name: &'a str,
    /// Its spec.
    pub spec: &'a dyn Source,
}

/// Configuration that replaces or adds to the workload's, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigurationOverrides {
    /// Environment variables.
    pub env: Vec<EnvVar>,
    /// Files.
    pub files: Vec<FileVar>,
}

/// One key of a SecretReference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretSource {
    /// The key.
    pub secret_key: String,
    /// Where its value lies.
    pub remote_ref: RemoteRef,
}
