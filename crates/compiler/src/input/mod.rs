//! What the pipelines are given: plain values, no clients, no clocks.
//!
//! Small parts (workload, gateway, metadata) are owned structs that read the wire's JSON; types and traits, which are large
//! and seldom change, come by reference as a [`Source`] and are compiled once per content.

mod component;
mod from_model;
mod gateway;
mod metadata;
mod project;
mod resource;
mod secrets;
mod source;
mod workflow;
mod workload;

pub use component::{ComponentInput, ConfigurationOverrides, SecretSource, TraitInstance, TraitSource};
pub use from_model::secrets;
pub use gateway::{DataPlane, Environment, Gateway, GatewayEndpoint, GatewayNetwork, Listener, PlaneRef};
pub use metadata::{ComponentMetadata, ProjectMetadata, ResourceMetadata, WorkflowMetadata};
pub use project::ProjectInput;
pub use resource::{Observed, ResourceInput};
pub use secrets::{check_secrets, secret_keys, secret_names};
pub use source::{ContentKey, Source};
pub use workflow::WorkflowInput;
pub use workload::{
    ConfigMapVolume, Container, EndpointDependency, EndpointSchema, EnvVar, FileVar, KeyRef, RemoteRef,
    ResourceDependency, SecretVolume, ValueFrom, Variable, VariableSource, Volume, VolumeMount, Workload,
    WorkloadEndpoint,
};
