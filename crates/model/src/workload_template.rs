//! What a workload runs: container, endpoints, dependencies. Stands in Workloads and, frozen, in component releases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::references::SecretKeyRef;
use crate::schema::rules;
use crate::wire_enum::wire_enum;
use crate::zero;

wire_enum! {
    /// The protocol of an endpoint.
    pub enum EndpointType {
        #[default] Http = "HTTP",
        Grpc = "gRPC",
        GraphQl = "GraphQL",
        Websocket = "Websocket",
        Tcp = "TCP",
        Udp = "UDP",
    }
}
wire_enum! {
    /// From where an endpoint can be reached; `project` always is implied.
    pub enum EndpointVisibility {
        #[default] Project = "project",
        Namespace = "namespace",
        Internal = "internal",
        External = "external",
    }
}
wire_enum! {
    /// From where a connection reaches its target.
    pub enum ConnectionVisibility { #[default] Project = "project", Namespace = "namespace" }
}

/// What a workload runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadTemplateSpec {
    /// The one container.
    pub container: Container,
    /// Where it listens, by endpoint name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, WorkloadEndpoint>,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<WorkloadDependencies>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Container {
    /// The image.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Replaces the image's entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Replaces the image's arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileVar>,
}

/// An environment variable; without value and reference it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::value_or_reference)]
pub struct EnvVar {
    /// Name of the variable.
    pub key: String,
    /// Its value, literally.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Where its value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<EnvVarValueFrom>,
}

/// A file in the container; without value and reference it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::value_or_reference)]
pub struct FileVar {
    /// Name of the file.
    pub key: String,
    /// The folder that it is put into.
    pub mount_path: String,
    /// Its content, literally.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Where its content comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<EnvVarValueFrom>,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvVarValueFrom {
    /// A SecretReference, and one of its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
}

/// A port that the workload listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadEndpoint {
    /// From where it can be reached beside its own project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub visibility: Vec<EndpointVisibility>,
    /// The protocol.
    #[serde(rename = "type")]
    pub type_: EndpointType,
    /// The port of the service.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The port of the container, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub target_port: Option<i32>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// The path that the API starts at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_path: String,
    /// The API's definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<EndpointSchema>,
}

impl WorkloadEndpoint {
    /// The port of the container.
    pub fn container_port(&self) -> i32 {
        self.target_port.filter(|port| *port != 0).unwrap_or(self.port)
    }
}

/// An API definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointSchema {
    /// Its language.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub type_: String,
    /// Its text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
}

/// What a workload needs from others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadDependencies {
    /// Endpoints of other components.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub endpoints: Vec<WorkloadConnection>,
    /// Resources of the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 50),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["ref"])
    )]
    pub resources: Vec<WorkloadResourceDependency>,
}

/// An endpoint of another component, and the environment variables that tell its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadConnection {
    /// The target's project; the workload's own if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The target component.
    #[schemars(length(min = 1))]
    pub component: String,
    /// Name of the target's endpoint.
    #[schemars(length(min = 1))]
    pub name: String,
    /// From where the target is reached.
    pub visibility: ConnectionVisibility,
    /// The variables that are set.
    pub env_bindings: ConnectionEnvBindings,
}

/// Names of the environment variables that get the parts of an address; empty ones are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionEnvBindings {
    /// Variable for the whole address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Variable for the host.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Variable for the port.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub port: String,
    /// Variable for the path.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub base_path: String,
}

/// A resource of the project, and where its outputs go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadResourceDependency {
    /// The resource.
    #[serde(rename = "ref")]
    #[schemars(length(min = 1))]
    pub ref_: String,
    /// Output name → environment variable.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50), transform = rules::no_empty_names)]
    pub env_bindings: BTreeMap<String, String>,
    /// Output name → path of the file; for outputs that are secrets or config maps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 50), transform = rules::no_empty_names)]
    pub file_bindings: BTreeMap<String, String>,
}
