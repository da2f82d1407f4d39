#![forbid(unsafe_code)]
//! Every kind of openchoreo.dev/v1alpha1, its CRD, names, hashes, labels, conditions and the kinds table

pub mod annotations;
pub mod component;
pub mod component_release;
pub mod component_type;
pub mod data_plane;
pub mod endpoint_url;
pub mod environment;
pub mod finalizers;
mod free_form;
pub mod gateway_network;
mod go_duration;
pub mod hash;
mod kind;
pub mod labels;
pub mod names;
pub mod plane_agent;
pub mod project;
pub mod project_release;
pub mod project_type;
pub mod references;
pub mod release_binding;
pub mod release_binding_status;
pub mod rendered_release;
mod schema;
pub mod secret_reference;
pub mod template;
pub mod traits;
mod wire_enum;
pub mod workload;
pub mod workload_template;
mod zero;

pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    Condition, ObjectMeta, OwnerReference, Time,
};

pub use component::*;
pub use component_release::*;
pub use component_type::*;
pub use data_plane::*;
pub use endpoint_url::*;
pub use environment::*;
pub use free_form::{FreeForm, FreeObject, NotAnObject};
pub use gateway_network::*;
pub use go_duration::{GoDuration, InvalidDuration};
pub use kind::{API_VERSION, GROUP, Kind, VERSION};
pub use plane_agent::*;
pub use project::*;
pub use project_release::*;
pub use project_type::*;
pub use references::*;
pub use release_binding::*;
pub use release_binding_status::*;
pub use rendered_release::*;
pub use secret_reference::*;
pub use template::*;
pub use traits::*;
pub use wire_enum::UnknownWord;
pub use workload::*;
pub use workload_template::*;
