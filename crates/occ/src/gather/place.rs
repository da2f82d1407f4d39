//! Where a component is to run.

use super::{Object, Objects, Used};
use crate::noun::nearest;

/// Where nothing in the files says which environment.
const ENVIRONMENT: &str = "development";

/// An environment, and what binds the component to it.
pub(crate) struct Place<'o, 's> {
    pub(crate) environment: String,
    pub(crate) object: Option<&'o Object<'s>>,
    pub(crate) binding: Option<(&'o Object<'s>, model::ReleaseBinding)>,
}

impl<'o, 's> Place<'o, 's> {
    /// The environment of a name, with the component's binding to it if there is one.
    pub(crate) fn of(objects: &'o Objects<'s>, used: &Used<'_, '_>, environment: &str) -> Self {
        let binding = bindings(objects, used).filter(|(_, binding)| binding.spec.environment == environment).last();
        let object = objects.find("Environment", environment, used.object.namespace());
        Self { environment: environment.to_owned(), object, binding }
    }

    /// The environment that was asked for, else the first one of the project's pipeline.
    ///
    /// # Errors
    /// A text that names the choices, where what was asked for is none of them.
    pub(crate) fn chosen(objects: &'o Objects<'s>, used: &Used<'_, '_>, asked: Option<&str>) -> Result<Self, String> {
        let Some(asked) = asked else { return Ok(Self::of(objects, used, &root(objects, used))) };
        let known = known(objects, used);
        if known.is_empty() || known.iter().any(|known| known == asked) {
            return Ok(Self::of(objects, used, asked));
        }
        let near = nearest(asked, known.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Err(format!(
            "environment {asked:?} is not among the files for {}; there are: {}{near}",
            used.object.title(),
            known.join(", ")
        ))
    }

    /// Every environment that the files bind the component to, else the first one of its pipeline.
    pub(crate) fn all(objects: &'o Objects<'s>, used: &Used<'_, '_>) -> Vec<Self> {
        let mut places: Vec<Self> = bindings(objects, used)
            .map(|(object, binding)| Self {
                environment: binding.spec.environment.clone(),
                object: objects.find("Environment", &binding.spec.environment, used.object.namespace()),
                binding: Some((object, binding)),
            })
            .collect();
        if places.is_empty() {
            places.push(Self::of(objects, used, &root(objects, used)));
        }
        places
    }
}

fn bindings<'o, 's>(
    objects: &'o Objects<'s>,
    used: &Used<'_, '_>,
) -> impl Iterator<Item = (&'o Object<'s>, model::ReleaseBinding)> {
    objects
        .here("ReleaseBinding", used.object.namespace())
        .filter(|found| found.is_of_component(used.project(), used.object.name()))
        .filter_map(|found| Some((found, found.read()?)))
}

/// The pipeline that the project names; where the project is not among the files, the first of the namespace.
fn pipeline(objects: &Objects<'_>, used: &Used<'_, '_>) -> Option<model::DeploymentPipeline> {
    let namespace = used.object.namespace();
    match objects.find("Project", used.project(), namespace).and_then(Object::read::<model::Project>) {
        Some(project) => {
            objects.find("DeploymentPipeline", &project.spec.deployment_pipeline_ref.name, namespace)?.read()
        }
        None => objects.here("DeploymentPipeline", namespace).find_map(Object::read),
    }
}

/// The environment that a component is deployed to first.
fn root(objects: &Objects<'_>, used: &Used<'_, '_>) -> String {
    let root = pipeline(objects, used).and_then(|pipeline| pipeline.spec.root_environment().map(str::to_owned));
    let first = || objects.here("Environment", used.object.namespace()).next().map(|found| found.name().to_owned());
    root.or_else(first).unwrap_or_else(|| ENVIRONMENT.to_owned())
}

/// Every environment that the files know of for the component, each once, in order.
fn known(objects: &Objects<'_>, used: &Used<'_, '_>) -> Vec<String> {
    let mut known: Vec<String> =
        objects.here("Environment", used.object.namespace()).map(|found| found.name().to_owned()).collect();
    if let Some(pipeline) = pipeline(objects, used) {
        for path in pipeline.spec.promotion_paths {
            known.push(path.source_environment_ref.name);
            known.extend(path.target_environment_refs.into_iter().map(|target| target.name));
        }
    }
    known.extend(bindings(objects, used).map(|(_, binding)| binding.spec.environment));
    known.sort();
    known.dedup();
    known
}
