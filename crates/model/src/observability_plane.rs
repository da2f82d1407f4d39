//! Observability planes: the clusters that logs, metrics and traces go to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, kind};
use crate::plane_agent::{ClusterAgentConfig, ClusterPlaneStatus, PlaneStatus};
use crate::schema::DNS_LABEL;

kind! {
    /// A cluster that the telemetry of its namespace goes to.
    ObservabilityPlane("observabilityplanes", Namespaced) { spec: ObservabilityPlaneSpec, status: PlaneStatus }
}

kind! {
    /// A cluster that the telemetry of all namespaces goes to.
    ClusterObservabilityPlane("clusterobservabilityplanes", Cluster) {
        spec: ClusterObservabilityPlaneSpec,
        status: ClusterPlaneStatus,
    }
}

/// An observability plane of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservabilityPlaneSpec {
    /// Identity of the physical plane, which several objects may share; the object's name if empty.
    #[serde(rename = "planeID", default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL))]
    pub plane_id: String,
    /// How its agent proves who it is.
    pub cluster_agent: ClusterAgentConfig,
    /// Where its observer answers.
    #[serde(rename = "observerURL")]
    pub observer_url: String,
    /// Where its root cause analysis answers.
    #[serde(rename = "rcaAgentURL", default, skip_serializing_if = "String::is_empty")]
    pub rca_agent_url: String,
    /// Where its cost analysis answers.
    #[serde(rename = "finOpsAgentURL", default, skip_serializing_if = "String::is_empty")]
    pub fin_ops_agent_url: String,
}

impl ObservabilityPlane {
    /// Identity of the physical plane: what the spec says, else the object's name.
    pub fn plane_id(&self) -> &str {
        if self.spec.plane_id.is_empty() { self.name() } else { &self.spec.plane_id }
    }
}

/// An observability plane of all namespaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterObservabilityPlaneSpec {
    /// Identity of the physical plane, which several objects may share.
    #[serde(rename = "planeID")]
    #[schemars(length(max = 63), regex(pattern = DNS_LABEL))]
    pub plane_id: String,
    /// How its agent proves who it is.
    pub cluster_agent: ClusterAgentConfig,
    /// Where its observer answers.
    #[serde(rename = "observerURL")]
    pub observer_url: String,
    /// Where its root cause analysis answers.
    #[serde(rename = "rcaAgentURL", default, skip_serializing_if = "String::is_empty")]
    pub rca_agent_url: String,
    /// Where its cost analysis answers.
    #[serde(rename = "finOpsAgentURL", default, skip_serializing_if = "String::is_empty")]
    pub fin_ops_agent_url: String,
}
