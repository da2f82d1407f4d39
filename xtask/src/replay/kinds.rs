//! Kinds that scenarios use: Kubernetes' own, those of others as the recording had them, and ours.

use anyhow::{Context, Result};
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

/// One kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindName {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
}

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> KindName {
    KindName { group, version, kind, plural, namespaced }
}

/// Kubernetes' own kinds that belong to a data plane's state. Pods and ReplicaSets are the node's affair.
pub(crate) const BUILTIN: &[KindName] = &[
    kind("", "v1", "Namespace", "namespaces", false),
    kind("", "v1", "ConfigMap", "configmaps", true),
    kind("", "v1", "Secret", "secrets", true),
    kind("", "v1", "Service", "services", true),
    kind("", "v1", "ServiceAccount", "serviceaccounts", true),
    kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    kind("", "v1", "ResourceQuota", "resourcequotas", true),
    kind("", "v1", "LimitRange", "limitranges", true),
    kind("apps", "v1", "Deployment", "deployments", true),
    kind("apps", "v1", "StatefulSet", "statefulsets", true),
    kind("batch", "v1", "Job", "jobs", true),
    kind("batch", "v1", "CronJob", "cronjobs", true),
    kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true),
    kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    kind("rbac.authorization.k8s.io", "v1", "Role", "roles", true),
    kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true),
];

/// Kinds of others: plain definitions that keep unknown fields and default nothing.
pub(crate) const THIRD_PARTY: &[KindName] = &[
    kind("gateway.networking.k8s.io", "v1", "GatewayClass", "gatewayclasses", false),
    kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways", true),
    kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true),
    kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", true),
    kind("gateway.networking.k8s.io", "v1", "TLSRoute", "tlsroutes", true),
    kind("gateway.networking.k8s.io", "v1", "BackendTLSPolicy", "backendtlspolicies", true),
    kind("external-secrets.io", "v1", "ExternalSecret", "externalsecrets", true),
    kind("external-secrets.io", "v1", "SecretStore", "secretstores", true),
    kind("external-secrets.io", "v1", "ClusterSecretStore", "clustersecretstores", false),
    kind("external-secrets.io", "v1alpha1", "PushSecret", "pushsecrets", true),
    kind("generators.external-secrets.io", "v1alpha1", "Password", "passwords", true),
    kind("argoproj.io", "v1alpha1", "Workflow", "workflows", true),
    kind("argoproj.io", "v1alpha1", "ClusterWorkflowTemplate", "clusterworkflowtemplates", false),
    kind("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", true),
];

/// Our kinds.
pub(crate) fn ours() -> impl Iterator<Item = KindName> {
    model::KINDS.iter().map(|row| KindName {
        group: model::GROUP,
        version: model::VERSION,
        kind: row.kind,
        plural: row.plural,
        namespaced: row.is_namespaced(),
    })
}

fn all() -> impl Iterator<Item = KindName> {
    ours().chain(BUILTIN.iter().copied()).chain(THIRD_PARTY.iter().copied())
}

/// The kind of a manifest.
pub(crate) fn of_manifest(manifest: &Value) -> Result<KindName> {
    let api_version = manifest["apiVersion"].as_str().unwrap_or_default();
    let name = manifest["kind"].as_str().unwrap_or_default();
    all()
        .find(|one| one.kind == name && one.api_version() == api_version)
        .with_context(|| format!("the replay does not know the kind {api_version} {name}"))
}

/// The kind of a resource as kubectl takes it: `components.openchoreo.dev`, `deployments`.
pub(crate) fn of_resource(resource: &str) -> Result<KindName> {
    let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
    all()
        .find(|one| one.plural == plural && (group.is_empty() || one.group == group))
        .with_context(|| format!("the replay does not know the resource {resource}"))
}

impl KindName {
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As kubectl tells of objects: `component.openchoreo.dev`.
    pub(crate) fn told(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() { kind } else { format!("{kind}.{}", self.group) }
    }

    /// A client of the kind; of all namespaces when none is given.
    pub(crate) fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let gvk = GroupVersionKind::gvk(self.group, self.version, self.kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, self.plural);
        if self.namespaced && !namespace.is_empty() {
            Api::namespaced_with(client.clone(), namespace, &resource)
        } else {
            Api::all_with(client.clone(), &resource)
        }
    }

    /// A definition that keeps every field.
    pub(crate) fn definition(&self) -> Value {
        // Argo's workflows are patched as a whole, status included.
        let subresources = if self.group == "argoproj.io" { json!({}) } else { json!({"status": {}}) };
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {
                "name": format!("{}.{}", self.plural, self.group),
                "annotations": {"api-approved.kubernetes.io": "unapproved, for a replay"},
            },
            "spec": {
                "group": self.group,
                "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "names": {
                    "kind": self.kind,
                    "listKind": format!("{}List", self.kind),
                    "plural": self.plural,
                    "singular": self.kind.to_lowercase(),
                },
                "versions": [{
                    "name": self.version,
                    "served": true,
                    "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                    "subresources": subresources,
                }],
            },
        })
    }
}
