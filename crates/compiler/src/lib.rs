#![forbid(unsafe_code)]
//! Types, traits, components, workloads and environments to Kubernetes manifests.
//!
//! Pure: no I/O, no clock, no clients. Everything a pipeline needs is in its input; the same input gives the same bytes.
//!
//! ```
//! use compiler::Compiler;
//! use compiler::input::{ComponentInput, ComponentMetadata, DataPlane, Environment, Workload};
//! use serde_json::json;
//!
//! let spec = json!({
//!     "workloadType": "deployment",
//!     "parameters": {"openAPIV3Schema": {"type": "object", "properties": {"level": {"type": "string", "default": "info"}}}},
//!     "resources": [{"id": "config", "template": {
//!         "apiVersion": "v1", "kind": "ConfigMap",
//!         "metadata": {"name": "${metadata.componentName}"},
//!         "data": {"level": "${parameters.level}"},
//!     }}],
//! });
//! let metadata: ComponentMetadata = serde_json::from_value(json!({
//!     "name": "app-dev-1", "namespace": "dp", "componentNamespace": "default", "componentName": "app", "componentUID": "1",
//!     "projectName": "shop", "projectUID": "2", "dataPlaneName": "plane", "dataPlaneUID": "3", "environmentName": "dev",
//!     "environmentUID": "4", "labels": {}, "annotations": {}, "podSelectors": {"app": "app"},
//! })).unwrap();
//! let workload: Workload = serde_json::from_value(json!({"container": {"image": "example.com/app:1"}})).unwrap();
//! let input = ComponentInput {
//!     type_name: "deployment/small", type_spec: &spec, parameters: None, traits: &[], trait_specs: &[],
//!     workload: &workload, overrides: None, environment_configs: None, trait_environment_configs: None,
//!     environment: &Environment::default(), data_plane: &DataPlane::default(), secrets: &Default::default(),
//!     metadata: &metadata, dependencies: &[], resource_dependencies: &[],
//! };
//! let (rendered, origins) = Compiler::new().component_with_origins(&input).unwrap();
//! let config = &rendered.resources[0].object;
//! assert_eq!(config["data"], json!({"level": "info"}));
//! assert_eq!(
//!     origins.explain(0, config, "data.level").unwrap().sentence,
//!     "data.level is \"info\": written by ComponentType deployment/small, spec.resources[0].template.data.level, \
//!      from ${parameters.level}, a default of the schema",
//! );
//! ```

pub mod admission;
mod bind;
mod cache;
pub mod check;
mod compiler;
mod component;
mod context;
pub mod dependency;
mod evaluate;
mod extract;
mod finish;
pub mod input;
pub mod origins;
mod output;
pub mod patch;
mod policy;
mod problem;
mod program;
mod project;
mod resource;
mod spec;
pub mod template;
pub mod tree;
mod workflow;

pub use compiler::Compiler;
pub use component::Step;
pub use output::{
    Counters, Manifest, OutputKeyRef, ProjectRendered, Rendered, RenderedResource, ResolvedOutput, ResolvedOutputs,
    ResolvedValue, TargetPlane, WorkflowRendered, manifest_id,
};
pub use policy::network_policy;
pub use problem::{Code, Place, Problem, Problems, Stage};
pub use resource::BoundResource;
pub use workflow::ExternalReference;
