//! PodDisruptionBudgets: how many of the pods that one covers may be taken away now.

mod plan;
mod write;

pub(super) use plan::covers;
