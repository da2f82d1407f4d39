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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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
