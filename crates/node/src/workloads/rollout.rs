//! How many pods of which template a Deployment has next. Pure arithmetic over the ReplicaSets that are there.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt as _;

/// How far a rolling update may go beyond and below the wished number of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) surge: i32,
    pub(crate) unavailable: i32,
}

/// A ReplicaSet's numbers, changed step by step while a plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) replicas: i32,
    pub(crate) available: i32,
    /// Pods that are there, the ending ones left out.
    pub(crate) present: i32,
    /// The Deployment's wish when the set was scaled last.
    pub(crate) wished: Option<i32>,
}

impl Set {
    pub(crate) fn of(set: &ReplicaSet) -> Self {
        let status = set.status.clone().unwrap_or_default();
        Self {
            name: set.name_any(),
            replicas: wished(set),
            available: status.available_replicas.unwrap_or_default(),
            present: status.replicas,
            wished: set.annotations().get(super::DESIRED_ANNOTATION).and_then(|text| text.parse().ok()),
        }
    }
}

/// The replicas that a ReplicaSet asks for.
pub(crate) fn wished(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// The replicas that a Deployment asks for.
pub(crate) fn replicas(deployment: &Deployment) -> i32 {
    deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// The bounds of a Deployment. Surge rounds up, unavailability down; both zero would stand still, so one may be away.
pub(crate) fn bounds(deployment: &Deployment) -> Bounds {
    let total = replicas(deployment);
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.clone()).unwrap_or_default();
    if strategy.type_.as_deref() == Some("Recreate") {
        return Bounds { surge: 0, unavailable: 0 };
    }
    let rolling = strategy.rolling_update.unwrap_or_default();
    let quarter = || IntOrString::String("25%".to_owned());
    let surge = scaled(&rolling.max_surge.unwrap_or_else(quarter), total, true);
    let unavailable = scaled(&rolling.max_unavailable.unwrap_or_else(quarter), total, false);
    if surge == 0 && unavailable == 0 {
        Bounds { surge, unavailable: 1 }
    } else {
        Bounds { surge, unavailable: unavailable.min(total) }
    }
}

/// A number, or a percentage of the total; what is neither is 0.
pub(super) fn scaled(value: &IntOrString, total: i32, up: bool) -> i32 {
    match value {
        IntOrString::Int(number) => (*number).max(0),
        IntOrString::String(text) => {
            let Some(percent) = text.strip_suffix('%').and_then(|number| number.parse::<i64>().ok()) else { return 0 };
            let product = i64::from(total) * percent.max(0);
            (if up { (product + 99) / 100 } else { product / 100 }) as i32
        }
    }
}

/// How many pods a new ReplicaSet begins with.
pub(crate) fn first_replicas(total: i32, bounds: Bounds, old: &[Set], recreate: bool) -> i32 {
    if recreate {
        return total;
    }
    let current: i32 = old.iter().map(|set| set.replicas).sum();
    (total + bounds.surge - current).clamp(0, total)
}

/// Rolls on: the new set grows within the surge, the old ones shrink as the new pods become available. `old` is in order of age.
pub(crate) fn roll(total: i32, bounds: Bounds, new: &mut Set, old: &mut [Set]) {
    if new.replicas > total {
        new.replicas = total;
    } else if new.replicas < total {
        let current: i32 = new.replicas + old.iter().map(|set| set.replicas).sum::<i32>();
        let room = (total + bounds.surge - current).max(0);
        new.replicas += room.min(total - new.replicas);
    }
    let everything: i32 = new.replicas + old.iter().map(|set| set.replicas).sum::<i32>();
    let least = total - bounds.unavailable;
    let new_missing = new.replicas - new.available.min(new.replicas);
    let spare = everything - least - new_missing;
    if spare <= 0 {
        return;
    }
    // Old pods that serve nobody go first.
    let mut left = spare;
    for set in old.iter_mut().filter(|set| set.replicas > set.available) {
        let gone = left.min(set.replicas - set.available);
        set.replicas -= gone;
        left -= gone;
    }
    let available: i32 = new.available + old.iter().map(|set| set.available.min(set.replicas)).sum::<i32>();
    let mut left = (available - least).max(0);
    for set in old.iter_mut() {
        let gone = left.min(set.replicas);
        set.replicas -= gone;
        left -= gone;
    }
}

/// Recreates: the old pods go, and only when none is left the new ones come. `ending` old pods are still there.
pub(crate) fn recreate(total: i32, new: Option<&mut Set>, old: &mut [Set], ending: bool) {
    let mut left = ending;
    for set in old.iter_mut() {
        left |= set.replicas > 0 || set.present > 0;
        set.replicas = 0;
    }
    if let (Some(new), false) = (new, left) {
        new.replicas = total;
    }
}

/// Follows a changed wish in the middle of a rollout, or while it is paused: each set in proportion to its size.
pub(crate) fn scale(total: i32, bounds: Bounds, rolling: bool, new: Option<&mut Set>, old: &mut [Set]) {
    let mut sets: Vec<&mut Set> = new.into_iter().chain(old.iter_mut()).collect();
    let active = sets.iter().filter(|set| set.replicas > 0).count();
    if active <= 1 {
        let only = sets.iter().position(|set| set.replicas > 0).unwrap_or(0);
        if let Some(set) = sets.get_mut(only) {
            set.replicas = total;
        }
        return;
    }
    if !rolling {
        return;
    }
    let most = if total > 0 { total + bounds.surge } else { 0 };
    let current: i32 = sets.iter().map(|set| set.replicas).sum();
    let mut to_add = most - current;
    // The largest set takes what rounding leaves.
    sets.sort_by_key(|set| std::cmp::Reverse(set.replicas));
    let all = to_add;
    for set in &mut sets {
        if to_add == 0 {
            break;
        }
        let before = set.wished.map_or(current, |wished| wished + bounds.surge).max(1);
        let share = (f64::from(set.replicas) * f64::from(most) / f64::from(before)).round() as i32 - set.replicas;
        let share = if all > 0 { share.clamp(0, to_add) } else { share.clamp(to_add, 0) };
        set.replicas += share;
        to_add -= share;
    }
    if let Some(largest) = sets.first_mut() {
        largest.replicas = (largest.replicas + to_add).max(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn set(name: &str, replicas: i32, available: i32) -> Set {
        Set { name: name.to_owned(), replicas, available, present: replicas, wished: Some(4) }
    }

    #[rstest]
    #[case::surge_up_first(4, 1, 0, (0, 0), (4, 4), (1, 4))]
    #[case::wait_for_the_new_pod(4, 1, 0, (1, 0), (4, 4), (1, 4))]
    #[case::old_pod_goes_when_the_new_one_serves(4, 1, 0, (1, 1), (4, 4), (1, 3))]
    #[case::below_the_wish_when_allowed(4, 0, 1, (0, 0), (4, 4), (0, 3))]
    #[case::both(4, 1, 1, (0, 0), (4, 4), (1, 3))]
    #[case::broken_old_pods_go_first(4, 1, 1, (0, 0), (4, 2), (1, 3))]
    #[case::last_old_pod(4, 1, 1, (4, 4), (1, 1), (4, 0))]
    #[case::one_replica(1, 1, 0, (1, 1), (1, 1), (1, 0))]
    #[case::one_replica_new_not_ready(1, 1, 0, (1, 0), (1, 1), (1, 1))]
    #[case::too_many_new(2, 1, 1, (4, 4), (0, 0), (2, 0))]
    fn a_rollout_moves_within_its_bounds(
        #[case] total: i32,
        #[case] surge: i32,
        #[case] unavailable: i32,
        #[case] new: (i32, i32),
        #[case] old: (i32, i32),
        #[case] expected: (i32, i32),
    ) {
        let mut new = set("new", new.0, new.1);
        let mut old = [set("old", old.0, old.1)];
        roll(total, Bounds { surge, unavailable }, &mut new, &mut old);
        assert_eq!((new.replicas, old[0].replicas), expected);
    }

    #[test]
    fn recreate_waits_until_the_last_old_pod_is_gone() {
        let mut new = set("new", 0, 0);
        let mut old = [set("old", 3, 3)];
        recreate(3, Some(&mut new), &mut old, false);
        assert_eq!((new.replicas, old[0].replicas), (0, 0));
        old[0].present = 0;
        recreate(3, Some(&mut new), &mut old, true);
        assert_eq!(new.replicas, 0, "an old pod is still ending");
        recreate(3, Some(&mut new), &mut old, false);
        assert_eq!(new.replicas, 3);
    }

    #[test]
    fn scaling_in_the_middle_of_a_rollout_keeps_the_proportions() {
        let mut new = Set { wished: Some(10), ..set("new", 5, 5) };
        let mut old = [Set { wished: Some(10), ..set("old", 8, 8) }];
        scale(15, Bounds { surge: 3, unavailable: 2 }, true, Some(&mut new), &mut old);
        assert_eq!((new.replicas, old[0].replicas), (7, 11));
    }

    proptest! {
        #[test]
        fn every_rollout_ends_and_never_leaves_its_bounds(
            total in 0..12_i32, surge in 0..4_i32, unavailable in 0..4_i32, before in 0..12_i32
        ) {
            let bounds = if surge == 0 && unavailable.min(total) == 0 { Bounds { surge, unavailable: 1 } } else { Bounds { surge, unavailable } };
            let before = before.min(total);
            let mut new = set("new", 0, 0);
            let mut old = [set("old", before, before)];
            for _ in 0..200 {
                let available = new.available + old[0].available;
                roll(total, bounds, &mut new, &mut old);
                let replicas = new.replicas + old[0].replicas;
                prop_assert!(replicas <= (total + bounds.surge).max(before), "surge");
                // Pods that were available and are taken away never bring their number below the bound.
                let kept = new.available.min(new.replicas) + old[0].available.min(old[0].replicas);
                prop_assert!(kept >= available.min(total - bounds.unavailable), "availability");
                old[0].available = old[0].replicas.min(old[0].available);
                if new.available < new.replicas { new.available += 1; } else { new.available = new.replicas; }
            }
            prop_assert_eq!((new.replicas, old[0].replicas), (total, 0));
        }
    }
}
