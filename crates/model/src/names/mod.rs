//! Derived names, each rule in one place. They are part of the contract: other programs compute and expect them.

mod generator;

pub use generator::{MAX_LABEL, MAX_NAME, generate, generate_with};

use crate::hash::{Fnv32a, fnv32a_hex};

/// The namespace on a data plane that a project has in an environment: `dp-…`.
pub fn runtime_namespace(namespace: &str, project: &str, environment: &str) -> String {
    generate(MAX_LABEL, &["dp", namespace, project, environment])
}

/// What templates of a component see as `metadata.name`.
pub fn component_base(component: &str, environment: &str) -> String {
    generate(MAX_NAME, &[component, environment])
}

/// What templates of a resource see as `metadata.name`. The hash sees `r_`, which no component's name can start with.
pub fn resource_base(resource: &str, environment: &str) -> String {
    generate(MAX_NAME, &[&format!("r_{resource}"), environment])
}

/// The rendered release of a component on its data plane.
pub fn component_rendered_release(component: &str, environment: &str) -> String {
    format!("{component}-{environment}")
}

/// The rendered release of a component on its observability plane.
pub fn component_observability_rendered_release(component: &str, environment: &str) -> String {
    format!("{component}-{environment}-observability")
}

/// The rendered release of a resource.
pub fn resource_rendered_release(resource: &str, environment: &str) -> String {
    resource_base(resource, environment)
}

/// The rendered release of a project.
pub fn project_rendered_release(project: &str, environment: &str) -> String {
    generate(MAX_NAME, &[&format!("p_{project}"), environment])
}

/// A release named by its content: of a component, a project or a resource.
pub fn release(owner: &str, content_hash: &str) -> String {
    format!("{owner}-{content_hash}")
}

/// A component release made on demand: the day as `YYYYMMDD`, and a number of that day.
pub fn dated_component_release(component: &str, day: &str, number: usize) -> String {
    format!("{component}-{day}-{number}")
}

/// A binding made for its owner: of a component or a project in an environment.
pub fn binding(owner: &str, environment: &str) -> String {
    format!("{owner}-{environment}")
}

/// A workflow run of a component: `suffix` is eight random hexadecimal digits.
pub fn workflow_run(component: &str, suffix: &str) -> String {
    let room = MAX_LABEL.saturating_sub("-run-".len() + suffix.len());
    let end = (0..=room.min(component.len())).rev().find(|index| component.is_char_boundary(*index)).unwrap_or(0);
    let kept = component[..end].trim_end_matches(['-', '.']);
    format!("{kept}-run-{suffix}")
}

/// A component's network policy.
pub fn network_policy(component: &str) -> String {
    let name = format!("openchoreo-{component}");
    if name.len() > MAX_NAME { generate(MAX_NAME, &["openchoreo", component]) } else { name }
}

/// What the names of a component's configuration objects start with.
pub fn configuration_prefix(component: &str, environment: &str) -> String {
    format!("{component}-{environment}")
}

/// The config map of plain environment variables.
pub fn env_config_map(component: &str, environment: &str) -> String {
    generate(MAX_NAME, &[&configuration_prefix(component, environment), "env-configs"])
}

/// Where one secret value comes from: enters the names of objects made of it, so that a new place is a new object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecretPlace<'a> {
    /// Key in the store.
    pub key: &'a str,
    /// Field of the value there.
    pub property: &'a str,
    /// Version of the value there.
    pub version: &'a str,
}

/// The secret of environment variables; `values` are their names and places, in order.
pub fn env_secret(component: &str, environment: &str, values: &[(&str, SecretPlace<'_>)]) -> String {
    let mut hash = Fnv32a::default();
    for (name, place) in values {
        for text in [name, place.key, place.property, place.version] {
            hash.write(text.as_bytes());
            hash.write(&[0]);
        }
    }
    generate_with(MAX_NAME, &hash.hex(), &[&configuration_prefix(component, environment), "env-secrets"])
}

/// The config map of one file.
pub fn file_config_map(component: &str, environment: &str, file: &str) -> String {
    generate(MAX_NAME, &[&configuration_prefix(component, environment), "config", &file.replace('.', "-")])
}

/// The secret of one file.
pub fn file_secret(component: &str, environment: &str, file: &str, place: SecretPlace<'_>) -> String {
    let mut hash = Fnv32a::default();
    hash.write(place.key.as_bytes());
    hash.write(&[0]);
    hash.write(place.property.as_bytes());
    hash.write(&[0]);
    hash.write(place.version.as_bytes());
    generate_with(
        MAX_NAME,
        &hash.hex(),
        &[&configuration_prefix(component, environment), "secret", &file.replace('.', "-")],
    )
}

/// The volume of one file.
pub fn file_volume(mount_path: &str, file: &str) -> String {
    format!("file-mount-{}", fnv32a_hex(&format!("{mount_path}/{file}")))
}

/// The volume of an output of a resource that a workload depends on; `source` is `secret` or `configmap`.
pub fn resource_dependency_volume(resource: &str, source: &str, object: &str) -> String {
    format!("r-{}", fnv32a_hex(&format!("{resource}:{source}:{object}")))
}

/// The namespace on a workflow plane that the runs of a control plane namespace have.
pub fn workflow_namespace(namespace: &str) -> String {
    format!("workflows-{namespace}")
}

/// Names of service ports, one for each endpoint, in order: cleaned, at most 15 characters, each once.
pub fn service_ports<'a>(endpoints: impl IntoIterator<Item = (&'a str, i32)>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for (endpoint, port) in endpoints {
        let base = service_port_base(endpoint, port);
        let mut name = base.clone();
        let mut number = 2;
        while taken.contains(&name) {
            let suffix = format!("-{number}");
            let room = (MAX_PORT_NAME - suffix.len()).min(base.len());
            name = format!("{}{suffix}", base[..room].trim_end_matches('-'));
            number += 1;
        }
        taken.push(name);
    }
    taken
}

const MAX_PORT_NAME: usize = 15;

fn service_port_base(endpoint: &str, port: i32) -> String {
    let mut name: String = endpoint
        .to_lowercase()
        .replace('_', "-")
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
        .collect();
    name.truncate(MAX_PORT_NAME);
    let trimmed = name.trim_matches('-');
    if trimmed.is_empty() { format!("port-{port}") } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests;
