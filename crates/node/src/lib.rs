#![forbid(unsafe_code)]
//! Runs Kubernetes workloads, Services and HTTPRoutes on one computer with a Docker-compatible engine.
//!
//! What kubelet, controller manager, service proxy and gateway are for a cluster, this crate is for one computer. It
//! talks to Kubernetes through a [`kube::Client`] alone and to containers through the engine's HTTP API alone.

mod digest;
pub mod engine;
pub mod gateway;
mod metrics;
pub mod network;
mod network_plan;
mod node;
mod pods;
mod recorder;
mod removal;
mod resource;
pub mod secrets;
mod watch;
mod workloads;

pub use metrics::{Measured, NodeMetrics, Used};
pub use node::{Node, NodeError, NodeHandle, NodeOptions};
pub use pods::{AccessError, AttachControl, AttachSession, Backoff, LogOptions, LogStream, PodAccess, PodPlace};
pub use removal::{Removed, remove_installation};

pub use network_plan::{
    ContainerNetwork, EngineNetworks, LeavingPod, NETWORK_NAMESPACE_LABEL, NetworkPlan, NetworkPlanError,
    PolicyEnforcement,
};

pub mod crds;
