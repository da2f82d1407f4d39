//! In which order manifests are applied: what others need comes first. Deletes go the other way round.

/// Steps with the kinds that belong to them, first to last. What a pod mounts or runs as is there before the pod; what
/// routes to it comes after it, so that a route never answers for something that does not exist yet.
const STEPS: &[&[&str]] = &[
    &["Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass", "IngressClass", "GatewayClass"],
    &["ResourceQuota", "LimitRange", "NetworkPolicy", "CiliumNetworkPolicy", "PodDisruptionBudget"],
    &["ServiceAccount", "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"],
    &[
        "ConfigMap",
        "Secret",
        "SecretStore",
        "ClusterSecretStore",
        "ExternalSecret",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Certificate",
    ],
    &["Service"],
    &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"],
    &["HorizontalPodAutoscaler", "Gateway", "ReferenceGrant"],
    &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Ingress"],
];

/// Where kinds stand that are not listed: custom resources come after what they may refer to and before the workloads.
const OTHERS: u16 = 4;

/// The step of a kind, 0 first. Kinds of one step do not need each other.
pub fn apply_step(kind: &str) -> u16 {
    STEPS.iter().position(|kinds| kinds.contains(&kind)).map_or(OTHERS, |step| step as u16)
}

/// The step in which a kind is deleted, 0 first: the reverse of [`apply_step`].
pub fn delete_step(kind: &str) -> u16 {
    STEPS.len() as u16 - 1 - apply_step(kind)
}

#[cfg(test)]
mod tests {
    use super::{apply_step, delete_step};

    #[test]
    fn what_a_workload_needs_comes_before_it_and_routes_after_it() {
        let flow = [
            "Namespace",
            "NetworkPolicy",
            "ServiceAccount",
            "ExternalSecret",
            "Service",
            "Deployment",
            "HorizontalPodAutoscaler",
            "HTTPRoute",
        ];
        assert!(flow.is_sorted_by(|a, b| apply_step(a) < apply_step(b)));
        assert!(flow.is_sorted_by(|a, b| delete_step(a) > delete_step(b)));
        assert!(apply_step("SomeClaim") < apply_step("Deployment"));
        assert_eq!(delete_step("HTTPRoute"), 0);
    }
}
