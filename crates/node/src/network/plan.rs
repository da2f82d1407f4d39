//! The network as the pods' side sees it.

use std::net::IpAddr;

use async_trait::async_trait;

use super::error::NetworkError;
use super::{CLUSTER_DOMAIN, Network};
use crate::network_plan::{ContainerNetwork, LeavingPod, NetworkPlan, NetworkPlanError};

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
        self.services().leave(&pod.namespace, &pod.uid);
    }

    async fn remove_namespace(&self, namespace: &str) -> Result<(), NetworkPlanError> {
        Ok(self.remove_namespace_network(namespace).await?)
    }

    async fn remove_everything(&self) -> Result<(), NetworkPlanError> {
        Ok(self.clean_up().await?)
    }
}

/// The search domains of a pod, as kubelet sets them.
pub(crate) fn search_domains(namespace: &str) -> Vec<String> {
    vec![format!("{namespace}.svc.{CLUSTER_DOMAIN}"), format!("svc.{CLUSTER_DOMAIN}"), CLUSTER_DOMAIN.to_owned()]
}
