//! What is written out and can never be right.

use crate::ast::{Expr, ExprKind, Literal};
use crate::libraries::pattern;
use crate::source::{IssueKind, Issues};
use crate::ty::Type;
use crate::value::{Duration, Timestamp};

/// Tells of every pattern, time and span that is written out and is none, and of lists and maps whose parts are of
/// several types. What is formatted may be of any.
pub(super) fn check(source: &str, root: &Expr, type_of: &dyn Fn(&Expr) -> Type, issues: &mut Issues) {
    let mut stack = vec![(root, false)];
    while let Some((expr, formatted)) = stack.pop() {
        let mut tell = |at: &Expr, message: String| issues.add(source, IssueKind::Type, at.span, at.at, message);
        let mut alike = |parts: &mut dyn Iterator<Item = (&Expr, bool)>| {
            let mut first: Option<Type> = None;
            for (part, optional) in parts {
                let ty = match type_of(part) {
                    Type::Optional(held) if optional => (*held).clone(),
                    ty => ty,
                };
                match &first {
                    Some(first) if *first != ty => tell(part, format!("expected type '{first}' but found '{ty}'")),
                    Some(_) => {}
                    None => first = Some(ty),
                }
            }
        };
        let mut below = formatted;
        match &expr.kind {
            ExprKind::List(elements) if !formatted => {
                alike(&mut elements.iter().map(|element| (&element.value, element.optional)));
            }
            ExprKind::Map(entries) if !formatted => {
                alike(&mut entries.iter().map(|entry| (&entry.key, false)));
                alike(&mut entries.iter().map(|entry| (&entry.value, entry.optional)));
            }
            ExprKind::Call { function, args, .. } => {
                below |= &**function == "format";
                if let Some(last) = args.last()
                    && let ExprKind::Literal(Literal::String(text)) = &last.kind
                    && !takes(function, text)
                {
                    tell(last, format!("invalid {function} argument"));
                }
            }
            _ => {}
        }
        expr.each_child(&mut |child| stack.push((child, below)));
    }
}

/// Whether a function can take a text as its last argument.
fn takes(function: &str, text: &str) -> bool {
    match function {
        "matches" => pattern::compile(text).is_ok(),
        "timestamp" => Timestamp::parse(text).is_some(),
        "duration" => Duration::parse(text).is_some(),
        _ => true,
    }
}
