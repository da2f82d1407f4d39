//! A certificate authority of this installation, for names of this computer and private networks only.
//!
//! Who trusts it trusts whoever holds its key. So its certificate says that it can vouch for names like `*.localhost` and
//! for loopback addresses alone: with the key stolen nobody can pretend to be a site of the world outside.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Top-level names that never lead outside (RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`).
const NAMES: [&str; 5] = ["localhost", "test", "internal", "local", "home.arpa"];
/// Ten years: the authority lives as long as its folder.
const AUTHORITY: SignedDuration = SignedDuration::from_hours(24 * 3650);
/// Browsers refuse certificates that are valid for longer than about thirteen months.
const CERTIFICATE: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A certificate is made anew when it is older than that.
const FRESH: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Certificates that are kept; above that all are forgotten and made again as they are asked for.
const MOST_KEPT: usize = 1024;

/// Why there is no local authority.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// Its files cannot be read or written.
    #[error("the local certificate authority cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Its files hold something else.
    #[error(
        "the local certificate authority in {folder} cannot be used: {reason}. Remove the folder to have a new one made; whoever trusted the old one must be told to trust the new one"
    )]
    Content {
        /// Where.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Makes certificates for local names as they are asked for.
pub struct LocalAuthority {
    pem: String,
    path: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// The key of all certificates.
    key: KeyPair,
    kept: Mutex<HashMap<String, (Timestamp, Arc<CertifiedKey>)>>,
}

impl std::fmt::Debug for LocalAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalAuthority(keys not shown)")
    }
}

impl LocalAuthority {
    /// Reads the authority in `folder`, or makes one for its owner alone.
    ///
    /// # Errors
    /// [`AuthorityError`]
    pub fn open(folder: &Path) -> Result<Arc<Self>, AuthorityError> {
        let (certificate, secret) = (folder.join("ca.crt"), folder.join("ca.key"));
        let content = |reason: String| AuthorityError::Content { folder: folder.to_owned(), reason };
        let failed = |error: rcgen::Error| content(error.to_string());
        let (pem, key) = match (read(&certificate)?, read(&secret)?) {
            (Some(pem), Some(key)) => (pem, KeyPair::from_pem(&key).map_err(failed)?),
            (None, None) => {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)
                    .map_err(|source| AuthorityError::File { action: "make", path: folder.to_owned(), source })?;
                let key = KeyPair::generate().map_err(failed)?;
                let pem = authority().self_signed(&key).map_err(failed)?.pem();
                // The key first: a certificate without its key would be trusted and of no use.
                write(&secret, &key.serialize_pem(), 0o600)?;
                write(&certificate, &pem, 0o644)?;
                (pem, key)
            }
            (Some(_), None) => return Err(content("ca.key is missing".into())),
            (None, Some(_)) => return Err(content("ca.crt is missing".into())),
        };
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        Ok(Arc::new(Self { pem, path: certificate, issuer, key, kept: Mutex::default() }))
    }

    /// The authority's own certificate, which browsers and programs are told to trust.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// The file of [`LocalAuthority::certificate_pem`].
    pub fn certificate_path(&self) -> &Path {
        &self.path
    }

    /// A short text that is another one for another authority.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(&self.pem).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether the authority may vouch for that name.
    pub(super) fn vouches_for(name: &str) -> bool {
        NAMES.iter().any(|own| name == *own || name.strip_suffix(own).is_some_and(|rest| rest.ends_with('.')))
    }

    /// A certificate for `name` (lower case; empty where the client named none); none for names of the world outside.
    pub(super) fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let name = if name.is_empty() { "localhost" } else { name };
        let now = Timestamp::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, found)) = kept.get(name)
            && now.duration_since(*made) < FRESH
        {
            return Some(found.clone());
        }
        if !Self::vouches_for(name) {
            return None;
        }
        let made = match self.make(name) {
            Ok(made) => Arc::new(made),
            Err(why) => {
                tracing::warn!(name, why, "no certificate could be made");
                return None;
            }
        };
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(name.to_owned(), (now, made.clone()));
        Some(made)
    }

    fn make(&self, name: &str) -> Result<CertifiedKey, String> {
        let mut params = CertificateParams::default();
        valid(&mut params, CERTIFICATE);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "local gateway");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params
            .subject_alt_names
            .push(SanType::DnsName(name.try_into().map_err(|error: rcgen::Error| error.to_string())?));
        if name == "localhost" {
            let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
            params.subject_alt_names.extend(loopback.map(SanType::IpAddress));
        }
        let made = params.signed_by(&self.key, &self.issuer).map_err(|error| error.to_string())?;
        let key =
            PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes()).map_err(|error| error.to_string())?;
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).map_err(|error| error.to_string())?;
        Ok(CertifiedKey::new(vec![CertificateDer::from(made.der().to_vec())], key))
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    valid(&mut params, AUTHORITY);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Local gateway of this computer");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let mut permitted: Vec<_> = NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)));
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)));
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    params
}

fn valid(params: &mut CertificateParams, how_long: SignedDuration) {
    let day = |offset: SignedDuration| {
        let date = (Timestamp::now() + offset).to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(SignedDuration::from_hours(-24));
    params.not_after = day(how_long);
}

fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::File { action: "read", path: path.to_owned(), source }),
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
    let draft = path.with_extension("draft");
    let written = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    written().map_err(|source| AuthorityError::File { action: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{RootCertStore, client::WebPkiServerVerifier};

    use super::*;

    /// Whether a program that trusts the authority takes what it made for `name`.
    fn accepted(authority: &LocalAuthority, name: &str) -> bool {
        let Some(made) = authority.certificate(name) else { return false };
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).expect("PEM"))
            .expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
        let server = ServerName::try_from(name.to_owned()).expect("a name");
        rustls::client::danger::ServerCertVerifier::verify_server_cert(
            &*verifier,
            made.end_entity_cert().expect("a certificate"),
            &[],
            &server,
            &[],
            UnixTime::now(),
        )
        .is_ok()
    }

    #[test]
    fn local_names_get_certificates_that_are_good_and_others_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = LocalAuthority::open(&folder.path().join("authority")).expect("made");
        for name in ["localhost", "a.localhost", "development-default.openchoreoapis.localhost", "x.test"] {
            assert!(accepted(&authority, name), "{name}");
        }
        for name in ["example.org", "localhost.example.org", "notlocalhost", "evil.com"] {
            assert!(authority.certificate(name).is_none(), "{name}");
        }
        let forged = authority.make("bank.example.org").expect("made");
        authority
            .kept
            .lock()
            .expect("not poisoned")
            .insert("bank.example.org".into(), (Timestamp::now(), Arc::new(forged)));
        assert!(!accepted(&authority, "bank.example.org"), "the authority's own certificate forbids it");
    }

    #[test]
    fn the_same_authority_is_found_again_and_its_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let first = LocalAuthority::open(folder.path()).expect("made").certificate_pem().to_owned();
        let again = LocalAuthority::open(folder.path()).expect("read");
        assert_eq!(again.certificate_pem(), first);
        assert!(accepted(&again, "a.localhost"));
        let mode = fs::metadata(folder.path().join("ca.key")).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        fs::remove_file(folder.path().join("ca.key")).expect("removed");
        let error = LocalAuthority::open(folder.path()).expect_err("half an authority").to_string();
        assert!(error.contains("ca.key is missing") && error.contains("Remove the folder"), "{error}");
    }
}
