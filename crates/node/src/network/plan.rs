//! The network as the pods' side sees it.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::error::NetworkError;
use super::{CLUSTER_DOMAIN, Network};
use crate::network_plan::{ContainerNetwork, LeavingPod, NetworkPlan, NetworkPlanError, PolicyEnforcement};

/// How long a pod that is about to stop is waited for while it answers requests; half of its grace at most.
const DRAINS: Duration = Duration::from_secs(5);

impl From<NetworkError> for NetworkPlanError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Engine { action, network, reason } => Self::Engine { action, network, reason },
            other => Self::Machine(other.to_string()),
        }
    }
}

#[async_trait]
impl NetworkPlan for Network {
    async fn ensure_namespace(&self, namespace: &str) -> Result<ContainerNetwork, NetworkPlanError> {
        let network = self.ensure_namespace_network(namespace).await?;
        Ok(ContainerNetwork {
            name: network.name,
            id: network.id,
            dns_servers: vec![IpAddr::V4(self.dns_ip())],
            search_domains: search_domains(namespace),
            dns_options: vec!["ndots:5".into()],
        })
    }

    async fn pod_leaving(&self, pod: &LeavingPod) {
        let services = self.services();
        services.leave(&pod.namespace, &pod.uid);
        let patience = DRAINS.min(pod.grace / 2);
        if tokio::time::timeout(patience, services.under_way().ended(&pod.addresses)).await.is_err() {
            tracing::debug!(namespace = pod.namespace, pod = pod.name, "requests that take longer are left to the pod");
        }
    }

    async fn remove_namespace(&self, namespace: &str) -> Result<(), NetworkPlanError> {
        Ok(self.remove_namespace_network(namespace).await?)
    }

    async fn remove_everything(&self) -> Result<(), NetworkPlanError> {
        Ok(self.clean_up().await?)
    }

    fn policy_enforcement(&self) -> watch::Receiver<PolicyEnforcement> {
        match &self.enforcer {
            Some(enforcer) => enforcer.enforcement(),
            // Without containers there is nothing to enforce.
            None => watch::channel(PolicyEnforcement::Unknown).1,
        }
    }
}

/// The search domains of a pod, as kubelet sets them.
pub(crate) fn search_domains(namespace: &str) -> Vec<String> {
    vec![format!("{namespace}.svc.{CLUSTER_DOMAIN}"), format!("svc.{CLUSTER_DOMAIN}"), CLUSTER_DOMAIN.to_owned()]
}
