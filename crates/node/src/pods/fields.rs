//! Which fields of a pod are run, which mean nothing on one computer, and which are refused.
//!
//! The table names every field; what it does not name is refused with its path, so nothing is ignored in silence.

use serde_json::Value;

/// What becomes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It and all that is in it takes effect, or is already decided on a computer that is its own cluster.
    Whole,
    /// Its own fields are looked up.
    Walk,
    /// Only these values are accepted; anything else is refused.
    Only(&'static [&'static str]),
}

use Answer::{Only, Walk, Whole};

/// Fields of `spec`. `*` stands for `containers[]` and `initContainers[]`, `?` for the three probes, `+` for the two hooks.
const FIELDS: &[(&str, Answer)] = &[
    ("containers", Walk),
    ("initContainers", Walk),
    ("initContainers[].restartPolicy", Only(&["Always"])),
    ("*.name", Whole),
    ("*.image", Whole),
    ("*.command", Whole),
    ("*.args", Whole),
    ("*.workingDir", Whole),
    ("*.imagePullPolicy", Whole),
    ("*.stdin", Whole),
    ("*.tty", Whole),
    ("*.terminationMessagePath", Whole),
    ("*.terminationMessagePolicy", Whole),
    ("*.ports", Walk),
    ("*.ports[].name", Whole),
    ("*.ports[].containerPort", Whole),
    ("*.ports[].protocol", Whole),
    ("*.env", Walk),
    ("*.env[].name", Whole),
    ("*.env[].value", Whole),
    ("*.env[].valueFrom", Walk),
    ("*.env[].valueFrom.configMapKeyRef", Whole),
    ("*.env[].valueFrom.secretKeyRef", Whole),
    ("*.env[].valueFrom.fieldRef", Whole),
    ("*.env[].valueFrom.resourceFieldRef", Whole),
    ("*.envFrom", Walk),
    ("*.envFrom[].prefix", Whole),
    ("*.envFrom[].configMapRef", Whole),
    ("*.envFrom[].secretRef", Whole),
    ("*.resources", Walk),
    ("*.resources.limits", Walk),
    ("*.resources.limits.cpu", Whole),
    ("*.resources.limits.memory", Whole),
    // Accounting of a cluster's scheduler; the one computer is taken as it is.
    ("*.resources.limits.ephemeral-storage", Whole),
    ("*.resources.requests", Walk),
    ("*.resources.requests.cpu", Whole),
    ("*.resources.requests.memory", Whole),
    ("*.resources.requests.ephemeral-storage", Whole),
    ("*.volumeMounts", Walk),
    ("*.volumeMounts[].name", Whole),
    ("*.volumeMounts[].mountPath", Whole),
    ("*.volumeMounts[].readOnly", Whole),
    ("*.volumeMounts[].subPath", Whole),
    ("*.volumeMounts[].subPathExpr", Whole),
    ("*.volumeMounts[].mountPropagation", Only(&["None"])),
    ("*.volumeMounts[].recursiveReadOnly", Only(&["Disabled"])),
    ("*.securityContext", Walk),
    ("*.securityContext.runAsUser", Whole),
    ("*.securityContext.runAsGroup", Whole),
    ("*.securityContext.runAsNonRoot", Whole),
    ("*.securityContext.readOnlyRootFilesystem", Whole),
    ("*.securityContext.allowPrivilegeEscalation", Whole),
    ("*.securityContext.privileged", Whole),
    ("*.securityContext.capabilities", Whole),
    ("*.securityContext.seccompProfile", Walk),
    ("*.securityContext.seccompProfile.type", Only(&["RuntimeDefault", "Unconfined"])),
    ("*.securityContext.appArmorProfile", Walk),
    ("*.securityContext.appArmorProfile.type", Only(&["RuntimeDefault", "Unconfined"])),
    ("*.securityContext.procMount", Only(&["Default"])),
    ("*.lifecycle", Walk),
    ("*.lifecycle.stopSignal", Whole),
    ("*.lifecycle.+", Walk),
    ("*.lifecycle.+.exec", Whole),
    ("*.lifecycle.+.httpGet", Whole),
    ("*.lifecycle.+.sleep", Whole),
    ("*.?", Walk),
    ("*.?.httpGet", Walk),
    ("*.?.httpGet.path", Whole),
    ("*.?.httpGet.port", Whole),
    ("*.?.httpGet.host", Whole),
    ("*.?.httpGet.scheme", Only(&["HTTP", "HTTPS"])),
    ("*.?.httpGet.httpHeaders", Whole),
    ("*.?.tcpSocket", Whole),
    ("*.?.exec", Whole),
    ("*.?.grpc", Whole),
    ("*.?.initialDelaySeconds", Whole),
    ("*.?.periodSeconds", Whole),
    ("*.?.timeoutSeconds", Whole),
    ("*.?.successThreshold", Whole),
    ("*.?.failureThreshold", Whole),
    ("*.?.terminationGracePeriodSeconds", Whole),
    ("volumes", Walk),
    ("volumes[].name", Whole),
    ("volumes[].configMap", Whole),
    ("volumes[].secret", Whole),
    ("volumes[].emptyDir", Walk),
    ("volumes[].emptyDir.medium", Only(&["Memory"])),
    ("volumes[].emptyDir.sizeLimit", Whole),
    ("volumes[].downwardAPI", Whole),
    ("volumes[].projected", Walk),
    ("volumes[].projected.defaultMode", Whole),
    ("volumes[].projected.sources", Walk),
    ("volumes[].projected.sources[].configMap", Whole),
    ("volumes[].projected.sources[].secret", Whole),
    ("volumes[].projected.sources[].downwardAPI", Whole),
    ("volumes[].persistentVolumeClaim", Whole),
    // Whether the path is allowed is asked when it is mounted.
    ("volumes[].hostPath", Whole),
    ("restartPolicy", Whole),
    ("terminationGracePeriodSeconds", Whole),
    ("activeDeadlineSeconds", Whole),
    ("readinessGates", Whole),
    ("hostname", Whole),
    ("subdomain", Whole),
    ("hostAliases", Whole),
    ("dnsPolicy", Whole),
    ("dnsConfig", Whole),
    ("imagePullSecrets", Whole),
    ("nodeSelector", Whole),
    ("nodeName", Whole),
    ("os", Walk),
    ("os.name", Only(&["linux"])),
    ("securityContext", Walk),
    ("securityContext.runAsUser", Whole),
    ("securityContext.runAsGroup", Whole),
    ("securityContext.runAsNonRoot", Whole),
    ("securityContext.supplementalGroups", Whole),
    ("securityContext.fsGroup", Whole),
    ("securityContext.fsGroupChangePolicy", Whole),
    ("securityContext.supplementalGroupsPolicy", Only(&["Merge"])),
    ("securityContext.seccompProfile", Walk),
    ("securityContext.seccompProfile.type", Only(&["RuntimeDefault", "Unconfined"])),
    ("securityContext.appArmorProfile", Walk),
    ("securityContext.appArmorProfile.type", Only(&["RuntimeDefault", "Unconfined"])),
    // One node: where a pod goes, and which goes first, is decided.
    ("affinity", Walk),
    ("affinity.nodeAffinity", Walk),
    ("affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution", Whole),
    ("affinity.podAffinity", Walk),
    ("affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution", Whole),
    ("affinity.podAntiAffinity", Walk),
    ("affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution", Whole),
    ("tolerations", Whole),
    ("topologySpreadConstraints", Whole),
    ("schedulerName", Whole),
    ("priority", Whole),
    ("priorityClassName", Whole),
    ("preemptionPolicy", Whole),
    ("overhead", Whole),
    // No service account tokens and no service variables are put into containers.
    ("serviceAccountName", Whole),
    ("serviceAccount", Whole),
    ("automountServiceAccountToken", Whole),
    ("enableServiceLinks", Whole),
];

