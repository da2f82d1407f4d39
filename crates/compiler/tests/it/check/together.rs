//! A type with its traits, and a component with everything, before there is a cluster.

use compiler::check::{self, Checked, TraitSpec};
use compiler::input::{ComponentMetadata, Gateway};
use serde_json::{Value, json};

use super::{Case, shipped::fixtures, table};
use crate::sample::Sample;

/// The sample's type, which embeds the sample's trait.
fn embedding() -> Value {
    let mut spec = Sample::new().type_spec;
    spec["allowedTraits"] = json!([]);
    spec["traits"] = json!([{"name": "volume", "instanceName": "data", "parameters": {"size": "${parameters.level}"}}]);
    spec
}

fn with(spec: &Value, trait_spec: &Value) -> Checked {
    check::component_type_with_traits(
        "deployment/small",
        spec,
        &[TraitSpec { kind: "Trait", name: "volume", spec: trait_spec }],
    )
}

#[test]
fn what_a_trait_is_about_must_be_able_to_exist() {
    let operations = |operations: Value| json!([{"target": {"group": "apps", "version": "v1", "kind": "Deployment"}, "operations": operations}]);
    let replace = |path: &str| operations(json!([{"op": "replace", "path": path, "value": 1}]));
    let target =
        |target: Value| json!([{"target": target, "operations": [{"op": "add", "path": "/data/a", "value": "b"}]}]);
    let config = |condition: &str| target(json!({"version": "v1", "kind": "ConfigMap", "where": condition}));
    let cases: &[Case] = &[
        ("kind that is not made", "/patches", target(json!({"group": "apps", "version": "v1", "kind": "StatefulSet"}))),
        (
            "version that is not made",
            "/patches",
            target(json!({"group": "apps", "version": "v2", "kind": "Deployment"})),
        ),
        ("plane that gets nothing", "/patches/0/targetPlane", json!("observabilityplane")),
        ("where that no resource fulfils", "/patches", config("${resource.metadata.name == 'other'}")),
        ("where that fails", "/patches", config("${resource.metadata.labels.tier == 'web'}")),
        (
            "list item that is not there",
            "/patches",
            replace("/spec/template/spec/containers/[?(@.name=='sidecar')]/image"),
        ),
        ("index behind the end", "/patches", replace("/spec/template/spec/containers/1/image")),
        ("field that is not there", "/patches", replace("/spec/paused")),
        ("field below a field that is not there", "/patches", replace("/spec/strategy/type")),
        ("list that is an object", "/patches", replace("/spec/template/[*]/name")),
        ("every item of a list without items", "/patches", replace("/spec/template/spec/tolerations/[*]/key")),
        (
            "list that is not there",
            "/patches",
            operations(json!([{"op": "add", "path": "/spec/template/spec/volumes/0", "value": {}}])),
        ),
        ("field below a text", "/patches", replace("/spec/template/spec/containers/0/name/first")),
        ("removal of what is not made", "/removes", json!([{"target": {"version": "v1", "kind": "Secret"}}])),
        (
            "rule that must match and cannot",
            "/postRenderValidations",
            json!([{"target": {"version": "v1", "kind": "Service"}, "rule": "${true}", "message": "m"}]),
        ),
        (
            "rule that may match and cannot",
            "/postRenderValidations",
            json!([{"target": {"version": "v1", "kind": "Service", "mustMatch": false}, "rule": "${true}", "message": "m"}]),
        ),
    ];
    let mut spec = embedding();
    spec["resources"][0]["template"]["spec"]["template"]["spec"]["tolerations"] = json!([]);
    insta::assert_snapshot!(
        "targets",
        table(&Sample::new().trait_specs[0].1, |trait_spec| with(&spec, trait_spec), cases)
    );
}

#[test]
fn what_may_exist_is_not_called_wrong() {
    let spec = embedding();
    let base = &Sample::new().trait_specs[0].1;
    let patch = |target: Value, operations: Value| json!({"target": target, "operations": operations});
    let deployment = json!({"group": "apps", "version": "v1", "kind": "Deployment"});
    for patches in [
        // What an earlier operation made.
        json!([patch(
            deployment.clone(),
            json!([
                {"op": "add", "path": "/spec/strategy", "value": {"type": "Recreate"}},
                {"op": "replace", "path": "/spec/strategy/type", "value": "RollingUpdate"},
            ])
        )]),
        json!([
            patch(
                deployment.clone(),
                json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "sidecar"}}])
            ),
            patch(
                deployment.clone(),
                json!([{"op": "add", "path": "/spec/template/spec/containers/[?(@.name=='sidecar')]/tty", "value": true}])
            ),
        ]),
        // What is known only when it is rendered.
        json!([patch(
            json!({"group": "apps", "version": "v1", "kind": "Deployment", "where": "${resource.metadata.name == 'app'}"}),
            json!([{"op": "replace", "path": "/spec/replicas", "value": 1}])
        )]),
        json!([patch(
            deployment.clone(),
            json!([{"op": "replace", "path": "/spec/${trait.instanceName}", "value": 1}])
        )]),
        // What the trait creates, in any group.
        json!([patch(
            json!({"version": "v1", "kind": "PersistentVolumeClaim"}),
            json!([{"op": "replace", "path": "/spec/size", "value": "2Gi"}])
        )]),
        json!([patch(
            json!({"version": "v1", "kind": "ConfigMap", "where": "${has(resource.data.level) && !has(resource.metadata.labels)}"}),
            json!([{"op": "remove", "path": "/data/none"}])
        )]),
    ] {
        let mut trait_spec = base.clone();
        trait_spec["patches"] = patches.clone();
        let checked = with(&spec, &trait_spec);
        assert_eq!(checked, Checked::default(), "{patches}\n{checked}");
    }
}

