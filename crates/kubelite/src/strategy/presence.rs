//! What schemas of Kubernetes' own kinds say of presence and of words to choose from, read as its validators do: an empty text
//! or list is an absent one, and a number that is absent is zero.

use serde_json::Value;

use super::cause;
use crate::{kinds::Kind, status::Cause};
use schema::{Kind as Type, Node, Schema};

/// Required fields that may well be empty, by the end of their path.
const MAY_BE_EMPTY: &[&str] = &[".httpHeaders[].value"];

/// Kind and field whose words the rules of the kind check.
const OWN_WORDS: &[(&str, &str)] =
    &[("DaemonSet", "spec.updateStrategy.type"), ("StatefulSet", "spec.updateStrategy.type")];

/// Kind, end of a path, and the reason that is given instead; empty: the rules of the kind say it.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("RoleBinding", "subjects[].kind", ""),
    ("ClusterRoleBinding", "subjects[].kind", ""),
    ("RoleBinding", "roleRef.kind", ""),
    ("ClusterRoleBinding", "roleRef.kind", ""),
    ("RoleBinding", "roleRef.apiGroup", ""),
    ("ClusterRoleBinding", "roleRef.apiGroup", ""),
    ("NetworkPolicy", ".ipBlock.cidr", "FieldValueRequired"),
    ("Event", "", ""),
    ("StatefulSet", "spec.serviceName", ""),
    ("Ingress", ".pathType", "FieldValueRequired"),
    ("Deployment", ".matchExpressions[].operator", ""),
    ("Deployment", ".matchExpressions[].key", ""),
    ("HorizontalPodAutoscaler", ".policies[].type", ""),
    ("HorizontalPodAutoscaler", ".metrics[].type", ""),
    ("HorizontalPodAutoscaler", ".target.type", ""),
    ("DaemonSet", "spec.selector", ""),
    ("", ".matchExpressions[].operator", ""),
    ("", ".matchExpressions[].key", ""),
    ("StatefulSet", "volumeClaimTemplates[].spec", ""),
    ("", ".volumes[].name", ""),
    ("", ".claimName", ""),
    ("", ".items[].path", ""),
    ("", ".exec.command", ""),
    ("", ".tcpSocket.port", ""),
    ("", ".httpGet.port", ""),
    ("PersistentVolumeClaim", "", ""),
    ("Service", "", ""),
    ("Lease", "", ""),
    ("EndpointSlice", ".addresses", "FieldValueRequired"),
];

/// Field errors.
pub(super) fn check(kind: &Kind, schema: &Schema, object: &Value, causes: &mut Vec<Cause>) {
    let mut walk = Walk { kind, causes };
    walk.fields(schema.root(), object, "", "");
}

struct Walk<'a> {
    kind: &'a Kind,
    causes: &'a mut Vec<Cause>,
}

impl Walk<'_> {
    /// `at` is the path with positions, `like` the path without.
    fn fields(&mut self, node: Node<'_>, value: &Value, at: &str, like: &str) {
        match value {
            Value::Object(map) => {
                for (name, inner) in node.properties() {
                    if at.is_empty() && matches!(name, "apiVersion" | "kind" | "metadata" | "status") {
                        continue;
                    }
                    let join = |path: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let (at, like) = (join(at), join(like));
                    let found = map.get(name).unwrap_or(&Value::Null);
                    if is_empty(found) {
                        if node.is_required(name) {
                            self.absent(inner, &at, &like);
                        }
                        continue;
                    }
                    self.word(inner, found, &at);
                    self.fields(inner, found, &at, &like);
                }
                if node.properties().next().is_none()
                    && let Some(inner) = node.additional_properties()
                {
                    for (name, value) in map {
                        self.fields(inner, value, &format!("{at}[{name}]"), &format!("{like}[]"));
                    }
                }
            }
            Value::Array(items) => {
                let Some(inner) = node.items() else { return };
                for (index, item) in items.iter().enumerate() {
                    let at = format!("{at}[{index}]");
                    self.word(inner, item, &at);
                    self.fields(inner, item, &at, &format!("{like}[]"));
                }
            }
            _ => {}
        }
    }

    fn absent(&mut self, node: Node<'_>, at: &str, like: &str) {
        if matches!(node.kind(), Type::Integer | Type::Number | Type::Boolean | Type::Any)
            || node.default().is_some_and(|default| default != "")
            || MAY_BE_EMPTY.iter().any(|end| like.ends_with(end))
        {
            return;
        }
        let otherwise = OTHERWISE
            .iter()
            .find(|(kind, end, _)| (kind.is_empty() || *kind == &*self.kind.kind) && like.ends_with(end));
        match otherwise.map(|(_, _, reason)| *reason) {
            None | Some("FieldValueRequired") => {
                self.causes.push(cause("FieldValueRequired", at, "Required value"));
            }
            Some("") => {}
            Some(reason) => {
                let message = format!("Unsupported value: \"\": supported values: {}", words(node));
                self.causes.push(cause(reason, at, message));
            }
        }
    }

    fn word(&mut self, node: Node<'_>, value: &Value, at: &str) {
        let known = node.enum_values();
        let own = OWN_WORDS.iter().any(|(kind, field)| *kind == &*self.kind.kind && *field == at);
        if !own && !known.is_empty() && !known.contains(value) && value != "" {
            let message = format!("Unsupported value: {value}: supported values: {}", words(node));
            self.causes.push(cause("FieldValueNotSupported", at, message));
        }
    }
}

fn words(node: Node<'_>) -> String {
    let words: Vec<String> = node.enum_values().iter().filter(|word| **word != "").map(ToString::to_string).collect();
    words.join(", ")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
