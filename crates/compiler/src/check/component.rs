//! A component with its type, traits and workload, before there is a cluster: what it would make, and what is missing.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::checked::order;
use super::together::{TraitSpec, kind, used_together};
use super::{Checked, hint};
use crate::bind::{Undeclared, Values, ValuesError};
use crate::compiler::Compiler;
use crate::extract;
use crate::input::{ComponentInput, Gateway, Source, TraitInstance, check_secrets, secret_keys};
use crate::output::{RenderedResource, TargetPlane};
use crate::problem::{Code, Place, Problem, Problems};
use crate::spec::SchemaSection;

/// What a check of a whole component found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComponentChecked {
    /// What is wrong with the type and the traits, alone and together, and what fails when they are rendered.
    pub checked: Checked,
    /// What the component, its workload or its environment must give and does not.
    pub missing: Vec<Problem>,
    /// What would be made; empty where anything keeps it from being made.
    pub produces: Vec<Produced>,
}

/// A manifest that would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Produced {
    /// The plane it is for.
    pub target_plane: TargetPlane,
    /// Its API version.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty where it says none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ComponentChecked {
    /// Whether the component would be deployed as it is.
    pub fn is_clean(&self) -> bool {
        self.checked.is_clean() && self.missing.is_empty()
    }
}

/// Checks a component as it would be compiled for one environment: the type and the traits, alone and together; what
/// they ask for and are not given, all of it at once; and what would be made.
///
/// For a check without a cluster, [`crate::input::ComponentMetadata::stand_in`] and [`Gateway::stand_in`] give what a
/// cluster would.
pub fn component(input: &ComponentInput<'_>) -> ComponentChecked {
    let mut found = ComponentChecked::default();
    let place = Place::new(format!("Component {}", input.metadata.component_name), "");
    let mut json = |source: &dyn Source, kind: &str, name: &str| {
        source.to_json().unwrap_or_else(|error| {
            found.checked.unreadable(&Place::new(format!("{kind} {name}"), ""), &error);
            Value::Null
        })
    };
    let type_spec = json(input.type_spec, "ComponentType", input.type_name);
    let traits: Vec<(&str, &str, Value)> = input
        .trait_specs
        .iter()
        .map(|source| (source.kind, source.name, json(source.spec, kind(source.kind), source.name)))
        .collect();
    if !found.checked.is_clean() {
        return found;
    }
    let traits: Vec<TraitSpec<'_>> = traits.iter().map(|(kind, name, spec)| TraitSpec { kind, name, spec }).collect();
    found.checked = used_together(input.type_name, &type_spec, &traits, input.traits);

    unfit(&type_spec["parameters"], input.parameters, &place.below("spec.parameters"), &mut found);
    let binding = Place::new(format!("ReleaseBinding for {}", environment(input)), "");
    let configs = binding.below("spec.componentTypeEnvironmentConfigs");
    unfit(&type_spec["environmentConfigs"], input.environment_configs, &configs, &mut found);
    own_traits(input, &type_spec, &traits, &place, &binding, &mut found);
    workload(input, &mut found.missing);
    for (endpoint, why) in extract::unreadable(&input.workload.endpoints) {
        let place = Place::new(
            format!("Workload of {}", input.metadata.component_name),
            format!("spec.endpoints.{endpoint}.schema.content"),
        );
        found.checked.warn(Code::Values, &place, format!("no routes can be read from this: {why}"));
    }

    match Compiler::with_capacity(1).component(input) {
        Ok(rendered) => found.produces = rendered.resources.iter().map(Produced::of).collect(),
        Err(problems) => found.failed(input, &problems),
    }
    found.checked = found.checked.sorted();
    found.missing.sort_by(order);
    found.missing.dedup();
    found
}

impl ComponentChecked {
    /// What rendering told beyond what was found already.
    fn failed(&mut self, input: &ComponentInput<'_>, problems: &Problems) {
        let gateway = Gateway::merged(input.environment.gateway.as_ref(), input.data_plane.gateway.as_ref()).is_some();
        for problem in problems.list() {
            if !gateway && problem.message.contains("undeclared reference to 'gateway'") {
                let place = Place::new(format!("Environment {}", environment(input)), "spec.gateway");
                let message = format!(
                    "{} reads gateway at {}, and neither the environment nor its data plane has one",
                    problem.place.object, problem.place.path
                );
                self.missing.push(Problem::new(Code::Input, &place, message));
            } else if self.missing.is_empty() && !self.tells(problem) {
                self.checked.problems.push(problem.clone());
            }
        }
    }

    /// Whether something is told of the same field already: an expression, or a patch that cannot be carried out.
    fn tells(&self, problem: &Problem) -> bool {
        self.checked.problems.iter().any(|known| {
            let same = known.place.path == problem.place.path && known.place.expression == problem.place.expression;
            same || (problem.code == Code::Patch && known.place.path.starts_with(&problem.place.path))
        })
    }
}

fn environment<'i>(input: &'i ComponentInput<'_>) -> &'i str {
    &input.metadata.environment_name
}

