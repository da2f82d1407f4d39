//! The variable `dependencies`.

use cel::Value;

use super::{Object, list};
use crate::input::{EndpointDependency, KeyRef, ResourceDependency, Variable, Volume, VolumeMount};

/// The variable and its three merged lists, which `derived` shows again.
pub(crate) struct Dependencies {
    pub(crate) value: Value,
    pub(crate) variables: Value,
    pub(crate) mounts: Value,
    pub(crate) volumes: Value,
}

pub(crate) fn dependencies(endpoints: &[EndpointDependency], resources: &[ResourceDependency]) -> Dependencies {
    let variables = list(
        endpoints
            .iter()
            .flat_map(|e| &e.env_vars)
            .chain(resources.iter().flat_map(|r| &r.env_vars))
            .map(variable)
            .collect(),
    );
    let mounts = list(resources.iter().flat_map(|r| &r.volume_mounts).map(mount).collect());
    let volumes = list(resources.iter().flat_map(|r| &r.volumes).map(volume).collect());
    let value = Object::default()
        .with(key!("envVars"), variables.clone())
        .with(key!("items"), list(endpoints.iter().map(endpoint).collect()))
        .with(key!("resources"), list(resources.iter().map(resource).collect()))
        .with(key!("volumeMounts"), mounts.clone())
        .with(key!("volumes"), volumes.clone())
        .build();
    Dependencies { value, variables, mounts, volumes }
}

fn endpoint(e: &EndpointDependency) -> Value {
    Object::default()
        .with(key!("component"), e.component.as_str())
        .with(key!("endpoint"), e.endpoint.as_str())
        .with(key!("envVars"), list(e.env_vars.iter().map(variable).collect()))
        .with(key!("namespace"), e.namespace.as_str())
        .with(key!("project"), e.project.as_str())
        .with(key!("visibility"), e.visibility.as_str())
        .build()
}

fn resource(r: &ResourceDependency) -> Value {
    Object::default()
        .with(key!("envVars"), list(r.env_vars.iter().map(variable).collect()))
        .with(key!("ref"), r.name.as_str())
        .with(key!("volumeMounts"), list(r.volume_mounts.iter().map(mount).collect()))
        .with(key!("volumes"), list(r.volumes.iter().map(volume).collect()))
        .build()
}

fn variable(v: &Variable) -> Value {
    let key_ref =
        |r: &KeyRef| Object::default().with(key!("key"), r.key.as_str()).with(key!("name"), r.name.as_str()).build();
    let source = v.value_from.as_ref().map(|from| {
        Object::default()
            .with_some(key!("configMapKeyRef"), from.config_map_key_ref.as_ref().map(key_ref))
            .with_some(key!("secretKeyRef"), from.secret_key_ref.as_ref().map(key_ref))
            .build()
    });
    Object::default()
        .with(key!("name"), v.name.as_str())
        .with_text(key!("value"), &v.value)
        .with_some(key!("valueFrom"), source)
        .build()
}

fn mount(m: &VolumeMount) -> Value {
    Object::default()
        .with(key!("mountPath"), m.mount_path.as_str())
        .with(key!("name"), m.name.as_str())
        .with_text(key!("subPath"), &m.sub_path)
        .build()
}

fn volume(v: &Volume) -> Value {
    Object::default()
        .with_some(
            key!("configMap"),
            v.config_map.as_ref().map(|c| Object::default().with(key!("name"), c.name.as_str()).build()),
        )
        .with(key!("name"), v.name.as_str())
        .with_some(
            key!("secret"),
            v.secret.as_ref().map(|s| Object::default().with(key!("secretName"), s.secret_name.as_str()).build()),
        )
        .build()
}
