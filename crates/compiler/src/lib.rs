#![forbid(unsafe_code)]
//! Types, traits, components, workloads and environments to Kubernetes manifests.
//!
//! Pure: no I/O, no clock, no clients. Everything a pipeline needs is in its input; the same input gives the same bytes.

pub mod admission;
mod bind;
mod cache;
pub mod check;
mod compiler;
mod component;
mod context;
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
pub use output::{
    Counters, Manifest, OutputKeyRef, ProjectRendered, Rendered, RenderedResource, ResolvedOutput, ResolvedOutputs,
    ResolvedValue, TargetPlane, WorkflowRendered, manifest_id,
};
pub use policy::network_policy;
pub use problem::{Code, Place, Problem, Problems, Stage};
pub use resource::BoundResource;
pub use workflow::ExternalReference;
