//! A project type or a resource type, compiled.

use std::sync::Arc;

use serde_json::Value;

use super::{Resource, Rule, SHARED_VARIABLES};
use crate::bind::{SchemaError, Values};
use crate::spec::{self, SharedTypeSpec};
use crate::template::{Language, Scope, Template};

#[derive(Debug)]
pub(crate) struct SharedTypeProgram {
    pub(crate) scope: Arc<Scope>,
    /// The scope of outputs and readiness: also knows `applied`.
    pub(crate) applied_scope: Arc<Scope>,
    pub(crate) parameters: Result<Values, SchemaError>,
    pub(crate) environment_configs: Result<Values, SchemaError>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Vec<Output>,
}

/// An output of a resource type.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) source: OutputSource,
}

#[derive(Debug)]
pub(crate) enum OutputSource {
    Value(Template),
    Secret { name: Template, key: Template },
    ConfigMap { name: Template, key: Template },
    None,
}

/// Which of the two kinds of type is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shared {
    Project { gateway: bool },
    Resource,
}

impl SharedTypeProgram {
    /// The scope of a type of this kind.
    pub(crate) fn scope(kind: Shared) -> Arc<Scope> {
        let gateway = !matches!(kind, Shared::Project { gateway: false });
        Scope::new(Language::Plain, SHARED_VARIABLES.into_iter().chain(gateway.then_some("gateway")))
    }

    pub(crate) fn parse(json: Value, kind: Shared, scope: Arc<Scope>) -> Result<Self, serde_json::Error> {
        let spec: SharedTypeSpec = serde_json::from_value(json)?;
        let applied_scope = scope.with("applied");
        let project = matches!(kind, Shared::Project { .. });
        Ok(Self {
            parameters: Values::parse(spec.parameters.as_ref()),
            environment_configs: Values::parse(spec.environment_configs.as_ref()),
            rules: Rule::parse_all(&[], &spec.validations, &scope),
            resources: spec
                .resources
                .iter()
                .map(|resource| Resource::parse(resource, &scope, project, Some(&applied_scope)))
                .collect(),
            outputs: spec.outputs.iter().map(|output| Output::parse(output, &applied_scope)).collect(),
            applied_scope,
            scope,
        })
    }
}

impl Output {
    fn parse(output: &spec::Output, scope: &Arc<Scope>) -> Self {
        let text = |text: &str| Template::parse_text(text, scope);
        let source = if !output.value.is_empty() {
            OutputSource::Value(text(&output.value))
        } else if let Some(key) = &output.secret_key_ref {
            OutputSource::Secret { name: text(&key.name), key: text(&key.key) }
        } else if let Some(key) = &output.config_map_key_ref {
            OutputSource::ConfigMap { name: text(&key.name), key: text(&key.key) }
        } else {
            OutputSource::None
        };
        Self { name: output.name.clone(), source }
    }
}
