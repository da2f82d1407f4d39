//! Replicas of workloads that an autoscaler of the same release looks after: the number is the autoscaler's.
//!
//! ```text
//! not on the plane ─▶ the manifest's number, within the autoscaler's bounds
//! on the plane     ─▶ ours (by managed fields): written as it is, so that nothing falls back to a default
//!                     another's (the autoscaler has scaled): left out
//! ```
//!
//! A manifest with 0 replicas means 0: an autoscaler leaves such a workload alone.

use super::wanted::Wanted;
use crate::engine::{ClusterId, Gvk, Unseen, World};
use model::{RenderedRelease, labels};
use serde_json::Value;

/// A workload that is scaled, and within which bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scaled {
    group: String,
    kind: String,
    name: String,
    namespace: String,
    least: i64,
    most: i64,
}

/// What the autoscalers of the release scale.
pub(super) fn targets(release: &RenderedRelease) -> Vec<Scaled> {
    release.spec.resources.iter().filter_map(|entry| target(&entry.object.0)).collect()
}

fn target(manifest: &Value) -> Option<Scaled> {
    let gvk = Gvk::of(manifest)?;
    let (least, most, usual) = match (gvk.group(), &*gvk.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => (("minReplicas", 1), ("maxReplicas", i64::MAX), None),
        // KEDA makes an autoscaler of its own for each of these.
        ("keda.sh", "ScaledObject") => (("minReplicaCount", 0), ("maxReplicaCount", 100), Some("Deployment")),
        _ => return None,
    };
    let spec = manifest.get("spec")?;
    let reference = spec.get("scaleTargetRef")?;
    let text = |name: &str| reference.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |(name, usual): (&str, i64)| spec.get(name).and_then(Value::as_i64).unwrap_or(usual);
    let version = text("apiVersion").or(usual.map(|_| "apps/v1"))?;
    Some(Scaled {
        group: version.split_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: text("kind").or(usual)?.to_owned(),
        name: text("name")?.to_owned(),
        namespace: manifest.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned(),
        least: number(least),
        most: number(most),
    })
}

/// Takes the number of replicas out of a manifest that an autoscaler of the release scales; gives it within the bounds.
pub(super) fn take(scaled: &[Scaled], gvk: &Gvk, manifest: &mut Value) -> Option<i64> {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (name, namespace) = (text("/metadata/name"), text("/metadata/namespace"));
    let found = scaled.iter().find(|one| {
        (one.group.as_str(), one.kind.as_str()) == (gvk.group(), &*gvk.kind)
            && (one.name.as_str(), one.namespace.as_str()) == (name, namespace)
    })?;
    let spec = manifest.get_mut("spec")?.as_object_mut()?;
    let number = spec.get("replicas").and_then(Value::as_i64).filter(|number| *number > 0)?;
    spec.remove("replicas");
    Some(number.min(found.most).max(found.least))
}

/// Puts the number that is to be written into each manifest that one was taken from.
pub(super) fn place(wanted: &mut [Wanted], world: &World, cluster: &ClusterId) -> Result<(), Unseen> {
    for one in wanted {
        let Some(first) = one.replicas else { continue };
        let number = match live(world, cluster, one)? {
            None => Some(first),
            Some(_) if !is_ours(world, cluster, one)? => None,
            Some(live) => Some(if live > 0 { live } else { first }),
        };
        if let (Some(number), Some(Value::Object(spec))) = (number, one.manifest.get_mut("spec")) {
            spec.insert("replicas".into(), number.into());
        }
    }
    Ok(())
}

/// The number on the plane, if the workload is there; 0 where it says none.
fn live(world: &World, cluster: &ClusterId, one: &Wanted) -> Result<Option<i64>, Unseen> {
    match world.get_dynamic(cluster, &one.object.gvk, one.object.key.clone()) {
        Ok(found) => {
            Ok(found.map(|object| object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or_default()))
        }
        Err(Unseen::NotServed { .. }) => Ok(None),
        Err(unseen) => Err(unseen),
    }
}

fn is_ours(world: &World, cluster: &ClusterId, one: &Wanted) -> Result<bool, Unseen> {
    let (manager, key) = (labels::MANAGED_BY_RENDERED_RELEASE, one.object.key.clone());
    world.applied_dynamic(cluster, &one.object.gvk, key, manager, &["spec", "replicas"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn autoscaler(min: i64, max: i64) -> Value {
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "ns"},
            "spec": {"minReplicas": min, "maxReplicas": max,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}})
    }

    fn workload(kind: &str, name: &str, namespace: &str, replicas: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": replicas}})
    }

    #[rstest]
    #[case::within(workload("Deployment", "web", "ns", &json!(3)), Some(3))]
    #[case::raised(workload("Deployment", "web", "ns", &json!(1)), Some(2))]
    #[case::lowered(workload("Deployment", "web", "ns", &json!(9)), Some(5))]
    #[case::none_stays_none(workload("Deployment", "web", "ns", &json!(0)), None)]
    #[case::unsaid(workload("Deployment", "web", "ns", &Value::Null), None)]
    #[case::another_kind(workload("StatefulSet", "web", "ns", &json!(3)), None)]
    #[case::another_name(workload("Deployment", "api", "ns", &json!(3)), None)]
    #[case::another_namespace(workload("Deployment", "web", "other", &json!(3)), None)]
    fn only_the_target_s_number_is_taken(#[case] mut manifest: Value, #[case] expected: Option<i64>) {
        let scaled: Vec<_> = target(&autoscaler(2, 5)).into_iter().collect();
        let gvk = Gvk::of(&manifest).expect("a kind");
        let before = manifest.clone();
        assert_eq!(take(&scaled, &gvk, &mut manifest), expected);
        assert_eq!(manifest == before, expected.is_none(), "{manifest}");
    }

    #[test]
    fn a_scaled_object_scales_a_deployment_unless_it_says_otherwise() {
        let manifest = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x", "namespace": "ns"},
            "spec": {"scaleTargetRef": {"name": "web"}}});
        let found = target(&manifest).expect("a target");
        assert_eq!(
            (found.group.as_str(), found.kind.as_str(), found.least, found.most),
            ("apps", "Deployment", 0, 100)
        );
    }
}
