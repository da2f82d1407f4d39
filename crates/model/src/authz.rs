//! Roles, and who has them where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::schema::rules;
use crate::wire_enum::wire_enum;
use crate::zero;

kind! {
    /// A set of actions, for bindings of its namespace.
    AuthzRole("authzroles", Namespaced) { spec: AuthzRoleSpec }
}

kind! {
    /// A set of actions, for bindings of all namespaces and of the cluster.
    ClusterAuthzRole("clusterauthzroles", Cluster) { spec: AuthzRoleSpec }
}

kind! {
    /// Gives roles to subjects, within its namespace.
    AuthzRoleBinding("authzrolebindings", Namespaced) { spec: AuthzRoleBindingSpec }
}

kind! {
    /// Gives roles to subjects, anywhere.
    ClusterAuthzRoleBinding("clusterauthzrolebindings", Cluster) { spec: ClusterAuthzRoleBindingSpec }
}

wire_enum! {
    /// The kinds of role.
    pub enum RoleKind { #[default] AuthzRole = "AuthzRole", ClusterAuthzRole = "ClusterAuthzRole" }
}
wire_enum! {
    /// Whether a binding grants or forbids; what is forbidden stays so whoever grants it.
    pub enum PolicyEffect { #[default] Allow = "allow", Deny = "deny" }
}

/// A set of actions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthzRoleSpec {
    /// Actions: `component:view`, all of a resource as `component:*`, or all as `*`.
    #[schemars(length(min = 1))]
    pub actions: Vec<String>,
    /// What the role is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// Which subjects are meant: those whose token has this value in this claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EntitlementClaim {
    /// Name of the claim.
    pub claim: String,
    /// Its value, or one of its values.
    pub value: String,
}

/// A role by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RoleRef {
    /// Of the binding's namespace, or cluster-scoped.
    pub kind: RoleKind,
    /// Name of the role.
    pub name: String,
}

/// When a granted action is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthzCondition {
    /// The actions that the condition is about.
    #[schemars(length(min = 1))]
    pub actions: Vec<String>,
    /// A bare expression over `resource`, true when the action is granted.
    #[schemars(length(min = 1))]
    pub expression: String,
}

/// Who has which roles in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthzRoleBindingSpec {
    /// The subjects.
    pub entitlement: EntitlementClaim,
    /// The roles and where they hold.
    #[schemars(length(min = 1))]
    pub role_mappings: Vec<RoleMapping>,
    /// Whether they grant or forbid.
    #[serde(default)]
    pub effect: PolicyEffect,
}

/// A role and where it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    transform = rules::component_scope_has_project,
    transform = rules::resource_scope_has_project,
    transform = rules::scope_component_or_resource
)]
pub struct RoleMapping {
    /// The role.
    pub role_ref: RoleRef,
    /// Where it holds; in the whole namespace if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "zero::absent_if_empty")]
    pub scope: Option<RoleScope>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<AuthzCondition>,
}

/// A part of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RoleScope {
    /// A project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// A component of the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// A resource of the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
}

/// Who has which roles, anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::cluster_roles_only)]
pub struct ClusterAuthzRoleBindingSpec {
    /// The subjects.
    pub entitlement: EntitlementClaim,
    /// The roles and where they hold.
    #[schemars(length(min = 1))]
    pub role_mappings: Vec<ClusterRoleMapping>,
    /// Whether they grant or forbid.
    #[serde(default)]
    pub effect: PolicyEffect,
}

/// A cluster role and where it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    transform = rules::cluster_scope_has_no_gap,
    transform = rules::resource_scope_has_project,
    transform = rules::scope_component_or_resource
)]
pub struct ClusterRoleMapping {
    /// The role.
    pub role_ref: RoleRef,
    /// Where it holds; everywhere if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "zero::absent_if_empty")]
    pub scope: Option<ClusterRoleScope>,
    /// When it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<AuthzCondition>,
}

/// A part of the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ClusterRoleScope {
    /// A namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// A project of the namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// A component of the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// A resource of the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource: String,
}
