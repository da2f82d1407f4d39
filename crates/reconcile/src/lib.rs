//! The reconcile engine and the controllers that run on it.
//!
//! A controller is a plain function from one object and a [`World`] to a [`Plan`]. The [`engine`] caches what the
//! functions read, runs them when something they read has changed, and carries their plans out.
#![forbid(unsafe_code)]

pub mod controllers;
pub mod engine;

pub use engine::{
    ClusterId, Controller, Facets, Failure, FailureReason, Gvk, Index, Kind, List, ObjectKey, ObjectRef, Plan, Read,
    Unseen, World,
};
