//! A small secret store in the data folder, and the ExternalSecrets that are filled from it and from generators.

mod controller;
mod generated;
mod kind;
mod password;
mod plan;
mod store;
mod template;

pub(crate) use controller::start;
pub use store::{SecretStore, StoreError};
