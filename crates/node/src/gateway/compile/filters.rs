//! Filters of rules and backends.

use http::StatusCode;
use http::header::HeaderValue;

use super::{Compiler, References};
use crate::gateway::cors::Cors;
use crate::gateway::objects::{Filter, HeaderModifier, Kind, PathModifier};
use crate::gateway::rewrite::{HeaderChange, PathChange, Redirect};
use crate::gateway::rules::Mirror;

/// The filters of a rule or a backend.
#[derive(Default)]
pub(super) struct Filters {
    pub(super) request_headers: Vec<HeaderChange>,
    pub(super) response_headers: Vec<HeaderChange>,
    pub(super) path: Option<PathChange>,
    pub(super) hostname: Option<String>,
    pub(super) redirect: Option<Redirect>,
    pub(super) cors: Option<Cors>,
    pub(super) mirrors: Vec<Mirror>,
}

impl<R: References> Compiler<'_, R> {
    pub(super) fn filters(&mut self, at: &str, filters: &[Filter], of_rule: bool) -> Filters {
        let mut out = Filters::default();
        for (number, filter) in filters.iter().enumerate() {
            let at = format!("{at}.filters[{number}]");
            let only_http = matches!(filter.kind.as_str(), "URLRewrite" | "RequestRedirect" | "CORS");
            if only_http && self.key.kind != Kind::Http {
                let kind = self.key.kind.as_str();
                self.problem(format!("{at}.type"), format!("filter {} is not for a {kind}", filter.kind));
                continue;
            }
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
                ("RequestMirror", true) => out.mirrors.extend(self.mirror(&at, filter)),
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

    /// The target of a mirror; none where the reference is not good, which is told with the other references.
    fn mirror(&mut self, at: &str, filter: &Filter) -> Option<Mirror> {
        let Some(mirror) = &filter.request_mirror else {
            self.missing(at, "requestMirror");
            return None;
        };
        let at = format!("{at}.requestMirror");
        let share = match (mirror.percent, &mirror.fraction) {
            (Some(_), Some(_)) => {
                self.problem(at, "percent and fraction exclude each other");
                return None;
            }
            (Some(percent), None) => (percent, 100),
            (None, Some(fraction)) => (fraction.numerator, fraction.denominator),
            (None, None) => (1, 1),
        };
        if share.1 == 0 || share.0 > share.1 {
            self.problem(at, "a share is at least nothing and at most everything");
            return None;
        }
        match self.target(&format!("{at}.backendRef"), &mirror.backend_ref) {
            Ok(target) => Some(Mirror::new(target, share)),
            Err(bad) => {
                self.out.bad_references.push(bad);
                None
            }
        }
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
}
