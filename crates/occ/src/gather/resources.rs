//! Dependencies on resources: their outputs, from what their types make of them.

use super::surroundings::Surroundings;
use super::{Object, Objects, Place, Told, Used};
use compiler::input::{Observed, ResourceDependency, ResourceInput, ResourceMetadata};
use compiler::{Compiler, OutputKeyRef, ResolvedOutput, ResolvedValue, check, dependency};
use model::{ResourceTypeOutput, ResourceTypeSpec, WorkloadResourceDependency};

/// What a component gets of a resource. Where only a running resource tells it, or the resource is not among the files,
/// something stands in for it.
pub(super) fn resolve<'o, 's>(
    objects: &'o Objects<'s>,
    used: &Used<'o, 's>,
    place: &Place<'o, 's>,
    surroundings: &Surroundings,
    compiler: &Compiler,
    wanted: &WorkloadResourceDependency,
    at: usize,
) -> (ResourceDependency, Vec<Told<'o, 's>>) {
    let mut told = Vec::new();
    let path = format!("spec.dependencies.resources[{at}]");
    let who = format!("what {} gets of the Resource {}", used.object.title(), wanted.ref_);
    let mut outputs = match Provider::find(objects, used, wanted) {
        Err(Absent::Resource) => {
            told.push(Told::Note(format!("{who} is a stand-in: it is not among the files")));
            Vec::new()
        }
        Err(Absent::Project(other)) => {
            let text = format!("the resource {} is one of project {other}, not of {}", wanted.ref_, used.project());
            told.push(Told::Wrong { path: format!("{path}.ref"), text });
            Vec::new()
        }
        Err(Absent::Type(name)) => {
            told.push(Told::Note(format!("{who} is a stand-in: the {name} is not among the files")));
            Vec::new()
        }
        Ok(provider) => {
            undeclared(&provider, wanted, &path, &mut told);
            provider.outputs(objects, place, surroundings, compiler, &who, &mut told)
        }
    };
    for name in wanted.env_bindings.keys() {
        complete(&mut outputs, name, wanted, false);
    }
    for name in wanted.file_bindings.keys() {
        complete(&mut outputs, name, wanted, true);
    }
    let given = dependency::resource(wanted, &outputs).unwrap_or_else(|missing| {
        let texts = missing.iter().map(|missing| Told::Wrong { path: path.clone(), text: missing.to_string() });
        told.extend(texts);
        ResourceDependency { name: wanted.ref_.clone(), ..ResourceDependency::default() }
    });
    (given, told)
}

/// A resource and its type.
struct Provider<'o, 's> {
    object: &'o Object<'s>,
    resource: model::Resource,
    type_object: &'o Object<'s>,
    type_spec: ResourceTypeSpec,
}

enum Absent {
    Resource,
    /// It is another project's.
    Project(String),
    Type(String),
}

impl<'o, 's> Provider<'o, 's> {
    fn find(
        objects: &'o Objects<'s>,
        used: &Used<'_, '_>,
        wanted: &WorkloadResourceDependency,
    ) -> Result<Self, Absent> {
        let namespace = used.object.namespace();
        let object = objects.find("Resource", &wanted.ref_, namespace).ok_or(Absent::Resource)?;
        // One that does not fit its schema is told where it is checked by itself.
        let resource: model::Resource = object.read().ok_or(Absent::Resource)?;
        if resource.spec.owner.project_name != used.project() {
            return Err(Absent::Project(resource.spec.owner.project_name));
        }
        let reference = &resource.spec.type_;
        let absent = || Absent::Type(format!("{} {}", reference.kind, reference.name));
        let type_object = objects.find(reference.kind.as_str(), &reference.name, namespace).ok_or_else(absent)?;
        let type_spec = type_object.fits().then(|| serde_json::from_value(type_object.spec().clone()).ok()).flatten();
        let type_spec = type_spec.ok_or_else(absent)?;
        Ok(Self { object, resource, type_object, type_spec })
    }

