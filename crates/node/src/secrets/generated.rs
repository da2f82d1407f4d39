//! What generators made, kept: a password is made once for each place that asks for it, and stays the same for as long as
//! the ExternalSecret is there, whatever else of it changes and whoever deletes the Secret.

use std::collections::HashSet;

use kube::ResourceExt as _;
use serde_json::Value;

use super::kind::{ExternalSecret, GeneratorRef};
use super::password::{API_VERSION, Password};
use super::plan::{Generated, Problem};
use super::store::SecretStore;
use crate::watch::{Cache, Key};

/// Makes what the ExternalSecret's generators have not made yet, and returns all of it.
pub(super) async fn of(
    external: &ExternalSecret,
    passwords: &Cache<Password>,
    kept: &SecretStore,
) -> Result<Generated, Problem> {
    let namespace = external.namespace().unwrap_or_default();
    let uid = external.uid().unwrap_or_default();
    let mut generated = Generated::new();
    for (index, generator) in wanted(external) {
        let path = format!("spec.dataFrom[{index}].sourceRef.generatorRef");
        if (generator.kind.as_str(), generator.api_version.as_deref()) != ("Password", Some(API_VERSION)) {
            return Err(Problem::Generator {
                path,
                reason: format!("generators of kind {:?} are not served on this node; Password is", generator.kind),
            });
        }
        if !is_made_once(external) {
            return Err(Problem::Generator {
                path: "spec.refreshInterval".to_owned(),
                reason: "what is generated does not change by the clock on this node: set it to \"0\", or spec.refreshPolicy to CreatedOnce".to_owned(),
            });
        }
        let place = format!("{uid}/{index}/{}", generator.name);
        if let Some(Value::String(made)) = kept.values().get(&place) {
            generated.insert(index, made.clone());
            continue;
        }
        let Some(password) = passwords.get(&Key::new(&namespace, &generator.name)) else {
            return Err(Problem::Generator { path, reason: format!("there is no Password {:?}", generator.name) });
        };
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|error| error.to_string());
        let made = password.spec.make(random).map_err(|reason| Problem::Generator {
            path,
            reason: format!("Password {:?}: {reason}", generator.name),
        })?;
        // On disk before anyone uses it.
        let stays = kept.put(&place, Value::String(made.clone())).await;
        stays.map_err(|error| Problem::NotKept { reason: error.to_string() })?;
        generated.insert(index, made);
    }
    Ok(generated)
}

/// Forgets what was made for ExternalSecrets that are gone.
pub(super) async fn forget_all_but(there: &[std::sync::Arc<ExternalSecret>], kept: &SecretStore) {
    let uids: HashSet<String> = there.iter().filter_map(|external| external.uid()).collect();
    for (place, _) in kept.list() {
        if !place.split('/').next().is_some_and(|uid| uids.contains(uid))
            && let Err(error) = kept.delete(&place).await
        {
            tracing::warn!(%error, "a generated value that nobody uses stays until the next start");
        }
    }
}

/// Whether the ExternalSecret asks for something of that generator.
pub(super) fn uses(external: &ExternalSecret, password: &str) -> bool {
    wanted(external).any(|(_, generator)| generator.name == password)
}

fn wanted(external: &ExternalSecret) -> impl Iterator<Item = (usize, &GeneratorRef)> {
    let sources = external.spec.data_from.iter().enumerate();
    sources.filter_map(|(index, from)| Some((index, from.source_ref.as_ref()?.generator_ref.as_ref()?)))
}

fn is_made_once(external: &ExternalSecret) -> bool {
    let spec = &external.spec;
    let never = |interval: &str| interval.chars().all(|c| !c.is_ascii_digit() || c == '0');
    matches!(spec.refresh_policy.as_deref(), Some("CreatedOnce" | "OnChange"))
        || spec.refresh_interval.as_deref().is_some_and(never)
}
