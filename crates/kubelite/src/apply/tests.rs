use proptest::prelude::*;
use schema::Schema;
use serde_json::{Map, Value, json};

use super::{ApplyError, FieldSet, ManagedFields, Request, apply, update};

fn schema() -> Schema {
    let text = json!({"type": "string"});
    Schema::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "replicas": {"type": "integer"},
            "selector": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": text},
            "args": {"type": "array", "items": text},
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {"type": "object", "required": ["port"], "properties": {
                    "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "name": text}}},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }},
        "status": {"type": "object", "properties": {"phase": text}},
    }}))
    .unwrap()
}

struct Cluster {
    schema: Schema,
    reset: FieldSet,
    live: Option<Value>,
    second: i64,
}

impl Cluster {
    fn new() -> Cluster {
        Cluster { schema: schema(), reset: FieldSet::new(), live: None, second: 0 }
    }

    fn request<'a>(&'a self, manager: &'a str) -> Request<'a> {
        Request {
            schema: &self.schema,
            manager,
            api_version: "test.dev/v1",
            subresource: "",
            reset_fields: &self.reset,
            now: jiff::Timestamp::from_second(self.second).unwrap(),
        }
    }

    fn object(spec: &Value) -> Value {
        json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t"}, "spec": spec})
    }

    fn apply(&mut self, manager: &str, spec: &Value, force: bool) -> Result<(), String> {
        self.apply_object(manager, &Cluster::object(spec), force)
    }

    fn apply_object(&mut self, manager: &str, object: &Value, force: bool) -> Result<(), String> {
        self.second += 1;
        let result = apply(self.live.as_ref(), object, &self.request(manager), force);
        self.live = Some(result.map_err(|error| error.to_string())?);
        Ok(())
    }

    fn update(&mut self, manager: &str, change: impl FnOnce(&mut Value)) {
        self.second += 1;
        let mut new = self.live.clone().unwrap_or_else(|| Cluster::object(&json!({})));
        change(&mut new);
        update(self.live.as_ref(), &mut new, &self.request(manager));
        self.live = Some(new);
    }

    fn spec(&self) -> Value {
        self.live.as_ref().unwrap()["spec"].clone()
    }

    /// `manager operation` → fields of spec.
    fn owners(&self) -> Value {
        let mut owners = Map::new();
        let entries = self.live.as_ref().unwrap()["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        for entry in entries {
            let name = format!("{} {}", entry["manager"].as_str().unwrap(), entry["operation"].as_str().unwrap());
            owners.insert(name, entry["fieldsV1"]["f:spec"].clone());
        }
        Value::Object(owners)
    }
}

#[test]
fn an_applier_owns_what_it_sends_and_loses_what_it_sends_no_more() {
    let mut cluster = Cluster::new();
    cluster
        .apply(
            "a",
            &json!({"replicas": 1, "tags": ["x", "y"], "ports": [{"port": 80}], "open": {"m": {"n": 1}}}),
            false,
        )
        .unwrap();
    assert_eq!(
        cluster.owners(),
        json!({"a Apply": {
            "f:replicas": {},
            "f:tags": {"v:\"x\"": {}, "v:\"y\"": {}},
            "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            "f:open": {"f:m": {".": {}, "f:n": {}}},
        }})
    );
    cluster.apply("a", &json!({"tags": ["y"], "ports": []}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"tags": ["y"]}));
    assert_eq!(cluster.owners(), json!({"a Apply": {"f:tags": {"v:\"y\"": {}}}}));
}

#[test]
fn fields_of_others_conflict_until_forced() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"replicas": 1, "tags": ["x"]}), false).unwrap();
    assert_eq!(
        cluster.apply("b", &json!({"replicas": 2}), false).unwrap_err(),
        r#"Apply failed with 1 conflict: conflict with "a": .spec.replicas"#
    );
    cluster.update("kubectl-edit", |object| object["spec"]["args"] = json!(["1"]));
    assert_eq!(
        cluster.apply("b", &json!({"replicas": 2, "args": ["2"], "tags": ["x", "z"]}), false).unwrap_err(),
        "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.replicas\nconflicts with \"kubectl-edit\" using test.dev/v1:\n- .spec.args"
    );
    cluster.apply("b", &json!({"replicas": 2}), true).unwrap();
    assert_eq!(cluster.spec(), json!({"replicas": 2, "tags": ["x"], "args": ["1"]}));
    assert_eq!(
        cluster.owners(),
        json!({"a Apply": {"f:tags": {"v:\"x\"": {}}}, "b Apply": {"f:replicas": {}}, "kubectl-edit Update": {"f:args": {}}})
    );
}

