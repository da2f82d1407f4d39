//! The compiler: what is kept between compilations.

use std::sync::Arc;

use crate::cache::{Bounds, Cache};
use crate::component::Step;
use crate::input::{ComponentInput, ContentKey, ProjectInput, ResourceInput, Source, WorkflowInput};
use crate::origins::Origins;
use crate::output::{Manifest, ProjectRendered, Rendered, WorkflowRendered};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{ComponentTypeProgram, Shared, SharedTypeProgram, TraitProgram, WorkflowProgram};
use crate::resource::BoundResource;
use crate::template::Bindings;
use crate::workflow::ExternalReference;
use crate::{component, project, resource, workflow};

/// How many compiled types, traits and workflows of each kind are kept unless said otherwise.
const CAPACITY: usize = 512;

/// Of how much content compiled types, traits and workflows of each kind are kept, in bytes.
const CONTENT: usize = 16 << 20;

/// Compiles components, projects, resources and workflows.
///
/// It keeps compiled types by their content, a bounded number of them, and nothing else: what it answers depends on the
/// input alone. Share one for the life of the process; it can be used from any number of threads.
#[derive(Debug)]
pub struct Compiler {
    component_types: Cache<(ContentKey, bool), ComponentTypeProgram>,
    traits: Cache<(ContentKey, bool), TraitProgram>,
    shared_types: Cache<(ContentKey, Shared), SharedTypeProgram>,
    workflows: Cache<(ContentKey, bool), WorkflowProgram>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiler {
    /// A compiler that keeps up to 512 types of each kind, of no more than 16 MiB of content.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A compiler that keeps up to `capacity` types of each kind, of no more than 16 MiB of content.
    pub fn with_capacity(capacity: usize) -> Self {
        let bounds = Bounds { values: capacity, bytes: CONTENT };
        Self {
            component_types: Cache::new(bounds),
            traits: Cache::new(bounds),
            shared_types: Cache::new(bounds),
            workflows: Cache::new(bounds),
        }
    }

    /// How many compiled types, traits and workflows are kept now.
    pub fn kept(&self) -> usize {
        self.component_types.len() + self.traits.len() + self.shared_types.len() + self.workflows.len()
    }

    /// Compiles a component for one environment.
    pub fn component(&self, input: &ComponentInput<'_>) -> Result<Rendered, Problems> {
        component::compile(self, input)
    }

    /// Compiles a component and tells where every field of every manifest came from. Behind the resources, in their order,
    /// comes the network policy.
    pub fn component_with_origins(&self, input: &ComponentInput<'_>) -> Result<(Rendered, Origins), Problems> {
        component::compile_with_origins(self, input)
    }

    /// Compiles a component step by step: the variables, the type's resources, the resources behind each trait, and as they
    /// are in the end. Where a step fails there are those before it.
    pub fn component_in_steps(&self, input: &ComponentInput<'_>) -> (Vec<Step>, Result<Rendered, Problems>) {
        component::compile_in_steps(self, input)
    }

    /// The variables that the templates of a component's type read: parameters and environment configs bound to their
    /// schemas, and everything that is derived from workload, environment and plane. Nothing is rendered.
    pub fn component_variables(&self, input: &ComponentInput<'_>) -> Result<Bindings, Problems> {
        component::variables(self, input)
    }

    /// Compiles a project for one environment.
    ///
    /// ```
    /// use compiler::Compiler;
    /// use compiler::input::{DataPlane, Environment, ProjectInput, ProjectMetadata};
    /// use serde_json::json;
    ///
    /// let spec = json!({"resources": [{"id": "namespace", "template": {
    ///     "apiVersion": "v1", "kind": "Namespace",
    ///     "metadata": {"name": "${metadata.namespace}", "labels": {"team": "${parameters.team}"}},
    /// }}]});
    /// let rendered = Compiler::new().project(&ProjectInput {
    ///     type_name: "team", type_spec: &spec, parameters: Some(&json!({"team": "shop"})), environment_configs: None,
    ///     environment: &Environment::default(), data_plane: &DataPlane::default(),
    ///     metadata: &ProjectMetadata { namespace: "dp-shop".into(), ..ProjectMetadata::default() },
    /// }).unwrap();
    /// assert!(rendered.has_namespace("dp-shop"));
    /// assert_eq!(rendered.manifests[0].object["metadata"]["labels"], json!({"team": "shop"}));
    /// ```
    pub fn project(&self, input: &ProjectInput<'_>) -> Result<ProjectRendered, Problems> {
        project::compile(self, input)
    }

    /// Compiles a project and tells where every field of every manifest came from.
    pub fn project_with_origins(&self, input: &ProjectInput<'_>) -> Result<(ProjectRendered, Origins), Problems> {
        project::compile_with_origins(self, input)
    }

    /// Binds a resource for one environment; the answer renders its manifests and evaluates its outputs and readiness.
    ///
    /// ```
    /// use compiler::{Compiler, ResolvedValue};
    /// use compiler::input::{DataPlane, Environment, Observed, ResourceInput, ResourceMetadata};
    /// use serde_json::json;
    ///
    /// let spec = json!({
    ///     "resources": [{"id": "claim", "readyWhen": "${applied.claim.status.phase == 'Bound'}", "template": {
    ///         "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "${metadata.name}"},
    ///     }}],
    ///     "outputs": [{"name": "volume", "value": "${applied.claim.status.volumeName}"}],
    /// });
    /// let bound = Compiler::new().resource(&ResourceInput {
    ///     type_name: "disk", type_spec: &spec, parameters: None, environment_configs: None,
    ///     environment: &Environment::default(), data_plane: &DataPlane::default(),
    ///     metadata: &ResourceMetadata { name: "orders-dev".into(), ..ResourceMetadata::default() },
    /// }).unwrap();
    /// assert_eq!(bound.manifests().unwrap()[0].object["metadata"]["name"], "orders-dev");
    ///
    /// let status = json!({"phase": "Bound", "volumeName": "pv-7"});
    /// let observed = [Observed { id: "claim", status: Some(&status) }];
    /// assert_eq!(bound.is_ready("claim", &observed), Some(Ok(true)));
    /// assert_eq!(bound.outputs(&observed).outputs[0].value, ResolvedValue::Value("pv-7".into()));
    /// ```
    pub fn resource(&self, input: &ResourceInput<'_>) -> Result<BoundResource, Problems> {
        resource::bind(self, input)
    }

    /// The manifests of a resource, and where every field of each came from.
    pub fn resource_with_origins(&self, input: &ResourceInput<'_>) -> Result<(Vec<Manifest>, Origins), Problems> {
        resource::manifests_with_origins(self, input)
    }

    /// The external references that a workflow run names, with `input.external_refs` left out.
    pub fn workflow_references(&self, input: &WorkflowInput<'_>) -> Result<Vec<ExternalReference>, Problems> {
        workflow::external_references(self, input)
    }

    /// Compiles a workflow run.
    ///
    /// ```
    /// use compiler::Compiler;
    /// use compiler::input::{WorkflowInput, WorkflowMetadata};
    /// use serde_json::json;
    ///
    /// let spec = json!({"runTemplate": {
    ///     "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
    ///     "metadata": {"name": "${metadata.workflowRunName}", "namespace": "${metadata.namespace}"},
    ///     "spec": {"arguments": {"parameters": [{"name": "stages", "value": "${parameters.stages}"}]}},
    /// }});
    /// let run = Compiler::new().workflow_run(&WorkflowInput {
    ///     workflow_name: "build", workflow_spec: &spec, parameters: Some(&json!({"stages": ["test", "pack"]})),
    ///     metadata: &WorkflowMetadata {
    ///         namespace_name: "default".into(), workflow_run_name: "run-1".into(), labels: None,
    ///     },
    ///     secret_store: None, external_refs: None,
    /// }).unwrap();
    /// // Parameters of the workflow engine are texts.
    /// assert_eq!(run.applied_run["spec"]["arguments"]["parameters"][0]["value"], r#"["test","pack"]"#);
    /// ```
    pub fn workflow_run(&self, input: &WorkflowInput<'_>) -> Result<WorkflowRendered, Problems> {
        workflow::compile(self, input)
    }

    /// Compiles a workflow run and tells where every field came from. Of the origins' manifests the first is the run as
    /// rendered, the second the run as it is applied; the resources beside it follow.
    pub fn workflow_run_with_origins(
        &self,
        input: &WorkflowInput<'_>,
    ) -> Result<(WorkflowRendered, Origins), Problems> {
        workflow::compile_with_origins(self, input)
    }

    pub(crate) fn shared_type(
        &self,
        object: &str,
        name: &str,
        spec: &dyn Source,
        kind: Shared,
    ) -> Result<Arc<SharedTypeProgram>, Problems> {
        let key = spec.content_key();
        self.shared_types
            .get_or((key, kind), key.bytes(), || {
                SharedTypeProgram::parse(spec.to_json()?, kind, SharedTypeProgram::scope(kind))
            })
            .map_err(|error| unreadable(object, name, &error))
    }

    pub(crate) fn workflow(&self, name: &str, spec: &dyn Source, refs: bool) -> Result<Arc<WorkflowProgram>, Problems> {
        let key = spec.content_key();
        self.workflows
            .get_or((key, refs), key.bytes(), || {
                let (names, all) = WorkflowProgram::scopes(refs);
                WorkflowProgram::parse(spec.to_json()?, &names, all)
            })
            .map_err(|error| unreadable("Workflow", name, &error))
    }

    pub(crate) fn component_type(
        &self,
        name: &str,
        spec: &dyn Source,
        gateway: bool,
    ) -> Result<Arc<ComponentTypeProgram>, Problems> {
        let key = spec.content_key();
        self.component_types
            .get_or((key, gateway), key.bytes(), || {
                ComponentTypeProgram::parse(spec.to_json()?, ComponentTypeProgram::scope(gateway))
            })
            .map_err(|error| unreadable("ComponentType", name, &error))
    }

    pub(crate) fn trait_(&self, name: &str, spec: &dyn Source, gateway: bool) -> Result<Arc<TraitProgram>, Problems> {
        let key = spec.content_key();
        self.traits
            .get_or((key, gateway), key.bytes(), || TraitProgram::parse(spec.to_json()?, TraitProgram::scope(gateway)))
            .map_err(|error| unreadable("Trait", name, &error))
    }
}

fn unreadable(kind: &str, name: &str, error: &serde_json::Error) -> Problems {
    let message = format!("the spec of {kind} {name} cannot be read: {error}");
    Problems::one(Stage::Parse, Problem::new(Code::Spec, &Place::new(format!("{kind} {name}"), "spec"), message))
}