/// A field that this node does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsupported {
    /// Its path from the object's root, such as `spec.containers[0].lifecycle`.
    pub(crate) path: String,
    /// The accepted values, where there are any.
    pub(crate) accepted: &'static [&'static str],
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let accepted: Vec<String> = self.accepted.iter().map(|value| format!("{value:?}")).collect();
        match &accepted[..] {
            [] => write!(f, "{}: not supported on this node", self.path),
            [one] => write!(f, "{}: only {one} is supported on this node", self.path),
            some => write!(f, "{}: only {} are supported on this node", self.path, some.join(" and ")),
        }
    }
}

/// The fields of a pod's `spec` that this node does not run, in the order of the document.
pub(crate) fn unsupported(spec: &Value) -> Vec<Unsupported> {
    let mut found = Vec::new();
    walk(spec, "", "spec", &mut found);
    found
}

fn walk(value: &Value, pattern: &str, path: &str, found: &mut Vec<Unsupported>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // The one switch whose `false` asks for something.
                let asks = name == "hostUsers" && *value == Value::Bool(false);
                if says_nothing(value) && !asks {
                    continue;
                }
                let pattern = if pattern.is_empty() { name.clone() } else { format!("{pattern}.{name}") };
                let path = format!("{path}.{name}");
                match answer(&pattern) {
                    Some(Whole) => {}
                    Some(Walk) => walk(value, &pattern, &path, found),
                    Some(Only(accepted)) => {
                        if !value.as_str().is_some_and(|value| accepted.contains(&value)) {
                            found.push(Unsupported { path, accepted });
                        }
                    }
                    None => found.push(Unsupported { path, accepted: &[] }),
                }
            }
        }
        Value::Array(items) => {
            let pattern = format!("{pattern}[]");
            for (index, item) in items.iter().enumerate() {
                walk(item, &pattern, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// Whether a value is as good as an absent field. An empty `emptyDir: {}` says something; its parent names it.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn answer(pattern: &str) -> Option<Answer> {
    if let Some((_, answer)) = FIELDS.iter().find(|(name, _)| *name == pattern) {
        return Some(*answer);
    }
    let mut short = pattern.replacen("initContainers[]", "*", 1).replacen("containers[]", "*", 1);
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if short.starts_with(&format!("*.{probe}")) {
            short = short.replacen(probe, "?", 1);
        }
    }
    for hook in ["postStart", "preStop"] {
        if short.starts_with(&format!("*.lifecycle.{hook}")) {
            short = short.replacen(hook, "+", 1);
        }
    }
    FIELDS.iter().find(|(name, _)| *name == short).map(|(_, answer)| *answer)
}

#[cfg(test)]
mod tests {
    use super::unsupported;
    use serde_json::json;

    #[test]
    fn each_unsupported_field_is_named_with_its_path() {
        let spec = json!({
            "containers": [
                {"name": "a", "image": "i", "env": [{"name": "X", "value": "1"}]},
                {"name": "b", "image": "i", "lifecycle": {"preStop": {"tcpSocket": {"port": 5}}}, "restartPolicy": "Always",
                 "livenessProbe": {"httpGet": {"port": 9, "scheme": "FTP"}, "periodSeconds": 3},
                 "volumeMounts": [{"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}]},
            ],
            "initContainers": [{"name": "c", "image": "i", "restartPolicy": "OnFailure"}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "h", "nfs": {"path": "/", "server": "s"}},
                        {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "hostUsers": false,
            "hostNetwork": true,
            "hostPID": false,
            "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}},
        });
        let found: Vec<_> = unsupported(&spec).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution: not supported on this node",
                "spec.containers[1].lifecycle.preStop.tcpSocket: not supported on this node",
                "spec.containers[1].livenessProbe.httpGet.scheme: only \"HTTP\" and \"HTTPS\" are supported on this node",
                "spec.containers[1].restartPolicy: not supported on this node",
                "spec.containers[1].volumeMounts[0].mountPropagation: only \"None\" is supported on this node",
                "spec.hostNetwork: not supported on this node",
                "spec.hostUsers: not supported on this node",
                "spec.initContainers[0].restartPolicy: only \"Always\" is supported on this node",
                "spec.volumes[1].nfs: not supported on this node",
                "spec.volumes[2].projected.sources[0].serviceAccountToken: not supported on this node",
            ]
        );
    }

    #[test]
    fn what_an_api_server_defaults_is_accepted() {
        let spec = json!({
            "containers": [{
                "name": "main", "image": "app:1", "imagePullPolicy": "IfNotPresent",
                "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "64Mi"}},
                "readinessProbe": {"httpGet": {"path": "/", "port": "http", "scheme": "HTTP"}, "failureThreshold": 3,
                                   "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "securityContext": {},
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30, "serviceAccountName": "default",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
        });
        assert_eq!(unsupported(&spec), []);
    }
}