#[test]
fn fields_that_two_apply_stay_until_both_stop() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"replicas": 1}), false).unwrap();
    cluster.apply("b", &json!({"replicas": 1, "tags": ["x"]}), false).unwrap();
    cluster.apply("a", &json!({}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"replicas": 1, "tags": ["x"]}));
    assert_eq!(cluster.owners(), json!({"a Apply": {}, "b Apply": {"f:replicas": {}, "f:tags": {"v:\"x\"": {}}}}));
    cluster.apply("b", &json!({"tags": ["x"]}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"tags": ["x"]}));
}

#[test]
fn an_update_takes_what_it_changes_and_frees_what_it_removes() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"replicas": 1, "tags": ["x", "y"], "selector": {"k": "v"}}), false).unwrap();
    cluster.update("u", |object| {
        object["spec"]["replicas"] = json!(3);
        object["spec"]["tags"] = json!(["y"]);
        object["spec"]["selector"] = json!({"k": "w"});
    });
    assert_eq!(
        cluster.owners(),
        json!({"a Apply": {"f:tags": {"v:\"y\"": {}}}, "u Update": {"f:replicas": {}, "f:selector": {}}})
    );
    // What the applier stops sending but an updater changed stays.
    cluster.apply("a", &json!({}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"replicas": 3, "selector": {"k": "w"}}));
}

#[test]
fn a_write_that_changes_nothing_moves_no_time() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"replicas": 1}), false).unwrap();
    cluster.update("u", |object| object["spec"]["args"] = json!(["1"]));
    let before = cluster.live.clone();
    cluster.apply("a", &json!({"replicas": 1}), false).unwrap();
    assert_eq!(cluster.live, before);
    cluster.update("u", |_| {});
    assert_eq!(cluster.live, before);
}

#[test]
fn appliers_come_first_and_entries_are_complete() {
    let mut cluster = Cluster::new();
    cluster.update("u", |object| object["spec"]["replicas"] = json!(1));
    cluster.apply("a", &json!({"tags": ["x"]}), false).unwrap();
    assert_eq!(
        cluster.live.unwrap()["metadata"]["managedFields"],
        json!([
            {"manager": "a", "operation": "Apply", "apiVersion": "test.dev/v1", "time": "1970-01-01T00:00:02Z", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:tags": {"v:\"x\"": {}}}}},
            {"manager": "u", "operation": "Update", "apiVersion": "test.dev/v1", "time": "1970-01-01T00:00:01Z", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {".": {}, "f:replicas": {}}}},
        ])
    );
}

#[test]
fn what_stood_before_the_first_apply_has_an_owner() {
    let mut cluster = Cluster::new();
    cluster.live = Some(
        json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t", "uid": "u"}, "spec": {"replicas": 1}}),
    );
    // Nobody managed it, so nobody does after an update.
    cluster.update("u", |object| object["spec"]["tags"] = json!(["x"]));
    assert_eq!(cluster.owners(), json!({}));
    assert_eq!(
        cluster.apply("a", &json!({"replicas": 2}), false).unwrap_err(),
        r#"Apply failed with 1 conflict: conflict with "before-first-apply" using test.dev/v1: .spec.replicas"#
    );
}

