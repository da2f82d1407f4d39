//! One version of a custom kind, whether it is served or not.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

/// What a CustomResourceDefinition says of a version.
#[derive(Debug)]
pub(crate) struct Version {
    /// `v1`.
    pub(crate) name: Arc<str>,
    /// Whether objects are stored in it.
    pub(crate) storage: bool,
    /// The schema as written, as text: most kinds are never looked at.
    pub(crate) source: Box<str>,
    schema: OnceLock<Option<schema::Schema>>,
    /// `widgets.example.com`.
    resource: Arc<str>,
}

impl Version {
    /// Reads it from the definition's `spec.versions`; `resource` is what the definition is of.
    pub(crate) fn of(version: &Value, resource: &Arc<str>) -> Self {
        Self {
            resource: resource.clone(),
            name: version["name"].as_str().unwrap_or_default().into(),
            storage: version["storage"] == true,
            source: version["schema"]["openAPIV3Schema"].to_string().into(),
            schema: OnceLock::new(),
        }
    }

    /// The schema, parsed when it is first asked for. The definition was checked when it was written; a schema that cannot be read
    /// any more lets objects pass as they are.
    pub(crate) fn schema(&self) -> Option<&schema::Schema> {
        let parse = || {
            let value: Value = serde_json::from_str(&self.source).ok()?;
            schema::Schema::parse(&value)
                .inspect_err(|problems| {
                    tracing::error!(resource = %self.resource, version = %self.name, ?problems, "a stored schema cannot be read; objects are not validated");
                })
                .ok()
        };
        self.schema.get_or_init(parse).as_ref()
    }
}
