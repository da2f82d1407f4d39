//! The OpenAPI document says what is there: each of its operations has a route.

use crate::place::Place;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn every_operation_is_reachable() {
    let place = Place::new().await;
    let document = place.get("/openapi.json").await.body;
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        let filled = path.replace("{namespace}", "acme").replace("{name}", "some-name");
        for method in item.as_object().expect("an item").keys() {
            operations += 1;
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let body = if matches!(method, Method::POST | Method::PUT) { json!({}) } else { Value::Null };
            let answer = place.call(method.clone(), &filled, &body).await;
            assert_ne!(answer.status.as_u16(), 405, "{method} {path}");
            assert!(!answer.text.contains("page not found"), "{method} {path}: {}", answer.text);
            assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.text);
        }
    }
    assert!(operations > 190, "{operations}");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
    place.server.shutdown().await;
}
