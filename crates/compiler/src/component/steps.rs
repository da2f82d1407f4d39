//! A compilation step by step: what there is behind each of them.

use serde_json::Value;

use super::Item;
use super::base::describe;
use crate::problem::{Code, Place, Problem, Stage};
use crate::template::{Bindings, Scope};

/// What there is behind one step of a compilation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which stage the step belongs to.
    pub stage: Stage,
    /// Whose step it is: `ComponentType deployment/service`, `Trait storage/data`.
    pub by: String,
    /// Behind [`Stage::Bind`] the variables, as one object; behind the others all resources as they are then. `null` stands
    /// for what JSON has no form for.
    pub objects: Vec<Value>,
    /// Why JSON has no form for some of it: an infinite number, say, which a later step may still take away.
    pub unshown: Vec<Problem>,
}

impl Step {
    fn show(&mut self, object: Result<Value, Problem>) {
        self.objects.push(object.unwrap_or_else(|problem| {
            self.unshown.push(problem);
            Value::Null
        }));
    }
}

/// Collects steps, if anybody asked for them.
#[derive(Debug, Default)]
pub(super) struct Steps(Option<Vec<Step>>);

impl Steps {
    pub(super) fn wanted() -> Self {
        Self(Some(Vec::new()))
    }

    /// The values of the variables.
    pub(super) fn bound(&mut self, by: &str, scope: &Scope, bindings: &Bindings) {
        if let Some(steps) = &mut self.0 {
            let mut step = Step { stage: Stage::Bind, by: by.to_owned(), objects: Vec::new(), unshown: Vec::new() };
            step.show(bindings.to_json(scope).map_err(|error| {
                let place = Place::new(by, error.variable.clone());
                Problem::new(Code::Encoding, &place, error.to_string())
            }));
            steps.push(step);
        }
    }

    /// The resources as they are now.
    pub(super) fn items(&mut self, stage: Stage, by: &str, items: &[Item]) {
        if let Some(steps) = &mut self.0 {
            let mut step = Step { stage, by: by.to_owned(), objects: Vec::new(), unshown: Vec::new() };
            for item in items {
                step.show(item.tree.to_json().map_err(|error| {
                    Problem::new(Code::Encoding, &Place::new(describe(&item.tree), ""), error.to_string())
                }));
            }
            steps.push(step);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Step> {
        self.0.unwrap_or_default()
    }
}
