//! Operands: constants, names, calls, parentheses, lists, maps.

use std::sync::Arc;

use super::lexer::{Kind, Token};
use super::literal::{unquote, unquote_bytes};
use super::parser::{Parsed, Parser, Stop};
use crate::ast::{Element, Entry, Expr, ExprKind, Literal};
use crate::source::{IssueKind, Span};

/// What begins an operand, as syntax errors list it.
const OPERAND: &str =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed {
        let token = self.token();
        let text = self.text(token);
        match (token.kind, text) {
            (Kind::Symbol, "(") => self.parenthesized(),
            (Kind::Symbol, "[") => self.list(),
            (Kind::Symbol, "{") => self.map(),
            (Kind::Symbol, "-") => self.negative_number(),
            (Kind::Symbol, ".") => self.root_name(),
            (Kind::Ident, "true" | "false" | "null") => self.word(token),
            (Kind::Ident, name) if name != "in" => {
                self.advance();
                self.name(text.into(), token, token.span)
            }
            (Kind::Int | Kind::Uint | Kind::Float | Kind::String | Kind::Bytes, _) => {
                self.advance();
                self.literal(token, text, token.span)
            }
            (Kind::Unknown, _) => self.unknown(token),
            _ => self.no_operand(token),
        }
    }

    pub(super) fn parenthesized(&mut self) -> Parsed {
        let open = self.advance();
        let mut inner = self.expression()?;
        let close = self.expect(")")?;
        inner.span = open.span.to(close.span);
        Ok(inner)
    }

    pub(super) fn negative_number(&mut self) -> Parsed {
        let sign = self.advance();
        let number = self.advance();
        let signed = format!("-{}", self.text(number));
        self.literal(number, &signed, sign.span.to(number.span))
    }

    pub(super) fn root_name(&mut self) -> Parsed {
        let dot = self.advance();
        let name = self.token();
        if name.kind != Kind::Ident {
            return self.stop(name, "no viable alternative at input '.'");
        }
        self.advance();
        self.name(format!(".{}", self.text(name)).into(), name, dot.span.to(name.span))
    }

    pub(super) fn word(&mut self, token: Token) -> Parsed {
        self.advance();
        let literal = match self.text(token) {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            _ => Literal::Null,
        };
        self.node(ExprKind::Literal(literal), token.span, token.span.start)
    }

    pub(super) fn no_operand<T>(&mut self, token: Token) -> Parsed<T> {
        let shown = self.shown(token);
        let after = self.ahead(1);
        let deletable = token.kind != Kind::End
            && match after.kind {
                Kind::End | Kind::Unknown | Kind::Escaped => false,
                Kind::Symbol => matches!(self.text(after), "[" | "{" | "(" | "." | "-" | "!"),
                _ => self.text(after) != "in",
            };
        let what = if deletable { "extraneous" } else { "mismatched" };
        self.stop(token, &format!("{what} input '{shown}' expecting {OPERAND}"))
    }

    /// A name or a call of a function.
    pub(super) fn name(&mut self, name: Arc<str>, token: Token, span: Span) -> Parsed {
        let plain = self.text(token);
        if RESERVED.contains(&plain) {
            self.issue(IssueKind::Syntax, token.span, token.span.start, format!("reserved identifier: {plain}"));
            return Err(Stop);
        }
        if self.is("(") {
            return self.function_call(name, span);
        }
        self.node(ExprKind::Ident(name), span, span.start)
    }

    pub(super) fn function_call(&mut self, name: Arc<str>, span: Span) -> Parsed {
        let open = self.advance();
        let (args, close) = self.arguments()?;
        self.invocation(name, None, args, span.to(close.span), open.span.start)
    }

    pub(super) fn literal(&mut self, token: Token, text: &str, span: Span) -> Parsed {
        let hex = |text: &str| -> Option<String> {
            let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
            rest.strip_prefix("0x").map(|digits| format!("{sign}{digits}"))
        };
        let bare = text.trim_end_matches(['u', 'U']);
        let literal = match token.kind {
            Kind::Int => hex(text)
                .map_or_else(|| text.parse(), |digits| i64::from_str_radix(&digits, 16))
                .map(Literal::Int)
                .map_err(|_| "invalid int literal".to_owned()),
            Kind::Uint => hex(bare)
                .map_or_else(|| bare.parse(), |digits| u64::from_str_radix(&digits, 16))
                .map(Literal::Uint)
                .map_err(|_| "invalid uint literal".to_owned()),
            Kind::Float => text
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
                .map(Literal::Double)
                .ok_or_else(|| "invalid double literal".to_owned()),
            Kind::String => unquote(text).map(|text| Literal::String(text.into())),
            _ => unquote_bytes(text).map(|bytes| Literal::Bytes(bytes.into())),
        };
        let literal = literal.unwrap_or_else(|message| {
            self.issue(IssueKind::Syntax, span, span.start, message);
            Literal::Null
        });
        self.node(ExprKind::Literal(literal), span, span.start)
    }

    pub(super) fn list(&mut self) -> Parsed {
        let open = self.advance();
        let mut elements = Vec::new();
        loop {
            if let Some(close) = self.take("]") {
                return self.node(ExprKind::List(elements), open.span.to(close.span), open.span.start);
            }
            let optional = self.optional_mark()?;
            elements.push(Element { optional, value: self.expression()? });
            if self.take(",").is_none() {
                let close = self.expect("]")?;
                return self.node(ExprKind::List(elements), open.span.to(close.span), open.span.start);
            }
        }
    }

    pub(super) fn map(&mut self) -> Parsed {
        let open = self.advance();
        let mut entries = Vec::new();
        loop {
            if let Some(close) = self.take("}") {
                return self.node(ExprKind::Map(entries), open.span.to(close.span), open.span.start);
            }
            let optional = self.optional_mark()?;
            let key = self.expression()?;
            self.expect(":")?;
            entries.push(Entry { optional, key, value: self.expression()? });
            if self.take(",").is_none() {
                let close = self.expect("}")?;
                return self.node(ExprKind::Map(entries), open.span.to(close.span), open.span.start);
            }
        }
    }

    pub(super) fn message(&mut self, name: &Expr) -> Parsed {
        let qualified: Arc<str> = name.qualified_name().unwrap_or_default().into();
        let open = self.advance();
        let mut fields = Vec::new();
        let close = loop {
            if let Some(close) = self.take("}") {
                break close;
            }
            self.optional_mark()?;
            let before = self.token();
            let (field, _) = self.field_name(before)?;
            self.expect(":")?;
            fields.push((field, self.expression()?));
            if self.take(",").is_none() {
                break self.expect("}")?;
            }
        };
        self.node(ExprKind::Struct { name: qualified, fields }, name.span.to(close.span), open.span.start)
    }
}
