//! What a workload gets from others: the address of a component's endpoint, the outputs of a resource.
//!
//! ```text
//! manifests of the other component ─▶ its Service ─▶ address ─▶ variables
//! outputs of a resource ─▶ variables, files, volumes
//! ```

mod address;
mod resource;

pub use address::{service_of, service_url, variables};
pub use resource::{NotGiven, resource};
