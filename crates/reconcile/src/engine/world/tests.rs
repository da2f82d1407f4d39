use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::engine::{ClusterId, Gvk, Index, ObjectRef, Plan, World};

const BY_OWNER: Index<ConfigMap> =
    Index { name: "owner", values: |map| map.data.iter().filter_map(|data| data.get("owner").cloned()).collect() };

fn config_map(name: &str, owner: &str) -> ConfigMap {
    let json = json!({"metadata": {"namespace": "ns", "name": name, "labels": {"l": owner}}, "data": {"owner": owner}});
    serde_json::from_value(json).expect("a config map")
}

#[test]
fn every_answer_is_recorded_also_what_is_not_there() {
    let cp = ClusterId::control_plane();
    let plane = ClusterId::cluster_plane("ClusterDataPlane", "default");
    let world = World::fixed()
        .with(&config_map("a", "x"))
        .with(&config_map("b", "y"))
        .unavailable(&plane, "agent offline")
        .build();

    assert_eq!(world.get::<ConfigMap>(&cp, ("ns", "a")).unwrap().unwrap().data, config_map("a", "x").data);
    assert_eq!(world.get_spec::<ConfigMap>(&cp, ("ns", "none")).unwrap(), None);
    let names: Vec<_> =
        world.list_spec(&cp, &BY_OWNER, "y").unwrap().iter().map(|m| m.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["b"]);
    assert_eq!(world.list_dynamic(&cp, &Gvk::new("v1", "ConfigMap"), "l", "x").unwrap().len(), 1);
    assert_eq!(world.plane(&plane).unwrap_err().to_string(), "clusterdataplane/default is unavailable: agent offline");

    let reads: Vec<_> = world.reads().iter().map(ToString::to_string).collect();
    assert_eq!(
        reads,
        [
            "control-plane: ConfigMap ns/a [meta+spec+status]",
            "control-plane: ConfigMap ns/none [meta+spec]",
            "control-plane: ConfigMap where label:l=x [meta+spec+status]",
            "control-plane: ConfigMap where owner=y [meta+spec]",
            "clusterdataplane/default: reachable",
        ]
    );
}

#[test]
fn an_undecodable_object_is_an_answer() {
    let cp = ClusterId::control_plane();
    let broken =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "ns", "name": "a"}, "data": 7});
    let world = World::fixed().with_manifest(&cp, &broken).with(&config_map("b", "x")).build();
    let error = world.get::<ConfigMap>(&cp, ("ns", "a")).unwrap_err().to_string();
    assert!(error.starts_with("ConfigMap ns/a cannot be read: invalid type: integer `7`"), "{error}");
    let list = world.list(&cp, &BY_OWNER, "x").unwrap();
    assert_eq!((list.len(), list.undecodable().len()), (1, 1));
}

#[test]
fn plans_that_differ_in_times_only_are_equal() {
    let cp = ClusterId::control_plane();
    let plan = |time: &str, reason: &str| {
        Plan::new()
            .apply(&cp, &config_map("a", "x"))
            .then()
            .create(&cp, &config_map("b", "x"))
            .status(json!({"conditions": [{"type": "Ready", "status": "True", "reason": reason, "lastTransitionTime": time}]}))
            .wait(ObjectRef::to::<ConfigMap>(&cp, ("ns", "c")), "not there yet")
    };
    assert_eq!(plan("2026-01-01T00:00:00Z", "Fine"), plan("2026-01-02T00:00:00Z", "Fine"));
    assert_ne!(plan("2026-01-01T00:00:00Z", "Fine"), plan("2026-01-01T00:00:00Z", "Other"));
    assert_eq!(
        Plan::new().apply(&cp, &config_map("a", "x")).add_finalizer("f").to_string(),
        "add finalizer f\napply ConfigMap ns/a"
    );
}
