//! What pods use, measured between two looks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use crate::engine::{Engine, Usage};
use crate::watch::lock;

/// Containers that are asked about at the same time.
const AT_ONCE: usize = 8;
/// Looks that are nearer to each other than this make no rate: the one before stands.
const SHORTEST: Duration = Duration::from_secs(1);
/// A look that is older than this begins anew.
const LONGEST: Duration = Duration::from_mins(2);

/// What a container uses: processors in thousandths, memory in thousandths of bytes (the unit of quantities here).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Used {
    /// `None` until there are two looks.
    pub(crate) cpu: Option<i64>,
    pub(crate) memory: i64,
}

/// What the running containers of a pod use, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodUsage {
    /// When the last look was.
    pub(crate) at: Timestamp,
    /// How long the processors were looked at.
    pub(crate) window: Duration,
    pub(crate) containers: BTreeMap<String, Used>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    processor_time: u64,
    memory: u64,
    /// The rate that this look ended.
    rate: Option<(i64, Duration)>,
}

/// Remembers the last look at each container.
pub(crate) struct Sampler {
    /// None only in tests.
    engine: Option<Engine>,
    looks: Mutex<HashMap<String, Look>>,
}

impl Sampler {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine: Some(engine), looks: Mutex::default() }
    }

    #[cfg(test)]
    pub(crate) fn idle() -> Self {
        Self { engine: None, looks: Mutex::default() }
    }

    /// Looks at the running containers of these pods of one namespace. Pods of which nothing is known are left out.
    pub(crate) async fn look(&self, pods: &[Arc<Pod>]) -> BTreeMap<String, PodUsage> {
        self.look_within(pods, Duration::ZERO).await
    }

    /// The same; containers whose rate is no older than `age` are not asked about again.
    pub(crate) async fn look_within(&self, pods: &[Arc<Pod>], age: Duration) -> BTreeMap<String, PodUsage> {
        let begun = Instant::now();
        let fresh = |look: &Look| look.rate.is_some() && begun.duration_since(look.at) < age;
        let running =
            pods.iter().flat_map(|pod| containers(pod).into_iter().map(|(name, id)| (pod.name_any(), name, id)));
        let (known, unknown): (Vec<_>, Vec<_>) = {
            let looks = lock(&self.looks);
            running.map(|one| (looks.get(&one.2).copied().filter(fresh), one)).partition(|(look, _)| look.is_some())
        };
        let asked = unknown.into_iter().map(|(_, one)| one).map(|(pod, container, id)| async move {
            let usage = match &self.engine {
                Some(engine) => engine.usage(&id).await,
                None => None,
            };
            (pod, container, id, usage)
        });
        let told: Vec<_> = futures::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let now = Instant::now();
        let mut looks = lock(&self.looks);
        looks.retain(|_, look| now.duration_since(look.at) < LONGEST);
        let mut found: BTreeMap<String, PodUsage> = BTreeMap::new();
        let told = told.into_iter().filter_map(|(pod, container, id, usage)| {
            let look = next(looks.get(&id).copied(), usage?, now);
            looks.insert(id, look);
            Some((look, (pod, container)))
        });
        let known = known.into_iter().filter_map(|(look, (pod, container, _))| Some((look?, (pod, container))));
        for (look, (pod, container)) in known.chain(told) {
            let of_pod = found.entry(pod).or_insert_with(|| PodUsage {
                at: Timestamp::now(),
                window: Duration::ZERO,
                containers: BTreeMap::new(),
            });
            of_pod.window = look.rate.map_or(of_pod.window, |(_, window)| of_pod.window.max(window));
            let memory = i64::try_from(look.memory).unwrap_or(i64::MAX).saturating_mul(1000);
            of_pod.containers.insert(container, Used { cpu: look.rate.map(|(rate, _)| rate), memory });
        }
        found
    }
}

/// A look after another one.
fn next(before: Option<Look>, usage: Usage, now: Instant) -> Look {
    let first = Look { at: now, processor_time: usage.processor_time, memory: usage.memory, rate: None };
    let Some(before) = before.filter(|before| before.processor_time <= usage.processor_time) else { return first };
    let window = now.duration_since(before.at);
    if window < SHORTEST {
        return Look { memory: usage.memory, ..before };
    }
    let spent = u128::from(usage.processor_time - before.processor_time) * 1000;
    let rate = spent.div_ceil(window.as_nanos().max(1));
    Look { rate: Some((i64::try_from(rate).unwrap_or(i64::MAX), window)), ..first }
}

/// Name and id of a pod's running containers.
fn containers(pod: &Pod) -> Vec<(String, String)> {
    let Some(status) = &pod.status else { return Vec::new() };
    let all = status.container_statuses.iter().flatten().chain(status.init_container_statuses.iter().flatten());
    let running = all.filter(|one| one.state.as_ref().is_some_and(|state| state.running.is_some()));
    let id = |text: &str| text.split_once("://").map(|(_, id)| id.to_owned());
    running.filter_map(|one| Some((one.name.clone(), id(one.container_id.as_deref()?)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_what_was_spent_between_two_looks() {
        let start = Instant::now();
        let usage = |milliseconds: u64| Usage { processor_time: milliseconds * 1_000_000, memory: 1 };
        let after = |seconds| start + Duration::from_secs(seconds);
        let first = next(None, usage(700), start);
        assert_eq!(first.rate, None, "one look makes no rate");
        let second = next(Some(first), usage(4700), after(10));
        assert_eq!(second.rate, Some((400, Duration::from_secs(10))));
        let hasty = next(Some(second), usage(4800), after(10) + Duration::from_millis(300));
        assert_eq!((hasty.rate, hasty.at), (second.rate, second.at), "a hasty look changes nothing");
        let idle = next(Some(second), usage(4700), after(20));
        assert_eq!(idle.rate, Some((0, Duration::from_secs(10))));
        assert_eq!(next(Some(second), usage(5), after(20)).rate, None, "a count that starts again");
    }

    #[test]
    fn only_running_containers_are_looked_at() {
        let one = |name: &str, state: &str| {
            serde_json::json!({"name": name, "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "containerID": format!("podman://{name}1"), "state": {state: {"exitCode": 0}}})
        };
        let pod = serde_json::json!({"metadata": {"name": "p"}, "status": {
            "containerStatuses": [one("a", "running"), one("b", "terminated")], "initContainerStatuses": [one("c", "running")]}});
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        let expected = [("a", "a1"), ("c", "c1")].map(|(name, id)| (name.to_owned(), id.to_owned()));
        assert_eq!(containers(&pod), expected);
    }
}
