//! What the network asks of the kernel over netlink: the ranges in use, and one interface for the Service addresses.
//!
//! The interface is a bridge without ports: wherever a container engine makes bridge networks the kernel has bridges,
//! which cannot be said of dummy interfaces. Its addresses are local to this computer; containers reach them over their
//! own default route.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use futures::TryStreamExt as _;
use rtnetlink::packet_route::address::AddressAttribute;
use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkInfo};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteType};
use rtnetlink::{Handle, LinkBridge, LinkUnspec, RouteMessageBuilder};
use tokio_util::task::AbortOnDropHandle;

use super::cidr::Cidr;
use super::error::NetworkError;

/// A conversation with the kernel's network configuration.
#[derive(Debug)]
pub(crate) struct Kernel {
    handle: Handle,
    /// One listing at a time: the kernel answers a second one on the same socket with "busy".
    listing: tokio::sync::Mutex<()>,
    _connection: AbortOnDropHandle<()>,
}

/// An interface that holds addresses of Services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) name: String,
    index: u32,
}

impl Interface {
    /// Whether `index` is this interface's.
    pub(crate) fn is(&self, index: Option<u32>) -> bool {
        index == Some(self.index)
    }
}

/// A range that a route of this computer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteInUse {
    pub(crate) range: Cidr,
    /// The interface it leads out of.
    pub(crate) out: Option<u32>,
}

impl Kernel {
    pub(crate) fn open() -> Result<Self, NetworkError> {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(|error| NetworkError::Kernel {
            action: "open a netlink socket".into(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            handle,
            listing: tokio::sync::Mutex::new(()),
            _connection: AbortOnDropHandle::new(tokio::spawn(connection)),
        })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Waits until no other listing is under way; none begins until the answer is dropped.
    pub(super) async fn listing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.listing.lock().await
    }

    /// The ranges of all IPv4 routes but the default ones, local addresses included.
    pub(crate) async fn routes(&self) -> Result<Vec<RouteInUse>, NetworkError> {
        let _alone = self.listing().await;
        let query = RouteMessageBuilder::<Ipv4Addr>::new().build();
        let mut listed = self.handle.route().get(query).execute();
        let mut routes = Vec::new();
        while let Some(route) = listed.try_next().await.map_err(|error| refused("list routes", &error))? {
            let prefix = route.header.destination_prefix_length;
            if prefix == 0 || matches!(route.header.kind, RouteType::Multicast) {
                continue;
            }
            let mut range = None;
            let mut out = None;
            for attribute in route.attributes {
                match attribute {
                    RouteAttribute::Destination(RouteAddress::Inet(address)) => {
                        range = Some(Cidr::new(address, prefix));
                    }
                    RouteAttribute::Oif(index) => out = Some(index),
                    _ => {}
                }
            }
            routes.extend(range.map(|range| RouteInUse { range, out }));
        }
        Ok(routes)
    }

    /// The interface of that name, if it exists. One that is not a bridge is not ours.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Interface>, NetworkError> {
        let mut links = self.handle.link().get().match_name(name.to_owned()).execute();
        match links.try_next().await {
            Ok(None) => Ok(None),
            Ok(Some(link)) => {
                let bridge = link.attributes.iter().any(|attribute| {
                    matches!(attribute, LinkAttribute::LinkInfo(infos) if infos.contains(&LinkInfo::Kind(InfoKind::Bridge)))
                });
                if !bridge || self.has_ports(link.header.index).await? {
                    return Err(NetworkError::ForeignInterface { interface: name.to_owned() });
                }
                Ok(Some(Interface { name: name.to_owned(), index: link.header.index }))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused(&format!("look up interface {name}"), &error)),
        }
    }

    async fn has_ports(&self, bridge: u32) -> Result<bool, NetworkError> {
        let _alone = self.listing().await;
        let mut links = self.handle.link().get().execute();
        let mut found = false;
        // To its end, or the kernel still counts it as under way.
        while let Some(link) = links.try_next().await.map_err(|error| refused("list interfaces", &error))? {
            found |= link.attributes.contains(&LinkAttribute::Controller(bridge));
        }
        Ok(found)
    }

