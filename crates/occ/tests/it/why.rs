//! `occ why` over all controllers and an API server in process, which is its own data plane: what it prints, whole.

use crate::plane::{Plane, Ran, cart, json};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Resource;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;

const PLANE: &str = "\
apiVersion: openchoreo.dev/v1alpha1
kind: ClusterDataPlane
metadata: {name: default}
spec:
  planeID: default
  clusterAgent: {clientCA: {value: none}}
";

/// A finalizer that nobody takes away.
const HOLD: &str = "example.com/hold";

struct Stage {
    plane: Plane,
    cell: String,
}

impl Stage {
    /// The platform that we ship with one component, which is deployed in development.
    async fn open() -> Stage {
        let plane = Plane::governed().await;
        plane.file("cart.yaml", &cart(true));
        plane.file("plane.yaml", PLANE);
        plane.apply_shipped(&["plane.yaml", "cart.yaml"]).await;
        plane.settled().await;
        Stage { plane, cell: model::names::runtime_namespace("default", "default", "development") }
    }

    /// What `occ` prints, without what differs from run to run.
    async fn occ(&self, arguments: &[&str]) -> Ran {
        self.plane.settled().await;
        let ran = self.plane.occ(arguments).await;
        Ran { out: self.plain(&ran.out), err: self.plain(&ran.err), ..ran }
    }

    /// What `occ why` says of an object.
    async fn why(&self, object: &str) -> String {
        let ran = self.occ(&["why", object]).await;
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        ran.out
    }

