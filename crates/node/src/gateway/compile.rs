//! From an HTTPRoute to compiled rules: what is not supported is refused by path, what is not there is said by reference.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use regex::Regex;

use super::cors::Cors;
use super::objects::{BackendRef, Filter, GROUP, HeaderModifier, HttpRoute, Match, PathModifier, Rule, ValueMatch};
use super::rewrite::{HeaderChange, PathChange, Redirect};
use super::rules::{Backend, Backends, CompiledMatch, CompiledRule, PathRule, Target, TextRule};
use crate::network::ObjectKey;
use crate::network::services::{Pool, Protocol};

/// Regular expressions are refused above this size, so that no route can eat the memory of the process.
const LARGEST_PATTERN: usize = 1 << 20;
/// The values of `appProtocol` that mean HTTP/2 without TLS.
const H2C: [&str; 2] = ["kubernetes.io/h2c", "h2c"];
/// The values of `appProtocol` that mean HTTP/1.1 without TLS, WebSocket included.
const PLAIN: [&str; 4] = ["http", "kubernetes.io/ws", "ws", "tcp"];

/// A field whose value is not supported or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) message: String,
}

/// Why a reference to a backend is not good: the reason of the condition ResolvedRefs, and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadReference {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// What is behind the port of a Service.
#[derive(Debug)]
pub(super) struct ServicePort {
    pub(super) pool: std::sync::Arc<Pool>,
    pub(super) protocol: Protocol,
    pub(super) app_protocol: Option<String>,
}

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Service,
    Port,
}

/// What references of a route are looked up in.
pub(super) trait References {
    /// The port of a Service.
    fn service_port(&self, service: &ObjectKey, port: u16) -> Result<ServicePort, Absent>;
    /// Whether a ReferenceGrant lets HTTPRoutes of `from` refer to that Service.
    fn granted(&self, from: &str, service: &ObjectKey) -> bool;
}

/// What became of a route.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// The rules; empty where there is a problem.
    pub(super) rules: Vec<CompiledRule>,
    pub(super) problems: Vec<Problem>,
    pub(super) bad_references: Vec<BadReference>,
    /// The Services that are referred to, there or not.
    pub(super) services: Vec<ObjectKey>,
}

/// Compiles a route. The whole route is refused when a field of it is not supported: half a route would send requests to
/// where nobody meant them to go.
pub(super) fn compile(route: &HttpRoute, references: &impl References) -> Compiled {
    let key = ObjectKey::of(route);
    let mut compiler = Compiler { key: &key, references, out: Compiled::default() };
    for name in route.spec.unknown.keys() {
        compiler.problem(format!("spec.{name}"), "this field is not supported");
    }
    let mut rules = Vec::with_capacity(route.spec.rules.len());
    for (index, rule) in route.spec.rules.iter().enumerate() {
        rules.push(compiler.rule(index, rule));
    }
    let mut out = compiler.out;
    if out.problems.is_empty() {
        out.rules = rules;
    }
    out
}

struct Compiler<'a, R> {
    key: &'a ObjectKey,
    references: &'a R,
    out: Compiled,
}

/// The filters of a rule or a backend.
#[derive(Default)]
struct Filters {
    request_headers: Vec<HeaderChange>,
    response_headers: Vec<HeaderChange>,
    path: Option<PathChange>,
    hostname: Option<String>,
    redirect: Option<Redirect>,
    cors: Option<Cors>,
}

