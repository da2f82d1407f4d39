//! One container network of the engine per Kubernetes namespace, isolated from the others.

use std::collections::HashMap;

use bollard::Docker;
use bollard::models::{Ipam, IpamConfig, Network as EngineNetwork, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptions;
use sha2::{Digest as _, Sha256};

use super::cidr::{Cidr, first_free};
use super::error::NetworkError;
use super::kernel::Kernel;
use crate::engine::{INSTANCE_LABEL, engine_words, is_missing};
use crate::network_plan::NETWORK_NAMESPACE_LABEL;

/// How many ranges are tried when the engine knows of a use that the routes do not show.
const ATTEMPTS: usize = 16;

/// The network of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceNetwork {
    /// The engine's name of the network.
    pub name: String,
    /// The engine's id of the network.
    pub id: String,
    /// The range of its pods' addresses, where the engine says it.
    pub range: Option<Cidr>,
}

#[derive(Debug)]
pub(super) struct EngineNetworks {
    pub(super) docker: Docker,
    pub(super) instance: String,
    pub(super) pods: Vec<Cidr>,
    pub(super) prefix: u8,
    /// Ranges of our own that no container network may take.
    pub(super) reserved: Vec<Cidr>,
}

impl EngineNetworks {
    /// The network's name: the installation's and the namespace's, shortened with a hash where that is too long.
    pub(super) fn name(&self, namespace: &str) -> String {
        let full = format!("{}-{namespace}", self.instance);
        if full.len() <= 63 {
            return full;
        }
        let digest = Sha256::digest(&full).iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let cut = full.char_indices().map(|(at, _)| at).take_while(|at| *at <= 54).last().unwrap_or(0);
        format!("{}-{digest:08x}", &full[..cut])
    }

    /// Finds the network of a namespace or makes it.
    pub(super) async fn ensure(&self, kernel: &Kernel, namespace: &str) -> Result<NamespaceNetwork, NetworkError> {
        let name = self.name(namespace);
        if let Some(found) = self.find(&name).await? {
            return self.ours(namespace, found);
        }
        let mut taken: Vec<_> = kernel.routes().await?.into_iter().map(|route| route.range).collect();
        taken.extend(self.reserved.iter().copied());
        taken.extend(self.ranges_of_the_engine().await?);
        for _ in 0..ATTEMPTS {
            let candidates = self.pods.iter().flat_map(|pool| pool.split(self.prefix));
            let Some(range) = first_free(candidates, &taken) else { break };
            match self.create(&name, namespace, range).await {
                Ok(()) => {
                    let found = self.find(&name).await?.ok_or_else(|| NetworkError::Engine {
                        action: "create",
                        network: name.clone(),
                        reason: "it is not there after it was made".into(),
                    })?;
                    return self.ours(namespace, found);
                }
                Err(error) if overlaps(&error) => taken.push(range),
                Err(error) if exists(&error) => {
                    if let Some(found) = self.find(&name).await? {
                        return self.ours(namespace, found);
                    }
                    return Err(refused("create", &name, &error));
                }
                Err(error) => return Err(refused("create", &name, &error)),
            }
        }
        let tried = self.pods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(NetworkError::NoFreeRange { what: format!("the pods of namespace {namespace}"), tried })
    }

