//! The same script for every kind: make, make again, read, list, change, take away, and what is refused on the way.

use crate::place::{Answer, NAMESPACE, Place};
use crate::samples::{Sample, samples};
use model::{KINDS, KindRow};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Words of v1.2 for a kind where they are not its name: missing, taken.
fn nouns(kind: &str) -> (&str, &str) {
    match kind {
        "ProjectRelease" => ("Project release", "Project release"),
        "ProjectReleaseBinding" => ("Project release binding", "Project release binding"),
        "ResourceRelease" => ("Resource release", "Resource release"),
        "ResourceReleaseBinding" => ("Resource release binding", "Resource release binding"),
        "DeploymentPipeline" => ("DeploymentPipeline", "Deployment pipeline"),
        "ComponentType" => ("ComponentType", "Component type"),
        "ClusterComponentType" => ("ClusterComponentType", "Cluster component type"),
        "ClusterTrait" => ("ClusterTrait", "Cluster trait"),
        "ClusterWorkflow" => ("ClusterWorkflow", "Cluster workflow"),
        "ProjectType" => ("Project type", "Project type"),
        "ClusterProjectType" => ("ClusterProjectType", "Cluster project type"),
        "ResourceType" => ("Resource type", "Resource type"),
        "ClusterResourceType" => ("ClusterResourceType", "Cluster resource type"),
        "AuthzRole" => ("Namespace role", "Namespace role"),
        "AuthzRoleBinding" => ("Namespace role binding", "Namespace role binding"),
        "ClusterAuthzRole" => ("Cluster role", "Cluster role"),
        "ClusterAuthzRoleBinding" => ("Cluster role binding", "Cluster role binding"),
        kind => (kind, kind),
    }
}

fn error(status: u16, code: &str, error: &str) -> (u16, Value) {
    (status, json!({"error": error, "code": code}))
}

/// The object as it should be answered.
fn expected(row: &KindRow, name: &str, spec: &Value, generation: u64, metadata: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "openchoreo.dev/v1alpha1",
        "kind": row.kind,
        "metadata": {
            "name": name, "uid": "<uid>", "resourceVersion": "<revision>", "creationTimestamp": "<time>",
            "generation": generation,
        },
        "spec": spec,
    });
    if row.is_namespaced() {
        object["metadata"]["namespace"] = NAMESPACE.into();
    }
    for (member, value) in metadata.as_object().into_iter().flatten() {
        if value.as_object().is_some_and(|all| !all.is_empty()) {
            object["metadata"][member] = value.clone();
        }
    }
    if !row.kind.contains("Authz") && row.kind != "Workflow" {
        object["status"] = json!({});
    }
    object
}

fn merged(one: &Value, other: &Value) -> Value {
    let mut all = one.clone();
    for (name, value) in other.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_made_read_changed_and_taken_away() {
    let place = Place::new().await;
    let samples = samples();
    let offered: BTreeSet<&str> = KINDS.iter().filter(|row| row.rest.is_some()).map(|row| row.kind).collect();
    assert_eq!(samples.iter().map(|sample| sample.kind).collect::<BTreeSet<_>>(), offered);
    place.project("shop").await;
    let service = json!({"kind": "ClusterComponentType", "name": "deployment/service"});
    let web = json!({"owner": {"projectName": "shop"}, "componentType": service});
    place.have("Component", Some(NAMESPACE), "web", &web).await;
    // Every kind is played, also after one that failed, so that one run tells all that is wrong.
    let place = Arc::new(place);
    let mut failed = Vec::new();
    for sample in samples {
        let (place, kind) = (place.clone(), sample.kind);
        if tokio::spawn(async move { script(&place, &sample).await }).await.is_err() {
            failed.push(kind);
        }
    }
    assert_eq!(failed, [""; 0], "see what each of them said above");
    place.server.shutdown().await;
}

async fn script(place: &Place, sample: &Sample) {
    let row = model::kind_row(sample.kind).expect("a kind");
    let (missing, taken) = nouns(row.kind);
    let all = row.rest_path(NAMESPACE);
    let one = format!("{all}/demo");
    let say = |step: &str, answer: &Answer| format!("{} {step}: {}", row.kind, answer.text);

    let sent = json!({
        "apiVersion": "openchoreo.dev/v1alpha1", "kind": row.kind,
        "metadata": {"name": "demo", "labels": {"team": "a"}, "annotations": {"openchoreo.dev/display-name": "Demo"}},
        "spec": sample.spec,
        "status": {"conditions": []},
    });
    let metadata = json!({
        "labels": merged(&json!({"team": "a"}), &sample.labels), "annotations": {"openchoreo.dev/display-name": "Demo"},
    });
    let created = place.post(&all, &sent).await;
    let object = expected(row, "demo", &sample.stored, 1, &metadata);
    assert_eq!(created.plain(), (201, object.clone()), "{}", say("create", &created));
    assert_eq!(created.warnings(), [""; 0], "{}", say("create", &created));

    let again = place.post(&all, &sent).await;
    assert_eq!(again.plain(), error(409, "CONFLICT", &format!("{taken} already exists")), "{}", say("again", &again));
    let read = place.get(&one).await;
    assert_eq!(read.plain(), (200, object.clone()), "{}", say("get", &read));
    let listed = place.get(&format!("{all}?labelSelector=team%3Da")).await;
    assert_eq!(listed.plain(), (200, json!({"items": [object], "pagination": {}})), "{}", say("list", &listed));

    refusals(place, sample, row, &all).await;

    let unknown = json!({
        "kind": "Wrong", "metadata": {"name": "odd", "finalizers": ["x"]},
        "spec": merged(&sample.spec, &json!({"bogus": 1})), "extra": true,
    });
    let accepted = place.post(&all, &unknown).await;
    let plain = expected(row, "odd", &sample.stored, 1, &json!({"labels": sample.labels}));
    assert_eq!(accepted.plain(), (201, plain), "{}", say("unknown fields", &accepted));
    let kind = row.kind;
    let warnings = [
        "299 - \"unknown field \\\"extra\\\"\"".to_owned(),
        format!("299 - \"field \\\"kind\\\": this address takes \\\"{kind}\\\", \\\"Wrong\\\" was not used\""),
        "299 - \"unknown field \\\"metadata.finalizers\\\"\"".to_owned(),
        "299 - \"unknown field \\\"spec.bogus\\\"\"".to_owned(),
    ];
    assert_eq!(accepted.warnings(), warnings, "{}", say("unknown fields", &accepted));

    change(place, sample, row, &one).await;

    for (path, step) in [(format!("{all}/ghost"), "ghost"), (format!("{all}/a%2Fb"), "slash")] {
        let words =
            if step == "ghost" { format!("{missing} not found") } else { "nothing can be called \"a%2Fb\"".into() };
        let read = place.get(&path).await;
        assert_eq!(read.plain(), error(404, "NOT_FOUND", &words), "{}", say(step, &read));
        let deleted = place.delete(&path).await;
        assert_eq!(deleted.plain(), error(404, "NOT_FOUND", &words), "{}", say(step, &deleted));
    }
    for name in ["demo", "odd"] {
        let deleted = place.delete(&format!("{all}/{name}")).await;
        assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""), "{}", say("delete", &deleted));
    }
    let gone = place.get(&one).await;
    assert_eq!(gone.plain(), error(404, "NOT_FOUND", &format!("{missing} not found")), "{}", say("gone", &gone));
}

