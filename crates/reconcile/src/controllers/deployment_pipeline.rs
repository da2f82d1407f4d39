//! Keeps a pipeline as long as a project uses it.

use super::condition::{State, condition};
use super::departure::blocked_by;
use super::lookup;
use crate::engine::{Controller, EventType, Plan, World};
use model::{DeploymentPipeline, DeploymentPipelineStatus, Kind, finalizers, indexes};

/// Says that a pipeline is there, and holds its deletion while projects refer to it.
#[derive(Debug, Default)]
pub struct DeploymentPipelineController;

impl Controller for DeploymentPipelineController {
    const NAME: &'static str = "deployment-pipeline";
    type Object = DeploymentPipeline;

    fn reconcile(&self, pipeline: &DeploymentPipeline, world: &World) -> Plan {
        let generation = pipeline.generation();
        let status = |state, reason, message: String| DeploymentPipelineStatus {
            observed_generation: generation,
            conditions: vec![condition("Available", state, reason, message, generation)],
        };
        if !pipeline.is_being_deleted() {
            return Plan::new()
                .add_finalizer(finalizers::DEPLOYMENT_PIPELINE)
                .status(status(State::True, "DeploymentPipelineAvailable", "DeploymentPipeline is available".into()))
                .event(EventType::Normal, "ReconcileComplete", "DeploymentPipeline is available");
        }
        let users =
            match lookup::list_spec(world, indexes::PROJECTS_BY_PIPELINE, pipeline.namespace(), &[pipeline.name()]) {
                Ok(users) => users,
                Err(unseen) => return Plan::with_status(status(State::False, "NotReadable", unseen.to_string())),
            };
        if users.is_empty() {
            return Plan::new().remove_finalizer(finalizers::DEPLOYMENT_PIPELINE);
        }
        let names: Vec<&str> = users.iter().map(|project| project.name()).collect();
        let plan = Plan::with_status(status(
            State::False,
            "DeletionBlocked",
            format!(
                "{} project(s) use this pipeline ({}): delete them or give them another pipeline first",
                names.len(),
                names.join(", ")
            ),
        ));
        blocked_by(plan, &users, "it uses this pipeline")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::testing::{deleting, named};
    use model::Project;
    use serde_json::json;

    #[test]
    fn a_live_pipeline_is_available() {
        let plan = DeploymentPipelineController.reconcile(&named("ns", "main"), &World::fixed().build());
        assert_eq!(plan.added_finalizers(), [finalizers::DEPLOYMENT_PIPELINE]);
        assert_eq!(plan.new_status().expect("a status")["conditions"][0]["reason"], "DeploymentPipelineAvailable");
    }

    #[test]
    fn a_used_pipeline_is_held_and_says_by_whom() {
        let mut project: Project = named("ns", "shop");
        project.spec.deployment_pipeline_ref.name = "main".into();
        let world = World::fixed().with(&project).build();
        let plan = DeploymentPipelineController.reconcile(&deleting(named("ns", "main")), &world);
        let status = plan.new_status().expect("a status");
        assert_eq!(status["conditions"][0]["reason"], "DeletionBlocked");
        assert!(status["conditions"][0]["message"].as_str().is_some_and(|text| text.contains("shop")));
        assert!(plan.removed_finalizers().is_empty());
    }

    #[test]
    fn an_unused_pipeline_goes() {
        let mut elsewhere: Project = named("other", "shop");
        elsewhere.spec.deployment_pipeline_ref.name = "main".into();
        let world = World::fixed().with(&elsewhere).build();
        let plan = DeploymentPipelineController.reconcile(&deleting(named("ns", "main")), &world);
        assert_eq!(plan.removed_finalizers(), [finalizers::DEPLOYMENT_PIPELINE]);
        assert_eq!(plan.new_status(), None::<&serde_json::Value>, "{}", json!(plan.new_status()));
    }
}
