//! What a route becomes: problems by path, references by reason.

use rstest::rstest;
use serde_json::{Value, json};

use super::super::objects::{GROUP, GrpcRoute, HttpRoute, TcpRoute};
use super::super::rules::{CompiledMatch, PathRule, Speaks, Target};
use super::*;
use crate::network::services::Protocol;

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

    fn granted(&self, from: Referrer<'_>, service: &ObjectKey) -> bool {
        let grant = json!({
            "from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": "shop"}],
            "to": [{"group": "", "kind": "Service", "name": "web"}],
        });
        service.namespace == "other"
            && grants(&serde_json::from_value(grant).expect("a grant"), from, "Service", &service.name)
    }
}

fn compiled(rules: &Value) -> Compiled {
    let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"rules": rules}});
    compile(&serde_json::from_value::<HttpRoute>(route).expect("an HTTPRoute").into(), &Fixed)
}

fn compiled_calls(rules: &Value) -> Compiled {
    let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"rules": rules}});
    compile(&serde_json::from_value::<GrpcRoute>(route).expect("a GRPCRoute").into(), &Fixed)
}

#[rstest]
#[case(json!({"filters": [{"type": "RequestMirror"}]}), "spec.rules[0].filters[0].requestMirror: the filter's type asks for this field")]
#[case(json!({"filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "web", "port": 80}, "fraction": {"numerator": 3, "denominator": 2}}}]}), "spec.rules[0].filters[0].requestMirror: a share is at least nothing and at most everything")]
#[case(json!({"timeouts": {"request": "1s", "backendRequest": "2s"}}), "spec.rules[0].timeouts.backendRequest: this is longer than timeouts.request")]
#[case(json!({"retry": {"codes": [503, 200]}}), "spec.rules[0].retry.codes[1]: 200 is not the status of an error")]
#[case(json!({"retry": {"attempts": 100}}), "spec.rules[0].retry.attempts: more than 10 attempts are not made")]
#[case(json!({"retry": {"backoff": "soon"}}), "spec.rules[0].retry.backoff: \"soon\" is not a duration such as 10s, 1m30s or 500ms")]
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
    let told: Vec<_> = out.problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
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
#[case(json!({"name": "web", "port": 53}), "UnsupportedProtocol spec.rules[0].backendRefs[0]: port 53 of Service shop/web speaks UDP, not TCP")]
#[case(json!({"name": "web", "port": 443}), "UnsupportedProtocol spec.rules[0].backendRefs[0]: port 443 of Service shop/web has appProtocol https, which is not supported")]
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
#[case(json!({}), "Prefix(\"\")")]
#[case(json!({"matches": [{"method": {"service": "shop.Cart", "method": "Add"}}]}), "Exact(\"/shop.Cart/Add\")")]
#[case(json!({"matches": [{"method": {"service": "shop.Cart"}}]}), "Prefix(\"/shop.Cart\")")]
#[case(json!({"matches": [{"method": {"method": "Add"}}]}), "Method(\"Add\")")]
#[case(json!({"matches": [{"method": {"type": "RegularExpression", "service": "shop\\..+"}}]}), "Regex(Regex(\"^/(?:shop\\\\..+)/(?:[^/]+)$\"))")]
fn a_method_of_grpc_is_a_path(#[case] rule: Value, #[case] expected: &str) {
    let out = compiled_calls(&json!([rule]));
    assert_eq!(out.problems, []);
    assert_eq!(format!("{:?}", out.rules[0].matches[0].path), expected);
}

#[rstest]
#[case(json!({"filters": [{"type": "URLRewrite", "urlRewrite": {}}]}), "spec.rules[0].filters[0].type: filter URLRewrite is not for a GRPCRoute")]
#[case(json!({"sessionPersistence": {}}), "spec.rules[0].sessionPersistence: this field is not supported")]
#[case(json!({"matches": [{"method": {}}]}), "spec.rules[0].matches[0].method: service or method must be given")]
fn what_a_grpc_route_cannot_have_is_refused_with_its_path(#[case] rule: Value, #[case] expected: &str) {
    let out = compiled_calls(&json!([rule]));
    let told: Vec<_> = out.problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    assert_eq!(told, [expected]);
}

#[test]
fn calls_are_http_2_whatever_the_port_says() {
    for port in [80, 90] {
        let out = compiled_calls(&json!([{"backendRefs": [{"name": "web", "port": port}]}]));
        let backend = out.rules[0].backends.next().expect("a backend");
        assert!(matches!(backend.target, Target::Pods { speaks: Speaks::Http2, .. }), "{:?}", backend.target);
    }
}

#[test]
fn a_tcp_route_leads_to_its_backends() {
    let rules = json!([{"backendRefs": [{"name": "web", "port": 443}, {"name": "none", "port": 1}]}]);
    let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"rules": rules}});
    let out = compile(&serde_json::from_value::<TcpRoute>(route).expect("a TCPRoute").into(), &Fixed);
    assert!(out.stream.is_some() && out.rules.is_empty() && out.problems.is_empty());
    assert_eq!(out.bad_references[0].reason, "BackendNotFound");
}

#[rstest]
#[case("10.0.0.1", "spec.hostnames[0]: \"10.0.0.1\" is an address, not a host name")]
#[case("a.*.test", "spec.hostnames[0]: \"a.*.test\" is not a host name")]
fn a_host_name_that_is_none_is_refused(#[case] name: &str, #[case] expected: &str) {
    let route = json!({"metadata": {"namespace": "shop", "name": "r"}, "spec": {"hostnames": [name]}});
    let out = compile(&serde_json::from_value::<HttpRoute>(route).expect("an HTTPRoute").into(), &Fixed);
    assert_eq!(format!("{}: {}", out.problems[0].path, out.problems[0].message), expected);
}
