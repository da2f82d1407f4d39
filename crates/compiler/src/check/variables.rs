//! The types of the variables that templates can read.

use cel::Type;

fn object(name: &str, fields: &[(&str, Type)]) -> Type {
    Type::object(name, fields.iter().map(|(field, ty)| ((*field).to_owned(), ty.clone())))
}

fn strings(name: &str, fields: &[&str], more: &[(&str, Type)]) -> Type {
    let fields = fields.iter().map(|field| ((*field).to_owned(), Type::String));
    Type::object(name, fields.chain(more.iter().map(|(field, ty)| ((*field).to_owned(), ty.clone()))))
}

fn string_map() -> Type {
    Type::map(Type::String, Type::String)
}

/// Values of a type that declares none.
pub(super) fn nothing() -> Type {
    Type::object("nothing", [])
}

fn gateway() -> Type {
    let listener = strings("listener", &["listenerName", "host"], &[("port", Type::Double)]);
    let endpoint = strings(
        "gateway endpoint",
        &["name", "namespace"],
        &[("http", listener.clone()), ("https", listener.clone()), ("tls", listener)],
    );
    let network = object("gateway network", &[("external", endpoint.clone()), ("internal", endpoint)]);
    object("gateway", &[("ingress", network.clone()), ("egress", network)])
}

fn plane() -> Type {
    let reference = strings("plane reference", &["kind", "name"], &[]);
    strings(
        "dataplane",
        &["secretStore"],
        &[("gateway", gateway()), ("observabilityPlaneRef", reference), ("annotations", string_map())],
    )
}

fn metadata(names: &[&str]) -> Type {
    strings(
        "metadata",
        names,
        &[("labels", string_map()), ("annotations", string_map()), ("podSelectors", string_map())],
    )
}

/// The variables of component types and, with `trait`, of traits.
pub(super) fn component(parameters: Type, configs: Type, in_trait: bool) -> Vec<(&'static str, Type)> {
    let remote = strings("remoteRef", &["key", "property", "version"], &[]);
    let env = strings("environment variable", &["name", "value"], &[("remoteRef", remote.clone())]);
    let file = strings("file", &["name", "mountPath", "value"], &[("remoteRef", remote.clone())]);
    let side = object("configuration", &[("envs", Type::list(env.clone())), ("files", Type::list(file))]);
    let key_ref = strings("key reference", &["name", "key"], &[]);
    let source = object("value source", &[("secretKeyRef", key_ref.clone()), ("configMapKeyRef", key_ref)]);
    let variable = Type::list(strings("variable", &["name", "value"], &[("valueFrom", source)]));
    let mount = Type::list(strings("mount", &["name", "mountPath", "subPath"], &[]));
    let volume = Type::list(strings(
        "volume",
        &["name"],
        &[("configMap", strings("config map", &["name"], &[])), ("secret", strings("secret", &["secretName"], &[]))],
    ));
    let item = strings(
        "dependency",
        &["namespace", "project", "component", "endpoint", "visibility"],
        &[("envVars", variable.clone())],
    );
    let resource = strings(
        "resource dependency",
        &["ref"],
        &[("envVars", variable.clone()), ("volumeMounts", mount.clone()), ("volumes", volume.clone())],
    );
    let by_container = Type::list(strings("variables", &["resourceName"], &[("envs", Type::list(env))]));
    let listed =
        Type::list(strings("listed file", &["name", "mountPath", "value", "resourceName"], &[("remoteRef", remote)]));
    let from = strings("reference", &["name"], &[]);
    let derived = object(
        "derived",
        &[
            ("configEnvs", by_container.clone()),
            ("configFileList", listed.clone()),
            ("configVolumeMounts", mount.clone()),
            ("configVolumes", volume.clone()),
            ("containerEnvFrom", Type::list(object("source", &[("configMapRef", from.clone()), ("secretRef", from)]))),
            ("dependencyEnvVars", variable.clone()),
            ("dependencyVolumeMounts", mount.clone()),
            ("dependencyVolumes", volume.clone()),
            (
                "endpointResources",
                Type::map(Type::String, Type::list(strings("route", &["kind", "service", "method", "path"], &[]))),
            ),
            ("secretEnvs", by_container),
            ("secretFileList", listed),
            (
                "servicePorts",
                Type::list(strings(
                    "port",
                    &["name", "protocol"],
                    &[("port", Type::Double), ("targetPort", Type::Double)],
                )),
            ),
        ],
    );
    let endpoint = strings(
        "endpoint",
        &["type", "displayName", "basePath"],
        &[("port", Type::Double), ("targetPort", Type::Double), ("visibility", Type::list(Type::String))],
    );
    let container =
        strings("container", &["image"], &[("command", Type::list(Type::String)), ("args", Type::list(Type::String))]);
    let mut variables = vec![
        (
            "metadata",
            metadata(&[
                "name",
                "namespace",
                "componentNamespace",
                "componentName",
                "componentUID",
                "projectName",
                "projectUID",
                "dataPlaneName",
                "dataPlaneUID",
                "environmentName",
                "environmentUID",
            ]),
        ),
        ("parameters", parameters),
        ("environmentConfigs", configs),
        ("dataplane", plane()),
        ("environment", strings("environment", &["defaultNotificationChannel"], &[("gateway", gateway())])),
        ("workload", object("workload", &[("container", container), ("endpoints", Type::map(Type::String, endpoint))])),
        ("configurations", object("configurations", &[("configs", side.clone()), ("secrets", side)])),
        (
            "dependencies",
            object(
                "dependencies",
                &[
                    ("items", Type::list(item)),
                    ("resources", Type::list(resource)),
                    ("envVars", variable),
                    ("volumeMounts", mount),
                    ("volumes", volume),
                ],
            ),
        ),
        ("derived", derived),
        ("gateway", gateway()),
    ];
    if in_trait {
        variables.push(("trait", strings("trait", &["name", "instanceName"], &[])));
    }
    variables
}

