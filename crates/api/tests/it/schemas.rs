//! `…/schema`: what may be set, of types and of components.

use crate::place::{NAMESPACE, Place};
use crate::samples::component_type;
use serde_json::json;

#[tokio::test]
async fn a_type_answers_the_schema_of_its_parameters() {
    let place = Place::new().await;
    let parameters = json!({"openAPIV3Schema": {
        "type": "object",
        "$defs": {"Port": {"type": "integer", "minimum": 1}},
        "required": ["port"],
        "properties": {"port": {"$ref": "#/$defs/Port", "default": 80}, "name": {"type": "string", "x-note": true}},
    }});
    let expected = json!({
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "integer", "minimum": 1, "default": 80}, "name": {"type": "string", "x-note": true}},
    });
    let mut cases = 0;
    for row in model::KINDS.iter().filter(|row| row.rest.is_some_and(|rest| rest.has_schema)) {
        if row.kind == "Component" {
            continue;
        }
        let sample = crate::samples::samples().into_iter().find(|sample| sample.kind == row.kind).expect("a sample");
        let namespace = row.is_namespaced().then_some(NAMESPACE);
        let mut spec = sample.spec;
        spec["parameters"] = parameters.clone();
        place.have(row.kind, namespace, "with", &spec).await;
        spec.as_object_mut().expect("an object").remove("parameters");
        // What reads a parameter would be refused without it.
        let spec = spec.to_string().replace("${string(parameters.port)}", "80");
        let spec: serde_json::Value = serde_json::from_str(&spec).expect("JSON");
        place.have(row.kind, namespace, "without", &spec).await;
        let path = row.rest_path(NAMESPACE);
        assert_eq!(place.get(&format!("{path}/with/schema")).await.plain(), (200, expected.clone()), "{}", row.kind);
        let nothing = json!({"type": "object", "properties": {}});
        assert_eq!(place.get(&format!("{path}/without/schema")).await.plain(), (200, nothing), "{}", row.kind);
        assert_eq!(place.get(&format!("{path}/ghost/schema")).await.status.as_u16(), 404, "{}", row.kind);
        cases += 1;
    }
    assert_eq!(cases, 10);
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_component_answers_what_a_binding_may_override() {
    let place = Place::new().await;
    place.project("shop").await;
    place.have("ClusterComponentType", None, "service", &component_type()).await;
    let with_environment = json!({"environmentConfigs": {"openAPIV3Schema": {
        "type": "object", "properties": {"size": {"type": "string"}},
    }}});
    place.have("Trait", Some(NAMESPACE), "disk", &with_environment).await;
    place.have("ClusterTrait", None, "plain", &json!({})).await;
    let service = json!({"kind": "ClusterComponentType", "name": "deployment/service"});
    let web = json!({
        "owner": {"projectName": "shop"},
        "componentType": service,
        "traits": [
            {"name": "disk", "instanceName": "data"},
            {"kind": "ClusterTrait", "name": "plain", "instanceName": "nothing"},
        ],
    });
    place.have("Component", Some(NAMESPACE), "web", &web).await;
    let expected = json!({
        "type": "object",
        "properties": {
            "componentTypeEnvironmentConfigs": {"type": "object", "properties": {"replicas": {"type": "integer", "default": 1}}},
            "traitEnvironmentConfigs": {
                "type": "object",
                "properties": {"data": {"type": "object", "properties": {"size": {"type": "string"}}}},
            },
        },
    });
    let path = format!("/api/v1/namespaces/{NAMESPACE}/components");
    assert_eq!(place.get(&format!("{path}/web/schema")).await.plain(), (200, expected));
    let lost = json!({
        "owner": {"projectName": "shop"},
        "componentType": {"kind": "ClusterComponentType", "name": "deployment/ghost"},
    });
    place.have("Component", Some(NAMESPACE), "lost", &lost).await;
    let missing = json!({"error": "ClusterComponentType not found", "code": "NOT_FOUND"});
    assert_eq!(place.get(&format!("{path}/lost/schema")).await.plain(), (404, missing));
    place.server.shutdown().await;
}
