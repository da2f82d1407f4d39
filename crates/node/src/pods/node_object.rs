//! The Node object of this computer.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeStatus, NodeSystemInfo};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use super::node_conditions::Saying;
use crate::engine::Engine;

/// The labels by which pods may select this node.
pub(crate) fn node_labels(name: &str, engine: &Engine) -> BTreeMap<String, String> {
    let architecture = architecture(engine);
    [
        ("kubernetes.io/hostname", name.to_owned()),
        ("kubernetes.io/os", "linux".to_owned()),
        ("kubernetes.io/arch", architecture.clone()),
        ("beta.kubernetes.io/os", "linux".to_owned()),
        ("beta.kubernetes.io/arch", architecture),
    ]
    .into_iter()
    .map(|(label, value)| (label.to_owned(), value))
    .collect()
}

fn architecture(engine: &Engine) -> String {
    match engine.abilities().architecture.as_str() {
        "x86_64" | "" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        other => other.to_owned(),
    }
}

/// Registers the node, `Ready`.
pub(crate) async fn register(client: &Client, engine: &Engine, name: &str, address: &str) -> Result<(), kube::Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let labels = node_labels(name, engine);
    let object = Node {
        metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(labels.clone()), ..ObjectMeta::default() },
        ..Node::default()
    };
    match nodes.create(&PostParams::default(), &object).await {
        Ok(_) => {}
        // Registered by an earlier run; labels that others set stay.
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            let patch = json!({"metadata": {"labels": labels}});
            nodes.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        }
        Err(error) => return Err(error),
    }

    let abilities = engine.abilities();
    let resources: BTreeMap<String, Quantity> = [
        ("cpu", abilities.cpus.to_string()),
        ("memory", format!("{}Ki", abilities.memory / 1024)),
        // Container networks are /24 by default, and there is one per namespace; this bounds the whole node.
        ("pods", "1000".to_owned()),
    ]
    .into_iter()
    .map(|(resource, quantity)| (resource.to_owned(), Quantity(quantity)))
    .collect();
    let status = NodeStatus {
        addresses: Some(vec![
            NodeAddress { type_: "InternalIP".to_owned(), address: address.to_owned() },
            NodeAddress { type_: "Hostname".to_owned(), address: name.to_owned() },
        ]),
        capacity: Some(resources.clone()),
        allocatable: Some(resources),
        conditions: Some(vec![readiness(engine, None).condition()]),
        node_info: Some(NodeSystemInfo {
            architecture: architecture(engine),
            operating_system: "linux".to_owned(),
            os_image: abilities.operating_system.clone(),
            kernel_version: abilities.kernel.clone(),
            container_runtime_version: format!(
                "{}://{}",
                if abilities.podman { "podman" } else { "docker" },
                abilities.version
            ),
            kubelet_version: concat!("v1.36.3+node-", env!("CARGO_PKG_VERSION")).to_owned(),
            ..NodeSystemInfo::default()
        }),
        ..NodeStatus::default()
    };
    let patch = json!({"status": status});
    // Conditions of other types stay: those who tell them look at what they said.
    nodes.patch_status(name, &PatchParams::default(), &Patch::Strategic(patch)).await?;
    Ok(())
}

/// Whether the node can start and watch containers. `silence` is why the engine does not answer, where it does not.
pub(super) fn readiness(engine: &Engine, silence: Option<&str>) -> Saying {
    let (name, address) = (&engine.abilities().name, engine.address());
    let message = match silence {
        None => format!("{name} {} answers at {address}", engine.abilities().version),
        Some(why) => format!(
            "container runtime is down: {name} at {address} does not answer: {why}. Containers run on; nothing is started or restarted until it answers again"
        ),
    };
    let holds = silence.is_none();
    Saying { kind: "Ready", holds, reason: if holds { "KubeletReady" } else { "KubeletNotReady" }, message }
}

/// The address that this machine uses towards others; loopback where it has none. Nothing is sent.
pub(crate) fn machine_address() -> String {
    let towards = || {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
        // A documentation address: only the route to it is looked up.
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    };
    towards().map_or_else(|_: std::io::Error| "127.0.0.1".to_owned(), |address| address.ip().to_string())
}
