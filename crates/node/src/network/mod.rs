//! Services, names and container networks on one computer.
//!
//! ```text
//!  Service ─▶ virtual IP on our interface ─▶ service proxy ─▶ ready pod        (allocator, addresses, proxy)
//!  Pod ─────▶ EndpointSlice ─▶ ready addresses per port                        (endpoint_slices, services)
//!  name ────▶ name server on our interface ─▶ virtual IP, or the world outside (dns)
//!  Namespace ▶ container network, isolated from the others                     (namespaces, engine_networks)
//! ```
//!
//! Containers reach virtual IPs over their default route, which ends on this computer; the proxy dials pods over the
//! bridges. So nothing crosses from one namespace's network to another's except through the proxy, which sees the
//! client's own address.

mod addresses;
mod allocator;
mod bridges;
mod cidr;
mod dirty;
mod dns;
mod endpoint_slices;
mod engine_networks;
mod error;
mod isolation;
mod kernel;
mod key;
mod labels;
mod namespaces;
mod notices;
mod plan;
mod policies;
mod proxy;
mod ranges;
pub mod services;
mod watched;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use kube::Client;

use addresses::Addresses;
use allocator::Allocator;
use bridges::Bridges;
pub use cidr::{Cidr, CidrError};
pub(crate) use dirty::DirtyKeys;
pub use dns::Outside;
use dns::{CLUSTER_DOMAIN, Dns};
use endpoint_slices::EndpointSlices;
pub use engine_networks::NamespaceNetwork;
pub use error::NetworkError;
use isolation::Isolation;
pub use isolation::rule_priorities;
use kernel::{Interface, Kernel};
pub use key::ObjectKey;
pub(crate) use labels::selects;
use namespaces::{Namespaces, NetworkRecipe};
use notices::Notices;
use policies::{Enforcer, Means, Policies};
use proxy::Proxy;
use services::{Reach, Services};
pub(crate) use watched::{Change, Watched};

use crate::engine::Engine;

/// The port of names.
const DNS_PORT: u16 = 53;
/// Where the addresses of Services are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// On an interface of this name (at most 15 characters), made where it is missing. Needs CAP_NET_ADMIN.
    Interface(String),
    /// Nowhere: the whole Service range is local to this computer already, as 127.0.0.0/8 is.
    AlreadyLocal,
}

/// What the network needs.
#[derive(Clone)]
pub struct NetworkOptions {
    /// The cluster.
    pub client: Client,
    /// The engine that container networks are made on; none where nothing but Services is wanted.
    pub engine: Option<Engine>,
    /// The Services, where somebody follows them already.
    pub services: Option<Arc<Services>>,
    /// Where the addresses of Services are put.
    pub placement: Placement,
    /// The range of virtual IPs; chosen where none is given.
    pub service_range: Option<Cidr>,
    /// The ranges that the networks of pods are cut from.
    pub pod_ranges: Vec<Cidr>,
    /// The port that names are answered on; anything but 53 is for tests, as containers cannot be told of it.
    pub dns_port: u16,
    /// Where names that are not of the cluster are asked for.
    pub outside: Outside,
}

impl NetworkOptions {
    /// The usual network for the containers of `engine`: an interface named after the installation, ranges chosen freely,
    /// names outside asked for where this computer asks.
    pub fn new(client: Client, engine: Engine) -> Self {
        Self {
            client,
            placement: Placement::Interface(interface_name(engine.instance())),
            engine: Some(engine),
            services: None,
            service_range: None,
            pod_ranges: ranges::POD_RANGES.map(ranges::range).to_vec(),
            dns_port: DNS_PORT,
            outside: Outside::ResolvConf("/etc/resolv.conf".into()),
        }
    }
}

/// The running network. Services are served until it is dropped or cleaned up; the interface and the container networks
/// stay until [`Network::clean_up`], so that containers keep their addresses over a restart.
#[derive(Debug)]
pub struct Network {
    services: Arc<Services>,
    namespaces: Option<Namespaces>,
    range: Cidr,
    dns: SocketAddr,
    interface: Option<(Arc<Kernel>, Interface)>,
    isolation: Option<(Arc<Kernel>, Isolation)>,
    enforcer: Option<Enforcer>,
    serving: Mutex<Option<Serving>>,
}

