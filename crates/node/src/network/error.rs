//! Why the network cannot be set up, with the way out.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

use super::cidr::Cidr;

/// Why the network could not be set up or changed.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The process may not change interfaces and addresses.
    #[error(
        "Services need an interface of their own ({interface}), and this process may not create it: {reason}. Run as root or with CAP_NET_ADMIN (`setcap cap_net_admin,cap_net_bind_service+ep` on the program)"
    )]
    NeedsNetAdmin {
        /// The interface's name.
        interface: String,
        /// The kernel's words.
        reason: String,
    },
    /// The kernel refused for another reason.
    #[error("the kernel refused to {action}: {reason}")]
    Kernel {
        /// What was asked.
        action: String,
        /// The kernel's words.
        reason: String,
    },
    /// The packet filter that enforces NetworkPolicies was not taken away.
    #[error("nft did not remove the table of NetworkPolicies: {reason}")]
    Filter {
        /// The program's words.
        reason: String,
    },
    /// An interface of that name exists and was not made by us.
    #[error(
        "interface {interface} exists and is no bridge without ports, so it is not ours to use. Rename it, or choose another name for the Service interface"
    )]
    ForeignInterface {
        /// The interface's name.
        interface: String,
    },
    /// The range that was asked for is in use on this computer.
    #[error(
        "the {what} range {range} overlaps {with}, which is in use on this computer. Choose another range, or leave the choice to the node"
    )]
    RangeInUse {
        /// Service or pod.
        what: &'static str,
        /// The range asked for.
        range: Cidr,
        /// What it overlaps.
        with: String,
    },
    /// None of the ranges that are tried is free.
    #[error(
        "no free address range for {what}: all of {tried} overlap ranges in use on this computer. Choose a range yourself that no route or network of this computer uses"
    )]
    NoFreeRange {
        /// What it is for.
        what: String,
        /// What was tried.
        tried: String,
    },
    /// The address for names is taken.
    #[error(
        "cannot answer DNS on {address}: {source}. Another DNS server holds port 53 on all addresses; let it listen on its own addresses only (systemd-resolved, dnsmasq: `bind-interfaces`), or stop it"
    )]
    Dns {
        /// Where the server should have listened.
        address: SocketAddr,
        /// The kernel's words.
        source: io::Error,
    },
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
    /// A network of our name exists that we did not make.
    #[error(
        "container network {network} exists and is not labelled as ours. Remove it (`docker network rm {network}`) or rename it, then it is made anew"
    )]
    ForeignNetwork {
        /// The network's name.
        network: String,
    },
    /// The network has been shut down.
    #[error("the network of this node has been shut down")]
    ShutDown,
}
