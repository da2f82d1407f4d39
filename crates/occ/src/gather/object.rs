//! An object as a control plane would store it.

use crate::manifests::Manifest;
use compiler::admission;
use schema::{FieldError, Schema};
use serde_json::Value;
use std::collections::HashMap;

/// The namespace of objects that name none, where the command line names none either.
const NAMESPACE: &str = "default";

/// The schemas of kinds, each made when it is first needed.
#[derive(Default)]
pub(crate) struct Kinds(HashMap<&'static str, Option<Schema>>);

impl Kinds {
    /// The schema of a kind of ours; `None` where the kind is none of ours.
    pub(crate) fn schema(&mut self, kind: &'static str) -> Option<&Schema> {
        self.0
            .entry(kind)
            .or_insert_with(|| {
                let crd = model::crd(model::kind_row(kind)?);
                Schema::parse(crd.pointer("/spec/versions/0/schema/openAPIV3Schema")?).ok()
            })
            .as_ref()
    }
}

/// An object as a control plane would store it, and where it was written.
pub(crate) struct Object<'s> {
    pub(crate) manifest: Manifest,
    /// The text that it was read from.
    pub(crate) stream: &'s str,
    /// Without unknown fields, with defaults.
    pub(crate) stored: Value,
    /// Paths of unknown fields, which were dropped.
    pub(crate) dropped: Vec<String>,
    /// Why the schema of its kind does not take it.
    pub(crate) errors: Vec<FieldError>,
    namespace: String,
}

impl<'s> Object<'s> {
    /// Makes of a manifest what a control plane would store. `namespace` is that of objects which name none.
    pub(crate) fn new(manifest: Manifest, stream: &'s str, namespace: Option<&str>, kinds: &mut Kinds) -> Self {
        let mut stored = manifest.object.clone();
        let namespace = manifest.namespace.as_deref().or(namespace).unwrap_or(NAMESPACE).to_owned();
        let kind = manifest.noun.kind;
        let (mut dropped, mut errors) = (Vec::new(), Vec::new());
        if let Some(schema) = kinds.schema(kind) {
            admission::complete(kind, None, &mut stored);
            dropped = schema.prune(&mut stored);
            schema.default_in_place(&mut stored);
            errors = schema.validate(&stored, None);
        }
        Self { manifest, stream, stored, dropped, errors, namespace }
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.manifest.noun.kind == kind
    }

    pub(crate) fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The namespace; empty for kinds that are in none.
    pub(crate) fn namespace(&self) -> &str {
        if self.manifest.noun.namespaced { &self.namespace } else { "" }
    }

    pub(crate) fn spec(&self) -> &Value {
        &self.stored["spec"]
    }

    /// Whether the schema of its kind takes it.
    pub(crate) fn fits(&self) -> bool {
        self.errors.is_empty()
    }

    /// The object as its type; `None` where it does not fit, which its errors tell.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        self.fits().then(|| serde_json::from_value(self.stored.clone()).ok()).flatten()
    }

    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.manifest.noun.kind, self.manifest.name)
    }

    /// Whether its `spec.owner` is this component.
    pub(crate) fn is_of_component(&self, project: &str, component: &str) -> bool {
        let owner = &self.spec()["owner"];
        owner["projectName"].as_str() == Some(project) && owner["componentName"].as_str() == Some(component)
    }
}