#[test]
fn reset_fields_are_neither_owned_nor_conflicting() {
    let mut cluster = Cluster::new();
    cluster.reset = FieldSet::of_fields(&[&["status"]]);
    let mut object = Cluster::object(&json!({"replicas": 1}));
    object["status"] = json!({"phase": "x"});
    cluster.apply_object("a", &object, false).unwrap();
    assert_eq!(
        cluster.live.unwrap()["metadata"]["managedFields"][0]["fieldsV1"],
        json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn the_oldest_updaters_are_put_together() {
    let mut cluster = Cluster::new();
    for index in 0..13 {
        cluster.update(&format!("u{index:02}"), |object| object["spec"]["open"][format!("f{index:02}")] = json!(1));
    }
    let owners = cluster.owners();
    let names: Vec<&String> = owners.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 10);
    assert_eq!(names[0], "ancient-changes Update");
    assert_eq!(
        owners["ancient-changes Update"]["f:open"],
        json!({".": {}, "f:f00": {}, "f:f01": {}, "f:f02": {}, "f:f03": {}})
    );
}

#[test]
fn kubectl_takes_over_what_it_applied_from_the_client() {
    let mut cluster = Cluster::new();
    let last = json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t"}, "spec": {"replicas": 1, "args": ["1"]}});
    cluster.update("kubectl-client-side-apply", |object| {
        object["spec"] = last["spec"].clone();
        object["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": last.to_string()});
    });
    cluster.apply("kubectl", &json!({"replicas": 2, "args": ["1"]}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"replicas": 2, "args": ["1"]}));
    let annotation =
        &cluster.live.as_ref().unwrap()["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert_eq!(
        annotation.as_str().unwrap(),
        "{\"apiVersion\":\"test.dev/v1\",\"kind\":\"Test\",\"metadata\":{\"name\":\"t\"},\"spec\":{\"args\":[\"1\"],\"replicas\":2}}\n"
    );
    cluster.update("other", |object| object["spec"]["replicas"] = json!(5));
    assert_eq!(
        cluster.apply("kubectl", &json!({"replicas": 3}), false).unwrap_err(),
        r#"Apply failed with 1 conflict: conflict with "other" using test.dev/v1: .spec.replicas"#
    );
}

#[test]
fn metadata_of_custom_resources_merges_by_item() {
    let mut cluster = Cluster::new();
    let with = |finalizer: &str, label: &str| {
        let mut object = Cluster::object(&json!({}));
        object["metadata"]["finalizers"] = json!([finalizer]);
        object["metadata"]["labels"] = json!({ label: "1" });
        object
    };
    cluster.apply_object("a", &with("f1", "l1"), false).unwrap();
    cluster.apply_object("b", &with("f2", "l2"), false).unwrap();
    let live = cluster.live.clone().unwrap();
    assert_eq!(live["metadata"]["finalizers"], json!(["f1", "f2"]));
    assert_eq!(live["metadata"]["labels"], json!({"l1": "1", "l2": "1"}));
    cluster.apply_object("a", &Cluster::object(&json!({})), false).unwrap();
    let live = cluster.live.clone().unwrap();
    assert_eq!((&live["metadata"]["finalizers"], &live["metadata"]["labels"]), (&json!(["f2"]), &json!({"l2": "1"})));
}

#[test]
fn applied_lists_keep_their_order_and_live_items_their_neighbours() {
    for (live, applied, expected) in [
        (json!(["a", "b", "c"]), json!(["c", "a"]), json!(["b", "c", "a"])),
        (json!(["a", "b"]), json!(["x", "b"]), json!(["a", "x", "b"])),
        (json!(["a"]), json!(["b"]), json!(["a", "b"])),
        (json!(["s", "1", "2"]), json!(["1", "n", "2"]), json!(["s", "1", "n", "2"])),
    ] {
        let mut cluster = Cluster::new();
        cluster.update("u", |object| object["spec"]["tags"] = live.clone());
        cluster.apply("a", &json!({"tags": applied}), false).unwrap();
        assert_eq!(cluster.spec()["tags"], expected, "{live} with {applied}");
    }
}

#[test]
fn objects_that_cannot_be_applied_are_refused() {
    for (object, expected) in [
        (
            json!({"apiVersion": "test.dev/v2", "kind": "Test"}),
            "Incorrect version specified in apply patch. Specified patch version: test.dev/v2, expected: test.dev/v1",
        ),
        (
            json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t", "namespace": "n", "managedFields": []}}),
            "metadata.managedFields must be nil",
        ),
        (
            json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t", "namespace": "n"}, "spec": {"nope": 1}}),
            "failed to create typed patch object (n/t; test.dev/v1, Kind=Test): .spec.nope: field not declared in schema",
        ),
        (
            json!({"apiVersion": "test.dev/v1", "kind": "Test", "metadata": {"name": "t", "namespace": "n"},
                "spec": {"replicas": "x", "ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}, {"name": "y", "protocol": "UDP"}]}}),
            "failed to create typed patch object (n/t; test.dev/v1, Kind=Test): errors:\n  .spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]\n  .spec.replicas: expected numeric (int or float), got string",
        ),
    ] {
        let mut cluster = Cluster::new();
        assert_eq!(cluster.apply_object("a", &object, false).unwrap_err(), expected);
        assert_eq!(cluster.live, None);
    }
}

#[test]
fn stored_ownership_that_cannot_be_read_is_told_and_reset_by_an_empty_list() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"replicas": 1}), false).unwrap();
    cluster.update("u", |object| object["metadata"]["managedFields"] = json!([{}]));
    assert_eq!(cluster.owners(), json!({}));
    let broken = json!({"apiVersion": "test.dev/v1", "metadata": {"managedFields": [{"operation": "Frob"}]}});
    let request = cluster.request("a");
    let error = apply(Some(&broken), &Cluster::object(&json!({})), &request, false).unwrap_err();
    assert!(matches!(error, ApplyError::Managed(_)));
    assert_eq!(error.to_string(), "failed to decode managed fields: operation must be `Apply` or `Update`");
}

