//! Tokens: kept ones while they last, new ones from the control plane's issuer.

use super::encode;
use super::http::Http;
use super::token_store::{Token, TokenStore};
use crate::config::Credential;
use crate::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::path::Path;
use tokio::sync::Mutex;

/// Seconds before its end from which on a token counts as used up.
const MARGIN: i64 = 60;

/// What a session proves itself with.
pub(crate) struct Authority {
    store: TokenStore,
    url: String,
    credential: Option<Credential>,
    current: Mutex<Option<Token>>,
}

/// Client id and secret.
struct Client {
    id: String,
    secret: String,
    scope: String,
}

/// What a control plane says of how to log in.
pub(super) struct Issuer {
    pub(super) token_endpoint: String,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Authority {
    pub(crate) fn new(config: &Path, url: &str, credential: Option<Credential>) -> Authority {
        Authority { store: TokenStore::beside(config), url: url.to_owned(), credential, current: Mutex::new(None) }
    }

    /// Those of the context, else those of `OCC_CLIENT_ID` and `OCC_CLIENT_SECRET`.
    fn client(&self) -> Option<Client> {
        if let Some(one) = self.credential.as_ref().filter(|one| !one.client_secret.is_empty()) {
            return Some(Client {
                id: one.client_id.clone(),
                secret: one.client_secret.clone(),
                scope: one.scope.clone(),
            });
        }
        Some(Client { id: variable("OCC_CLIENT_ID")?, secret: variable("OCC_CLIENT_SECRET")?, scope: String::new() })
    }

    /// Whether a new token can be had without anybody's help.
    pub(crate) fn can_renew(&self) -> bool {
        self.client().is_some()
    }

    /// A token that is good now; none where the control plane asks for none. `fresh`: the one before was not taken.
    pub(crate) async fn token(&self, http: &Http, fresh: bool) -> Result<Option<String>, Failure> {
        let mut current = self.current.lock().await;
        let good = |token: &Token| token.expires > now() + MARGIN;
        if let Some(token) = current.as_ref().filter(|token| !fresh && good(token)) {
            return Ok(token.value());
        }
        let Some(client) = self.client() else {
            return self.token_of_login(http).await;
        };
        let key = TokenStore::key(&self.url, &client.id);
        if !fresh && let Some(token) = self.store.read(&key).filter(good) {
            *current = Some(token.clone());
            return Ok(token.value());
        }
        let token = new_token(http, &client).await?;
        self.store.write(&key, &token)?;
        *current = Some(token.clone());
        Ok(token.value())
    }

    /// A token that an earlier login left in the configuration.
    async fn token_of_login(&self, http: &Http) -> Result<Option<String>, Failure> {
        let kept = self.credential.as_ref().map(|one| one.token.as_str()).filter(|token| !token.is_empty());
        if let Some(token) = kept.filter(|token| expiry(token).is_none_or(|end| end > now())) {
            return Ok(Some(token.to_owned()));
        }
        if discover(http).await?.is_none() {
            return Ok(None);
        }
        let why = if kept.is_some() { "the login has expired" } else { "not logged in" };
        Err(Failure::Denied(format!(
            "{why}: set OCC_CLIENT_ID and OCC_CLIENT_SECRET and run `occ login --client-credentials`, or pass the \
             --config that `openchoreo up` printed"
        )))
    }
}

/// The end of a token, from its own claims (RFC 7519 §4.1.4).
fn expiry(token: &str) -> Option<i64> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&claims).ok()?.get("exp")?.as_i64()
}

/// Asks the control plane how to log in; nothing where it lets in everybody.
pub(super) async fn discover(http: &Http) -> Result<Option<Issuer>, Failure> {
    let metadata = document(http, "/.well-known/oauth-protected-resource").await?;
    if metadata.get("openchoreo_security_enabled") == Some(&Value::Bool(false)) {
        return Ok(None);
    }
    let issuer = metadata.pointer("/authorization_servers/0").and_then(Value::as_str).ok_or_else(|| {
        Failure::Server(format!("{} does not say where tokens come from: is it a control plane?", http.base()))
    })?;
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let configuration = document(http, &url).await?;
    match configuration.get("token_endpoint").and_then(Value::as_str) {
        Some(endpoint) => Ok(Some(Issuer { token_endpoint: endpoint.to_owned() })),
        None => Err(Failure::Server(format!("{url} names no token endpoint"))),
    }
}

async fn document(http: &Http, path: &str) -> Result<Value, Failure> {
    let response = http.public(path).await?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| http.unreachable(&error))?;
    match serde_json::from_slice(&body) {
        Ok(value) if status.is_success() => Ok(value),
        _ => Err(Failure::Server(format!(
            "{} does not answer {path} as a control plane does (HTTP {}): is the address right?",
            http.base(),
            status.as_u16()
        ))),
    }
}

async fn request(http: &Http, issuer: &Issuer, client: &Client) -> Result<Token, Failure> {
    let mut form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        encode(&client.id),
        encode(&client.secret)
    );
    if !client.scope.is_empty() {
        form.push_str(&format!("&scope={}", encode(&client.scope)));
    }
    let asked = now();
    let response = http.form(&issuer.token_endpoint, form).await?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    match text("access_token").filter(|_| status.is_success()) {
        Some(value) => {
            let seconds = body.get("expires_in").and_then(Value::as_i64);
            let expires = seconds.map(|seconds| asked + seconds).or_else(|| expiry(value)).unwrap_or(asked);
            Ok(Token { value: value.to_owned(), expires })
        }
        None => Err(Failure::Denied(format!(
            "the issuer gives client {:?} no token (HTTP {}): {}",
            client.id,
            status.as_u16(),
            text("error_description").or_else(|| text("error")).unwrap_or("it does not say why")
        ))),
    }
}

/// A token from the control plane's issuer; an empty one, for a while, where the control plane asks for none.
async fn new_token(http: &Http, client: &Client) -> Result<Token, Failure> {
    match discover(http).await? {
        Some(issuer) => request(http, &issuer, client).await,
        None => Ok(Token { value: String::new(), expires: now() + 15 * 60 }),
    }
}

/// A token for these credentials, to see that they are good.
pub(super) async fn prove(http: &Http, id: &str, secret: &str, scope: &str) -> Result<Token, Failure> {
    let client = Client { id: id.to_owned(), secret: secret.to_owned(), scope: scope.to_owned() };
    new_token(http, &client).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_end() {
        let token = format!("x.{}.y", URL_SAFE_NO_PAD.encode(r#"{"exp": 17}"#));
        assert_eq!(expiry(&token), Some(17));
        assert_eq!(expiry("opaque"), None);
    }
}