impl<R: References> Compiler<'_, R> {
    fn problem(&mut self, path: String, message: impl Into<String>) {
        self.out.problems.push(Problem { path, message: message.into() });
    }

    fn rule(&mut self, index: usize, rule: &Rule) -> CompiledRule {
        let at = format!("spec.rules[{index}]");
        for name in rule.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let everything = [Match::default()];
        let alternatives = if rule.matches.is_empty() { &everything[..] } else { &rule.matches };
        let mut matches = Vec::with_capacity(alternatives.len());
        for (number, found) in alternatives.iter().enumerate() {
            matches.extend(self.alternative(&format!("{at}.matches[{number}]"), found));
        }
        let filters = self.filters(&at, &rule.filters, true);
        let by_prefix = matches.iter().all(|found| matches!(found.path, PathRule::Prefix(_)));
        let redirected = filters.redirect.as_ref().and_then(|redirect| redirect.path.as_ref());
        let replaces = |change: Option<&PathChange>| matches!(change, Some(PathChange::Prefix(_)));
        if !by_prefix && (replaces(filters.path.as_ref()) || replaces(redirected)) {
            self.problem(format!("{at}.filters"), "ReplacePrefixMatch needs matches of type PathPrefix only");
        }
        if filters.redirect.is_some() && !rule.backend_refs.is_empty() {
            self.problem(format!("{at}.backendRefs"), "a rule that redirects has no backends");
        }
        let request_timeout = self.timeout(format!("{at}.timeouts.request"), rule.timeouts.request.as_deref());
        let backend_timeout =
            self.timeout(format!("{at}.timeouts.backendRequest"), rule.timeouts.backend_request.as_deref());
        let mut backends = Vec::with_capacity(rule.backend_refs.len());
        for (number, backend) in rule.backend_refs.iter().enumerate() {
            backends.push((backend.weight, self.backend(&format!("{at}.backendRefs[{number}]"), backend)));
        }
        CompiledRule {
            route: self.key.clone(),
            index,
            matches,
            request_headers: filters.request_headers,
            response_headers: filters.response_headers,
            path: filters.path,
            hostname: filters.hostname,
            redirect: filters.redirect,
            cors: filters.cors,
            backends: Backends::new(backends),
            request_timeout,
            backend_timeout,
        }
    }

    fn alternative(&mut self, at: &str, found: &Match) -> Option<CompiledMatch> {
        for name in found.unknown.keys() {
            self.problem(format!("{at}.{name}"), "this field is not supported");
        }
        let path = found.path.clone().unwrap_or_default();
        let value = path.value.unwrap_or_else(|| "/".to_owned());
        let path = match path.kind.as_deref().unwrap_or("PathPrefix") {
            "Exact" => Some(PathRule::Exact(value)),
            "PathPrefix" => Some(PathRule::Prefix(value.trim_end_matches('/').to_owned())),
            "RegularExpression" => self.pattern(format!("{at}.path.value"), &value).map(PathRule::Regex),
            other => {
                self.problem(
                    format!("{at}.path.type"),
                    format!("{other:?} is not one of Exact, PathPrefix, RegularExpression"),
                );
                None
            }
        };
        let method = match found.method.as_deref().map(|text| Method::from_bytes(text.as_bytes())) {
            Some(Err(_)) => {
                self.problem(format!("{at}.method"), "this is not an HTTP method");
                None
            }
            Some(Ok(method)) => Some(method),
            None => None,
        };
        let mut headers = Vec::with_capacity(found.headers.len());
        for (number, wanted) in found.headers.iter().enumerate() {
            let at = format!("{at}.headers[{number}]");
            let rule = self.text_rule(&at, wanted);
            let name = self.header_name(format!("{at}.name"), &wanted.name);
            // Of two entries with one name, in whatever case, the first counts.
            if let Some((name, rule)) =
                name.zip(rule).filter(|(name, _)| headers.iter().all(|(other, _)| other != name))
            {
                headers.push((name, rule));
            }
        }
        let mut query: Vec<(String, TextRule)> = Vec::with_capacity(found.query_params.len());
        for (number, wanted) in found.query_params.iter().enumerate() {
            let rule = self.text_rule(&format!("{at}.queryParams[{number}]"), wanted);
            if let Some(rule) = rule.filter(|_| query.iter().all(|(other, _)| *other != wanted.name)) {
                query.push((wanted.name.clone(), rule));
            }
        }
        Some(CompiledMatch { path: path?, method, headers, query })
    }

    fn text_rule(&mut self, at: &str, wanted: &ValueMatch) -> Option<TextRule> {
        match wanted.kind.as_deref().unwrap_or("Exact") {
            "Exact" => Some(TextRule::Exact(wanted.value.clone())),
            "RegularExpression" => self.pattern(format!("{at}.value"), &wanted.value).map(TextRule::Regex),
            other => {
                self.problem(format!("{at}.type"), format!("{other:?} is not one of Exact, RegularExpression"));
                None
            }
        }
    }

    /// A regular expression that the whole text must match, in RE2's syntax as the regex crate reads it.
    fn pattern(&mut self, path: String, text: &str) -> Option<Regex> {
        match regex::RegexBuilder::new(&format!("^(?:{text})$")).size_limit(LARGEST_PATTERN).build() {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.problem(path, format!("{text:?} is not a regular expression that can be used: {error}"));
                None
            }
        }
    }

    fn header_name(&mut self, path: String, text: &str) -> Option<HeaderName> {
        let name = HeaderName::from_bytes(text.as_bytes()).ok();
        if name.is_none() {
            self.problem(path, format!("{text:?} is not a header's name"));
        }
        name
    }

    fn timeout(&mut self, path: String, text: Option<&str>) -> Option<Duration> {
        let text = text?;
        match duration(text) {
            // Zero is "no timeout".
            Some(duration) => Some(duration).filter(|duration| !duration.is_zero()),
            None => {
                self.problem(path, format!("{text:?} is not a duration such as 10s, 1m30s or 500ms"));
                None
            }
        }
    }

    fn filters(&mut self, at: &str, filters: &[Filter], of_rule: bool) -> Filters {
        let mut out = Filters::default();
        for (number, filter) in filters.iter().enumerate() {
            let at = format!("{at}.filters[{number}]");
            match (filter.kind.as_str(), of_rule) {
                ("RequestHeaderModifier", _) => {
                    let change =
                        self.headers(&format!("{at}.requestHeaderModifier"), filter.request_header_modifier.as_ref());
                    out.request_headers.extend(change);
                }
                ("ResponseHeaderModifier", _) => {
                    let change =
                        self.headers(&format!("{at}.responseHeaderModifier"), filter.response_header_modifier.as_ref());
                    out.response_headers.extend(change);
                }
                ("URLRewrite", true) => {
                    let Some(rewrite) = &filter.url_rewrite else {
                        self.missing(&at, "urlRewrite");
                        continue;
                    };
                    out.path = rewrite.path.as_ref().and_then(|path| self.path(&format!("{at}.urlRewrite.path"), path));
                    out.hostname.clone_from(&rewrite.hostname);
                }
                ("RequestRedirect", true) => out.redirect = self.redirect(&at, filter),
                ("CORS", true) => match &filter.cors {
                    Some(cors) => {
                        out.cors = Some(Cors {
                            origins: cors.allow_origins.clone(),
                            methods: cors.allow_methods.clone(),
                            headers: cors.allow_headers.clone(),
                            expose: cors.expose_headers.clone(),
                            credentials: cors.allow_credentials.unwrap_or_default(),
                            max_age: cors.max_age,
                        });
                    }
                    None => self.missing(&at, "cors"),
                },
                (kind, _) => {
                    let place = if of_rule { "" } else { " of a backend" };
                    self.problem(format!("{at}.type"), format!("filter {kind}{place} is not supported"));
                }
            }
        }
        if out.redirect.is_some() && (out.path.is_some() || out.hostname.is_some()) {
            self.problem(format!("{at}.filters"), "RequestRedirect and URLRewrite exclude each other");
        }
        out
    }

    fn missing(&mut self, at: &str, field: &str) {
        self.problem(format!("{at}.{field}"), "the filter's type asks for this field");
    }

    fn headers(&mut self, at: &str, modifier: Option<&HeaderModifier>) -> Option<HeaderChange> {
        let Some(modifier) = modifier else {
            self.problem(at.to_owned(), "the filter's type asks for this field");
            return None;
        };
        let mut change = HeaderChange::default();
        for (what, list) in [("set", &modifier.set), ("add", &modifier.add)] {
            for (number, header) in list.iter().enumerate() {
                let name = self.header_name(format!("{at}.{what}[{number}].name"), &header.name);
                let Ok(value) = HeaderValue::from_str(&header.value) else {
                    self.problem(format!("{at}.{what}[{number}].value"), "this is not a header's value");
                    continue;
                };
                let into = if what == "set" { &mut change.set } else { &mut change.add };
                into.extend(name.map(|name| (name, value)));
            }
        }
        for (number, name) in modifier.remove.iter().enumerate() {
            let name = self.header_name(format!("{at}.remove[{number}]"), name);
            change.remove.extend(name);
        }
        Some(change)
    }

    fn path(&mut self, at: &str, modifier: &PathModifier) -> Option<PathChange> {
        match modifier.kind.as_str() {
            "ReplaceFullPath" => Some(PathChange::Full(modifier.replace_full_path.clone().unwrap_or_default())),
            "ReplacePrefixMatch" => Some(PathChange::Prefix(modifier.replace_prefix_match.clone().unwrap_or_default())),
            other => {
                self.problem(
                    format!("{at}.type"),
                    format!("{other:?} is not one of ReplaceFullPath, ReplacePrefixMatch"),
                );
                None
            }
        }
    }

    fn redirect(&mut self, at: &str, filter: &Filter) -> Option<Redirect> {
        let Some(redirect) = &filter.request_redirect else {
            self.missing(at, "requestRedirect");
            return None;
        };
        let at = format!("{at}.requestRedirect");
        let status = StatusCode::from_u16(redirect.status_code.unwrap_or(302)).ok().filter(StatusCode::is_redirection);
        if status.is_none() {
            self.problem(format!("{at}.statusCode"), "this is not the status of a redirect");
        }
        let path = redirect.path.as_ref().and_then(|path| self.path(&format!("{at}.path"), path));
        let (scheme, hostname) = (redirect.scheme.clone(), redirect.hostname.clone());
        status.map(|status| Redirect { scheme, hostname, path, port: redirect.port, status })
    }

    fn backend(&mut self, at: &str, backend: &BackendRef) -> Backend {
        let filters = self.filters(at, &backend.filters, false);
        let target = self.target(at, backend).unwrap_or_else(|bad| {
            let words = bad.message.clone();
            self.out.bad_references.push(bad);
            Target::Nowhere(words)
        });
        Backend { target, request_headers: filters.request_headers, response_headers: filters.response_headers }
    }

    fn target(&mut self, at: &str, backend: &BackendRef) -> Result<Target, BadReference> {
        let bad = |reason, message: String| Err(BadReference { reason, message: format!("{at}: {message}") });
        if !backend.group.is_empty() || backend.kind != "Service" {
            let group = if backend.group.is_empty() { "core" } else { backend.group.as_str() };
            return bad(
                "InvalidKind",
                format!("kind {} of group {group} is not supported, only Services are", backend.kind),
            );
        }
        let namespace = backend.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let service = ObjectKey::new(namespace.unwrap_or(&self.key.namespace), backend.name.as_str());
        self.out.services.push(service.clone());
        if service.namespace != self.key.namespace && !self.references.granted(&self.key.namespace, &service) {
            return bad(
                "RefNotPermitted",
                format!(
                    "no ReferenceGrant in namespace {} lets HTTPRoutes of namespace {} refer to Service {}",
                    service.namespace, self.key.namespace, service.name
                ),
            );
        }
        let Some(number) = backend.port else {
            return bad("InvalidKind", format!("a reference to Service {service} needs a port"));
        };
        let port = match self.references.service_port(&service, number) {
            Err(Absent::Service) => return bad("BackendNotFound", format!("Service {service} does not exist")),
            Err(Absent::Port) => return bad("BackendNotFound", format!("Service {service} has no port {number}")),
            Ok(port) => port,
        };
        let app = port.app_protocol.as_deref();
        let http2 = app.is_some_and(|app| H2C.contains(&app));
        let plain = app.is_none_or(|app| PLAIN.contains(&app) || !app.starts_with("kubernetes.io/"));
        if port.protocol != Protocol::Tcp
            || app.is_some_and(|app| matches!(app, "https" | "kubernetes.io/wss" | "wss" | "grpcs"))
        {
            let asked = app.map_or_else(|| port.protocol.as_str().to_owned(), |app| format!("appProtocol {app}"));
            return bad(
                "UnsupportedProtocol",
                format!("port {number} of Service {service} speaks {asked}, which is not supported"),
            );
        }
        if !http2 && !plain {
            return bad(
                "UnsupportedProtocol",
                format!(
                    "port {number} of Service {service} has appProtocol {}, which is not supported",
                    app.unwrap_or_default()
                ),
            );
        }
        Ok(Target::Pods { service, port: number, pool: port.pool, http2 })
    }
}

