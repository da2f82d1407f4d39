//! What is done with an input. Laws are asserted, errors are as good as successes.

use std::sync::LazyLock;

use ::schema::Schema;
use cel::{Env, Numbers, Type, libraries};
use compiler::input::{
    ComponentInput, ComponentMetadata, DataPlane, Environment, Gateway, TraitInstance, TraitSource, Workload,
};
use compiler::patch::{self, Op, Path};
use compiler::tree::Tree;
use compiler::{Compiler, check};
use serde_json::Value;

use crate::pipelines;

pub(crate) const CEL_WORDS: &[&str] = &[
    "parameters.",
    "size(",
    ".map(x, ",
    ".filter(x, ",
    ".all(x, ",
    ".exists(x, ",
    "has(",
    "cel.bind(v, ",
    " in ",
    " ? 1 : 2",
    ".?a",
    "[?0]",
    "optional.of(",
    ".orValue(",
    "b'\\xff'",
    "r'",
    "'''",
    "0x",
    "1u",
    "1e9",
    "timestamp('2020-01-01T00:00:00Z')",
    "duration('1h')",
    ".format(['%s'])",
    ".matches('(a+)+')",
    "math.greatest(",
    "sets.contains(",
    "lists.range(9)",
    ".split('')",
    ".replace('', 'a')",
    "quantity('1Gi')",
    "ip('::1')",
    "cidr('10.0.0.0/8')",
    "semver('1.2.3')",
    "url('http://a')",
    "`a-b`",
    "//",
    "&&",
    "||",
    "!",
    "-",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "null",
    "type(",
    "dyn(",
];
pub(crate) const PATTERN_WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{9}",
    "{1000}",
    "*",
    "+",
    "?",
    "|",
    "^",
    "$",
    "\\d",
    "\\pL",
    "(?i)",
    "(?P<n>",
    "[[:alpha:]]",
    "\\x{10FFFF}",
    "(?s:.)",
    "\\b",
    "\\Q",
    "\\E",
    "[^]",
    "\\C",
    "{,5}",
];
pub(crate) const SCHEMA_WORDS: &[&str] = &[
    "type",
    "object",
    "array",
    "string",
    "integer",
    "number",
    "properties",
    "items",
    "additionalProperties",
    "required",
    "default",
    "enum",
    "pattern",
    "format",
    "date-time",
    "duration",
    "nullable",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "$ref",
    "#/$defs/a",
    "$defs",
    "x-kubernetes-validations",
    "rule",
    "self == oldSelf",
    "self.all(x, x > 0)",
    "messageExpression",
    "x-kubernetes-list-type",
    "map",
    "set",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "minimum",
    "maxLength",
    "multipleOf",
    "fieldPath",
];
pub(crate) const TEMPLATE_WORDS: &[&str] = &[
    "${",
    "}",
    "${parameters}",
    "${oc_omit()}",
    "${oc_merge({'a': 1}, {'b': 2})}",
    "${oc_generate_name('a', 'b')}",
    "${oc_hash('a')}",
    "${metadata.labels}",
    "${workload.toServicePorts()}",
    "${configurations.toVolumes()}",
    "${dependencies.toContainerEnvs()}",
    "${workload.toEndpointResources('http')}",
    "${trait.instanceName}",
    "${resource.kind == 'Deployment'}",
    "${item.key}",
    "${[1, 2, 3]}",
    "${'a'.split('')}",
    "${gateway.ingress}",
    "forEach",
    "includeWhen",
    "where",
    "targetPlane",
    "/spec/-",
    "/spec/template/spec/containers/[?(@.name=='main')]/env",
    "/[*]/a",
    "op",
    "mergeShallow",
    "remove",
    "resources",
    "creates",
];
pub(crate) const PATCH_WORDS: &[&str] = &[
    "add",
    "replace",
    "remove",
    "mergeShallow",
    "/a",
    "/-",
    "/0",
    "[*]",
    "[?(@.a=='x')]",
    "[?(@.a.b==\"\")]",
    "~0",
    "~1",
    "//",
    "[",
    "]",
    "99999999999999999999",
];

fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

fn json(input: &[u8]) -> Option<Value> {
    serde_json::from_slice(input).ok()
}

/// Small, so that many inputs fit into a moment.
const COST: u64 = 200_000;

static ENV: LazyLock<Env> = LazyLock::new(|| {
    Env::builder()
        .libraries(libraries::extensions())
        .libraries(libraries::kubernetes::all())
        .optional_syntax(true)
        .variable(
            "parameters",
            Type::object("parameters", [("a".to_owned(), Type::Int), ("b".to_owned(), Type::String)]),
        )
        .variable("any", Type::Dyn)
        .variable("ints", Type::list(Type::Int))
        .build()
});

static STRICT: LazyLock<Env> = LazyLock::new(|| ENV.extend().strict_literals(true).build());

/// Parses, prints, parses again; compiles and evaluates.
pub(crate) fn cel(input: &[u8]) {
    let Some(source) = text(input) else { return };
    if let Ok(ast) = ENV.parse(source) {
        let printed = cel::print(&ast.root);
        // Macros make a text longer than it was; beyond the limits it cannot be read again.
        match ENV.parse(&printed) {
            Ok(again) => assert_eq!(again.root, ast.root, "printed as {printed}"),
            Err(issues) => assert!(
                issues.iter().all(|issue| issue.kind == cel::IssueKind::Limit),
                "printed as {printed}: {}",
                cel::render(&issues)
            ),
        }
    }
    let sample = serde_json::json!({"a": 3, "b": "text", "ints": [3, 1, 2]});
    let activation = ENV
        .activation()
        .with("parameters", cel::Value::from_json(&sample, Numbers::AsInt))
        .with("any", cel::Value::from_json(&sample, Numbers::AsDouble))
        .with("ints", cel::Value::from_json(&sample["ints"], Numbers::AsInt));
    for program in [ENV.compile(source), ENV.compile_unchecked(source), STRICT.compile(source)] {
        match program {
            Ok(program) => {
                let estimate = program.estimate(&());
                assert!(estimate.min <= estimate.max, "the least is more than the most");
                let (first, cost) = program.eval_metered(&activation, COST);
                assert_eq!(program.eval_metered(&activation, COST).1, cost, "the cost differs");
                if let Ok(value) = first {
                    let _ = value.to_json();
                    let _ = value.to_string();
                }
            }
            Err(issues) => assert!(!issues.is_empty() && !cel::render(&issues).is_empty(), "an error says nothing"),
        }
    }
}

/// Compiles a pattern and matches with it.
pub(crate) fn pattern(input: &[u8]) {
    let Some(source) = text(input) else { return };
    if let Ok(pattern) = ::schema::compile_pattern(source) {
        for subject in ["", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", source] {
            let _ = pattern.is_match(subject);
        }
    }
}

/// Parses a schema; defaults, prunes and validates a value.
pub(crate) fn schema(input: &[u8]) {
    let Some(input) = json(input) else { return };
    let _ = ::schema::unknown_keywords(&input["schema"]);
    for parsed in [Schema::parse(&input["schema"]), Schema::parse_plain(&input["schema"])] {
        let schema = match parsed {
            Ok(schema) => schema,
            Err(problems) => {
                assert!(!problems.is_empty(), "an error says nothing");
                continue;
            }
        };
        for problem in schema.costs() {
            let _ = problem.in_field("spec").to_string();
        }
        let mut value = input["value"].clone();
        schema.prune(&mut value);
        assert_eq!(schema.prune(&mut value), Vec::<String>::new(), "pruned twice");
        schema.default_in_place(&mut value);
        let once = value.clone();
        schema.default_in_place(&mut value);
        assert_eq!(value, once, "defaulted twice");
        let errors = schema.validate(&value, None);
        assert_eq!(schema.validate(&value, None), errors, "validated twice");
        for error in errors.iter().chain(&schema.validate(&value, Some(&input["value"]))) {
            let _ = error.to_string();
        }
    }
}

