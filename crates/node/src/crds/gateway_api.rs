//! Gateway API (`gateway.networking.k8s.io`): the kinds that the gateway serves.

use super::schema::{
    DNS_LABEL, DNS_NAME, at_most, atomic, boolean, conditions, default, int32, keyed, matching, non_empty, object,
    one_of, opaque, root, rule, set, string, text,
};
use super::{Definition, Value, json};

pub(super) const GROUP: &str = "gateway.networking.k8s.io";
/// The release of Gateway API whose contract the schemas follow.
const BUNDLE: &str = "v1.6.1";
pub(super) const CATEGORIES: &[&str] = &["gateway-api"];
pub(super) const AGE: (&str, &str, &str) = ("Age", "date", ".metadata.creationTimestamp");

pub(super) fn definitions() -> Vec<Value> {
    vec![
        gateway_class(),
        gateway(),
        http_route(),
        super::gateway_routes::grpc_route(),
        super::gateway_routes::tls_route(),
        super::gateway_routes::tcp_route(),
        reference_grant(),
    ]
}

pub(super) fn annotations() -> Value {
    json!({
        // API servers take definitions of this group only with the place where it was approved.
        "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api",
        "gateway.networking.k8s.io/bundle-version": BUNDLE,
        "gateway.networking.k8s.io/channel": "standard",
    })
}

fn group() -> Value {
    json!({"type": "string", "maxLength": 253, "pattern": format!("^$|{DNS_NAME}")})
}

fn kind() -> Value {
    matching(1, 63, "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$")
}

fn namespace() -> Value {
    matching(1, 63, DNS_LABEL)
}

fn port() -> Value {
    int32(Some(1), Some(65_535))
}

