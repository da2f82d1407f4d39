//! Environment variables and files of the workload, split into configuration and secrets: the variable `configurations`.

use std::collections::BTreeMap;

use cel::Value;

use super::{Object, list};
use crate::input::{ConfigurationOverrides, EnvVar, FileVar, RemoteRef, SecretSource, ValueFrom, Workload};

/// What the workload is configured with, after overrides.
pub(crate) struct Configurations<'a> {
    pub(crate) config_envs: Vec<Env<'a>>,
    pub(crate) config_files: Vec<File<'a>>,
    pub(crate) secret_envs: Vec<Env<'a>>,
    pub(crate) secret_files: Vec<File<'a>>,
}

pub(crate) struct Env<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    pub(crate) remote: Option<&'a RemoteRef>,
}

pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) mount_path: &'a str,
    pub(crate) value: &'a str,
    pub(crate) remote: Option<&'a RemoteRef>,
}

/// What a value turned out to be: given in place, a secret's place, or a secret that nobody knows.
enum Resolved<'a> {
    Given,
    Secret(&'a RemoteRef),
    Unknown,
}

impl<'a> Configurations<'a> {
    pub(crate) fn resolve(
        workload: &'a Workload,
        overrides: Option<&'a ConfigurationOverrides>,
        secrets: &'a BTreeMap<String, Vec<SecretSource>>,
    ) -> Self {
        let mut split = Self {
            config_envs: Vec::new(),
            config_files: Vec::new(),
            secret_envs: Vec::new(),
            secret_files: Vec::new(),
        };
        let (env, files) = overrides.map_or((&[][..], &[][..]), |o| (&o.env[..], &o.files[..]));
        for env in overlaid(&workload.container.env, env, |env: &EnvVar| &env.key) {
            let (name, value) = (env.key.as_str(), env.value.as_str());
            match resolve(env.value_from.as_ref(), secrets) {
                Resolved::Given => split.config_envs.push(Env { name, value, remote: None }),
                Resolved::Secret(remote) => split.secret_envs.push(Env { name, value: "", remote: Some(remote) }),
                Resolved::Unknown => {}
            }
        }
        for file in overlaid(&workload.container.files, files, |file: &FileVar| &file.key) {
            let (name, mount_path, value) = (file.key.as_str(), file.mount_path.as_str(), file.value.as_str());
            match resolve(file.value_from.as_ref(), secrets) {
                Resolved::Given => split.config_files.push(File { name, mount_path, value, remote: None }),
                Resolved::Secret(remote) => {
                    split.secret_files.push(File { name, mount_path, value: "", remote: Some(remote) });
                }
                Resolved::Unknown => {}
            }
        }
        split
    }

    pub(crate) fn value(&self) -> Value {
        let side = |envs: &[Env], files: &[File]| {
            Object::default()
                .with(key!("envs"), list(envs.iter().map(Env::value).collect()))
                .with(key!("files"), list(files.iter().map(File::value).collect()))
                .build()
        };
        Object::default()
            .with(key!("configs"), side(&self.config_envs, &self.config_files))
            .with(key!("secrets"), side(&self.secret_envs, &self.secret_files))
            .build()
    }
}

impl Env<'_> {
    pub(crate) fn value(&self) -> Value {
        Object::default()
            .with(key!("name"), self.name)
            .with_some(key!("remoteRef"), self.remote.map(remote))
            .with(key!("value"), self.value)
            .build()
    }
}

impl File<'_> {
    pub(crate) fn value(&self) -> Value {
        Object::default()
            .with(key!("mountPath"), self.mount_path)
            .with(key!("name"), self.name)
            .with_some(key!("remoteRef"), self.remote.map(remote))
            .with(key!("value"), self.value)
            .build()
    }
}

pub(crate) fn remote(r: &RemoteRef) -> Value {
    Object::default()
        .with(key!("key"), r.key.as_str())
        .with_text(key!("property"), &r.property)
        .with_text(key!("version"), &r.version)
        .build()
}

/// The base items, each replaced by the last override of its key, then the overrides of new keys in their order,
/// each of them even where two have one key.
pub(crate) fn overlaid<'a, T>(base: &'a [T], overrides: &'a [T], key: fn(&T) -> &String) -> Vec<&'a T> {
    let mut items: Vec<&T> = base.iter().collect();
    for item in overrides {
        match items[..base.len()].iter().position(|known| key(known) == key(item)) {
            Some(at) => items[at] = item,
            None => items.push(item),
        }
    }
    items
}

fn resolve<'a>(from: Option<&ValueFrom>, secrets: &'a BTreeMap<String, Vec<SecretSource>>) -> Resolved<'a> {
    let Some(wanted) = from.and_then(|from| from.secret_key_ref.as_ref()) else { return Resolved::Given };
    secrets
        .get(&wanted.name)
        .and_then(|keys| keys.iter().find(|known| known.secret_key == wanted.key))
        .map_or(Resolved::Unknown, |known| Resolved::Secret(&known.remote_ref))
}
