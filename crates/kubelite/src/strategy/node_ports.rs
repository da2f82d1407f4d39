//! Ports that Services have on every node: one pool, what is in use is what Services say.

use std::{ops::RangeInclusive, sync::PoisonError};

use serde_json::Value;

use super::lease::{Lease, Pool};

/// The range that Kubernetes takes them from.
const RANGE: RangeInclusive<u32> = 30_000..=32_767;

/// The pool.
#[derive(Default)]
pub(crate) struct NodePorts {
    used: Pool,
}

/// All node ports of a Service.
pub(super) fn of(service: &Value) -> impl Iterator<Item = u32> {
    let spec = &service["spec"];
    spec["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|port| &port["nodePort"])
        .chain([&spec["healthCheckNodePort"]])
        .filter_map(|port| u32::try_from(port.as_u64()?).ok().filter(|port| *port > 0))
}

impl NodePorts {
    /// Takes that port.
    pub(super) fn take(&self, port: u32) -> Result<Lease, String> {
        if !RANGE.contains(&port) {
            return Err(format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                RANGE.start(),
                RANGE.end()
            ));
        }
        if !self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(port) {
            return Err("provided port is already allocated".into());
        }
        Ok(Lease::of(&self.used, port))
    }

    /// Takes a free port.
    pub(super) fn next(&self) -> Result<(Lease, u32), String> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // Start somewhere random, so that a port is not handed to another Service right after it was freed.
        let seed = u32::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..4].try_into().unwrap_or_default());
        let count = RANGE.end() - RANGE.start() + 1;
        let found =
            (0..count).map(|step| RANGE.start() + seed.wrapping_add(step) % count).find(|port| used.insert(*port));
        found.map(|port| (Lease::of(&self.used, port), port)).ok_or_else(|| "range is full".into())
    }

    /// The port goes back when the lease is kept.
    pub(super) fn leave(&self, port: u32, lease: &mut Lease) {
        lease.leave(&self.used, port);
    }

    /// Marks the ports that a stored Service has.
    pub(crate) fn mark(&self, service: &Value) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).extend(of(service));
    }

    /// Gives back the ports of a Service that is gone.
    pub(crate) fn free(&self, service: &Value) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        of(service).for_each(|port| {
            used.remove(&port);
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_unique_and_come_back() {
        let pool = NodePorts::default();
        pool.mark(&json!({"spec": {"ports": [{"nodePort": 30080}, {"port": 80}]}}));
        assert_eq!(pool.take(30080).err().unwrap(), "provided port is already allocated");
        assert!(pool.take(80).is_err());
        pool.free(&json!({"spec": {"ports": [{"nodePort": 30080}]}}));
        let lease = pool.take(30080).unwrap();
        drop(lease);
        let mut lease = pool.take(30080).unwrap();
        pool.leave(30080, &mut lease);
        lease.keep();
        assert!(pool.take(30080).is_ok());
        let (_lease, port) = pool.next().unwrap();
        assert!(RANGE.contains(&port));
    }
}
