//! What a check found, and how much of the schema the value did match.

use crate::error::FieldError;

/// Errors, with the count by which the closest branch of `anyOf` and `oneOf` is chosen.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) errors: Vec<FieldError>,
    pub(crate) matched: usize,
}

impl Outcome {
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Adds an error unless the same is there already.
    pub(crate) fn add(&mut self, error: FieldError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    pub(crate) fn merge(&mut self, other: Outcome) {
        self.matched += other.matched;
        for error in other.errors {
            self.add(error);
        }
    }
}
