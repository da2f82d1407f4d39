//! A workflow run: one build, or one other run to completion.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeObject;
use crate::kind::kind;
use crate::references::WorkflowKind;
use crate::schema::{self, TTL, rules};
use crate::wire_enum::wire_enum;

kind! {
    /// One run of a workflow. With the labels of a project and a component it is that component's build.
    WorkflowRun("workflowruns", Namespaced) { spec: WorkflowRunSpec, status: WorkflowRunStatus }
}

wire_enum! {
    /// How far a task is.
    pub enum TaskPhase {
        #[default] Pending = "Pending",
        Running = "Running",
        Succeeded = "Succeeded",
        Failed = "Failed",
        Skipped = "Skipped",
        Error = "Error",
    }
}

/// What is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowRunSpec {
    /// The workflow and its parameters.
    pub workflow: WorkflowRunConfig,
    /// How long the run is kept after its end, as `7d12h`; the workflow says if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = TTL))]
    pub ttl_after_completion: String,
}

/// A workflow with parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowRunConfig {
    /// Cluster-scoped (the default) or namespaced.
    #[serde(default)]
    #[schemars(transform = rules::immutable("spec.workflow.kind"))]
    pub kind: WorkflowKind,
    /// Name of the workflow.
    #[schemars(length(min = 1), transform = rules::immutable("spec.workflow.name"))]
    pub name: String,
    /// Values for the workflow's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeObject>,
}

/// What was observed of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowRunStatus {
    /// `WorkflowCompleted`, `WorkflowRunning`, `WorkflowSucceeded`, `WorkflowFailed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions_by_type")]
    pub conditions: Vec<Condition>,
    /// The engine's object on the plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_reference: Option<ResourceReference>,
    /// The further objects on the plane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceReference>,
    /// The steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<WorkflowTask>,
    /// When the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
}

/// An object on the plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceReference {
    /// Its API version.
    #[schemars(length(min = 1))]
    pub api_version: String,
    /// Its kind.
    #[schemars(length(min = 1))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its namespace; empty for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// One step of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowTask {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<TaskPhase>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// What the engine says of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
