//! Checking types, traits and workflows by themselves, before any component runs into their mistakes.
//!
//! Every expression is compiled against the declared schemas, also in branches that never ran; conditions must be
//! conditions and loops must have something to loop over; templates must be manifests; patch paths must parse.

mod hint;
mod schema_types;
mod unused;
mod variables;
mod walk;

pub(crate) use walk::item_type;

use cel::Type;
use serde_json::Value;

use crate::bind::{SchemaError, Values};
use crate::problem::{Code, Place, Problem};
use crate::program::{ComponentTypeProgram, Shared, SharedTypeProgram, TraitProgram, WorkflowProgram};
use crate::spec;
use crate::template::{Language, Scope};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// What is wrong: it fails, or would fail for some component.
    pub problems: Vec<Problem>,
    /// What is probably not meant.
    pub warnings: Vec<Problem>,
}

impl Checked {
    /// Whether nothing is wrong; there may be warnings.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, code: Code, place: &Place, message: impl Into<String>) {
        self.problems.push(Problem::new(code, place, message));
    }

    fn unreadable(&mut self, place: &Place, error: &serde_json::Error) {
        self.add(Code::Spec, &place.below("spec"), format!("the spec cannot be read: {error}"));
    }
}

/// Checks a component type's spec.
pub fn component_type(name: &str, spec: &Value) -> Checked {
    let mut checked = Checked::default();
    let place = Place::new(format!("ComponentType {name}"), "");
    let declared = declared(spec, &place, &mut checked);
    let scope = Scope::typed(Language::Component, variables::component(declared.0, declared.1, false));
    match ComponentTypeProgram::parse(spec.clone(), scope) {
        Ok(program) => {
            walk::component_type(&program, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked
}

/// Checks a trait's spec.
pub fn trait_(name: &str, spec: &Value) -> Checked {
    let mut checked = Checked::default();
    let place = Place::new(format!("Trait {name}"), "");
    let declared = declared(spec, &place, &mut checked);
    let scope = Scope::typed(Language::Component, variables::component(declared.0, declared.1, true));
    match TraitProgram::parse(spec.clone(), scope) {
        Ok(program) => {
            walk::trait_(&program, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked
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
    let (parameters, _) = declared(spec, &place, &mut checked);
    let names = variables::workflow(&parameters, false);
    let all = variables::workflow(&parameters, true);
    match WorkflowProgram::parse(
        spec.clone(),
        &Scope::typed(Language::Plain, names),
        Scope::typed(Language::Plain, all),
    ) {
        Ok(program) => {
            walk::workflow(&program, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked
}

fn shared_type(object: &str, spec: &Value, kind: Shared) -> Checked {
    let mut checked = Checked::default();
    let place = Place::new(object, "");
    let declared = declared(spec, &place, &mut checked);
    let scope = Scope::typed(Language::Plain, variables::shared(declared.0, declared.1, kind == Shared::Resource));
    match SharedTypeProgram::parse(spec.clone(), kind, scope) {
        Ok(program) => {
            walk::shared_type(&program, kind, &place, &mut checked);
            unused::values(spec, &place, &mut checked);
        }
        Err(error) => checked.unreadable(&place, &error),
    }
    checked
}

/// The types of `parameters` and `environmentConfigs`; anything where a schema is broken, which is told.
fn declared(spec: &Value, place: &Place, checked: &mut Checked) -> (Type, Type) {
    let mut of = |field: &str| {
        let Some(json) = spec.get(field).filter(|json| !json.is_null()) else { return variables::nothing() };
        let section: spec::SchemaSection = match serde_json::from_value(json.clone()) {
            Ok(section) => section,
            Err(error) => {
                checked.add(
                    Code::Spec,
                    &place.below(&format!("spec.{field}")),
                    format!("the section cannot be read: {error}"),
                );
                return Type::Dyn;
            }
        };
        match Values::parse(Some(&section)) {
            Ok(values) => {
                values.schema().map_or_else(variables::nothing, |schema| schema_types::of(schema.root(), field))
            }
            Err(error) => {
                let (SchemaError::Reference(detail) | SchemaError::Structure(detail)) = &error;
                checked.add(Code::Schema, &place.below(&format!("spec.{field}.openAPIV3Schema")), detail.clone());
                Type::Dyn
            }
        }
    };
    (of("parameters"), of("environmentConfigs"))
}
