//! One project in one environment.

use serde_json::Value;

use super::{DataPlane, Environment, ProjectMetadata, Source};

/// Everything the project pipeline needs.
#[derive(Debug, Clone)]
pub struct ProjectInput<'a> {
    /// The project type's name, for messages and origins.
    pub type_name: &'a str,
    /// The project type's spec as frozen in the release.
    pub type_spec: &'a dyn Source,
    /// The project's parameters as frozen in the release.
    pub parameters: Option<&'a Value>,
    /// The binding's environment configs.
    pub environment_configs: Option<&'a Value>,
    /// The environment.
    pub environment: &'a Environment,
    /// Its data plane.
    pub data_plane: &'a DataPlane,
    /// Names, UIDs and labels.
    pub metadata: &'a ProjectMetadata,
}
