//! What the pods' side asks of the network's side: the seam between `pods` and `network`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bollard::models::NetworkCreateRequest;
use thiserror::Error;
use tokio::sync::watch;

use crate::engine::{Engine, INSTANCE_LABEL};

/// The label that carries the Kubernetes namespace on a container network.
pub const NETWORK_NAMESPACE_LABEL: &str = "io.kubernetes.pod.namespace";

/// The engine's network that the containers of one Kubernetes namespace join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerNetwork {
    /// The engine's name of the network; also accepted where an id is.
    pub name: String,
    /// The engine's id of the network.
    pub id: String,
    /// Name servers for `/etc/resolv.conf`, in order; empty: the engine's own answer.
    pub dns_servers: Vec<IpAddr>,
    /// Search domains for `/etc/resolv.conf`, in order.
    pub search_domains: Vec<String>,
    /// Options for `/etc/resolv.conf`, such as `ndots:5`.
    pub dns_options: Vec<String>,
}

/// A pod that is about to be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingPod {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's UID.
    pub uid: String,
    /// The addresses that its status published.
    pub addresses: Vec<IpAddr>,
    /// How long it may take to stop.
    pub grace: Duration,
}

/// Why a container network could not be made or removed.
#[derive(Debug, Error)]
pub enum NetworkPlanError {
    /// The engine refused.
    #[error("the container engine refused to {action} network {network}: {reason}")]
    Engine {
        /// What was asked.
        action: &'static str,
        /// The network's name.
        network: String,
        /// The engine's words.
        reason: String,
    },
    /// Something on this machine is in the way; the text says what and the way out.
    #[error("{0}")]
    Machine(String),
}

/// How far NetworkPolicies are enforced on this computer. The words go on after "not enforced": what, why, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyEnforcement {
    /// Not known yet.
    Unknown,
    /// As written.
    Whole,
    /// The computer lacks something for a part of them.
    Lacking(String),
    /// The kernel does not take them as they are.
    Refused(String),
}

/// Gives each Kubernetes namespace its container network.
///
/// The pods' side calls [`NetworkPlan::ensure_namespace`] before it starts a pod, joins the pod to the network that it
/// gets, and publishes the address that the engine gave as the pod's IP. Services, endpoints, names and the proxy follow
/// from the API server alone.
#[async_trait]
pub trait NetworkPlan: Send + Sync + 'static {
    /// Makes the network of `namespace` where it is missing and returns it. Called often: must be cheap when it exists,
    /// and must notice when the engine lost the network.
    async fn ensure_namespace(&self, namespace: &str) -> Result<ContainerNetwork, NetworkPlanError>;

    /// Called before the containers of a pod get their stop signal. Returns when no new connection is sent to it and those
    /// requests that it is answering are done, as far as they end soon; the caller waits no longer than the pod's
    /// termination grace.
    async fn pod_leaving(&self, _pod: &LeavingPod) {}

    /// Removes the network of a namespace that is gone and whose containers are removed. Fine when there is none.
    async fn remove_namespace(&self, namespace: &str) -> Result<(), NetworkPlanError>;

    /// Removes every network that this installation made.
    async fn remove_everything(&self) -> Result<(), NetworkPlanError>;

    /// How far NetworkPolicies are enforced, as it changes.
    fn policy_enforcement(&self) -> watch::Receiver<PolicyEnforcement>;
}

/// The plan without Services: one user network of the engine per namespace, with the engine's own name resolution.
#[derive(Debug, Clone)]
pub struct EngineNetworks {
    engine: Engine,
}

impl EngineNetworks {
    /// Networks on `engine`, named and labelled after its instance.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    fn network_name(&self, namespace: &str) -> String {
        format!("{}-{namespace}", self.engine.instance())
    }
}

#[async_trait]
impl NetworkPlan for EngineNetworks {
    async fn ensure_namespace(&self, namespace: &str) -> Result<ContainerNetwork, NetworkPlanError> {
        let name = self.network_name(namespace);
        let id = match self.engine.docker().inspect_network(&name, None).await {
            Ok(found) => found.id.unwrap_or_default(),
            Err(error) if crate::engine::is_missing(&error) => {
                let labels = HashMap::from([
                    (INSTANCE_LABEL.to_owned(), self.engine.instance().to_owned()),
                    (NETWORK_NAMESPACE_LABEL.to_owned(), namespace.to_owned()),
                ]);
                let request = NetworkCreateRequest {
                    name: name.clone(),
                    driver: Some("bridge".to_owned()),
                    labels: Some(labels),
                    ..NetworkCreateRequest::default()
                };
                let made = self.engine.docker().create_network(request).await;
                made.map_err(|error| refused("create", &name, &error))?.id
            }
            Err(error) => return Err(refused("inspect", &name, &error)),
        };
        Ok(ContainerNetwork { name, id, dns_servers: Vec::new(), search_domains: Vec::new(), dns_options: Vec::new() })
    }

    async fn remove_namespace(&self, namespace: &str) -> Result<(), NetworkPlanError> {
        let name = self.network_name(namespace);
        match self.engine.docker().remove_network(&name).await {
            Ok(()) => Ok(()),
            Err(error) if crate::engine::is_missing(&error) => Ok(()),
            Err(error) => Err(refused("remove", &name, &error)),
        }
    }

    async fn remove_everything(&self) -> Result<(), NetworkPlanError> {
        let label = format!("{INSTANCE_LABEL}={}", self.engine.instance());
        let options = bollard::query_parameters::ListNetworksOptions {
            filters: Some(HashMap::from([("label".to_owned(), vec![label])])),
        };
        let listed = self.engine.docker().list_networks(Some(options)).await;
        for network in listed.map_err(|error| refused("list", "of this installation", &error))? {
            let name = network.name.unwrap_or_default();
            match self.engine.docker().remove_network(&name).await {
                Ok(()) => {}
                Err(error) if crate::engine::is_missing(&error) => {}
                Err(error) => return Err(refused("remove", &name, &error)),
            }
        }
        Ok(())
    }

    fn policy_enforcement(&self) -> watch::Receiver<PolicyEnforcement> {
        let words = "at all: the engine's own networks know no NetworkPolicies; run the node with Services";
        watch::channel(PolicyEnforcement::Lacking(words.to_owned())).1
    }
}

fn refused(action: &'static str, network: &str, error: &bollard::errors::Error) -> NetworkPlanError {
    NetworkPlanError::Engine { action, network: network.to_owned(), reason: crate::engine::engine_words(error) }
}
