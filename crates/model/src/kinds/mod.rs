//! The kinds table: everything that the rest of the platform needs to know of a kind besides its fields.
//!
//! REST paths, authorization, the command line, indexes and the CRDs are read from here; adding a kind is adding a type
//! and a row.

mod access;
mod column;
mod developer;
mod lookup;
mod owner;
mod platform;
mod releases;
mod row;

pub use column::{Cell, Column, ColumnSource};
pub use lookup::{kind_row, kind_row_by_noun, kind_row_by_plural, kind_row_by_segment};
pub use owner::{Owner, OwnerPaths};
pub use row::{Action, Cli, KindRow, Level, PrinterColumn, Rest, Scope, Verbs};

/// All kinds, in the order in which a new installation would create them: what is referred to comes first.
pub const KINDS: &[KindRow] = &[
    access::CLUSTER_AUTHZ_ROLE,
    access::CLUSTER_AUTHZ_ROLE_BINDING,
    access::AUTHZ_ROLE,
    access::AUTHZ_ROLE_BINDING,
    platform::CLUSTER_OBSERVABILITY_PLANE,
    platform::OBSERVABILITY_PLANE,
    platform::CLUSTER_DATA_PLANE,
    platform::DATA_PLANE,
    platform::CLUSTER_WORKFLOW_PLANE,
    platform::WORKFLOW_PLANE,
    platform::ENVIRONMENT,
    platform::DEPLOYMENT_PIPELINE,
    platform::NOTIFICATION_CHANNEL,
    platform::ALERT_RULE,
    platform::CLUSTER_PROJECT_TYPE,
    platform::PROJECT_TYPE,
    platform::CLUSTER_RESOURCE_TYPE,
    platform::RESOURCE_TYPE,
    platform::CLUSTER_WORKFLOW,
    platform::WORKFLOW,
    platform::CLUSTER_TRAIT,
    platform::TRAIT,
    platform::CLUSTER_COMPONENT_TYPE,
    platform::COMPONENT_TYPE,
    access::SECRET_REFERENCE,
    developer::PROJECT,
    developer::RESOURCE,
    developer::COMPONENT,
    developer::WORKLOAD,
    developer::WORKFLOW_RUN,
    releases::PROJECT_RELEASE,
    releases::PROJECT_RELEASE_BINDING,
    releases::RESOURCE_RELEASE,
    releases::RESOURCE_RELEASE_BINDING,
    releases::COMPONENT_RELEASE,
    releases::RELEASE_BINDING,
    releases::RENDERED_RELEASE,
];
