//! What pods and this computer use now. Nothing is looked at unless somebody asks; autoscalers look through the same eyes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use crate::watch::{Cache, Key, lock};
use crate::workloads::{PodUsage, Sampler};

/// What is known is told again for so long, so that who asks often does not shorten the window of others.
const RESOLUTION: Duration = Duration::from_secs(15);
/// Between the two looks that the first answer needs.
const FIRST_WINDOW: Duration = Duration::from_millis(1100);

/// What something used: thousandths of a processor over a window, bytes at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Thousandths of a processor.
    pub cpu: u64,
    /// Bytes, without file pages that can be dropped where the engine tells them apart.
    pub memory: u64,
}

/// What a pod or this computer used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Namespace; empty for this computer.
    pub namespace: String,
    /// Name of the pod or node.
    pub name: String,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// The end of the window.
    pub at: Timestamp,
    /// How long the processors were looked at.
    pub window: Duration,
    /// By container; of this computer one entry with an empty name.
    pub used: BTreeMap<String, Used>,
}

/// Measures on request. Cheap to clone.
#[derive(Clone)]
pub struct NodeMetrics {
    sampler: Arc<Sampler>,
    pods: Arc<Cache<Pod>>,
    node: String,
    computer: Arc<Mutex<Option<Glance>>>,
}

impl std::fmt::Debug for NodeMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeMetrics").field("node", &self.node).finish_non_exhaustive()
    }
}

impl NodeMetrics {
    pub(crate) fn new(sampler: Arc<Sampler>, pods: Arc<Cache<Pod>>, node: String) -> Self {
        Self { sampler, pods, node, computer: Arc::default() }
    }

    /// The running pods of a namespace or of all, of one name or of all. A container that nobody has looked at lately
    /// takes a second; pods of which not everything could be measured are left out.
    pub async fn pods(&self, namespace: Option<&str>, name: Option<&str>) -> Vec<Measured> {
        let pods: Vec<Arc<Pod>> = match (namespace, name) {
            (Some(namespace), Some(name)) => self.pods.get(&Key::new(namespace, name)).into_iter().collect(),
            (Some(namespace), None) => self.pods.in_namespace(namespace),
            (None, _) => self.pods.all(),
        };
        let mut by_namespace: BTreeMap<String, Vec<Arc<Pod>>> = BTreeMap::new();
        for pod in pods {
            by_namespace.entry(pod.namespace().unwrap_or_default()).or_default().push(pod);
        }
        let mut found = self.look(&by_namespace).await;
        if found.iter().any(|(_, usage)| !is_complete(usage)) {
            tokio::time::sleep(FIRST_WINDOW).await;
            found = self.look(&by_namespace).await;
        }
        found.retain(|(_, usage)| is_complete(usage));
        found.into_iter().map(|(pod, usage)| measured(&pod, usage)).collect()
    }

    async fn look(&self, by_namespace: &BTreeMap<String, Vec<Arc<Pod>>>) -> Vec<(Arc<Pod>, PodUsage)> {
        let mut found = Vec::new();
        for pods in by_namespace.values() {
            let mut usage = self.sampler.look_within(pods, RESOLUTION).await;
            found.extend(pods.iter().filter_map(|pod| Some((pod.clone(), usage.remove(&pod.name_any())?))));
        }
        found
    }

