//! Input that is too large, too deep or too slow ends with an error.

use cel::{Env, EvalErrorKind, IssueKind, Numbers, Type, Value, libraries};

fn env() -> Env {
    Env::builder()
        .libraries(libraries::extensions())
        .libraries(libraries::kubernetes::all())
        .optional_syntax(true)
        .variable("x", Type::Dyn)
        .build()
}

/// Compiles, evaluates and prints; all that matters is that it ends.
fn survive(source: &str) {
    let env = env();
    if let Ok(program) = env.compile(source) {
        let _ = program.eval(&env.activation());
        let _ = cel::print(&program.ast().root);
    }
    if let Ok(program) = env.compile_unchecked(source) {
        let _ = program.eval(&env.activation());
    }
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("!(", ")"), ("-(", ")"), ("size(", ")"), ("x[", "]")] {
        let source = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let issues = env().compile(&source).unwrap_err();
        assert_eq!(issues.len(), 1, "{open}");
        assert_eq!(issues[0].kind, IssueKind::Limit, "{open}");
    }
}

#[test]
fn every_depth_up_to_the_limit_can_be_walked() {
    for depth in [10, 100, 200, 240, 249, 250, 251, 400, 1000] {
        for (open, middle, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("{1: ", "1", "}"),
            ("!(", "true", ")"),
            ("-(", "1", ")"),
            ("dyn(", "1", ")"),
            ("[1].map(y, ", "y", ")"),
            ("cel.bind(y, 1, ", "y", ")"),
            ("true ? ", "1", " : 1"),
            ("true ? 1 : ", "1", ""),
            ("1 + (", "1", ")"),
            ("optional.of(1).optMap(y, ", "y", ")"),
            ("x.?a.orValue(", "1", ")"),
        ] {
            survive(&format!("{}{middle}{}", open.repeat(depth), close.repeat(depth)));
        }
    }
}

#[test]
fn long_chains_are_refused_or_walked() {
    for length in [100, 300, 390, 400, 1_000, 10_000, 30_000] {
        for link in [" + 1", " - 1", " == 1", " && x", " || x", ".a", "[0]", ".?a", ".size()", " in x"] {
            survive(&format!("x{}", link.repeat(length)));
        }
        survive(&format!("{}x", "!".repeat(length)));
        survive(&format!("{}x", "-".repeat(length)));
        survive(&format!("{}x", "!-".repeat(length)));
        survive(&format!("[{}1]", "1, ".repeat(length)));
    }
}

#[test]
fn a_long_sum_of_strings_is_accepted() {
    let source = vec!["'a'"; 300].join(" + ");
    let program = env().compile(&source).unwrap();
    assert_eq!(program.eval(&env().activation()).unwrap(), Value::from("a".repeat(300)));
}

#[test]
fn a_megabyte_is_refused() {
    let issues = env().compile(&"1 + ".repeat(250_000)).unwrap_err();
    assert_eq!(issues[0].message, "expression code point size exceeds limit: size: 1000000, limit 100000");
    let issues = env().compile(&format!("'{}'", "é".repeat(1_000_000))).unwrap_err();
    assert_eq!(issues[0].kind, IssueKind::Limit);
}

/// Each problem holds its line of the source, which may be all of a long text.
#[test]
fn of_very_many_mistakes_a_hundred_are_told() {
    let issues = env().compile(&format!("[{}]", "no, ".repeat(20_000))).unwrap_err();
    assert_eq!(issues.len(), 101);
    assert_eq!((issues[0].column, issues[99].column), (2, 398));
    assert_eq!(
        (issues[100].kind, issues[100].to_string().as_str()),
        (IssueKind::Truncated, "19900 more errors were truncated")
    );
}

#[test]
fn slow_expressions_run_out_of_budget() {
    let numbers = Value::from_json(&serde_json::json!((0..1000).collect::<Vec<_>>()), Numbers::AsInt);
    for source in [
        "x.map(a, x.map(b, x.map(c, a + b + c)))",
        "x.all(a, x.all(b, x.all(c, x.all(d, a + b + c + d >= 0))))",
        "lists.range(999999).all(a, lists.range(999999).all(b, true))",
        "x.all(a, false || x.all(b, true || x.exists(c, false)) && x.all(b, x.all(c, true)))",
        "cel.bind(a, x + x + x + x + x + x, cel.bind(b, a + a + a + a + a, a.map(y, b + b).map(z, z + z).size() > 0))",
        "x.all(y, sets.equivalent(x, x))",
    ] {
        let program = env().compile(source).unwrap();
        let error = program.eval(&env().activation().with("x", numbers.clone())).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::LimitExceeded, "{source}");
        assert_eq!(error.to_string(), "operation cancelled: actual cost limit exceeded");
    }
}

