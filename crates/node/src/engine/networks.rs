//! The container networks of this installation, as the engine lists them.

use std::collections::HashMap;

use bollard::query_parameters::ListNetworksOptions;

use super::{Engine, INSTANCE_LABEL};
use crate::network_plan::NETWORK_NAMESPACE_LABEL;

impl Engine {
    /// The Kubernetes namespaces that have a container network.
    pub(crate) async fn network_namespaces(&self) -> Result<Vec<String>, bollard::errors::Error> {
        let label = format!("{INSTANCE_LABEL}={}", self.instance());
        let options = ListNetworksOptions { filters: Some(HashMap::from([("label".to_owned(), vec![label])])) };
        let listed = self.docker().list_networks(Some(options)).await?;
        Ok(listed.into_iter().filter_map(|network| network.labels?.remove(NETWORK_NAMESPACE_LABEL)).collect())
    }
}