    /// The outputs that the type declares: as far as they can be told without a plane, else stand-ins of their kind.
    fn outputs(
        &self,
        objects: &'o Objects<'s>,
        place: &Place<'_, '_>,
        surroundings: &Surroundings,
        compiler: &Compiler,
        who: &str,
        told: &mut Vec<Told<'o, 's>>,
    ) -> Vec<ResolvedOutput> {
        let (namespace, name) = (self.object.namespace(), self.object.name());
        let project = &self.resource.spec.owner.project_name;
        let binding = objects
            .here("ResourceReleaseBinding", namespace)
            .filter_map(Object::read::<model::ResourceReleaseBinding>)
            .filter(|binding| {
                let owner = &binding.spec.owner;
                owner.project_name == *project
                    && owner.resource_name == name
                    && binding.spec.environment == place.environment
            })
            .last();
        let mut metadata = ResourceMetadata::stand_in(namespace, project, name, &place.environment);
        metadata.data_plane_name.clone_from(&surroundings.plane);
        metadata.annotations =
            binding.as_ref().and_then(|binding| binding.metadata.annotations.clone()).or(metadata.annotations);
        let configs = binding.and_then(|binding| binding.spec.resource_type_environment_configs);
        let configs = configs.map(|configs| configs.0);
        let input = ResourceInput {
            type_name: &self.resource.spec.type_.name,
            type_spec: self.type_object.spec(),
            parameters: self.resource.spec.parameters.as_ref().map(|parameters| &parameters.0),
            environment_configs: configs.as_ref(),
            environment: &surroundings.environment,
            data_plane: &surroundings.data_plane,
            metadata: &metadata,
        };
        let bound = compiler.resource(&input).and_then(|bound| bound.manifests().map(|manifests| (bound, manifests)));
        let (mut outputs, problems) = match bound {
            Ok((bound, manifests)) => {
                let observed: Vec<Observed<'_>> =
                    manifests.iter().map(|manifest| Observed { id: &manifest.id, status: None }).collect();
                let resolved = bound.outputs(&observed);
                (resolved.outputs, resolved.problems)
            }
            Err(problems) => (Vec::new(), problems.list().to_vec()),
        };
        let (later, mut wrong): (Vec<_>, Vec<_>) = problems.into_iter().partition(reads_status);
        // What is wrong with the type itself is told with more words.
        let of_type =
            check::object(self.type_object.manifest.noun.kind, self.type_object.name(), self.type_object.spec());
        if let Some(of_type) = of_type.filter(|of_type| !of_type.is_clean()) {
            wrong = of_type.problems;
        }
        told.push(Told::Problems(self.type_object, wrong));
        for (at, declared) in self.type_spec.outputs.iter().enumerate() {
            if outputs.iter().any(|known| known.name == declared.name) {
                continue;
            }
            outputs.push(ResolvedOutput { name: declared.name.clone(), value: stand_in(name, declared) });
            let place = format!("spec.outputs[{at}]");
            if later.iter().any(|problem| problem.place.path.starts_with(&place)) {
                let output = &declared.name;
                told.push(Told::Note(format!("{who} as {output} is a stand-in: only the running resource tells it")));
            }
        }
        outputs
    }
}

/// Whether an output could not be told because it reads what a plane reports.
fn reads_status(problem: &compiler::Problem) -> bool {
    problem.place.expression.as_deref().is_some_and(|expression| expression.contains("applied"))
}

/// Outputs that are asked for and that the type does not have.
fn undeclared(
    provider: &Provider<'_, '_>,
    wanted: &WorkloadResourceDependency,
    path: &str,
    told: &mut Vec<Told<'_, '_>>,
) {
    let names: Vec<&str> = provider.type_spec.outputs.iter().map(|output| output.name.as_str()).collect();
    let asked = wanted.env_bindings.keys().map(|name| ("envBindings", name));
    let asked = asked.chain(wanted.file_bindings.keys().map(|name| ("fileBindings", name)));
    for (field, name) in asked.filter(|(_, name)| !names.contains(&name.as_str())) {
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = format!("the resource {} has no output {name:?}; it has: {has}", wanted.ref_);
        told.push(Told::Wrong { path: format!("{path}.{field}.{name}"), text });
    }
}

/// Something for an output that nobody gave.
fn complete(outputs: &mut Vec<ResolvedOutput>, name: &str, wanted: &WorkloadResourceDependency, file: bool) {
    if outputs.iter().any(|known| known.name == name) {
        return;
    }
    let value = if file {
        ResolvedValue::SecretKeyRef(key(&wanted.ref_, name))
    } else {
        ResolvedValue::Value(text(&wanted.ref_, name))
    };
    outputs.push(ResolvedOutput { name: name.to_owned(), value });
}

/// Of the output's kind, and seen to be none.
fn stand_in(resource: &str, output: &ResourceTypeOutput) -> ResolvedValue {
    if output.secret_key_ref.is_some() {
        ResolvedValue::SecretKeyRef(key(resource, &output.name))
    } else if output.config_map_key_ref.is_some() {
        ResolvedValue::ConfigMapKeyRef(key(resource, &output.name))
    } else {
        ResolvedValue::Value(text(resource, &output.name))
    }
}

fn text(resource: &str, output: &str) -> String {
    format!("stand-in-for-{resource}-{output}")
}

fn key(resource: &str, output: &str) -> OutputKeyRef {
    OutputKeyRef { name: format!("stand-in-for-{resource}"), key: output.to_owned() }
}
