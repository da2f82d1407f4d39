//! How a pod stands towards a metric: counted, not ready to be counted, without a measure, or left out. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::sampler::PodUsage;
use crate::workloads::owned::{is_ending, phase};

/// After a pod's start, processors that it uses while it gets ready are not counted for so long.
const WARM_UP: Duration = Duration::from_mins(5);
/// A pod that was first seen not ready within this time after its start has never been ready.
const FIRST_READINESS: Duration = Duration::from_secs(30);

/// Pods by how they stand, each by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// What each counted pod uses.
    pub(super) counted: BTreeMap<String, i64>,
    pub(super) unready: Vec<String>,
    pub(super) missing: Vec<String>,
}

/// Sorts pods. `used` says what a pod uses, where it is known; `processors`: whether that is processor time.
pub(super) fn sort(
    pods: &[Arc<Pod>],
    usage: &BTreeMap<String, PodUsage>,
    used: impl Fn(&PodUsage) -> Option<i64>,
    processors: bool,
    now: Timestamp,
) -> Standing {
    let mut standing = Standing::default();
    for pod in pods.iter().filter(|pod| !is_ending(pod) && phase(pod) != "Failed") {
        let name = pod.name_any();
        if phase(pod) == "Pending" {
            standing.unready.push(name);
            continue;
        }
        let measured = usage.get(&name).and_then(|usage| Some((usage, used(usage)?)));
        match measured {
            None => standing.missing.push(name),
            Some((usage, _)) if processors && is_warming_up(pod, usage, now) => standing.unready.push(name),
            Some((_, value)) => {
                standing.counted.insert(name, value);
            }
        }
    }
    standing
}

/// Whether processors that a pod uses say nothing about its work yet.
fn is_warming_up(pod: &Pod, usage: &PodUsage, now: Timestamp) -> bool {
    let Some(status) = &pod.status else { return true };
    let ready = status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready");
    let (Some(ready), Some(started)) = (ready, &status.start_time) else { return true };
    let changed = ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let after = |moment: Timestamp, time: Duration| moment.saturating_add(time).unwrap_or(Timestamp::MAX);
    if after(started.0, WARM_UP) > now {
        return ready.status == "False" || usage.at < after(changed, usage.window);
    }
    ready.status == "False" && after(started.0, FIRST_READINESS) > changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: &str = "2026-11-21T10:00:00Z";

    #[test]
    fn pods_stand_as_kubernetes_sorts_them() {
        let now: Timestamp = NOW.parse().expect("a moment");
        let long_ago = "2026-11-21T09:00:00Z";
        for (what, phase, ending, started, ready, since, known, processors, expected) in [
            ("ready for long", "Running", false, long_ago, "True", long_ago, true, true, "counted"),
            ("not measured", "Running", false, long_ago, "True", long_ago, false, true, "missing"),
            ("pending", "Pending", false, long_ago, "False", long_ago, true, false, "unready"),
            ("failed", "Failed", false, long_ago, "False", long_ago, true, true, "left out"),
            ("ending", "Running", true, long_ago, "True", long_ago, true, true, "left out"),
            (
                "young, not ready",
                "Running",
                false,
                "2026-11-21T09:58:00Z",
                "False",
                "2026-11-21T09:58:00Z",
                true,
                true,
                "unready",
            ),
            (
                "young, not ready, memory",
                "Running",
                false,
                "2026-11-21T09:58:00Z",
                "False",
                "2026-11-21T09:58:00Z",
                true,
                false,
                "counted",
            ),
            (
                "young, ready within the window",
                "Running",
                false,
                "2026-11-21T09:58:00Z",
                "True",
                "2026-11-21T09:59:50Z",
                true,
                true,
                "unready",
            ),
            (
                "young, ready before the window",
                "Running",
                false,
                "2026-11-21T09:58:00Z",
                "True",
                "2026-11-21T09:59:40Z",
                true,
                true,
                "counted",
            ),
            ("old, never ready", "Running", false, long_ago, "False", "2026-11-21T09:00:05Z", true, true, "unready"),
            ("old, was ready", "Running", false, long_ago, "False", "2026-11-21T09:30:00Z", true, true, "counted"),
        ] {
            let pod = json!({"metadata": {"name": "p", "deletionTimestamp": ending.then_some(NOW)},
                "status": {"phase": phase, "startTime": started, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}]}});
            let pod = Arc::new(serde_json::from_value(pod).expect("a pod"));
            let usage = PodUsage { at: now, window: Duration::from_secs(15), containers: BTreeMap::new() };
            let usage = if known { BTreeMap::from([("p".to_owned(), usage)]) } else { BTreeMap::new() };
            let standing = sort(&[pod], &usage, |_| Some(7), processors, now);
            let names = vec!["p".to_owned()];
            let wanted = match expected {
                "counted" => Standing { counted: BTreeMap::from([("p".to_owned(), 7)]), ..Standing::default() },
                "missing" => Standing { missing: names, ..Standing::default() },
                "unready" => Standing { unready: names, ..Standing::default() },
                _ => Standing::default(),
            };
            assert_eq!(standing, wanted, "{what}");
        }
    }
}
