//! Trait instances: those of the type first, then the component's own; each creates, patches and removes in turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::Value;

use super::context::{Variables, bound};
use super::steps::Steps;
use super::{Item, patches, removes};
use crate::compiler::Compiler;
use crate::evaluate::{ControlError, broken_rules, each, holds};
use crate::input::{ComponentInput, TraitSource};
use crate::origins::{self, Recorder, Writer};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{ComponentTypeProgram, Create, Embedded, TraitProgram};
use crate::template::{Bindings, Faults, Template};

/// The compiled traits by kind and name.
pub(super) struct Catalog {
    traits: BTreeMap<(String, String), Arc<TraitProgram>>,
}

/// A trait as it was applied.
pub(super) struct Instance {
    pub(super) program: Arc<TraitProgram>,
    pub(super) label: String,
    pub(super) place: Place,
    pub(super) bindings: Bindings,
}

fn kind_or_default(kind: &str) -> &str {
    if kind.is_empty() { "Trait" } else { kind }
}

impl Catalog {
    pub(super) fn new(compiler: &Compiler, sources: &[TraitSource<'_>], gateway: bool) -> Result<Self, Problems> {
        let mut traits = BTreeMap::new();
        for source in sources {
            let program = compiler.trait_(source.name, source.spec, gateway)?;
            traits.insert((kind_or_default(source.kind).to_owned(), source.name.to_owned()), program);
        }
        Ok(Self { traits })
    }

    /// Whether any trait asks for routes from endpoint schemas.
    pub(super) fn read_routes(&self) -> bool {
        self.traits.values().any(|program| program.reads_routes)
    }

    fn get(&self, kind: &str, name: &str) -> Option<&Arc<TraitProgram>> {
        self.traits.get(&(kind_or_default(kind).to_owned(), name.to_owned()))
    }
}

/// One use of a trait, with its values still unbound.
struct Use<'u> {
    kind: &'u str,
    name: &'u str,
    instance: &'u str,
    /// Whether the type brings it along.
    embedded: bool,
}

/// The traits of one component, and what their values come from.
pub(super) struct Applied<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) program: &'a ComponentTypeProgram,
    pub(super) input: &'a ComponentInput<'a>,
    pub(super) variables: &'a Variables,
    /// The values of the type's own variables.
    pub(super) component: &'a Bindings,
}

/// Applies every instance to `items`, in order.
pub(super) fn apply_all(
    traits: &Applied<'_>,
    items: &mut Vec<Item>,
    recorder: &mut Option<Recorder>,
    steps: &mut Steps,
) -> Result<Vec<Instance>, Problems> {
    let Applied { catalog, program, input, variables, component } = *traits;
    let mut instances: Vec<Instance> = Vec::with_capacity(program.traits.len() + input.traits.len());
    let mut applied = |instance: Instance, items: &[Item]| {
        steps.items(Stage::Patch, &instance.place.object, items);
        instances.push(instance);
    };
    for (at, embedded) in program.traits.iter().enumerate() {
        let used =
            Use { kind: &embedded.kind, name: &embedded.name, instance: &embedded.instance_name, embedded: true };
        let trait_program = find(catalog, &used)?;
        let place = Place::new(format!("ComponentType {}", input.type_name), format!("spec.traits[{at}]"));
        let (parameters, configs) = embedded_values(embedded, component, &used, &place)?;
        let instance = apply(&used, trait_program, Some(&parameters), Some(&configs), variables, items, recorder)?;
        applied(instance, items);
    }
    for own in input.traits {
        let used = Use { kind: &own.kind, name: &own.name, instance: &own.instance_name, embedded: false };
        let trait_program = find(catalog, &used)?;
        let configs = input.trait_environment_configs.and_then(|configs| configs.get(&own.instance_name));
        let instance = apply(&used, trait_program, own.parameters.as_ref(), configs, variables, items, recorder)?;
        applied(instance, items);
    }
    Ok(instances)
}

fn find<'c>(catalog: &'c Catalog, used: &Use<'_>) -> Result<&'c Arc<TraitProgram>, Problems> {
    catalog.get(used.kind, used.name).ok_or_else(|| {
        let place = Place::new(format!("{} {}", kind_or_default(used.kind), used.name), "");
        let message = format!("trait {} referenced but not found in traits list", used.name);
        Problems::one(Stage::Patch, Problem::new(Code::Trait, &place, message))
    })
}

/// The values that the type binds for a trait of its own: expressions over the component's variables, or locked literals.
fn embedded_values(
    embedded: &Embedded,
    component: &Bindings,
    used: &Use<'_>,
    place: &Place,
) -> Result<(serde_json::Value, serde_json::Value), Problems> {
    let evaluate = |template: Option<&Template>, field: &str| {
        let Some(template) = template else { return Ok(serde_json::Value::Null) };
        let mut faults = Faults::new();
        let tree = template.render(component, &mut faults);
        let prefix =
            format!("failed to resolve embedded trait bindings for {}/{}: {field}: ", used.name, used.instance);
        let place = place.below(field);
        if !faults.is_empty() {
            let problems = faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)).collect();
            return Err(Problems::new(Stage::Bind, problems));
        }
        tree.to_json().map_err(|error| {
            Problems::one(Stage::Bind, Problem::new(Code::Encoding, &place, format!("{prefix}{error}")))
        })
    };
    Ok((
        evaluate(embedded.parameters.as_ref(), "parameters")?,
        evaluate(embedded.environment_configs.as_ref(), "environmentConfigs")?,
    ))
}

