//! The values of variables for one evaluation.

use std::sync::Arc;

use crate::env::Variables;
use crate::value::Value;

/// The values of an environment's variables, by slot. Cheap to clone; may be used for any number of evaluations.
#[derive(Clone, Debug)]
pub struct Activation {
    variables: Arc<Variables>,
    values: Vec<Option<Value>>,
}

impl Activation {
    pub(crate) fn new(variables: Arc<Variables>) -> Self {
        let values = vec![None; variables.declared.len()];
        Self { variables, values }
    }

    /// Sets a variable; names that are not declared are ignored, since no expression can read them.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable; `false` when it is not declared.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> bool {
        self.variables.slot(name).is_some_and(|slot| self.set_slot(slot, value))
    }

    /// Sets the variable of a slot; `false` when there is no such slot.
    pub fn set_slot(&mut self, slot: u32, value: impl Into<Value>) -> bool {
        match self.values.get_mut(slot as usize) {
            Some(place) => {
                *place = Some(value.into());
                true
            }
            None => false,
        }
    }

    /// The value of a variable, if set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let slot = self.variables.slot(name)?;
        self.values.get(slot as usize)?.as_ref()
    }

    /// The same values for an environment that extends this activation's.
    #[must_use]
    pub fn widen(&self, env: &crate::Env) -> Self {
        let mut wider = env.activation();
        for (place, value) in wider.values.iter_mut().zip(&self.values) {
            place.clone_from(value);
        }
        wider
    }

    pub(crate) fn values(&self) -> &[Option<Value>] {
        &self.values
    }
}
