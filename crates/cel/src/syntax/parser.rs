//! Tokens to a tree: operators by precedence, macros expanded on the way.

use std::sync::Arc;

use super::lexer::{Kind, Token, tokens};
use super::macros::{Macro, MacroCall};
use crate::ast::{Ast, Expr, ExprKind, Literal, SelectMode};
use crate::source::{Issue, IssueKind, Issues, Span};

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
    let mut parser = Parser { source, tokens, next: 0, nesting: 0, options, macros, issues: Issues::default() };
    let parsed = parser.expression().and_then(|root| parser.finish(root));
    match parsed {
        Ok(mut root) if parser.issues.is_empty() => {
            let mut nodes = 0;
            root.number(&mut nodes);
            Ok(Ast { source: source.into(), root, nodes })
        }
        Ok(_) | Err(Stop) => Err(parser.issues.sorted(source)),
    }
}

/// A syntax error was recorded and parsing cannot go on.
pub(super) struct Stop;

pub(super) type Parsed<T = Expr> = Result<T, Stop>;

pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
    nesting: u32,
    options: &'a ParseOptions,
    macros: &'a [Macro],
    issues: Issues,
}

impl<'a> Parser<'a> {
    pub(super) fn token(&self) -> Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Token {
        let end = Token { kind: Kind::End, span: Span::new(self.source.len(), self.source.len()) };
        self.tokens.get(self.next + count).copied().unwrap_or(end)
    }

    pub(super) fn text(&self, token: Token) -> &'a str {
        token.span.of(self.source)
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::End {
            self.next += 1;
        }
        token
    }

    pub(super) fn is(&self, symbol: &str) -> bool {
        let token = self.token();
        token.kind == Kind::Symbol && self.text(token) == symbol
    }

    pub(super) fn take(&mut self, symbol: &str) -> Option<Token> {
        self.is(symbol).then(|| self.advance())
    }

    pub(super) fn issue(&mut self, kind: IssueKind, span: Span, at: u32, message: impl Into<String>) {
        self.issues.add(self.source, kind, span, at, message);
    }

    pub(super) fn stop<T>(&mut self, token: Token, message: &str) -> Parsed<T> {
        let message = format!("Syntax error: {message}");
        self.issue(IssueKind::Syntax, token.span, token.span.start, message);
        Err(Stop)
    }

    pub(super) fn shown(&self, token: Token) -> String {
        if token.kind == Kind::End { "<EOF>".to_owned() } else { self.text(token).replace('\n', "\\n") }
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<Token> {
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

    pub(super) fn unknown<T>(&mut self, token: Token) -> Parsed<T> {
        let shown = self.shown(token);
        self.stop(token, &format!("token recognition error at: '{shown}'"))
    }

    pub(super) fn finish(&mut self, root: Expr) -> Parsed {
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
    pub(super) fn node(&mut self, kind: ExprKind, span: Span, at: u32) -> Parsed {
        let expr = Expr::new(kind, span, at);
        if expr.depth > self.options.max_depth {
            return self.too_deep(span, at);
        }
        Ok(expr)
    }

    pub(super) fn too_deep<T>(&mut self, span: Span, at: u32) -> Parsed<T> {
        let message = format!("expression recursion limit exceeded: {}", self.options.max_nesting);
        self.issue(IssueKind::Limit, span, at, message);
        Err(Stop)
    }

    pub(super) fn expression(&mut self) -> Parsed {
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

    pub(super) fn ternary(&mut self, condition: Expr) -> Parsed {
        let question = self.advance();
        let yes = self.binary(2)?;
        self.expect(":")?;
        let no = self.expression()?;
        let span = condition.span.to(no.span);
        self.call("_?_:_", vec![condition, yes, no], span, question.span.start)
    }

    pub(super) fn call(&mut self, function: &str, args: Vec<Expr>, span: Span, at: u32) -> Parsed {
        self.node(ExprKind::Call { function: function.into(), target: None, args }, span, at)
    }

    pub(super) fn operator(&self) -> Option<(&'static str, u8)> {
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
    pub(super) fn binary(&mut self, level: u8) -> Parsed {
        let mut left = self.unary()?;
        // After an operator of some level its left operand is complete for all tighter levels.
        while let Some((function, found)) = self.operator().filter(|(_, found)| *found >= level) {
            left = self.operation(left, function, found)?;
        }
        Ok(left)
    }

    /// An operator and its right operand; `&&` and `||` take all operands of their chain.
    pub(super) fn operation(&mut self, left: Expr, function: &'static str, level: u8) -> Parsed {
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

    pub(super) fn unary(&mut self) -> Parsed {
        if self.is("!") || self.is("-") { self.signed() } else { self.member() }
    }

    /// Signs: two of a kind cancel each other, a minus before a number is part of it.
    pub(super) fn signed(&mut self) -> Parsed {
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
        if count.is_multiple_of(2) {
            return Ok(operand);
        }
        let span = first.span.to(operand.span);
        self.call(function, vec![operand], span, first.span.start)
    }

    pub(super) fn member(&mut self) -> Parsed {
        let mut left = self.primary()?;
        while self.is(".") || self.is("[") || self.is("{") && left.qualified_name().is_some() {
            left = self.postfix(left)?;
        }
        Ok(left)
    }

    pub(super) fn postfix(&mut self, left: Expr) -> Parsed {
        if let Some(dot) = self.take(".") {
            self.dot(left, dot)
        } else if self.is("[") {
            self.index(left)
        } else {
            self.message(&left)
        }
    }

    pub(super) fn index(&mut self, left: Expr) -> Parsed {
        let open = self.advance();
        let optional = self.optional_mark()?;
        let index = self.expression()?;
        let close = self.expect("]")?;
        let span = left.span.to(close.span);
        let function = if optional { "_[?_]" } else { "_[_]" };
        self.call(function, vec![left, index], span, open.span.start)
    }

    /// Takes a `?` that marks what follows as optional.
    pub(super) fn optional_mark(&mut self) -> Parsed<bool> {
        match self.take("?") {
            None => Ok(false),
            Some(_) if self.options.optional_syntax => Ok(true),
            Some(mark) => {
                self.issue(IssueKind::Syntax, mark.span, mark.span.start, "unsupported syntax '?'");
                Err(Stop)
            }
        }
    }

    pub(super) fn dot(&mut self, left: Expr, dot: Token) -> Parsed {
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

    pub(super) fn field_name(&mut self, before: Token) -> Parsed<(Arc<str>, Token)> {
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

    pub(super) fn arguments(&mut self) -> Parsed<(Vec<Expr>, Token)> {
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
    pub(super) fn invocation(
        &mut self,
        function: Arc<str>,
        target: Option<Expr>,
        args: Vec<Expr>,
        span: Span,
        at: u32,
    ) -> Parsed {
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
}
