//! The pieces that all pipelines evaluate with: conditions, loops, rules.

mod control;
mod rules;

pub(crate) use control::{ControlError, each, holds};
pub(crate) use rules::broken_rules;
