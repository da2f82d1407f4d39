//! The variable `derived`: what the helper macros (`configurations.toVolumes()` …) read.

use std::collections::BTreeMap;

use cel::Value;
use model::names::{self, SecretPlace};

use super::configuration::{Env, File};
use super::dependency::Dependencies;
use super::{Configurations, Object, list};
use crate::extract::Route;
use crate::input::{RemoteRef, WorkloadEndpoint};

/// Everything the helpers give, under the names that the macros read.
pub(crate) fn derived(
    component: &str,
    environment: &str,
    configurations: &Configurations<'_>,
    endpoints: &BTreeMap<String, WorkloadEndpoint>,
    dependencies: &Dependencies,
    routes: &BTreeMap<String, Vec<Route>>,
) -> Value {
    let names = Names { component, environment };
    let Configurations { config_envs, config_files, secret_envs, secret_files } = configurations;
    let config_env_name = (!config_envs.is_empty()).then(|| names.config_envs());
    let secret_env_name = (!secret_envs.is_empty()).then(|| names.secret_envs(secret_envs));
    let config_file_names: Vec<String> = config_files.iter().map(|file| names.config_file(file)).collect();
    let secret_file_names: Vec<String> = secret_files.iter().map(|file| names.secret_file(file)).collect();

    let mut env_from = Vec::new();
    if let Some(name) = &config_env_name {
        env_from.push(named(key!("configMapRef"), key!("name"), name));
    }
    if let Some(name) = &secret_env_name {
        env_from.push(named(key!("secretRef"), key!("name"), name));
    }
    let by_container = |name: Option<&String>, envs: &[Env<'_>]| {
        let items = name.map(|name| {
            Object::default()
                .with(key!("envs"), list(envs.iter().map(Env::value).collect()))
                .with(key!("resourceName"), name.as_str())
                .build()
        });
        list(items.into_iter().collect())
    };
    let mounts = config_files.iter().chain(secret_files).map(|file| {
        Object::default()
            .with(key!("mountPath"), format!("{}/{}", file.mount_path, file.name))
            .with(key!("name"), volume_name(file))
            .with(key!("subPath"), file.name)
            .build()
    });
    let routes = routes.iter().map(|(endpoint, routes)| (endpoint.as_str(), list(routes.iter().map(route).collect())));

    Object::with_capacity(12)
        .with(key!("configEnvs"), by_container(config_env_name.as_ref(), config_envs))
        .with(key!("configFileList"), file_list(config_files, &config_file_names, true))
        .with(key!("configVolumeMounts"), list(mounts.collect()))
        .with(key!("configVolumes"), volumes(config_files, &config_file_names, secret_files, &secret_file_names))
        .with(key!("containerEnvFrom"), list(env_from))
        .with(key!("dependencyEnvVars"), dependencies.variables.clone())
        .with(key!("dependencyVolumeMounts"), dependencies.mounts.clone())
        .with(key!("dependencyVolumes"), dependencies.volumes.clone())
        .with(key!("endpointResources"), Value::map(routes))
        .with(key!("secretEnvs"), by_container(secret_env_name.as_ref(), secret_envs))
        .with(key!("secretFileList"), file_list(secret_files, &secret_file_names, false))
        .with(key!("servicePorts"), service_ports(endpoints))
        .build()
}

/// The names of the ConfigMaps and Secrets that carry the configuration.
struct Names<'a> {
    component: &'a str,
    environment: &'a str,
}

impl Names<'_> {
    fn config_envs(&self) -> String {
        names::env_config_map(self.component, self.environment)
    }

    fn secret_envs(&self, envs: &[Env<'_>]) -> String {
        let places: Vec<_> = envs.iter().filter_map(|env| env.remote.map(|remote| (env.name, place(remote)))).collect();
        names::env_secret(self.component, self.environment, &places)
    }

    fn config_file(&self, file: &File<'_>) -> String {
        names::file_config_map(self.component, self.environment, file.name)
    }

    fn secret_file(&self, file: &File<'_>) -> String {
        names::file_secret(self.component, self.environment, file.name, file.remote.map(place).unwrap_or_default())
    }
}

fn place(remote: &RemoteRef) -> SecretPlace<'_> {
    SecretPlace { key: &remote.key, property: &remote.property, version: &remote.version }
}

fn volume_name(file: &File<'_>) -> String {
    names::file_volume(file.mount_path, file.name)
}

fn file_list(files: &[File<'_>], names: &[String], with_value: bool) -> Value {
    let items = files.iter().zip(names).map(|(file, name)| {
        Object::default()
            .with(key!("mountPath"), file.mount_path)
            .with(key!("name"), file.name)
            .with_some(key!("remoteRef"), file.remote.map(super::configuration::remote))
            .with(key!("resourceName"), name.as_str())
            .with_some(key!("value"), with_value.then(|| Value::from(file.value)))
            .build()
    });
    list(items.collect())
}

/// An object of one field that holds an object of one name.
fn named(kind: &cel::Key, key: &cel::Key, name: &str) -> Value {
    Object::with_capacity(1).with(kind, Object::with_capacity(1).with(key, name).build()).build()
}

/// One volume per file, sorted by the volume's name.
fn volumes(configs: &[File<'_>], config_names: &[String], secrets: &[File<'_>], secret_names: &[String]) -> Value {
    let mut volumes = BTreeMap::new();
    for (file, name) in configs.iter().zip(config_names) {
        volumes.entry(volume_name(file)).or_insert_with(|| (key!("configMap"), key!("name"), name.as_str()));
    }
    for (file, name) in secrets.iter().zip(secret_names) {
        volumes.entry(volume_name(file)).or_insert_with(|| (key!("secret"), key!("secretName"), name.as_str()));
    }
    let items = volumes.into_iter().map(|(volume, (kind, key, name))| {
        Object::default().with(kind, Object::default().with(key, name).build()).with(key!("name"), volume).build()
    });
    list(items.collect())
}

fn route(route: &Route) -> Value {
    Object::default()
        .with(key!("kind"), route.kind)
        .with_text(key!("method"), &route.method)
        .with_text(key!("path"), &route.path)
        .with_text(key!("service"), &route.service)
        .build()
}

/// The ports of a Service: endpoints by name, one per port and protocol.
fn service_ports(endpoints: &BTreeMap<String, WorkloadEndpoint>) -> Value {
    let mut ports: Vec<(&str, i32, i32, &str)> = Vec::new();
    for (name, endpoint) in endpoints {
        let protocol = if endpoint.kind == "UDP" { "UDP" } else { "TCP" };
        if !ports.iter().any(|(_, port, _, known)| *port == endpoint.port && *known == protocol) {
            let target = if endpoint.target_port == 0 { endpoint.port } else { endpoint.target_port };
            ports.push((name, endpoint.port, target, protocol));
        }
    }
    let names = names::service_ports(ports.iter().map(|(name, port, ..)| (*name, *port)));
    let items = names.into_iter().zip(&ports).map(|(name, (_, port, target, protocol))| {
        Object::default()
            .with(key!("name"), name)
            .with(key!("port"), f64::from(*port))
            .with(key!("protocol"), *protocol)
            .with(key!("targetPort"), f64::from(*target))
            .build()
    });
    list(items.collect())
}
