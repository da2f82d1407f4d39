//! A component with all that it uses, for each environment that the files bind it to: what is missing, what would be made.

use super::component::{find_trait, not_there, reference};
use super::{Finding, Object, Report, Severity};
use compiler::check::{self, ComponentChecked};
use compiler::input::{
    ComponentInput, ComponentMetadata, ConfigurationOverrides, DataPlane, EndpointDependency, Environment, Gateway,
    TraitInstance, TraitSource, Variable, Workload,
};
use compiler::{Code, Problem};
use model::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Checks every component among the objects.
pub(super) fn components(objects: &[Object<'_>], report: &mut Report) {
    for object in objects.iter().filter(|object| object.is("Component")) {
        let Some(component) = object.read::<model::Component>() else { continue };
        let Some(used) = Used::find(objects, object, &component, report) else { continue };
        dependencies(objects, &used, report);
        for place in places(objects, object, &component) {
            used.checked(objects, &place, report);
        }
    }
}

/// A component and what it is made of.
struct Used<'o, 's> {
    object: &'o Object<'s>,
    component: model::Component,
    kind: &'o Object<'s>,
    traits: Vec<&'o Object<'s>>,
    workload_object: &'o Object<'s>,
    workload: model::Workload,
}

/// Where it is to run.
struct Place<'o, 's> {
    environment: String,
    binding: Option<(&'o Object<'s>, model::ReleaseBinding)>,
}

impl<'o, 's> Used<'o, 's> {
    /// What a component uses; `None`, with a note, where some of it is not among the files.
    fn find(
        objects: &'o [Object<'s>],
        object: &'o Object<'s>,
        component: &model::Component,
        report: &mut Report,
    ) -> Option<Self> {
        let reference_to = &component.spec.component_type;
        let (workload_type, name) = reference_to.split()?;
        let kind = reference_to.kind.as_str();
        let Some(of_type) = in_reach(objects, kind, name, object.namespace())
            .filter(|found| found.spec()["workloadType"].as_str() == Some(workload_type))
        else {
            report.note(not_there(object, &format!("the {kind} {}", reference_to.name)));
            return None;
        };
        let owned = |found: &&Object<'_>| {
            let owner = &found.spec()["owner"];
            found.namespace() == object.namespace()
                && owner["componentName"].as_str() == Some(object.name())
                && owner["projectName"].as_str() == Some(&component.spec.owner.project_name)
        };
        let Some(workload_object) = objects.iter().rev().filter(|found| found.is("Workload")).find(owned) else {
            report.note(not_there(object, "a Workload"));
            return None;
        };
        let uses = of_type.spec()["traits"].as_array().into_iter().flatten();
        let uses = uses.chain(object.spec()["traits"].as_array().into_iter().flatten());
        let (mut traits, mut all) = (Vec::new(), true);
        for used in uses {
            match find_trait(objects, object.namespace(), used) {
                Some(found) => traits.push(found),
                None => {
                    report.note(not_there(object, &reference(used)));
                    all = false;
                }
            }
        }
        let fits = all && of_type.fits && traits.iter().all(|found| found.fits);
        let workload = workload_object.read().filter(|_| fits)?;
        Some(Self { object, component: component.clone(), kind: of_type, traits, workload_object, workload })
    }

    /// Checks it for one place, and tells what would be made there.
    fn checked(&self, objects: &'o [Object<'s>], place: &Place<'o, 's>, report: &mut Report) {
        let spec = &self.component.spec;
        let environment_object = in_reach(objects, "Environment", &place.environment, self.object.namespace());
        let known: Option<model::Environment> = environment_object.and_then(Object::read);
        let data_plane = known.as_ref().and_then(|known| data_plane(objects, known));
        let assumed = data_plane.is_none();
        let data_plane = data_plane.unwrap_or_else(|| DataPlane {
            gateway: Some(Gateway::stand_in()),
            secret_store: Some("default".to_owned()),
            ..DataPlane::default()
        });
        let environment = Environment {
            gateway: known.as_ref().and_then(|known| known.spec.gateway.as_ref()).map(Into::into),
            default_notification_channel: channel(objects, self.object.namespace(), &place.environment),
        };
        let instances: Vec<TraitInstance> = spec
            .traits
            .iter()
            .map(|used| TraitInstance {
                kind: used.kind.as_str().to_owned(),
                name: used.name.clone(),
                instance_name: used.instance_name.clone(),
                parameters: used.parameters.as_ref().map(|parameters| parameters.0.clone()),
            })
            .collect();
        let sources: Vec<TraitSource<'_>> = self
            .traits
            .iter()
            .map(|found| TraitSource { kind: found.manifest.noun.kind, name: found.name(), spec: found.spec() })
            .collect();
        let references: Vec<model::SecretReference> = objects
            .iter()
            .filter(|found| found.is("SecretReference") && found.namespace() == self.object.namespace())
            .filter_map(Object::read)
            .collect();
        let binding = place.binding.as_ref().map(|(_, binding)| &binding.spec);
        let overrides =
            binding.and_then(|binding| binding.workload_overrides.as_ref()).map(ConfigurationOverrides::from);
        let configs = binding
            .and_then(|binding| binding.component_type_environment_configs.as_ref())
            .map(|configs| Value::Object(configs.as_map().clone()));
        let trait_configs: BTreeMap<String, Value> = binding
            .into_iter()
            .flat_map(|binding| &binding.trait_environment_configs)
            .map(|(name, configs)| (name.clone(), Value::Object(configs.as_map().clone())))
            .collect();
        let project = &spec.owner.project_name;
        let checked = check::component(&ComponentInput {
            type_name: &spec.component_type.name,
            type_spec: self.kind.spec(),
            parameters: spec.parameters.as_ref().map(|parameters| &parameters.0),
            traits: &instances,
            trait_specs: &sources,
            workload: &Workload::from(&self.workload.spec.template()),
            overrides: overrides.as_ref(),
            environment_configs: configs.as_ref(),
            trait_environment_configs: Some(&trait_configs),
            environment: &environment,
            data_plane: &data_plane,
            secrets: &compiler::input::secrets(&references),
            metadata: &ComponentMetadata::stand_in(
                self.object.namespace(),
                project,
                self.object.name(),
                &place.environment,
            ),
            dependencies: &self.resolved(),
            resource_dependencies: &[],
        });
        self.tell(&checked, place, environment_object, report);
        if assumed && !checked.produces.is_empty() {
            report.note(
                "no data plane is among the files: gateways for HTTP, HTTPS and TLS and a secret store were assumed"
                    .to_owned(),
            );
        }
    }

    /// The workload's dependencies on endpoints, with addresses that stand in for those of a cluster.
    fn resolved(&self) -> Vec<EndpointDependency> {
        let wanted = self.workload.spec.dependencies.iter().flat_map(|dependencies| &dependencies.endpoints);
        wanted
            .map(|wanted| {
                let bindings = &wanted.env_bindings;
                let host = format!("{}.example.internal", wanted.component);
                let values = [
                    (&bindings.address, format!("http://{host}:80")),
                    (&bindings.host, host.clone()),
                    (&bindings.port, "80".to_owned()),
                    (&bindings.base_path, "/".to_owned()),
                ];
                let own = &self.component.spec.owner.project_name;
                EndpointDependency {
                    namespace: self.object.namespace().to_owned(),
                    project: if wanted.project.is_empty() { own.clone() } else { wanted.project.clone() },
                    component: wanted.component.clone(),
                    endpoint: wanted.name.clone(),
                    visibility: wanted.visibility.to_string(),
                    env_vars: values
                        .into_iter()
                        .filter(|(name, _)| !name.is_empty())
                        .map(|(name, value)| Variable { name: name.clone(), value, value_from: None })
                        .collect(),
                }
            })
            .collect()
    }

    fn tell(
        &self,
        checked: &ComponentChecked,
        place: &Place<'_, '_>,
        environment: Option<&Object<'_>>,
        report: &mut Report,
    ) {
        let of = |problem: &Problem| -> &Object<'_> {
            let (kind, rest) = problem.place.object.split_once(' ').unwrap_or_default();
            match kind {
                "ComponentType" => self.kind,
                "Trait" => self.traits.iter().find(|found| found.name() == rest).copied().unwrap_or(self.object),
                "Workload" => self.workload_object,
                "Environment" => environment.unwrap_or(self.object),
                "ReleaseBinding" => place.binding.as_ref().map_or(self.object, |(binding, _)| binding),
                _ => self.object,
            }
        };
        for (severity, list) in
            [(Severity::Error, &checked.checked.problems), (Severity::Warning, &checked.checked.warnings)]
        {
            for problem in list {
                report.add(Finding::problem(of(problem), severity, problem));
            }
        }
        let mut blocked = !checked.checked.is_clean();
        for problem in &checked.missing {
            if problem.code == Code::Input && problem.place.object.starts_with("SecretReference ") {
                report.note(not_there(self.object, &format!("the {}", problem.place.object)));
                continue;
            }
            blocked = true;
            report.add(Finding::problem(of(problem), Severity::Error, problem));
        }
        let what = format!("{} in {}", self.object.title(), place.environment);
        if !checked.produces.is_empty() {
            let mut text = format!("{what} would be made of\n");
            for produced in &checked.produces {
                let _ = writeln!(text, "    {produced}");
            }
            report.made(text);
        } else if blocked {
            report.made(format!("{what} cannot be made: see the errors above\n"));
        }
    }
}