#[test]
fn lists_that_became_atomic_have_one_owner() {
    let mut cluster = Cluster::new();
    cluster.apply("a", &json!({"tags": ["x"]}), false).unwrap();
    let mut atomic = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "tags": {"type": "array", "items": {"type": "string"}}}}}});
    cluster.schema = Schema::parse(&atomic.take()).unwrap();
    cluster.apply("a", &json!({"tags": ["y"]}), false).unwrap();
    assert_eq!(cluster.spec(), json!({"tags": ["y"]}));
    assert_eq!(cluster.owners(), json!({"a Apply": {"f:tags": {}}}));
}

/// Lists are not empty: as in Kubernetes, nobody owns an empty list with identities, so it is not taken out again.
fn any_spec() -> impl Strategy<Value = Value> {
    let field = |strategy: BoxedStrategy<Value>| prop::option::of(strategy);
    (
        field((0i64..3).prop_map(Value::from).boxed()),
        field(prop::collection::btree_set("[a-d]", 1..4).prop_map(|tags| json!(tags)).boxed()),
        field(
            prop::collection::btree_map(1i64..4, prop::option::of("[a-b]"), 1..3)
                .prop_map(|ports| {
                    ports
                        .into_iter()
                        .map(|(port, name)| match name {
                            Some(name) => json!({"port": port, "name": name}),
                            None => json!({"port": port}),
                        })
                        .collect()
                })
                .boxed(),
        ),
        field(prop::collection::btree_map("[a-c]", "[x-z]", 0..3).prop_map(|map| json!(map)).boxed()),
        field(prop::collection::btree_map("[a-c]", "[x-z]", 0..3).prop_map(|map| json!(map)).boxed()),
    )
        .prop_map(|(replicas, tags, ports, selector, open)| {
            let fields =
                [("replicas", replicas), ("tags", tags), ("ports", ports), ("selector", selector), ("open", open)];
            Value::Object(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        })
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(first in any_spec(), other in any_spec(), spec in any_spec()) {
        let mut cluster = Cluster::new();
        cluster.apply("a", &first, true).unwrap();
        cluster.apply("b", &other, true).unwrap();
        cluster.apply("a", &spec, true).unwrap();
        let once = cluster.live.clone();
        cluster.apply("a", &spec, false).unwrap();
        prop_assert_eq!(cluster.live, once);
    }

    #[test]
    fn applying_nothing_undoes_an_apply(spec in any_spec(), other in any_spec()) {
        let mut cluster = Cluster::new();
        cluster.apply("a", &spec, false).unwrap();
        cluster.apply("a", &json!({}), false).unwrap();
        prop_assert_eq!(cluster.live.as_ref().unwrap().get("spec"), Some(&json!({})));
        cluster.apply("b", &other, false).unwrap();
        prop_assert_eq!(cluster.owners().get("a Apply").cloned(), Some(json!({})));
    }

    #[test]
    fn what_is_applied_is_there(first in any_spec(), spec in any_spec()) {
        let mut cluster = Cluster::new();
        cluster.apply("a", &first, true).unwrap();
        cluster.apply("b", &spec, true).unwrap();
        // Applying what is there already conflicts with nobody.
        cluster.apply("c", &spec, false).unwrap();
    }

    #[test]
    fn ownership_survives_encoding(spec in any_spec()) {
        let mut cluster = Cluster::new();
        cluster.apply("a", &spec, false).unwrap();
        let live = cluster.live.unwrap();
        let managed = ManagedFields::of_object(&live).unwrap();
        let again = ManagedFields::decode(managed.encode().as_ref()).unwrap();
        prop_assert_eq!(managed, again);
    }

    #[test]
    fn reading_any_text_as_fields_does_not_panic(text in "\\PC{0,40}", key in "[fkvi.]:?\\PC{0,10}") {
        let _ = super::PathElement::decode(&text);
        let _ = FieldSet::decode(&json!({ key: {"f:a": {}} }));
    }
}
