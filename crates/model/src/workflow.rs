//! Workflows: builds and other runs to completion, as platform engineers offer them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeObject;
use crate::kind::kind;
use crate::references::{ClusterWorkflowPlaneKind, ClusterWorkflowPlaneRef, WorkflowPlaneKind, WorkflowPlaneRef};
use crate::schema::{self, CEL, REFERENCE_ID, TTL, rules};
use crate::template::SchemaSection;
use crate::wire_enum::wire_enum;

kind! {
    /// A workflow for the runs of its namespace.
    Workflow("workflows", Namespaced) { spec: WorkflowSpec, status: WorkflowStatus }
}

kind! {
    /// A workflow for the runs of all namespaces.
    ClusterWorkflow("clusterworkflows", Cluster) { spec: ClusterWorkflowSpec, status: WorkflowStatus }
}

wire_enum! {
    /// The kinds that a workflow may look up in the control plane.
    pub enum ExternalRefKind { #[default] SecretReference = "SecretReference" }
}

/// What a run of the workflow is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowSpec {
    /// The plane that runs go to.
    #[serde(default = "default_plane")]
    #[schemars(transform = rules::immutable("spec.workflowPlaneRef"))]
    pub workflow_plane_ref: WorkflowPlaneRef,
    /// Shape and defaults of a run's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// The engine's object, with expressions in it.
    pub run_template: FreeObject,
    /// Further objects that a run needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<WorkflowResource>,
    /// Objects of the control plane that templates see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub external_refs: Vec<ExternalRef>,
    /// How long runs are kept after their end, as `7d12h`; for ever if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = TTL))]
    pub ttl_after_completion: String,
}

/// The plane that is meant if a workflow names none.
fn default_plane() -> WorkflowPlaneRef {
    WorkflowPlaneRef { kind: WorkflowPlaneKind::ClusterWorkflowPlane, name: "default".to_owned() }
}

impl Default for WorkflowSpec {
    fn default() -> Self {
        Self {
            workflow_plane_ref: default_plane(),
            parameters: None,
            run_template: FreeObject::default(),
            resources: Vec::new(),
            external_refs: Vec::new(),
            ttl_after_completion: String::new(),
        }
    }
}

/// As [`WorkflowSpec`], on a cluster-scoped plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterWorkflowSpec {
    /// The plane that runs go to.
    #[serde(default = "default_cluster_plane")]
    #[schemars(transform = rules::immutable("spec.workflowPlaneRef"))]
    pub workflow_plane_ref: ClusterWorkflowPlaneRef,
    /// Shape and defaults of a run's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// The engine's object, with expressions in it.
    pub run_template: FreeObject,
    /// Further objects that a run needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<WorkflowResource>,
    /// Objects of the control plane that templates see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub external_refs: Vec<ExternalRef>,
    /// How long runs are kept after their end, as `7d12h`; for ever if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = TTL))]
    pub ttl_after_completion: String,
}

fn default_cluster_plane() -> ClusterWorkflowPlaneRef {
    ClusterWorkflowPlaneRef { kind: ClusterWorkflowPlaneKind::ClusterWorkflowPlane, name: "default".to_owned() }
}

impl Default for ClusterWorkflowSpec {
    fn default() -> Self {
        Self {
            workflow_plane_ref: default_cluster_plane(),
            parameters: None,
            run_template: FreeObject::default(),
            resources: Vec::new(),
            external_refs: Vec::new(),
            ttl_after_completion: String::new(),
        }
    }
}

/// So that runs treat workflows of both kinds alike.
impl From<ClusterWorkflowSpec> for WorkflowSpec {
    fn from(cluster: ClusterWorkflowSpec) -> Self {
        Self {
            workflow_plane_ref: WorkflowPlaneRef {
                kind: WorkflowPlaneKind::ClusterWorkflowPlane,
                name: cluster.workflow_plane_ref.name,
            },
            parameters: cluster.parameters,
            run_template: cluster.run_template,
            resources: cluster.resources,
            external_refs: cluster.external_refs,
            ttl_after_completion: cluster.ttl_after_completion,
        }
    }
}

/// A further object that a run needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowResource {
    /// Name of the entry inside its workflow.
    #[schemars(length(min = 1))]
    pub id: String,
    /// Condition of the entry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub include_when: String,
    /// The object, with expressions in it.
    pub template: FreeObject,
}

/// An object of the control plane that templates see under its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRef {
    /// What templates call it.
    #[schemars(length(min = 2, max = 63), regex(pattern = REFERENCE_ID))]
    pub id: String,
    /// API version of the object.
    #[schemars(length(min = 1))]
    pub api_version: String,
    /// Kind of the object.
    pub kind: ExternalRefKind,
    /// Name of the object; may be an expression, and the reference is skipped if it comes out empty.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// What was observed of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowStatus {
    /// Conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions_by_type")]
    pub conditions: Vec<Condition>,
}
