//! A trait, compiled.

use std::sync::Arc;

use serde_json::Value;

use super::{COMPONENT_VARIABLES, Loop, PostRule, Rule, Target, condition};
use crate::TargetPlane;
use crate::bind::{SchemaError, Values};
use crate::spec::TraitSpec;
use crate::template::{Language, Scope, Template};

#[derive(Debug)]
pub(crate) struct TraitProgram {
    pub(crate) scope: Arc<Scope>,
    pub(crate) parameters: Result<Values, SchemaError>,
    pub(crate) environment_configs: Result<Values, SchemaError>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) post_rules: Vec<PostRule>,
    pub(crate) creates: Vec<Create>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) removes: Vec<Remove>,
    /// Whether anything in it asks for routes from endpoint schemas.
    pub(crate) reads_routes: bool,
}

#[derive(Debug)]
pub(crate) struct Create {
    pub(crate) target_plane: TargetPlane,
    pub(crate) include_when: Option<Template>,
    pub(crate) for_each: Option<Arc<Loop>>,
    pub(crate) template: Arc<Template>,
}

#[derive(Debug)]
pub(crate) struct Patch {
    pub(crate) for_each: Option<Arc<Loop>>,
    pub(crate) target: Target,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) op: String,
    pub(crate) path_text: String,
    pub(crate) path: Template,
    pub(crate) value: Option<Arc<Template>>,
}

#[derive(Debug)]
pub(crate) struct Remove {
    pub(crate) for_each: Option<Arc<Loop>>,
    pub(crate) target: Target,
}

impl TraitProgram {
    /// The scope of traits where a gateway is configured or not.
    pub(crate) fn scope(gateway: bool) -> Arc<Scope> {
        let variables = COMPONENT_VARIABLES.into_iter().chain(gateway.then_some("gateway")).chain(["trait"]);
        Scope::new(Language::Component, variables)
    }

    pub(crate) fn parse(json: Value, scope: Arc<Scope>) -> Result<Self, serde_json::Error> {
        let reads_routes = super::component_type::mentions_routes(&json);
        let spec: TraitSpec = serde_json::from_value(json)?;
        let patch_plane = |plane: &str| if plane.is_empty() { "dataplane".to_owned() } else { plane.to_owned() };
        Ok(Self {
            parameters: Values::parse(spec.parameters.as_ref()),
            environment_configs: Values::parse(spec.environment_configs.as_ref()),
            rules: Rule::parse_all(&spec.pre_render_validations, &spec.validations, &scope),
            post_rules: PostRule::parse_all(&spec.post_render_validations, &scope),
            creates: spec
                .creates
                .iter()
                .map(|create| {
                    let (for_each, inside) = Loop::parse(&create.for_each, &create.var, &scope);
                    Create {
                        target_plane: TargetPlane::parse(&create.target_plane),
                        include_when: condition(&create.include_when, &scope),
                        for_each,
                        template: Arc::new(Template::parse(create.template.as_ref().unwrap_or(&Value::Null), &inside)),
                    }
                })
                .collect(),
            patches: spec
                .patches
                .iter()
                .map(|patch| {
                    let (for_each, inside) = Loop::parse(&patch.for_each, &patch.var, &scope);
                    Patch {
                        target: Target::parse(&patch.target, &patch_plane(&patch.target_plane), &inside),
                        for_each,
                        operations: patch
                            .operations
                            .iter()
                            .map(|operation| Operation {
                                op: operation.op.clone(),
                                path_text: operation.path.clone(),
                                path: Template::parse_text(&operation.path, &inside),
                                value: operation.value.as_ref().map(|value| Arc::new(Template::parse(value, &inside))),
                            })
                            .collect(),
                    }
                })
                .collect(),
            removes: spec
                .removes
                .iter()
                .map(|remove| {
                    let (for_each, inside) = Loop::parse(&remove.for_each, &remove.var, &scope);
                    // Without a plane a removal is about all of them.
                    Remove { target: Target::parse(&remove.target, &remove.target_plane, &inside), for_each }
                })
                .collect(),
            scope,
            reads_routes,
        })
    }
}
