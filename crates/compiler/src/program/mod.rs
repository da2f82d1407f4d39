//! Types and traits, compiled: templates taken apart, schemas parsed, expressions ready to be compiled at first use.

mod component_type;
mod rules;
mod shared_type;
mod target;
mod trait_;
mod workflow;

use std::sync::Arc;

use serde_json::Value;

use crate::check::item_type;
use crate::template::{Scope, Template};

pub(crate) use component_type::{ComponentTypeProgram, Embedded};
pub(crate) use rules::{PostRule, Rule};
pub(crate) use shared_type::{OutputSource, Shared, SharedTypeProgram};
pub(crate) use target::Target;
pub(crate) use trait_::{Create, Operation, Patch, Remove, TraitProgram};
pub(crate) use workflow::{RunTemplate, WorkflowProgram};

/// The variables of components, in the order of their slots; `gateway` last, only where one is configured.
pub(crate) const COMPONENT_VARIABLES: [&str; 9] = [
    "metadata",
    "parameters",
    "environmentConfigs",
    "dataplane",
    "environment",
    "workload",
    "configurations",
    "dependencies",
    "derived",
];

/// The variables of project and resource types.
pub(crate) const SHARED_VARIABLES: [&str; 5] =
    ["metadata", "parameters", "environmentConfigs", "dataplane", "environment"];

/// A loop: what gives the items, and the scope in which each is known.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) items: Template,
    pub(crate) variable: Arc<str>,
    pub(crate) scope: Arc<Scope>,
}

impl Loop {
    /// The loop, if there is one, and the scope inside it.
    fn parse(for_each: &str, variable: &str, scope: &Arc<Scope>) -> (Option<Arc<Self>>, Arc<Scope>) {
        if for_each.is_empty() {
            return (None, scope.clone());
        }
        let variable = if variable.is_empty() { "item" } else { variable };
        let items = Template::parse_text(for_each, scope);
        let inside =
            if scope.is_typed() { scope.with_typed(variable, item_type(&items)) } else { scope.with(variable) };
        (Some(Arc::new(Self { items, variable: Arc::from(variable), scope: inside.clone() })), inside)
    }
}

/// A condition, if there is one.
fn condition(text: &str, scope: &Arc<Scope>) -> Option<Template> {
    (!text.is_empty()).then(|| Template::parse_text(text, scope))
}

/// One entry of a type's `resources`.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) id: Arc<str>,
    pub(crate) target_plane: crate::TargetPlane,
    pub(crate) include_when: Option<Template>,
    pub(crate) for_each: Option<Arc<Loop>>,
    pub(crate) template: Arc<Template>,
    pub(crate) ready_when: Option<Template>,
}

impl Resource {
    fn parse(
        spec: &crate::spec::ResourceTemplate,
        scope: &Arc<Scope>,
        loops: bool,
        ready_scope: Option<&Arc<Scope>>,
    ) -> Self {
        let (for_each, inside) =
            if loops { Loop::parse(&spec.for_each, &spec.var, scope) } else { (None, scope.clone()) };
        Self {
            id: Arc::from(spec.id.as_str()),
            target_plane: crate::TargetPlane::parse(&spec.target_plane),
            include_when: condition(&spec.include_when, scope),
            for_each,
            template: Arc::new(Template::parse(spec.template.as_ref().unwrap_or(&Value::Null), &inside)),
            ready_when: ready_scope.and_then(|scope| condition(&spec.ready_when, scope)),
        }
    }
}
