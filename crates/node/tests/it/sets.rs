//! StatefulSets with claims, and DaemonSets.

use crate::lab::{Lab, NAMESPACE, ready};
use crate::volumes::output;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

fn bound(claim: &PersistentVolumeClaim) -> bool {
    claim.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Bound"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stateful_set_keeps_names_and_data_over_an_update_and_a_restart() {
    let Some(mut lab) = Lab::start().await else { return };
    let labels = json!({"app": "db"});
    let probe = json!({"readinessProbe": {"tcpSocket": {"port": 8080}}, "volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    let set = json!({
        "metadata": {"name": "db", "namespace": NAMESPACE},
        "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": lab.spec(&["serve", "8080", "one"], json!({}), probe)},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}],
        },
    });
    lab.create::<StatefulSet>(set).await;
    let complete = |set: &StatefulSet| {
        let Some(status) = &set.status else { return false };
        status.observed_generation == set.metadata.generation
            && [status.ready_replicas, status.updated_replicas, status.available_replicas] == [Some(2); 3]
            && status.current_revision == status.update_revision
    };
    let first = lab.until::<StatefulSet>("db", "complete", complete).await;
    let one = lab.pod_until("db-1", "ready", ready).await;
    let zero = lab.pod_until("db-0", "ready", ready).await;
    assert!(zero.creation_timestamp() <= one.creation_timestamp(), "in order");
    let claim = lab.until::<PersistentVolumeClaim>("data-db-1", "bound", bound).await;
    assert_eq!(output(&lab, &one, &["/guest", "touch", "/data/file", "kept"]).await, "");

    lab.stop_node().await;
    lab.start_node().await;
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/command/3", "value": "two"}]);
    let patch: json_patch::Patch = serde_json::from_value(patch).expect("a patch");
    lab.api::<StatefulSet>().patch("db", &PatchParams::default(), &Patch::<()>::Json(patch)).await.expect("patched");
    let revision = first.status.and_then(|status| status.current_revision);
    lab.until::<StatefulSet>("db", "complete again", |set| {
        complete(set) && set.status.as_ref().and_then(|status| status.current_revision.clone()) != revision
    })
    .await;
    let again = lab.pod_until("db-1", "ready", ready).await;
    assert_ne!(again.uid(), one.uid());
    assert_eq!(output(&lab, &again, &["/guest", "cat", "/data/file"]).await, "/data/file=kept\n");

    lab.api::<StatefulSet>().delete("db", &DeleteParams::background()).await.expect("deleted");
    for pod in ["db-0", "db-1"] {
        lab.gone::<Pod>(pod).await;
    }
    let folder = lab.folder.path().join("node/claims").join(claim.uid().expect("a UID"));
    assert!(folder.join("file").exists(), "claims outlive their set");
    for name in ["data-db-0", "data-db-1"] {
        lab.api::<PersistentVolumeClaim>().delete(name, &DeleteParams::default()).await.expect("deleted");
        lab.gone::<PersistentVolumeClaim>(name).await;
    }
    assert!(!folder.exists(), "a claim's data goes with it");
    let volumes = kube::Api::<PersistentVolume>::all(lab.client.clone());
    assert_eq!(volumes.list(&ListParams::default()).await.expect("listed").items.len(), 0);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_waits_for_its_claim_and_the_claim_for_its_pod() {
    let Some(lab) = Lab::start().await else { return };
    let volumes = json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let mount = json!({"volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    lab.pod("app", &["serve", "8080"], volumes, mount).await;
    lab.pod_until("app", "waiting for its claim", |pod| {
        crate::lab::waits(pod).is_some_and(|(_, message)| message == "persistentvolumeclaim \"data\" not found")
    })
    .await;
    let claim = |class: &str| {
        json!({
            "metadata": {"name": "data", "namespace": NAMESPACE},
            "spec": {"storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        })
    };
    lab.create::<PersistentVolumeClaim>(claim("nowhere")).await;
    lab.pod_until("app", "told that it is not bound", |pod| {
        crate::lab::waits(pod).is_some_and(|(_, message)| message.contains("is not bound yet"))
    })
    .await;
    lab.api::<PersistentVolumeClaim>().delete("data", &DeleteParams::default()).await.expect("deleted");
    // Nothing that runs uses it, but the pod may at any time.
    lab.delete_pod("app").await;
    lab.gone::<PersistentVolumeClaim>("data").await;

    lab.create::<PersistentVolumeClaim>(claim("local")).await;
    let volumes = json!({"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]});
    let mount = json!({"volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    lab.pod("app", &["serve", "8080"], volumes, mount).await;
    lab.pod_until("app", "ready", ready).await;
    lab.api::<PersistentVolumeClaim>().delete("data", &DeleteParams::default()).await.expect("deleted");
    let held = lab
        .until::<PersistentVolumeClaim>("data", "on its way out", |claim| claim.metadata.deletion_timestamp.is_some());
    assert_eq!(held.await.finalizers(), ["kubernetes.io/pvc-protection"]);
    lab.delete_pod("app").await;
    lab.gone::<PersistentVolumeClaim>("data").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_set_has_one_pod_here_and_a_budget_counts_it() {
    let Some(lab) = Lab::start().await else { return };
    let labels = json!({"app": "log"});
    let set = json!({
        "metadata": {"name": "log", "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": lab.spec(&["serve", "8080"], json!({}), json!({}))}},
    });
    lab.create::<DaemonSet>(set).await;
    let complete = |set: &DaemonSet| {
        let Some(status) = &set.status else { return false };
        status.observed_generation == set.metadata.generation
            && (status.number_available, status.updated_number_scheduled) == (Some(1), Some(1))
    };
    let budget = json!({
        "metadata": {"name": "log", "namespace": NAMESPACE},
        "spec": {"minAvailable": 0, "selector": {"matchLabels": labels}},
    });
    lab.create::<PodDisruptionBudget>(budget).await;
    lab.until::<DaemonSet>("log", "complete", complete).await;
    let allows = |budget: &PodDisruptionBudget| {
        budget.status.as_ref().is_some_and(|status| {
            (status.expected_pods, status.current_healthy, status.disruptions_allowed) == (Some(1), Some(1), Some(1))
        })
    };
    lab.until::<PodDisruptionBudget>("log", "counting its pod", allows).await;
    let patch = json!({"spec": {"template": {"metadata": {"labels": {"version": "2"}}}}});
    lab.api::<DaemonSet>().patch("log", &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
    lab.until::<DaemonSet>("log", "complete again", |set| complete(set) && set.metadata.generation == Some(2)).await;
    let pods = lab.api::<Pod>().list(&ListParams::default().labels("app=log,version=2")).await.expect("listed").items;
    assert_eq!(pods.len(), 1);
    lab.api::<DaemonSet>().delete("log", &DeleteParams::background()).await.expect("deleted");
    lab.gone::<Pod>(&pods[0].name_any()).await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autoscaler_follows_what_pods_use() {
    let Some(lab) = Lab::start().await else { return };
    let labels = json!({"app": "web"});
    let resources = json!({"resources": {"requests": {"cpu": "10m", "memory": "1Mi"}}});
    let deployment = json!({
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": lab.spec(&["serve", "8080"], json!({}), resources)}},
    });
    lab.create::<Deployment>(deployment).await;
    let available = |count: i32| {
        move |deployment: &Deployment| {
            let status = deployment.status.clone().unwrap_or_default();
            status.available_replicas == Some(count)
        }
    };
    lab.until::<Deployment>("web", "available", available(1)).await;
    let autoscaler = json!({
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {
            "maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "metrics": [
                {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Ki"}}},
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}},
            ]},
    });
    lab.create::<HorizontalPodAutoscaler>(autoscaler).await;
    let scaled = |autoscaler: &HorizontalPodAutoscaler| {
        autoscaler.status.as_ref().is_some_and(|status| status.last_scale_time.is_some())
    };
    lab.until::<HorizontalPodAutoscaler>("web", "told that its target was scaled", scaled).await;
    lab.until::<Deployment>("web", "available twice", available(2)).await;
    let measured = |autoscaler: &HorizontalPodAutoscaler| {
        let status = autoscaler.status.clone().unwrap_or_default();
        let metrics = status.current_metrics.unwrap_or_default();
        let names: Vec<_> = metrics.iter().filter_map(|one| Some(one.resource.as_ref()?.name.as_str())).collect();
        names == ["memory", "cpu"] && status.desired_replicas == 2
    };
    lab.until::<HorizontalPodAutoscaler>("web", "measured in memory and processors", measured).await;
    lab.end().await;
}
