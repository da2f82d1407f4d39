//! StatefulSets: pods with names and claims of their own, started and stopped in order.

mod plan;
#[cfg(test)]
mod plan_tests;
mod pods;
mod status;
mod write;
