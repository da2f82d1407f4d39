//! A workflow, compiled.

use std::sync::Arc;

use serde_json::Value;

use super::Resource;
use crate::bind::{SchemaError, Values};
use crate::spec::WorkflowSpec;
use crate::template::{Language, Scope, Template};

#[derive(Debug)]
pub(crate) struct WorkflowProgram {
    pub(crate) scope: Arc<Scope>,
    pub(crate) parameters: Result<Values, SchemaError>,
    pub(crate) run_template: Option<RunTemplate>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) external_refs: Vec<ExternalRef>,
}

#[derive(Debug)]
pub(crate) enum RunTemplate {
    Object(Arc<Template>),
    /// Something that is no object; its type.
    Other(&'static str),
}

/// A reference that the caller resolves: what kind, and the template of its name.
#[derive(Debug)]
pub(crate) struct ExternalRef {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: Template,
}

impl WorkflowProgram {
    /// The scopes of a workflow: of the names of its external references, and of everything else.
    pub(crate) fn scopes(external_refs: bool) -> (Arc<Scope>, Arc<Scope>) {
        let fields = vec![["metadata", "labels"]];
        let base = ["metadata", "parameters", "workflowplane"];
        let names = Scope::new(Language::Plain, base).with_string_maps(fields.clone());
        let all = base.into_iter().chain(external_refs.then_some("externalRefs"));
        (names, Scope::new(Language::Plain, all).with_string_maps(fields))
    }

    pub(crate) fn parse(json: Value, names: &Arc<Scope>, scope: Arc<Scope>) -> Result<Self, serde_json::Error> {
        let spec: WorkflowSpec = serde_json::from_value(json)?;
        Ok(Self {
            parameters: Values::parse(spec.parameters.as_ref()),
            run_template: spec.run_template.as_ref().filter(|template| !template.is_null()).map(|template| {
                match template {
                    Value::Object(_) => RunTemplate::Object(Arc::new(Template::parse(template, &scope))),
                    Value::Array(_) => RunTemplate::Other("array"),
                    Value::String(_) => RunTemplate::Other("string"),
                    Value::Number(_) => RunTemplate::Other("number"),
                    _ => RunTemplate::Other("bool"),
                }
            }),
            resources: spec.resources.iter().map(|resource| Resource::parse(resource, &scope, false, None)).collect(),
            external_refs: spec
                .external_refs
                .iter()
                .map(|reference| ExternalRef {
                    id: reference.id.clone(),
                    kind: reference.kind.clone(),
                    name: Template::parse_text(&reference.name, names),
                })
                .collect(),
            scope,
        })
    }
}
