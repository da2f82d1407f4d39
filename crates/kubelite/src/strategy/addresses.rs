//! Virtual addresses of Services: one pool, what is in use is what Services say.

use std::{net::Ipv4Addr, sync::PoisonError};

use super::lease::{Lease, Pool};

/// The pool.
pub(crate) struct Addresses {
    network: u32,
    size: u32,
    used: Pool,
}

impl Addresses {
    /// A pool over `a.b.c.d/len`.
    pub(crate) fn new(range: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "service range {range:?}: expected an IPv4 network such as 10.96.0.0/16, with 8 to 28 bits of prefix"
            )
        };
        let (address, length) = range.split_once('/').ok_or_else(problem)?;
        let address: Ipv4Addr = address.parse().map_err(|_| problem())?;
        let length: u32 = length.parse().map_err(|_| problem())?;
        if !(8..=28).contains(&length) {
            return Err(problem());
        }
        let size = 1_u32 << (32 - length);
        Ok(Self { network: u32::from(address) & !(size - 1), size, used: Pool::default() })
    }

    /// Takes that address.
    pub(crate) fn take(&self, text: &str) -> Result<Lease, String> {
        let address: Ipv4Addr =
            text.parse().map_err(|_| "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned())?;
        let number = u32::from(address);
        if !(self.network + 1..self.network + self.size - 1).contains(&number) {
            return Err(format!("failed to allocate IP {text}: the provided network does not match the current range"));
        }
        if !self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(number) {
            return Err(format!("failed to allocate IP {text}: provided IP is already allocated"));
        }
        Ok(Lease::of(&self.used, number))
    }

    /// Takes a free address. The first sixteen are kept for the cluster's own use, in networks that have more.
    pub(crate) fn next(&self) -> Result<(Lease, String), String> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // Start somewhere random, so that an address is not handed to another Service right after it was freed.
        let seed = u32::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..4].try_into().unwrap_or_default());
        let kept = if self.size > 32 { 16 } else { 2 };
        let count = self.size - kept - 1;
        for step in 0..count {
            let number = self.network + kept + (seed.wrapping_add(step)) % count;
            if used.insert(number) {
                return Ok((Lease::of(&self.used, number), Ipv4Addr::from(number).to_string()));
            }
        }
        Err("failed to allocate a serviceIP: range is full".into())
    }

    /// The address of the API itself: the first of the network.
    pub(crate) fn first(&self) -> Option<String> {
        (self.size > 2).then(|| Ipv4Addr::from(self.network + 1).to_string())
    }

    /// Marks an address that a stored Service has.
    pub(crate) fn mark(&self, text: &str) {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(u32::from(address));
        }
    }

    /// The address goes back when the lease is kept.
    pub(crate) fn leave(&self, text: &str, lease: &mut Lease) {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            lease.leave(&self.used, u32::from(address));
        }
    }

    /// Gives an address back.
    pub(crate) fn free(&self, text: &str) {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).remove(&u32::from(address));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn addresses_are_unique_and_come_back() {
        let pool = Addresses::new("10.96.0.0/28").unwrap();
        let mut leases = Vec::new();
        let mut seen = BTreeSet::new();
        while let Ok((lease, address)) = pool.next() {
            assert!(seen.insert(address));
            leases.push(lease);
        }
        assert_eq!(seen.len(), 13);
        assert!(pool.take("10.96.0.5").is_err());
        leases.clear();
        assert!(pool.take("10.96.0.5").is_ok());
        assert!(pool.take("10.97.0.5").is_err());
    }
}
