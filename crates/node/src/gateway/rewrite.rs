//! Changes of path, host and headers that filters ask for.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery};

/// A new path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathChange {
    /// This one instead.
    Full(String),
    /// This one in place of the prefix that matched.
    Prefix(String),
}

impl PathChange {
    /// The new path for `path`, of which `prefix` matched.
    pub(super) fn apply(&self, path: &str, prefix: &str) -> String {
        match self {
            Self::Full(full) if full.starts_with('/') => full.clone(),
            Self::Full(full) => format!("/{full}"),
            Self::Prefix(replacement) => {
                let rest = path.strip_prefix(prefix.trim_end_matches('/')).unwrap_or(path);
                let start = replacement.trim_end_matches('/');
                let slash = if start.is_empty() || start.starts_with('/') { "" } else { "/" };
                let whole = format!("{slash}{start}{rest}");
                if whole.is_empty() { "/".to_owned() } else { whole }
            }
        }
    }
}

/// The path and query to ask the backend for; as it was where the new one cannot be written as a URI.
pub(super) fn path_and_query(original: &PathAndQuery, change: Option<&PathChange>, prefix: &str) -> PathAndQuery {
    let Some(change) = change else { return original.clone() };
    let mut text = change.apply(original.path(), prefix);
    if let Some(query) = original.query() {
        text.push('?');
        text.push_str(query);
    }
    PathAndQuery::try_from(text).unwrap_or_else(|_| original.clone())
}

/// Changes of headers, in the order set, add, remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct HeaderChange {
    pub(super) set: Vec<(HeaderName, HeaderValue)>,
    pub(super) add: Vec<(HeaderName, HeaderValue)>,
    pub(super) remove: Vec<HeaderName>,
}

impl HeaderChange {
    pub(super) fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.set {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in &self.add {
            headers.append(name.clone(), value.clone());
        }
        for name in &self.remove {
            headers.remove(name);
        }
    }
}

/// An answer that sends the client elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) scheme: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) path: Option<PathChange>,
    pub(super) port: Option<u16>,
    pub(super) status: http::StatusCode,
}

impl Redirect {
    /// The value of `Location` for a request with a scheme, to a host, on a port, of whose path `prefix` matched.
    pub(super) fn location(
        &self,
        (scheme, host, port): (&str, &str, u16),
        original: &PathAndQuery,
        prefix: &str,
    ) -> String {
        let scheme = self.scheme.as_deref().unwrap_or(scheme);
        let well_known = if scheme == "https" { 443 } else { 80 };
        let port = self.port.unwrap_or(if self.scheme.is_some() { well_known } else { port });
        let host = self.hostname.as_deref().unwrap_or(host);
        let target = path_and_query(original, self.path.as_ref(), prefix);
        if port == well_known {
            format!("{scheme}://{host}{target}")
        } else {
            format!("{scheme}://{host}:{port}{target}")
        }
    }
}

/// The host of an authority, lower case, without its port and without the final dot.
pub(super) fn host_of(authority: &Authority) -> String {
    authority.host().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/foo/bar", "/foo", "/xyz", "/xyz/bar")]
    #[case("/foo/bar", "/foo", "/xyz/", "/xyz/bar")]
    #[case("/foo/bar", "/foo/", "/xyz", "/xyz/bar")]
    #[case("/foo/bar", "/foo/", "/xyz/", "/xyz/bar")]
    #[case("/foo", "/foo", "/xyz", "/xyz")]
    #[case("/foo/", "/foo", "/xyz", "/xyz/")]
    #[case("/foo/bar", "/foo", "", "/bar")]
    #[case("/foo/", "/foo", "", "/")]
    #[case("/foo", "/foo", "", "/")]
    #[case("/foo/", "/foo", "/", "/")]
    #[case("/foo", "/foo", "/", "/")]
    #[case("/bar", "/", "/api/v1", "/api/v1/bar")]
    #[case("/", "/", "/api", "/api/")]
    #[case("/foo//bar", "/foo", "/", "//bar")]
    fn a_prefix_is_replaced_as_the_specification_s_table_says(
        #[case] path: &str,
        #[case] prefix: &str,
        #[case] replacement: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(PathChange::Prefix(replacement.to_owned()).apply(path, prefix), expected);
    }

    #[rstest]
    #[case("/a/b?x=1", PathChange::Full("/one".into()), "/one?x=1")]
    #[case("/a/b?x=1&y", PathChange::Prefix("/n".into()), "/n/b?x=1&y")]
    #[case("/a", PathChange::Full("no spaces here".into()), "/a")]
    fn the_query_stays_and_what_is_no_uri_is_not_sent(
        #[case] original: &str,
        #[case] change: PathChange,
        #[case] expected: &str,
    ) {
        let original = PathAndQuery::try_from(original).expect("a path");
        assert_eq!(path_and_query(&original, Some(&change), "/a").as_str(), expected);
    }

    #[rstest]
    #[case(None, None, None, "http://a.test:19080/x?y=1")]
    #[case(Some("https"), None, None, "https://a.test/x?y=1")]
    #[case(Some("http"), None, None, "http://a.test/x?y=1")]
    #[case(None, Some("b.test"), Some(80), "http://b.test/x?y=1")]
    #[case(Some("https"), Some("b.test"), Some(8443), "https://b.test:8443/x?y=1")]
    fn a_redirect_names_a_port_only_where_it_says_something(
        #[case] scheme: Option<&str>,
        #[case] hostname: Option<&str>,
        #[case] port: Option<u16>,
        #[case] expected: &str,
    ) {
        let redirect = Redirect {
            scheme: scheme.map(str::to_owned),
            hostname: hostname.map(str::to_owned),
            path: None,
            port,
            status: http::StatusCode::FOUND,
        };
        let original = PathAndQuery::from_static("/x?y=1");
        assert_eq!(redirect.location(("http", "a.test", 19080), &original, "/"), expected);
    }
}
