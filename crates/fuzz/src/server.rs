//! What reaches a Kubernetes API server: whole requests, bodies, selectors, patches, definitions. One server in memory takes them
//! all; it keeps nothing of them. A panic in it would be answered as an internal error, which nothing here may be.

use std::sync::LazyLock;

use http::{Request, header};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) const REQUEST_WORDS: &[&str] = &[
    "GET ",
    "PUT ",
    "PATCH ",
    "DELETE ",
    "POST ",
    "HEAD ",
    "/api/v1/",
    "/apis/apps/v1/",
    "namespaces/default/",
    "configmaps",
    "deployments/d",
    "pods/p/log",
    "/status",
    "/scale",
    "/exec",
    "?watch=true",
    "&limit=1",
    "&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
    "&resourceVersion=",
    "&resourceVersionMatch=Exact",
    "&sendInitialEvents=true",
    "&fieldValidation=Strict",
    "&fieldManager=",
    "&labelSelector=",
    "&fieldSelector=metadata.name%3D",
    "&timeoutSeconds=-1",
    "%00",
    "%2F",
    "%ff",
    "//",
    "..",
    "application/json",
    "application/yaml",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "{\"metadata\":{\"name\":\"",
    "generateName",
    "ownerReferences",
    "&anchor *anchor",
    "18446744073709551616",
];
pub(crate) const PROTOBUF_WORDS: &[&str] =
    &["k8s\0", "\n\u{c}", "\u{12}\u{7f}", "\u{7f}\u{7f}", "v1", "ConfigMap", "\u{1}"];
pub(crate) const SELECTOR_WORDS: &[&str] = &[
    ",",
    "=",
    "==",
    "!=",
    "!",
    " in (",
    " notin (",
    ")",
    "(",
    ">",
    "<",
    "a.io/b",
    "metadata.name=",
    "metadata.namespace!=",
    "spec.nodeName",
    "status.phase=",
    "\\,",
    "\\=",
    "\n",
];
pub(crate) const CHANGE_WORDS: &[&str] = &[
    "op",
    "path",
    "from",
    "value",
    "add",
    "move",
    "copy",
    "test",
    "/spec/template/spec/containers/0",
    "/metadata/annotations/a~1b",
    "/-",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$deleteFromPrimitiveList/finalizers",
    "replace",
    "delete",
    "merge",
    "metadata",
    "resourceVersion",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "containers",
    "name",
    "image",
    "ports",
    "containerPort",
    "protocol",
    "env",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];
pub(crate) const DEFINITION_WORDS: &[&str] = &[
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-validations",
    "rule",
    "self.all(x, x == oldSelf)",
    "messageExpression",
    "additionalPrinterColumns",
    "jsonPath",
    ".spec.a[?(@.b==1)]",
    "selectableFields",
    "subresources",
    "specReplicasPath",
    "conversion",
    "Webhook",
    "storage",
    "served",
    "deprecated",
    "nullable",
    "default",
    "properties",
    "items",
    "additionalProperties",
    "array",
    "object",
    "integer",
    "pattern",
    "(a+)+$",
    "maxItems",
    "format",
];

struct Server {
    runtime: Runtime,
    client: Client,
    // Dropped with the process; while it is there, its housekeeping goes on.
    _held: kubelite::Server,
}

/// What patches are tried on.
fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"a": "b"}},
        "spec": {
            "selector": {"matchLabels": {"app": "a"}},
            "template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {"containers": [{
                    "name": "main", "image": "i", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "x"}],
                }]},
            },
        },
    })
}

fn start() -> std::io::Result<Server> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server =
        runtime.block_on(kubelite::Server::open(kubelite::Options::default())).map_err(std::io::Error::other)?;
    let client = {
        let _within = runtime.enter();
        server.client()
    };
    let ready = Server { runtime, client, _held: server };
    let map = json!({"metadata": {"name": "c", "labels": {"a": "b"}}, "data": {"k": "v"}});
    for (path, object) in [
        ("/api/v1/namespaces/default/configmaps", map),
        ("/apis/apps/v1/namespaces/default/deployments", deployment("d")),
    ] {
        let made = ready.ask("POST", path, "application/json", object.to_string().into_bytes());
        assert_eq!(made.map(|answer| answer.0), Some(201), "the server does not take {path}");
    }
    Ok(ready)
}

static SERVER: LazyLock<Server> = LazyLock::new(|| match start() {
    Ok(server) => server,
    Err(error) => panic!("no server in memory: {error}"),
});

