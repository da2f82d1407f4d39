//! The one REST request of the scenarios: a release of the namespace's component, cut by hand.

use super::control_plane::{ControlPlane, list};
use super::kinds;
use super::kubectl::Told;
use super::rest::Api;
use super::scenario::Id;
use anyhow::{Context, Result};

/// Sends it, as recorded: to the only component that there is.
pub(crate) async fn call(control_plane: &ControlPlane, namespace: &str) -> Result<Told> {
    let components = list(&control_plane.client, &kinds::of_resource("components")?).await?;
    let component = components.iter().map(Id::of).find(|id| id.namespace == namespace);
    let component = component.with_context(|| format!("there is no component in {namespace}"))?;
    let path = format!("/api/v1/namespaces/{namespace}/components/{}/generate-release", component.name);
    let (status, stdout) = Api::over(&control_plane.client).await?.post(&path, "{}").await?;
    Ok(Told { stdout, status: i32::from(status), ..Told::default() })
}
