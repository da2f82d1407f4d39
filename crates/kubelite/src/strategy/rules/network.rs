//! NetworkPolicies, Ingresses and EndpointSlices.

use serde_json::Value;

use super::{Report, items, selector, text};
use crate::object::names;

/// A NetworkPolicy.
pub(super) fn policy(object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    selector::check("spec.podSelector", &spec["podSelector"], report);
    for (rules, side) in [("ingress", "from"), ("egress", "to")] {
        for (at, rule) in items(&spec[rules], &format!("spec.{rules}")) {
            for (at, port) in items(&rule["ports"], &format!("{at}.ports")) {
                if !port["port"].is_null() {
                    report.port(&format!("{at}.port"), &port["port"]);
                }
                let (first, last) = (port["port"].as_i64(), port["endPort"].as_i64());
                if let (Some(first), Some(last)) = (first, last)
                    && last < first
                {
                    report.invalid(format!("{at}.endPort"), &last.into(), "must be greater than or equal to `port`");
                }
            }
            for (at, peer) in items(&rule[side], &format!("{at}.{side}")) {
                self::peer(&at, peer, report);
            }
        }
    }
    let kinds = spec["policyTypes"].as_array().map_or(0, Vec::len);
    if kinds > 2 {
        let detail = "may not specify more than two policyTypes";
        report.invalid("spec.policyTypes", &spec["policyTypes"], detail);
        return;
    }
    for (at, kind) in items(&spec["policyTypes"], "spec.policyTypes") {
        if kind == "" {
            report.unsupported(at, kind, &["Egress", "Ingress"]);
        }
    }
}

fn peer(at: &str, peer: &Value, report: &mut Report) {
    for name in ["podSelector", "namespaceSelector"] {
        selector::check(&format!("{at}.{name}"), &peer[name], report);
    }
    let block = &peer["ipBlock"];
    if ["podSelector", "namespaceSelector", "ipBlock"].iter().all(|name| peer[*name].is_null()) {
        report.required(at, "must specify a peer");
    }
    let mut blocks = vec![(format!("{at}.ipBlock.cidr"), &block["cidr"])];
    blocks.extend(items(&block["except"], &format!("{at}.ipBlock.except")));
    for (at, value) in blocks {
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { continue };
        if !is_network(text) {
            report.invalid(at, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        } else if at.contains(".except[")
            && let Some(outer) = block["cidr"].as_str()
            && is_network(outer)
            && !contains(outer, text)
        {
            report.invalid(at, value, "must be a strict subset of `cidr`");
        }
    }
}

fn network(text: &str) -> Option<(std::net::IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: std::net::IpAddr = address.parse().ok()?;
    let length: u32 = length.parse().ok()?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

fn is_network(text: &str) -> bool {
    network(text).is_some()
}

/// Whether one network lies within the other and is smaller.
fn contains(outer: &str, inner: &str) -> bool {
    let bits = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        std::net::IpAddr::V6(address) => u128::from(address),
    };
    let (Some((a, wide)), Some((b, narrow))) = (network(outer), network(inner)) else { return false };
    let mask = if wide == 0 { 0 } else { u128::MAX << (128 - wide) };
    a.is_ipv4() == b.is_ipv4() && wide < narrow && bits(a) & mask == bits(b) & mask
}

/// An Ingress.
pub(super) fn ingress(object: &Value, report: &mut Report) {
    let spec = &object["spec"];
    if spec["rules"].as_array().is_none_or(Vec::is_empty) && spec["defaultBackend"].is_null() {
        report.invalid("spec", &spec["rules"], "either `defaultBackend` or `rules` must be specified");
    }
    if spec["defaultBackend"].is_object() {
        backend("spec.defaultBackend", &spec["defaultBackend"], report);
    }
    for (at, rule) in items(&spec["rules"], "spec.rules") {
        let host = text(rule, "host");
        if !host.is_empty() {
            let plain = host.strip_prefix("*.").unwrap_or(host);
            report.invalid_all(&format!("{at}.host"), host, &names::subdomain(plain));
        }
        for (at, path) in items(&rule["http"]["paths"], &format!("{at}.http.paths")) {
            let given = text(path, "path");
            if matches!(text(path, "pathType"), "Exact" | "Prefix") && !given.starts_with('/') {
                report.invalid(format!("{at}.path"), &given.into(), "must be an absolute path");
            }
            backend(&format!("{at}.backend"), &path["backend"], report);
        }
    }
    for (at, tls) in items(&spec["tls"], "spec.tls") {
        for (at, host) in items(&tls["hosts"], &format!("{at}.hosts")) {
            let host = host.as_str().unwrap_or_default();
            report.invalid_all(&at, host, &names::subdomain(host.strip_prefix("*.").unwrap_or(host)));
        }
        let secret = text(tls, "secretName");
        if !secret.is_empty() {
            report.invalid_all(&format!("{at}.secretName"), secret, &names::subdomain(secret));
        }
    }
    let class = text(spec, "ingressClassName");
    if !class.is_empty() {
        report.invalid_all("spec.ingressClassName", class, &names::subdomain(class));
    }
}

fn backend(at: &str, backend: &Value, report: &mut Report) {
    let (service, resource) = (&backend["service"], &backend["resource"]);
    match (service.is_object(), resource.is_object()) {
        (true, true) => report.invalid(at, &"".into(), "cannot set both resource and service backends"),
        (false, false) => report.invalid(at, &"".into(), "resource or service backend is required"),
        (false, true) => {}
        (true, false) => {
            let name = text(service, "name");
            if !name.is_empty() {
                report.invalid_all(&format!("{at}.service.name"), name, &names::label(name));
            }
            let port = &service["port"];
            let number = port["number"].as_i64().unwrap_or(0);
            let word = text(port, "name");
            if !word.is_empty() && number != 0 {
                report.invalid(at, &"".into(), "cannot set both port name & port number");
            } else if !word.is_empty() {
                report.port(&format!("{at}.service.port.name"), &port["name"]);
            } else if number == 0 {
                report.required(at, "port name or number is required");
            } else {
                report.port_number(format!("{at}.service.port.number"), &port["number"]);
            }
        }
    }
}

/// An EndpointSlice.
pub(super) fn slice(object: &Value, report: &mut Report) {
    let mut seen = Vec::new();
    for (at, port) in items(&object["ports"], "ports") {
        let name = text(port, "name");
        if seen.contains(&name) {
            report.duplicate(format!("{at}.name"), &name.into());
        } else {
            seen.push(name);
        }
        if !name.is_empty() {
            report.invalid_all(&format!("{at}.name"), name, &names::label(name));
        }
    }
    let kind = text(object, "addressType");
    for (at, endpoint) in items(&object["endpoints"], "endpoints") {
        for (at, address) in items(&endpoint["addresses"], &format!("{at}.addresses")) {
            let parsed = address.as_str().and_then(|text| text.parse::<std::net::IpAddr>().ok());
            let fits = match kind {
                "IPv4" => parsed.is_some_and(|address| address.is_ipv4()),
                "IPv6" => parsed.is_some_and(|address| address.is_ipv6()),
                _ => true,
            };
            if !fits {
                report.invalid(at, address, &format!("must be an {kind} address"));
            }
        }
        if let Some(node) = endpoint["nodeName"].as_str() {
            report.invalid_all(&format!("{at}.nodeName"), node, &names::subdomain(node));
        }
    }
}
