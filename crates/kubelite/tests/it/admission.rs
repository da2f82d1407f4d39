use std::sync::Arc;

use async_trait::async_trait;
use kubelite::{Admission, ApiError, Kind, Operation, Options, Review, Server};
use serde_json::{Value, json};

use crate::support::{fetch, post, raw};

/// Labels ConfigMaps, refuses those called `no`, warns about those called `hm`.
struct Rule;

#[async_trait]
impl Admission for Rule {
    fn handles(&self, kind: &Kind) -> bool {
        &*kind.kind == "ConfigMap"
    }

    async fn mutate(&self, _review: &Review<'_>, object: &mut Value) -> Result<(), ApiError> {
        object["metadata"]["labels"] = json!({"ruled": "yes"});
        Ok(())
    }

    async fn validate(&self, review: &Review<'_>, _object: Option<&Value>) -> Result<Vec<String>, ApiError> {
        match (review.operation, review.name) {
            (Operation::Create, "no") => Err(ApiError::forbidden(review.kind, "no", "the rule says so")),
            (Operation::Delete, _) => Err(ApiError::forbidden(review.kind, review.name, "nothing is deleted here")),
            (_, "hm") => Ok(vec!["think twice".into()]),
            _ => Ok(Vec::new()),
        }
    }
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn rules_of_the_program_change_refuse_and_warn() {
    let server = Server::open(Options { admission: vec![Arc::new(Rule)], ..Options::default() }).await.unwrap();
    let client = server.client();
    let made = post(&client, MAPS, &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(made["metadata"]["labels"], json!({"ruled": "yes"}));
    let (code, answer) = raw(&client, "POST", MAPS, "application/json", &json!({"metadata": {"name": "no"}})).await;
    assert_eq!((code, &answer["message"]), (403, &json!("configmaps \"no\" is forbidden: the rule says so")));
    let (code, _) = raw(&client, "DELETE", &format!("{MAPS}/a"), "application/json", &Value::Null).await;
    assert_eq!((code, fetch(&client, &format!("{MAPS}/a")).await.0), (403, 200));
    let request =
        http::Request::post(MAPS).body(kube::client::Body::from(br#"{"metadata":{"name":"hm"}}"#.to_vec())).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.headers()["warning"], "299 - \"think twice\"");
}
