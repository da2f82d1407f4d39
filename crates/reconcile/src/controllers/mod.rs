//! The controllers: one folder each, one plain function each. What they share stands beside them.

mod blocked;
mod component;
mod condition;
mod departure;
mod deployment_pipeline;
mod enforcement;
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

use crate::engine::EngineBuilder;
use compiler::Compiler;
use std::sync::Arc;

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

/// Adds all controllers of the control plane, over one compiler.
pub fn all(engine: EngineBuilder) -> EngineBuilder {
    let compiler = Arc::new(Compiler::new());
    engine
        .controller(ProjectController)
        .controller(ProjectReleaseBindingController::new(compiler.clone()))
        .controller(ComponentController)
        .controller(ReleaseBindingController::new(compiler.clone()))
        .controller(ResourceController)
        .controller(ResourceReleaseBindingController::new(compiler))
        .controller(RenderedReleaseController)
        .controller(EnvironmentController)
        .controller(DeploymentPipelineController)
        .controller(DataPlaneController)
        .controller(ClusterDataPlaneController)
}
