//! Who calls: an issuer inside the process and the check of its tokens.
//!
//! The issuer gives short-lived tokens (ES256, RFC 7519) to clients that prove themselves with a secret
//! (`client_credentials`, RFC 6749 §4.4). It keeps its signing key and the hashes of the secrets in a folder of its own
//! with mode 0600; secrets themselves are handed out once and kept nowhere else.

mod check;
mod clients;
mod endpoints;
mod issuer;

pub use check::Subject;
pub use clients::ClientSecret;
pub use issuer::{Issuer, IssuerError};

pub(crate) use check::authenticate;
pub(crate) use endpoints::{discovery, form_fields, jwks, protected_resource, token};
