//! One resource in one environment.

use serde_json::Value;

use super::{DataPlane, Environment, ResourceMetadata, Source};

/// Everything the resource pipeline needs.
#[derive(Debug, Clone)]
pub struct ResourceInput<'a> {
    /// The resource type's name, for messages and origins.
    pub type_name: &'a str,
    /// The resource type's spec as frozen in the release.
    pub type_spec: &'a dyn Source,
    /// The resource's parameters as frozen in the release.
    pub parameters: Option<&'a Value>,
    /// The binding's environment configs.
    pub environment_configs: Option<&'a Value>,
    /// The environment.
    pub environment: &'a Environment,
    /// Its data plane.
    pub data_plane: &'a DataPlane,
    /// Names, UIDs and labels.
    pub metadata: &'a ResourceMetadata,
}

/// The status that the plane reported of one manifest.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The manifest's id.
    pub id: &'a str,
    /// Its object's `status`, if any was reported.
    pub status: Option<&'a Value>,
}
