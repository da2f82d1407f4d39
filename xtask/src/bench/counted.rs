//! A client that counts what goes through it.

use kube::Client;
use kube::client::Body;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Requests by what they are.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<Counts>);

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
    by_path: Mutex<BTreeMap<String, u64>>,
}

impl Requests {
    /// The client, counted here from now on.
    pub(super) fn through(&self, client: Client) -> Client {
        let counts = self.0.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let count = if request.method() == http::Method::GET { &counts.reads } else { &counts.writes };
            count.fetch_add(1, Ordering::Relaxed);
            if request.method() != http::Method::GET {
                let what = format!("{} {}", request.method(), resource(request.uri().path()));
                *counts.by_path.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
            }
            let client = client.clone();
            async move { client.send(request).await }
        });
        Client::new(service, "default")
    }

    /// Lists, watches and gets.
    pub(super) fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// Everything else.
    pub(super) fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::Relaxed)
    }

    /// Writes by method and resource.
    pub(super) fn by_resource(&self) -> BTreeMap<String, u64> {
        self.0.by_path.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn all(&self) -> u64 {
        self.reads() + self.writes()
    }
}

/// `plural` or `plural/subresource` of a path of the Kubernetes API.
fn resource(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.drain(..parts.len().min(if parts.first() == Some(&"api") { 2 } else { 3 }));
    if parts.first() == Some(&"namespaces") && parts.len() > 2 {
        parts.drain(..2);
    }
    match parts[..] {
        [plural, _, subresource] => format!("{plural}/{subresource}"),
        [plural, ..] => plural.to_owned(),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn a_path_names_its_resource() {
        let paths = [
            "/api/v1/namespaces",
            "/api/v1/namespaces/a",
            "/api/v1/namespaces/a/services/b",
            "/apis/apps/v1/namespaces/a/deployments",
            "/apis/apps/v1/namespaces/a/deployments/b/status",
            "/apis/g/v1/clusterthings/b/status",
        ];
        assert_eq!(
            paths.map(resource),
            ["namespaces", "namespaces", "services", "deployments", "deployments/status", "clusterthings/status"]
        );
    }
}