#[test]
fn what_a_type_gives_its_traits_must_fit() {
    let cases: &[Case] = &[
        ("wrong type", "/traits/0/parameters/size", json!("${parameters.replicas}")),
        ("wrong type, literally", "/traits/0/parameters", json!({"size": 3})),
        ("required and not given", "/traits/0/parameters", json!({"name": "${parameters.level}"})),
        ("not given at all", "/traits/0/parameters", Value::Null),
        ("misspelled", "/traits/0/parameters/siz", json!("1Gi")),
        ("values that nobody takes", "/traits/0/environmentConfigs", json!({"class": "fast"})),
        (
            "a trait that was not supplied",
            "/traits/-",
            json!({"kind": "ClusterTrait", "name": "alerts", "instanceName": "a"}),
        ),
    ];
    let trait_spec = &Sample::new().trait_specs[0].1;
    insta::assert_snapshot!("embedded_values", table(&embedding(), |spec| with(spec, trait_spec), cases));
}

#[test]
fn a_component_is_checked_with_everything_that_it_needs() {
    let mut told = format!("== clean\n{}\n", Sample::new().check());
    let mut sample = Sample::new();
    sample.traits[0].parameters = None;
    sample.parameters = json!({"replicas": "many"});
    sample.workload = json!({"container": {"env": [{"key": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}}]}});
    told.push_str(&format!("== nothing given\n{}\n", sample.check()));

    sample = Sample::new();
    sample.traits.push(sample.traits[0].clone());
    sample.traits[1].name = "alerts".into();
    told.push_str(&format!("== a trait that is neither allowed nor there\n{}\n", sample.check()));

    sample = Sample::new();
    sample.parameters = json!({"replica": 2, "level": "info"});
    sample.environment_configs = json!({"memory": "1Gi"});
    sample.traits[0].parameters = Some(json!({"size": "1Gi", "sizes": []}));
    told.push_str(&format!("== values that nobody knows\n{}\n", sample.check()));

    sample = Sample::new();
    sample.type_spec["resources"][1]["template"]["data"]["host"] = json!("${gateway.ingress.external.http.host}");
    told.push_str(&format!("== no gateway\n{}\n", sample.check()));
    sample.gateway = Some(Gateway::stand_in());
    told.push_str(&format!("== a gateway\n{}\n", sample.check()));

    sample = Sample::new();
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!("${parameters.levl}");
    sample.trait_specs[0].1["patches"][0]["operations"][1]["path"] = json!("/spec/paused");
    told.push_str(&format!("== mistakes of the type and of the trait\n{}\n", sample.check()));

    sample = Sample::new();
    sample.workload["endpoints"]["http"]["schema"] = json!({"type": "openapi", "content": "openapi: 3.0.0"});
    told.push_str(&format!("== an interface definition without paths\n{}\n", sample.check()));
    insta::assert_snapshot!("components", told);
}

#[test]
fn names_stand_in_for_those_of_a_control_plane() {
    let metadata = ComponentMetadata::stand_in("default", "shop", "cart", "development");
    assert_eq!((metadata.name.as_str(), metadata.project_name.as_str()), ("cart-development-c71e0317", "shop"));
    assert_eq!(metadata.labels.as_ref(), Some(&metadata.pod_selectors));
    assert_eq!(metadata.pod_selectors.len(), 7);
}

/// Published types with the published traits that they embed.
#[test]
fn the_published_types_fit_their_traits() {
    let Some(path) = fixtures("manifests/getting-started/all.yaml") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let of = |kind: &str| {
        objects.iter().filter(|object| object["kind"].as_str().is_some_and(|k| k.ends_with(kind))).collect::<Vec<_>>()
    };
    let traits = of("Trait");
    let traits: Vec<TraitSpec<'_>> = traits
        .iter()
        .map(|object| TraitSpec {
            kind: object["kind"].as_str().unwrap(),
            name: object["metadata"]["name"].as_str().unwrap(),
            spec: &object["spec"],
        })
        .collect();
    let types = of("ComponentType");
    assert!(!types.is_empty());
    for object in types {
        let checked =
            check::component_type_with_traits(object["metadata"]["name"].as_str().unwrap(), &object["spec"], &traits);
        assert_eq!(checked, Checked::default(), "{checked}");
    }
}
