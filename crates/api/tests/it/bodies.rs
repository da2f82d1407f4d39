//! Bodies that cannot be taken, and namespaces.

use crate::place::{NAMESPACE, Place};
use axum::body::Body;
use http::{Request, header};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::nothing("", "can't decode JSON body: EOF: Request body is required")]
#[case::a_list("[]", "can't decode JSON body: expected an object, got an array")]
#[case::null("null", "can't decode JSON body: expected an object, got null")]
#[case::no_string_as_name(
    r#"{"metadata":{"name":5}}"#,
    "can't decode JSON body: metadata.name: expected a string, got a number"
)]
#[case::no_object_as_metadata(
    r#"{"metadata":"x"}"#,
    "can't decode JSON body: metadata: expected an object, got a string"
)]
#[case::no_object_as_spec(
    r#"{"metadata":{"name":"x"},"spec":[]}"#,
    "can't decode JSON body: spec: expected an object, got an array"
)]
#[case::two_values(
    r#"{"metadata":{"name":"x"}}garbage"#,
    "can't decode JSON body: trailing characters at line 1 column 26"
)]
#[case::not_json("{not json", "can't decode JSON body: key must be a string at line 1 column 2")]
#[tokio::test]
async fn are_refused_with_their_place(#[case] body: &str, #[case] error: &str) {
    let place = Place::new().await;
    let request = Request::post(format!("/api/v1/namespaces/{NAMESPACE}/projects"))
        .header(header::AUTHORIZATION, format!("Bearer {}", place.token))
        .body(Body::from(body.to_owned()))
        .expect("a request");
    let answer = place.send(request).await;
    assert_eq!((answer.status.as_u16(), &answer.body["error"]), (400, &json!(error)));
    assert_eq!(answer.body["code"], "BAD_REQUEST");
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let place = Place::new().await;
    let large = json!({"metadata": {"name": "x"}, "spec": {"x": "x".repeat(3 * 1024 * 1024)}});
    let answer = place.post(&format!("/api/v1/namespaces/{NAMESPACE}/projects"), &large).await;
    let expected = json!({"error": "the body is larger than 2097152 bytes", "code": "BAD_REQUEST"});
    assert_eq!(answer.plain(), (413, expected));
    place.server.shutdown().await;
}

#[tokio::test]
async fn the_namespace_of_the_path_counts() {
    let place = Place::new().await;
    place.project("shop").await;
    let elsewhere = json!({"name": "web", "namespace": "other"});
    let component = json!({"metadata": elsewhere, "spec": {"owner": {"projectName": "shop"}}});
    let refused = place.post(&format!("/api/v1/namespaces/{NAMESPACE}/components"), &component).await;
    let expected = json!({"error": "Namespace in body does not match path", "code": "BAD_REQUEST"});
    assert_eq!(refused.plain(), (400, expected));
    let told = place
        .post(&format!("/api/v1/namespaces/{NAMESPACE}/projects"), &json!({"metadata": elsewhere, "spec": {}}))
        .await;
    assert_eq!((told.status.as_u16(), &told.body["metadata"]["namespace"]), (201, &json!(NAMESPACE)));
    let warning = "299 - \"field \\\"metadata.namespace\\\": the path says \\\"acme\\\", \\\"other\\\" was not used\"";
    assert_eq!(told.warnings(), [warning]);
    let nowhere = place.post("/api/v1/namespaces/ghost/projects", &json!({"metadata": {"name": "x"}})).await;
    let expected = json!({"error": "Namespace not found: create it first", "code": "NOT_FOUND"});
    assert_eq!(nowhere.plain(), (404, expected));
    place.server.shutdown().await;
}

fn namespace(annotations: &Value) -> Value {
    let mut namespace = json!({
        "metadata": {
            "name": "team", "uid": "<uid>", "resourceVersion": "<revision>", "creationTimestamp": "<time>",
            "labels": {"kubernetes.io/metadata.name": "team", "openchoreo.dev/control-plane": "true"},
        },
        "status": {"phase": "Active"},
    });
    if annotations.as_object().is_some_and(|all| !all.is_empty()) {
        namespace["metadata"]["annotations"] = annotations.clone();
    }
    namespace
}

#[tokio::test]
async fn namespaces_are_those_of_the_platform() {
    let place = Place::new().await;
    let all = "/api/v1/namespaces";
    let named = json!({"openchoreo.dev/display-name": "Team"});
    let body = json!({"metadata": {"name": "team", "labels": {"x": "y"}, "annotations": named}});
    let made = place.post(all, &body).await;
    assert_eq!(made.plain(), (201, namespace(&named)), "{}", made.text);
    let told = "299 - \"field \\\"metadata.labels\\\": label \\\"x\\\" was not used: namespaces take none here\"";
    assert_eq!(made.warnings(), [told]);
    let again = place.post(all, &body).await;
    assert_eq!(again.plain(), (409, json!({"error": "Namespace already exists", "code": "CONFLICT"})));
    let changed =
        json!({"metadata": {"name": "team", "annotations": {"openchoreo.dev/description": "D", "other": "z"}}});
    let both = json!({"openchoreo.dev/display-name": "Team", "openchoreo.dev/description": "D"});
    let changed = place.put(&format!("{all}/team"), &changed).await;
    assert_eq!(changed.plain(), (200, namespace(&both)), "{}", changed.text);
    let names = |answer: &crate::place::Answer| -> Vec<String> {
        let items = answer.body["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|one| one["metadata"]["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&place.get(all).await), ["acme", "team"]);
    assert_eq!(names(&place.get(&format!("{all}?labelSelector=kubernetes.io/metadata.name%3Dteam")).await), ["team"]);
    let missing = json!({"error": "Namespace not found", "code": "NOT_FOUND"});
    for path in [format!("{all}/kube-system"), format!("{all}/ghost")] {
        assert_eq!(place.get(&path).await.plain(), (404, missing.clone()), "{path}");
        assert_eq!(place.put(&path, &body).await.plain(), (404, missing.clone()), "{path}");
        assert_eq!(place.delete(&path).await.plain(), (404, missing.clone()), "{path}");
    }
    assert_eq!(place.delete(&format!("{all}/team")).await.status.as_u16(), 204);
    place.server.shutdown().await;
}
