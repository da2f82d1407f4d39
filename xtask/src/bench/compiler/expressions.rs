//! Every expression of the sample types by itself: parsed, checked, evaluated.

use super::super::BenchArgs;
use super::super::figure::{Figure, Report};
use super::cases::Inputs;
use super::stopwatch;
use anyhow::{Context, Result};
use compiler::Compiler;
use compiler::template::{Bindings, Expression, Language, Scope, Template};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a component's expressions may read; loops add their own.
const VARIABLES: [&str; 10] = [
    "metadata",
    "parameters",
    "environmentConfigs",
    "dataplane",
    "environment",
    "workload",
    "configurations",
    "dependencies",
    "derived",
    "gateway",
];

/// One expression and values that it can be evaluated with, where there are some.
struct One {
    scope: Arc<Scope>,
    expression: Arc<Expression>,
    bindings: Option<Bindings>,
}

/// Measures each once; the figure is the median over all expressions.
pub(super) fn measure(args: &BenchArgs, inputs: &Inputs, report: &mut Report) -> Result<()> {
    let all = collect(inputs)?;
    let evaluated = all.iter().filter(|one| one.bindings.is_some()).count();
    report.add(Figure::once("expressions of the samples", all.len() as f64, ""));
    report.add(Figure::once("… of these evaluated", evaluated as f64, ""));
    let mut add = |name: &str, nanos: Vec<f64>| -> Result<()> {
        let micros = nanos.into_iter().map(|nanos| nanos / 1e3).collect();
        report.add(Figure::median(name, micros, "µs").context("there is no expression")?);
        Ok(())
    };
    let each = |run: &dyn Fn(&One)| -> Vec<f64> { all.iter().map(|one| middle(args, || run(one))).collect() };
    let parse = each(&|one| drop(std::hint::black_box(one.scope.env().parse(one.expression.source()))));
    let compile = each(&|one| drop(std::hint::black_box(one.scope.env().compile(one.expression.source()))));
    let check = parse.iter().zip(&compile).map(|(parse, compile)| (compile - parse).max(0.0)).collect();
    add("an expression: parse", parse)?;
    add("an expression: check and plan", check)?;
    let bound = all.iter().filter_map(|one| Some((&one.expression, one.bindings.as_ref()?)));
    add("an expression: evaluate", bound.map(|(e, b)| middle(args, || drop(e.value(b)))).collect())
}

/// The middle one of a few samples.
fn middle(args: &BenchArgs, mut run: impl FnMut()) -> f64 {
    let mut samples = stopwatch::quick(args.times, &mut run);
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// All expressions of the samples' types and traits, each text once per scope.
fn collect(inputs: &Inputs) -> Result<Vec<One>> {
    let compiler = Compiler::new();
    let mut found = BTreeMap::new();
    for case in inputs.samples()? {
        let input = case.input();
        let scope = Scope::new(Language::Component, VARIABLES);
        let bindings = compiler.component_variables(&input).ok();
        visit(&input.type_spec.to_json()?, &scope, bindings.as_ref(), &mut found);
        for source in input.trait_specs {
            visit(&source.spec.to_json()?, &scope.with("trait").with("resource"), None, &mut found);
        }
    }
    Ok(found.into_values().collect())
}

type Found = BTreeMap<(String, bool), One>;

/// An object with a loop has its variable in scope; the first item stands for all.
fn visit(json: &Value, scope: &Arc<Scope>, bindings: Option<&Bindings>, found: &mut Found) {
    match json {
        Value::Object(entries) => {
            let items = json["forEach"].as_str().map(|text| Template::parse_text(text, scope));
            let inside = items.map(|items| {
                let variable = json["var"].as_str().unwrap_or("item");
                let inside = scope.with(variable);
                let first = match &items {
                    Template::Whole(expression) => bindings.and_then(|b| Some((b, first(&expression.value(b).ok()?)?))),
                    _ => None,
                };
                let bindings = first.map(|(bindings, item)| inside.widen(bindings, variable, item));
                (inside, bindings)
            });
            for (key, value) in entries {
                match &inside {
                    Some((scope, bindings)) if key != "forEach" && key != "includeWhen" => {
                        visit(value, scope, bindings.as_ref(), found);
                    }
                    _ => visit(value, scope, bindings, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, scope, bindings, found)),
        Value::String(text) => Template::parse_text(text, scope).each_expression(&mut |_, expression| {
            if scope.env().compile(expression.source()).is_ok() {
                let bindings = bindings.filter(|bindings| expression.value(bindings).is_ok()).cloned();
                let key = (expression.source().to_string(), bindings.is_some());
                found.entry(key).or_insert_with(|| One {
                    scope: scope.clone(),
                    expression: expression.clone(),
                    bindings,
                });
            }
        }),
        _ => {}
    }
}

fn first(items: &cel::Value) -> Option<cel::Value> {
    match items {
        cel::Value::List(items) => items.first().cloned(),
        cel::Value::Map(map) => map.iter().next().map(|(key, value)| {
            cel::Value::map([("key", cel::Value::String(key.to_text())), ("value", value.clone())])
        }),
        _ => None,
    }
}
