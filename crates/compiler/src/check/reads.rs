//! What an expression reads: variables, and which fields of them.

use cel::ast::{Expr, ExprKind, Literal};

/// A variable and the fields read below it, as far as they stand in the text: `parameters.a["b"][i]` reads
/// `parameters`, `a`, `b`, and there the whole.
pub(super) type Read = Vec<String>;

/// Everything that the expression reads, local names included.
pub(super) fn reads(expr: &Expr, found: &mut Vec<Read>) {
    let mut computed = Vec::new();
    if let Some(read) = chain(expr, &mut computed) {
        found.push(read);
        computed.into_iter().for_each(|expr| reads(expr, found));
        return;
    }
    expr.each_child(&mut |child| reads(child, found));
}

/// The fields selected from a variable; indexes that are computed end the chain and are kept apart.
fn chain<'e>(expr: &'e Expr, computed: &mut Vec<&'e Expr>) -> Option<Read> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(vec![name.trim_start_matches('.').to_owned()]),
        ExprKind::Select { operand, field, .. } => {
            let mut read = chain(operand, computed)?;
            if computed.is_empty() {
                read.push(field.to_string());
            }
            Some(read)
        }
        ExprKind::Call { function, target: None, args } if matches!(&**function, "_[_]" | "_[?_]") => {
            let [operand, index] = &args[..] else { return None };
            let mut read = chain(operand, computed)?;
            match &index.kind {
                ExprKind::Literal(Literal::String(key)) if computed.is_empty() => read.push(key.to_string()),
                _ => computed.push(index),
            }
            Some(read)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Language;

    #[test]
    fn fields_are_told_as_far_as_they_are_written() {
        let of = |text: &str| {
            let mut found = Vec::new();
            reads(&Language::Plain.parse(text).unwrap().root, &mut found);
            found.iter().map(|read| read.join(".")).collect::<Vec<_>>()
        };
        assert_eq!(of("a.b['c'].d"), ["a.b.c.d"]);
        assert_eq!(of("has(a.b.c) ? a[x.y].z : a.?q.orValue('')"), ["a.b.c", "a", "x.y", "a.q"]);
        assert_eq!(of("a.b.map(i, i.c + a.d)"), ["a.b", "i.c", "a.d"]);
        assert_eq!(of("f.size() + 'a'.size()"), ["f"]);
    }
}
