//! Conditions: their types, the reasons that each kind gives, and how a list of them is kept.

mod list;
pub mod reasons;

pub use list::{ConditionStatus, NewCondition, find, holds, remove, set, status};

/// Everything is as wanted.
pub const READY: &str = "Ready";
/// The kind's controller has seen the object; kept for clients of older versions.
pub const CREATED: &str = "Created";
/// The object is being deleted and its dependents are.
pub const FINALIZING: &str = "Finalizing";
/// A pipeline can be used.
pub const AVAILABLE: &str = "Available";
/// A binding's manifests are rendered and handed over (projects, resources), or an alert rule is with the observer.
pub const SYNCED: &str = "Synced";
/// A release binding's manifests are rendered and handed over.
pub const RELEASE_SYNCED: &str = "ReleaseSynced";
/// The objects on the plane are healthy.
pub const RESOURCES_READY: &str = "ResourcesReady";
/// The runtime namespace is there.
pub const NAMESPACE_READY: &str = "NamespaceReady";
/// A resource's outputs are known.
pub const OUTPUTS_RESOLVED: &str = "OutputsResolved";
/// The endpoints that a component connects to are known.
pub const CONNECTIONS_RESOLVED: &str = "ConnectionsResolved";
/// The resources that a component depends on are ready.
pub const RESOURCE_DEPENDENCIES_READY: &str = "ResourceDependenciesReady";
/// The plane enforces the NetworkPolicies of a release. Ours, and only there while it does not.
pub const NETWORK_POLICIES_ENFORCED: &str = "NetworkPoliciesEnforced";
/// A rendered release's manifests are on the plane.
pub const RESOURCES_APPLIED: &str = "ResourcesApplied";
/// A run has ended.
pub const WORKFLOW_COMPLETED: &str = "WorkflowCompleted";
/// A run is running.
pub const WORKFLOW_RUNNING: &str = "WorkflowRunning";
/// A run has ended well.
pub const WORKFLOW_SUCCEEDED: &str = "WorkflowSucceeded";
/// A run has ended badly.
pub const WORKFLOW_FAILED: &str = "WorkflowFailed";
