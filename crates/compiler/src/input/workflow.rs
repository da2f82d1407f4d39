//! One run of a workflow.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Source, WorkflowMetadata};

/// Everything the workflow pipeline needs.
#[derive(Debug, Clone)]
pub struct WorkflowInput<'a> {
    /// The workflow's name, for messages and origins.
    pub workflow_name: &'a str,
    /// The workflow's spec.
    pub workflow_spec: &'a dyn Source,
    /// The run's parameters.
    pub parameters: Option<&'a Value>,
    /// Names and labels of the run.
    pub metadata: &'a WorkflowMetadata,
    /// The workflow plane's secret store.
    pub secret_store: Option<&'a str>,
    /// External references by id, each `{spec: …}`; references whose name came out empty are not here.
    pub external_refs: Option<&'a BTreeMap<String, Value>>,
}
