//! Definitions with rules of many shapes, and what kube-apiserver 1.36.3 answered to each.
//!
//! A line has the schema of `spec` (`second`: of another version, `root`: rules of the whole object), and of the answer to
//! `POST …/customresourcedefinitions?dryRun=All` its code and causes.

use serde_json::{Value, json};

use crate::support::{raw, server};

const ANSWERS: &str = include_str!("../definitions/rules.jsonl");
const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition(case: &Value) -> Value {
    let version = |name: &str, spec: &Value| {
        let mut root = json!({"type": "object", "properties": {"spec": spec}});
        if let Some(rules) = case.get("root") {
            root["x-kubernetes-validations"] = rules.clone();
        }
        json!({"name": name, "served": true, "storage": name == "v1", "schema": {"openAPIV3Schema": root}})
    };
    let second = case.get("second").map(|spec| version("v2", spec));
    let versions: Vec<Value> = std::iter::once(version("v1", &case["spec"])).chain(second).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "versions": versions,
            "names": {"plural": "widgets", "kind": "Widget", "singular": "widget", "listKind": "WidgetList"},
        },
    })
}

/// The server names a type by the time of day.
fn timeless(causes: &Value) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for cause in causes.as_array().into_iter().flatten() {
        let text = |field: &str| cause[field].as_str().unwrap_or_default();
        let mut parts = text("message").split("selfType");
        let mut message = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            message.push_str("selfType");
            message.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
        }
        told.push(format!("{} {}: {message}", text("reason"), text("field")));
    }
    told
}

#[tokio::test]
async fn rules_are_taken_and_refused_as_by_kubernetes() {
    let (_server, client) = server().await;
    let mut wrong = Vec::new();
    for line in ANSWERS.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let (code, answer) =
            raw(&client, "POST", &format!("{CRDS}?dryRun=All"), "application/json", &definition(&case)).await;
        let (ours, theirs) = (timeless(&answer["details"]["causes"]), timeless(&case["refused"]));
        if (u64::from(code), &ours) != (case["code"].as_u64().unwrap_or_default(), &theirs) {
            wrong.push(format!(
                "{}: {code}\n  ours   {}\n  theirs {}",
                case["name"],
                ours.join("\n         "),
                theirs.join("\n         ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ANSWERS.lines().count(), wrong.join("\n"));
}
