//! The compiler: what is kept between compilations.

use std::sync::Arc;

use crate::cache::Cache;
use crate::input::{ComponentInput, ContentKey, ProjectInput, ResourceInput, Source, WorkflowInput};
use crate::origins::Origins;
use crate::output::{ProjectRendered, Rendered, WorkflowRendered};
use crate::problem::{Code, Place, Problem, Problems, Stage};
use crate::program::{ComponentTypeProgram, Shared, SharedTypeProgram, TraitProgram, WorkflowProgram};
use crate::resource::BoundResource;
use crate::template::Bindings;
use crate::workflow::ExternalReference;
use crate::{component, project, resource, workflow};

/// How many compiled types, traits and workflows of each kind are kept unless said otherwise.
const CAPACITY: usize = 512;

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
    /// A compiler that keeps up to 512 types of each kind.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A compiler that keeps up to `capacity` types of each kind.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            component_types: Cache::new(capacity),
            traits: Cache::new(capacity),
            shared_types: Cache::new(capacity),
            workflows: Cache::new(capacity),
        }
    }

    /// Compiles a component for one environment.
    pub fn component(&self, input: &ComponentInput<'_>) -> Result<Rendered, Problems> {
        component::compile(self, input)
    }

    /// Compiles a component and tells where every field of every manifest came from.
    pub fn component_with_origins(&self, input: &ComponentInput<'_>) -> Result<(Rendered, Origins), Problems> {
        component::compile_with_origins(self, input)
    }

    /// The variables that the templates of a component's type read: parameters and environment configs bound to their
    /// schemas, and everything that is derived from workload, environment and plane. Nothing is rendered.
    pub fn component_variables(&self, input: &ComponentInput<'_>) -> Result<Bindings, Problems> {
        component::variables(self, input)
    }

    /// Compiles a project for one environment.
    pub fn project(&self, input: &ProjectInput<'_>) -> Result<ProjectRendered, Problems> {
        project::compile(self, input)
    }

    /// Binds a resource for one environment; the answer renders its manifests and evaluates its outputs and readiness.
    pub fn resource(&self, input: &ResourceInput<'_>) -> Result<BoundResource, Problems> {
        resource::bind(self, input)
    }

    /// The external references that a workflow run names, with `input.external_refs` left out.
    pub fn workflow_references(&self, input: &WorkflowInput<'_>) -> Result<Vec<ExternalReference>, Problems> {
        workflow::external_references(self, input)
    }

    /// Compiles a workflow run.
    pub fn workflow_run(&self, input: &WorkflowInput<'_>) -> Result<WorkflowRendered, Problems> {
        workflow::compile(self, input)
    }

    pub(crate) fn shared_type(
        &self,
        object: &str,
        name: &str,
        spec: &dyn Source,
        kind: Shared,
    ) -> Result<Arc<SharedTypeProgram>, Problems> {
        self.shared_types
            .get_or((spec.content_key(), kind), || {
                SharedTypeProgram::parse(spec.to_json()?, kind, SharedTypeProgram::scope(kind))
            })
            .map_err(|error| unreadable(object, name, &error))
    }

    pub(crate) fn workflow(&self, name: &str, spec: &dyn Source, refs: bool) -> Result<Arc<WorkflowProgram>, Problems> {
        self.workflows
            .get_or((spec.content_key(), refs), || {
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
        self.component_types
            .get_or((spec.content_key(), gateway), || {
                ComponentTypeProgram::parse(spec.to_json()?, ComponentTypeProgram::scope(gateway))
            })
            .map_err(|error| unreadable("ComponentType", name, &error))
    }

    pub(crate) fn trait_(&self, name: &str, spec: &dyn Source, gateway: bool) -> Result<Arc<TraitProgram>, Problems> {
        self.traits
            .get_or((spec.content_key(), gateway), || {
                TraitProgram::parse(spec.to_json()?, TraitProgram::scope(gateway))
            })
            .map_err(|error| unreadable("Trait", name, &error))
    }
}

fn unreadable(kind: &str, name: &str, error: &serde_json::Error) -> Problems {
    let message = format!("the spec of {kind} {name} cannot be read: {error}");
    Problems::one(Stage::Parse, Problem::new(Code::Spec, &Place::new(format!("{kind} {name}"), "spec"), message))
}
