//! Requests as a browser or a client sends them.

use crate::server::{PATIENCE, Server};
use model::ReleaseBinding;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Status and body of `GET url`. Names under `.localhost` are this computer.
pub(crate) async fn get(url: &str) -> (StatusCode, String) {
    let answer = client(url).get(url).send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("a body"))
}

/// Status and body of `GET url`, whose answer is JSON; text where it is not.
pub(crate) async fn get_json(url: &str) -> (StatusCode, Value) {
    let (status, text) = get(url).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Status and body of `POST url`, whose answer is JSON; text where it is not.
pub(crate) async fn post(url: &str, body: &Value) -> (StatusCode, Value) {
    let answer = client(url).post(url).json(body).send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn client(url: &str) -> Client {
    let parsed = reqwest::Url::parse(url).expect("a URL");
    let host = parsed.host_str().expect("a host").to_owned();
    Client::builder()
        .no_proxy()
        .resolve(&host, ([127, 0, 0, 1], parsed.port_or_known_default().expect("a port")).into())
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client")
}

/// Asks until the answer is as wanted: for what no object tells.
pub(crate) async fn until(url: &str, wanted: (StatusCode, &str)) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = get(url).await;
        if (answer.0, answer.1.as_str()) == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{url} answers {answer:?}, not {wanted:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The external HTTP address of the binding's endpoint.
pub(crate) fn address(binding: &ReleaseBinding, endpoint: &str) -> String {
    let status = binding.status.as_ref().expect("a status");
    let found = status.endpoints.iter().find(|known| known.name == endpoint).expect("the endpoint");
    let http = found.external_urls.as_ref().and_then(|urls| urls.http.as_ref());
    http.expect("an address outside").to_string()
}

/// A session with the REST API, as the command line opens it from the configuration in the data folder.
pub(crate) struct Rest {
    client: Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Rest {
    pub(crate) async fn open(server: &Server) -> Rest {
        let url = server.line("API").to_owned();
        let client = Client::builder().no_proxy().build().expect("a client");
        let secret = secret(server);
        let form = format!("grant_type=client_credentials&client_id=openchoreo-cli&client_secret={secret}");
        let request = client.post(format!("{url}/oauth2/token")).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        Rest { client, url, token }
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// The answer as it comes.
    pub(crate) async fn stream(&self, path: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        request.send().await.expect("an answer").error_for_status().expect("accepted")
    }
}

/// The secret in the configuration that `up` writes for the command line.
pub(crate) fn secret(server: &Server) -> String {
    let text = std::fs::read_to_string(server.place.data().join("occ.yaml")).expect("a configuration");
    let config: Value = serde_saphyr::from_str(&text).expect("YAML");
    config["credentials"][0]["clientSecret"].as_str().expect("a secret").to_owned()
}
