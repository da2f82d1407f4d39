//! Checking types, traits and workflows by themselves, before any component runs into their mistakes.
//!
//! Every expression is compiled against the declared schemas, also in branches that never ran; conditions must be
//! conditions and loops must have something to loop over; templates must be manifests; patch paths must parse, and what
//! they are about must be able to exist. Somebody's text inside a shell script, and parameters that nothing reads, are
//! warned of.

mod bindings;
mod checked;
mod component;
mod controls;
mod declared;
mod expressions;
mod hint;
mod injection;
mod manifest;
mod operations;
mod outputs;
mod reach;
mod reads;
mod schema_types;
mod target;
mod together;
mod unused;
mod variables;
mod walk;

pub use checked::Checked;
pub use component::{ComponentChecked, Produced, component};
pub(crate) use controls::item_type;
pub use together::{TraitSpec, component_type_with_traits};

use declared::declared;
use serde_json::Value;

use crate::problem::Place;
use crate::program::{
    ComponentTypeProgram, Resource, RunTemplate, Shared, SharedTypeProgram, TraitProgram, WorkflowProgram,
};
use crate::template::{Language, Scope};

/// Checks the spec of any kind that has templates; `None` for the others.
pub fn object(kind: &str, name: &str, spec: &Value) -> Option<Checked> {
    Some(match kind {
        "ComponentType" | "ClusterComponentType" => component_type(name, spec),
        "Trait" | "ClusterTrait" => trait_(name, spec),
        "ProjectType" | "ClusterProjectType" => project_type(name, spec),
        "ResourceType" | "ClusterResourceType" => resource_type(name, spec),
        "Workflow" | "ClusterWorkflow" => workflow(name, spec),
        _ => return None,
    })
}

/// Checks a component type's spec.
pub fn component_type(name: &str, spec: &Value) -> Checked {
    parse_component_type(name, spec).1.sorted()
}

/// Checks a trait's spec.
pub fn trait_(name: &str, spec: &Value) -> Checked {
    parse_trait(name, spec).1.sorted()
}

/// Checks a project type's spec.
pub fn project_type(name: &str, spec: &Value) -> Checked {
    shared_type(&format!("ProjectType {name}"), spec, Shared::Project { gateway: true })
}

/// Checks a resource type's spec.
pub fn resource_type(name: &str, spec: &Value) -> Checked {
    shared_type(&format!("ResourceType {name}"), spec, Shared::Resource)
}

/// Checks a workflow's spec.
pub fn workflow(name: &str, spec: &Value) -> Checked {
    let mut checked = Checked::default();
    let place = Place::new(format!("Workflow {name}"), "");
    let (parameters, _) = declared(spec, true, &place, &mut checked);
    let references: Vec<String> = spec["externalRefs"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|reference| reference["id"].as_str().map(str::to_owned))
        .collect();
    let names = variables::workflow(&parameters, None);
    let all = variables::workflow(&parameters, Some(&references));
    match WorkflowProgram::parse(
        spec.clone(),
        &Scope::typed(Language::Plain, names),
        Scope::typed(Language::Plain, all),
    ) {
        Ok(program) => {
            walk::workflow(&program, &place, &mut checked);
            if let Some(RunTemplate::Object(template)) = &program.run_template {
                injection::scripts(template, spec, &place.below("spec.runTemplate"), &mut checked);
            }
            scripts(&program.resources, spec, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked.sorted()
}

fn parse_component_type(name: &str, spec: &Value) -> (Option<ComponentTypeProgram>, Checked) {
    let mut checked = Checked::default();
    let place = Place::new(format!("ComponentType {name}"), "");
    let declared = declared(spec, false, &place, &mut checked);
    let scope = Scope::typed(Language::Component, variables::component(declared.0, declared.1, false));
    match ComponentTypeProgram::parse(spec.clone(), scope) {
        Ok(program) => {
            walk::component_type(&program, &place, &mut checked);
            scripts(program.resources.as_deref().unwrap_or_default(), spec, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
            (Some(program), checked)
        }
        Err(error) => {
            checked.unreadable(&place, &error);
            (None, checked)
        }
    }
}

fn parse_trait(name: &str, spec: &Value) -> (Option<TraitProgram>, Checked) {
    let mut checked = Checked::default();
    let place = Place::new(format!("Trait {name}"), "");
    let declared = declared(spec, false, &place, &mut checked);
    let scope = Scope::typed(Language::Component, variables::component(declared.0, declared.1, true));
    match TraitProgram::parse(spec.clone(), scope) {
        Ok(program) => {
            walk::trait_(&program, &place, &mut checked);
            for (at, create) in program.creates.iter().enumerate() {
                let place = place.below(&format!("spec.creates[{at}].template"));
                injection::scripts(&create.template, spec, &place, &mut checked);
            }
            for (at, patch) in program.patches.iter().enumerate() {
                for (of, operation) in patch.operations.iter().enumerate() {
                    let place = place.below(&format!("spec.patches[{at}].operations[{of}].value"));
                    if let Some(value) = &operation.value {
                        injection::scripts(value, spec, &place, &mut checked);
                    }
                }
            }
            unused::values(spec, &place, &mut checked);
            (Some(program), checked)
        }
        Err(error) => {
            checked.unreadable(&place, &error);
            (None, checked)
        }
    }
}

fn shared_type(object: &str, spec: &Value, kind: Shared) -> Checked {
    let mut checked = Checked::default();
    let place = Place::new(object, "");
    let declared = declared(spec, kind != Shared::Resource, &place, &mut checked);
    let scope = Scope::typed(Language::Plain, variables::shared(declared.0, declared.1, kind == Shared::Resource));
    match SharedTypeProgram::parse(spec.clone(), kind, scope) {
        Ok(program) => {
            walk::shared_type(&program, kind, &place, &mut checked);
            scripts(&program.resources, spec, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked.sorted()
}

fn scripts(resources: &[Resource], spec: &Value, place: &Place, checked: &mut Checked) {
    for (at, resource) in resources.iter().enumerate() {
        let place = place.below(&format!("spec.resources[{at}].template"));
        injection::scripts(&resource.template, spec, &place, checked);
    }
}
