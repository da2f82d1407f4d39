//! What was observed of a component in an environment: health, addresses, connections.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoint_url::{EndpointGatewayUrls, EndpointUrl};
use crate::schema;
use crate::workload_template::EndpointVisibility;
use crate::zero;

/// What was observed of a release binding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseBindingStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// When the current generation was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_spec_update_time: Option<Time>,
    /// `Ready`, `ReleaseSynced`, `ResourcesReady`, `ConnectionsResolved`, `ResourceDependenciesReady`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The addresses of the component's endpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<EndpointUrlStatus>,
    /// The endpoints that the component wants to reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connection_targets: Vec<ConnectionTarget>,
    /// Those that were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved_connections: Vec<ResolvedConnection>,
    /// Those that were not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_connections: Vec<PendingConnection>,
    /// The resources that the component depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_dependency_targets: Vec<ResourceDependencyTarget>,
    /// Those that are not ready, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_resource_dependencies: Vec<PendingResourceDependency>,
    /// The SecretReferences that the workload takes values from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_reference_names: Vec<String>,
}

/// The addresses of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointUrlStatus {
    /// Name of the endpoint.
    pub name: String,
    /// Its protocol.
    #[serde(rename = "type", default, skip_serializing_if = "String::is_empty")]
    pub type_: String,
    /// Inside the plane's cluster.
    #[serde(rename = "serviceURL", default, skip_serializing_if = "Option::is_none")]
    pub service_url: Option<EndpointUrl>,
    /// Not written; clients of older versions read it.
    #[serde(rename = "invokeURL", default, skip_serializing_if = "String::is_empty")]
    pub invoke_url: String,
    /// At the internal gateway.
    #[serde(rename = "internalURLs", default, skip_serializing_if = "Option::is_none")]
    pub internal_urls: Option<EndpointGatewayUrls>,
    /// At the external gateway.
    #[serde(rename = "externalURLs", default, skip_serializing_if = "Option::is_none")]
    pub external_urls: Option<EndpointGatewayUrls>,
}

/// An endpoint that the component wants to reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionTarget {
    /// Control plane namespace of the target.
    #[schemars(length(min = 1))]
    pub namespace: String,
    /// Project of the target.
    #[schemars(length(min = 1))]
    pub project: String,
    /// Component of the target.
    #[schemars(length(min = 1))]
    pub component: String,
    /// Endpoint of the target.
    #[schemars(length(min = 1))]
    pub endpoint: String,
    /// From where it is reached.
    pub visibility: EndpointVisibility,
    /// Environment of both.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
}

/// A connection with its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedConnection {
    /// Control plane namespace of the target.
    #[schemars(length(min = 1))]
    pub namespace: String,
    /// Project of the target.
    #[schemars(length(min = 1))]
    pub project: String,
    /// Component of the target.
    #[schemars(length(min = 1))]
    pub component: String,
    /// Endpoint of the target.
    #[schemars(length(min = 1))]
    pub endpoint: String,
    /// From where it is reached.
    pub visibility: EndpointVisibility,
    /// The address.
    pub url: EndpointUrl,
}

/// A connection that waits for its target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingConnection {
    /// Control plane namespace of the target.
    #[schemars(length(min = 1))]
    pub namespace: String,
    /// Project of the target.
    #[schemars(length(min = 1))]
    pub project: String,
    /// Component of the target.
    #[schemars(length(min = 1))]
    pub component: String,
    /// Endpoint of the target.
    #[schemars(length(min = 1))]
    pub endpoint: String,
    /// Why it waits.
    pub reason: String,
}

/// A resource that the component depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDependencyTarget {
    /// Control plane namespace of the resource.
    #[schemars(length(min = 1))]
    pub namespace: String,
    /// Project of the resource.
    #[schemars(length(min = 1))]
    pub project: String,
    /// The resource.
    #[schemars(length(min = 1))]
    pub resource_name: String,
    /// Environment of both.
    #[schemars(length(min = 1))]
    pub environment: String,
}

/// A resource that is not ready yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingResourceDependency {
    /// Control plane namespace of the resource.
    #[schemars(length(min = 1))]
    pub namespace: String,
    /// Project of the resource.
    #[schemars(length(min = 1))]
    pub project: String,
    /// The resource.
    #[schemars(length(min = 1))]
    pub resource_name: String,
    /// Why it waits.
    pub reason: String,
}