/// What is refused names the field; nothing is made.
async fn refusals(place: &Place, sample: &Sample, row: &KindRow, all: &str) {
    let (wrong, field) = &sample.wrong;
    let refused = place.post(all, &json!({"metadata": {"name": "wrong"}, "spec": wrong})).await;
    let fields: Vec<&str> =
        refused.body["details"].as_array().into_iter().flatten().filter_map(|one| one["field"].as_str()).collect();
    assert_eq!(refused.status.as_u16(), 422, "{} wrong: {}", row.kind, refused.text);
    assert_eq!(refused.body["code"], "UNPROCESSABLE_CONTENT", "{} wrong", row.kind);
    assert!(fields.contains(field), "{}: {field} is not in {}", row.kind, refused.text);
    let nameless = place.post(all, &json!({"metadata": {}, "spec": sample.spec})).await;
    let expected = json!({
        "error": "metadata.name: Required value: name is required",
        "code": "UNPROCESSABLE_CONTENT",
        "details": [{"field": "metadata.name", "message": "Required value: name is required"}],
    });
    assert_eq!(nameless.plain(), (422, expected), "{} nameless", row.kind);
    let badly_named = place.post(all, &json!({"metadata": {"name": "Bad_Name"}, "spec": sample.spec})).await;
    assert_eq!(badly_named.status.as_u16(), 422, "{}: {}", row.kind, badly_named.text);
    assert_eq!(badly_named.body["details"][0]["field"], "metadata.name", "{}: {}", row.kind, badly_named.text);
}

/// A change takes the place of spec, labels and annotations; an old version is refused, and so is any change of a release.
async fn change(place: &Place, sample: &Sample, row: &KindRow, one: &str) {
    let next = json!({
        "metadata": {"name": "other", "annotations": {"openchoreo.dev/description": "D"}},
        "spec": merged(&sample.next, &json!({"bogus": 1})),
    });
    let changed = place.put(one, &next).await;
    if sample.next.is_null() {
        assert_eq!(changed.plain(), error(405, "BAD_REQUEST", "Method Not Allowed"), "{} update", row.kind);
        return;
    }
    let metadata = json!({"labels": sample.labels, "annotations": {"openchoreo.dev/description": "D"}});
    let object = expected(row, "demo", &sample.next, 2, &metadata);
    assert_eq!(changed.plain(), (200, object), "{} update: {}", row.kind, changed.text);
    let told = [
        "299 - \"field \\\"metadata.name\\\": the path says \\\"demo\\\", \\\"other\\\" was not used\"",
        "299 - \"unknown field \\\"spec.bogus\\\"\"",
    ];
    assert_eq!(changed.warnings(), told, "{} update", row.kind);
    let stale = json!({"metadata": {"name": "demo", "resourceVersion": "1"}, "spec": sample.spec});
    let refused = place.put(one, &stale).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (409, &json!("CONFLICT")), "{} stale", row.kind);
    let ghost = place.put(&one.replace("demo", "ghost"), &next).await;
    let (missing, _) = nouns(row.kind);
    assert_eq!(ghost.plain(), error(404, "NOT_FOUND", &format!("{missing} not found")), "{} ghost", row.kind);
    let empty = place.put(one, &Value::Null).await;
    let words = "can't decode JSON body: EOF: Request body is required";
    assert_eq!(empty.plain(), error(400, "BAD_REQUEST", words), "{} empty", row.kind);
}