impl Server {
    /// Status and body of the answer; none where this is no request.
    fn ask(&self, method: &str, uri: &str, media: &str, body: Vec<u8>) -> Option<(u16, Value)> {
        let request = Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, media).body(body).ok()?;
        let endless = uri.contains("watch") || request.headers().contains_key(header::UPGRADE);
        let shown = format!("{method} {uri} {media}");
        self.runtime.block_on(async {
            let answer = match self.client.send(request.map(Body::from)).await {
                Ok(answer) => answer,
                Err(error) => panic!("{shown}: no answer: {error}"),
            };
            let code = answer.status().as_u16();
            if endless && code == 200 {
                return Some((code, Value::Null));
            }
            let bytes = match answer.into_body().collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => panic!("{shown}: the answer breaks off: {error}"),
            };
            let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            // A bug of the server, or a state of its own that it does not understand.
            assert!(code != 500 || body["reason"] != "InternalError", "{shown}: {body}");
            Some((code, body))
        })
    }
}

/// The query with one option more, so that nothing is kept.
fn dry(uri: &str) -> String {
    format!("{uri}{}dryRun=All", if uri.contains('?') { '&' } else { '?' })
}

/// A whole request: method and URI in the first line, media type in the second, then the body.
pub(crate) fn request(input: &[u8]) {
    let mut lines = input.splitn(3, |byte| *byte == b'\n');
    let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
    let (Some((method, uri)), media) = (text().split_once(' '), text()) else { return };
    let body = lines.next().unwrap_or_default().to_vec();
    let uri = if matches!(method, "GET" | "HEAD") { uri.to_owned() } else { dry(uri) };
    SERVER.ask(method, &uri, media, body);
}

/// A body as Go clients send it: the path in the first line, then the bytes.
pub(crate) fn protobuf(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(path) = std::str::from_utf8(&input[..end]) else { return };
    SERVER.ask("POST", &dry(path), "application/vnd.kubernetes.protobuf", input[end + 1..].to_vec());
}

/// A label selector, and after a line's end a field selector.
pub(crate) fn selectors(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (labels, fields) = text.split_once('\n').unwrap_or((text, ""));
    let escaped = |text: &str| text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02x}"));
    for plural in ["configmaps", "pods"] {
        let path = format!("/api/v1/{plural}?labelSelector={}&fieldSelector={}", escaped(labels), escaped(fields));
        let first = SERVER.ask("GET", &path, "application/json", Vec::new());
        assert!(first.as_ref().is_some_and(|(code, _)| matches!(code, 200 | 400)), "{first:?}");
        assert_eq!(SERVER.ask("GET", &path, "application/json", Vec::new()), first, "listed twice");
    }
}

/// `{"media": …, "patch": …}`: a patch of a Deployment and of a ConfigMap.
pub(crate) fn change(input: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(input) else { return };
    let media = input["media"].as_str().unwrap_or("application/merge-patch+json");
    for path in ["/apis/apps/v1/namespaces/default/deployments/d", "/api/v1/namespaces/default/configmaps/c"] {
        let tried = || SERVER.ask("PATCH", &dry(path), media, input["patch"].to_string().into_bytes());
        let first = tried().map(|(code, _)| code);
        assert_eq!(tried().map(|(code, _)| code), first, "patched twice");
    }
}

/// `{"first": …, "second": …}`: what two managers apply to one Deployment, one after the other.
pub(crate) fn apply(input: &[u8]) {
    const PATH: &str = "/apis/apps/v1/namespaces/default/deployments/applied";
    let Ok(input) = serde_json::from_slice::<Value>(input) else { return };
    let apply = |manager: &str, body: &Value| {
        let path = format!("{PATH}?fieldManager={manager}&force=true");
        SERVER.ask("PATCH", &path, "application/apply-patch+yaml", body.to_string().into_bytes())
    };
    // Of the input before; finalizers would keep it.
    let free = json!({"metadata": {"finalizers": null}}).to_string().into_bytes();
    SERVER.ask("PATCH", PATH, "application/merge-patch+json", free);
    SERVER.ask("DELETE", &format!("{PATH}?propagationPolicy=Background"), "application/json", Vec::new());
    apply("first", &input["first"]);
    let second = apply("second", &input["second"]);
    if let Some((200 | 201, object)) = second {
        let again = apply("second", &input["second"]);
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        assert!(
            again.as_ref().is_some_and(|(code, again)| *code == 200 && version(again) == version(&object)),
            "applied twice: {object} became {again:?}"
        );
    }
}

/// A CustomResourceDefinition.
pub(crate) fn definition(input: &[u8]) {
    let path = dry("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    let tried = || SERVER.ask("POST", &path, "application/json", input.to_vec()).map(|(code, _)| code);
    let first = tried();
    assert_eq!(tried(), first, "judged twice");
}
