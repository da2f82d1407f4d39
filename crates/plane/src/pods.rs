//! Into the pods of a plane: logs and commands, through nothing but the plane's client.

use futures::AsyncBufRead;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{AttachParams, AttachedProcess, LogParams};
use kube::{Api, Client};

/// Why logs or a command could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PodError {
    /// The plane refused or could not be reached.
    #[error("cannot {action} pod {namespace}/{pod}")]
    Plane {
        /// What was tried.
        action: &'static str,
        /// The pod's namespace.
        namespace: String,
        /// The pod's name.
        pod: String,
        /// The plane's answer.
        #[source]
        source: kube::Error,
    },
}

/// Logs of one container as a stream of bytes, line by line as the plane sends them. With `follow` it ends with the container.
pub async fn logs(
    client: Client,
    namespace: &str,
    pod: &str,
    params: &LogParams,
) -> Result<impl AsyncBufRead + use<>, PodError> {
    let pods: Api<Pod> = Api::namespaced(client, namespace);
    pods.log_stream(pod, params).await.map_err(|source| failed("read the logs of", namespace, pod, source))
}

/// Runs a command in a container. The returned process has the streams that `params` asks for and tells the exit code.
pub async fn exec(
    client: Client,
    namespace: &str,
    pod: &str,
    command: &[String],
    params: &AttachParams,
) -> Result<AttachedProcess, PodError> {
    let pods: Api<Pod> = Api::namespaced(client, namespace);
    pods.exec(pod, command, params).await.map_err(|source| failed("run a command in", namespace, pod, source))
}

fn failed(action: &'static str, namespace: &str, pod: &str, source: kube::Error) -> PodError {
    PodError::Plane { action, namespace: namespace.to_owned(), pod: pod.to_owned(), source }
}