    /// This computer as a node; `None` where the kernel does not tell.
    pub async fn node(&self) -> Option<Measured> {
        loop {
            let now = Instant::now();
            let held = lock(&self.computer).clone();
            match held {
                Some((at, _, Some(told))) if now.duration_since(at) < RESOLUTION => return Some(told),
                Some((at, before, _))
                    if now.duration_since(at) >= FIRST_WINDOW && now.duration_since(at) < 8 * RESOLUTION =>
                {
                    let busy = Busy::read().await?;
                    let window = now.duration_since(at);
                    let used = Used { cpu: busy.since(before, window), memory: used_memory().await? };
                    let told = Measured {
                        namespace: String::new(),
                        name: self.node.clone(),
                        labels: BTreeMap::new(),
                        at: Timestamp::now(),
                        window,
                        used: BTreeMap::from([(String::new(), used)]),
                    };
                    *lock(&self.computer) = Some((now, busy, Some(told.clone())));
                    return Some(told);
                }
                Some((at, _, None)) if now.duration_since(at) < FIRST_WINDOW => {
                    tokio::time::sleep(FIRST_WINDOW.saturating_sub(now.duration_since(at))).await;
                }
                _ => *lock(&self.computer) = Some((now, Busy::read().await?, None)),
            }
        }
    }
}

/// The last look at the processors of this computer, and what came of it.
type Glance = (Instant, Busy, Option<Measured>);

/// Whether every container has been looked at twice.
fn is_complete(usage: &PodUsage) -> bool {
    usage.containers.values().all(|used| used.cpu.is_some())
}

fn measured(pod: &Pod, usage: PodUsage) -> Measured {
    let natural = |number: i64| u64::try_from(number).unwrap_or_default();
    let used = usage.containers.into_iter().map(|(name, used)| {
        (name, Used { cpu: natural(used.cpu.unwrap_or_default()), memory: natural(used.memory / 1000) })
    });
    Measured {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        labels: pod.labels().clone(),
        at: usage.at,
        window: usage.window,
        used: used.collect(),
    }
}

/// Ticks that the processors of this computer have spent, and have spent idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Busy {
    all: u64,
    idle: u64,
    processors: u64,
}

impl Busy {
    async fn read() -> Option<Self> {
        Self::parse(&tokio::fs::read_to_string("/proc/stat").await.ok()?)
    }

    /// From the text of `/proc/stat`.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        let ticks: Vec<u64> = line.split_whitespace().take(8).filter_map(|tick| tick.parse().ok()).collect();
        let is_processor =
            |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        Some(Self {
            all: ticks.iter().sum(),
            idle: ticks.get(3)?.saturating_add(*ticks.get(4)?),
            processors: text.lines().filter(is_processor).count() as u64,
        })
    }

    /// Thousandths of a processor that were busy since another look.
    fn since(self, before: Self, window: Duration) -> u64 {
        let all = self.all.saturating_sub(before.all);
        let idle = self.idle.saturating_sub(before.idle);
        if all == 0 || window.is_zero() {
            return 0;
        }
        (all.saturating_sub(idle) * self.processors * 1000).div_ceil(all)
    }
}

/// Memory that is not available to new programs, in bytes.
async fn used_memory() -> Option<u64> {
    let text = tokio::fs::read_to_string("/proc/meminfo").await.ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
    };
    Some(kilobytes("MemTotal:")?.saturating_sub(kilobytes("MemAvailable:")?) * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_processors_are_counted_between_two_looks() {
        let before = Busy::parse("cpu  100 0 100 700 100 0 0 0 5 0\ncpu0 1\ncpu1 1\nintr 5\n").expect("a look");
        assert_eq!(before, Busy { all: 1000, idle: 800, processors: 2 });
        let after = Busy { all: 1200, idle: 950, processors: 2 };
        assert_eq!(after.since(before, Duration::from_secs(1)), 500);
        assert_eq!(before.since(before, Duration::from_secs(1)), 0);
        assert_eq!(Busy::parse("intr 5\n"), None);
    }

    #[tokio::test]
    async fn this_computer_is_measured() {
        let metrics = NodeMetrics::new(Arc::new(Sampler::idle()), Cache::new(), "local".to_owned());
        let first = metrics.node().await.expect("measured");
        assert!(first.used[""].memory > 0 && first.window >= FIRST_WINDOW, "{first:?}");
        assert_eq!(metrics.node().await, Some(first), "the same is told for a while");
    }
}
