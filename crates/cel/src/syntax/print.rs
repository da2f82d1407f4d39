//! Trees back to text.

use std::fmt::Write as _;

use super::literal::{quote, quote_bytes};
use crate::ast::{Comprehension, ComprehensionKind, Expr, ExprKind, Literal, SelectMode};

/// The expression as text that parses to an equal tree.
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    write(&mut out, expr);
    out
}

const PRIMARY: u8 = 8;
const UNARY: u8 = 7;

fn binary(function: &str) -> Option<(&'static str, u8)> {
    Some(match function {
        "_||_" => ("||", 2),
        "_&&_" => ("&&", 3),
        "_==_" => ("==", 4),
        "_!=_" => ("!=", 4),
        "_<_" => ("<", 4),
        "_<=_" => ("<=", 4),
        "_>_" => (">", 4),
        "_>=_" => (">=", 4),
        "@in" => ("in", 4),
        "_+_" => ("+", 5),
        "_-_" => ("-", 5),
        "_*_" => ("*", 6),
        "_/_" => ("/", 6),
        "_%_" => ("%", 6),
        _ => return None,
    })
}

fn level(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Call { function, target: None, args } => match &**function {
            "_?_:_" => 1,
            "!_" | "-_" => UNARY,
            name if args.len() >= 2 => binary(name).map_or(PRIMARY, |(_, level)| level),
            _ => PRIMARY,
        },
        // A sign or a digit before a dot would be read as part of the number.
        ExprKind::Literal(Literal::Int(_) | Literal::Double(_) | Literal::Uint(_)) => UNARY,
        _ => PRIMARY,
    }
}

fn nested(out: &mut String, expr: &Expr, at_least: u8) {
    if level(expr) < at_least {
        out.push('(');
        write(out, expr);
        out.push(')');
    } else {
        write(out, expr);
    }
}

fn list<'a>(out: &mut String, items: impl Iterator<Item = &'a Expr>) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
}

fn field_name(field: &str) -> String {
    let mut bytes = field.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !matches!(field, "in" | "true" | "false" | "null");
    if plain { field.to_owned() } else { format!("`{field}`") }
}

fn write(out: &mut String, expr: &Expr) {
    match &expr.kind {
        ExprKind::Literal(literal) => write_literal(out, literal),
        ExprKind::Ident(name) => out.push_str(name),
        ExprKind::Select { operand, field, mode } => {
            if *mode == SelectMode::Test {
                out.push_str("has(");
            }
            nested(out, operand, PRIMARY);
            out.push_str(if *mode == SelectMode::Optional { ".?" } else { "." });
            out.push_str(&field_name(field));
            if *mode == SelectMode::Test {
                out.push(')');
            }
        }
        ExprKind::Call { function, target, args } => write_call(out, function, target.as_deref(), args),
        ExprKind::List(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if element.optional {
                    out.push('?');
                }
                write(out, &element.value);
            }
            out.push(']');
        }
        ExprKind::Map(entries) => {
            out.push('{');
            for (i, entry) in entries.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if entry.optional {
                    out.push('?');
                }
                nested(out, &entry.key, 2);
                out.push_str(": ");
                write(out, &entry.value);
            }
            out.push('}');
        }
        ExprKind::Struct { name, fields } => {
            let _ = write!(out, "{name}{{");
            for (i, (field, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                let _ = write!(out, "{}: ", field_name(field));
                write(out, value);
            }
            out.push('}');
        }
        ExprKind::Comprehension(c) => write_comprehension(out, c),
        ExprKind::Bind { name, value, body } => {
            let _ = write!(out, "cel.bind({name}, ");
            list(out, [&**value, &**body].into_iter());
            out.push(')');
        }
        ExprKind::OptMap { target, name, body, flat } => {
            nested(out, target, PRIMARY);
            let _ = write!(out, ".{}({name}, ", if *flat { "optFlatMap" } else { "optMap" });
            write(out, body);
            out.push(')');
        }
    }
}

fn write_call(out: &mut String, function: &str, target: Option<&Expr>, args: &[Expr]) {
    match (function, target, args) {
        (_, Some(target), _) => {
            nested(out, target, PRIMARY);
            let _ = write!(out, ".{function}(");
            list(out, args.iter());
            out.push(')');
        }
        ("_?_:_", None, [condition, yes, no]) => {
            nested(out, condition, 2);
            out.push_str(" ? ");
            nested(out, yes, 2);
            out.push_str(" : ");
            write(out, no);
        }
        ("!_" | "-_", None, [operand]) => {
            out.push(if function == "!_" { '!' } else { '-' });
            // `-1` is a constant, and two signs in a row would cancel each other.
            nested(out, operand, PRIMARY);
        }
        ("_[_]" | "_[?_]", None, [operand, index]) => {
            nested(out, operand, PRIMARY);
            out.push_str(if function == "_[_]" { "[" } else { "[?" });
            write(out, index);
            out.push(']');
        }
        (name, None, [first, rest @ ..]) if !rest.is_empty() && binary(name).is_some() => {
            let (symbol, level) = binary(name).unwrap_or(("", 0));
            // Chains of && and || are one node, so an operand of the same kind was in parentheses.
            let left = if level <= 3 { level + 1 } else { level };
            nested(out, first, left);
            for operand in rest {
                let _ = write!(out, " {symbol} ");
                nested(out, operand, level + 1);
            }
        }
        _ => {
            let _ = write!(out, "{function}(");
            list(out, args.iter());
            out.push(')');
        }
    }
}

fn write_comprehension(out: &mut String, c: &Comprehension) {
    nested(out, &c.range, PRIMARY);
    let name = match (c.kind, c.var2.is_some()) {
        (ComprehensionKind::All, _) => "all",
        (ComprehensionKind::Exists, _) => "exists",
        (ComprehensionKind::ExistsOne, false) => "exists_one",
        (ComprehensionKind::ExistsOne, true) => "existsOne",
        (ComprehensionKind::Filter, _) => "filter",
        (ComprehensionKind::Map, false) => "map",
        (ComprehensionKind::Map, true) => "transformList",
        (ComprehensionKind::TransformMap, _) => "transformMap",
        (ComprehensionKind::TransformMapEntry, _) => "transformMapEntry",
        (ComprehensionKind::SortBy, _) => "sortBy",
    };
    let _ = write!(out, ".{name}({}", c.var);
    if let Some(var2) = &c.var2 {
        let _ = write!(out, ", {var2}");
    }
    for part in c.filter.iter().chain([&c.body]) {
        out.push_str(", ");
        write(out, part);
    }
    out.push(')');
}

fn write_literal(out: &mut String, literal: &Literal) {
    match literal {
        Literal::Null => out.push_str("null"),
        Literal::Bool(value) => {
            let _ = write!(out, "{value}");
        }
        Literal::Int(value) => {
            let _ = write!(out, "{value}");
        }
        Literal::Uint(value) => {
            let _ = write!(out, "{value}u");
        }
        Literal::Double(value) => {
            let _ = write!(out, "{value:?}");
        }
        Literal::String(text) => out.push_str(&quote(text)),
        Literal::Bytes(bytes) => out.push_str(&quote_bytes(bytes)),
    }
}