/// The component's own traits: there, allowed, each under a name of its own, with what they ask for.
fn own_traits(
    input: &ComponentInput<'_>,
    type_spec: &Value,
    specs: &[TraitSpec<'_>],
    place: &Place,
    binding: &Place,
    checked: &mut ComponentChecked,
) {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let embedded = type_spec["traits"].as_array();
    let mut instances: BTreeSet<String> =
        embedded.into_iter().flatten().map(|used| text(used, "instanceName")).collect();
    let allowed = type_spec["allowedTraits"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, own) in input.traits.iter().enumerate() {
        let place = place.below(&format!("spec.traits[{at}]"));
        let TraitInstance { name, instance_name, .. } = own;
        if !instances.insert(instance_name.clone()) {
            let message = format!("the instance name {instance_name:?} is used twice");
            checked.missing.push(Problem::new(Code::Trait, &place.below("instanceName"), message));
        }
        let is_allowed = |one: &Value| kind(&text(one, "kind")) == kind(&own.kind) && text(one, "name") == *name;
        if !allowed.iter().any(is_allowed) {
            let names: Vec<String> = allowed.iter().map(|one| text(one, "name")).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!("the component type does not allow the trait {name}; it allows: {names}");
            checked.missing.push(Problem::new(Code::Trait, &place.below("name"), message));
        }
        let Some(found) = specs.iter().find(|spec| kind(spec.kind) == kind(&own.kind) && spec.name == name) else {
            let message = format!("there is no {} {name} among the traits given", kind(&own.kind));
            checked.missing.push(Problem::new(Code::Trait, &place.below("name"), message));
            continue;
        };
        unfit(&found.spec["parameters"], own.parameters.as_ref(), &place.below("parameters"), checked);
        let configs = input.trait_environment_configs.and_then(|configs| configs.get(instance_name));
        let place = binding.below(&format!("spec.traitEnvironmentConfigs.{instance_name}"));
        unfit(&found.spec["environmentConfigs"], configs, &place, checked);
    }
}

/// What the workload lacks, and secrets that are not there.
fn workload(input: &ComponentInput<'_>, missing: &mut Vec<Problem>) {
    if input.workload.container.image.is_empty() {
        let place = Place::new(format!("Workload of {}", input.metadata.component_name), "spec.container.image");
        missing.push(Problem::new(Code::Input, &place, "the workload names no image to run"));
    }
    let keys = secret_keys(input.workload, input.overrides);
    if let Err(problems) = check_secrets(&keys, input.secrets) {
        missing.extend_from_slice(problems.list());
    }
}

/// Values that do not fit what a section of a spec declares, and those that it does not know.
fn unfit(section: &Value, given: Option<&Value>, place: &Place, found: &mut ComponentChecked) {
    // A section that cannot be read or used is told of the type.
    let Ok(section) = serde_json::from_value::<Option<SchemaSection>>(section.clone()) else { return };
    let Ok(values) = Values::parse(section.as_ref()) else { return };
    let missing = &mut found.missing;
    match values.bound(given, Undeclared::Dropped) {
        Ok(_) => {}
        Err(ValuesError::Invalid(errors)) => {
            let fields =
                errors.into_iter().map(|(path, message)| Problem::new(Code::Values, &place.below(&path), message));
            missing.extend(fields);
        }
        Err(error) => missing.push(Problem::new(Code::Values, place, error.to_string())),
    }
    let unknown = match (values.schema(), given) {
        (Some(schema), Some(given)) => schema.prune(&mut given.clone()),
        (None, Some(Value::Object(given))) => given.keys().cloned().collect(),
        _ => Vec::new(),
    };
    for path in unknown {
        let near = values.schema().and_then(|schema| meant(schema.root(), &path));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let message = format!("nothing of this name is declared, so nothing reads it{near}");
        found.checked.warnings.push(Problem::new(Code::Unused, &place.below(&path), message));
    }
}

/// The declared name nearest to the last one of a path.
fn meant<'s>(root: schema::Node<'s>, path: &str) -> Option<&'s str> {
    let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut node = root;
    for step in above.split(['.', '[']).filter(|step| !step.is_empty()) {
        node = match step.strip_suffix(']') {
            Some(_) => node.items().or_else(|| node.additional_properties())?,
            None => node.field(step)?,
        };
    }
    hint::nearest(name, node.properties().map(|(name, _)| name))
}

impl Produced {
    fn of(resource: &RenderedResource) -> Self {
        let text =
            |pointer: &str| resource.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            target_plane: resource.target_plane.clone(),
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }
}

impl fmt::Display for Produced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.api_version, self.kind)?;
        let slash = if self.namespace.is_empty() { "" } else { "/" };
        write!(f, " {}{slash}{} on the {}", self.namespace, self.name, self.target_plane)
    }
}

impl fmt::Display for ComponentChecked {
    /// What is wrong, what is missing, what would be made.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.missing.is_empty() || self.checked != Checked::default() {
            self.checked.fmt(f)?;
        }
        for problem in &self.missing {
            writeln!(
                f,
                "missing[{}] {}: {}\n    {}",
                problem.code, problem.place.object, problem.place.path, problem.message
            )?;
        }
        for produced in &self.produces {
            writeln!(f, "would make {produced}")?;
        }
        Ok(())
    }
}
