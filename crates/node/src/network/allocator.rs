//! Gives each Service that should have a virtual IP and has none an address of the Service range.
//!
//! Where the API server assigns addresses itself nothing is left to do here.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Service;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio_util::task::AbortOnDropHandle;

use super::cidr::Cidr;
use super::dirty::DirtyKeys;
use super::key::ObjectKey;
use super::notices::Notices;
use super::services::{Reach, Services};

/// Services written at once.
const AT_ONCE: usize = 8;
/// Addresses at the start of the range that are kept for the cluster's own use (`.1` is the API server's); the last address is
/// the name server's.
pub(super) const KEPT: u32 = 16;

/// Assigns virtual IPs, until dropped.
#[derive(Debug)]
pub(crate) struct Allocator {
    _task: AbortOnDropHandle<()>,
}

impl Allocator {
    pub(crate) fn start(client: Client, services: Arc<Services>, range: Cidr, notices: Notices) -> Self {
        let task = tokio::spawn(async move {
            services.synced().await;
            let dirty = Arc::new(DirtyKeys::default());
            services.tell(&dirty);
            let given: Arc<Mutex<BTreeSet<(Ipv4Addr, ObjectKey)>>> = Arc::default();
            dirty
                .work(AT_ONCE, |key| {
                    let (client, services, given, notices) =
                        (client.clone(), services.clone(), given.clone(), notices.clone());
                    async move { assign(&client, &services, &given, &notices, range, &key).await }
                })
                .await;
        });
        Self { _task: AbortOnDropHandle::new(task) }
    }
}

async fn assign(
    client: &Client,
    services: &Services,
    given: &Mutex<BTreeSet<(Ipv4Addr, ObjectKey)>>,
    notices: &Notices,
    range: Cidr,
    key: &ObjectKey,
) -> Result<(), ()> {
    let entry = services.get(key);
    let Some(entry) = entry.filter(|entry| entry.facts.reach == Reach::Unassigned) else {
        given.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, owner)| owner != key);
        return Ok(());
    };
    let address = {
        let mut given = given.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = given.iter().find(|(_, owner)| owner == key).map(|(address, _)| *address);
        let mut used: BTreeSet<_> = given.iter().map(|(address, _)| *address).collect();
        used.extend(services.all().iter().filter_map(|(_, other)| match other.facts.reach {
            Reach::VirtualIp(address) => Some(address),
            _ => None,
        }));
        let address = earlier.or_else(|| choose(range, &used, &entry.facts.uid));
        given.extend(address.map(|address| (address, key.clone())));
        address
    };
    let Some(address) = address else {
        notices.warn(key, &entry.facts.uid, "ClusterIPNotAllocated", format!(
            "all addresses of the Service range {range} are assigned. Delete Services that are not needed, or start the node with a larger range"
        ));
        return Err(());
    };
    let body = json!({
        "metadata": {"uid": entry.facts.uid},
        "spec": {"clusterIP": address, "clusterIPs": [address]},
    });
    let api: Api<Service> = Api::namespaced(client.clone(), &key.namespace);
    match api.patch(&key.name, &PatchParams::default(), &Patch::Merge(body)).await {
        Ok(_) => Ok(()),
        // Gone, or made anew: its event brings it here again.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => {
            tracing::warn!(service = %key, %error, "a virtual IP could not be assigned; trying again");
            Err(())
        }
    }
}

/// A free address: first where the UID's hash points, then the next ones, so that addresses given up are not taken again
/// at once.
fn choose(range: Cidr, used: &BTreeSet<Ipv4Addr>, uid: &str) -> Option<Ipv4Addr> {
    let usable = range.size().checked_sub(KEPT + 1)?;
    if usable == 0 {
        return None;
    }
    let digest = Sha256::digest(uid);
    let start = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) % usable;
    (0..usable).filter_map(|step| range.nth(KEPT + (start + step) % usable)).find(|address| !used.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_the_range_but_the_kept_ones_is_given_once() {
        let range: Cidr = "10.96.0.0/27".parse().expect("a range");
        let mut used = BTreeSet::new();
        while let Some(address) = choose(range, &used, &format!("uid-{}", used.len())) {
            assert!(used.insert(address));
        }
        let expected: BTreeSet<_> = (16..31).map(|last| Ipv4Addr::new(10, 96, 0, last)).collect();
        assert_eq!(used, expected);
    }

    #[test]
    fn a_range_smaller_than_what_is_kept_gives_nothing() {
        assert_eq!(choose("10.96.0.0/28".parse().expect("a range"), &BTreeSet::new(), "u"), None);
    }
}
