//! A component type, compiled.

use std::sync::Arc;

use serde_json::Value;

use super::{COMPONENT_VARIABLES, PostRule, Resource, Rule};
use crate::bind::{SchemaError, Values};
use crate::spec::TypeSpec;
use crate::template::{ENDPOINT_RESOURCES, Language, Scope, Template};

#[derive(Debug)]
pub(crate) struct ComponentTypeProgram {
    pub(crate) scope: Arc<Scope>,
    pub(crate) workload_type: String,
    pub(crate) parameters: Result<Values, SchemaError>,
    pub(crate) environment_configs: Result<Values, SchemaError>,
    /// `None` where the spec has no list at all.
    pub(crate) resources: Option<Vec<Resource>>,
    pub(crate) traits: Vec<Embedded>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) post_rules: Vec<PostRule>,
    /// Whether anything in it asks for routes from endpoint schemas.
    pub(crate) reads_routes: bool,
}

/// A trait that every component of the type has.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) instance_name: String,
    pub(crate) parameters: Option<Template>,
    pub(crate) environment_configs: Option<Template>,
}

impl ComponentTypeProgram {
    /// The scope of component types where a gateway is configured or not.
    pub(crate) fn scope(gateway: bool) -> Arc<Scope> {
        Scope::new(Language::Component, COMPONENT_VARIABLES.into_iter().chain(gateway.then_some("gateway")))
    }

    pub(crate) fn parse(json: Value, scope: Arc<Scope>) -> Result<Self, serde_json::Error> {
        let reads_routes = mentions_routes(&json);
        let spec: TypeSpec = serde_json::from_value(json)?;
        let bindings =
            |json: Option<&Value>| json.filter(|json| !json.is_null()).map(|json| Template::parse(json, &scope));
        Ok(Self {
            workload_type: spec.workload_type,
            parameters: Values::parse(spec.parameters.as_ref()),
            environment_configs: Values::parse(spec.environment_configs.as_ref()),
            resources: spec.resources.map(|resources| {
                resources.iter().map(|resource| Resource::parse(resource, &scope, true, None)).collect()
            }),
            traits: spec
                .traits
                .iter()
                .map(|used| Embedded {
                    kind: used.kind.clone(),
                    name: used.name.clone(),
                    instance_name: used.instance_name.clone(),
                    parameters: bindings(used.parameters.as_ref()),
                    environment_configs: bindings(used.environment_configs.as_ref()),
                })
                .collect(),
            rules: Rule::parse_all(&spec.pre_render_validations, &spec.validations, &scope),
            post_rules: PostRule::parse_all(&spec.post_render_validations, &scope),
            scope,
            reads_routes,
        })
    }
}

/// Whether the helper for routes is named in any text of the spec.
pub(super) fn mentions_routes(json: &Value) -> bool {
    match json {
        Value::String(text) => text.contains(ENDPOINT_RESOURCES),
        Value::Array(items) => items.iter().any(mentions_routes),
        Value::Object(entries) => {
            entries.iter().any(|(key, value)| key.contains(ENDPOINT_RESOURCES) || mentions_routes(value))
        }
        _ => false,
    }
}
