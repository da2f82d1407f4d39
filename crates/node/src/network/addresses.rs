//! Where the addresses of Services are: on an interface of ours, or local to this computer already.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::error::NetworkError;
use super::kernel::{Interface, Kernel};

/// The place of Service addresses.
#[derive(Debug, Clone, Default)]
pub(crate) enum Addresses {
    /// They are local to this computer without our doing, as all of 127.0.0.0/8 is.
    #[default]
    AlreadyLocal,
    /// They are put on this interface, one by one.
    On(Arc<Kernel>, Interface),
}

impl Addresses {
    pub(crate) async fn place(&self, address: Ipv4Addr) -> Result<(), NetworkError> {
        match self {
            Self::AlreadyLocal => Ok(()),
            Self::On(kernel, interface) => kernel.add_address(interface, address).await,
        }
    }

    pub(crate) async fn take_away(&self, address: Ipv4Addr) {
        let Self::On(kernel, interface) = self else { return };
        if let Err(error) = kernel.remove_address(interface, address).await {
            tracing::warn!(%error, "an address that no Service has stays on the interface until the next start");
        }
    }

    /// Takes away all addresses but those.
    pub(crate) async fn keep_only(&self, kept: &BTreeSet<Ipv4Addr>) {
        let Self::On(kernel, interface) = self else { return };
        match kernel.addresses(interface).await {
            Ok(present) => {
                for stray in present.difference(kept) {
                    self.take_away(*stray).await;
                }
            }
            Err(error) => tracing::warn!(%error, "addresses of an earlier run stay on the interface"),
        }
    }
}