/// A duration of Gateway API (GEP-2257): up to four numbers with the units h, m, s, ms.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).filter(|digits| (1..=5).contains(digits))?;
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit_length = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_length);
        total += match unit {
            "h" => Duration::from_secs(number * 3600),
            "m" => Duration::from_secs(number * 60),
            "s" => Duration::from_secs(number),
            "ms" => Duration::from_millis(number),
            _ => return None,
        };
        rest = after;
    }
    Some(total)
}

/// Whether a grant lets HTTPRoutes of `namespace` refer to the Service of that name.
pub(super) fn grants(grant: &super::objects::GrantSpec, namespace: &str, service: &str) -> bool {
    let from =
        grant.from.iter().any(|from| from.group == GROUP && from.kind == "HTTPRoute" && from.namespace == namespace);
    let to = grant.to.iter().any(|to| {
        to.group.is_empty()
            && to.kind == "Service"
            && to.name.as_deref().is_none_or(|name| name.is_empty() || name == service)
    });
    from && to
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    /// Services `web` (80 TCP, 90 h2c, 53 UDP, 443 https) in `shop` and `other`; a grant from `shop` to `other/web`.
    struct Fixed;

    impl References for Fixed {
        fn service_port(&self, service: &ObjectKey, port: u16) -> Result<ServicePort, Absent> {
            if service.name != "web" {
                return Err(Absent::Service);
            }
            let (protocol, app_protocol) = match port {
                80 => (Protocol::Tcp, None),
                90 => (Protocol::Tcp, Some("kubernetes.io/h2c".to_owned())),
                53 => (Protocol::Udp, None),
                443 => (Protocol::Tcp, Some("https".to_owned())),
                _ => return Err(Absent::Port),
            };
            Ok(ServicePort { pool: std::sync::Arc::default(), protocol, app_protocol })
        }

        fn granted(&self, from: &str, service: &ObjectKey) -> bool {
            let grant = json!({
                "from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": "shop"}],
                "to": [{"group": "", "kind": "Service", "name": "web"}],
            });
            service.namespace == "other"
                && grants(&serde_json::from_value(grant).expect("a grant"), from, &service.name)
        }
    }

    fn compiled(rules: &Value) -> Compiled {
        let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"rules": rules}});
        compile(&serde_json::from_value(route).expect("an HTTPRoute"), &Fixed)
    }

    #[rstest]
    #[case(json!({"filters": [{"type": "RequestMirror", "requestMirror": {}}]}), "spec.rules[0].filters[0].type: filter RequestMirror is not supported")]
    #[case(json!({"filters": [{"type": "ExtensionRef", "extensionRef": {}}]}), "spec.rules[0].filters[0].type: filter ExtensionRef is not supported")]
    #[case(json!({"filters": [{"type": "CORS"}]}), "spec.rules[0].filters[0].cors: the filter's type asks for this field")]
    #[case(json!({"sessionPersistence": {}}), "spec.rules[0].sessionPersistence: this field is not supported")]
    #[case(json!({"timeouts": {"request": "10"}}), "spec.rules[0].timeouts.request: \"10\" is not a duration such as 10s, 1m30s or 500ms")]
    #[case(json!({"matches": [{"path": {"type": "Odd"}}]}), "spec.rules[0].matches[0].path.type: \"Odd\" is not one of Exact, PathPrefix, RegularExpression")]
    #[case(json!({"matches": [{"path": {"type": "Exact", "value": "/a"}}], "filters": [{"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}]}), "spec.rules[0].filters: ReplacePrefixMatch needs matches of type PathPrefix only")]
    #[case(json!({"backendRefs": [{"name": "web", "port": 80, "filters": [{"type": "URLRewrite"}]}]}), "spec.rules[0].backendRefs[0].filters[0].type: filter URLRewrite of a backend is not supported")]
    #[case(json!({"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "a\nb"}]}}]}), "spec.rules[0].filters[0].requestHeaderModifier.set[0].value: this is not a header's value")]
    fn what_is_not_supported_is_refused_with_its_path(#[case] rule: Value, #[case] expected: &str) {
        let out = compiled(&json!([rule]));
        let told: Vec<_> =
            out.problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
        assert_eq!(told, [expected]);
        assert!(out.rules.is_empty(), "a refused route serves nothing");
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_refused() {
        for pattern in ["(", "(a{1000}){1000}"] {
            let out = compiled(&json!([{"matches": [{"path": {"type": "RegularExpression", "value": pattern}}]}]));
            assert_eq!(out.problems[0].path, "spec.rules[0].matches[0].path.value");
        }
    }

    #[rstest]
    #[case(json!({"name": "web", "port": 80}), "")]
    #[case(json!({"name": "web", "port": 90}), "")]
    #[case(json!({"name": "none", "port": 80}), "BackendNotFound spec.rules[0].backendRefs[0]: Service shop/none does not exist")]
    #[case(json!({"name": "web", "port": 81}), "BackendNotFound spec.rules[0].backendRefs[0]: Service shop/web has no port 81")]
    #[case(json!({"name": "web", "port": 53}), "UnsupportedProtocol spec.rules[0].backendRefs[0]: port 53 of Service shop/web speaks UDP, which is not supported")]
    #[case(json!({"name": "web", "port": 443}), "UnsupportedProtocol spec.rules[0].backendRefs[0]: port 443 of Service shop/web speaks appProtocol https, which is not supported")]
    #[case(json!({"name": "web"}), "InvalidKind spec.rules[0].backendRefs[0]: a reference to Service shop/web needs a port")]
    #[case(json!({"name": "b", "kind": "Bucket", "group": "storage.test"}), "InvalidKind spec.rules[0].backendRefs[0]: kind Bucket of group storage.test is not supported, only Services are")]
    #[case(json!({"name": "web", "namespace": "other", "port": 80}), "")]
    #[case(json!({"name": "web", "namespace": "third", "port": 80}), "RefNotPermitted spec.rules[0].backendRefs[0]: no ReferenceGrant in namespace third lets HTTPRoutes of namespace shop refer to Service web")]
    fn a_bad_reference_is_told_and_leaves_the_route_in_place(#[case] backend: Value, #[case] expected: &str) {
        let out = compiled(&json!([{"backendRefs": [backend]}]));
        let told: Vec<_> = out.bad_references.iter().map(|bad| format!("{} {}", bad.reason, bad.message)).collect();
        assert_eq!(told.join("; "), expected);
        assert_eq!((out.rules.len(), out.problems.len()), (1, 0));
    }

    #[test]
    fn a_rule_without_matches_takes_every_path() {
        let out = compiled(&json!([{}]));
        assert!(
            matches!(&out.rules[0].matches[..], [CompiledMatch { path: PathRule::Prefix(prefix), .. }] if prefix.is_empty())
        );
    }

    #[rstest]
    #[case("10s", Some(10_000))]
    #[case("1m30s", Some(90_000))]
    #[case("500ms", Some(500))]
    #[case("1h1m1s1ms", Some(3_661_001))]
    #[case("0s", Some(0))]
    #[case("10", None)]
    #[case("1d", None)]
    #[case("", None)]
    #[case("-1s", None)]
    #[case("123456s", None)]
    fn durations_are_read_as_gep_2257_says(#[case] text: &str, #[case] milliseconds: Option<u64>) {
        assert_eq!(duration(text), milliseconds.map(Duration::from_millis));
    }
}
