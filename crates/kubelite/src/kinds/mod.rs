//! What the server can store: a kind is a row.
//!
//! Built-in kinds come from the generated table, custom kinds from CustomResourceDefinitions at run time. Everything after the
//! look-up is the same for both.

mod builtin;
mod definitions;
mod registry;
pub(crate) mod typed;
mod version;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

pub(crate) use self::{
    definitions::{openapi_definition, reachable},
    registry::{Group, Kinds, Registry},
    version::Version,
};

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// OpenAPI type.
    pub data_type: String,
    /// OpenAPI format; `name` for the column that names the object.
    pub format: String,
    /// For people.
    pub description: String,
    /// 0: always shown.
    pub priority: i64,
    /// Where a custom kind's value is; built-in kinds have functions.
    pub json_path: Option<String>,
}

/// A part of an object with a path of its own.
#[derive(Debug, Clone)]
pub struct Subresource {
    /// `status`, `scale`, `log`, …
    pub name: String,
    /// Group of what it takes and gives; `None`: the parent's.
    pub group: Option<String>,
    /// Version of the same.
    pub version: Option<String>,
    /// Kind of the same.
    pub kind: String,
    /// Verbs.
    pub verbs: Vec<String>,
}

/// Where a scalable kind keeps its numbers.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Wanted replicas.
    pub spec: Vec<String>,
    /// Replicas that are there.
    pub status: Vec<String>,
    /// Label selector, a string or a LabelSelector.
    pub selector: Option<Vec<String>>,
}

/// Where a kind comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Kubernetes' own.
    Builtin,
    /// A CustomResourceDefinition.
    Custom,
}

/// A row: everything that the machine must know about a kind in one version.
#[derive(Debug)]
pub struct Kind {
    /// API group, empty for core.
    pub group: Arc<str>,
    /// Version.
    pub version: Arc<str>,
    /// Kind.
    pub kind: Arc<str>,
    /// Kind of lists.
    pub list_kind: Arc<str>,
    /// Resource name.
    pub plural: Arc<str>,
    /// Resource name for one.
    pub singular: Arc<str>,
    /// Abbreviations.
    pub short: Vec<String>,
    /// Groups of resources for people.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Verbs.
    pub verbs: Vec<String>,
    /// Subresources.
    pub subresources: Vec<Subresource>,
    /// Scale paths.
    pub scale: Option<Scale>,
    /// Table columns.
    pub columns: Vec<Column>,
    /// Fields beyond `metadata.name` and `metadata.namespace` that lists can be narrowed by.
    pub selectable: Vec<String>,
    /// Name of the place that objects lie in; the same for all versions.
    pub shelf: Arc<str>,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether `metadata.generation` counts changes of this kind.
    pub generations: bool,
    /// Name of the definition, for built-in kinds.
    pub(crate) definition: Option<String>,
    /// The schema of that definition.
    pub(crate) schema: OnceLock<Option<schema::Schema>>,
    /// All versions of a custom kind; shared by its rows.
    pub(crate) versions: Arc<[Version]>,
    /// See [`typed::blank`].
    pub(crate) blank: OnceLock<Value>,
    /// Objects of this revision and older were written before the schema was what it is; 0: all were written with it.
    pub(crate) since: u64,
    /// Said in a `Warning` header of every answer.
    pub deprecation: Option<String>,
}

/// A field error as a cause.
pub(crate) fn cause(error: &schema::FieldError) -> crate::status::Cause {
    crate::status::Cause { reason: error.kind.reason().to_owned(), message: error.body(), field: error.path.clone() }
}

impl Kind {
    /// The schema, parsed when it is first asked for; none: objects are taken as they are.
    pub fn schema(&self) -> Option<&schema::Schema> {
        match &self.definition {
            Some(name) => self.schema.get_or_init(|| definitions::schema_of(name)).as_ref(),
            None => self.named_version(&self.version)?.schema(),
        }
    }

    /// What the CustomResourceDefinition says of a version.
    pub(crate) fn named_version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| *version.name == *name)
    }

    /// The version in which objects of a custom kind are stored, if that is another than this row's.
    pub(crate) fn other_storage(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.storage && version.name != self.version)
    }

    /// The schema as the CustomResourceDefinition has it.
    pub(crate) fn source(&self) -> Option<&str> {
        Some(&*self.named_version(&self.version)?.source)
    }

    /// `v1` or `group/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods` or `deployments.apps`, as in messages.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_string() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether it has that subresource.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }

    /// Whether `status` is written through a path of its own.
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Whether it can do that.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// Path on the shelf.
    pub fn path(&self, namespace: Option<&str>, name: &str) -> Arc<str> {
        match namespace {
            Some(namespace) if self.namespaced => format!("{namespace}/{name}").into(),
            _ => name.into(),
        }
    }
}
