//! What the kubelet is for a node: pods bound to it run as containers, and their status says the truth.
//!
//! Flow of one pod: the watch brings it → `manager` gives it a `worker` → the worker looks (`take`), tells (`status`,
//! `tell`), decides (`decide`, pure) and acts (`start`, `images`, `terminate`) → the engine's events wake it again.

mod access;
mod any_certificate;
mod ask;
mod backoff;
mod bind;
mod decide;
#[cfg(test)]
mod decide_tests;
mod downward;
mod engine_health;
mod environment;
mod fields;
mod ground;
mod grpc_health;
mod hooks;
mod host_path;
mod image_pulls;
mod images;
mod labels;
mod mailbox;
mod manager;
mod node_conditions;
mod node_object;
mod out_of_memory;
mod policy_enforcement;
mod probe_set;
mod probes;
mod projected;
mod quantity;
mod start;
mod status;
mod tell;
mod terminate;
mod translate;
mod volume_files;
mod volumes;
mod worker;

pub use access::{AccessError, AttachControl, AttachSession, LogOptions, LogStream, PodAccess, PodPlace};
pub use backoff::Backoff;
pub(crate) use ground::{Ground, STARTS};
pub(crate) use image_pulls::ImagePulls;
pub(crate) use labels::holds_network;
pub(crate) use manager::Manager;
pub(crate) use node_object::{machine_address, node_labels, register};
pub(crate) use quantity::thousandths;
pub(crate) use status::time;