/// The parts that hold addresses.
#[derive(Debug)]
struct Serving {
    _proxy: Proxy,
    _dns: Dns,
    _allocator: Allocator,
    _endpoint_slices: EndpointSlices,
    _bridges: Option<Bridges>,
}

impl Network {
    /// Sets up the interface, the name server, the service proxy and the controllers of virtual IPs and EndpointSlices.
    ///
    /// Finds again what an earlier process with the same options left, and takes away what no Service has any more.
    ///
    /// # Errors
    /// [`NetworkError`], whose text says what is in the way and the way out.
    pub async fn start(options: NetworkOptions) -> Result<Self, NetworkError> {
        let services = options.services.clone().unwrap_or_else(|| Services::start(&options.client));
        services.synced().await;
        let kernel = match options.placement {
            Placement::Interface(_) => Some(Arc::new(Kernel::open()?)),
            Placement::AlreadyLocal => None,
        };
        let range = choose_range(&options, kernel.as_deref(), &services).await?;
        let dns_ip = dns_ip(range);
        let (interface, addresses) = match (&options.placement, kernel) {
            (Placement::Interface(name), Some(kernel)) => {
                let interface = kernel.ensure(name).await?;
                kernel.add_address(&interface, dns_ip).await?;
                (Some((kernel.clone(), interface.clone())), Addresses::On(kernel, interface))
            }
            _ => (None, Addresses::AlreadyLocal),
        };
        let dns_address = SocketAddr::from((dns_ip, options.dns_port));
        let dns = Dns::start(services.clone(), dns_address, options.outside)
            .await
            .map_err(|source| NetworkError::Dns { address: dns_address, source })?;
        let notices = Notices::start(options.client.clone());
        let allocator = Allocator::start(options.client.clone(), services.clone(), range, notices.clone());
        let endpoint_slices = EndpointSlices::start(options.client.clone(), services.clone());
        let means = match (&options.engine, &interface) {
            (Some(_), Some(_)) => Means::find().await,
            _ => Means::none("this network has no containers"),
        };
        let policies = Policies::start(&options.client, options.pod_ranges.clone(), notices.clone());
        let proxy =
            Proxy::start((services.clone(), policies.clone()), addresses, notices, range, BTreeSet::from([dns_ip]));
        let isolation = match (&options.engine, &interface) {
            (Some(engine), Some((kernel, _))) => {
                let isolation = Isolation::new(options.pod_ranges.clone(), engine.instance());
                isolation.ensure(kernel).await?;
                Some((kernel.clone(), isolation))
            }
            _ => None,
        };
        let bridges = match &isolation {
            Some(_) => Some(Bridges::start(options.pod_ranges.clone()).await?),
            None => None,
        };
        let instance = options.engine.as_ref().map(|engine| engine.instance().to_owned()).unwrap_or_default();
        let namespaces = options.engine.map(|engine| {
            Namespaces::start(NetworkRecipe {
                docker: engine.docker().clone(),
                instance: engine.instance().to_owned(),
                pods: options.pod_ranges,
                prefix: ranges::POD_PREFIX,
                reserved: vec![range],
            })
        });
        let namespaces = namespaces.transpose()?;
        let enforcer = namespaces
            .as_ref()
            .map(|found| Enforcer::start(options.client.clone(), policies, found.ranges(), means, &instance));
        tracing::info!(services = %range, dns = %dns.address(), "Services are served");
        Ok(Self {
            services,
            namespaces,
            range,
            dns: dns.address(),
            interface,
            isolation,
            enforcer,
            serving: Mutex::new(Some(Serving {
                _proxy: proxy,
                _dns: dns,
                _allocator: allocator,
                _endpoint_slices: endpoint_slices,
                _bridges: bridges,
            })),
        })
    }

    /// The Services with their ready endpoints, to share with the gateway.
    pub fn services(&self) -> Arc<Services> {
        self.services.clone()
    }

    /// The range of virtual IPs.
    pub fn service_range(&self) -> Cidr {
        self.range
    }

    /// Where names are answered.
    pub fn dns_address(&self) -> SocketAddr {
        self.dns
    }

    pub(crate) fn dns_ip(&self) -> Ipv4Addr {
        match self.dns {
            SocketAddr::V4(address) => *address.ip(),
            SocketAddr::V6(_) => self.range.first(),
        }
    }

