//! A workload: what a component runs, published by its developer or by its build.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::schema::rules;
use crate::workload_template::{Container, WorkloadDependencies, WorkloadEndpoint, WorkloadTemplateSpec};

kind! {
    /// What a component runs. A component finds its workload by the owner, not by name.
    Workload("workloads", Namespaced) { spec: WorkloadSpec, status: empty }
}

/// The component that an object belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentOwner {
    /// The component's project.
    #[schemars(length(min = 1))]
    pub project_name: String,
    /// The component.
    #[schemars(length(min = 1))]
    pub component_name: String,
}

/// Owner, container, endpoints, dependencies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadSpec {
    /// The component that runs it.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ComponentOwner,
    /// The one container.
    pub container: Container,
    /// Where it listens, by endpoint name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, WorkloadEndpoint>,
    /// What it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<WorkloadDependencies>,
}

impl WorkloadSpec {
    /// What is run, without the owner: the part that releases freeze.
    pub fn template(&self) -> WorkloadTemplateSpec {
        WorkloadTemplateSpec {
            container: self.container.clone(),
            endpoints: self.endpoints.clone(),
            dependencies: self.dependencies.clone(),
        }
    }
}
