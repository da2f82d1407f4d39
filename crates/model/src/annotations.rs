//! Annotation keys.

/// Name for people.
pub const DISPLAY_NAME: &str = "openchoreo.dev/display-name";
/// A sentence for people.
pub const DESCRIPTION: &str = "openchoreo.dev/description";
/// Any new value restarts the pods: on a ReleaseBinding, copied to the rendered release and on to pod templates.
pub const RESTARTED_AT: &str = "openchoreo.dev/restartedAt";
/// The network policy provider of a plane: [`CILIUM`], else Kubernetes' own.
pub const NETWORK_POLICY_PROVIDER: &str = "openchoreo.dev/networkpolicyprovider";
/// Value of [`NETWORK_POLICY_PROVIDER`].
pub const CILIUM: &str = "cilium";
/// On pod templates: hash of the release's other manifests, so that pods follow their configuration.
pub const DATA_PLANE_RESOURCE_HASH: &str = "openchoreo.dev/dp-resource-hash";
/// On routes: the path that the endpoint is exposed under.
pub const ENDPOINT_BASE_PATH: &str = "openchoreo.dev/endpoint-base-path";
/// On a WorkflowRun: the workload that its build made, as JSON.
pub const WORKLOAD: &str = "openchoreo.dev/workload";
/// On a WorkflowRun: whether that workload came from a descriptor in the source.
pub const WORKLOAD_FROM_SOURCE: &str = "openchoreo.dev/workload-from-source";
/// On a PushSecret: any new value pushes again.
pub const SYNC_TRIGGER: &str = "openchoreo.dev/sync-trigger";
/// On objects of a plane: hash of the manifest that was applied last.
pub const APPLIED_HASH: &str = "openchoreo.dev/applied-hash";