/// The variables of project types and resource types.
pub(super) fn shared(parameters: Type, configs: Type, resource: bool) -> Vec<(&'static str, Type)> {
    let names: &[&str] = if resource {
        &[
            "name",
            "namespace",
            "resourceNamespace",
            "resourceName",
            "resourceUID",
            "projectName",
            "projectUID",
            "environmentName",
            "environmentUID",
            "dataPlaneName",
            "dataPlaneUID",
        ]
    } else {
        &[
            "namespace",
            "projectNamespace",
            "projectName",
            "projectUID",
            "environmentName",
            "environmentUID",
            "dataPlaneName",
            "dataPlaneUID",
        ]
    };
    vec![
        ("metadata", metadata(names)),
        ("parameters", parameters),
        ("environmentConfigs", configs),
        ("dataplane", plane()),
        ("environment", object("environment", &[("gateway", gateway())])),
        ("gateway", gateway()),
    ]
}

/// The variables of workflows; the names of external references cannot read the references.
pub(super) fn workflow(parameters: &Type, refs: Option<&[String]>) -> Vec<(&'static str, Type)> {
    // What a user gave is a double, what the schema gave an integer: nothing can be said about numbers.
    let mut variables = vec![
        (
            "metadata",
            strings("metadata", &["namespaceName", "workflowRunName", "namespace"], &[("labels", string_map())]),
        ),
        ("parameters", numbers_open(parameters)),
        ("workflowplane", strings("workflowplane", &["secretStore"], &[])),
    ];
    if let Some(refs) = refs {
        variables.push(("externalRefs", Type::object("externalRefs", refs.iter().map(|id| (id.clone(), Type::Dyn)))));
    }
    variables
}

/// The type with nothing said about numbers.
pub(super) fn numbers_open(ty: &Type) -> Type {
    numbers_as(ty, &Type::Dyn)
}

/// The type with other numbers in place of doubles.
pub(super) fn numbers_as(ty: &Type, number: &Type) -> Type {
    let inside = |ty: &Type| numbers_as(ty, number);
    match ty {
        Type::Double => number.clone(),
        Type::List(items) => Type::list(inside(items)),
        Type::Map(kv) => Type::map(kv.0.clone(), inside(&kv.1)),
        Type::Nullable(inner) => Type::nullable(inside(inner)),
        Type::Object(object) => {
            Type::object(object.name.clone(), object.fields.iter().map(|(field, ty)| (field.clone(), inside(ty))))
        }
        other => other.clone(),
    }
}
