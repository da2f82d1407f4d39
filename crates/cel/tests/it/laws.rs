//! Laws that hold for all expressions.

use cel::{Env, Type, Value, libraries, print};
use proptest::prelude::*;

fn env() -> Env {
    Env::builder()
        .libraries(libraries::extensions())
        .libraries(libraries::kubernetes::all())
        .optional_syntax(true)
        .variable("i", Type::Int)
        .variable("b", Type::Bool)
        .variable("s", Type::String)
        .variable("d", Type::Double)
        .variable("ints", Type::list(Type::Int))
        .variable("names", Type::map(Type::String, Type::Int))
        .build()
}

fn activation(env: &Env) -> cel::Activation {
    env.activation()
        .with("i", 3)
        .with("b", true)
        .with("s", "héllo")
        .with("d", 1.5)
        .with("ints", vec![Value::Int(3), Value::Int(1), Value::Int(2)])
        .with("names", Value::map([("a", Value::Int(1)), ("b", Value::Int(2))]))
}

/// Text of an expression; most, not all, of them pass the checker.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("i".to_owned()),
        Just("b".to_owned()),
        Just("s".to_owned()),
        Just("d".to_owned()),
        Just("ints".to_owned()),
        Just("names".to_owned()),
        Just("null".to_owned()),
        (0_i64..100).prop_map(|n| n.to_string()),
        (0_u64..100).prop_map(|n| format!("{n}u")),
        (-100.0_f64..100.0).prop_map(|n| format!("{n:?}")),
        "[a-zé'\"\\\\\n]{0,6}".prop_map(|text| cel::quote(&text)),
        Just("b'a\\xff'".to_owned()),
        Just("duration('90s')".to_owned()),
        Just("timestamp('2009-02-13T23:31:30Z')".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let operator =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"]);
        let function = prop::sample::select(vec!["size", "string", "int", "type", "dyn", "double", "optional.of"]);
        let method = prop::sample::select(vec![
            "size()",
            "sort()",
            "distinct()",
            "reverse()",
            "trim()",
            "hasValue()",
            "value()",
            "first()",
            "sum()",
            "isSorted()",
            "upperAscii()",
            "getHours()",
        ]);
        let fold = prop::sample::select(vec![
            "all(x, b)",
            "exists(x, x == 1)",
            "exists_one(x, b)",
            "map(x, x)",
            "map(x, b, x)",
            "filter(x, b)",
            "sortBy(x, x)",
            "transformList(x, y, y)",
            "transformMap(x, y, y)",
            "all(x, y, b)",
            "optMap(x, x)",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
            (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), method).prop_map(|(a, m)| format!("({a}).{m}")),
            (inner.clone(), fold).prop_map(|(a, m)| format!("({a}).{m}")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}).a")),
            inner.clone().prop_map(|a| format!("({a}).?a")),
            inner.clone().prop_map(|a| format!("has(names.a) && ({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[?{b}]")),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{({a}): ({b})}}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("cel.bind(v, {a}, {b})")),
        ]
    })
}

/// Whether the type says everything about the values, so that no operation can fail for its operands' types.
fn is_exact(program: &cel::Program) -> bool {
    fn walk(program: &cel::Program, expr: &cel::ast::Expr) -> bool {
        // Null may stand where a time, a span or an object is wanted.
        let mut exact = !program.type_of(expr).is_open() && *program.type_of(expr) != Type::Null;
        expr.each_child(&mut |child| exact &= walk(program, child));
        exact
    }
    walk(program, &program.ast().root)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_gives_the_same_tree(source in expression()) {
        let env = env();
        if let Ok(ast) = env.parse(&source) {
            let printed = print(&ast.root);
            let again = env.parse(&printed);
            prop_assert!(again.is_ok(), "{source} printed as {printed}: {again:?}");
            prop_assert_eq!(again.unwrap().root, ast.root, "{} printed as {}", source, printed);
        }
    }

    #[test]
    fn what_is_checked_without_dyn_has_no_type_error(source in expression()) {
        let env = env();
        if let Ok(program) = env.compile(&source) && is_exact(&program)
            && let Err(error) = program.eval(&activation(&env))
        {
            prop_assert_ne!(error.kind(), cel::EvalErrorKind::NoSuchOverload, "{}: {}", source, error);
        }
    }

    #[test]
    fn the_result_is_of_the_type_the_checker_said(source in expression()) {
        let env = env();
        if let Ok(program) = env.compile(&source) && is_exact(&program)
            && let Ok(value) = program.eval(&activation(&env))
        {
            prop_assert_eq!(value.type_name(), program.output_type().runtime_name(), "{}", source);
        }
    }

    #[test]
    fn checked_and_unchecked_programs_agree(source in expression()) {
        let env = env();
        if let (Ok(checked), Ok(unchecked)) = (env.compile(&source), env.compile_unchecked(&source)) {
            let (a, b) = (checked.eval(&activation(&env)), unchecked.eval(&activation(&env)));
            match (a, b) {
                (Ok(a), Ok(b)) => prop_assert_eq!(a.to_string(), b.to_string(), "{}", source),
                (a, b) => prop_assert_eq!(a.is_err(), b.is_err(), "{}", source),
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(source in "\\PC{0,60}") {
        let env = env();
        if let Ok(program) = env.compile_unchecked(&source) {
            let _ = program.eval(&activation(&env));
        }
    }

    #[test]
    fn no_mixture_of_tokens_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
        "i", "s", "ints", "names", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-", "!", "'", "\"", "b'",
        "r'", "\\", "1", "1u", "1.5", "0x", "e9", "in", "has(", ".map(x,", ".all(", "&&", "||", "==", "`a-b`", "//",
        "\n", "é", "null", "true", "cel.bind(", "math.greatest(", ".format(", "'%s'", ".?", "[?", "{?",
    ]), 0..20)) {
        let source: String = parts.concat();
        let env = env();
        match env.compile(&source) {
            Ok(program) => { let _ = program.eval(&activation(&env)); }
            Err(issues) => {
                prop_assert!(!issues.is_empty());
                prop_assert!(!cel::render(&issues).is_empty());
            }
        }
    }

    #[test]
    fn strings_survive_quoting(text in any::<String>()) {
        let env = env();
        let program = env.compile(&cel::quote(&text)).unwrap();
        prop_assert_eq!(program.eval(&env.activation()).unwrap(), Value::from(text));
    }

    #[test]
    fn octets_survive_quoting(bytes in any::<Vec<u8>>()) {
        let env = env();
        let program = env.compile(&cel::quote_bytes(&bytes)).unwrap();
        prop_assert_eq!(program.eval(&env.activation()).unwrap(), Value::Bytes(bytes.into()));
    }

    #[test]
    fn durations_survive_printing(nanos in any::<i64>()) {
        let span = cel::Duration::from_nanos(nanos);
        prop_assert_eq!(cel::Duration::parse(&span.to_string()), Some(span));
    }

    #[test]
    fn timestamps_survive_printing(seconds in -62_135_596_800_i64..=253_402_300_799, nanos in 0_u32..1_000_000_000) {
        let at = cel::Timestamp::new(seconds, nanos).unwrap();
        prop_assert_eq!(cel::Timestamp::parse(&at.to_string()), Some(at));
    }
}
