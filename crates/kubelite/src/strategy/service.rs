//! What a Service gets when it is made and keeps while it changes: its virtual address, and ports on every node.

use serde_json::{Map, Value, json};

use super::{cause, lease::Lease, node_ports};
use crate::{core::Core, kinds::Kind, object::meta, status::ApiError};

/// Gives a new Service its address and its ports.
pub(super) fn make(core: &Core, kind: &Kind, object: &mut Value) -> Result<Lease, ApiError> {
    let mut lease = address(core, kind, object)?;
    lease.join(ports(core, kind, object, &[])?);
    Ok(lease)
}

/// What a changed Service keeps, takes and leaves.
pub(super) fn change(core: &Core, kind: &Kind, old: &Value, new: &mut Value) -> Result<Lease, ApiError> {
    if !new["spec"].is_object() {
        return Ok(Lease::none());
    }
    keep(old, new);
    drop_unused(old, new);
    let mut lease = Lease::none();
    if external(old) && !external(new) {
        lease.join(address(core, kind, new)?);
    } else if external(new) && !external(old) {
        core.addresses.leave(old["spec"]["clusterIP"].as_str().unwrap_or_default(), &mut lease);
    }
    let had: Vec<u32> = node_ports::of(old).collect();
    lease.join(ports(core, kind, new, &had)?);
    let has: Vec<u32> = node_ports::of(new).collect();
    had.iter().filter(|port| !has.contains(port)).for_each(|port| core.node_ports.leave(*port, &mut lease));
    Ok(lease)
}

fn external(object: &Value) -> bool {
    object["spec"]["type"] == "ExternalName"
}

/// Whether every port is to be reached on the nodes.
fn on_nodes(object: &Value) -> bool {
    let spec = &object["spec"];
    spec["type"] == "NodePort" || (spec["type"] == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] != false)
}

/// Whether nodes tell a load balancer which of them have pods.
fn health_checked(object: &Value) -> bool {
    object["spec"]["type"] == "LoadBalancer" && object["spec"]["externalTrafficPolicy"] == "Local"
}

/// A client that sends the object without what was given to it means to keep that.
fn keep(old: &Value, new: &mut Value) {
    let (was, checked) = (&old["spec"], health_checked(old) && health_checked(new));
    let mut keys: Vec<&str> = Vec::new();
    if !external(old) && !external(new) {
        keys.extend(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]);
    }
    if checked {
        keys.push("healthCheckNodePort");
    }
    for key in keys {
        let absent = new["spec"].get(key).is_none_or(|value| value.is_null() || value == "" || value == 0);
        if absent && !was[key].is_null() {
            new["spec"][key] = was[key].clone();
        }
    }
    if on_nodes(old) && on_nodes(new) {
        let used: Vec<u32> = node_ports::of(new).collect();
        let known: Vec<(Value, Value)> = was["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|port| (port["name"].clone(), port["nodePort"].clone()))
            .collect();
        for port in new["spec"]["ports"].as_array_mut().into_iter().flatten().filter(|port| unset(&port["nodePort"])) {
            let old = known.iter().find(|(name, _)| *name == port["name"]).map(|(_, old)| old);
            let free = |old: &&Value| old.as_u64().is_some_and(|old| !used.iter().any(|used| u64::from(*used) == old));
            if let Some(old) = old.filter(free) {
                port["nodePort"] = old.clone();
            }
        }
    }
}

fn unset(port: &Value) -> bool {
    port.is_null() || port == 0
}

/// What the new type has no use for goes, unless the client said something else of it.
fn drop_unused(old: &Value, new: &mut Value) {
    let was = &old["spec"];
    let same = |new: &Value, key: &str| new["spec"][key] == was[key];
    let reachable = |object: &Value| matches!(object["spec"]["type"].as_str(), Some("NodePort" | "LoadBalancer"));
    let balanced = |object: &Value| object["spec"]["type"] == "LoadBalancer";
    let mut gone: Vec<&str> = Vec::new();
    if !external(old) && external(new) {
        if same(new, "clusterIP") && same(new, "clusterIPs") {
            gone.extend(["clusterIP", "clusterIPs"]);
        }
        gone.extend(["ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"].into_iter().filter(|key| same(new, key)));
    }
    if on_nodes(old) && !on_nodes(new) && node_ports::of(old).eq(node_ports::of(new)) {
        for port in new["spec"]["ports"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            port.remove("nodePort");
        }
    }
    if health_checked(old) && !health_checked(new) && same(new, "healthCheckNodePort") {
        gone.push("healthCheckNodePort");
    }
    if balanced(old) && !balanced(new) {
        gone.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"].into_iter().filter(|key| same(new, key)));
    }
    if reachable(old) && !reachable(new) && same(new, "externalTrafficPolicy") {
        gone.push("externalTrafficPolicy");
    }
    if let Some(spec) = new["spec"].as_object_mut() {
        spec.retain(|key, _| !gone.contains(&key.as_str()));
    }
}