    /// The interface of that name, made where it is missing, and up.
    pub(crate) async fn ensure(&self, name: &str) -> Result<Interface, NetworkError> {
        let interface = if let Some(there) = self.find(name).await? {
            there
        } else {
            let made = self.handle.link().add(LinkBridge::new(name).build()).execute().await;
            made.map_err(|error| interface_refused(name, &error))?;
            self.find(name).await?.ok_or_else(|| NetworkError::Kernel {
                action: format!("create interface {name}"),
                reason: "it is not there after it was made".into(),
            })?
        };
        let up = LinkUnspec::new_with_index(interface.index).up().build();
        self.handle.link().set(up).execute().await.map_err(|error| interface_refused(name, &error))?;
        Ok(interface)
    }

    /// Removes the interface with its addresses; fine when it is gone.
    pub(crate) async fn remove(&self, interface: &Interface) -> Result<(), NetworkError> {
        match self.handle.link().del(interface.index).execute().await {
            Err(error) if !is_missing(&error) => Err(interface_refused(&interface.name, &error)),
            _ => Ok(()),
        }
    }

    /// The IPv4 addresses of the interface.
    pub(crate) async fn addresses(&self, interface: &Interface) -> Result<BTreeSet<Ipv4Addr>, NetworkError> {
        let _alone = self.listing().await;
        let mut listed = self.handle.address().get().set_link_index_filter(interface.index).execute();
        let mut addresses = BTreeSet::new();
        while let Some(message) = listed.try_next().await.map_err(|error| refused("list addresses", &error))? {
            addresses.extend(message.attributes.iter().filter_map(|attribute| match attribute {
                AddressAttribute::Address(IpAddr::V4(address)) => Some(*address),
                _ => None,
            }));
        }
        Ok(addresses)
    }

    /// Adds one address; fine when it is there.
    pub(crate) async fn add_address(&self, interface: &Interface, address: Ipv4Addr) -> Result<(), NetworkError> {
        match self.handle.address().add(interface.index, address.into(), 32).execute().await {
            Err(error) if errno(&error) != Some(nix::errno::Errno::EEXIST) => {
                Err(refused(&format!("add {address} to interface {}", interface.name), &error))
            }
            _ => Ok(()),
        }
    }

    /// Takes one address away; fine when it is gone.
    pub(crate) async fn remove_address(&self, interface: &Interface, address: Ipv4Addr) -> Result<(), NetworkError> {
        let action = || format!("remove {address} from interface {}", interface.name);
        let _alone = self.listing().await;
        let mut listed = self
            .handle
            .address()
            .get()
            .set_link_index_filter(interface.index)
            .set_address_filter(address.into())
            .execute();
        while let Some(message) = listed.try_next().await.map_err(|error| refused(&action(), &error))? {
            match self.handle.address().del(message).execute().await {
                Err(error) if !is_missing(&error) => return Err(refused(&action(), &error)),
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) fn errno(error: &rtnetlink::Error) -> Option<nix::errno::Errno> {
    match error {
        rtnetlink::Error::NetlinkError(message) => {
            message.code.map(|code| nix::errno::Errno::from_raw(code.get().saturating_abs()))
        }
        _ => None,
    }
}

pub(super) fn is_missing(error: &rtnetlink::Error) -> bool {
    matches!(errno(error), Some(nix::errno::Errno::ENODEV | nix::errno::Errno::EADDRNOTAVAIL))
}

fn words(error: &rtnetlink::Error) -> String {
    errno(error).map_or_else(|| error.to_string(), |errno| errno.desc().to_owned())
}

pub(super) fn refused(action: &str, error: &rtnetlink::Error) -> NetworkError {
    NetworkError::Kernel { action: action.to_owned(), reason: words(error) }
}

fn interface_refused(name: &str, error: &rtnetlink::Error) -> NetworkError {
    if matches!(errno(error), Some(nix::errno::Errno::EPERM | nix::errno::Errno::EACCES)) {
        return NetworkError::NeedsNetAdmin { interface: name.to_owned(), reason: words(error) };
    }
    refused(&format!("set up interface {name}"), error)
}
