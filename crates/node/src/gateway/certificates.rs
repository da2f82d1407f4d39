//! The certificates of a listener: from Secrets that it refers to, or from the local authority.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, client::verify_server_name};
use sha2::{Digest as _, Sha256};

use super::compile::{BadReference, Referrer};
use super::local_authority::LocalAuthority;
use super::objects::{CertificateRef, ListenerTls};
use crate::network::ObjectKey;

/// The option of `listeners[].tls.options` that asks for certificates of the local authority.
pub(super) const LOCAL_OPTION: &str = "node.local/certificate";
/// Its one value.
pub(super) const LOCAL_VALUE: &str = "local-authority";
/// The type of Secrets that hold certificates.
const TLS_SECRET: &str = "kubernetes.io/tls";

/// What a Secret holds for a listener.
#[derive(Clone)]
pub(super) struct Certificate {
    /// Distinguishes contents without keeping them.
    digest: [u8; 32],
    usable: Result<Arc<CertifiedKey>, String>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.usable.is_ok() { "Certificate(usable)" } else { "Certificate(not usable)" })
    }
}

impl Certificate {
    /// Whether the Secret is meant to hold a certificate at all.
    pub(super) fn is_certificate(&self) -> bool {
        self.digest != [0; 32]
    }
}

impl From<Secret> for Certificate {
    fn from(secret: Secret) -> Self {
        let data = secret.data.unwrap_or_default();
        let field = |name: &str| data.get(name).map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        if secret.type_.as_deref() != Some(TLS_SECRET) {
            let kind = secret.type_.as_deref().unwrap_or("Opaque");
            return Self { digest: [0; 32], usable: Err(format!("its type is {kind}, not {TLS_SECRET}")) };
        }
        let (chain, key) = (field("tls.crt"), field("tls.key"));
        let mut hash = Sha256::new();
        hash.update((chain.len() as u64).to_be_bytes());
        hash.update(chain);
        hash.update(key);
        Self { digest: hash.finalize().into(), usable: usable(chain, key).map(Arc::new) }
    }
}

fn usable(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|error| format!("tls.crt: {error}"))?;
    if chain.is_empty() {
        return Err("tls.crt has no certificate in PEM".into());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("tls.key: {error}"))?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).map_err(|error| format!("tls.key: {error}"))?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(pair),
        Err(error) => Err(format!("tls.key does not belong to tls.crt: {error}")),
    }
}

/// What references of a listener are looked up in.
pub(super) trait Secrets {
    fn certificate(&self, secret: &ObjectKey) -> Option<Arc<Certificate>>;
    /// Whether a ReferenceGrant lets `from` refer to that Secret.
    fn secret_granted(&self, from: Referrer<'_>, secret: &ObjectKey) -> bool;
    fn authority(&self) -> Option<Arc<LocalAuthority>>;
}

/// The certificates of a listener of a Gateway in `namespace`, ready to choose from.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    given: Vec<Arc<Certificate>>,
    authority: Option<Arc<LocalAuthority>>,
}

impl PartialEq for Certificates {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given && self.authority.is_some() == other.authority.is_some()
    }
}

impl Certificates {
    /// Follows the references of a listener.
    ///
    /// # Errors
    /// The first that is not good. A listener is served by all of its certificates or not at all: a client must not get
    /// another one because the right one is missing.
    pub(super) fn resolve(
        at: &str,
        tls: &ListenerTls,
        namespace: &str,
        secrets: &impl Secrets,
    ) -> Result<Self, BadReference> {
        let invalid = |message: String| BadReference { reason: "InvalidCertificateRef", message };
        let mut given = Vec::with_capacity(tls.certificate_refs.len());
        for (index, reference) in tls.certificate_refs.iter().enumerate() {
            given.push(Self::one(&format!("{at}.certificateRefs[{index}]"), reference, namespace, secrets)?);
        }
        let authority = if tls.options.get(LOCAL_OPTION).is_some_and(|value| value == LOCAL_VALUE) {
            let none = || invalid(format!("{at}.options: there is no local certificate authority here"));
            Some(secrets.authority().ok_or_else(none)?)
        } else {
            None
        };
        if given.is_empty() && authority.is_none() {
            return Err(invalid(format!(
                "{at}: a listener that ends TLS needs certificateRefs, or the option {LOCAL_OPTION}: {LOCAL_VALUE}"
            )));
        }
        Ok(Self { given, authority })
    }

    fn one(
        at: &str,
        reference: &CertificateRef,
        namespace: &str,
        secrets: &impl Secrets,
    ) -> Result<Arc<Certificate>, BadReference> {
        let invalid =
            |message: String| BadReference { reason: "InvalidCertificateRef", message: format!("{at}: {message}") };
        if !reference.group.is_empty() || reference.kind != "Secret" {
            let group = if reference.group.is_empty() { "core" } else { reference.group.as_str() };
            return Err(invalid(format!(
                "kind {} of group {group} is not supported, only Secrets are",
                reference.kind
            )));
        }
        let own = reference.namespace.as_deref().filter(|other| !other.is_empty()).unwrap_or(namespace);
        let secret = ObjectKey::new(own, reference.name.as_str());
        let from = Referrer { kind: "Gateway", namespace };
        if own != namespace && !secrets.secret_granted(from, &secret) {
            let words = format!(
                "no ReferenceGrant in namespace {own} lets Gateways of namespace {namespace} refer to Secret {}",
                secret.name
            );
            return Err(BadReference { reason: "RefNotPermitted", message: format!("{at}: {words}") });
        }
        let found = secrets.certificate(&secret).ok_or_else(|| invalid(format!("Secret {secret} does not exist")))?;
        match &found.usable {
            Ok(_) => Ok(found),
            Err(why) => Err(invalid(format!("Secret {secret} cannot be used: {why}"))),
        }
    }

    /// The TLS of a listener with these certificates, speaking `protocols` within it.
    pub(super) fn config(&self, protocols: &[&[u8]]) -> Option<Arc<ServerConfig>> {
        let given = self.given.iter().filter_map(|one| one.usable.clone().ok()).collect();
        let chooser = Chooser { given, authority: self.authority.clone() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(chooser));
        config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
        Some(Arc::new(config))
    }
}

/// Chooses the certificate for the name that a client asks for.
#[derive(Debug)]
struct Chooser {
    given: Vec<Arc<CertifiedKey>>,
    authority: Option<Arc<LocalAuthority>>,
}

impl Chooser {
    /// The given certificate for that name, then one of the local authority, then the first that was given.
    fn choose(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let fits = |pair: &&Arc<CertifiedKey>| {
            let server = ServerName::try_from(name);
            let parsed = pair.end_entity_cert().ok().and_then(|end| ParsedCertificate::try_from(end).ok());
            matches!((server, parsed), (Ok(server), Some(parsed)) if verify_server_name(&parsed, &server).is_ok())
        };
        let given = self.given.iter().find(fits).cloned();
        given
            .or_else(|| self.authority.as_ref().and_then(|authority| authority.certificate(name)))
            .or_else(|| self.given.first().cloned())
    }
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().unwrap_or_default().to_ascii_lowercase();
        self.choose(&name)
    }
}

/// No Secrets and no authority.
#[cfg(test)]
pub(super) struct NoSecrets;

#[cfg(test)]
impl Secrets for NoSecrets {
    fn certificate(&self, _secret: &ObjectKey) -> Option<Arc<Certificate>> {
        None
    }

    fn secret_granted(&self, _from: Referrer<'_>, _secret: &ObjectKey) -> bool {
        false
    }

    fn authority(&self) -> Option<Arc<LocalAuthority>> {
        None
    }
}
