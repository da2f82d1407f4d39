//! A kubeconfig for the administrator.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::authority::{Authority, write};
use crate::store::OpenError;

impl Authority {
    /// A kubeconfig for the administrator of the server at that URL, as YAML. It holds a private key.
    pub fn kubeconfig(&self, url: &str) -> String {
        let (certificate, key) = self.admin();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "kubelite",
            "clusters": [{"name": "kubelite", "cluster": {"server": url, "certificate-authority-data": STANDARD.encode(self.ca_pem())}}],
            "users": [{"name": "kubelite-admin", "user": {"client-certificate-data": STANDARD.encode(certificate), "client-key-data": STANDARD.encode(key)}}],
            "contexts": [{"name": "kubelite", "context": {"cluster": "kubelite", "user": "kubelite-admin"}}],
        });
        // JSON is YAML: what cannot be written prettily is written anyway.
        serde_saphyr::to_string(&config).unwrap_or_else(|_| config.to_string())
    }

    /// Writes the kubeconfig to a file for its owner alone.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_kubeconfig(&self, file: &Path, url: &str) -> Result<(), OpenError> {
        let problem = || OpenError::Identity(format!("{} is not a file in a folder", file.display()));
        let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(problem)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        write(folder, name, &self.kubeconfig(url))
    }
}
