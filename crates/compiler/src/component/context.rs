//! The variables of a component and of its traits.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::Value;

use crate::bind::{self, Undeclared, Values, ValuesError};
use crate::context::{self, Configurations, Gateways, PlaneShape};
use crate::extract;
use crate::finish::Labels;
use crate::input::{ComponentInput, Gateway};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::ComponentTypeProgram;
use crate::template::{Bindings, Scope};

/// Whether the variable `gateway` is declared for this input.
pub(super) fn has_gateway(input: &ComponentInput<'_>) -> bool {
    Gateway::any(input.environment.gateway.as_ref(), input.data_plane.gateway.as_ref())
}

/// The variables, each built once and shared by the component and all its traits.
pub(super) struct Variables {
    shared: Vec<(&'static str, Value)>,
    labels: Labels,
    parameters: Value,
    environment_configs: Value,
}

impl Variables {
    pub(super) fn bind(
        input: &ComponentInput<'_>,
        program: &ComponentTypeProgram,
        traits_read_routes: bool,
        place: &Place,
    ) -> Result<Self, Problems> {
        let (parameters, environment_configs) = values(input, program).map_err(|problems| {
            Problems::prefixed(Stage::Bind, "failed to build component context: ".to_owned(), problems.at(place))
        })?;

        let workload = input.workload;
        let configurations = Configurations::resolve(workload, input.overrides, input.secrets);
        let dependencies = context::dependencies(input.dependencies, input.resource_dependencies);
        let routes = if program.reads_routes || traits_read_routes {
            extract::routes(&workload.endpoints)
        } else {
            BTreeMap::new()
        };
        let metadata = input.metadata;
        let derived = context::derived(
            &metadata.component_name,
            &metadata.environment_name,
            &configurations,
            &workload.endpoints,
            &dependencies,
            &routes,
        );
        let gateways = Gateways::build(input.data_plane, input.environment, PlaneShape::Component);
        let metadata = context::component_metadata(metadata);
        let labels = Labels::of(&metadata);
        let mut shared = vec![
            ("metadata", metadata),
            ("dataplane", gateways.dataplane),
            ("environment", gateways.environment),
            ("workload", context::workload(workload)),
            ("configurations", configurations.value()),
            ("dependencies", dependencies.value),
            ("derived", derived),
        ];
        shared.extend(gateways.gateway.map(|gateway| ("gateway", gateway)));
        Ok(Self { shared, labels, parameters, environment_configs })
    }

    /// The platform's labels.
    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The variables as the component type sees them.
    pub(super) fn component(&self, scope: &Arc<Scope>) -> Bindings {
        scope.bind(self.with(&self.parameters, &self.environment_configs))
    }

    /// The variables as one trait instance sees them.
    pub(super) fn of_trait(&self, scope: &Arc<Scope>, trait_: Value, parameters: &Value, configs: &Value) -> Bindings {
        scope.bind(self.with(parameters, configs).chain([("trait", trait_)]))
    }

    fn with<'v>(
        &'v self,
        parameters: &'v Value,
        configs: &'v Value,
    ) -> impl Iterator<Item = (&'static str, Value)> + 'v {
        self.shared
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .chain([("parameters", parameters.clone()), ("environmentConfigs", configs.clone())])
    }
}

/// A schema that is broken or values that do not fit it; the place is told later.
pub(super) struct Unbound(Vec<(Code, String, String)>);

impl Unbound {
    fn one(code: Code, path: &str, message: String) -> Self {
        Self(vec![(code, path.to_owned(), message)])
    }

    pub(super) fn at(self, place: &Place) -> Vec<Problem> {
        self.0.into_iter().map(|(code, path, message)| Problem::new(code, &place.below(&path), message)).collect()
    }
}

/// Values bound to a schema, with the contract's words around what is wrong.
pub(super) fn bound(values: &Values, given: Option<&serde_json::Value>, name: &str) -> Result<Value, Unbound> {
    match values.bound(given, Undeclared::Dropped) {
        Ok(values) => Ok(bind::to_cel(&values)),
        Err(ValuesError::Invalid(fields)) => {
            let prefix = format!("{name} validation failed: ");
            let first = std::iter::once(prefix.as_str()).chain(std::iter::repeat(""));
            Err(Unbound(
                fields
                    .into_iter()
                    .zip(first)
                    .map(|((path, message), prefix)| {
                        (Code::Values, format!("{name}.{path}"), format!("{prefix}{message}"))
                    })
                    .collect(),
            ))
        }
        Err(error @ ValuesError::NotObject(_)) => {
            Err(Unbound::one(Code::Values, name, format!("failed to unmarshal {name}: {error}")))
        }
    }
}

fn values(input: &ComponentInput<'_>, program: &ComponentTypeProgram) -> Result<(Value, Value), Unbound> {
    let schema = |values: &'_ Result<Values, bind::SchemaError>, name: &str| {
        values.clone().map_err(|error| {
            Unbound::one(
                Code::Schema,
                &format!("spec.{name}"),
                format!("failed to build schemas: failed to create {name} schema: {error}"),
            )
        })
    };
    let parameters = schema(&program.parameters, "parameters")?;
    let configs = schema(&program.environment_configs, "environmentConfigs")?;
    let parameters = bound(&parameters, input.parameters, "parameters").map_err(|unbound| {
        // Something that is no object at all is told one step further out.
        match unbound.0.first() {
            Some((Code::Values, _, message)) if message.starts_with("failed to unmarshal") => {
                Unbound::one(Code::Values, "parameters", format!("failed to extract component parameters: {message}"))
            }
            _ => unbound,
        }
    })?;
    let configs = bound(&configs, input.environment_configs, "environmentConfigs")?;
    Ok((parameters, configs))
}