    async fn create(&self, name: &str, namespace: &str, range: Cidr) -> Result<(), bollard::errors::Error> {
        let labels = HashMap::from([
            (INSTANCE_LABEL.to_owned(), self.instance.clone()),
            (NETWORK_NAMESPACE_LABEL.to_owned(), namespace.to_owned()),
        ]);
        let config = IpamConfig {
            subnet: Some(range.to_string()),
            gateway: range.nth(1).map(|address| address.to_string()),
            ..IpamConfig::default()
        };
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels),
            // Podman isolates bridge networks from each other only when asked; Docker always does, and ignores this. It is
            // a second fence: the first are our own routing rules.
            options: Some(HashMap::from([("isolate".to_owned(), "true".to_owned())])),
            ipam: Some(Ipam { config: Some(vec![config]), ..Ipam::default() }),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map(drop)
    }

    fn ours(&self, namespace: &str, found: Found) -> Result<NamespaceNetwork, NetworkError> {
        let label = |name: &str| found.labels.get(name).map(String::as_str);
        if label(INSTANCE_LABEL) != Some(&self.instance) || label(NETWORK_NAMESPACE_LABEL) != Some(namespace) {
            return Err(NetworkError::ForeignNetwork { network: found.name });
        }
        Ok(NamespaceNetwork { name: found.name, id: found.id, range: found.range })
    }

    async fn find(&self, name: &str) -> Result<Option<Found>, NetworkError> {
        match self.docker.inspect_network(name, None).await {
            Ok(found) => Ok(Some(Found {
                name: found.name.unwrap_or_default(),
                id: found.id.unwrap_or_default(),
                labels: found.labels.unwrap_or_default(),
                range: found.ipam.as_ref().and_then(range_of),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused("inspect", name, &error)),
        }
    }

    async fn ranges_of_the_engine(&self) -> Result<Vec<Cidr>, NetworkError> {
        let all = self.docker.list_networks(None::<ListNetworksOptions>).await;
        let all = all.map_err(|error| refused("list", "of this engine", &error))?;
        Ok(all.iter().filter_map(|network| network.ipam.as_ref().and_then(range_of)).collect())
    }

    /// The networks of this installation with the namespaces they belong to.
    pub(super) async fn list(&self) -> Result<Vec<(String, String)>, NetworkError> {
        let label = format!("{INSTANCE_LABEL}={}", self.instance);
        let options = ListNetworksOptions { filters: Some(HashMap::from([("label".to_owned(), vec![label])])) };
        let listed: Vec<EngineNetwork> = self
            .docker
            .list_networks(Some(options))
            .await
            .map_err(|error| refused("list", "of this installation", &error))?;
        let named = listed.into_iter().filter_map(|network| {
            let namespace = network.labels?.remove(NETWORK_NAMESPACE_LABEL)?;
            Some((network.name?, namespace))
        });
        Ok(named.collect())
    }

    /// Removes a network; fine when it is gone.
    pub(super) async fn remove(&self, name: &str) -> Result<(), NetworkError> {
        match self.docker.remove_network(name).await {
            Ok(()) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(refused("remove", name, &error)),
        }
    }
}

struct Found {
    name: String,
    id: String,
    labels: HashMap<String, String>,
    range: Option<Cidr>,
}

fn range_of(ipam: &Ipam) -> Option<Cidr> {
    ipam.config.iter().flatten().find_map(|config| config.subnet.as_deref()?.parse().ok())
}

fn says(error: &bollard::errors::Error, words: &[&str]) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { message, .. } if words.iter().any(|word| message.contains(word)))
}

/// Docker: "Pool overlaps with other one on this address space"; Podman: "subnet … is already used on the host or by
/// another config".
fn overlaps(error: &bollard::errors::Error) -> bool {
    says(error, &["overlaps", "already used on the host"])
}

fn exists(error: &bollard::errors::Error) -> bool {
    says(error, &["already exists", "already used"])
}

fn refused(action: &'static str, network: &str, error: &bollard::errors::Error) -> NetworkError {
    let reason = engine_words(error);
    NetworkError::Engine { action, network: network.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_derived_and_stay_within_what_engines_take() {
        let docker =
            Docker::connect_with_http("http://127.0.0.1:1", 1, bollard::API_DEFAULT_VERSION).expect("an address");
        let networks =
            EngineNetworks { docker, instance: "oc".into(), pods: Vec::new(), prefix: 24, reserved: Vec::new() };
        assert_eq!(networks.name("default"), "oc-default");
        let long = "dp-default-a-project-with-a-long-name-production-f8e58905abcdef0";
        let name = networks.name(long);
        assert_eq!(name.len(), 63);
        assert!(name.starts_with("oc-dp-default-a-project"), "{name}");
        assert_ne!(name, networks.name(&format!("{long}1")));
    }
}
