//! What the runtime must know of Kubernetes objects on a plane: in which order they are applied, how healthy they are,
//! and how to reach into their pods. Everything but [`pods`] is a pure function over JSON.
#![forbid(unsafe_code)]

pub mod enforcement;
pub mod health;
pub mod order;
pub mod pods;

pub use enforcement::not_enforced;
pub use health::{Assessment, Health, assess};
pub use order::apply_step;