/// Where a component is bound to; else the first environment of its namespace, else one that is called `development`.
fn places<'o, 's>(objects: &'o [Object<'s>], object: &Object<'_>, component: &model::Component) -> Vec<Place<'o, 's>> {
    let here = |found: &&Object<'_>| found.namespace() == object.namespace();
    let mut places: Vec<Place<'o, 's>> = Vec::new();
    for found in objects.iter().filter(|found| found.is("ReleaseBinding")).filter(here) {
        let Some(binding) = found.read::<model::ReleaseBinding>() else { continue };
        let owner = &binding.spec.owner;
        if owner.component_name == object.name() && owner.project_name == component.spec.owner.project_name {
            places.push(Place { environment: binding.spec.environment.clone(), binding: Some((found, binding)) });
        }
    }
    if places.is_empty() {
        let pipelines = objects.iter().filter(|found| found.is("DeploymentPipeline")).filter(here);
        let root = pipelines
            .filter_map(Object::read::<model::DeploymentPipeline>)
            .find_map(|pipeline| pipeline.spec.root_environment().map(str::to_owned));
        let first = objects.iter().filter(|found| found.is("Environment")).find(here);
        let environment = root.or_else(|| first.map(|found| found.name().to_owned()));
        places.push(Place { environment: environment.unwrap_or_else(|| "development".to_owned()), binding: None });
    }
    places
}

