#![forbid(unsafe_code)]
//! A Kubernetes API server as a library: in process or on a TLS port, on an embedded store.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = kubelite::Server::open(kubelite::Options::default()).await?;
//! let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::default_namespaced(server.client());
//! pods.list(&Default::default()).await?;
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod admission;
pub mod apply;
mod auth;
mod connect;
mod convert;
mod core;
mod crd;
mod decode;
mod discovery;
mod faults;
mod first;
mod inprocess;
mod kinds;
mod lifecycle;
mod managed;
mod metrics;
mod object;
mod options;
pub mod patch;
mod patching;
mod protobuf;
mod server;
mod shape;
mod status;
mod store;
mod strategy;
mod table;
mod tls;
mod verbs;
mod wire;

pub use self::{
    admission::{Admission, Operation, Review, User},
    connect::{Duplex, ExecOptions, LogOptions, PodConnect, PodRef, Streams},
    core::{Clock, Uids},
    faults::{FaultPoint, Faults},
    kinds::{Column, Kind, Origin, Scale, Subresource},
    metrics::{Measured, Metrics, Used},
    options::{Limits, Options},
    server::Server,
    status::{ApiError, Cause, Details},
    store::{History, OpenError},
    tls::{Authority, Serving},
};
