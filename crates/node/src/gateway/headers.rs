//! Headers that a proxy takes away and adds: what concerns one connection only, and where a request came from.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::header::{
    CONNECTION, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::Authority;

use super::forward::Entrance;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Makes the headers of a client those of a request to a pod. `upgrade` is the protocol that the client wants to change to.
pub(super) fn to_pod(
    headers: &mut HeaderMap,
    upgrade: Option<HeaderValue>,
    authority: &Authority,
    entrance: &Entrance,
) {
    let trailers = headers.get(TE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    drop_hop_by_hop(headers);
    headers.remove(EXPECT);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(upgrade) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, upgrade);
    }
    // The header is there already in HTTP/1.1, and the authority goes first where a request names both.
    let host = match headers.get(HOST) {
        Some(host) if host.as_bytes() == authority.as_str().as_bytes() => Some(host.clone()),
        _ => HeaderValue::from_str(authority.as_str()).ok(),
    };
    if let Some(host) = host {
        headers.insert(HOST, host.clone());
        headers.insert(X_FORWARDED_HOST, host);
    }
    forwarded_for(headers, entrance.client.ip());
    headers.insert(X_FORWARDED_PORT, HeaderValue::from(entrance.port));
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(entrance.scheme()));
}

fn forwarded_for(headers: &mut HeaderMap, client: IpAddr) {
    let mut path = String::with_capacity(40);
    for earlier in headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()) {
        path.push_str(earlier);
        path.push_str(", ");
    }
    // Writing to a text cannot fail.
    let _ = write!(path, "{client}");
    put(headers, X_FORWARDED_FOR, &path);
}

/// Sets a header, unless the value is none that a header can have.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The protocol that the client wants to change to, where it does.
pub(super) fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let upgrade = headers.get(UPGRADE)?;
    let mut tokens =
        headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tokens.any(|token| token.trim().eq_ignore_ascii_case("upgrade")).then(|| upgrade.clone())
}

/// Takes away what concerns one connection only (RFC 9110, 7.6.1).
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    // Most requests name nothing beside what is taken away anyway.
    let usual = |value: &HeaderValue| {
        [&b"keep-alive"[..], b"close", b"upgrade"].iter().any(|usual| value.as_bytes().eq_ignore_ascii_case(usual))
    };
    if !headers.get_all(CONNECTION).iter().all(usual) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .collect();
        for name in named.into_iter().filter(|name| *name != TRAILER) {
            headers.remove(name);
        }
    }
    for name in [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
}
