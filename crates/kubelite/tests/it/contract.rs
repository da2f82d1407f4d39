use std::path::{Path, PathBuf};

use kube::{
    Api,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use serde_json::Value;

use crate::support::{fetch, post, raw, server, when};

/// The folder with contract data, if there is one.
fn fixtures() -> Option<PathBuf> {
    let folder = std::env::var_os("OPENCHOREO_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"), PathBuf::from);
    if folder.join("contract").is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no contract data at {} (set OPENCHOREO_FIXTURES)", folder.display());
    None
}

fn documents(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("a file");
    text.split("\n---")
        .map(|part| part.trim_start_matches(['-', ' ']))
        .filter(|part| part.lines().any(|line| !line.trim().is_empty() && !line.starts_with('#')))
        .map(|part| serde_saphyr::from_str(part).expect("YAML"))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    files
}

#[tokio::test]
async fn the_contracts_definitions_are_established_and_take_its_manifests() {
    let Some(fixtures) = fixtures() else { return };
    let (_server, client) = server().await;
    let resource =
        ApiResource::from_gvk(&GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition"));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let mut count = 0;
    for file in files(&fixtures.join("contract/crds")).iter().chain(&files(&fixtures.join("contract/third-party-crds")))
    {
        for definition in documents(file) {
            let (code, answer) = raw(
                &client,
                "POST",
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                "application/json",
                &definition,
            )
            .await;
            assert_eq!(code, 201, "{}: {answer}", file.display());
            let name = definition["metadata"]["name"].as_str().expect("a name");
            when(&api, name, |crd| {
                crd["status"]["conditions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
            })
            .await;
            count += 1;
        }
    }
    assert!(count >= 37, "{count}");
    for object in documents(&fixtures.join("manifests/getting-started/all.yaml")) {
        let (version, kind) =
            (object["apiVersion"].as_str().expect("a version"), object["kind"].as_str().expect("a kind"));
        let root = if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let (_, resources) = fetch(&client, &root).await;
        let row = resources["resources"]
            .as_array()
            .expect("resources")
            .iter()
            .find(|row| row["kind"] == kind)
            .expect("the kind is served");
        let place = if row["namespaced"] == true { "/namespaces/default" } else { "" };
        let path = format!("{root}{place}/{}?fieldValidation=Strict", row["name"].as_str().expect("a name"));
        let (code, answer) = raw(&client, "POST", &path, "application/json", &object).await;
        assert_eq!(code, 201, "{kind} {}: {answer}", object["metadata"]["name"]);
    }
}

#[tokio::test]
async fn discovery_says_what_a_real_server_says() {
    let Some(fixtures) = fixtures() else { return };
    let (_server, client) = server().await;
    for (path, file) in [("/api", "discovery-api.json"), ("/apis", "discovery-apis.json")] {
        let text = std::fs::read(fixtures.join("contract/kubernetes-1.36").join(file)).expect("a file");
        let expected: Value = serde_json::from_slice(&text).expect("JSON");
        let request = http::Request::get(path)
            .header("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
            .body(kube::client::Body::empty())
            .expect("a request");
        let answer = client.request::<Value>(request.map(|_| Vec::new())).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => panic!("{path}: {error}"),
        };
        for group in expected["items"].as_array().expect("groups") {
            let Some(ours) = answer["items"]
                .as_array()
                .expect("groups")
                .iter()
                .find(|ours| ours["metadata"]["name"] == group["metadata"]["name"])
            else {
                continue;
            };
            for version in group["versions"].as_array().expect("versions") {
                let Some(own) = ours["versions"]
                    .as_array()
                    .expect("versions")
                    .iter()
                    .find(|own| own["version"] == version["version"])
                else {
                    continue;
                };
                assert_eq!(
                    own["resources"], version["resources"],
                    "{} {}",
                    group["metadata"]["name"], version["version"]
                );
            }
        }
    }
}

#[tokio::test]
async fn an_event_has_two_faces() {
    let (_server, client) = server().await;
    let event = serde_json::json!({"metadata": {"name": "e"}, "regarding": {"kind": "Pod", "name": "p", "namespace": "default"}, "note": "hello", "reason": "R", "type": "Normal",
        "action": "A", "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "c", "reportingInstance": "i"});
    post(&client, "/apis/events.k8s.io/v1/namespaces/default/events", &event).await;
    let (_, core) = fetch(&client, "/api/v1/namespaces/default/events/e").await;
    assert_eq!(
        (&core["message"], &core["involvedObject"]["name"], &core["apiVersion"]),
        (&"hello".into(), &"p".into(), &"v1".into())
    );
    let (_, list) = fetch(&client, "/apis/events.k8s.io/v1/namespaces/default/events").await;
    assert_eq!((&list["items"][0]["note"], &list["apiVersion"]), (&"hello".into(), &"events.k8s.io/v1".into()));
    let (_, chosen) = fetch(&client, "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp").await;
    assert_eq!(chosen["items"].as_array().map(Vec::len), Some(1));
}
