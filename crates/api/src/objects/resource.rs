//! What REST needs to know of each kind.

use kube::Client;
use kube::api::Api;
use kube::core::{ApiResource, DynamicObject};

/// A list filter: a query parameter and the field of `spec.owner` or `spec` that it is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub(crate) query: &'static str,
    /// JSON pointer into the object.
    pub(crate) field: &'static str,
}

/// One kind.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    /// How messages call it when it does not exist. Clients match on these words.
    pub(crate) missing: &'static str,
    /// How messages call it when its name is taken.
    pub(crate) taken: &'static str,
    /// Whether it may be changed; releases may not.
    pub(crate) update: bool,
    pub(crate) filter: Option<Filter>,
    /// Whether the kind has a status.
    pub(crate) status: bool,
    /// What operations of the document are called after, one and many, where it is not the kind.
    pub(crate) operations: Option<(&'static str, &'static str)>,
}

const GROUP: &str = "openchoreo.dev";
const VERSION: &str = "v1alpha1";

impl Resource {
    const fn new(kind: &'static str, plural: &'static str, missing: &'static str, taken: &'static str) -> Resource {
        Resource {
            kind,
            plural,
            namespaced: true,
            missing,
            taken,
            update: true,
            filter: None,
            status: true,
            operations: None,
        }
    }

    /// A kind without routes of its own.
    pub(crate) const fn hidden(kind: &'static str, plural: &'static str) -> Resource {
        Resource::new(kind, plural, kind, kind).immutable()
    }

    const fn cluster(mut self) -> Resource {
        self.namespaced = false;
        self
    }

    const fn immutable(mut self) -> Resource {
        self.update = false;
        self
    }

    const fn without_status(mut self) -> Resource {
        self.status = false;
        self
    }

    const fn called(mut self, one: &'static str, many: &'static str) -> Resource {
        self.operations = Some((one, many));
        self
    }

    const fn filtered(mut self, query: &'static str, field: &'static str) -> Resource {
        self.filter = Some(Filter { query, field });
        self
    }

    /// The row of a kind.
    pub(crate) fn of(kind: &str) -> Option<&'static Resource> {
        RESOURCES.iter().find(|resource| resource.kind == kind)
    }

    /// Path of the collection.
    pub(crate) fn path(&self) -> String {
        if self.namespaced {
            format!("/api/v1/namespaces/{{namespace}}/{}", self.plural)
        } else {
            format!("/api/v1/{}", self.plural)
        }
    }

    /// The objects of this kind.
    pub(crate) fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: GROUP.into(),
            version: VERSION.into(),
            api_version: format!("{GROUP}/{VERSION}"),
            kind: self.kind.into(),
            plural: self.plural.into(),
        };
        match namespace {
            Some(namespace) if self.namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
            _ => Api::all_with(client.clone(), &resource),
        }
    }
}

const PROJECT: (&str, &str) = ("project", "/spec/owner/projectName");
const COMPONENT: (&str, &str) = ("component", "/spec/owner/componentName");
const RESOURCE: (&str, &str) = ("resource", "/spec/owner/resourceName");

