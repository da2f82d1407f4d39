use kube::{
    Api,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::support::{create, dynamic, fetch, gone, post, raw, server, when};

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"}, "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wi"]},
        "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
            "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer", "minimum": 1}, "color": {"type": "string", "default": "red"}},
                    "x-kubernetes-validations": [{"rule": "self.size < 100", "message": "too big"}]},
                "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}}}}}]}})
}

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn crds(client: &kube::Client) -> Api<DynamicObject> {
    dynamic(
        client,
        &ApiResource::from_gvk(&GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition")),
        None,
    )
}

async fn established(client: &kube::Client) {
    post(client, CRDS, &definition()).await;
    when(&crds(client), "widgets.example.com", |crd| {
        crd["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    })
    .await;
}

fn widget(spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
}

#[tokio::test]
async fn a_definition_makes_a_kind_with_defaults_pruning_and_rules() {
    let (_server, client) = server().await;
    established(&client).await;
    let made = post(&client, WIDGETS, &widget(&json!({"size": 3, "unknown": 1}))).await;
    assert_eq!(made["spec"], json!({"size": 3, "color": "red"}));
    for (spec, message) in [
        (
            json!({"size": 0}),
            "Widget.example.com \"w\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            json!({}),
            "Widget.example.com \"w\" is invalid: [spec.size: Required value, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]",
        ),
    ] {
        let (code, answer) = raw(&client, "PUT", &format!("{WIDGETS}/w"), "application/json", &{
            let mut object = widget(&spec);
            object["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"].clone();
            object
        })
        .await;
        assert_eq!((code, answer["message"].as_str().unwrap()), (422, message));
    }
    let (_, answer) =
        raw(&client, "PATCH", &format!("{WIDGETS}/w"), "application/merge-patch+json", &json!({"spec": {"size": 100}}))
            .await;
    assert!(answer["message"].as_str().unwrap().contains("too big"), "{answer}");
    let (_, resources) = fetch(&client, "/apis/example.com/v1").await;
    assert_eq!(resources["resources"][0]["shortNames"], json!(["wi"]));
}

#[tokio::test]
async fn a_definition_whose_rules_could_cost_too_much_is_refused() {
    let (_server, client) = server().await;
    let mut endless = definition();
    let spec = &mut endless["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["properties"]["names"] = json!({"type": "array", "items": {"type": "string"}});
    spec["x-kubernetes-validations"] = json!([{"rule": "self.names.all(a, self.names.exists_one(b, a == b))"}]);
    let (code, answer) = raw(&client, "POST", CRDS, "application/json", &endless).await;
    let rule = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule";
    let message = answer["message"].as_str().unwrap();
    assert_eq!(code, 422);
    assert!(
        message.contains(&format!("{rule}: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems")),
        "{message}"
    );
    let spec = &mut endless["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["properties"]["names"] =
        json!({"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 63}});
    post(&client, CRDS, &endless).await;
}

#[tokio::test]
async fn deleting_a_definition_takes_its_objects_along() {
    let (_server, client) = server().await;
    established(&client).await;
    post(&client, WIDGETS, &widget(&json!({"size": 3}))).await;
    let api = crds(&client);
    api.delete("widgets.example.com", &kube::api::DeleteParams::default()).await.unwrap();
    gone(&api, "widgets.example.com").await;
    established(&client).await;
    let widgets = dynamic(
        &client,
        &ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "Widget")),
        Some("default"),
    );
    assert!(widgets.list(&kube::api::ListParams::default()).await.unwrap().items.is_empty());
    create(&widgets, widget(&json!({"size": 3}))).await;
}
