use super::{Column, OwnerPaths};
use crate::kind::KindSchemas;

/// One kind.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    /// Its name in manifests: `ReleaseBinding`.
    pub kind: &'static str,
    /// Its name in Kubernetes paths: `releasebindings`.
    pub plural: &'static str,
    /// Its name for one object: `releasebinding`. Also the noun of the command line.
    pub singular: &'static str,
    /// Other names that kubectl takes.
    pub short_names: &'static [&'static str],
    /// Whether its objects live in namespaces.
    pub scope: Scope,
    /// What it is, in one line.
    pub description: &'static str,
    /// What kubectl shows of it beside the name.
    pub printer_columns: &'static [PrinterColumn],
    /// How the REST API offers it; absent for kinds that only the platform itself writes.
    pub rest: Option<Rest>,
    /// How access to it is decided; absent where there is no REST API.
    pub action: Option<Action>,
    /// How the command line offers it.
    pub cli: Option<Cli>,
    /// Where an object says what it belongs to.
    pub owner: OwnerPaths,
    /// Names of its cache indexes; the functions are in [`crate::indexes`].
    pub indexes: &'static [&'static str],
    /// Whether an object without `spec` is refused.
    pub spec_required: bool,
    /// The schemas, made from the types.
    pub(crate) schemas: fn() -> KindSchemas,
}

/// Whether objects of a kind live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster as a whole.
    Cluster,
}

impl Scope {
    /// The word in CRDs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespaced => "Namespaced",
            Self::Cluster => "Cluster",
        }
    }
}

/// A column of kubectl's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrinterColumn {
    /// Its header.
    pub name: &'static str,
    /// OpenAPI type: `string`, `integer`, `date`.
    pub type_: &'static str,
    /// Where the value is, in kubectl's JSONPath.
    pub json_path: &'static str,
}

impl PrinterColumn {
    /// The age of the object.
    pub const AGE: Self = Self { name: "Age", type_: "date", json_path: ".metadata.creationTimestamp" };

    /// A column of text.
    pub const fn text(name: &'static str, json_path: &'static str) -> Self {
        Self { name, type_: "string", json_path }
    }
}

/// How the REST API offers a kind. The path is `/api/v1/namespaces/{ns}/{plural}[/{name}]`, without the namespace for
/// cluster-scoped kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// What can be done besides reading.
    pub verbs: Verbs,
    /// The query parameter that lists are filtered by, and with it the owner's level.
    pub filter: Option<&'static str>,
    /// Whether `GET …/{name}/schema` answers the schema of the parameters.
    pub has_schema: bool,
}

/// What can be done to objects besides reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verbs {
    /// `POST` to the collection.
    pub create: bool,
    /// `PUT` to the object.
    pub update: bool,
    /// `DELETE` of the object.
    pub delete: bool,
}

impl Verbs {
    /// Everything.
    pub const ALL: Self = Self { create: true, update: true, delete: true };
    /// Everything but change: for releases.
    pub const FROZEN: Self = Self { create: true, update: false, delete: true };
}

impl Rest {
    /// Everything can be done, and nothing else is offered.
    pub const ALL: Self = Self { verbs: Verbs::ALL, filter: None, has_schema: false };
    /// As [`Rest::ALL`], with a schema of parameters.
    pub const WITH_SCHEMA: Self = Self { has_schema: true, ..Self::ALL };

    /// As [`Rest::ALL`], with lists that can be filtered by an owner.
    pub const fn filtered(by: &'static str) -> Self {
        Self { filter: Some(by), ..Self::ALL }
    }

    /// Objects never change, and lists can be filtered by an owner.
    pub const fn frozen(by: &'static str) -> Self {
        Self { verbs: Verbs::FROZEN, filter: Some(by), has_schema: false }
    }
}

/// How access to a kind is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Actions are `{stem}:view`, `{stem}:create`, `{stem}:update`, `{stem}:delete`.
    pub stem: &'static str,
    /// The level at which they are decided: grants at it and above count.
    pub level: Level,
    /// The level at which `create` is listed in the catalogue of actions.
    pub create_level: Level,
}

impl Action {
    /// All actions are decided at one level.
    pub const fn at(level: Level, stem: &'static str) -> Self {
        Self { stem, level, create_level: level }
    }
}

/// The levels of the hierarchy that roles are granted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The platform as a whole.
    Cluster,
    /// A control plane namespace.
    Namespace,
    /// A project.
    Project,
    /// A component of a project.
    Component,
    /// A resource of a project.
    Resource,
}

impl Level {
    /// The word in the catalogue of actions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Namespace => "namespace",
            Self::Project => "project",
            Self::Component => "component",
            Self::Resource => "resource",
        }
    }
}

/// How the command line offers a kind: `occ NOUN list|get|delete`; the noun is the row's `singular`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cli {
    /// Other words for the noun.
    pub aliases: &'static [&'static str],
    /// The columns of `list`.
    pub columns: &'static [Column],
}

impl KindRow {
    /// The kind of lists: `ReleaseBindingList`.
    pub fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// The CRD's name: `releasebindings.openchoreo.dev`.
    pub fn crd_name(&self) -> String {
        format!("{}.{}", self.plural, crate::GROUP)
    }

    /// The path segment of the REST API: the plural.
    pub const fn segment(&self) -> &'static str {
        self.plural
    }

    /// Whether objects live in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// The collection's path in the REST API; `namespace` is ignored for cluster-scoped kinds.
    pub fn rest_path(&self, namespace: &str) -> String {
        match self.scope {
            Scope::Namespaced => format!("/api/v1/namespaces/{namespace}/{}", self.plural),
            Scope::Cluster => format!("/api/v1/{}", self.plural),
        }
    }
}
