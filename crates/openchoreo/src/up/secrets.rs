//! Example values for the secrets that the samples ask for.

use crate::data_dir::DataDir;
use anyhow::{Context, Result};
use node::secrets::SecretStore;
use serde_json::Value;

/// Keys that samples of v1.2 refer to, with values that are no secrets.
const EXAMPLES: &[(&str, &str)] = &[("github-pat", "example-token"), ("npm-token", "example-token")];

/// Puts the examples into a new store, once: what its owner changes or deletes stays so.
pub(crate) async fn first(data: &DataDir, store: &SecretStore) -> Result<()> {
    let mark = data.path().join("secrets-filled");
    if mark.exists() {
        return Ok(());
    }
    for (key, value) in EXAMPLES {
        if !store.list().iter().any(|(known, _)| known == key) {
            store
                .put(key, Value::from(*value))
                .await
                .with_context(|| format!("cannot keep the example secret {key}"))?;
        }
    }
    data.write("secrets-filled", b"")?;
    Ok(())
}