#[test]
fn growing_strings_run_out_of_budget() {
    let mut source = "'0123456789'".to_owned();
    for name in 0..100 {
        source = format!("cel.bind(v{name}, {source}, v{name} + v{name})");
    }
    let program = env().compile(&source).unwrap();
    let error = program.eval(&env().activation()).unwrap_err();
    assert_eq!(error.kind(), EvalErrorKind::LimitExceeded);
}

#[test]
fn results_far_larger_than_their_arguments_are_refused() {
    let long = Value::from("a".repeat(1_000_000));
    for (source, expected) in [
        ("lists.range(1000).map(i, x).join(',')", "the result of join() would be too long"),
        ("x.replace('', x)", "the result of replace() would be too long"),
        ("lists.range(2000).map(i, lists.range(2000)).flatten()", "the result of flatten() is longer than 1000000"),
        (
            "lists.range(300).map(i, '%s').join('').format(lists.range(300).map(i, x))",
            "error during formatting: the text would be too long",
        ),
    ] {
        let program = env().compile(source).unwrap();
        let error = program.eval(&env().activation().with("x", long.clone())).unwrap_err();
        assert_eq!(error.to_string(), expected, "{source}");
    }
}

#[test]
fn patterns_that_explode_are_refused() {
    for pattern in ["(a{1000}){1000}", "((a{100}){100}){100}", &"(".repeat(5000), "\\", "[", "(?P<n>", "(?<!a)b"] {
        let source = format!("'aaaa'.matches({})", cel::quote(pattern));
        let program = env().compile(&source).unwrap();
        let error = program.eval(&env().activation()).unwrap_err();
        assert!(error.message().starts_with("error parsing regexp: "), "{pattern}: {error}");
    }
}

/// A pattern that is prepared once per item costs what that takes.
#[test]
fn patterns_that_are_put_together_run_out_of_budget() {
    for source in [
        r"lists.range(100000).all(i, !'a'.matches('\\pL{500}' + string(i)))",
        r"lists.range(100000).all(i, 'a'.find('(\\w{50}){50}' + string(i)) == '')",
        r"lists.range(100000).all(i, 'a'.findAll('[^\\x00-\\x{10FFFF}]{900}' + string(i)).size() == 0)",
    ] {
        let program = env().compile(source).unwrap();
        let error = program.eval(&env().activation()).unwrap_err();
        assert_eq!(error.to_string(), "operation cancelled: actual cost limit exceeded", "{source}");
    }
}

#[test]
fn the_budget_is_counted() {
    let program = env().compile("x.map(y, y + 1)").unwrap();
    let activation = env().activation().with("x", Value::from(vec![Value::Int(1), Value::Int(2)]));
    let (result, cost) = program.eval_metered(&activation, 1000);
    assert_eq!(result.unwrap(), Value::from(vec![Value::Int(2), Value::Int(3)]));
    assert!((5..=20).contains(&cost), "{cost}");
    assert!(program.eval_metered(&activation, cost - 1).0.is_err());
}

/// Conditions have a short path for what most of them are made of.
#[test]
fn a_condition_costs_the_same_however_it_is_written() {
    let json = serde_json::json!({"kind": "a text of thirty characters....", "items": [1, 2, 3], "map": {"a": 1}});
    let activation = env().activation().with("x", Value::from_json(&json, Numbers::AsInt));
    let cost = |source: &str| {
        let (result, cost) = env().compile(source).unwrap().eval_metered(&activation, 1000);
        assert!(result.is_ok(), "{source}: {result:?}");
        cost
    };
    for (short, long) in [
        ("x.kind == 'a text of thirty characters....' && true", "'a text of thirty characters....' == x.kind && true"),
        ("x.kind != 'Other' && true", "'Other' != x.kind && true"),
        ("x.items.size() > 2 && true", "2 < x.items.size() && true"),
        ("size(x.map) <= 1 && true", "1 >= size(x.map) && true"),
    ] {
        assert_eq!(cost(short), cost(long), "{short}");
    }
}
