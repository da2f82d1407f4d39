//! The configuration file: control planes, credentials and contexts, in the format of v1.2.

mod commands;
mod edit;
mod file;

pub(crate) use commands::{command, run};
pub(crate) use file::{ConfigFile, Credential, write_private};
