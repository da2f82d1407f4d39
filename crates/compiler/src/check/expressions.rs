//! Every expression of a template compiles; what is said of one that does not.

use std::fmt::Write as _;
use std::sync::Arc;

use cel::ast::{Expr, ExprKind};
use cel::{Env, Issue, IssueKind, Program, Type};

use super::variables::numbers_as;
use super::{Checked, hint};
use crate::problem::{Code, Place, Problem};
use crate::template::{Expression, Leaf, Template, methods, write_path};

/// Behind so many problems nothing is suggested any more: nobody reads it, and it takes longer than the check.
const SUGGESTED: usize = 200;

/// Tells every expression that does not compile.
pub(super) fn expressions(template: &Template, place: &Place, checked: &mut Checked) {
    template.each_leaf(&mut |path, leaf| {
        let mut below = String::new();
        write_path(&mut below, path);
        match leaf {
            Leaf::Expression(expression) => one(expression, &place.below(&below), checked),
            Leaf::Broken(nested) => checked.add(Code::Expression, &place.below(&below), nested.to_string()),
        }
    });
}

fn one(expression: &Arc<Expression>, place: &Place, checked: &mut Checked) {
    let issues = expression.issues();
    let about_numbers = match expression.program() {
        Ok(program) => mixes(program),
        Err(_) => issues.iter().any(|issue| issue.message.contains("double")),
    };
    if issues.is_empty() && !about_numbers {
        return;
    }
    let (with_integers, with_any) = if about_numbers {
        let failing = |numbers| with_numbers(expression, &numbers).err().unwrap_or_default();
        (failing(Type::Int), failing(any_number()))
    } else {
        (issues.clone(), Vec::new())
    };
    let among = |issue: &Issue, list: &[Issue]| list.iter().any(|a| (a.line, a.column) == (issue.line, issue.column));
    // Wrong whatever the numbers are; and what a problem of numbers has hidden.
    let is_certain = |issue: &Issue| among(issue, &with_integers) || among(issue, &with_any);
    let hidden = with_any.iter().filter(|issue| !among(issue, &issues));
    for issue in issues.iter().filter(|issue| is_certain(issue)).chain(hidden) {
        let mut message = issue.to_string();
        if checked.problems.len() < SUGGESTED
            && let Some(suggestion) = suggestion(issue, expression)
        {
            let _ = write!(message, "\n {suggestion}");
        }
        problem(Code::Expression, place, expression, Some(issue), message, checked);
    }
    for issue in issues.iter().filter(|issue| !is_certain(issue) && !is_fine_when_it_runs(issue)) {
        let message = format!(
            "{issue}\n a number that came through JSON is a double here, a whole number too: write int(…) around it"
        );
        problem(Code::Numbers, place, expression, Some(issue), message, checked);
    }
}

/// What the expression comes out as; `None` where it does not compile.
pub(super) fn output_type(expression: &Expression) -> Option<Type> {
    match expression.program() {
        Ok(program) if !mixes(program) => Some(program.output_type().clone()),
        _ => with_numbers(expression, &any_number()).ok().map(|program| program.output_type().clone()),
    }
}

/// A problem of an expression.
pub(super) fn problem(
    code: Code,
    place: &Place,
    expression: &Arc<Expression>,
    issue: Option<&Issue>,
    message: String,
    checked: &mut Checked,
) {
    checked.problems.push(of_expression(code, place, expression, issue, message));
}

/// A problem or warning of an expression.
pub(super) fn of_expression(
    code: Code,
    place: &Place,
    expression: &Arc<Expression>,
    issue: Option<&Issue>,
    message: String,
) -> Problem {
    let mut problem = Problem::new(code, place, message);
    problem.place.expression = Some(expression.source().to_string());
    problem.place.position = issue.map(|issue| (issue.line as usize, issue.column as usize));
    problem
}

