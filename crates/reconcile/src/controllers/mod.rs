//! The controllers: one folder each, one plain function each. What they share stands beside them.

mod blocked;
mod component;
mod condition;
mod departure;
mod deployment_pipeline;
mod environment;
mod lookup;
mod placement;
mod planes;
mod project;
mod project_release_binding;
mod release_binding;
mod rendered_release;
mod rendering;
mod resource;
mod resource_release_binding;
#[cfg(test)]
mod testing;

pub use component::ComponentController;
pub use deployment_pipeline::DeploymentPipelineController;
pub use environment::EnvironmentController;
pub use planes::{ClusterDataPlaneController, DataPlaneController};
pub use project::ProjectController;
pub use project_release_binding::ProjectReleaseBindingController;
pub use release_binding::ReleaseBindingController;
pub use rendered_release::RenderedReleaseController;
pub use resource::ResourceController;
pub use resource_release_binding::ResourceReleaseBindingController;
