//! Roles, their bindings, and secrets.

use super::{Action, Cli, Column, KindRow, Level, OwnerPaths, PrinterColumn, Rest, Scope};

pub(super) const CLUSTER_AUTHZ_ROLE: KindRow = KindRow {
    kind: "ClusterAuthzRole",
    plural: "clusterauthzroles",
    singular: "clusterauthzrole",
    short_names: &[],
    scope: Scope::Cluster,
    description: "A set of actions, for bindings everywhere",
    printer_columns: &[PrinterColumn::AGE],
    rest: Some(Rest::ALL),
    action: Some(Action::at(Level::Cluster, "clusterauthzrole")),
    cli: Some(Cli {
        aliases: &["car"],
        columns: &[Column::NAME, Column::text("DESCRIPTION", "/spec/description"), Column::AGE],
    }),
    owner: OwnerPaths::NONE,
    indexes: &[],
    spec_required: false,
    schemas: crate::ClusterAuthzRole::schemas,
};

pub(super) const CLUSTER_AUTHZ_ROLE_BINDING: KindRow = KindRow {
    kind: "ClusterAuthzRoleBinding",
    plural: "clusterauthzrolebindings",
    singular: "clusterauthzrolebinding",
    short_names: &[],
    scope: Scope::Cluster,
    description: "Gives cluster roles to subjects, anywhere",
    printer_columns: &[PrinterColumn::AGE],
    rest: Some(Rest::ALL),
    action: Some(Action::at(Level::Cluster, "clusterauthzrolebinding")),
    cli: Some(Cli { aliases: &["carb"], columns: Column::NAME_AGE }),
    owner: OwnerPaths::NONE,
    indexes: &[],
    spec_required: false,
    schemas: crate::ClusterAuthzRoleBinding::schemas,
};

pub(super) const AUTHZ_ROLE: KindRow = KindRow {
    kind: "AuthzRole",
    plural: "authzroles",
    singular: "authzrole",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "A set of actions, for bindings of its namespace",
    printer_columns: &[PrinterColumn::AGE],
    rest: Some(Rest::ALL),
    action: Some(Action::at(Level::Namespace, "authzrole")),
    cli: Some(Cli {
        aliases: &["ar"],
        columns: &[Column::NAME, Column::text("DESCRIPTION", "/spec/description"), Column::AGE],
    }),
    owner: OwnerPaths::NONE,
    indexes: &[],
    spec_required: false,
    schemas: crate::AuthzRole::schemas,
};

pub(super) const AUTHZ_ROLE_BINDING: KindRow = KindRow {
    kind: "AuthzRoleBinding",
    plural: "authzrolebindings",
    singular: "authzrolebinding",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "Gives roles to subjects, within its namespace",
    printer_columns: &[PrinterColumn::AGE],
    rest: Some(Rest::ALL),
    action: Some(Action::at(Level::Namespace, "authzrolebinding")),
    cli: Some(Cli { aliases: &["arb"], columns: Column::NAME_AGE }),
    owner: OwnerPaths::NONE,
    indexes: &[],
    spec_required: false,
    schemas: crate::AuthzRoleBinding::schemas,
};

pub(super) const SECRET_REFERENCE: KindRow = KindRow {
    kind: "SecretReference",
    plural: "secretreferences",
    singular: "secretreference",
    short_names: &[],
    scope: Scope::Namespaced,
    description: "Names values of an outside secret store",
    printer_columns: &[],
    rest: Some(Rest::ALL),
    action: Some(Action::at(Level::Namespace, "secretreference")),
    cli: Some(Cli { aliases: &["sr", "secretref"], columns: Column::NAME_AGE }),
    owner: OwnerPaths::NONE,
    indexes: &[],
    spec_required: false,
    schemas: crate::SecretReference::schemas,
};
