//! Evictions ask disruption budgets.

use kube::Client;
use serde_json::{Value, json};

use crate::support::{fetch, post, raw, server};

const PODS: &str = "/api/v1/namespaces/default/pods";
const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

/// A pod that runs, and is `ready` or not.
async fn pod(client: &Client, name: &str, ready: bool, phase: &str) {
    let spec = json!({"nodeName": "n", "containers": [{"name": "c", "image": "i"}]});
    post(client, PODS, &json!({"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec})).await;
    let ready = if ready { "True" } else { "False" };
    let status = json!({"status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}});
    patched(client, &format!("{PODS}/{name}/status"), &status).await;
}

async fn patched(client: &Client, path: &str, patch: &Value) {
    let (code, answer) = raw(client, "PATCH", path, "application/merge-patch+json", patch).await;
    assert_eq!(code, 200, "{answer}");
}

/// A budget as its controller tells it.
async fn budget(client: &Client, name: &str, policy: Option<&str>, status: &Value) {
    let spec =
        json!({"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}, "unhealthyPodEvictionPolicy": policy});
    post(client, BUDGETS, &json!({"metadata": {"name": name}, "spec": spec})).await;
    patched(client, &format!("{BUDGETS}/{name}/status"), &json!({"status": status})).await;
}

fn counts(allowed: i32, healthy: i32, desired: i32) -> Value {
    json!({"observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": 2,
        "conditions": [{"type": "DisruptionAllowed", "status": if allowed > 0 { "True" } else { "False" }, "reason": "", "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
}

async fn evicted(client: &Client, pod: &str, options: Value) -> (u16, Value) {
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}, "deleteOptions": options});
    raw(client, "POST", &format!("{PODS}/{pod}/eviction"), "application/json", &eviction).await
}

#[tokio::test]
async fn a_budget_decides_whether_a_pod_may_go() {
    for (what, ready, phase, policy, status, code) in [
        ("something is left", true, "Running", None, counts(1, 2, 1), 201),
        ("nothing is left", true, "Running", None, counts(0, 1, 1), 429),
        ("not healthy, the budget is", false, "Running", None, counts(0, 1, 1), 201),
        ("not healthy, nor is the budget", false, "Running", Some("IfHealthyBudget"), counts(0, 0, 1), 429),
        ("not healthy, always allowed", false, "Running", Some("AlwaysAllow"), counts(0, 0, 1), 201),
        ("healthy, whatever is allowed", true, "Running", Some("AlwaysAllow"), counts(0, 1, 1), 429),
        ("not started yet", false, "Pending", None, counts(0, 0, 1), 201),
        ("over", false, "Succeeded", None, counts(0, 0, 1), 201),
        (
            "not seen by the controller yet",
            true,
            "Running",
            None,
            json!({"observedGeneration": 0, "disruptionsAllowed": 5}),
            429,
        ),
    ] {
        let (_server, client) = server().await;
        pod(&client, "a", ready, phase).await;
        budget(&client, "web", policy, &status).await;
        let (answered, answer) = evicted(&client, "a", json!(null)).await;
        assert_eq!(answered, code, "{what}: {answer}");
        let (found, after) = fetch(&client, &format!("{PODS}/a")).await;
        let goes = found == 404 || !after["metadata"]["deletionTimestamp"].is_null();
        assert_eq!(goes, code == 201, "{what}");
    }
}

#[tokio::test]
async fn what_a_budget_grants_is_taken_from_it_and_the_next_is_refused_with_its_cause() {
    let (_server, client) = server().await;
    pod(&client, "a", true, "Running").await;
    pod(&client, "b", true, "Running").await;
    budget(&client, "web", None, &counts(1, 2, 1)).await;
    let rehearsed = evicted(&client, "a", json!({"dryRun": ["All"]})).await;
    let (_, untouched) = fetch(&client, &format!("{BUDGETS}/web")).await;
    assert_eq!((rehearsed.0, &untouched["status"]["disruptionsAllowed"]), (201, &json!(1)));
    assert_eq!(evicted(&client, "a", json!(null)).await.0, 201);
    let (_, left) = fetch(&client, &format!("{BUDGETS}/web")).await;
    assert_eq!(left["status"]["disruptionsAllowed"], 0);
    assert!(left["status"]["disruptedPods"]["a"].is_string(), "{left}");
    assert_eq!(left["status"]["conditions"][0]["reason"], "InsufficientPods");
    let (_, going) = fetch(&client, &format!("{PODS}/a")).await;
    let conditions = going["status"]["conditions"].as_array().expect("conditions");
    let marked = conditions.iter().find(|condition| condition["type"] == "DisruptionTarget").expect("a mark");
    assert_eq!((&marked["status"], &marked["reason"]), (&json!("True"), &json!("EvictionByEvictionAPI")));
    patched(&client, &format!("{BUDGETS}/web/status"), &json!({"status": {"currentHealthy": 1}})).await;
    let (code, answer) = evicted(&client, "b", json!(null)).await;
    let expected = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "TooManyRequests", "code": 429,
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 1 healthy pods and has 1 currently"}]}});
    assert_eq!((code, answer), (429, expected));
}

#[tokio::test]
async fn two_budgets_of_one_pod_and_a_wrong_name_are_refused() {
    let (_server, client) = server().await;
    pod(&client, "a", true, "Running").await;
    let wrong = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "b"}});
    let (code, answer) = raw(&client, "POST", &format!("{PODS}/a/eviction"), "application/json", &wrong).await;
    assert_eq!((code, &answer["message"]), (400, &json!("name in URL does not match name in Eviction object")));
    for name in ["one", "two"] {
        budget(&client, name, None, &counts(1, 2, 1)).await;
    }
    let (code, answer) = evicted(&client, "a", json!(null)).await;
    assert_eq!(code, 500, "{answer}");
    assert!(answer["message"].as_str().is_some_and(|words| words.contains("more than one PodDisruptionBudget")));
    let (code, answer) = evicted(&client, "absent", json!(null)).await;
    assert_eq!(code, 404, "{answer}");
}
