//! What compiling and evaluating costs.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use cel::{Env, Numbers, Type, Value, libraries};
use criterion::{Criterion, criterion_group, criterion_main};

fn env() -> Env {
    Env::builder().libraries(libraries::extensions()).optional_syntax(true).variable("x", Type::Dyn).build()
}

fn input() -> Value {
    let json = serde_json::json!({
        "a": "b",
        "list": [1, 2, 3],
        "labels": {"app": "web", "tier": "front"},
        "ports": [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}],
    });
    Value::from_json(&json, Numbers::AsInt)
}

const EXPRESSIONS: [(&str, &str); 6] = [
    ("predicate", "x.a == 'b' && size(x.list) > 2"),
    ("has", "!has(x.forEach) || has(x.var)"),
    ("optional", "x.?labels.?app.orValue('none')"),
    ("map", "x.ports.map(p, {'name': p.name, 'containerPort': p.port})"),
    ("join", "x.labels.transformList(k, v, k + '=' + v).join(',')"),
    ("string", "x.a + '-' + x.labels.app + '-' + string(x.list[0])"),
];

fn evaluate(c: &mut Criterion) {
    let env = env();
    let activation = env.activation().with("x", input());
    for (name, source) in EXPRESSIONS {
        let program = env.compile(source).unwrap();
        program.eval(&activation).unwrap();
        c.bench_function(&format!("eval/{name}"), |b| b.iter(|| program.eval(black_box(&activation))));
    }
}

fn compile(c: &mut Criterion) {
    let env = env();
    for (name, source) in EXPRESSIONS {
        c.bench_function(&format!("compile/{name}"), |b| b.iter(|| env.compile(black_box(source))));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(300)).measurement_time(std::time::Duration::from_secs(1)).sample_size(20);
    targets = evaluate, compile
}
criterion_main!(benches);
