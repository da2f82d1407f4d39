use compiler::Compiler;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::Sample;

/// Any JSON, with template text in it.
fn template() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z${}'\"|.\\[\\]() ]{0,24}".prop_map(Value::from),
        Just(json!("${parameters}")),
        Just(json!("${oc_omit()}")),
        Just(json!("${[1, 'a', {'b': oc_omit()}]}")),
        Just(json!("${metadata.labels}")),
        Just(json!("n=${parameters.replicas}")),
    ];
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<f64>().prop_map(Value::from), text];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z${}.]{0,8}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Expressions over parameters of declared types; some of them do not check.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("parameters.text".to_owned()),
        Just("parameters.number".to_owned()),
        Just("parameters.flag".to_owned()),
        Just("parameters.words".to_owned()),
        Just("parameters.sizes".to_owned()),
        Just("parameters.inner.text".to_owned()),
        Just("metadata.name".to_owned()),
        Just("metadata.labels".to_owned()),
        Just("workload.endpoints".to_owned()),
        Just("'a'".to_owned()),
        Just("2".to_owned()),
        Just("1.5".to_owned()),
        Just("true".to_owned()),
        Just("[parameters.number, 2][0]".to_owned()),
        Just("[1, 2.5]".to_owned()),
        Just("{'k': parameters.number, 'l': 2}['k']".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "==", "!=", "<", ">=", "&&", "||", "in"]);
        let function = prop::sample::select(vec!["size", "string", "int", "double", "!"]);
        let method = prop::sample::select(vec![
            "size()",
            "upperAscii()",
            "contains('a')",
            "startsWith('a')",
            "split('a')",
            "map(x, x)",
            "filter(x, x != x)",
            "all(x, true)",
            "exists(k, v, k == k)",
            "join(',')",
            "trim()",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), method).prop_map(|(a, m)| format!("({a}).{m}")),
            // Numbers that came through JSON stand beside those that did not.
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a})[{b}]")),
        ]
    })
}

/// The sample, whose ConfigMap has the expression.
fn with_expression(expression: &str) -> Sample {
    let text = json!({"type": "string", "default": "t"});
    let mut sample = Sample::new();
    sample.parameters = json!({});
    sample.type_spec["parameters"]["openAPIV3Schema"] = json!({"type": "object", "properties": {
        "replicas": {"type": "integer", "default": 1},
        "text": text,
        "number": {"type": "integer", "default": 3},
        "flag": {"type": "boolean", "default": true},
        "words": {"type": "array", "items": text, "default": ["a", "b"]},
        "sizes": {"type": "object", "additionalProperties": {"type": "integer"}, "default": {"s": 1}},
        "inner": {"type": "object", "default": {}, "properties": {"text": text}},
    }});
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!(format!("${{{expression}}}"));
    sample
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        ..ProptestConfig::default()
    })]

    /// What the check finds nothing wrong with has no type error when it is rendered, and the other way round: what does
    /// not compile is told before. The same expressions on every run.
    #[test]
    fn what_checks_clean_has_no_type_error_when_it_is_rendered(expression in expression()) {
        let sample = with_expression(&expression);
        let checked = compiler::check::component_type("deployment/small", &sample.type_spec);
        if let Err(problems) = sample.compile(&Compiler::new()) {
            let text = problems.to_string();
            let of_types = text.contains("no such overload") || text.contains("compilation error");
            prop_assert!(!(of_types && checked.is_clean()), "{}: {}", expression, text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn checking_is_the_same_every_time_and_never_panics(data in template(), spec in template()) {
        let mut sample = Sample::new();
        sample.type_spec["resources"][1]["template"]["data"] = data;
        prop_assert_eq!(sample.check(), sample.check());
        for check in [
            compiler::check::component_type, compiler::check::trait_, compiler::check::project_type,
            compiler::check::resource_type, compiler::check::workflow,
        ] {
            prop_assert_eq!(check("x", &spec), check("x", &spec));
            prop_assert_eq!(check("x", &sample.type_spec), check("x", &sample.type_spec));
        }
    }

    #[test]
    fn no_template_panics_and_the_same_input_gives_the_same_answer(data in template(), path in r"[/\[\]a-c0-9?(@.=')*~$\{\}-]{0,20}") {
        let mut sample = Sample::new();
        sample.type_spec["resources"][1]["template"]["data"] = data.clone();
        sample.trait_specs[0].1["patches"][0]["operations"] = json!([{"op": "add", "path": path, "value": data}]);
        let compiler = Compiler::new();
        let first = sample.compile(&compiler).map_err(|p| p.to_string());
        let again = sample.compile(&compiler).map_err(|p| p.to_string());
        let elsewhere = sample.compile(&Compiler::with_capacity(1)).map_err(|p| p.to_string());
        let traced = sample.compile_with_origins(&compiler).map(|(rendered, _)| rendered).map_err(|p| p.to_string());
        prop_assert_eq!(&first, &again);
        prop_assert_eq!(&first, &elsewhere);
        prop_assert_eq!(&first, &traced);
    }

    #[test]
    fn no_spec_panics(spec in template()) {
        let mut sample = Sample::new();
        sample.type_spec = spec.clone();
        let _ = sample.compile(&Compiler::new());
        sample = Sample::new();
        sample.trait_specs[0].1 = spec.clone();
        let _ = sample.compile(&Compiler::new());
        sample = Sample::new();
        sample.parameters = spec.clone();
        sample.type_spec["parameters"]["openAPIV3Schema"] = spec;
        let _ = sample.compile(&Compiler::new());
    }
}

/// Types without end do not fill the memory, and what they do to other types is that those are compiled again.
#[test]
fn no_number_of_types_is_kept_beyond_the_bounds() {
    let compiler = Compiler::with_capacity(8);
    let ours = Sample::new();
    let first = ours.compile(&compiler).unwrap();
    for number in 0..500 {
        let mut hostile = Sample::new();
        hostile.type_spec["resources"][1]["template"]["data"]["number"] = json!(number.to_string());
        hostile.trait_specs[0].1["creates"][0]["template"]["spec"]["number"] = json!(number);
        let rendered = hostile.compile(&compiler).unwrap();
        assert_eq!(rendered.resources[0].object["data"]["number"], number.to_string());
        assert!(compiler.kept() <= 16, "{} types and traits", compiler.kept());
    }
    assert_eq!(ours.compile(&compiler).unwrap(), first);
}

/// One compiler on many threads, each with its own order of types, gives what one thread gives.
#[test]
fn threads_that_share_a_compiler_get_the_same_answers() {
    let samples: Vec<Sample> = (0..12)
        .map(|number| {
            let mut sample = Sample::new();
            // Some of them fail, and the errors are the same too.
            let level = if number % 4 == 0 { json!("${parameters.nothing}") } else { json!(format!("{number}")) };
            sample.type_spec["resources"][1]["template"]["data"]["level"] = level;
            sample
        })
        .collect();
    let answer =
        |compiler: &Compiler, sample: &Sample| sample.compile(compiler).map_err(|problems| problems.to_string());
    let expected: Vec<_> = samples.iter().map(|sample| answer(&Compiler::new(), sample)).collect();
    let shared = Compiler::with_capacity(4);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (samples, expected, shared) = (&samples, &expected, &shared);
            scope.spawn(move || {
                for turn in 0..48 {
                    let at = (turn * 5 + thread * 3) % samples.len();
                    assert_eq!(answer(shared, &samples[at]), expected[at]);
                }
            });
        }
    });
}

