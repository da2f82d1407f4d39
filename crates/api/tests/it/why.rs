//! `…/why`: what controllers tell of an object, for whoever may read it.

use crate::place::{NAMESPACE, Place};
use api::Reasons;
use axum::body::Body;
use futures::future::BoxFuture;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// Controllers that have each said one thing.
struct Said;

impl Reasons for Said {
    fn why<'a>(&'a self, kind: &'a str, namespace: Option<&'a str>, name: &'a str) -> BoxFuture<'a, Option<Value>> {
        let told = match (kind, namespace, name) {
            ("Project", Some(NAMESPACE), "shop") => Some(json!({"controller": "project", "waits": [
                {"kind": "Component", "namespace": NAMESPACE, "name": "web", "why": "it is still being deleted"},
                {"kind": "RenderedRelease", "namespace": NAMESPACE, "name": "p-shop", "why": "it is still being deleted"},
                {"kind": "RenderedRelease", "namespace": "there", "name": "p-shop", "cluster": "dataplane/x", "why": "it runs"},
            ]})),
            ("RenderedRelease", Some(NAMESPACE), "p-shop") => Some(json!({"controller": "rendered-release", "waits": [
                {"kind": "Namespace", "name": "dp-shop", "cluster": "clusterdataplane/default", "why": "it is still being deleted on the plane"},
            ]})),
            _ => None,
        };
        Box::pin(async move { told })
    }
}

#[tokio::test]
async fn waits_are_told_with_those_of_objects_that_no_path_leads_to() {
    let place = Place::with(Some(Arc::new(Said))).await;
    place.project("shop").await;
    let path = format!("/api/v1/namespaces/{NAMESPACE}/projects/shop/why");
    let expected = json!({"controller": "project", "waits": [
        {"kind": "Component", "namespace": NAMESPACE, "name": "web", "why": "it is still being deleted"},
        {"kind": "RenderedRelease", "namespace": NAMESPACE, "name": "p-shop", "why": "it is still being deleted", "because":
            {"controller": "rendered-release", "waits": [
                {"kind": "Namespace", "name": "dp-shop", "cluster": "clusterdataplane/default", "why": "it is still being deleted on the plane"},
            ]}},
        {"kind": "RenderedRelease", "namespace": "there", "name": "p-shop", "cluster": "dataplane/x", "why": "it runs"},
    ]});
    assert_eq!(place.get(&path).await.plain(), (200, expected));
    let stranger = place.send(Request::get(&path).body(Body::empty()).expect("a request")).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    place.have("Environment", Some(NAMESPACE), "plain", &json!({"isProduction": false})).await;
    let quiet = place.get(&format!("/api/v1/namespaces/{NAMESPACE}/environments/plain/why")).await;
    assert_eq!(quiet.plain(), (200, json!({"waits": []})), "nobody knows of it");
}

#[tokio::test]
async fn what_is_not_there_waits_for_nothing_and_without_controllers_nobody_is_told() {
    let place = Place::with(Some(Arc::new(Said))).await;
    let answer = place.get(&format!("/api/v1/namespaces/{NAMESPACE}/projects/none/why")).await;
    assert_eq!(answer.plain(), (404, json!({"error": "Project not found", "code": "NOT_FOUND"})));
    let place = Place::new().await;
    place.project("shop").await;
    let answer = place.get(&format!("/api/v1/namespaces/{NAMESPACE}/projects/shop/why")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
}
