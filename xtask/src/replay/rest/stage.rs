//! What a transcript is played on: a control plane in process, our API over it, and what was there before.

use super::play::Answer;
use super::served::Api;
use super::transcript::{Case, Transcript};
use super::words::Words;
use crate::replay::control_plane::{self, ControlPlane};
use crate::replay::scenario::{Id, Uids};
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The namespace that most transcripts are about.
const NAMESPACE: &str = "rest-demo";
/// The transcript that makes that namespace itself.
const NAMESPACES: &str = "namespaces";
/// The transcript that deploys a component, and those that go on where it ended.
const DEPLOY: &str = "deploy-flow";
const AFTER_DEPLOY: [&str; 2] = ["pagination", "streams-and-webhooks"];
/// Written by kubectl when the recording was set up.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Control plane and API.
pub(super) struct Stage {
    control_plane: ControlPlane,
    pub(super) api: Api,
    pub(super) words: Words,
    /// `nextCursor` of the page before.
    pub(super) cursor: String,
}

impl Stage {
    /// Starts both with those objects installed.
    pub(super) async fn start(platform: &[Value]) -> Result<Stage> {
        let control_plane = ControlPlane::start(Uids::new(), platform).await?;
        let api = Api::over(&control_plane.client).await?;
        Ok(Stage { control_plane, api, words: Words::default(), cursor: String::new() })
    }

    /// Brings it to where the recording was when the transcript began.
    pub(super) async fn prepare(&mut self, transcript: &str, all: &[Transcript]) -> Result<()> {
        let client = self.control_plane.client.clone();
        let label = BTreeMap::from([(model::labels::CONTROL_PLANE, "true")]);
        let namespace =
            |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": label}});
        if transcript != NAMESPACES {
            control_plane::create(&client, &namespace(NAMESPACE)).await?;
        }
        if AFTER_DEPLOY.contains(&transcript) {
            for case in all.iter().filter(|one| one.name == DEPLOY).flat_map(|one| &one.cases) {
                self.play(DEPLOY, case).await?;
            }
        }
        if transcript == "pagination" {
            for number in 0..25 {
                let component = json!({
                    "apiVersion": model::API_VERSION,
                    "kind": "Component",
                    "metadata": {"name": format!("p{number:02}"), "namespace": NAMESPACE},
                    "spec": {
                        "owner": {"projectName": "shop"},
                        "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"},
                    },
                });
                control_plane::create(&client, &component).await?;
            }
        }
        self.control_plane.settle().await
    }

    /// Sends one request; what it changed has come to rest afterwards.
    pub(super) async fn play(&mut self, transcript: &str, case: &Case) -> Result<Answer> {
        let answer = self.send(transcript, case).await?;
        if case.request.method != "GET" && answer.status < 300 {
            self.control_plane.settle().await?;
        }
        Ok(answer)
    }

    /// Ends everything.
    pub(super) async fn stop(self) {
        self.control_plane.stop().await;
    }
}

/// Cluster-wide objects that the recording had before its first request: each transcript of such a kind begins with a
/// list, and what was installed then carries kubectl's annotation.
pub(crate) fn listed_before(all: &[Transcript], platform: &[Value]) -> Vec<Value> {
    let known: BTreeSet<Id> = platform.iter().map(Id::of).collect();
    let mut found = Vec::new();
    for first in all.iter().filter_map(|transcript| transcript.cases.first()).filter(|case| case.name == "list") {
        let items = first.response.body.as_ref().and_then(|body| body["items"].as_array());
        for item in items.into_iter().flatten() {
            let installed = item.pointer("/metadata/annotations").is_some_and(|all| all.get(LAST_APPLIED).is_some());
            // Planes are part of every set-up.
            let plane = item["kind"].as_str().is_some_and(|kind| kind.ends_with("Plane"));
            if !installed || plane || known.contains(&Id::of(item)) {
                continue;
            }
            let mut annotations = item["metadata"]["annotations"].clone();
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.remove(LAST_APPLIED);
            }
            found.push(json!({
                "apiVersion": item["apiVersion"],
                "kind": item["kind"],
                "metadata": {
                    "name": item["metadata"]["name"],
                    "labels": item["metadata"]["labels"],
                    "annotations": annotations,
                },
                "spec": item["spec"],
            }));
        }
    }
    found
}
