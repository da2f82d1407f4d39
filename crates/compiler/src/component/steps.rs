//! A compilation step by step: what there is behind each of them.

use serde_json::Value;

use super::Item;
use crate::problem::Stage;
use crate::template::{Bindings, Scope};

/// What there is behind one step of a compilation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which stage the step belongs to.
    pub stage: Stage,
    /// Whose step it is: `ComponentType deployment/service`, `Trait storage/data`.
    pub by: String,
    /// Behind [`Stage::Bind`] the variables, as one object; behind the others all resources as they are then.
    pub objects: Vec<Value>,
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
            steps.push(Step { stage: Stage::Bind, by: by.to_owned(), objects: vec![bindings.to_json(scope)] });
        }
    }

    /// The resources as they are now; what JSON has no form for is `null`.
    pub(super) fn items(&mut self, stage: Stage, by: &str, items: &[Item]) {
        if let Some(steps) = &mut self.0 {
            let objects = items.iter().map(|item| item.tree.to_json().unwrap_or_default()).collect();
            steps.push(Step { stage, by: by.to_owned(), objects });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Step> {
        self.0.unwrap_or_default()
    }
}
