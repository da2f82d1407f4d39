//! Which secrets a workload needs, and whether they are all known.

use std::collections::BTreeMap;

use super::{ConfigurationOverrides, KeyRef, SecretSource, ValueFrom, Workload};
use crate::context::overlaid;
use crate::problem::{Code, Place, Problem, Problems, Stage};

/// The keys of SecretReferences that the workload reads after overrides: variables first, then files, in their order.
pub fn secret_keys<'w>(workload: &'w Workload, overrides: Option<&'w ConfigurationOverrides>) -> Vec<&'w KeyRef> {
    let (env, files) = overrides.map_or((&[][..], &[][..]), |o| (&o.env[..], &o.files[..]));
    let env = overlaid(&workload.container.env, env, |env| &env.key).into_iter().map(|env| env.value_from.as_ref());
    let files =
        overlaid(&workload.container.files, files, |file| &file.key).into_iter().map(|file| file.value_from.as_ref());
    env.chain(files).flatten().filter_map(|from: &ValueFrom| from.secret_key_ref.as_ref()).collect()
}

/// The names of the SecretReferences among `keys`, each once, in order of first use.
pub fn secret_names(keys: &[&KeyRef]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for key in keys {
        if !names.contains(&key.name) {
            names.push(key.name.clone());
        }
    }
    names
}

/// Refuses keys that the SecretReferences at hand do not have.
pub fn check_secrets(keys: &[&KeyRef], secrets: &BTreeMap<String, Vec<SecretSource>>) -> Result<(), Problems> {
    let problems: Vec<Problem> = keys
        .iter()
        .filter_map(|wanted| {
            let message = match secrets.get(&wanted.name) {
                None => format!("SecretReference {:?} not found", wanted.name),
                Some(known) if known.iter().any(|source| source.secret_key == wanted.key) => return None,
                Some(known) => {
                    let known: Vec<&str> = known.iter().map(|source| source.secret_key.as_str()).collect();
                    let (key, name) = (&wanted.key, &wanted.name);
                    format!("key {key:?} not found in SecretReference {name:?}; available keys: [{}]", known.join(" "))
                }
            };
            Some(Problem::new(
                Code::Input,
                &Place::new(format!("SecretReference {}", wanted.name), "spec.data"),
                message,
            ))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems::new(Stage::Input, problems)) }
}