/// Renders a template by itself.
pub(crate) fn template(input: &[u8]) {
    let Some(input) = json(input) else { return };
    let none = serde_json::Map::new();
    let variables = input["variables"].as_object().unwrap_or(&none);
    let shown = || match compiler::template::render(&input["template"], variables) {
        Ok(tree) => format!("{:?} {}", tree.to_json(), tree.to_shown()),
        Err(faults) => faults.iter().map(|fault| format!("{} {}\n", fault.path(), fault.error)).collect(),
    };
    assert_eq!(shown(), shown(), "rendered twice");
}

/// Applies an operation; where it succeeds on a key, doing it again changes nothing.
pub(crate) fn patch(input: &[u8]) {
    let Some(input) = json(input) else { return };
    let text = |field: &str| input[field].as_str().unwrap_or_default();
    let (Ok(op), Ok(path)) = (Op::parse(text("op")), Path::parse(text("path"))) else { return };
    let mut object = Tree::from(&input["object"]);
    let value = Tree::from(&input["value"]);
    if patch::apply(&mut object, op, &path, &value).is_err() {
        return;
    }
    let once = object.to_json();
    let keys = path.steps().iter().all(|step| matches!(step, patch::Step::Key(_)));
    if keys && patch::apply(&mut object, op, &path, &value).is_ok() {
        assert_eq!(object.to_json().ok(), once.ok(), "applied twice");
    }
}

/// Checks a spec as everything that it could be.
pub(crate) fn types(input: &[u8]) {
    let Some(spec) = json(input) else { return };
    for check in [check::component_type, check::trait_, check::project_type, check::resource_type, check::workflow] {
        let checked = check("x", &spec);
        assert_eq!(check("x", &spec), checked, "checked twice");
        let _ = checked.to_string();
    }
    let itself = [check::TraitSpec { kind: "", name: "volume", spec: &spec }];
    let _ = check::component_type_with_traits("x", &spec, &itself).to_string();
}

/// Compiles and checks a component.
pub(crate) fn component(input: &[u8]) {
    let Some(input) = json(input) else { return };
    let workload: Workload = serde_json::from_value(input["workload"].clone()).unwrap_or_default();
    let traits: Vec<TraitInstance> = serde_json::from_value(input["traits"].clone()).unwrap_or_default();
    let specs: Vec<TraitSource<'_>> = input["traitSpecs"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, spec)| TraitSource { kind: "Trait", name, spec })
        .collect();
    let input = ComponentInput {
        type_name: "deployment/x",
        type_spec: &input["type"],
        parameters: input.get("parameters"),
        traits: &traits,
        trait_specs: &specs,
        workload: &workload,
        overrides: None,
        environment_configs: input.get("environmentConfigs"),
        trait_environment_configs: None,
        environment: &Environment { gateway: Some(Gateway::stand_in()), ..Environment::default() },
        data_plane: &DataPlane::default(),
        secrets: &std::collections::BTreeMap::new(),
        metadata: &ComponentMetadata::stand_in("default", "shop", "cart", "development"),
        dependencies: &[],
        resource_dependencies: &[],
    };
    let shown = |compiler: &Compiler| match compiler.component(&input) {
        Ok(rendered) => format!("{:?}", rendered.resources),
        Err(problems) => problems.to_string(),
    };
    let compiler = Compiler::new();
    let first = shown(&compiler);
    assert_eq!(shown(&compiler), first, "compiled twice");
    let traced = match compiler.component_with_origins(&input) {
        Ok((rendered, origins)) => {
            pipelines::tell(&origins, rendered.resources.iter().map(|resource| &resource.object));
            format!("{:?}", rendered.resources)
        }
        Err(problems) => problems.to_string(),
    };
    assert_eq!(traced, first, "compiled with origins");
    let _ = check::component(&input).to_string();
}
