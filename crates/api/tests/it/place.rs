//! Where requests are sent: a fresh server in memory with our kinds, the router over it, and a caller with a token.

use api::identity::Issuer;
use api::{PlaneUnavailable, Planes, Reasons};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::core::DynamicObject;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

/// The namespace of most tests.
pub(crate) const NAMESPACE: &str = "acme";
/// The issuer's address; nothing listens there.
pub(crate) const URL: &str = "http://api.example";
const CLIENT: &str = "tests";

pub(crate) struct Place {
    pub(crate) server: kubelite::Server,
    pub(crate) client: Client,
    pub(crate) router: Router,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) folder: tempfile::TempDir,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null where the body is not JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    /// Status and body without what differs from run to run.
    pub(crate) fn plain(&self) -> (u16, Value) {
        (self.status.as_u16(), normal(&self.body))
    }

    /// Texts of the `Warning` headers.
    pub(crate) fn warnings(&self) -> Vec<&str> {
        self.headers.get_all(header::WARNING).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}

/// Uids, times and revisions as placeholders.
pub(crate) fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("uid", Value::String(text)) if text.len() == 36 => "<uid>".into(),
                    ("resourceVersion", Value::String(text)) if text.parse::<u64>().is_ok() => "<revision>".into(),
                    ("creationTimestamp" | "createdAt", Value::String(text))
                        if text.parse::<jiff::Timestamp>().is_ok() =>
                    {
                        "<time>".into()
                    }
                    ("nextCursor", Value::String(_)) => "<cursor>".into(),
                    (_, value) => normal(value),
                };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(normal).collect(),
        other => other.clone(),
    }
}

/// ClusterDataPlane `default` is the server itself; no other plane can be reached.
struct OwnPlane(Client);

impl Planes for OwnPlane {
    fn data_plane(&self, kind: &str, _: Option<&str>, name: &str) -> Result<Client, PlaneUnavailable> {
        match (kind, name) {
            ("ClusterDataPlane", "default") => Ok(self.0.clone()),
            _ => Err(PlaneUnavailable { kind: kind.into(), name: name.into(), why: "no agent is connected".into() }),
        }
    }
}

impl Place {
    /// A server with our kinds and namespace `acme`.
    pub(crate) async fn new() -> Place {
        Place::with(None).await
    }

    /// The same where somebody knows what objects wait for.
    pub(crate) async fn with(reasons: Option<Arc<dyn Reasons>>) -> Place {
        let options = kubelite::Options { admission: vec![Arc::new(admission::Rules)], ..kubelite::Options::default() };
        let server = kubelite::Server::open(options).await.expect("a server in memory");
        let client = server.client();
        define(&client).await;
        let folder = tempfile::tempdir().expect("a folder");
        let issuer = Issuer::open(folder.path(), URL.into()).expect("an issuer");
        let secret = issuer.renew_client(CLIENT).expect("a secret").reveal().to_owned();
        let router = api::router(api::Options {
            client: client.clone(),
            planes: Arc::new(OwnPlane(client.clone())),
            reasons,
            issuer: Arc::new(issuer),
        });
        let mut place = Place { server, client, router, secret, token: String::new(), folder };
        let form = format!("grant_type=client_credentials&client_id={CLIENT}&client_secret={}", place.secret);
        let answer = place.send(Request::post("/oauth2/token").body(Body::from(form)).expect("a request")).await;
        place.token = answer.body["access_token"].as_str().expect("a token").to_owned();
        let made = place.post("/api/v1/namespaces", &json!({"metadata": {"name": NAMESPACE}})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        place
    }

    /// Sends any request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// Sends a request with the caller's token.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body).expect("a request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &Value::Null).await
    }

    /// Makes a project as a user does.
    pub(crate) async fn project(&self, name: &str) {
        let made =
            self.post(&format!("/api/v1/namespaces/{NAMESPACE}/projects"), &json!({"metadata": {"name": name}})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }

    /// Makes an object of one of our kinds past the API, as controllers and planes do.
    pub(crate) async fn have(&self, kind: &str, namespace: Option<&str>, name: &str, spec: &Value) {
        let row = model::kind_row(kind).expect("a kind");
        let resource = kube::core::ApiResource {
            group: model::GROUP.into(),
            version: model::VERSION.into(),
            api_version: model::API_VERSION.into(),
            kind: kind.into(),
            plural: row.plural.into(),
        };
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let object = json!({
            "apiVersion": model::API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec,
        });
        let object = serde_json::from_value(object).expect("an object");
        api.create(&PostParams::default(), &object).await.expect("created");
    }
}

async fn define(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in model::crds() {
        let definition: CustomResourceDefinition = serde_json::from_value(definition).expect("a definition");
        let name = definition.metadata.name.clone().expect("a name");
        api.create(&PostParams::default(), &definition).await.expect("defined");
        await_condition(api.clone(), &name, is_crd_established()).await.expect("served");
    }
}
