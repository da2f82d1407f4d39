//! What is not enforced on this computer, and why, in words that go on after "not enforced".

use super::facts::PolicyFacts;
use super::nft::Means;
use crate::network_plan::PolicyEnforcement;

/// What of a policy is not enforced; none where all of it is, or nothing is known yet.
pub(super) fn of_policy(policy: &PolicyFacts, means: &Means, enforcement: &PolicyEnforcement) -> Option<String> {
    let (inward, outward) = (policy.ingress.is_some(), policy.egress.is_some());
    match enforcement {
        PolicyEnforcement::Unknown => None,
        PolicyEnforcement::Refused(words) => (inward || outward).then(|| words.clone()),
        PolicyEnforcement::Whole | PolicyEnforcement::Lacking(_) => sentence(means, inward, outward),
    }
}

/// What of policies is not enforced on the computer as a whole, before any was written.
pub(super) fn of_computer(means: &Means) -> PolicyEnforcement {
    match sentence(means, true, true) {
        Some(words) => PolicyEnforcement::Lacking(words),
        None => PolicyEnforcement::Whole,
    }
}

/// The same while the kernel does not take the filter.
pub(super) fn of_refusal(words: &str, again: std::time::Duration) -> PolicyEnforcement {
    PolicyEnforcement::Refused(format!(
        "as written: the packet filter of this computer does not take the policies ({words}); it is tried again every {} seconds, and between namespaces and for Services they are enforced",
        again.as_secs()
    ))
}

fn sentence(means: &Means, inward: bool, outward: bool) -> Option<String> {
    let all = [
        (inward || outward, &means.no_inside, "between pods of one namespace that use each other's own addresses"),
        (outward, &means.no_outside, "towards the world outside"),
        (inward, &means.no_outside, "from the world outside to pods' own addresses"),
    ];
    let lacks: Vec<_> = all
        .into_iter()
        .filter(|(asked, _, _)| *asked)
        .filter_map(|(_, why, what)| Some((what, why.as_ref()?)))
        .collect();
    let (_, why) = lacks.first()?;
    let what: Vec<&str> = lacks.iter().map(|(what, _)| *what).collect();
    Some(format!("{}: {why}", what.join(", nor ")))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn means(inside: Option<&str>, outside: Option<&str>) -> Means {
        Means { no_inside: inside.map(Into::into), no_outside: outside.map(Into::into), ..Means::none("") }
    }

    fn policy(spec: &Value) -> PolicyFacts {
        let policy = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
        serde_json::from_value::<NetworkPolicy>(policy).expect("a NetworkPolicy").into()
    }

    const INSIDE: &str = "between pods of one namespace that use each other's own addresses: no bridges";
    const INWARD: &str = "between pods of one namespace that use each other's own addresses, nor from the world outside to pods' own addresses: no nft";
    const OUTWARD: &str =
        "between pods of one namespace that use each other's own addresses, nor towards the world outside: no nft";

    #[rstest]
    #[case::all_is_enforced(means(None, None), json!(["Ingress", "Egress"]), None)]
    #[case::bridges_are_not_seen(means(Some("no bridges"), None), json!(["Ingress", "Egress"]), Some(INSIDE))]
    #[case::inward(means(Some("no nft"), Some("no nft")), json!(["Ingress"]), Some(INWARD))]
    #[case::outward(means(Some("no nft"), Some("no nft")), json!(["Egress"]), Some(OUTWARD))]
    fn a_policy_lacks_what_it_asks_for_and_the_computer_has_not(
        #[case] means: Means,
        #[case] types: Value,
        #[case] expected: Option<&str>,
    ) {
        let policy = policy(&json!({"podSelector": {}, "policyTypes": types}));
        assert_eq!(of_policy(&policy, &means, &of_computer(&means)).as_deref(), expected);
    }

    #[test]
    fn what_is_not_known_is_not_told_and_a_refusal_is_told_of_every_policy() {
        let (policy, means) = (policy(&json!({"podSelector": {}})), means(None, None));
        assert_eq!(of_policy(&policy, &means, &PolicyEnforcement::Unknown), None);
        let refused = of_refusal("no memory", std::time::Duration::from_secs(5));
        assert_eq!(
            of_policy(&policy, &means, &refused).expect("told"),
            "as written: the packet filter of this computer does not take the policies (no memory); it is tried again every 5 seconds, and between namespaces and for Services they are enforced"
        );
    }
}