fn apply(
    used: &Use<'_>,
    program: &Arc<TraitProgram>,
    parameters: Option<&serde_json::Value>,
    configs: Option<&serde_json::Value>,
    variables: &Variables,
    items: &mut Vec<Item>,
    recorder: &mut Option<Recorder>,
) -> Result<Instance, Problems> {
    let label = format!("{}/{}", used.name, used.instance);
    let place = Place::new(format!("{} {label}", kind_or_default(used.kind)), "");
    let bindings = bind(used, program, parameters, configs, variables, &label, &place)?;

    let broken = broken_rules(&program.rules, &bindings, &place);
    if !broken.is_empty() {
        return Err(Problems::prefixed(Stage::Check, format!("trait {label} validation failed: "), broken));
    }
    if let Some(recorder) = recorder {
        recorder.given(parameters, configs, used.embedded);
    }
    let failed = |problems| Problems::prefixed(Stage::Patch, format!("failed to process trait {label}: "), problems);
    for (at, create) in program.creates.iter().enumerate() {
        render_create(create, at, used.name, &bindings, &place, items, recorder).map_err(failed)?;
    }
    for (at, patch) in program.patches.iter().enumerate() {
        patches::apply(patch, at, used.name, &bindings, &place, items, recorder).map_err(failed)?;
    }
    removes::apply(&program.removes, used.name, &bindings, &place, items).map_err(failed)?;
    Ok(Instance { program: program.clone(), label, place, bindings })
}

fn bind(
    used: &Use<'_>,
    program: &TraitProgram,
    parameters: Option<&serde_json::Value>,
    configs: Option<&serde_json::Value>,
    variables: &Variables,
    label: &str,
    place: &Place,
) -> Result<Bindings, Problems> {
    let prefix = format!("failed to build trait context for {label}: ");
    let failed = |problems| Problems::prefixed(Stage::Bind, prefix.clone(), problems);
    if let Some((field, given)) = [("parameters", parameters), ("environmentConfigs", configs)]
        .into_iter()
        .find(|(_, given)| is_no_object(*given))
    {
        let message = bound_message(given, field, label);
        return Err(Problems::one(Stage::Bind, Problem::new(Code::Values, &place.below(field), message)));
    }
    if used.instance.is_empty() {
        let message = "validation failed: Key: 'TraitContextInput.InstanceName' Error:Field validation for 'InstanceName' failed on the 'required' tag";
        return Err(failed(vec![Problem::new(Code::Input, &place.below("instanceName"), message)]));
    }
    let schema = |values: &Result<_, crate::bind::SchemaError>, name: &str| match values {
        Ok(values) => Ok(Clone::clone(values)),
        Err(error) => Err(failed(vec![Problem::new(
            Code::Schema,
            &place.below(&format!("spec.{name}")),
            format!("failed to build schemas: failed to create {name} schema: {error}"),
        )])),
    };
    let parameter_values: crate::bind::Values = schema(&program.parameters, "parameters")?;
    let config_values = schema(&program.environment_configs, "environmentConfigs")?;
    let parameters = bound(&parameter_values, parameters, "parameters").map_err(|unbound| failed(unbound.at(place)))?;
    let configs = bound(&config_values, configs, "environmentConfigs").map_err(|unbound| failed(unbound.at(place)))?;
    let trait_ = Value::map([("name", Value::from(used.name)), ("instanceName", Value::from(used.instance))]);
    Ok(variables.of_trait(&program.scope, trait_, &parameters, &configs))
}

fn is_no_object(given: Option<&serde_json::Value>) -> bool {
    given.is_some_and(|given| !given.is_object() && !given.is_null())
}

fn bound_message(given: Option<&serde_json::Value>, field: &str, label: &str) -> String {
    let found = match given {
        Some(serde_json::Value::Array(_)) => "array",
        Some(serde_json::Value::String(_)) => "string",
        Some(serde_json::Value::Bool(_)) => "bool",
        _ => "number",
    };
    format!(
        "failed to extract trait bindings for {label}: failed to extract trait instance {field}: failed to unmarshal {field}: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
    )
}

fn render_create(
    create: &Create,
    at: usize,
    name: &str,
    bindings: &Bindings,
    place: &Place,
    items: &mut Vec<Item>,
    recorder: &mut Option<Recorder>,
) -> Result<(), Vec<Problem>> {
    let place = || place.below(&format!("spec.creates[{at}]"));
    let prefix = |what: &str| format!("failed to evaluate {what} for trait {name} create #{at}: ");
    let control = |what: &str, error: &ControlError| vec![error.problem(&place().below(what), &prefix(what))];
    if !holds(create.include_when.as_ref(), bindings).map_err(|error| control("includeWhen", &error))? {
        return Ok(());
    }
    let rounds = each(create.for_each.as_deref(), bindings).map_err(|error| control("forEach", &error))?;
    let template = || place().below("template");
    for round in rounds.iter() {
        if let Some(recorder) = recorder {
            recorder.turn(create.for_each.as_ref(), bindings);
        }
        let mut faults = Faults::new();
        let source = Some(&create.template);
        let (tree, track) =
            origins::render(source, round, &mut faults, recorder.as_mut(), Writer::TraitCreate, template);
        if !faults.is_empty() {
            let place = template();
            let prefix = format!("failed to render create template for trait {name} create #{at}: ");
            return Err(faults.into_vec().iter().map(|fault| Problem::fault(&place, &prefix, fault)).collect());
        }
        if tree.as_map().is_none() {
            let message = format!(
                "create template must render to object for trait {name} create #{at}, got {}",
                tree.type_name()
            );
            return Err(vec![Problem::new(Code::Type, &template(), message)]);
        }
        items.push(Item { plane: create.target_plane.clone(), tree, track });
    }
    Ok(())
}
