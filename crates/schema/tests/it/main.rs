//! Schemas against the contract data and against tables of values.

mod contract;
mod costs;
mod laws;
mod limits;
mod messages;
mod rules;