/// The expression with other numbers in place of doubles.
fn with_numbers(expression: &Expression, numbers: &Type) -> Result<Program, Vec<Issue>> {
    let env = expression.env();
    let other = env.variables().fold(env.extend(), |other, (name, ty)| other.variable(name, numbers_as(ty, numbers)));
    other.number_unions(true).build().compile(expression.source())
}

/// A number that is a double when it runs, beside which integers may stand.
fn any_number() -> Type {
    Type::union([Type::Int, Type::Double])
}

/// Whether a list or map of it is of no type because what is in it is of several.
fn mixes(program: &Program) -> bool {
    fn walk(program: &Program, expr: &Expr, found: &mut bool) {
        *found |= match (&expr.kind, program.type_of(expr)) {
            (ExprKind::List(items), Type::List(item)) => items.len() > 1 && item.is_dyn(),
            (ExprKind::Map(entries), Type::Map(kv)) => entries.len() > 1 && (kv.0.is_dyn() || kv.1.is_dyn()),
            _ => false,
        };
        expr.each_child(&mut |child| walk(program, child, found));
    }
    let mut found = false;
    walk(program, &program.ast().root, &mut found);
    found
}

/// Comparing numbers of different types works when it runs, choosing between them does, and so does a double that is whole
/// as an index.
fn is_fine_when_it_runs(issue: &Issue) -> bool {
    issue
        .message
        .strip_prefix("found no matching overload for ")
        .and_then(|rest| rest.split_once(" applied to "))
        .is_some_and(|(function, _)| {
            matches!(
                function,
                "'_?_:_'"
                    | "'_==_'"
                    | "'_!=_'"
                    | "'@in'"
                    | "'_[_]'"
                    | "'_[?_]'"
                    | "'_<_'"
                    | "'_<=_'"
                    | "'_>_'"
                    | "'_>=_'"
            )
        })
}

/// What may have been meant, or what there is.
fn suggestion(issue: &Issue, expression: &Expression) -> Option<String> {
    /// Longer lists of fields help nobody.
    const LISTED: usize = 16;
    if issue.kind != IssueKind::Undeclared {
        return None;
    }
    let meant = |near: &str| format!("did you mean {near}?");
    let wrong = issue.message.split('\'').nth(1)?;
    let env = expression.env();
    if issue.message.starts_with("undefined field") {
        let fields = fields_at(env, expression.source(), issue)?;
        return match hint::nearest(wrong, fields.iter().map(String::as_str)) {
            Some(near) => Some(meant(near)),
            None if fields.is_empty() => Some("no fields are declared there".to_owned()),
            None if fields.len() <= LISTED => Some(format!("there are: {}", fields.join(", "))),
            None => None,
        };
    }
    if let Some(known) = hint::known_elsewhere(wrong) {
        return Some(meant(known));
    }
    let mut known: Vec<&str> = env.variables().map(|(name, _)| name).chain(env.function_names()).collect();
    known.extend(methods().map(|method| -> &str { method }));
    hint::nearest(wrong, known).map(meant)
}

/// The fields that there are where an undefined one is read.
fn fields_at(env: &Env, source: &str, issue: &Issue) -> Option<Vec<String>> {
    fn find<'e>(expr: &'e Expr, at: u32, found: &mut Option<&'e Expr>) {
        match &expr.kind {
            ExprKind::Select { operand, .. } if expr.at == at => *found = Some(operand),
            _ => expr.each_child(&mut |child| find(child, at, found)),
        }
    }
    let ast = env.parse(source).ok()?;
    let mut operand = None;
    find(&ast.root, issue.at, &mut operand);
    let program = env.compile(&cel::print(operand?)).ok()?;
    let mut ty = program.output_type().clone();
    while let Type::Nullable(inner) | Type::Optional(inner) = ty {
        ty = (*inner).clone();
    }
    match ty {
        Type::Object(object) => Some(object.fields.keys().cloned().collect()),
        _ => None,
    }
}
