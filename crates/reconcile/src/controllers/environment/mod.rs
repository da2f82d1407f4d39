//! An environment: there as soon as it is written; goes when no pipeline names it and everything in it is gone.

use super::condition::{State, condition};
use super::departure::{self, blocked_by, remove};
use super::lookup;
use crate::engine::{Controller, EventType, Plan, Unseen, World};
use model::{Environment, EnvironmentStatus, Kind, finalizers, indexes};

/// Says that an environment is there, and empties it before it goes.
#[derive(Debug, Default)]
pub struct EnvironmentController;

impl Controller for EnvironmentController {
    const NAME: &'static str = "environment";
    type Object = Environment;

    fn reconcile(&self, environment: &Environment, world: &World) -> Plan {
        if environment.is_being_deleted() {
            return teardown(environment, world).unwrap_or_else(|unseen| {
                Plan::with_status(status(environment, State::False, "NotReadable", unseen.to_string()))
            });
        }
        Plan::new()
            .add_finalizer(finalizers::ENVIRONMENT)
            .status(status(environment, State::True, "EnvironmentReady", "Environment is ready".into()))
            .event(EventType::Normal, "EnvironmentReady", "Environment is ready")
    }
}

fn status(environment: &Environment, state: State, reason: &str, message: String) -> EnvironmentStatus {
    EnvironmentStatus {
        observed_generation: 0,
        conditions: vec![condition("Ready", state, reason, message, environment.generation())],
    }
}

fn teardown(environment: &Environment, world: &World) -> Result<Plan, Unseen> {
    let (namespace, name) = (environment.namespace(), environment.name());
    let pipelines = lookup::list_spec(world, indexes::PIPELINES_BY_ENVIRONMENT, namespace, &[name])?;
    if !pipelines.is_empty() {
        let names: Vec<&str> = pipelines.iter().map(|pipeline| pipeline.name()).collect();
        let message = format!(
            "still used by deployment pipeline(s) {}: take the environment out of them first",
            names.join(", ")
        );
        let plan = Plan::with_status(status(environment, State::False, "DeletionBlocked", message));
        return Ok(blocked_by(plan, &pipelines, "it names this environment"));
    }
    // What runs goes before the namespace that it runs in: a project's binding waits for them by itself.
    let components = lookup::list_spec(world, indexes::BINDINGS_BY_ENVIRONMENT, namespace, &[name])?;
    let resources = lookup::list_spec(world, indexes::RESOURCE_BINDINGS_BY_ENVIRONMENT, namespace, &[name])?;
    let projects = lookup::list_spec(world, indexes::PROJECT_BINDINGS_BY_ENVIRONMENT, namespace, &[name])?;
    let plan = remove(remove(remove(Plan::new(), &components), &resources), &projects);
    if plan.waits().is_empty() {
        return Ok(Plan::new().remove_finalizer(finalizers::ENVIRONMENT));
    }
    let message = departure::message("Environment is finalizing", &plan);
    Ok(plan.status(status(environment, State::False, "ReleaseBindingsPending", message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::testing::{deleting, named};
    use model::{DeploymentPipeline, EnvironmentRef, PromotionPath, ReleaseBinding};

    fn reason(plan: &Plan) -> String {
        plan.new_status().expect("a status")["conditions"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_live_environment_is_ready() {
        let plan = EnvironmentController.reconcile(&named("ns", "development"), &World::fixed().build());
        assert_eq!(
            (reason(&plan).as_str(), plan.added_finalizers()),
            ("EnvironmentReady", &[finalizers::ENVIRONMENT.to_owned()][..])
        );
    }

    #[test]
    fn an_environment_of_a_pipeline_is_held() {
        let mut pipeline: DeploymentPipeline = named("ns", "main");
        pipeline.spec.promotion_paths = vec![PromotionPath {
            source_environment_ref: EnvironmentRef { name: "development".into(), ..EnvironmentRef::default() },
            target_environment_refs: Vec::new(),
        }];
        let plan = EnvironmentController
            .reconcile(&deleting(named("ns", "development")), &World::fixed().with(&pipeline).build());
        assert_eq!((reason(&plan).as_str(), plan.effects().len(), plan.waits().len()), ("DeletionBlocked", 0, 1));
    }

    #[test]
    fn an_environment_waits_for_its_bindings_and_then_goes() {
        let mut binding: ReleaseBinding = named("ns", "web-development");
        binding.spec.environment = "development".into();
        let gone = deleting(named("ns", "development"));
        let plan = EnvironmentController.reconcile(&gone, &World::fixed().with(&binding).build());
        assert_eq!((reason(&plan).as_str(), plan.effects().len()), ("ReleaseBindingsPending", 1));
        let plan = EnvironmentController.reconcile(&gone, &World::fixed().with(&deleting(binding)).build());
        assert_eq!((reason(&plan).as_str(), plan.effects().len()), ("ReleaseBindingsPending", 0));
        let plan = EnvironmentController.reconcile(&gone, &World::fixed().build());
        assert_eq!(plan.removed_finalizers(), [finalizers::ENVIRONMENT]);
    }
}
