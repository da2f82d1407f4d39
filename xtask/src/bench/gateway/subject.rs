//! The gateway alone in a process: an API server in memory with one route, and nothing else.

use anyhow::{Context, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use node::gateway::{Gateway, GatewayHandle, GatewayOptions};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long it may take until the route is served.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process, killed when dropped.
pub(crate) struct Subject {
    child: Child,
    pub(crate) port: u16,
}

impl Subject {
    /// Starts this program again as the gateway in front of `backend`, for calls of gRPC in front of `calls`.
    pub(crate) async fn start(backend: SocketAddr, calls: Option<SocketAddr>) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .args([
                "bench",
                "gateway",
                "--subject",
                &calls.map_or_else(|| backend.to_string(), |calls| format!("{backend},{calls}")),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the gateway")?;
        let stdout = child.stdout.take().context("the gateway has no output")?;
        let line = tokio::time::timeout(PATIENCE, BufReader::new(stdout).lines().next_line()).await;
        let line = line.context("the gateway did not start in time")??.context("the gateway ended at once")?;
        Ok(Self { child, port: line.trim().parse().context("the gateway said no port")? })
    }

    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("the gateway ended")
    }
}

/// Serves in this process until its input ends; `backends` is an address, or two with a comma.
pub(super) fn serve(backends: &str) -> Result<()> {
    let mut backends = backends.split(',').map(str::parse::<SocketAddr>);
    let backend = backends.next().context("--subject is empty")?.context("--subject is the backend's address")?;
    let calls = backends.next().transpose().context("--subject is the backends' addresses")?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let (_server, gateway) = stage(backend, calls).await?;
        #[allow(clippy::print_stdout, reason = "the port is what the parent waits for")]
        {
            println!("{}", gateway.http_port());
        }
        let until_it_ends = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        tokio::task::spawn_blocking(until_it_ends).await??;
        Ok(())
    })
}

/// An API server in memory with a route to `backend` and one to `calls`, and the gateway that serves them.
async fn stage(backend: SocketAddr, calls: Option<SocketAddr>) -> Result<(kubelite::Server, GatewayHandle)> {
    let server = kubelite::Server::open(kubelite::Options::default()).await?;
    let client = server.client();
    for definition in node::crds::all() {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        put(&client, "apiextensions.k8s.io/v1", "CustomResourceDefinition", definition).await?;
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        tokio::time::timeout(PATIENCE, await_condition(api, &name, is_crd_established())).await??;
    }
    let controller = "bench.example/gateway";
    let gateway = Gateway::start(GatewayOptions {
        http_port: 0,
        controller_name: controller.into(),
        ..GatewayOptions::new(client.clone())
    })
    .await?;
    put(&client, "v1", "Namespace", json!({"metadata": {"name": "bench"}})).await?;
    let meta = json!({"name": "bench", "namespace": "bench"});
    let group = "gateway.networking.k8s.io/v1";
    put(&client, group, "GatewayClass", json!({"metadata": {"name": "bench"}, "spec": {"controllerName": controller}}))
        .await?;
    let listener = json!({"name": "http", "port": gateway.http_port(), "protocol": "HTTP"});
    put(
        &client,
        group,
        "Gateway",
        json!({"metadata": meta, "spec": {"gatewayClassName": "bench", "listeners": [listener]}}),
    )
    .await?;
    service(&client, "bench", backend, None).await?;
    if let Some(calls) = calls {
        service(&client, "calls", calls, Some("kubernetes.io/h2c")).await?;
        let spec = json!({"parentRefs": [{"name": "bench"}], "hostnames": ["calls.localhost"], "rules": [{"backendRefs": [{"name": "calls", "port": 80}]}]});
        put(&client, group, "GRPCRoute", json!({"metadata": {"name": "calls", "namespace": "bench"}, "spec": spec}))
            .await?;
    }
    let route = json!({
        "metadata": meta,
        "spec": {
            "parentRefs": [{"name": "bench"}],
            "hostnames": ["bench.localhost"],
            "rules": [{
                "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
                "filters": [
                    {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}},
                    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-bench", "value": "yes"}]}},
                ],
                "backendRefs": [{"name": "bench", "port": 80}],
            }],
        },
    });
    put(&client, group, "HTTPRoute", route).await?;
    let served = tokio::time::timeout(PATIENCE, answers(gateway.address())).await;
    ensure!(served.is_ok(), "the route is not served");
    Ok((server, gateway))
}

/// A Service with one endpoint.
async fn service(client: &kube::Client, name: &str, backend: SocketAddr, speaks: Option<&str>) -> Result<()> {
    let mut port = json!({"name": "http", "port": 80});
    if let Some(speaks) = speaks {
        port["appProtocol"] = speaks.into();
    }
    let service = json!({"metadata": {"name": name, "namespace": "bench"}, "spec": {"ports": [port]}});
    put(client, "v1", "Service", service).await?;
    let slice = json!({
        "metadata": {"name": name, "namespace": "bench", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": backend.port(), "protocol": "TCP"}],
        "endpoints": [{"addresses": [backend.ip().to_string()], "conditions": {"ready": true}}],
    });
    put(client, "discovery.k8s.io/v1", "EndpointSlice", slice).await
}

/// Returns when the route answers.
async fn answers(gateway: SocketAddr) {
    let client = reqwest::Client::new();
    let url = format!("http://{gateway}/shop/page");
    loop {
        let asked = client.get(&url).header("host", "bench.localhost").send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn put(client: &kube::Client, api_version: &str, kind: &str, mut object: Value) -> Result<()> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let plural = format!("{}s", kind.to_lowercase()).replace("classs", "classes");
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), &plural);
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let params = PatchParams::apply("bench").force();
    api.patch(&name, &params, &Patch::Apply(&object)).await.with_context(|| format!("cannot write {kind} {name}"))?;
    Ok(())
}
