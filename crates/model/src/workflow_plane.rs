//! Workflow planes: the clusters that builds and other workflows run on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, kind};
use crate::plane_agent::{ClusterAgentConfig, ClusterPlaneStatus, PlaneStatus, SecretStoreRef};
use crate::references::{ClusterObservabilityPlaneRef, ObservabilityPlaneRef};
use crate::schema::{DNS_LABEL, rules};

kind! {
    /// A cluster that the workflows of its namespace run on.
    WorkflowPlane("workflowplanes", Namespaced) { spec: WorkflowPlaneSpec, status: PlaneStatus }
}

kind! {
    /// A cluster that the workflows of all namespaces run on.
    ClusterWorkflowPlane("clusterworkflowplanes", Cluster) {
        spec: ClusterWorkflowPlaneSpec,
        status: ClusterPlaneStatus,
    }
}

/// A workflow plane of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowPlaneSpec {
    /// Identity of the physical plane, which several objects may share; the object's name if empty.
    #[serde(rename = "planeID", default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL))]
    pub plane_id: String,
    /// How its agent proves who it is.
    pub cluster_agent: ClusterAgentConfig,
    /// Its secret store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_store_ref: Option<SecretStoreRef>,
    /// Where its logs go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observability_plane_ref: Option<ObservabilityPlaneRef>,
}

impl WorkflowPlane {
    /// Identity of the physical plane: what the spec says, else the object's name.
    pub fn plane_id(&self) -> &str {
        if self.spec.plane_id.is_empty() { self.name() } else { &self.spec.plane_id }
    }
}

/// A workflow plane of all namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterWorkflowPlaneSpec {
    /// Identity of the physical plane, which several objects may share.
    #[serde(rename = "planeID")]
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL))]
    pub plane_id: String,
    /// How its agent proves who it is.
    pub cluster_agent: ClusterAgentConfig,
    /// Its secret store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_store_ref: Option<SecretStoreRef>,
    /// Where its logs go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = rules::cluster_observability_plane_only)]
    pub observability_plane_ref: Option<ClusterObservabilityPlaneRef>,
}