    /// Finds the container network of a Kubernetes namespace or makes it; asks the engine each time, so that a network
    /// removed behind our back is made again.
    pub async fn ensure_namespace_network(&self, namespace: &str) -> Result<NamespaceNetwork, NetworkError> {
        self.namespaces.as_ref().ok_or(NetworkError::ShutDown)?.ensure(namespace).await
    }

    /// Removes the container network of a Kubernetes namespace; fine when it is gone.
    pub async fn remove_namespace_network(&self, namespace: &str) -> Result<(), NetworkError> {
        match &self.namespaces {
            Some(namespaces) => namespaces.remove(namespace).await,
            None => Ok(()),
        }
    }

    /// Stops serving and removes the interface and all container networks of this installation. Containers on them must
    /// be gone. Everything is tried; the first failure is returned.
    pub async fn clean_up(&self) -> Result<(), NetworkError> {
        drop(self.serving.lock().unwrap_or_else(PoisonError::into_inner).take());
        let interface = match &self.interface {
            Some((kernel, interface)) => kernel.remove(interface).await,
            None => Ok(()),
        };
        let networks = match &self.namespaces {
            Some(namespaces) => namespaces.remove_all().await,
            None => Ok(()),
        };
        let isolation = match &self.isolation {
            Some((kernel, isolation)) => isolation.remove(kernel).await,
            None => Ok(()),
        };
        let filter = match &self.enforcer {
            Some(enforcer) => enforcer.remove().await.map_err(|reason| NetworkError::Filter { reason }),
            None => Ok(()),
        };
        interface.and(networks).and(isolation).and(filter)
    }
}

/// The name of an installation's interface; the kernel allows 15 characters.
fn interface_name(instance: &str) -> String {
    let mut name = format!("svc-{instance}");
    name.truncate(15);
    name
}

/// Removes the interface, the routing rules, the packet filter and the container networks of an installation that no process serves;
/// answers how many container networks there were. Containers on them must be gone.
pub(crate) async fn remove_installation(engine: &Engine) -> Result<usize, NetworkError> {
    let (instance, kernel) = (engine.instance(), Kernel::open()?);
    let interface = match kernel.find(&interface_name(instance)).await {
        Ok(Some(found)) => kernel.remove(&found).await,
        other => other.map(drop),
    };
    let rules = Isolation::new(Vec::new(), instance).remove(&kernel).await;
    let filter = policies::remove_filter(instance).await.map_err(|reason| NetworkError::Filter { reason });
    let networks = namespaces::remove_installation(engine).await;
    interface.and(rules).and(filter).and(networks)
}

/// The last address of the Service range, which no allocator gives to a Service: it stays the same however Services come
/// and go, as containers are told it once.
fn dns_ip(range: Cidr) -> Ipv4Addr {
    range.nth(range.size().saturating_sub(1)).unwrap_or(range.first())
}

/// The Service range that a network with this interface would choose on this computer: for an API server that assigns
/// virtual IPs itself and must know the range before the network starts.
///
/// # Errors
/// [`NetworkError`] when the kernel cannot be asked or no range is free.
pub async fn free_service_range(interface: &str) -> Result<Cidr, NetworkError> {
    let kernel = Kernel::open()?;
    ranges::service_range(None, &[], &taken(&kernel, interface).await?)
}

/// The ranges in use on this computer, those of our own interface aside.
async fn taken(kernel: &Kernel, interface: &str) -> Result<Vec<Cidr>, NetworkError> {
    let own = kernel.find(interface).await?;
    let others = kernel.routes().await?.into_iter().filter(|route| !own.as_ref().is_some_and(|own| own.is(route.out)));
    Ok(others.map(|route| route.range).collect())
}

/// Looks at what is in use on this computer and chooses the Service range.
async fn choose_range(
    options: &NetworkOptions,
    kernel: Option<&Kernel>,
    services: &Services,
) -> Result<Cidr, NetworkError> {
    let mut taken = Vec::new();
    if let (Some(kernel), Placement::Interface(name)) = (kernel, &options.placement) {
        taken = self::taken(kernel, name).await?;
    }
    let assigned: Vec<_> = services
        .all()
        .iter()
        .filter_map(|(_, entry)| match entry.facts.reach {
            Reach::VirtualIp(address) => Some(address),
            _ => None,
        })
        .collect();
    ranges::service_range(options.service_range, &assigned, &taken)
}

#[cfg(test)]
mod engine_tests;
#[cfg(test)]
pub(crate) mod test_cluster;
#[cfg(test)]
mod tests;