    /// Times as `T`, the namespace that components run in as `CELL`.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.cell, "CELL");
        let mut plain = String::new();
        for part in text.split_inclusive([' ', '\n', '"']) {
            let word = part.trim_end_matches([' ', '\n', '"', ':']);
            let is_time = word.parse::<jiff::Timestamp>().is_ok();
            plain.push_str(&if is_time { part.replacen(word, "T", 1) } else { part.to_owned() });
        }
        plain
    }

    fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        Api::namespaced(self.plane.client.clone(), namespace)
    }

    async fn merge<K>(&self, namespace: &str, name: &str, patch: Value)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let patched = self.api::<K>(namespace).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        patched.unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// The one object of a kind in the namespace that components run in.
    async fn only<K>(&self) -> K
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        self.plane.settled().await;
        let mut all = self.api::<K>(&self.cell).list(&ListParams::default()).await.expect("listed").items;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// Its program runs, as a node would say.
    async fn running(&self) {
        let deployment: Deployment = self.only().await;
        let name = deployment.metadata.name.expect("a name");
        let status = json!({"status": {
            "observedGeneration": deployment.metadata.generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
            "availableReplicas": 1, "conditions": [{"type": "Available", "status": "True"}],
        }});
        let deployments: Api<Deployment> = self.api(&self.cell);
        deployments.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await.expect("told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_waits_for_its_type_by_name() {
    let stage = Stage::open().await;
    stage.plane.file("lost.yaml", &cart(true).replace("cart", "lost").replace("deployment/worker", "deployment/none"));
    let applied = stage.plane.occ(&["apply", "-f", "lost.yaml"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(
        stage.why("component/lost").await,
        "component/lost\n  Ready=False ComponentTypeNotFound since T: ClusterComponentType \"none\" not found\n  waits for ClusterComponentType none since T\n"
    );
    let data = json(&stage.occ(&["why", "component/lost", "-o", "json"]).await.out);
    let text = "ClusterComponentType \"none\" not found";
    assert_eq!(
        data["controllers"],
        json!([{
            "object": "component/lost", "controller": "component",
            "lastRun": {"at": "T", "wokenBy": "Component default/lost changed", "outcome": "all is as it should be"},
            "waits": [{"kind": "ClusterComponentType", "name": "none", "why": text, "since": "T"}],
        }])
    );
    stage.plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_goes_waits_for_its_components_and_these_for_what_holds_them() {
    let stage = Stage::open().await;
    let deployment = stage.only::<Deployment>().await.metadata.name.expect("a name");
    stage.merge::<Deployment>(&stage.cell, &deployment, json!({"metadata": {"finalizers": [HOLD]}})).await;
    assert_eq!(stage.plane.occ(&["project", "delete", "default"]).await.code, 0);
    let expected = format!(
        "\
project/default
  deletion ProjectFinalizing since T: Project is finalizing: waiting for Component cart
  waits for Component cart (default) since T: it is still being deleted
component/cart
  deletion Finalizing since T: Component is finalizing: waiting for ReleaseBinding cart-development
  waits for ReleaseBinding cart-development (default) since T: it is still being deleted
releasebinding/cart-development
  deletion Finalizing since T: ReleaseBinding is finalizing: waiting for RenderedRelease cart-development
  waits for RenderedRelease cart-development (default) since T: it is still being deleted
    waits for Deployment {deployment} (CELL) on clusterdataplane/default since T: it is still being deleted on the plane
"
    );
    assert_eq!(stage.why("project/default").await, expected);
    stage.merge::<Deployment>(&stage.cell, &deployment, json!({"metadata": {"finalizers": null}})).await;
    // Namespaces end by themselves, which controllers only wait for.
    let ended = stage.plane.occ(&["wait", "project/default", "--for", "delete"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let gone = stage.plane.occ(&["why", "project/default"]).await;
    assert_eq!((gone.code, gone.out.as_str()), (3, ""), "{gone:?}");
    stage.plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_goes_waits_for_its_pipeline_and_then_for_what_is_in_it() {
    let stage = Stage::open().await;
    stage
        .merge::<model::ReleaseBinding>(
            "default",
            "cart-development",
            json!({"metadata": {"finalizers": [HOLD, model::finalizers::RELEASE_BINDING]}}),
        )
        .await;
    assert_eq!(stage.plane.occ(&["environment", "delete", "development"]).await.code, 0);
    assert_eq!(
        stage.why("environment/development").await,
        "\
environment/development
  deletion DeletionBlocked since T: still used by deployment pipeline(s) default: take the environment out of them first
  waits for DeploymentPipeline default (default) since T: it names this environment
"
    );
    let freed = json!({"spec": {"promotionPaths": []}});
    stage.merge::<model::DeploymentPipeline>("default", "default", freed).await;

    stage.plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_says_which_image_cannot_be_pulled_in_the_words_of_the_node() {
    let stage = Stage::open().await;
    let deployment: Deployment = stage.only().await;
    let (name, template) = (deployment.metadata.name.expect("a name"), deployment.spec.expect("a spec").template);
    let labels = template.metadata.and_then(|metadata| metadata.labels).expect("labels");
    let pod = json!({
        "metadata": {"name": "cart-0", "namespace": stage.cell, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "example/cart:1"}]},
    });
    let pods: Api<Pod> = stage.api(&stage.cell);
    let pod: Pod = serde_json::from_value(pod).expect("a pod");
    pods.create(&PostParams::default(), &pod).await.expect("created");
    let waiting =
        json!({"reason": "ImagePullBackOff", "message": "Back-off pulling image \"example/cart:1\": no such image"});
    let container = json!({"name": "main", "image": "example/cart:1", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": waiting}});
    let status = json!({"status": {"phase": "Pending", "containerStatuses": [container]}});
    pods.patch_status("cart-0", &PatchParams::default(), &Patch::Merge(status)).await.expect("told");
    let expected = format!(
        "\
releasebinding/cart-development
  ResourcesReady=False ResourcesProgressing since T: Primary workload Deployment/{name} is progressing: pod cart-0: ImagePullBackOff: Back-off pulling image \"example/cart:1\": no such image
"
    );
    assert_eq!(stage.why("component/cart").await, expected);
    stage.plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plane_does_not_enforce_is_a_warning_that_comes_and_goes_and_nobody_fights_over() {
    let stage = Stage::open().await;
    stage.running().await;
    assert_eq!(stage.why("component/cart").await, "component/cart waits for nothing\n");
    let policy: NetworkPolicy = stage.only().await;
    let name = policy.metadata.name.clone().expect("a name");
    // As the node says it.
    let say = async |annotations: Value| {
        let metadata =
            json!({"name": name, "namespace": stage.cell, "uid": policy.metadata.uid, "annotations": annotations});
        let patch = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata});
        let params = PatchParams::apply("node-policy-enforcement").force();
        stage.api::<NetworkPolicy>(&stage.cell).patch(&name, &params, &Patch::Apply(patch)).await.expect("said")
    };
    let words = "from the world outside to pods' own addresses: the program nft is not installed; install it";
    let said = say(json!({"node.local/not-enforced": words})).await;
    let told = format!("NetworkPolicy {name}: not enforced {words}\n");
    assert_eq!(
        stage.why("component/cart").await,
        format!(
            "component/cart waits for nothing\nreleasebinding/cart-development\n  warning NotEnforced since T: {told}"
        )
    );
    let got = stage.occ(&["releasebinding", "get", "cart-development"]).await;
    assert_eq!((got.code, got.err.as_str()), (0, format!("warning: {told}").as_str()));
    let data = json(&stage.occ(&["why", "component/cart", "-o", "json"]).await.out);
    assert_eq!((&data["waits"], &data["warnings"][0]["message"]), (&json!([]), &json!(told.trim_end())));
    // The release is written again: what the node said stays, and is no reason to write.
    assert_eq!(stage.only::<NetworkPolicy>().await.metadata.resource_version, said.metadata.resource_version);
    let again = json!({"metadata": {"annotations": {model::annotations::RESTARTED_AT: "now"}}});
    stage.merge::<model::ReleaseBinding>("default", "cart-development", again).await;
    let after = stage.only::<NetworkPolicy>().await;
    assert_eq!(after.metadata.annotations.expect("annotations")["node.local/not-enforced"], words);
    stage.running().await;
    say(json!({})).await;
    assert_eq!(stage.why("component/cart").await, "component/cart waits for nothing\n");
    stage.plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_nothing_of_controllers_is_not_asked_again() {
    let plane = Plane::start().await;
    let project = "apiVersion: openchoreo.dev/v1alpha1\nkind: Project\nmetadata: {name: default}\nspec:\n  deploymentPipelineRef: {name: default}\n";
    plane.file("cart.yaml", &format!("{project}---\n{}", cart(true)));
    let applied = plane.occ(&["apply", "-f", "cart.yaml"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    let told = plane.occ(&["why", "component/cart"]).await;
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "component/cart waits for nothing\n", ""));
    plane.end().await;
}
