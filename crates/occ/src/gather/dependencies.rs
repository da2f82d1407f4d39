//! Dependencies on endpoints of other components: their addresses, from what those components would be made of.

use super::surroundings::Surroundings;
use super::{Object, Objects, Place, Used, Whole, resources};
use compiler::input::{EndpointDependency, ResourceDependency};
use compiler::{Compiler, Problem, dependency};
use model::{EndpointType, EndpointUrl, WorkloadConnection};

/// Something about what a component depends on.
pub(crate) enum Told<'o, 's> {
    /// What stands in for something, and what would help.
    Note(String),
    /// A field of the workload that cannot be meant.
    Wrong { path: String, text: String },
    /// Problems of an object that the component depends on.
    Problems(&'o Object<'s>, Vec<Problem>),
}

/// What a component gets of others.
#[derive(Default)]
pub(super) struct Dependencies<'o, 's> {
    pub(super) endpoints: Vec<EndpointDependency>,
    pub(super) resources: Vec<ResourceDependency>,
    pub(super) told: Vec<Told<'o, 's>>,
}

impl<'o, 's> Dependencies<'o, 's> {
    pub(super) fn resolve(
        objects: &'o Objects<'s>,
        used: &Used<'o, 's>,
        place: &Place<'o, 's>,
        surroundings: &Surroundings,
        compiler: &Compiler,
    ) -> Self {
        let mut found = Self::default();
        let Some(wanted) = &used.workload.spec.dependencies else { return found };
        for (at, connection) in wanted.endpoints.iter().enumerate() {
            let url = found.address(objects, used, place, compiler, connection, at);
            found.endpoints.push(EndpointDependency {
                namespace: used.object.namespace().to_owned(),
                project: project(used, connection).to_owned(),
                component: connection.component.clone(),
                endpoint: connection.name.clone(),
                visibility: connection.visibility.to_string(),
                env_vars: dependency::variables(connection, &url),
            });
        }
        for (at, wanted) in wanted.resources.iter().enumerate() {
            let (given, told) = resources::resolve(objects, used, place, surroundings, compiler, wanted, at);
            found.resources.push(given);
            found.told.extend(told);
        }
        found
    }

    /// The address of another component's endpoint, or one that stands in for it.
    fn address(
        &mut self,
        objects: &'o Objects<'s>,
        used: &Used<'o, 's>,
        place: &Place<'o, 's>,
        compiler: &Compiler,
        wanted: &WorkloadConnection,
        at: usize,
    ) -> EndpointUrl {
        let project = project(used, wanted);
        let namespace = used.object.namespace();
        let who =
            format!("the address of {}/{}, which {} depends on", wanted.component, wanted.name, used.object.title());
        let provider = objects
            .find("Component", &wanted.component, namespace)
            .filter(|found| found.spec()["owner"]["projectName"].as_str() == Some(project));
        let workload = objects
            .here("Workload", namespace)
            .filter(|found| found.is_of_component(project, &wanted.component))
            .find_map(Object::read::<model::Workload>);
        let Some(workload) = workload else {
            self.note(format!("{who}, is a stand-in: its Workload is not among the files"));
            return stand_in(wanted, None);
        };
        let Some(endpoint) = workload.spec.endpoints.get(&wanted.name) else {
            let names: Vec<&str> = workload.spec.endpoints.keys().map(String::as_str).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let text = format!("component {} has no endpoint {:?}; it has: {names}", wanted.component, wanted.name);
            self.told.push(Told::Wrong { path: format!("spec.dependencies.endpoints[{at}].name"), text });
            return stand_in(wanted, None);
        };
        let url = provider.and_then(|provider| {
            let other = Used::find(objects, provider).ok()?;
            let there = Place::of(objects, &other, &place.environment);
            let rendered = compiler.component(&Whole::without_dependencies(objects, &other, there).input()).ok()?;
            let manifests = rendered.data_plane_manifests();
            let service =
                dependency::service_of(manifests.iter().map(|manifest| &manifest.object), &workload.spec.endpoints)?;
            dependency::service_url(service, endpoint)
        });
        url.unwrap_or_else(|| {
            self.note(format!("{who}, is a stand-in: what is among the files does not make a Service for it"));
            stand_in(wanted, Some(endpoint))
        })
    }

    fn note(&mut self, text: String) {
        self.told.push(Told::Note(text));
    }
}

fn project<'w>(used: &'w Used<'_, '_>, wanted: &'w WorkloadConnection) -> &'w str {
    if wanted.project.is_empty() { used.project() } else { &wanted.project }
}

/// An address that everybody sees to be none.
fn stand_in(wanted: &WorkloadConnection, endpoint: Option<&model::WorkloadEndpoint>) -> EndpointUrl {
    let scheme = match endpoint.map(|endpoint| endpoint.type_) {
        None | Some(EndpointType::Http | EndpointType::GraphQl) => "http",
        Some(EndpointType::Websocket) => "ws",
        Some(EndpointType::Grpc) => "grpc",
        Some(EndpointType::Tcp) => "tcp",
        Some(EndpointType::Udp) => "udp",
    };
    EndpointUrl {
        scheme: scheme.to_owned(),
        host: format!("{}.stand-in.example", wanted.component),
        port: Some(endpoint.map_or(80, |endpoint| endpoint.port)),
        path: endpoint.map(|endpoint| endpoint.base_path.clone()).unwrap_or_default(),
    }
}