pub(super) fn hostname() -> Value {
    matching(1, 253, "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
}

fn precise_hostname() -> Value {
    matching(1, 253, DNS_NAME)
}

fn controller_name() -> Value {
    matching(
        1,
        253,
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
    )
}

/// What a status says before any controller has looked.
fn waiting(types: &[&str]) -> Value {
    Value::Array(
        types
            .iter()
            .map(|name| {
                json!({
                    "type": name, "status": "Unknown", "reason": "Pending",
                    "message": "Waiting for controller", "lastTransitionTime": "1970-01-01T00:00:00Z",
                })
            })
            .collect(),
    )
}

fn gateway_class() -> Value {
    let pending = waiting(&["Accepted"]);
    Definition {
        group: GROUP,
        kind: "GatewayClass",
        plural: "gatewayclasses",
        short_names: &["gc"],
        categories: CATEGORIES,
        namespaced: false,
        versions: &["v1", "v1beta1"],
        columns: &[
            ("Controller", "string", ".spec.controllerName"),
            ("Accepted", "string", ".status.conditions[?(@.type==\"Accepted\")].status"),
            AGE,
            ("Description", "string", ".spec.description"),
        ],
        annotations: annotations(),
        status: true,
        schema: root(
            &["spec"],
            object(
                &["controllerName"],
                [
                    ("controllerName", rule(controller_name(), "self == oldSelf", "Value is immutable")),
                    ("description", at_most(64)),
                    (
                        "parametersRef",
                        object(
                            &["group", "kind", "name"],
                            [("group", group()), ("kind", kind()), ("name", text(1, 253)), ("namespace", namespace())],
                        ),
                    ),
                ],
            ),
            Some(default(
                object(
                    &[],
                    [
                        ("conditions", default(conditions(8), pending.clone())),
                        ("supportedFeatures", keyed("name", 64, object(&["name"], [("name", string())]))),
                    ],
                ),
                json!({"conditions": pending}),
            )),
        ),
    }
    .build()
}

fn selector() -> Value {
    let mut selector = object(
        &[],
        [
            (
                "matchExpressions",
                json!({
                    "type": "array", "x-kubernetes-list-type": "atomic",
                    "items": object(&["key", "operator"], [
                        ("key", string()),
                        ("operator", string()),
                        ("values", json!({"type": "array", "x-kubernetes-list-type": "atomic", "items": string()})),
                    ]),
                }),
            ),
            ("matchLabels", super::schema::map(string())),
        ],
    );
    selector["x-kubernetes-map-type"] = json!("atomic");
    selector
}

fn route_kind() -> Value {
    object(&["kind"], [("group", default(group(), json!(GROUP))), ("kind", kind())])
}

fn listener() -> Value {
    object(
        &["name", "port", "protocol"],
        [
            (
                "allowedRoutes",
                default(
                    object(
                        &[],
                        [
                            ("kinds", atomic(8, route_kind())),
                            (
                                "namespaces",
                                default(
                                    object(
                                        &[],
                                        [
                                            ("from", default(one_of(&["All", "Selector", "Same"]), json!("Same"))),
                                            ("selector", selector()),
                                        ],
                                    ),
                                    json!({"from": "Same"}),
                                ),
                            ),
                        ],
                    ),
                    json!({"namespaces": {"from": "Same"}}),
                ),
            ),
            ("hostname", hostname()),
            ("name", matching(1, 253, DNS_NAME)),
            ("port", port()),
            (
                "protocol",
                matching(
                    1,
                    255,
                    "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$",
                ),
            ),
            ("tls", listener_tls()),
        ],
    )
}

fn listener_tls() -> Value {
    let reference = object(
        &["name"],
        [
            ("group", default(group(), json!(""))),
            ("kind", default(kind(), json!("Secret"))),
            ("name", text(1, 253)),
            ("namespace", namespace()),
        ],
    );
    let mut options = super::schema::map(at_most(4096));
    options["maxProperties"] = json!(16);
    options["additionalProperties"]["minLength"] = json!(0);
    rule(
        object(
            &[],
            [
                ("certificateRefs", atomic(64, reference)),
                ("mode", default(one_of(&["Passthrough", "Terminate"]), json!("Terminate"))),
                ("options", options),
            ],
        ),
        "self.mode != 'Terminate' || size(self.certificateRefs) > 0 || size(self.options) > 0",
        "certificateRefs or options must be specified when mode is Terminate",
    )
}

fn address(required: &[&str], value: Value) -> Value {
    let pattern = "^Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$";
    object(required, [("type", default(matching(1, 253, pattern), json!("IPAddress"))), ("value", value)])
}

fn gateway() -> Value {
    let pending = waiting(&["Accepted", "Programmed"]);
    Definition {
        group: GROUP,
        kind: "Gateway",
        plural: "gateways",
        short_names: &["gtw"],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1", "v1beta1"],
        columns: &[
            ("Class", "string", ".spec.gatewayClassName"),
            ("Address", "string", ".status.addresses[*].value"),
            ("Programmed", "string", ".status.conditions[?(@.type==\"Programmed\")].status"),
            AGE,
        ],
        annotations: annotations(),
        status: true,
        schema: root(
            &["spec"],
            object(
                &["gatewayClassName", "listeners"],
                [
                    ("addresses", atomic(16, address(&[], at_most(253)))),
                    ("allowedListeners", opaque()),
                    ("gatewayClassName", text(1, 253)),
                    ("infrastructure", opaque()),
                    (
                        "listeners",
                        rule(
                            non_empty(keyed("name", 64, listener())),
                            "self.all(one, self.exists_one(other, one.name == other.name))",
                            "Listener name must be unique within the Gateway",
                        ),
                    ),
                    ("tls", opaque()),
                ],
            ),
            Some(default(
                object(
                    &[],
                    [
                        ("addresses", atomic(16, address(&["value"], text(1, 253)))),
                        ("attachedListenerSets", int32(None, None)),
                        ("conditions", default(conditions(8), pending.clone())),
                        (
                            "listeners",
                            keyed(
                                "name",
                                64,
                                object(
                                    &["attachedRoutes", "conditions", "name"],
                                    [
                                        ("attachedRoutes", int32(None, None)),
                                        ("conditions", conditions(8)),
                                        ("name", matching(1, 253, DNS_NAME)),
                                        ("supportedKinds", atomic(8, route_kind())),
                                    ],
                                ),
                            ),
                        ),
                    ],
                ),
                json!({"conditions": pending}),
            )),
        ),
    }
    .build()
}

pub(super) fn parent_ref() -> Value {
    object(
        &["name"],
        [
            ("group", default(group(), json!(GROUP))),
            ("kind", default(kind(), json!("Gateway"))),
            ("name", text(1, 253)),
            ("namespace", namespace()),
            ("port", port()),
            ("sectionName", matching(1, 253, DNS_NAME)),
        ],
    )
}

const TOKEN: &str = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

fn token() -> Value {
    matching(1, 256, TOKEN)
}

pub(super) fn header_changes() -> Value {
    let headers = || keyed("name", 16, object(&["name", "value"], [("name", token()), ("value", text(1, 4096))]));
    object(&[], [("add", headers()), ("remove", set(16, string())), ("set", headers())])
}

fn path_change() -> Value {
    let path = object(
        &["type"],
        [
            ("replaceFullPath", at_most(1024)),
            ("replacePrefixMatch", at_most(1024)),
            ("type", one_of(&["ReplaceFullPath", "ReplacePrefixMatch"])),
        ],
    );
    let path = rule(
        path,
        "self.type != 'ReplaceFullPath' || has(self.replaceFullPath)",
        "replaceFullPath must be specified when type is set to 'ReplaceFullPath'",
    );
    rule(
        path,
        "self.type != 'ReplacePrefixMatch' || has(self.replacePrefixMatch)",
        "replacePrefixMatch must be specified when type is set to 'ReplacePrefixMatch'",
    )
}

fn cors() -> Value {
    let origin = "(^\\*$)|(^(http(s)?):\\/\\/(((\\*\\.)?([a-zA-Z0-9\\-]+\\.)*[a-zA-Z0-9-]+|\\*)(:([0-9]{1,5}))?)$)";
    let methods: Vec<&str> = METHODS.iter().copied().chain(["*"]).collect();
    object(
        &[],
        [
            ("allowCredentials", boolean()),
            ("allowHeaders", set(64, token())),
            ("allowMethods", set(9, one_of(&methods))),
            ("allowOrigins", set(64, matching(1, 253, origin))),
            ("exposeHeaders", set(64, token())),
            ("maxAge", default(int32(Some(1), None), json!(5))),
        ],
    )
}

pub(super) fn object_reference() -> Value {
    object(
        &["name"],
        [
            ("group", default(group(), json!(""))),
            ("kind", default(kind(), json!("Service"))),
            ("name", text(1, 253)),
            ("namespace", namespace()),
            ("port", port()),
        ],
    )
}

/// Filters of a rule: the types, each with its field.
pub(super) fn filter(http: bool) -> Value {
    let fields = [
        ("RequestHeaderModifier", "requestHeaderModifier", header_changes()),
        ("ResponseHeaderModifier", "responseHeaderModifier", header_changes()),
        (
            "RequestMirror",
            "requestMirror",
            object(
                &["backendRef"],
                [
                    ("backendRef", object_reference()),
                    (
                        "fraction",
                        object(
                            &["numerator"],
                            [
                                ("denominator", default(int32(Some(1), None), json!(100))),
                                ("numerator", int32(Some(0), None)),
                            ],
                        ),
                    ),
                    ("percent", int32(Some(0), Some(100))),
                ],
            ),
        ),
        (
            "RequestRedirect",
            "requestRedirect",
            object(
                &[],
                [
                    ("hostname", precise_hostname()),
                    ("path", path_change()),
                    ("port", port()),
                    ("scheme", one_of(&["http", "https"])),
                    ("statusCode", json!({"type": "integer", "default": 302, "enum": [301, 302, 303, 307, 308]})),
                ],
            ),
        ),
        ("URLRewrite", "urlRewrite", object(&[], [("hostname", precise_hostname()), ("path", path_change())])),
        (
            "ExtensionRef",
            "extensionRef",
            object(&["group", "kind", "name"], [("group", group()), ("kind", kind()), ("name", text(1, 253))]),
        ),
        ("CORS", "cors", cors()),
    ];
    let only_http = ["RequestRedirect", "URLRewrite", "CORS"];
    let fields: Vec<_> = fields.into_iter().filter(|(name, _, _)| http || !only_http.contains(name)).collect();
    let types: Vec<&str> = fields.iter().map(|(name, _, _)| *name).collect();
    let mut schema = object(&["type"], [("type", one_of(&types))]);
    for (name, field, value) in fields {
        schema["properties"][field] = value;
        schema = rule(
            schema,
            &format!("(self.type == '{name}') == has(self.{field})"),
            &format!("filter.{field} must be set if and only if filter.type is {name}"),
        );
    }
    schema
}

fn filters() -> Value {
    atomic(16, filter(true))
}

pub(super) fn value_match(longest: u32) -> Value {
    object(
        &["name", "value"],
        [
            ("name", token()),
            ("type", default(one_of(&["Exact", "RegularExpression"]), json!("Exact"))),
            ("value", text(1, longest)),
        ],
    )
}

fn any_path() -> Value {
    json!({"type": "PathPrefix", "value": "/"})
}

fn request_match() -> Value {
    let path = object(
        &[],
        [
            ("type", default(one_of(&["Exact", "PathPrefix", "RegularExpression"]), json!("PathPrefix"))),
            ("value", default(at_most(1024), json!("/"))),
        ],
    );
    let path = rule(
        path,
        "self.type == 'RegularExpression' || self.value.startsWith('/')",
        "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
    );
    object(
        &[],
        [
            ("headers", keyed("name", 16, value_match(4096))),
            ("method", one_of(METHODS)),
            ("path", default(path, any_path())),
            ("queryParams", keyed("name", 16, value_match(1024))),
        ],
    )
}

fn duration() -> Value {
    json!({"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"})
}

fn http_rule() -> Value {
    let mut backend = object_reference();
    backend["properties"]["filters"] = filters();
    backend["properties"]["weight"] = default(int32(Some(0), Some(1_000_000)), json!(1));
    let schema = object(
        &[],
        [
            ("backendRefs", atomic(16, backend)),
            ("filters", filters()),
            ("matches", default(atomic(64, request_match()), json!([{"path": any_path()}]))),
            ("name", matching(1, 253, DNS_NAME)),
            // Not in the standard channel: as the experimental one has it.
            ("retry", retry()),
            ("timeouts", object(&[], [("backendRequest", duration()), ("request", duration())])),
        ],
    );
    rule(
        schema,
        "!(has(self.backendRefs) && size(self.backendRefs) > 0 && has(self.filters) && self.filters.exists(f, f.type == 'RequestRedirect'))",
        "RequestRedirect filter must not be used together with backendRefs",
    )
}

fn retry() -> Value {
    object(
        &[],
        [
            ("attempts", json!({"type": "integer", "minimum": 0})),
            ("backoff", duration()),
            ("codes", atomic(32, json!({"type": "integer", "minimum": 400, "maximum": 599}))),
        ],
    )
}

pub(super) fn route_status() -> Value {
    object(
        &["parents"],
        [(
            "parents",
            atomic(
                32,
                object(
                    &["conditions", "controllerName", "parentRef"],
                    [
                        ("conditions", non_empty(conditions(8))),
                        ("controllerName", controller_name()),
                        ("parentRef", parent_ref()),
                    ],
                ),
            ),
        )],
    )
}

fn http_route() -> Value {
    Definition {
        group: GROUP,
        kind: "HTTPRoute",
        plural: "httproutes",
        short_names: &[],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1", "v1beta1"],
        columns: &[("Hostnames", "string", ".spec.hostnames"), AGE],
        annotations: annotations(),
        status: true,
        schema: root(
            &["spec"],
            object(
                &[],
                [
                    ("hostnames", atomic(16, hostname())),
                    ("parentRefs", atomic(32, parent_ref())),
                    (
                        "rules",
                        default(non_empty(atomic(16, http_rule())), json!([{"matches": [{"path": any_path()}]}])),
                    ),
                ],
            ),
            Some(route_status()),
        ),
    }
    .build()
}

fn reference_grant() -> Value {
    let from =
        object(&["group", "kind", "namespace"], [("group", group()), ("kind", kind()), ("namespace", namespace())]);
    let to = object(&["group", "kind"], [("group", group()), ("kind", kind()), ("name", text(1, 253))]);
    Definition {
        group: GROUP,
        kind: "ReferenceGrant",
        plural: "referencegrants",
        short_names: &["refgrant"],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1beta1", "v1"],
        columns: &[AGE],
        annotations: annotations(),
        status: false,
        schema: root(
            &["spec"],
            object(&["from", "to"], [("from", non_empty(atomic(16, from))), ("to", non_empty(atomic(16, to)))]),
            None,
        ),
    }
    .build()
}
