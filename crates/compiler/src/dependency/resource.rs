//! The outputs of a resource as a workload asked for them: variables, and files on volumes.

use std::collections::BTreeMap;

use model::{WorkloadResourceDependency, names};

use crate::input::{
    ConfigMapVolume, KeyRef, ResourceDependency, SecretVolume, Variable, VariableSource, Volume, VolumeMount,
};
use crate::output::{OutputKeyRef, ResolvedOutput, ResolvedValue};

/// Why a workload does not get an output that it asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// The resource has not told it.
    #[error("output {0:?} of resource {1:?} is not resolved")]
    Unresolved(String, String),
    /// Only keys of Secrets and ConfigMaps can be files.
    #[error("output {0:?} of resource {1:?} is a plain value, which cannot be a file: bind it to a variable")]
    NoFile(String, String),
}

/// Where an object of the plane is a volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    ConfigMap(String),
    Secret(String),
}

impl From {
    fn volume(self, resource: &str) -> Volume {
        let (source, object) = match &self {
            Self::ConfigMap(name) => ("configmap", name),
            Self::Secret(name) => ("secret", name),
        };
        let name = names::resource_dependency_volume(resource, source, object);
        match self {
            Self::ConfigMap(name_of) => {
                Volume { name, config_map: Some(ConfigMapVolume { name: name_of }), secret: None }
            }
            Self::Secret(secret_name) => Volume { name, config_map: None, secret: Some(SecretVolume { secret_name }) },
        }
    }
}

/// What a workload gets of a resource: all that it asks for, or why not. Variables and files are in the order of the
/// outputs' names; one volume per Secret and ConfigMap, ConfigMaps first.
///
/// # Errors
/// Every output that is asked for and not given as it is asked for.
pub fn resource(
    wanted: &WorkloadResourceDependency,
    outputs: &[ResolvedOutput],
) -> Result<ResourceDependency, Vec<NotGiven>> {
    let mut missing = Vec::new();
    let find = |name: &str| outputs.iter().find(|output| output.name == name).map(|output| &output.value);
    let unresolved = |name: &str| NotGiven::Unresolved(name.to_owned(), wanted.ref_.clone());
    let mut given = ResourceDependency { name: wanted.ref_.clone(), ..ResourceDependency::default() };
    for (output, variable) in &wanted.env_bindings {
        match find(output) {
            Some(value) => given.env_vars.push(set(variable, value)),
            None => missing.push(unresolved(output)),
        }
    }
    let mut volumes: BTreeMap<From, Volume> = BTreeMap::new();
    for (output, path) in &wanted.file_bindings {
        let (from, key) = match find(output) {
            Some(ResolvedValue::SecretKeyRef(key)) => (From::Secret(key.name.clone()), &key.key),
            Some(ResolvedValue::ConfigMapKeyRef(key)) => (From::ConfigMap(key.name.clone()), &key.key),
            Some(ResolvedValue::Value(_)) => {
                missing.push(NotGiven::NoFile(output.clone(), wanted.ref_.clone()));
                continue;
            }
            None => {
                missing.push(unresolved(output));
                continue;
            }
        };
        let volume = volumes.entry(from.clone()).or_insert_with(|| from.volume(&wanted.ref_));
        given.volume_mounts.push(VolumeMount {
            name: volume.name.clone(),
            mount_path: path.clone(),
            sub_path: key.clone(),
        });
    }
    given.volumes = volumes.into_values().collect();
    if missing.is_empty() { Ok(given) } else { Err(missing) }
}

fn set(name: &str, value: &ResolvedValue) -> Variable {
    let reference = |key: &OutputKeyRef| Some(KeyRef { name: key.name.clone(), key: key.key.clone() });
    let (value, value_from) = match value {
        ResolvedValue::Value(value) => (value.clone(), None),
        ResolvedValue::SecretKeyRef(key) => {
            (String::new(), Some(VariableSource { secret_key_ref: reference(key), config_map_key_ref: None }))
        }
        ResolvedValue::ConfigMapKeyRef(key) => {
            (String::new(), Some(VariableSource { secret_key_ref: None, config_map_key_ref: reference(key) }))
        }
    };
    Variable { name: name.to_owned(), value, value_from }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outputs() -> Vec<ResolvedOutput> {
        let key = |name: &str, key: &str| OutputKeyRef { name: name.into(), key: key.into() };
        [
            ("host", ResolvedValue::Value("db.dp".into())),
            ("ca", ResolvedValue::SecretKeyRef(key("db-creds", "ca.crt"))),
            ("password", ResolvedValue::SecretKeyRef(key("db-creds", "password"))),
            ("conf", ResolvedValue::ConfigMapKeyRef(key("db-config", "conf.ini"))),
        ]
        .map(|(name, value)| ResolvedOutput { name: name.into(), value })
        .into()
    }

    fn wanted(env: &serde_json::Value, files: &serde_json::Value) -> WorkloadResourceDependency {
        serde_json::from_value(json!({"ref": "db", "envBindings": env, "fileBindings": files})).unwrap()
    }

    #[test]
    fn outputs_become_variables_and_files_of_one_volume_per_object() {
        let wanted = wanted(
            &json!({"password": "PASSWORD", "host": "HOST", "conf": "CONF"}),
            &json!({"password": "/run/pw", "ca": "/run/ca.crt", "conf": "/etc/conf.ini"}),
        );
        let given = resource(&wanted, &outputs()).unwrap();
        assert_eq!(
            serde_json::to_value(&given.env_vars).unwrap(),
            json!([
                {"name": "CONF", "valueFrom": {"configMapKeyRef": {"name": "db-config", "key": "conf.ini"}}},
                {"name": "HOST", "value": "db.dp"},
                {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db-creds", "key": "password"}}},
            ])
        );
        assert_eq!(
            serde_json::to_value(&given.volume_mounts).unwrap(),
            json!([
                {"name": "r-a3243279", "mountPath": "/run/ca.crt", "subPath": "ca.crt"},
                {"name": "r-02264abc", "mountPath": "/etc/conf.ini", "subPath": "conf.ini"},
                {"name": "r-a3243279", "mountPath": "/run/pw", "subPath": "password"},
            ])
        );
        assert_eq!(
            serde_json::to_value(&given.volumes).unwrap(),
            json!([
                {"name": "r-02264abc", "configMap": {"name": "db-config"}},
                {"name": "r-a3243279", "secret": {"secretName": "db-creds"}},
            ])
        );
    }

    #[test]
    fn all_that_is_not_given_is_told_at_once() {
        let wanted = wanted(&json!({"port": "PORT"}), &json!({"host": "/run/host", "none": "/run/none"}));
        let missing: Vec<String> = resource(&wanted, &outputs()).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            missing,
            [
                "output \"port\" of resource \"db\" is not resolved",
                "output \"host\" of resource \"db\" is a plain value, which cannot be a file: bind it to a variable",
                "output \"none\" of resource \"db\" is not resolved",
            ]
        );
    }
}
