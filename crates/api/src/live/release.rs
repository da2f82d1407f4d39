//! Cuts a release of a component as it is now.

use super::environment::resource;
use crate::objects::{JsonBody, Parts, Warnings, fetch, name, namespace, to_wire, unknown_members, wrong_type};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kube::api::{ListParams, PostParams};
use kube::core::DynamicObject;
use model::{
    ClusterComponentType, ClusterTrait, Component, ComponentType, ComponentTypeKind, ComponentTypeSpec, Kind, Trait,
    TraitKind, TraitSpec, Workload, release_snapshot,
};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `POST …/components/{name}/generate-release`, body `{"releaseName"?}`.
pub(super) async fn generate(
    State(app): State<App>,
    Path(parts): Path<Parts>,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let (space, component_name) = (namespace(&parts).unwrap_or_default(), name(&parts));
    let wanted = match body.get("releaseName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.as_str()).filter(|name| !name.is_empty()),
        Some(other) => return Err(wrong_type("releaseName", "a string", other)),
    };
    let warnings = unknown_members("", &body, &["releaseName"]);
    let component: Component = typed(fetch(&app, resource("Component")?, Some(space), component_name).await?)?;
    let workload = workload(&app, space, &component).await?;
    let component_type = component_type(&app, space, &component).await?;
    let mut traits: HashMap<(TraitKind, String), TraitSpec> = HashMap::new();
    for (kind, name) in release_snapshot::used_traits(&component.spec, &component_type) {
        let spec = match kind {
            TraitKind::Trait => typed::<Trait>(fetch(&app, resource("Trait")?, Some(space), &name).await?)?.spec,
            TraitKind::ClusterTrait => {
                typed::<ClusterTrait>(fetch(&app, resource("ClusterTrait")?, None, &name).await?)?.spec
            }
        };
        traits.insert((kind, name), spec);
    }
    let spec = release_snapshot::component_release(
        component_name,
        &component.spec,
        component_type,
        workload.spec.template(),
        |kind, name| traits.remove(&(kind, name.to_owned())),
    )
    .map_err(|(kind, name)| Problem::not_found(&format!("{kind} {name:?}")))?;
    let releases = resource("ComponentRelease")?;
    let api = releases.api(&app.client, Some(space));
    let mut number = match wanted {
        Some(_) => 0,
        None => next_number(&api, &component).await?,
    };
    loop {
        let day = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
        let name =
            wanted.map_or_else(|| model::names::dated_component_release(component_name, &day, number), str::to_owned);
        let release = json!({
            "apiVersion": model::API_VERSION,
            "kind": "ComponentRelease",
            "metadata": {
                "name": name,
                "namespace": space,
                "labels": {
                    model::labels::PROJECT: component.spec.owner.project_name,
                    model::labels::COMPONENT: component_name,
                },
            },
            "spec": spec,
        });
        let release: DynamicObject = serde_json::from_value(release).map_err(|error| Problem::internal(&error))?;
        match api.create(&PostParams::default(), &release).await {
            Ok(created) => {
                let release = Json(to_wire(releases, &created)?);
                return Ok((StatusCode::CREATED, Warnings(warnings), release).into_response());
            }
            // Somebody took the number in between, or a release of that day was deleted: the next number is free or not.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" && wanted.is_none() => number += 1,
            Err(error) => return Err(Problem::from_kube(error, releases.missing, releases.taken)),
        }
    }
}

fn typed<K: Kind>(object: DynamicObject) -> Result<K, Problem> {
    let value = serde_json::to_value(object).map_err(|error| Problem::internal(&error))?;
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}

async fn workload(app: &App, namespace: &str, component: &Component) -> Result<Workload, Problem> {
    let row = resource("Workload")?;
    let all = row.api(&app.client, Some(namespace)).list(&ListParams::default()).await;
    let all = all.map_err(|error| Problem::from_kube(error, row.missing, row.taken))?;
    let mut own = Vec::new();
    for object in all.items {
        let workload: Workload = typed(object)?;
        let owner = &workload.spec.owner;
        if owner.component_name == component.name() && owner.project_name == component.spec.owner.project_name {
            own.push(workload);
        }
    }
    match (own.pop(), own.len()) {
        (Some(workload), 0) => Ok(workload),
        (None, _) => Err(Problem::not_found("Workload")),
        (Some(_), more) => Err(Problem::bad_request(format!(
            "component {:?} has {} workloads, and exactly one is needed: delete the others",
            component.name(),
            more + 1
        ))),
    }
}

async fn component_type(app: &App, namespace: &str, component: &Component) -> Result<ComponentTypeSpec, Problem> {
    let reference = &component.spec.component_type;
    let Some((_, name)) = reference.split() else {
        return Err(Problem::bad_request(format!(
            "spec.componentType.name: {:?} is not of the form workloadType/name, such as deployment/service",
            reference.name
        )));
    };
    Ok(match reference.kind {
        ComponentTypeKind::ComponentType => {
            typed::<ComponentType>(fetch(app, resource("ComponentType")?, Some(namespace), name).await?)?.spec
        }
        ComponentTypeKind::ClusterComponentType => {
            typed::<ClusterComponentType>(fetch(app, resource("ClusterComponentType")?, None, name).await?)?.spec.into()
        }
    })
}

/// One more than the releases of today that carry the component's labels.
async fn next_number(api: &kube::Api<DynamicObject>, component: &Component) -> Result<usize, Problem> {
    let day = jiff::Timestamp::now().strftime("%Y%m%d").to_string();
    let labels = format!(
        "{}={},{}={}",
        model::labels::PROJECT,
        component.spec.owner.project_name,
        model::labels::COMPONENT,
        component.name()
    );
    let found = api.list(&ListParams::default().labels(&labels)).await;
    let found = found.map_err(|error| Problem::from_kube(error, "ComponentRelease", "ComponentRelease"))?;
    let prefix = format!("{}-{day}-", component.name());
    Ok(found
        .items
        .iter()
        .filter(|release| release.metadata.name.as_deref().is_some_and(|name| name.starts_with(&prefix)))
        .count()
        + 1)
}
