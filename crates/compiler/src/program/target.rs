//! Which rendered resources a patch, a removal or a rule is about.

use std::sync::Arc;

use crate::spec;
use crate::template::{Scope, Template};
use crate::tree::Tree;

/// Plane, group, version and kind, each matching anything where empty, and a condition on the resource.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) plane: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) condition_text: String,
    pub(crate) condition: Option<Template>,
    /// The scope of the condition, which knows `resource`.
    pub(crate) scope: Arc<Scope>,
}

impl Target {
    pub(super) fn parse(spec: &spec::Target, plane: &str, scope: &Arc<Scope>) -> Self {
        let scope = scope.with("resource");
        Self {
            plane: plane.to_owned(),
            group: spec.group.clone(),
            version: spec.version.clone(),
            kind: spec.kind.clone(),
            condition_text: spec.condition.clone(),
            condition: super::condition(&spec.condition, &scope),
            scope,
        }
    }

    /// Whether plane and kind match; the condition is not looked at.
    pub(crate) fn matches(&self, plane: &str, object: &Tree) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        if !fits(&self.plane, plane) || !fits(&self.kind, object.text_at(&["kind"]).unwrap_or_default()) {
            return false;
        }
        let api_version = object.text_at(&["apiVersion"]).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        fits(&self.group, group) && fits(&self.version, version)
    }
}
