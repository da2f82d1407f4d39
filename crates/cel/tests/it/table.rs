//! Expressions and what they give, as text.

use cel::{Env, Type, libraries};

fn env() -> Env {
    Env::builder()
        .libraries([libraries::optionals(), libraries::bindings(), libraries::two_variables()])
        .optional_syntax(true)
        .build()
}

fn answer(source: &str) -> String {
    match env().compile(source) {
        Err(issues) => issues[0].headline(),
        Ok(program) => match program.eval(&env().activation()) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        },
    }
}

#[test]
fn operators_and_macros() {
    for (source, expected) in [
        ("1 + 2 * 3 - 4", "3"),
        ("[1, 2, 3].map(x, x * 2).filter(x, x > 2)", "[4, 6]"),
        ("{'a': 1, 'b': 2}.exists(k, v, k == 'b' && v == 2)", "true"),
        ("{'a': 1}.?b.orValue(7)", "7"),
        ("cel.bind(x, 2, [1, 2].map(y, x + y))", "[3, 4]"),
        ("'a' + 'b' + 'c'", "\"abc\""),
        ("has({'a': 1}.a)", "true"),
        ("false && 1 / 0 > 0", "false"),
        (
            "true ? 1 : 'x'",
            "ERROR: <input>:1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'",
        ),
        ("1 / 0", "error: division by zero"),
        ("a.b", "ERROR: <input>:1:1: undeclared reference to 'a' (in container '')"),
    ] {
        assert_eq!(answer(source), expected, "{source}");
    }
}

#[test]
fn declared_fields_are_checked() {
    let object = Type::object("Spec", [("var".to_owned(), Type::String)]);
    let env = Env::builder().variable("self", object).escaped_fields(true).build();
    assert_eq!(*env.compile("self.var").unwrap().output_type(), Type::String);
    assert_eq!(*env.compile("self.__var__").unwrap().output_type(), Type::String);
    assert_eq!(env.compile("self.x").unwrap_err()[0].message, "undefined field 'x'");
}
