//! Signing key, clients and tokens.

use super::check::{Claims, Subject, TokenProblem};
use super::clients::{ClientSecret, Clients};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use thiserror::Error;

/// How long a token is good for, in seconds.
pub(super) const TOKEN_LIFETIME: u64 = 15 * 60;

/// The audience that this API's tokens are for.
pub(crate) const AUDIENCE: &str = "openchoreo";

/// What can go wrong with the issuer's own files.
#[derive(Debug, Error)]
pub enum IssuerError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file was changed by hand or damaged.
    #[error("{path} is damaged ({reason}): remove it to get a new one; clients then need new secrets or tokens")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No key could be made.
    #[error("cannot make a signing key: {0}")]
    Key(String),
}

/// Issues and checks tokens.
pub struct Issuer {
    url: String,
    clients_file: PathBuf,
    clients: RwLock<Clients>,
    signing: EncodingKey,
    verifying: DecodingKey,
    jwk: Jwk,
}

impl Issuer {
    /// Opens the issuer whose files lie in `folder`, making key and client list where they are missing. `url` is the
    /// issuer's identifier and the address of its endpoints.
    pub fn open(folder: &Path, url: String) -> Result<Issuer, IssuerError> {
        let key_file = folder.join("signing-key.pem");
        let pem = match read(&key_file)? {
            Some(pem) => pem,
            None => {
                let pem =
                    rcgen::KeyPair::generate().map_err(|error| IssuerError::Key(error.to_string()))?.serialize_pem();
                write(&key_file, pem.as_bytes())?;
                pem
            }
        };
        let damaged = |error: jsonwebtoken::errors::Error| IssuerError::Damaged {
            path: key_file.clone(),
            reason: error.to_string(),
        };
        let signing = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(damaged)?;
        let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::ES256).map_err(damaged)?;
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).map_err(damaged)?;
        jwk.common.key_id = Some(thumbprint);
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        let verifying = DecodingKey::from_jwk(&jwk).map_err(damaged)?;
        let clients_file = folder.join("clients.json");
        let clients = match read(&clients_file)? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| IssuerError::Damaged { path: clients_file.clone(), reason: error.to_string() })?,
            None => Clients::default(),
        };
        Ok(Issuer { url, clients_file, clients: RwLock::new(clients), signing, verifying, jwk })
    }

    /// The issuer's identifier.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Gives a client a new secret; the one before stops working.
    pub fn renew_client(&self, id: &str) -> Result<ClientSecret, IssuerError> {
        let secret = ClientSecret::random();
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.set(id, &secret);
        let text = serde_json::to_vec_pretty(&*clients)
            .map_err(|error| IssuerError::Damaged { path: self.clients_file.clone(), reason: error.to_string() })?;
        write(&self.clients_file, &text)?;
        Ok(secret)
    }

    /// Whether this is the client's present secret.
    pub fn knows(&self, id: &str, secret: &str) -> bool {
        self.clients.read().unwrap_or_else(PoisonError::into_inner).accepts(id, secret)
    }

    /// A token for a client that proved itself, at `now` (seconds since 1970).
    pub(crate) fn issue(&self, client: &str, now: u64) -> Result<String, TokenProblem> {
        let claims = Claims {
            iss: self.url.clone(),
            sub: client.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now,
            nbf: now,
            exp: now + TOKEN_LIFETIME,
            jti: uuid::Uuid::new_v4().to_string(),
            client_id: client.to_owned(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid.clone_from(&self.jwk.common.key_id);
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(|_| TokenProblem::Invalid)
    }

    /// Whom a token speaks for.
    pub(crate) fn verify(&self, token: &str) -> Result<Subject, TokenProblem> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&self.url]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        if jsonwebtoken::decode_header(token)?.kid != self.jwk.common.key_id {
            return Err(TokenProblem::Invalid);
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation)?;
        Ok(Subject { id: decoded.claims.sub })
    }

    /// The public key, as RFC 7517 sets are written.
    pub(crate) fn jwks(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [self.jwk] })
    }
}

fn read(path: &Path) -> Result<Option<String>, IssuerError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IssuerError::File { path: path.to_owned(), source }),
    }
}

/// Whole or not at all, readable by its owner only.
fn write(path: &Path, content: &[u8]) -> Result<(), IssuerError> {
    let draft = path.with_extension("draft");
    let attempt = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    attempt().map_err(|source| IssuerError::File { path: path.to_owned(), source })
}