/// An object that something in a namespace means by kind and name.
fn in_reach<'o, 's>(objects: &'o [Object<'s>], kind: &str, name: &str, namespace: &str) -> Option<&'o Object<'s>> {
    objects.iter().rev().find(|found| {
        found.is(kind) && found.name() == name && (!found.manifest.noun.namespaced || found.namespace() == namespace)
    })
}

/// The environment's data plane, as templates see it.
fn data_plane(objects: &[Object<'_>], environment: &model::Environment) -> Option<DataPlane> {
    let namespace = if environment.namespace().is_empty() { "default" } else { environment.namespace() };
    let of = |kind: &str, name: &str| {
        let found = in_reach(objects, kind, name, namespace)?;
        if kind == "DataPlane" {
            found.read::<model::DataPlane>().map(|plane| DataPlane::from(&plane))
        } else {
            found.read::<model::ClusterDataPlane>().map(|plane| DataPlane::from(&plane))
        }
    };
    match &environment.spec.data_plane_ref {
        Some(reference) => of(reference.kind.as_str(), &reference.name),
        None => of("DataPlane", "default").or_else(|| of("ClusterDataPlane", "default")),
    }
}

/// Where alerts of an environment go by default.
fn channel(objects: &[Object<'_>], namespace: &str, environment: &str) -> Option<String> {
    let names: BTreeSet<&str> = objects
        .iter()
        .filter(|found| found.is("ObservabilityAlertsNotificationChannel") && found.namespace() == namespace)
        .filter(|found| found.spec()["environment"] == environment && found.spec()["isEnvDefault"] == true)
        .map(Object::name)
        .collect();
    names.first().map(|name| (*name).to_owned())
}

/// Dependencies on endpoints that a component among the files does not offer.
fn dependencies(objects: &[Object<'_>], used: &Used<'_, '_>, report: &mut Report) {
    let own = &used.component.spec.owner.project_name;
    let wanted = used.workload.spec.dependencies.iter().flat_map(|dependencies| &dependencies.endpoints);
    for (at, wanted) in wanted.enumerate() {
        let project = if wanted.project.is_empty() { own } else { &wanted.project };
        let provider = objects.iter().filter(|found| found.is("Workload")).find(|found| {
            let owner = &found.spec()["owner"];
            found.namespace() == used.object.namespace()
                && owner["projectName"].as_str() == Some(project)
                && owner["componentName"].as_str() == Some(&wanted.component)
        });
        let Some(offered) = provider.map(|found| found.spec()["endpoints"].as_object()) else { continue };
        if offered.is_some_and(|offered| offered.contains_key(&wanted.name)) {
            continue;
        }
        let names: Vec<&str> = offered.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = format!("component {} has no endpoint {:?}; it has: {names}", wanted.component, wanted.name);
        let path = format!("spec.dependencies.endpoints[{at}].name");
        report.add(Finding::of(used.workload_object, Severity::Error, "component/dependency", &path, text));
    }
}
