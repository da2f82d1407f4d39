//! Expressions and what they give: one file of expressions, one snapshot of their types and answers each.

use cel::{Activation, Args, Env, Function, Macro, Overload, Type, Value, libraries};

fn env() -> Env {
    Env::builder()
        .libraries(libraries::extensions())
        .libraries(libraries::kubernetes::all())
        .optional_syntax(true)
        .build()
}

fn answer(env: &Env, activation: &Activation, source: &str) -> String {
    match env.compile(source) {
        Err(issues) => cel::render(&issues),
        Ok(program) => match program.eval(activation) {
            Ok(value) => format!("{value}  : {}", program.output_type()),
            Err(error) => format!("error: {error}"),
        },
    }
}

fn answers(sources: &str) -> String {
    let env = env();
    let activation = env.activation();
    let blocks: Vec<String> = sources
        .lines()
        .map(|source| format!("{source}\n    {}\n", answer(&env, &activation, source).replace('\n', "\n    ")))
        .collect();
    blocks.concat()
}

#[test]
fn the_language() {
    insta::assert_snapshot!("language", answers(include_str!("cases/language.txt")));
}

#[test]
fn the_libraries() {
    insta::assert_snapshot!("libraries", answers(include_str!("cases/libraries.txt")));
}

#[test]
fn declared_fields_are_checked() {
    let object = Type::object(
        "Spec",
        [
            ("var".to_owned(), Type::String),
            ("a-b".to_owned(), Type::Int),
            ("port".to_owned(), Type::union([Type::Int, Type::String])),
            ("count".to_owned(), Type::nullable(Type::Int)),
            ("names".to_owned(), Type::list(Type::String)),
        ],
    );
    let env = Env::builder().variable("self", object).escaped_fields(true).build();
    for (source, expected) in [
        ("self.var", "string"),
        ("self.__var__", "string"),
        ("self.a__dash__b + 1", "int"),
        ("self.port == 80 || self.port == 'http'", "bool"),
        ("self.port == true", "found no matching overload for '_==_' applied to '(int | string, bool)'"),
        ("self.count == null || self.count > 1", "bool"),
        ("self.names.map(n, size(n))", "list(int)"),
        ("self.x", "undefined field 'x'"),
        ("self.names.y", "type 'list(string)' does not support field selection"),
        ("self.names + 1", "found no matching overload for '_+_' applied to '(list(string), int)'"),
    ] {
        let found = match env.compile(source) {
            Ok(program) => program.output_type().to_string(),
            Err(issues) => issues[0].message.clone(),
        };
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn data_has_its_own_field_names() {
    let object = Type::object("Spec", [("var".to_owned(), Type::String), ("a-b".to_owned(), Type::Int)]);
    let env = Env::builder().variable("self", object).escaped_fields(true).build();
    let data = Value::map([("var", Value::from("v")), ("a-b", Value::Int(1))]);
    let activation = env.activation().with("self", data);
    for source in ["self.var == 'v'", "self.__var__ == 'v'", "has(self.__var__)", "self.a__dash__b == 1"] {
        let program = env.compile(source).unwrap();
        assert_eq!(program.eval(&activation).unwrap(), Value::Bool(true), "{source}");
    }
}

#[test]
fn all_problems_are_reported_in_order_of_place() {
    let issues = env().compile("nothing + size(1) +\n  [1].nope() + ('a' + 1)").unwrap_err();
    let found: Vec<(u32, u32, &str)> = issues.iter().map(|i| (i.line, i.column, i.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, 1, "undeclared reference to 'nothing' (in container '')"),
            (1, 15, "found no matching overload for 'size' applied to '(int)'"),
            (2, 11, "undeclared reference to 'nope' (in container '')"),
            (2, 21, "found no matching overload for '_+_' applied to '(string, int)'"),
        ]
    );
}

#[test]
fn errors_point_at_their_part_of_the_expression() {
    let env = Env::builder().variable("x", Type::Dyn).build();
    let program = env.compile("x.a == 1 &&\n  x.b.c > 2").unwrap();
    let data = Value::map([("a", Value::Int(1)), ("b", Value::map([("d", Value::Int(1))]))]);
    let error = program.eval(&env.activation().with("x", data)).unwrap_err();
    assert_eq!(error.span().unwrap().of(program.source()), "x.b.c");
    assert_eq!(error.line_column(program.source()), Some((2, 3)));
}

#[test]
fn functions_and_macros_of_the_host() {
    let twice =
        Function::new("my.twice").overload(Overload::global("twice_int", [Type::Int], Type::Int, |args| match args {
            [Value::Int(value)] => Ok(Value::Int(value * 2)),
            _ => Err(cel::EvalError::no_such_overload()),
        }));
    let sum = Macro::global("sum", Args::Any, |call| match call.args {
        [] => Err(call.error("sum requires an argument")),
        [first, rest @ ..] => {
            Ok(Some(rest.iter().fold(first.clone(), |sum, next| call.call("_+_", vec![sum, next.clone()]))))
        }
    });
    let env = Env::builder().function(twice).with_macro(sum).variable("x", Type::Dyn).build();
    let activation = env.activation().with("x", 5);
    assert_eq!(answer(&env, &activation, "sum(1, my.twice(2), x)"), "10  : int");
    assert_eq!(answer(&env, &activation, "my.twice(dyn('a'))"), "error: no such overload: my.twice(string)");
    assert_eq!(
        answer(&env, &activation, "1 + sum()"),
        "ERROR: <input>:1:8: sum requires an argument\n | 1 + sum()\n | .......^"
    );
}

#[test]
fn an_extended_environment_shadows_and_keeps_slots() {
    let base = Env::builder().variable("a", Type::Int).variable("b", Type::Int).build();
    let inner = base.extend().variable("a", Type::String).build();
    let outer_program = base.compile("a + b").unwrap();
    let inner_program = inner.compile("a + string(b)").unwrap();
    let activation = base.activation().with("a", 1).with("b", 2).widen(&inner).with("a", "x");
    assert_eq!(inner_program.eval(&activation).unwrap(), Value::from("x2"));
    assert_eq!(outer_program.eval(&activation).unwrap(), Value::Int(3));
}

#[test]
fn constants_are_computed_once() {
    let program = env().compile("'a' + string(1 + 2) + ['x'].join('-')").unwrap();
    assert_eq!(program.constant(), Some(&Value::from("a3x")));
    assert_eq!(env().compile("1 / 0").unwrap().constant(), None);
}
