//! Keys and certificates: made at first start, kept in the data folder for its owner alone.

use std::{fs, io::Write, net::IpAddr, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use crate::store::OpenError;

/// A certificate authority with the certificates of the server and of its administrator.
pub struct Authority {
    ca_pem: String,
    ca_key: String,
    server_pem: String,
    server_key: String,
    admin_pem: String,
    admin_key: String,
    /// Signs tokens of service accounts.
    pub(crate) token_key: String,
    pub(crate) token_public: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(keys not shown)")
    }
}

fn problem(what: &str) -> impl Fn(&dyn std::fmt::Display) -> OpenError + '_ {
    move |error| OpenError::Identity(format!("{what}: {error}"))
}

/// Ten years: the authority lives as long as the data folder.
const DAYS: i64 = 3650;

fn validity(params: &mut CertificateParams) {
    let day = |offset: i64| {
        let date = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * offset))
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(-1);
    params.not_after = day(DAYS);
}

impl Authority {
    /// Reads the folder, or makes what is missing in it; without a folder the keys are gone with the process.
    ///
    /// `names` are further host names and addresses that the server's certificate is for.
    ///
    /// # Errors
    /// The folder cannot be read or written, or holds something else.
    pub fn open(folder: Option<&Path>, names: &[String]) -> Result<Self, OpenError> {
        let Some(folder) = folder else { return Self::make(None, None, names) };
        let io = |what: String| move |source| OpenError::Io { what, source };
        fs::create_dir_all(folder).map_err(io(format!("creating {}", folder.display())))?;
        restrict(folder, 0o700)?;
        let read = |name: &str| -> Result<Option<String>, OpenError> {
            let path = folder.join(name);
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(OpenError::Io { what: format!("reading {}", path.display()), source }),
            }
        };
        let ca = read("ca.key")?.zip(read("ca.crt")?);
        let token = read("token.key")?.zip(read("token.pub")?);
        let (new_ca, new_token) = (ca.is_none(), token.is_none());
        let made = Self::make(ca, token, names)?;
        if new_ca {
            write(folder, "ca.key", &made.ca_key)?;
            write(folder, "ca.crt", &made.ca_pem)?;
        }
        if new_token {
            write(folder, "token.key", &made.token_key)?;
            write(folder, "token.pub", &made.token_public)?;
        }
        Ok(made)
    }

    fn make(
        ca: Option<(String, String)>,
        token: Option<(String, String)>,
        names: &[String],
    ) -> Result<Self, OpenError> {
        let failed = problem("making keys and certificates");
        let (ca_key, ca_pem) = match ca {
            Some(known) => known,
            None => authority().map_err(|error| failed(&error))?,
        };
        let key = KeyPair::from_pem(&ca_key).map_err(|error| problem("reading ca.key")(&error))?;
        let issuer = Issuer::new(authority_params(), key);
        let (server_pem, server_key) = server(&issuer, names)?;
        let (admin_pem, admin_key) = client(&issuer, "kubelite-admin", "system:masters")?;
        let (token_key, token_public) = match token {
            Some(known) => known,
            None => {
                let key = KeyPair::generate().map_err(|error| failed(&error))?;
                (key.serialize_pem(), key.public_key_pem())
            }
        };
        Ok(Self { ca_pem, ca_key, server_pem, server_key, admin_pem, admin_key, token_key, token_public })
    }

    /// The authority's certificate.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(super) fn admin(&self) -> (&str, &str) {
        (&self.admin_pem, &self.admin_key)
    }

    /// What the port needs.
    pub(super) fn server_config(&self) -> Result<ServerConfig, OpenError> {
        let failed = problem("setting up TLS");
        let ca = CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).map_err(|error| failed(&error))?;
        let mut roots = RootCertStore::empty();
        roots.add(ca).map_err(|error| failed(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|error| failed(&error))?;
        let certificate = CertificateDer::from_pem_slice(self.server_pem.as_bytes()).map_err(|error| failed(&error))?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.server_key.as_bytes()).map_err(|error| failed(&error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
            .map_err(|error| failed(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "kubelite-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

/// A new authority: key and certificate.
fn authority() -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = authority_params().self_signed(&key)?;
    Ok((key.serialize_pem(), certificate.pem()))
}

fn server(issuer: &Issuer<'_, KeyPair>, names: &[String]) -> Result<(String, String), OpenError> {
    let failed = problem("making the server's certificate");
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.distinguished_name.push(DnType::CommonName, "kubelite");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let fixed = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        "::1",
    ];
    for name in fixed.iter().map(|&name| name.to_owned()).chain(names.iter().cloned()) {
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(
                name.as_str()
                    .try_into()
                    .map_err(|error: rcgen::Error| problem(&format!("host name {name:?}"))(&error))?,
            ),
        });
    }
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let certificate = params.signed_by(&key, issuer).map_err(|error| failed(&error))?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn client(issuer: &Issuer<'_, KeyPair>, name: &str, group: &str) -> Result<(String, String), OpenError> {
    let failed = problem("making the administrator's certificate");
    let mut params = CertificateParams::default();
    validity(&mut params);
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, group);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate().map_err(|error| failed(&error))?;
    let certificate = params.signed_by(&key, issuer).map_err(|error| failed(&error))?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn restrict(path: &Path, mode: u32) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|source| OpenError::Io { what: format!("setting permissions of {}", path.display()), source })?;
    }
    Ok(())
}

/// Writes a file for its owner alone, whole or not at all.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<(), OpenError> {
    let path = folder.join(name);
    let draft = folder.join(format!(".{name}.new"));
    let io = |source| OpenError::Io { what: format!("writing {}", path.display()), source };
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&draft).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&draft, &path).map_err(io)
}
