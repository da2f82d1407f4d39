//! Gateway API: routes of gRPC, TLS and TCP.

use super::gateway_api::{
    AGE, CATEGORIES, GROUP, annotations, filter, hostname, object_reference, parent_ref, route_status, value_match,
};
use super::schema::{
    DNS_NAME, at_most, atomic, default, int32, keyed, matching, non_empty, object, one_of, root, rule,
};
use super::{Definition, Value, json};

fn backend() -> Value {
    let mut backend = object_reference();
    backend["properties"]["weight"] = default(int32(Some(0), Some(1_000_000)), json!(1));
    backend
}

fn rule_name() -> Value {
    matching(1, 253, DNS_NAME)
}

pub(super) fn grpc_route() -> Value {
    let method = object(
        &[],
        [
            ("method", at_most(1024)),
            ("service", at_most(1024)),
            ("type", default(one_of(&["Exact", "RegularExpression"]), json!("Exact"))),
        ],
    );
    let method =
        rule(method, "has(self.service) || has(self.method)", "One or both of 'service' or 'method' must be specified");
    let found = object(&[], [("headers", keyed("name", 16, value_match(4096))), ("method", method)]);
    let mut backend = backend();
    backend["properties"]["filters"] = atomic(16, filter(false));
    let rules = object(
        &[],
        [
            ("backendRefs", atomic(16, backend)),
            ("filters", atomic(16, filter(false))),
            ("matches", atomic(64, found)),
            ("name", rule_name()),
        ],
    );
    Definition {
        group: GROUP,
        kind: "GRPCRoute",
        plural: "grpcroutes",
        short_names: &[],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1"],
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
                    ("rules", atomic(16, rules)),
                ],
            ),
            Some(route_status()),
        ),
    }
    .build()
}

fn stream_rules() -> Value {
    let rules = object(&["backendRefs"], [("backendRefs", non_empty(atomic(16, backend()))), ("name", rule_name())]);
    non_empty(atomic(1, rules))
}

pub(super) fn tls_route() -> Value {
    Definition {
        group: GROUP,
        kind: "TLSRoute",
        plural: "tlsroutes",
        short_names: &[],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1"],
        columns: &[AGE],
        annotations: annotations(),
        status: true,
        schema: root(
            &["spec"],
            object(
                &["hostnames", "rules"],
                [
                    ("hostnames", non_empty(atomic(1024, hostname()))),
                    ("parentRefs", atomic(32, parent_ref())),
                    ("rules", stream_rules()),
                ],
            ),
            Some(route_status()),
        ),
    }
    .build()
}

pub(super) fn tcp_route() -> Value {
    Definition {
        group: GROUP,
        kind: "TCPRoute",
        plural: "tcproutes",
        short_names: &[],
        categories: CATEGORIES,
        namespaced: true,
        versions: &["v1"],
        columns: &[AGE],
        annotations: annotations(),
        status: true,
        schema: root(
            &["spec"],
            object(&["rules"], [("parentRefs", atomic(32, parent_ref())), ("rules", stream_rules())]),
            Some(route_status()),
        ),
    }
    .build()
}
