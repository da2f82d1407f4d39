//! What a Job's `podFailurePolicy` says of a failed pod.

use k8s_openapi::api::batch::v1::{PodFailurePolicy, PodFailurePolicyRule};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

/// What becomes of a failed pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It counts towards the limit.
    Count,
    /// It does not.
    Ignore,
    /// Its index is not tried again.
    FailIndex,
    /// The whole Job fails, for this reason.
    FailJob(String),
}

/// The first rule that fits decides; without one the failure counts.
pub(super) fn judge(policy: Option<&PodFailurePolicy>, pod: &Pod) -> Judgement {
    let rules = policy.iter().flat_map(|policy| policy.rules.iter()).enumerate();
    for (index, rule) in rules {
        let Some(words) = fits(rule, pod) else { continue };
        return match rule.action.as_str() {
            "FailJob" => Judgement::FailJob(format!("{words} matching FailJob rule at index {index}")),
            "Ignore" => Judgement::Ignore,
            "FailIndex" => Judgement::FailIndex,
            _ => Judgement::Count,
        };
    }
    Judgement::Count
}

fn fits(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let place = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    if let Some(codes) = &rule.on_exit_codes {
        let statuses =
            status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
        let mut of_name = statuses.filter(|one| codes.container_name.as_ref().is_none_or(|name| *name == one.name));
        return of_name.find_map(|one| {
            let code = one.state.as_ref()?.terminated.as_ref()?.exit_code;
            let listed = codes.values.contains(&code);
            let fits = code != 0 && if codes.operator == "NotIn" { !listed } else { listed };
            fits.then(|| format!("Container {} for pod {place} failed with exit code {code}", one.name))
        });
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    patterns.iter().find_map(|pattern| {
        let wanted = pattern.status.as_deref().unwrap_or("True");
        let mut held = status.conditions.iter().flatten();
        let fits = held.any(|condition| condition.type_ == pattern.type_ && condition.status == wanted);
        fits.then(|| format!("Pod {place} has condition {}", pattern.type_))
    })
}

#[cfg(test)]
mod tests {
    use super::{Judgement, judge};
    use serde_json::json;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = json!({"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
            {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1, 42, 43]}},
            {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [43]}},
        ]});
        let policy = serde_json::from_value(policy).expect("a policy");
        let failed = Judgement::FailJob(
            "Container main for pod shop/p failed with exit code 42 matching FailJob rule at index 1".to_owned(),
        );
        for (code, disrupted, expected) in [
            (42, "False", failed),
            (42, "True", Judgement::Ignore),
            (7, "False", Judgement::Count),
            (1, "False", Judgement::Ignore),
            (43, "False", Judgement::FailIndex),
        ] {
            let pod = json!({"metadata": {"name": "p", "namespace": "shop"}, "status": {
                "phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": disrupted}],
                "containerStatuses": [{"name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                                       "state": {"terminated": {"exitCode": code}}}]}});
            let pod = serde_json::from_value(pod).expect("a pod");
            assert_eq!(judge(Some(&policy), &pod), expected, "{code} {disrupted}");
            assert_eq!(judge(None, &pod), Judgement::Count);
        }
    }
}
