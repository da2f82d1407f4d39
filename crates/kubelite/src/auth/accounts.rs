//! Tokens of service accounts: signed, bound to the account's uid, short-lived.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    admission::User, core::Core, managed, object::meta, status::ApiError, store::OpenError, tls::Authority, verbs::Call,
};

/// Who signs, and for whom unless asked otherwise.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Seconds that a token lives unless asked otherwise; less than ten minutes is refused.
const LIFE: i64 = 3600;
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;

/// Signs and checks.
pub(crate) struct Accounts {
    sign: EncodingKey,
    check: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Vec<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Bound,
}

#[derive(Serialize, Deserialize)]
struct Bound {
    namespace: String,
    serviceaccount: Named,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Named>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: String,
    uid: String,
}

impl Accounts {
    /// With the authority's key.
    pub(crate) fn new(authority: &Authority) -> Result<Self, OpenError> {
        let failed = |error: jsonwebtoken::errors::Error| {
            OpenError::Identity(format!("reading the key that signs tokens: {error}"))
        };
        Ok(Self {
            sign: EncodingKey::from_ec_pem(authority.token_key.as_bytes()).map_err(failed)?,
            check: DecodingKey::from_ec_pem(authority.token_public.as_bytes()).map_err(failed)?,
        })
    }

    /// Answers a `TokenRequest` for the service account at the call's path.
    pub(crate) fn request(&self, call: &Call, request: &Value) -> Result<Value, ApiError> {
        let name = call.named()?;
        let account = call
            .core
            .store
            .shelf(&call.kind.shelf)
            .get(&call.path(name))
            .ok_or_else(|| ApiError::not_found(&call.kind, name))?;
        let mut life = request["spec"]["expirationSeconds"].as_i64().unwrap_or(LIFE);
        if !(SHORTEST..=LONGEST).contains(&life) {
            let bound = if life < SHORTEST { "less than 10 minutes" } else { "larger than 2^32 seconds" };
            let message = format!("Invalid value: {life}: may not specify a duration {bound}");
            let cause = crate::strategy::cause("FieldValueInvalid", "spec.expirationSeconds", message);
            return Err(ApiError::invalid_kind("authentication.k8s.io", "TokenRequest", "", vec![cause]));
        }
        life = life.min(24 * 3600);
        let (pod, secret) = bound(call, &request["spec"]["boundObjectRef"])?;
        let mut audiences: Vec<String> = request["spec"]["audiences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if audiences.is_empty() {
            audiences.push(ISSUER.into());
        }
        let now = call.core.now().as_second();
        let namespace = account.namespace().to_owned();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: format!("system:serviceaccount:{namespace}:{name}"),
            aud: audiences.clone(),
            iat: now,
            nbf: now,
            exp: now + life,
            jti: uuid::Uuid::new_v4().to_string(),
            kubernetes: Bound {
                namespace: namespace.clone(),
                serviceaccount: Named { name: name.to_owned(), uid: account.uid.to_string() },
                pod,
                secret,
            },
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.sign)
            .map_err(|error| ApiError::internal(error.to_string()))?;
        let spec = json!({"audiences": audiences, "expirationSeconds": life, "boundObjectRef": request["spec"]["boundObjectRef"]});
        let mut asked =
            json!({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": request["spec"]});
        if asked["spec"]["expirationSeconds"].is_null() {
            asked["spec"]["expirationSeconds"] = LIFE.into();
        }
        managed::update(call, &json!({"spec": {}}), &mut asked, "authentication.k8s.io/v1");
        let expires = call.core.now() + jiff::SignedDuration::from_secs(life);
        Ok(json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name, "namespace": namespace, "uid": &*account.uid, "creationTimestamp": meta::time(call.core.now()),
                "managedFields": asked["metadata"]["managedFields"],
            },
            "spec": spec,
            "status": {"token": token, "expirationTimestamp": meta::time(expires)},
        }))
    }

    /// Whose token it is and for which audiences; the account must still be the same.
    pub(crate) fn user(&self, core: &Core, token: &str) -> Result<(User, Vec<String>), String> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_aud = false;
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        let claims =
            jsonwebtoken::decode::<Claims>(token, &self.check, &validation).map_err(|error| error.to_string())?.claims;
        // By the server's clock, which a test may have set.
        let now = core.now().as_second();
        if claims.exp <= now || claims.nbf > now + 60 {
            return Err("the token has expired".into());
        }
        let Bound { namespace, serviceaccount, pod, secret } = claims.kubernetes;
        let there = |shelf: &str, wanted: &Named| {
            let stored = core.store.shelf(shelf).get(&format!("{namespace}/{}", wanted.name));
            stored.is_some_and(|stored| *stored.uid == *wanted.uid)
        };
        if !there("serviceaccounts", &serviceaccount) {
            return Err("the service account has been deleted".into());
        }
        if !pod.as_ref().is_none_or(|pod| there("pods", pod)) {
            return Err("the pod that the token was made for is gone".into());
        }
        if !secret.as_ref().is_none_or(|secret| there("secrets", secret)) {
            return Err("the secret that the token was made for is gone".into());
        }
        let extra = pod
            .into_iter()
            .flat_map(|pod| {
                let key = |name: &str| format!("authentication.kubernetes.io/pod-{name}");
                [(key("name"), vec![pod.name]), (key("uid"), vec![pod.uid])]
            })
            .collect();
        let groups = vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".into(),
        ];
        Ok((User { name: claims.sub, uid: serviceaccount.uid, groups, extra }, claims.aud))
    }
}

/// The pod or secret that a token lives no longer than.
fn bound(call: &Call, reference: &Value) -> Result<(Option<Named>, Option<Named>), ApiError> {
    if reference.is_null() {
        return Ok((None, None));
    }
    let text = |key: &str| reference[key].as_str().unwrap_or_default();
    let plural = match (text("apiVersion"), text("kind")) {
        ("v1", "Pod") => "pods",
        ("v1", "Secret") => "secrets",
        (version, kind) => {
            return Err(ApiError::bad_request(format!(
                "spec.boundObjectRef: Invalid value: {version} {kind}: cannot bind a token to it, only to a v1 Pod or a v1 Secret"
            )));
        }
    };
    let kind = call.kinds.resource("", "v1", plural).ok_or_else(ApiError::no_such_path)?;
    let stored = call.core.store.shelf(&kind.shelf).get(&kind.path(call.namespace.as_deref(), text("name")));
    let Some(stored) = stored else { return Err(ApiError::not_found(kind, text("name"))) };
    if !text("uid").is_empty() && text("uid") != &*stored.uid {
        let why = format!(
            "the UID in the bound object reference ({}) does not match the UID in record ({})",
            text("uid"),
            stored.uid
        );
        return Err(ApiError::conflict(kind, text("name"), &why));
    }
    if plural == "pods" && stored.value()["spec"]["serviceAccountName"].as_str() != call.name.as_deref() {
        return Err(ApiError::bad_request(format!(
            "spec.boundObjectRef: Invalid value: pod {:?} does not run as service account {:?}",
            text("name"),
            call.name.as_deref().unwrap_or_default()
        )));
    }
    let named = Some(Named { name: stored.name().to_owned(), uid: stored.uid.to_string() });
    Ok(if plural == "pods" { (named, None) } else { (None, named) })
}
