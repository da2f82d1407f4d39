//! What REST needs to know of each kind: the row of the kinds table, and the words of this API.

use kube::Client;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject};
use model::{KINDS, KindRow};
use std::sync::LazyLock;

/// A list filter: a query parameter and the place in an object that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) query: &'static str,
    /// JSON pointer into the object.
    pub(crate) field: &'static str,
}

/// The words of one kind, where they are not its name.
#[derive(Debug, Clone, Copy)]
struct Words {
    /// How messages call it when it does not exist. Clients match on these words.
    missing: Option<&'static str>,
    /// How messages call it when its name is taken.
    taken: Option<&'static str>,
    /// What operations of the document are called after, one and many.
    operations: Option<(&'static str, &'static str)>,
}

impl Words {
    const NONE: Words = Words { missing: None, taken: None, operations: None };

    const fn taken(taken: &'static str) -> Words {
        Words { taken: Some(taken), ..Words::NONE }
    }

    const fn both(noun: &'static str) -> Words {
        Words { missing: Some(noun), taken: Some(noun), ..Words::NONE }
    }

    const fn called(mut self, one: &'static str, many: &'static str) -> Words {
        self.operations = Some((one, many));
        self
    }
}

/// Kinds that messages or operations call otherwise than their name.
const WORDS: &[(&str, Words)] = &[
    ("ProjectRelease", Words::both("Project release")),
    ("ProjectReleaseBinding", Words::both("Project release binding")),
    ("ResourceRelease", Words::both("Resource release")),
    ("ResourceReleaseBinding", Words::both("Resource release binding")),
    ("DeploymentPipeline", Words::taken("Deployment pipeline")),
    ("ComponentType", Words::taken("Component type")),
    ("ClusterComponentType", Words::taken("Cluster component type")),
    ("ClusterTrait", Words::taken("Cluster trait")),
    ("ProjectType", Words::both("Project type")),
    ("ClusterProjectType", Words::taken("Cluster project type")),
    ("ResourceType", Words::both("Resource type")),
    ("ClusterResourceType", Words::taken("Cluster resource type")),
    ("ClusterWorkflow", Words::taken("Cluster workflow")),
    ("AuthzRole", Words::both("Namespace role").called("NamespaceRole", "NamespaceRoles")),
    ("AuthzRoleBinding", Words::both("Namespace role binding").called("NamespaceRoleBinding", "NamespaceRoleBindings")),
    ("ClusterAuthzRole", Words::both("Cluster role").called("ClusterRole", "ClusterRoles")),
    (
        "ClusterAuthzRoleBinding",
        Words::both("Cluster role binding").called("ClusterRoleBinding", "ClusterRoleBindings"),
    ),
];

/// Kinds whose objects are shown without a status where they have none; others are shown with an empty one.
const WITHOUT_STATUS: &[&str] =
    &["AuthzRole", "AuthzRoleBinding", "ClusterAuthzRole", "ClusterAuthzRoleBinding", "Workflow"];

/// One kind.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) row: &'static KindRow,
    /// How messages call it when it does not exist.
    pub(crate) missing: &'static str,
    /// How messages call it when its name is taken.
    pub(crate) taken: &'static str,
    pub(crate) filter: Option<Filter>,
    /// Whether an absent status is shown as an empty one.
    pub(crate) status: bool,
    /// What operations of the document are called after, one and many, where it is not the kind.
    pub(crate) operations: Option<(&'static str, &'static str)>,
}

/// All kinds, with routes or without.
static ALL: LazyLock<Vec<Resource>> = LazyLock::new(|| KINDS.iter().map(Resource::new).collect());

/// The kinds with routes of their own.
pub(crate) fn resources() -> impl Iterator<Item = &'static Resource> {
    ALL.iter().filter(|resource| resource.row.rest.is_some())
}

impl Resource {
    fn new(row: &'static KindRow) -> Resource {
        let words = WORDS.iter().find(|(kind, _)| *kind == row.kind).map_or(Words::NONE, |(_, words)| *words);
        Resource {
            row,
            missing: words.missing.unwrap_or(row.kind),
            taken: words.taken.unwrap_or(row.kind),
            filter: row.rest.and_then(|rest| filter(row, rest.filter?)),
            status: !WITHOUT_STATUS.contains(&row.kind),
            operations: words.operations,
        }
    }

    /// The row of a kind, with routes or without.
    pub(crate) fn of(kind: &str) -> Option<&'static Resource> {
        ALL.iter().find(|resource| resource.row.kind == kind)
    }

    /// The kind's name.
    pub(crate) fn kind(&self) -> &'static str {
        self.row.kind
    }

    /// Whether objects may be changed; releases may not.
    pub(crate) fn is_changeable(&self) -> bool {
        self.row.rest.is_some_and(|rest| rest.verbs.update)
    }

    /// Whether there is a schema of what users may set.
    pub(crate) fn has_schema(&self) -> bool {
        self.row.rest.is_some_and(|rest| rest.has_schema)
    }

    /// Path of the collection.
    pub(crate) fn path(&self) -> String {
        self.row.rest_path("{namespace}")
    }

    /// The objects of this kind.
    pub(crate) fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: model::GROUP.into(),
            version: model::VERSION.into(),
            api_version: model::API_VERSION.into(),
            kind: self.row.kind.into(),
            plural: self.row.plural.into(),
        };
        match namespace {
            Some(namespace) if self.row.is_namespaced() => Api::namespaced_with(client.clone(), namespace, &resource),
            _ => Api::all_with(client.clone(), &resource),
        }
    }
}

/// Owners are compared where the kind says what it belongs to; runs are told apart by their workflow.
fn filter(row: &KindRow, query: &'static str) -> Option<Filter> {
    let field = match query {
        "project" => row.owner.project?,
        "component" => row.owner.component?,
        "resource" => row.owner.resource?,
        "workflow" => "/spec/workflow/name",
        _ => return None,
    };
    Some(Filter { query, field })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_every_filter_is_about_a_kind() {
        let kinds: Vec<&str> = WORDS.iter().map(|(kind, _)| *kind).chain(WITHOUT_STATUS.iter().copied()).collect();
        let unknown: Vec<&str> = kinds.into_iter().filter(|kind| Resource::of(kind).is_none()).collect();
        assert_eq!(unknown, [""; 0]);
        let unfiltered: Vec<&str> = resources()
            .filter(|one| one.filter.is_none() && one.row.rest.is_some_and(|rest| rest.filter.is_some()))
            .map(Resource::kind)
            .collect();
        assert_eq!(unfiltered, [""; 0]);
    }

    #[test]
    fn no_status_is_shown_where_the_kind_has_none() {
        let definitions = model::crds();
        for resource in resources() {
            let definition = definitions
                .iter()
                .find(|definition| definition["spec"]["names"]["kind"] == resource.kind())
                .expect("each kind is defined");
            let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
            assert!(!resource.status || schema.get("status").is_some(), "{}", resource.kind());
        }
    }
}