/// JSON with the keys of all objects the other way round.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().rev().map(|(key, value)| format!("{}:{}", json!(key), reversed(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The order in which traits are handed over, and the order of the keys in a text, are no part of the input.
#[test]
fn the_order_of_what_has_no_order_makes_no_difference() {
    let mut sample = Sample::new();
    sample.trait_specs.push(("other".into(), json!({"creates": [], "patches": []})));
    let first = sample.compile(&Compiler::new()).unwrap();
    sample.trait_specs.reverse();
    sample.type_spec = serde_json::from_str(&reversed(&sample.type_spec)).unwrap();
    sample.parameters = serde_json::from_str(&reversed(&sample.parameters)).unwrap();
    assert_eq!(sample.compile(&Compiler::new()).unwrap(), first);
}

#[test]
fn a_compilation_can_be_watched_step_by_step() {
    let (steps, rendered) = Sample::new().compile_in_steps(&Compiler::new());
    let told: Vec<String> = steps
        .iter()
        .map(|step| {
            let kinds: Vec<&str> = step.objects.iter().filter_map(|object| object["kind"].as_str()).collect();
            format!("{:?} {} {}", step.stage, step.by, kinds.join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "Bind ComponentType deployment/small ",
            "Evaluate ComponentType deployment/small Deployment ConfigMap",
            "Patch Trait volume/data Deployment ConfigMap PersistentVolumeClaim",
            "Finish ComponentType deployment/small ConfigMap Deployment PersistentVolumeClaim",
        ]
    );
    assert_eq!(steps[0].objects[0]["parameters"], json!({"level": "info", "replicas": 2}));
    let last: Vec<Value> = rendered.unwrap().resources.into_iter().map(|resource| resource.object).collect();
    assert_eq!(steps[3].objects, last);

    let mut broken = Sample::new();
    broken.trait_specs[0].1["patches"][0]["operations"][1]["path"] = json!("/spec/none/here");
    let (steps, rendered) = broken.compile_in_steps(&Compiler::new());
    assert_eq!(steps.len(), 2);
    assert!(rendered.is_err());
}

#[test]
fn what_json_has_no_form_for_is_told_with_the_step_that_made_it() {
    let mut sample = Sample::new();
    sample.type_spec["resources"][1]["template"]["data"]["level"] = json!("${1.0 / 0.0}");
    let (steps, rendered) = sample.compile_in_steps(&Compiler::new());
    let unshown: Vec<Vec<String>> = steps
        .iter()
        .map(|step| step.unshown.iter().map(|p| format!("{} {}", p.place.object, p.message)).collect())
        .collect();
    let told = vec!["ConfigMap/config json: unsupported value: +Inf".to_owned()];
    assert_eq!(unshown, [vec![], told.clone(), told.clone(), told]);
    assert_eq!(steps[1].objects[1], Value::Null);
    assert!(rendered.is_err());

    // A later step may take it away.
    sample.trait_specs[0].1["patches"] = json!([{"target": {"kind": "ConfigMap"}, "operations": [
        {"op": "replace", "path": "/data/level", "value": "finite"},
    ]}]);
    let (steps, rendered) = sample.compile_in_steps(&Compiler::new());
    assert_eq!(steps.iter().map(|step| step.unshown.len()).collect::<Vec<_>>(), [0, 1, 0, 0]);
    assert!(rendered.is_ok());
}
