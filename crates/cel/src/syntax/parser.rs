//! Tokens to a tree: operators by precedence, macros expanded on the way.

use std::sync::Arc;

use super::lexer::{Kind, Token, tokens};
use super::literal::{unquote, unquote_bytes};
use super::macros::{Macro, MacroCall};
use crate::ast::{Ast, Element, Entry, Expr, ExprKind, Literal, SelectMode};
use crate::source::{Issue, IssueKind, Span};

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

/// What the parser accepts.
#[derive(Clone, Debug)]
pub(crate) struct ParseOptions {
    pub(crate) optional_syntax: bool,
    pub(crate) max_code_points: usize,
    pub(crate) max_nesting: u32,
    pub(crate) max_depth: u32,
}

/// The tree of a text, its macros expanded.
pub(crate) fn parse(source: &str, options: &ParseOptions, macros: &[Macro]) -> Result<Ast, Vec<Issue>> {
    if source.len() > options.max_code_points {
        let count = source.chars().count();
        if count > options.max_code_points {
            let message =
                format!("expression code point size exceeds limit: size: {count}, limit {}", options.max_code_points);
            let mut issue = Issue::new("", IssueKind::Limit, Span::new(0, source.len()), 0, message);
            issue.snippet = source.chars().take(60).collect();
            return Err(vec![issue]);
        }
    }
    let tokens = tokens(source);
    let mut parser = Parser { source, tokens, next: 0, nesting: 0, options, macros, issues: Vec::new() };
    let parsed = parser.expression().and_then(|root| parser.finish(root));
    match parsed {
        Ok(mut root) if parser.issues.is_empty() => {
            let mut nodes = 0;
            root.number(&mut nodes);
            Ok(Ast { source: source.into(), root, nodes })
        }
        Ok(_) => Err(parser.issues),
        Err(Stop) => Err(parser.issues),
    }
}

/// A syntax error was recorded and parsing cannot go on.
struct Stop;

type Parsed<T = Expr> = Result<T, Stop>;

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    nesting: u32,
    options: &'a ParseOptions,
    macros: &'a [Macro],
    issues: Vec<Issue>,
}

impl<'a> Parser<'a> {
    fn token(&self) -> Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> Token {
        let end = Token { kind: Kind::End, span: Span::new(self.source.len(), self.source.len()) };
        self.tokens.get(self.next + count).copied().unwrap_or(end)
    }

