//! Deploying, waiting, logs and exec.

use crate::plane::{Plane, Ran, cart, json};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kubelite::{ApiError, Duplex, ExecOptions, LogOptions, PodConnect, PodRef, Streams};
use serde_json::{Value, json as value};
use std::sync::Arc;

/// A plane with the platform that we ship and one component.
async fn with_cart() -> Plane {
    let plane = Plane::start().await;
    plane.file("cart.yaml", &cart(false));
    plane.apply_shipped(&["cart.yaml"]).await;
    plane
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_deployed_promoted_and_overridden() {
    let plane = with_cart().await;
    let deployed = plane.occ(&["component", "deploy", "cart"]).await;
    assert_eq!(
        (deployed.code, deployed.out.as_str()),
        (0, "releasebinding/cart-development created\n"),
        "{deployed:?}"
    );
    let too_far = plane.occ(&["component", "deploy", "cart", "--to", "production"]).await;
    assert_eq!((too_far.code, too_far.out.as_str()), (3, ""));
    assert!(too_far.err.starts_with("Error: no release binding found for source environment 'staging'"), "{too_far:?}");
    let set = "componentTypeEnvironmentConfigs.replicas=2";
    let promoted = plane.occ(&["component", "deploy", "cart", "--to", "staging", "--set", set]).await;
    assert_eq!((promoted.code, promoted.out.as_str()), (0, "releasebinding/cart-staging created\n"), "{promoted:?}");
    let spec = async |name: &str| json(&plane.occ(&["rb", "get", name, "-o", "json"]).await.out)["spec"].clone();
    let (development, staging) = (spec("cart-development").await, spec("cart-staging").await);
    assert_eq!(staging["releaseName"], development["releaseName"]);
    assert_eq!(staging["componentTypeEnvironmentConfigs"], value!({"replicas": 2}));
    let again = plane.occ(&["component", "deploy", "cart", "--to", "staging", "--set", set]).await;
    assert_eq!(again.out, "releasebinding/cart-staging configured\n");

    let wrong = plane.occ(&["component", "deploy", "cart", "--set", "nope=1"]).await;
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("ReleaseBinding has no field \"nope\" there"), "{wrong:?}");
    let releases = plane.occ(&["componentrelease", "list", "-c", "cart", "-o", "name"]).await;
    assert_eq!(releases.out.lines().count(), 1, "a wrong override left a release behind: {releases:?}");
    plane.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_counts_only_what_speaks_of_the_object_as_it_is_now() {
    let plane = with_cart().await;
    let wait = async |goal: &str| plane.occ(&["wait", "component/cart", "--for", goal, "--timeout", "1s"]).await;
    let nothing = wait("condition=Ready").await;
    let text = "Error: component/cart after 1 s: it has no condition Ready yet\n";
    assert_eq!(nothing, Ran { code: 6, out: String::new(), err: text.into() });

    let api: Api<model::Component> = Api::namespaced(plane.client.clone(), "default");
    let ready = |observed: i64| {
        value!({"status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "Reconciled", "message": "fine",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": observed,
        }]}})
    };
    let set = async |observed: i64| {
        let patch = Patch::Merge(ready(observed));
        api.patch_status("cart", &PatchParams::default(), &patch).await.expect("a status");
    };
    set(0).await;
    assert!(wait("condition=Ready").await.err.contains("of what it was before the last change"));
    set(1).await;
    assert_eq!(wait("condition=Ready").await.out, "component/cart condition met\n");
    assert_eq!(wait("delete").await.code, 6);
    let gone = plane.occ(&["wait", "component/ghost", "--for=delete"]).await;
    assert_eq!((gone.code, gone.out.as_str()), (0, "component/ghost deleted\n"));
    plane.end().await;
}

/// A container whose program says what it is told, on both streams, and ends with 42.
struct Echo;

