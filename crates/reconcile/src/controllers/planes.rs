//! Data planes: noted when they are registered, and whether they can be reached.

use super::condition::{State, condition};
use super::departure::blocked_by;
use super::lookup;
use crate::engine::{ClusterId, Controller, EventType, Plan, World};
use model::{
    AgentConnectionStatus, ClusterDataPlane, ClusterPlaneStatus, Condition, DataPlane, Kind, PlaneStatus, finalizers,
    indexes,
};

/// Data planes of one namespace.
#[derive(Debug, Default)]
pub struct DataPlaneController;

/// Data planes of all namespaces.
#[derive(Debug, Default)]
pub struct ClusterDataPlaneController;

impl Controller for DataPlaneController {
    const NAME: &'static str = "data-plane";
    type Object = DataPlane;

    fn reconcile(&self, plane: &DataPlane, world: &World) -> Plan {
        let generation = plane.generation();
        let before = plane.status.as_ref().and_then(|status| status.agent_connection.as_ref());
        let cluster = ClusterId::plane("DataPlane", plane.namespace(), plane.name());
        let status = |more: Option<Condition>| PlaneStatus {
            observed_generation: generation,
            conditions: [created("DataPlaneCreated", "Dataplane is created", generation)]
                .into_iter()
                .chain(more)
                .collect(),
            agent_connection: Some(connection(world, &cluster, before)),
        };
        if !plane.is_being_deleted() {
            return Plan::new().add_finalizer(finalizers::DATA_PLANE).status(status(None)).event(
                EventType::Normal,
                "ReconcileComplete",
                "Dataplane is created",
            );
        }
        let users = match lookup::list_spec(
            world,
            indexes::ENVIRONMENTS_BY_DATA_PLANE,
            plane.namespace(),
            &["DataPlane", plane.name()],
        ) {
            Ok(users) => users,
            Err(unseen) => {
                let told = condition("Finalizing", State::False, "NotReadable", unseen.to_string(), generation);
                return Plan::with_status(status(Some(told)));
            }
        };
        if users.is_empty() {
            return Plan::new().remove_finalizer(finalizers::DATA_PLANE);
        }
        let names: Vec<&str> = users.iter().map(|environment| environment.name()).collect();
        let message =
            format!("still referenced by {} environment(s) ({}): delete them first", names.len(), names.join(", "));
        let told = condition("Finalizing", State::False, "DeletionBlocked", message, generation);
        blocked_by(Plan::with_status(status(Some(told))), &users, "it uses this plane")
    }
}

impl Controller for ClusterDataPlaneController {
    const NAME: &'static str = "cluster-data-plane";
    type Object = ClusterDataPlane;

    fn reconcile(&self, plane: &ClusterDataPlane, world: &World) -> Plan {
        if plane.is_being_deleted() {
            return Plan::new().remove_finalizer(finalizers::CLUSTER_DATA_PLANE);
        }
        let generation = plane.generation();
        let before = plane.status.as_ref().and_then(|status| status.agent_connection.as_ref());
        let cluster = ClusterId::cluster_plane("ClusterDataPlane", plane.name());
        Plan::new()
            .add_finalizer(finalizers::CLUSTER_DATA_PLANE)
            .status(ClusterPlaneStatus {
                observed_generation: generation,
                conditions: vec![created("ClusterDataPlaneCreated", "ClusterDataplane is created", generation)],
                agent_connection: Some(connection(world, &cluster, before)),
            })
            .event(EventType::Normal, "ReconcileComplete", "ClusterDataplane is created")
    }
}

fn created(reason: &str, message: &str, generation: i64) -> Condition {
    condition("Created", State::True, reason, message, generation)
}

/// Whether the plane can be reached, with the times at which that changed.
fn connection(world: &World, cluster: &ClusterId, before: Option<&AgentConnectionStatus>) -> AgentConnectionStatus {
    let reached = world.plane(cluster);
    let connected = reached.is_ok();
    let was = before.is_some_and(|before| before.connected);
    let now = || Some(model::Time(world.now()));
    AgentConnectionStatus {
        connected,
        connected_agents: i64::from(connected),
        last_connected_time: if connected && !was {
            now()
        } else {
            before.and_then(|before| before.last_connected_time.clone())
        },
        last_disconnected_time: if !connected && was {
            now()
        } else {
            before.and_then(|before| before.last_disconnected_time.clone())
        },
        last_heartbeat_time: before.and_then(|before| before.last_heartbeat_time.clone()),
        message: match reached {
            Ok(_) => String::new(),
            Err(unseen) => unseen.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controllers::testing::{deleting, named};
    use model::{DataPlaneKind, DataPlaneRef, Environment};

    #[test]
    fn a_plane_says_whether_it_can_be_reached() {
        let plane: ClusterDataPlane = named("", "default");
        let cluster = ClusterId::cluster_plane("ClusterDataPlane", "default");
        let connected = |world: &World| {
            ClusterDataPlaneController.reconcile(&plane, world).new_status().expect("a status")["agentConnection"]["connected"].clone()
        };
        assert_eq!(connected(&World::fixed().plane(&cluster).build()), true);
        assert_eq!(connected(&World::fixed().unavailable(&cluster, "no agent").build()), false);
    }

    #[test]
    fn a_plane_that_an_environment_uses_is_held() {
        let mut environment: Environment = named("ns", "development");
        environment.spec.data_plane_ref = Some(DataPlaneRef { kind: DataPlaneKind::DataPlane, name: "east".into() });
        let world = World::fixed().with(&environment).build();
        let plan = DataPlaneController.reconcile(&deleting(named("ns", "east")), &world);
        assert_eq!(plan.new_status().expect("a status")["conditions"][1]["reason"], "DeletionBlocked");
        let plan = DataPlaneController.reconcile(&deleting(named("ns", "west")), &world);
        assert_eq!(plan.removed_finalizers(), [finalizers::DATA_PLANE]);
    }
}
