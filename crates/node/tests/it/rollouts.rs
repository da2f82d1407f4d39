//! Deployments through ReplicaSets to pods.

use crate::lab::{Lab, ready};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

fn complete(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return false };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == deployment.metadata.generation
        && status.updated_replicas == wanted
        && status.available_replicas == wanted
        && status.replicas == wanted
}

fn condition(deployment: &Deployment, type_: &str) -> (String, String) {
    let conditions = deployment.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    let found = conditions.into_iter().find(|condition| condition.type_ == type_).expect("the condition");
    (found.status, found.reason.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_rolls_from_one_template_to_the_next() {
    let Some(lab) = Lab::start().await else { return };
    let probe = json!({"readinessProbe": {"tcpSocket": {"port": 8080}}});
    lab.deployment("web", 2, lab.spec(&["serve", "8080", "one"], json!({}), probe), json!({})).await;
    let first = lab.until::<Deployment>("web", "complete", complete).await;
    assert_eq!(condition(&first, "Available"), ("True".to_owned(), "MinimumReplicasAvailable".to_owned()));
    let told = lab
        .until::<Deployment>("web", "told as complete", |web| {
            condition(web, "Progressing").1 == "NewReplicaSetAvailable"
        })
        .await;
    assert_eq!(told.annotations().get("deployment.kubernetes.io/revision").map(String::as_str), Some("1"));

    let pods = lab.api::<Pod>().list(&ListParams::default().labels("app=web")).await.expect("listed");
    for pod in &pods.items {
        let owner = pod.owner_references().first().cloned().expect("an owner");
        let hash = pod.labels().get("pod-template-hash").expect("a hash");
        assert_eq!((owner.kind.as_str(), owner.name), ("ReplicaSet", format!("web-{hash}")));
        assert!(pod.name_any().starts_with(&format!("web-{hash}-")) && ready(pod));
    }

    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/command/3", "value": "two"}]);
    let patch: json_patch::Patch = serde_json::from_value(patch).expect("a patch");
    lab.api::<Deployment>().patch("web", &PatchParams::default(), &Patch::<()>::Json(patch)).await.expect("patched");
    let second = lab.until::<Deployment>("web", "complete again", |web| {
        complete(web) && web.annotations().get("deployment.kubernetes.io/revision").map(String::as_str) == Some("2")
    });
    second.await;
    let sets = lab.api::<ReplicaSet>().list(&ListParams::default()).await.expect("listed");
    let mut replicas: Vec<i32> = sets.items.iter().filter_map(|set| set.spec.as_ref()?.replicas).collect();
    replicas.sort_unstable();
    assert_eq!(replicas, [0, 2]);

    let patch = json!({"spec": {"replicas": 1}});
    lab.api::<Deployment>().patch("web", &PatchParams::default(), &Patch::Merge(patch)).await.expect("scaled");
    lab.until::<Deployment>("web", "scaled down", complete).await;

    lab.api::<Deployment>().delete("web", &DeleteParams::background()).await.expect("deleted");
    for set in sets.items {
        lab.gone::<ReplicaSet>(&set.name_any()).await;
    }
    let pods = lab.api::<Pod>().list(&ListParams::default().labels("app=web")).await.expect("listed");
    for pod in pods.items {
        lab.gone::<Pod>(&pod.name_any()).await;
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_makes_no_progress_says_so() {
    let Some(lab) = Lab::start().await else { return };
    let pods = lab.spec(&["serve", "8080"], json!({}), json!({"image": "localhost/never-built:1"}));
    lab.deployment("stuck", 1, pods, json!({"progressDeadlineSeconds": 2})).await;
    let stuck = lab
        .until::<Deployment>("stuck", "told as stuck", |stuck| {
            let conditions = stuck.status.as_ref().and_then(|status| status.conditions.as_ref());
            conditions
                .into_iter()
                .flatten()
                .any(|condition| condition.reason.as_deref() == Some("ProgressDeadlineExceeded"))
        })
        .await;
    assert_eq!(condition(&stuck, "Progressing").0, "False");
    assert_eq!(condition(&stuck, "Available"), ("False".to_owned(), "MinimumReplicasUnavailable".to_owned()));
    lab.end().await;
}