    fn text(&self, token: Token) -> &'a str {
        token.span.of(self.source)
    }

    fn advance(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::End {
            self.next += 1;
        }
        token
    }

    fn is(&self, symbol: &str) -> bool {
        let token = self.token();
        token.kind == Kind::Symbol && self.text(token) == symbol
    }

    fn take(&mut self, symbol: &str) -> Option<Token> {
        self.is(symbol).then(|| self.advance())
    }

    fn issue(&mut self, kind: IssueKind, span: Span, at: u32, message: impl Into<String>) {
        self.issues.push(Issue::new(self.source, kind, span, at, message));
    }

    fn stop<T>(&mut self, token: Token, message: &str) -> Parsed<T> {
        let message = format!("Syntax error: {message}");
        self.issue(IssueKind::Syntax, token.span, token.span.start, message);
        Err(Stop)
    }

    fn shown(&self, token: Token) -> String {
        if token.kind == Kind::End { "<EOF>".to_owned() } else { self.text(token).replace('\n', "\\n") }
    }

    fn expect(&mut self, symbol: &str) -> Parsed<Token> {
        if let Some(token) = self.take(symbol) {
            return Ok(token);
        }
        let token = self.token();
        if token.kind == Kind::Unknown {
            return self.unknown(token);
        }
        let shown = self.shown(token);
        self.stop(token, &format!("mismatched input '{shown}' expecting '{symbol}'"))
    }

    fn unknown<T>(&mut self, token: Token) -> Parsed<T> {
        let shown = self.shown(token);
        self.stop(token, &format!("token recognition error at: '{shown}'"))
    }

    fn finish(&mut self, root: Expr) -> Parsed {
        let token = self.token();
        match token.kind {
            Kind::End => Ok(root),
            Kind::Unknown => self.unknown(token),
            _ => {
                let shown = self.shown(token);
                let extra = self.ahead(1).kind == Kind::End;
                let what = if extra { "extraneous" } else { "mismatched" };
                self.stop(token, &format!("{what} input '{shown}' expecting <EOF>"))
            }
        }
    }

    /// Refuses trees too deep to be walked.
    fn node(&mut self, kind: ExprKind, span: Span, at: u32) -> Parsed {
        let expr = Expr::new(kind, span, at);
        if expr.depth > self.options.max_depth {
            return self.too_deep(span, at);
        }
        Ok(expr)
    }

    fn too_deep<T>(&mut self, span: Span, at: u32) -> Parsed<T> {
        let message = format!("expression recursion limit exceeded: {}", self.options.max_nesting);
        self.issue(IssueKind::Limit, span, at, message);
        Err(Stop)
    }

    fn expression(&mut self) -> Parsed {
        self.nesting += 1;
        if self.nesting > self.options.max_nesting {
            let token = self.token();
            return self.too_deep(token.span, token.span.start);
        }
        let mut result = self.binary(2)?;
        if self.is("?") {
            result = self.ternary(result)?;
        }
        self.nesting -= 1;
        Ok(result)
    }

    fn ternary(&mut self, condition: Expr) -> Parsed {
        let question = self.advance();
        let yes = self.binary(2)?;
        self.expect(":")?;
        let no = self.expression()?;
        let span = condition.span.to(no.span);
        self.call("_?_:_", vec![condition, yes, no], span, question.span.start)
    }

    fn call(&mut self, function: &str, args: Vec<Expr>, span: Span, at: u32) -> Parsed {
        self.node(ExprKind::Call { function: function.into(), target: None, args }, span, at)
    }

    fn operator(&self) -> Option<(&'static str, u8)> {
        let token = self.token();
        let text = self.text(token);
        Some(match token.kind {
            Kind::Symbol => match text {
                "||" => ("_||_", 2),
                "&&" => ("_&&_", 3),
                "==" => ("_==_", 4),
                "!=" => ("_!=_", 4),
                "<" => ("_<_", 4),
                "<=" => ("_<=_", 4),
                ">" => ("_>_", 4),
                ">=" => ("_>=_", 4),
                "+" => ("_+_", 5),
                "-" => ("_-_", 5),
                "*" => ("_*_", 6),
                "/" => ("_/_", 6),
                "%" => ("_%_", 6),
                _ => return None,
            },
            Kind::Ident if text == "in" => ("@in", 4),
            _ => return None,
        })
    }

    /// Operators of a level and tighter, left-associative.
    fn binary(&mut self, level: u8) -> Parsed {
        let mut left = self.unary()?;
        // After an operator of some level its left operand is complete for all tighter levels.
        while let Some((function, found)) = self.operator().filter(|(_, found)| *found >= level) {
            left = self.operation(left, function, found)?;
        }
        Ok(left)
    }

    /// An operator and its right operand; `&&` and `||` take all operands of their chain.
    fn operation(&mut self, left: Expr, function: &'static str, level: u8) -> Parsed {
        let at = self.advance().span.start;
        let mut operands = vec![left, self.binary(level + 1)?];
        while level <= 3 && self.operator() == Some((function, level)) {
            self.advance();
            operands.push(self.binary(level + 1)?);
        }
        let span = match (operands.first(), operands.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => Span::default(),
        };
        self.call(function, operands, span, at)
    }

    fn unary(&mut self) -> Parsed {
        if self.is("!") || self.is("-") { self.signed() } else { self.member() }
    }

    /// Signs: two of a kind cancel each other, a minus before a number is part of it.
    fn signed(&mut self) -> Parsed {
        let first = self.token();
        let symbol = self.text(first);
        let function = if symbol == "!" { "!_" } else { "-_" };
        let mut count = 0_usize;
        while self.is(symbol) {
            if symbol == "-" && matches!(self.ahead(1).kind, Kind::Int | Kind::Float) {
                break;
            }
            self.advance();
            count += 1;
        }
        let sign_ahead = self.is("!") || self.is("-") && !matches!(self.ahead(1).kind, Kind::Int | Kind::Float);
        let operand = if sign_ahead {
            self.nesting += 1;
            if self.nesting > self.options.max_nesting {
                return self.too_deep(first.span, first.span.start);
            }
            let operand = self.unary()?;
            self.nesting -= 1;
            operand
        } else {
            self.member()?
        };
        if count % 2 == 0 {
            return Ok(operand);
        }
        let span = first.span.to(operand.span);
        self.call(function, vec![operand], span, first.span.start)
    }

    fn member(&mut self) -> Parsed {
        let mut left = self.primary()?;
        while self.is(".") || self.is("[") || self.is("{") && left.qualified_name().is_some() {
            left = self.postfix(left)?;
        }
        Ok(left)
    }

    fn postfix(&mut self, left: Expr) -> Parsed {
        if let Some(dot) = self.take(".") {
            self.dot(left, dot)
        } else if self.is("[") {
            self.index(left)
        } else {
            self.message(&left)
        }
    }

    fn index(&mut self, left: Expr) -> Parsed {
        let open = self.advance();
        let optional = self.optional_mark()?;
        let index = self.expression()?;
        let close = self.expect("]")?;
        let span = left.span.to(close.span);
        let function = if optional { "_[?_]" } else { "_[_]" };
        self.call(function, vec![left, index], span, open.span.start)
    }

    /// Takes a `?` that marks what follows as optional.
    fn optional_mark(&mut self) -> Parsed<bool> {
        match self.take("?") {
            None => Ok(false),
            Some(_) if self.options.optional_syntax => Ok(true),
            Some(mark) => {
                self.issue(IssueKind::Syntax, mark.span, mark.span.start, "unsupported syntax '?'");
                Err(Stop)
            }
        }
    }

    fn dot(&mut self, left: Expr, dot: Token) -> Parsed {
        let optional = self.optional_mark()?;
        let (field, name) = self.field_name(dot)?;
        if !optional && name.kind == Kind::Ident && self.is("(") {
            let open = self.advance();
            let (args, close) = self.arguments()?;
            let span = left.span.to(close.span);
            return self.invocation(field, Some(left), args, span, open.span.start);
        }
        let mode = if optional { SelectMode::Optional } else { SelectMode::Plain };
        let span = left.span.to(name.span);
        self.node(ExprKind::Select { operand: Box::new(left), field, mode }, span, dot.span.start)
    }

    fn field_name(&mut self, before: Token) -> Parsed<(Arc<str>, Token)> {
        let token = self.token();
        let text = self.text(token);
        match token.kind {
            Kind::Ident if !matches!(text, "in" | "true" | "false" | "null") => {
                self.advance();
                Ok((text.into(), token))
            }
            Kind::Escaped => {
                self.advance();
                Ok((text.trim_matches('`').into(), token))
            }
            Kind::Unknown => self.unknown(token),
            _ => {
                let shown = self.text(before).to_owned();
                self.stop(token, &format!("no viable alternative at input '{shown}'"))
            }
        }
    }

    fn arguments(&mut self) -> Parsed<(Vec<Expr>, Token)> {
        let mut args = Vec::new();
        if let Some(close) = self.take(")") {
            return Ok((args, close));
        }
        loop {
            args.push(self.expression()?);
            if self.take(",").is_none() {
                return Ok((args, self.expect(")")?));
            }
        }
    }

    /// A call, or what its macro makes of it.
    fn invocation(&mut self, function: Arc<str>, target: Option<Expr>, args: Vec<Expr>, span: Span, at: u32) -> Parsed {
        let macros = self.macros;
        let candidates = macros.iter().rev().filter(|m| m.takes(&function, target.is_some(), args.len()));
        for candidate in candidates {
            let call = MacroCall { target: target.as_ref(), args: &args, span, at };
            match candidate.expand(&call) {
                Ok(None) => {}
                Ok(Some(expr)) if expr.depth > self.options.max_depth => {
                    return self.too_deep(span, at);
                }
                Ok(Some(expr)) => return Ok(expr),
                Err(error) => {
                    self.issue(IssueKind::Macro, error.span, error.at, error.message);
                    return self.node(ExprKind::Literal(Literal::Null), span, at);
                }
            }
        }
        self.node(ExprKind::Call { function, target: target.map(Box::new), args }, span, at)
    }

    fn primary(&mut self) -> Parsed {
        let token = self.token();
        let text = self.text(token);
        match (token.kind, text) {
            (Kind::Symbol, "(") => self.parenthesized(),
            (Kind::Symbol, "[") => self.list(),
            (Kind::Symbol, "{") => self.map(),
            (Kind::Symbol, "-") => self.negative_number(),
            (Kind::Symbol, ".") => self.root_name(),
            (Kind::Ident, "in") => self.no_operand(token),
            (Kind::Ident, "true" | "false" | "null") => self.word(token),
            (Kind::Ident, _) => {
                self.advance();
                self.name(text.into(), token, token.span)
            }
            (Kind::Int | Kind::Uint | Kind::Float | Kind::String | Kind::Bytes, _) => {
                self.advance();
                self.literal(token, text, token.span)
            }
            (Kind::Unknown, _) => self.unknown(token),
            (Kind::Symbol | Kind::Escaped | Kind::End, _) => self.no_operand(token),
        }
    }

    fn parenthesized(&mut self) -> Parsed {
        let open = self.advance();
        let mut inner = self.expression()?;
        let close = self.expect(")")?;
        inner.span = open.span.to(close.span);
        Ok(inner)
    }

    fn negative_number(&mut self) -> Parsed {
        let sign = self.advance();
        let number = self.advance();
        let signed = format!("-{}", self.text(number));
        self.literal(number, &signed, sign.span.to(number.span))
    }

    fn root_name(&mut self) -> Parsed {
        let dot = self.advance();
        let name = self.token();
        if name.kind != Kind::Ident {
            return self.stop(name, "no viable alternative at input '.'");
        }
        self.advance();
        self.name(format!(".{}", self.text(name)).into(), name, dot.span.to(name.span))
    }

    fn word(&mut self, token: Token) -> Parsed {
        self.advance();
        let literal = match self.text(token) {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            _ => Literal::Null,
        };
        self.node(ExprKind::Literal(literal), token.span, token.span.start)
    }

    fn no_operand<T>(&mut self, token: Token) -> Parsed<T> {
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
    fn name(&mut self, name: Arc<str>, token: Token, span: Span) -> Parsed {
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

    fn function_call(&mut self, name: Arc<str>, span: Span) -> Parsed {
        let open = self.advance();
        let (args, close) = self.arguments()?;
        self.invocation(name, None, args, span.to(close.span), open.span.start)
    }

    fn literal(&mut self, token: Token, text: &str, span: Span) -> Parsed {
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

    fn list(&mut self) -> Parsed {
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

    fn map(&mut self) -> Parsed {
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

    fn message(&mut self, name: &Expr) -> Parsed {
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