#[async_trait]
impl PodConnect for Echo {
    async fn logs(
        &self,
        _: PodRef,
        options: LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, ApiError> {
        let lines = ["2026-11-21T12:00:00Z one\n", "2026-11-21T12:00:01Z two\n"];
        let skipped = options.tail_lines.map_or(0, |tail| lines.len().saturating_sub(tail as usize));
        Ok(futures::stream::iter(lines.into_iter().skip(skipped).map(|line| Ok(Bytes::from(line)))).boxed())
    }

    async fn exec(&self, _: PodRef, options: ExecOptions, mut streams: Streams) -> Result<i32, ApiError> {
        let out = streams.stdout.take().expect("an output");
        let _ = out.send(options.command.join(" ").into()).await;
        if let Some(mut stdin) = streams.stdin.take() {
            while let Some(data) = stdin.recv().await {
                let _ = out.send(data).await;
            }
        }
        if let Some(errors) = streams.stderr.take() {
            let _ = errors.send("warned".into()).await;
        }
        Ok(42)
    }

    async fn attach(&self, _: PodRef, _: ExecOptions, _: Streams) -> Result<(), ApiError> {
        Ok(())
    }

    async fn port_forward(&self, _: PodRef, _: u16) -> Result<Box<dyn Duplex>, ApiError> {
        Ok(Box::new(tokio::io::duplex(1).0))
    }
}

/// Puts a ready pod where the binding's release says it is.
async fn run_pod(plane: &Plane) {
    plane.connect(Arc::new(Echo));
    let client = plane.client.clone();
    let labels = value!({
        "openchoreo.dev/namespace": "default", "openchoreo.dev/project": "default",
        "openchoreo.dev/component": "cart", "openchoreo.dev/environment": "development",
    });
    let manifest = value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "cart-1", "namespace": "cells", "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "example/cart:1"}]},
    });
    let object = |value: Value| serde_json::from_value::<DynamicObject>(value).expect("an object");
    let spaces: Api<Namespace> = Api::all(client.clone());
    let space = serde_json::from_value(value!({"metadata": {"name": "cells"}})).expect("a namespace");
    spaces.create(&PostParams::default(), &space).await.expect("created");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "cells");
    let pod = serde_json::from_value(manifest.clone()).expect("a pod");
    pods.create(&PostParams::default(), &pod).await.expect("created");
    let ready = value!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    pods.patch_status("cart-1", &PatchParams::default(), &Patch::Merge(ready)).await.expect("ready");
    let row = model::kind_row("RenderedRelease").expect("a row");
    let resource = kube::core::ApiResource {
        group: model::GROUP.into(),
        version: model::VERSION.into(),
        api_version: model::API_VERSION.into(),
        kind: row.kind.into(),
        plural: row.plural.into(),
    };
    let releases: Api<DynamicObject> = Api::namespaced_with(client, "default", &resource);
    let release = object(value!({
        "apiVersion": model::API_VERSION, "kind": row.kind,
        "metadata": {"name": "cart-development", "namespace": "default"},
        "spec": {
            "owner": {"projectName": "default", "componentName": "cart"},
            "environmentName": "development",
            "resources": [{"id": "pod", "object": manifest}],
        },
    }));
    releases.create(&PostParams::default(), &release).await.expect("created");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_shown_and_a_command_tells_how_it_ended() {
    let plane = with_cart().await;
    let early = plane.occ(&["component", "logs", "cart"]).await;
    assert_eq!(early.code, 3);
    assert!(early.err.contains("is not deployed to \"development\""), "{early:?}");
    assert_eq!(plane.occ(&["component", "deploy", "cart"]).await.code, 0);
    assert!(plane.occ(&["component", "logs", "cart"]).await.err.contains("has no pod in \"development\""));
    let nobody = plane.occ(&["component", "exec", "cart", "--", "ls"]).await;
    assert!(nobody.code == 1 && nobody.err.contains("no pod of component \"cart\" is ready"), "{nobody:?}");

    run_pod(&plane).await;
    let logs = plane.occ(&["component", "logs", "cart", "--env", "development"]).await;
    let lines = "2026-11-21T12:00:00Z [main] one\n2026-11-21T12:00:01Z [main] two\n";
    assert_eq!(logs, Ran { code: 0, out: lines.into(), err: String::new() });
    assert_eq!(plane.occ(&["component", "logs", "cart", "--tail", "1"]).await.out.lines().count(), 1);
    assert_eq!(plane.occ_until(&["component", "logs", "cart", "-f"], 2).await, lines);

    let ran = plane.occ_fed(&["component", "exec", "cart", "-i", "--", "say", "a b"], ": hello").await;
    assert_eq!(ran, Ran { code: 42, out: "say a b: hello".into(), err: "warned".into() });
    plane.end().await;
}
