//! A small secret store in the data folder, and the ExternalSecrets that are filled from it.

mod controller;
mod kind;
mod plan;
mod store;

pub(crate) use controller::start;
pub use store::{SecretStore, StoreError};