/// Takes ports of the nodes for what has none, and those that are asked for beyond those that the Service had.
fn ports(core: &Core, kind: &Kind, object: &mut Value, had: &[u32]) -> Result<Lease, ApiError> {
    let mut lease = Lease::none();
    if !matches!(object["spec"]["type"].as_str(), Some("NodePort" | "LoadBalancer")) {
        return Ok(lease);
    }
    let name = meta::text(object, "name").to_owned();
    let (all, checked) = (on_nodes(object), health_checked(object));
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(lease) };
    let mut mine = had.to_vec();
    let mut numbers: Vec<(Value, u32)> = Vec::new();
    let mut take = |map: &mut Map<String, Value>, key: &str, at: String| -> Result<(), ApiError> {
        let given = map.get(key).and_then(Value::as_u64).unwrap_or(0);
        // A port for TCP and UDP alike is one port of the node.
        let twin =
            map.get("port").and_then(|port| numbers.iter().find(|(known, _)| known == port)).map(|(_, node)| *node);
        let number = match (u32::try_from(given).unwrap_or(u32::MAX), twin) {
            (0, Some(node)) => node,
            (0, None) => {
                let (taken, number) = core
                    .node_ports
                    .next()
                    .map_err(|problem| ApiError::internal(format!("failed to allocate a nodePort: {problem}")))?;
                lease.join(taken);
                number
            }
            (given, _) if mine.contains(&given) => given,
            (given, _) => {
                let taken = core.node_ports.take(given).map_err(|problem| {
                    let message = format!("Invalid value: {given}: {problem}");
                    ApiError::invalid(kind, &name, vec![cause("FieldValueInvalid", at, message)])
                })?;
                lease.join(taken);
                given
            }
        };
        mine.push(number);
        if let Some(port) = map.get("port") {
            numbers.push((port.clone(), number));
        }
        map.insert(key.to_owned(), number.into());
        Ok(())
    };
    let listed = spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten();
    for (index, port) in listed.filter_map(Value::as_object_mut).enumerate() {
        if all || !port.get("nodePort").is_none_or(unset) {
            take(port, "nodePort", format!("spec.ports[{index}].nodePort"))?;
        }
    }
    if checked {
        take(spec, "healthCheckNodePort", "spec.healthCheckNodePort".into())?;
    }
    Ok(lease)
}

/// Gives a Service its virtual address.
fn address(core: &Core, kind: &Kind, object: &mut Value) -> Result<Lease, ApiError> {
    let name = meta::text(object, "name").to_owned();
    let Some(spec) = object.get_mut("spec").filter(|spec| spec.is_object()) else { return Ok(Lease::none()) };
    if spec["type"] == "ExternalName" {
        return Ok(Lease::none());
    }
    for (key, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
        if spec[key].is_null() {
            spec[key] = value;
        }
    }
    let given = spec["clusterIP"].as_str().unwrap_or_default().to_owned();
    let (lease, address) = match given.as_str() {
        "None" => (Lease::none(), given),
        "" => core.addresses.next().map_err(ApiError::internal)?,
        _ => match core.addresses.take(&given) {
            Ok(lease) => (lease, given),
            Err(problem) => {
                let (field, shown) = if given.parse::<std::net::IpAddr>().is_ok() {
                    ("spec.clusterIPs", json!([given]))
                } else {
                    ("spec.clusterIPs[0]", json!(given))
                };
                let message = format!("Invalid value: {shown}: {problem}");
                return Err(ApiError::invalid(kind, &name, vec![cause("FieldValueInvalid", field, message)]));
            }
        },
    };
    spec["clusterIP"] = address.as_str().into();
    spec["clusterIPs"] = json!([address]);
    Ok(lease)
}