/// All kinds of the API, in the order of the document.
pub(crate) static RESOURCES: &[Resource] = &[
    Resource::new("Project", "projects", "Project", "Project"),
    Resource::new("Component", "components", "Component", "Component").filtered(PROJECT.0, PROJECT.1),
    Resource::new("Workload", "workloads", "Workload", "Workload").filtered(COMPONENT.0, COMPONENT.1),
    Resource::new("ComponentRelease", "componentreleases", "ComponentRelease", "ComponentRelease")
        .immutable()
        .filtered(COMPONENT.0, COMPONENT.1),
    Resource::new("ReleaseBinding", "releasebindings", "ReleaseBinding", "ReleaseBinding")
        .filtered(COMPONENT.0, COMPONENT.1),
    Resource::new("ProjectRelease", "projectreleases", "Project release", "Project release")
        .immutable()
        .filtered(PROJECT.0, PROJECT.1),
    Resource::new(
        "ProjectReleaseBinding",
        "projectreleasebindings",
        "Project release binding",
        "Project release binding",
    )
    .filtered(PROJECT.0, PROJECT.1),
    Resource::new("Resource", "resources", "Resource", "Resource").filtered(PROJECT.0, PROJECT.1),
    Resource::new("ResourceRelease", "resourcereleases", "Resource release", "Resource release")
        .immutable()
        .filtered(RESOURCE.0, RESOURCE.1),
    Resource::new(
        "ResourceReleaseBinding",
        "resourcereleasebindings",
        "Resource release binding",
        "Resource release binding",
    )
    .filtered(RESOURCE.0, RESOURCE.1),
    Resource::new("SecretReference", "secretreferences", "SecretReference", "SecretReference"),
    Resource::new("Environment", "environments", "Environment", "Environment"),
    Resource::new("DeploymentPipeline", "deploymentpipelines", "DeploymentPipeline", "Deployment pipeline"),
    Resource::new("ComponentType", "componenttypes", "ComponentType", "Component type"),
    Resource::new("ClusterComponentType", "clustercomponenttypes", "ClusterComponentType", "Cluster component type")
        .cluster(),
    Resource::new("Trait", "traits", "Trait", "Trait"),
    Resource::new("ClusterTrait", "clustertraits", "ClusterTrait", "Cluster trait").cluster(),
    Resource::new("ProjectType", "projecttypes", "Project type", "Project type"),
    Resource::new("ClusterProjectType", "clusterprojecttypes", "ClusterProjectType", "Cluster project type").cluster(),
    Resource::new("ResourceType", "resourcetypes", "Resource type", "Resource type"),
    Resource::new("ClusterResourceType", "clusterresourcetypes", "ClusterResourceType", "Cluster resource type")
        .cluster(),
    Resource::new("Workflow", "workflows", "Workflow", "Workflow"),
    Resource::new("ClusterWorkflow", "clusterworkflows", "ClusterWorkflow", "Cluster workflow").cluster(),
    Resource::new("WorkflowRun", "workflowruns", "WorkflowRun", "WorkflowRun")
        .filtered("workflow", "/spec/workflow/name"),
    Resource::new("DataPlane", "dataplanes", "DataPlane", "DataPlane"),
    Resource::new("ClusterDataPlane", "clusterdataplanes", "ClusterDataPlane", "ClusterDataPlane").cluster(),
    Resource::new("WorkflowPlane", "workflowplanes", "WorkflowPlane", "WorkflowPlane"),
    Resource::new("ClusterWorkflowPlane", "clusterworkflowplanes", "ClusterWorkflowPlane", "ClusterWorkflowPlane")
        .cluster(),
    Resource::new("ObservabilityPlane", "observabilityplanes", "ObservabilityPlane", "ObservabilityPlane"),
    Resource::new(
        "ClusterObservabilityPlane",
        "clusterobservabilityplanes",
        "ClusterObservabilityPlane",
        "ClusterObservabilityPlane",
    )
    .cluster(),
    Resource::new(
        "ObservabilityAlertsNotificationChannel",
        "observabilityalertsnotificationchannels",
        "ObservabilityAlertsNotificationChannel",
        "ObservabilityAlertsNotificationChannel",
    ),
    Resource::new("AuthzRole", "authzroles", "Namespace role", "Namespace role")
        .without_status()
        .called("NamespaceRole", "NamespaceRoles"),
    Resource::new("AuthzRoleBinding", "authzrolebindings", "Namespace role binding", "Namespace role binding")
        .without_status()
        .called("NamespaceRoleBinding", "NamespaceRoleBindings"),
    Resource::new("ClusterAuthzRole", "clusterauthzroles", "Cluster role", "Cluster role")
        .cluster()
        .without_status()
        .called("ClusterRole", "ClusterRoles"),
    Resource::new(
        "ClusterAuthzRoleBinding",
        "clusterauthzrolebindings",
        "Cluster role binding",
        "Cluster role binding",
    )
    .cluster()
    .without_status()
    .called("ClusterRoleBinding", "ClusterRoleBindings"),
];
