//! A controller with everything in it: finalizer, a setting that may be absent, a list, a dependent on a plane, a
//! status from what is observed, a clean-up. And what must be true when it is done.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use reconcile::engine::{Cluster as EngineCluster, Engine, EngineHandle};
use reconcile::{ClusterId, Controller, Index, ObjectRef, Plan, World};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Process};

pub(crate) const FINALIZER: &str = "test.dev/copies";
pub(crate) const MAPS: &str = "v1/configmaps";
pub(crate) const DEPLOYMENTS: &str = "apps/v1/deployments";

/// ConfigMaps by namespace and the label `group`.
const GROUP: Index<ConfigMap> = Index {
    name: "group",
    values: |map| {
        let group = map.metadata.labels.as_ref().and_then(|labels| labels.get("group"));
        group
            .map(|group| format!("{}/{group}", map.metadata.namespace.as_deref().unwrap_or_default()))
            .into_iter()
            .collect()
    },
};

/// For each Deployment a ConfigMap of the same name on the plane.
pub(crate) struct Copies;

pub(crate) fn plane() -> ClusterId {
    ClusterId::cluster_plane("ClusterDataPlane", "default")
}

impl Controller for Copies {
    const NAME: &'static str = "copies";
    const FIELD_MANAGER: &'static str = "copies-controller";
    type Object = Deployment;

    fn reconcile(&self, deployment: &Deployment, world: &World) -> Plan {
        let cp = ClusterId::control_plane();
        let namespace = deployment.metadata.namespace.as_deref().unwrap_or_default();
        let name = deployment.metadata.name.as_deref().unwrap_or_default();
        let target = format!("{namespace}-{name}");
        let observed = match world.get::<ConfigMap>(&plane(), ("copies", &*target)) {
            Ok(observed) => observed,
            Err(unseen) => return Plan::with_status(status(None, "Unseen", &unseen.to_string())),
        };
        if deployment.metadata.deletion_timestamp.is_some() {
            return match observed {
                Some(copy) => Plan::new()
                    .delete(&plane(), &*copy)
                    .wait(ObjectRef::to::<ConfigMap>(&plane(), ("copies", &*target)), "being deleted"),
                None => Plan::new().remove_finalizer(FINALIZER),
            };
        }
        let (Ok(setting), Ok(group)) = (
            world.get_spec::<ConfigMap>(&cp, (namespace, "setting")),
            world.list_spec(&cp, &GROUP, &format!("{namespace}/friends")),
        ) else {
            return Plan::with_status(status(None, "Unseen", ""));
        };
        let value = setting.and_then(|map| map.data.clone()?.remove("value")).unwrap_or_else(|| "none".into());
        let friends: Vec<&str> = group.iter().filter_map(|map| map.metadata.name.as_deref()).collect();
        let copy =
            copy(&target, &value, &friends, deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1));
        let seen = observed.as_ref().and_then(|copy| copy.data.clone());
        let status = match (world.last_failure(), &seen) {
            (Some(failure), _) => status(seen.as_ref(), "Failed", &failure.message),
            (None, Some(_)) => status(seen.as_ref(), "Copied", ""),
            (None, None) => status(None, "Missing", ""),
        };
        Plan::new().add_finalizer(FINALIZER).apply(&plane(), &copy).status(status)
    }
}

fn copy(target: &str, value: &str, friends: &[&str], replicas: i32) -> ConfigMap {
    let manifest = json!({
        "metadata": {"namespace": "copies", "name": target, "labels": {"openchoreo.dev/managed-by": "copies"}},
        "data": {"value": value, "friends": friends.join(","), "replicas": replicas.to_string()},
    });
    serde_json::from_value(manifest).expect("a config map")
}

fn status(seen: Option<&BTreeMap<String, String>>, reason: &str, message: &str) -> Value {
    let is_copied = reason == "Copied";
    let words = if message.is_empty() { serde_json::to_string(&seen).expect("strings") } else { message.to_owned() };
    json!({"conditions": [{"type": "Copied", "status": if is_copied { "True" } else { "False" }, "reason": reason, "message": words}]})
}

/// An engine in a process that lives as long as the test.
pub(crate) fn start(control: &Cluster, data: &Cluster) -> EngineHandle {
    start_in(&Process::default(), control, data)
}

/// An engine in a process that can die.
pub(crate) fn start_in(process: &Process, control: &Cluster, data: &Cluster) -> EngineHandle {
    let engine = Engine::builder().controller(Copies).threads(2);
    let engine = engine.cluster(EngineCluster::new(ClusterId::control_plane(), control.client(process)));
    engine.cluster(EngineCluster::new(plane(), data.client(process))).start().expect("the engine starts")
}

pub(crate) fn deployment(namespace: &str, name: &str, replicas: i32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": name}, "spec": {
        "replicas": replicas, "selector": {}, "template": {},
    }})
}

pub(crate) fn setting(namespace: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": "setting"}, "data": {"value": value}})
}

pub(crate) fn friend(namespace: &str, name: &str, group: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name, "labels": {"group": group}}})
}

/// What must be on the plane and in the statuses, computed from the control plane alone.
pub(crate) fn expected(control: &Cluster) -> BTreeMap<String, (Value, Value)> {
    let deployments = control.all(DEPLOYMENTS);
    let entries = deployments.iter().map(|deployment| {
        let namespace = deployment["metadata"]["namespace"].as_str().expect("a namespace");
        let value = control.get(MAPS, namespace, "setting").map_or(json!("none"), |map| map["data"]["value"].clone());
        let friends: Vec<String> = control.all(MAPS).iter()
            .filter(|map| map["metadata"]["namespace"] == namespace && map["metadata"]["labels"]["group"] == "friends")
            .map(|map| map["metadata"]["name"].as_str().expect("a name").to_owned()).collect();
        let data = json!({"value": value, "friends": friends.join(","), "replicas": deployment["spec"]["replicas"].to_string()});
        let name = format!("{namespace}-{}", deployment["metadata"]["name"].as_str().expect("a name"));
        (name, (data.clone(), json!(["Copied", "True", data.to_string(), deployment["metadata"]["generation"].is_u64()])))
    });
    entries.collect()
}

/// What is on the plane and in the statuses.
pub(crate) fn actual(control: &Cluster, data: &Cluster) -> BTreeMap<String, (Value, Value)> {
    let statuses: BTreeMap<String, Value> = control
        .all(DEPLOYMENTS)
        .iter()
        .map(|deployment| {
            let name = format!(
                "{}-{}",
                deployment["metadata"]["namespace"].as_str().expect("a namespace"),
                deployment["metadata"]["name"].as_str().expect("a name")
            );
            let condition = &deployment["status"]["conditions"][0];
            let timed = condition["observedGeneration"].is_u64() && condition["lastTransitionTime"].is_string();
            (name, json!([condition["reason"], condition["status"], condition["message"], timed]))
        })
        .collect();
    let copies: BTreeMap<String, Value> = data
        .all(MAPS)
        .iter()
        .filter(|map| map["metadata"]["namespace"] == "copies")
        .map(|map| (map["metadata"]["name"].as_str().expect("a name").to_owned(), map["data"].clone()))
        .collect();
    let names = statuses.keys().chain(copies.keys());
    names
        .map(|name| {
            (
                name.clone(),
                (copies.get(name).cloned().unwrap_or_default(), statuses.get(name).cloned().unwrap_or_default()),
            )
        })
        .collect()
}
