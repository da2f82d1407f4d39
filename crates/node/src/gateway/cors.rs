//! Cross-origin requests: what the CORS filter answers and adds.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{Method, StatusCode};

/// Seconds that a browser may remember a preflight, where the filter says nothing.
const MAX_AGE: u32 = 5;

/// A CORS filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cors {
    pub(super) origins: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) expose: Vec<String>,
    pub(super) credentials: bool,
    pub(super) max_age: Option<u32>,
}

/// Whether the request only asks what a cross-origin request would be allowed; says for which method.
pub(super) fn preflight_method(method: &Method, headers: &HeaderMap) -> Option<Method> {
    if *method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
        return None;
    }
    Method::from_bytes(headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}

impl Cors {
    /// Status and headers of the answer to a preflight. An origin that is not allowed gets no permission in it, which
    /// makes the browser refuse.
    pub(super) fn preflight(&self, request: &HeaderMap) -> (StatusCode, HeaderMap) {
        let mut answer = HeaderMap::new();
        if self.permit(request, &mut answer) {
            let wanted = request.get(ACCESS_CONTROL_REQUEST_METHOD);
            put(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, self.listed(&self.methods, wanted));
            let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
            put(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, self.listed(&self.headers, wanted));
            let exposed = if self.credentials && self.expose.iter().any(|name| name == "*") {
                None
            } else {
                self.listed(&self.expose, None)
            };
            put(&mut answer, ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            put(&mut answer, ACCESS_CONTROL_MAX_AGE, Some(self.max_age.unwrap_or(MAX_AGE).into()));
        }
        (StatusCode::NO_CONTENT, answer)
    }

    /// Adds to the answer of an actual request what lets a page of an allowed origin read it.
    pub(super) fn decorate(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        if self.permit(request, answer) {
            // With credentials a browser takes `*` for a header of that name.
            let everything = self.expose.iter().any(|name| name == "*") && self.credentials;
            let exposed = if everything {
                let names: Vec<_> = answer.keys().map(HeaderName::as_str).collect();
                HeaderValue::from_str(&names.join(", ")).ok()
            } else {
                self.listed(&self.expose, None)
            };
            put(answer, ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }

    /// Says in `answer` that the request's origin is allowed, if it is. The backend's own permissions give way.
    fn permit(&self, request: &HeaderMap, answer: &mut HeaderMap) -> bool {
        for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS] {
            answer.remove(name);
        }
        let anyone = self.origins.iter().any(|allowed| allowed == "*");
        if !anyone || self.credentials {
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = request.get(ORIGIN) else { return false };
        let text = origin.to_str().unwrap_or_default();
        if !anyone && !self.origins.iter().any(|allowed| origin_matches(allowed, text)) {
            return false;
        }
        let value = if anyone && !self.credentials { HeaderValue::from_static("*") } else { origin.clone() };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, value);
        if self.credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        true
    }

    /// A list as a header; `*` becomes what was asked for where credentials make `*` mean nothing.
    fn listed(&self, list: &[String], wanted: Option<&HeaderValue>) -> Option<HeaderValue> {
        if list.is_empty() {
            return None;
        }
        if list.iter().any(|entry| entry == "*") {
            return if self.credentials { wanted.cloned() } else { Some(HeaderValue::from_static("*")) };
        }
        HeaderValue::from_str(&list.join(", ")).ok()
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// `allowed` is `scheme://host[:port]`, whose host may be `*` or begin with `*.`; an origin without a port has its
/// scheme's.
fn origin_matches(allowed: &str, origin: &str) -> bool {
    let parts = |text: &str| -> Option<(String, String, String)> {
        let (scheme, rest) = text.split_once("://")?;
        let usual = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
        let (host, port) = rest
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
            .unwrap_or((rest, usual));
        Some((scheme.to_ascii_lowercase(), host.to_ascii_lowercase(), port.to_owned()))
    };
    let (Some((scheme, host, port)), Some((its_scheme, its_host, its_port))) = (parts(allowed), parts(origin)) else {
        return allowed == origin;
    };
    let host_matches = match host.strip_prefix("*.") {
        Some(suffix) => its_host.strip_suffix(suffix).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => host == "*" || host == its_host,
    };
    scheme == its_scheme && port == its_port && host_matches
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://a.test", "https://a.test", true)]
    #[case("https://a.test", "HTTPS://A.test", true)]
    #[case("https://a.test", "http://a.test", false)]
    #[case("https://a.test", "https://a.test:443", true)]
    #[case("https://a.test", "https://a.test:8443", false)]
    #[case("http://a.test:8080", "http://a.test:8080", true)]
    #[case("https://*.a.test", "https://b.a.test", true)]
    #[case("https://*.a.test", "https://c.b.a.test", true)]
    #[case("https://*.a.test", "https://a.test", false)]
    #[case("https://*.a.test", "https://evila.test", false)]
    #[case("http://*", "http://anything", true)]
    #[case("https://a.test", "null", false)]
    fn origins_match_scheme_host_and_port(#[case] allowed: &str, #[case] origin: &str, #[case] expected: bool) {
        assert_eq!(origin_matches(allowed, origin), expected);
    }

    fn open() -> Cors {
        let all = || vec!["*".to_owned()];
        Cors {
            origins: all(),
            methods: vec!["GET".into(), "PUT".into()],
            headers: all(),
            expose: all(),
            credentials: false,
            max_age: None,
        }
    }

    fn request(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        lines.sort();
        lines
    }

    const ASKING: &[(&str, &str)] = &[
        ("origin", "https://a.test"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-one, x-two"),
    ];

    #[test]
    fn a_preflight_of_an_open_filter_allows_everyone() {
        let (status, headers) = open().preflight(&request(ASKING));
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(
            shown(&headers),
            [
                "access-control-allow-headers: *",
                "access-control-allow-methods: GET, PUT",
                "access-control-allow-origin: *",
                "access-control-expose-headers: *",
                "access-control-max-age: 5",
            ]
        );
    }

    #[test]
    fn with_credentials_nothing_is_answered_with_a_star() {
        let cors = Cors { credentials: true, methods: vec!["*".into()], max_age: Some(60), ..open() };
        assert_eq!(
            shown(&cors.preflight(&request(ASKING)).1),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-headers: x-one, x-two",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://a.test",
                "access-control-max-age: 60",
                "vary: Origin",
            ]
        );
        let mut answer = request(&[("x-total", "3")]);
        Cors { origins: vec!["https://a.test".into()], ..cors }.decorate(&request(ASKING), &mut answer);
        assert!(answer[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().expect("text").contains("x-total"));
    }

    #[test]
    fn an_origin_that_is_not_allowed_gets_no_permission_even_from_the_backend() {
        let cors = Cors { origins: vec!["https://b.test".into()], ..open() };
        assert_eq!(shown(&cors.preflight(&request(ASKING)).1), ["vary: Origin"]);
        let mut answer = request(&[("access-control-allow-origin", "*"), ("content-type", "text/plain")]);
        cors.decorate(&request(ASKING), &mut answer);
        assert_eq!(shown(&answer), ["content-type: text/plain", "vary: Origin"]);
    }
}
