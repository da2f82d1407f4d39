//! Text to tokens.

use crate::source::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Uint,
    Float,
    /// With its prefix and quotes.
    String,
    Bytes,
    Ident,
    /// With its backticks.
    Escaped,
    /// Punctuation and operators, told apart by text.
    Symbol,
    Unknown,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

const SYMBOLS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-", "*", "/", "%", "!",
    "<", ">", "=",
];

/// All tokens, ended by one of kind `End`. Comments and white space are dropped.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(source.len() / 3 + 1);
    let mut at = 0;
    loop {
        at = skip(source, at);
        let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        let (kind, length) = next(rest);
        tokens.push(Token { kind, span: Span::new(at, at + length) });
        at += length;
    }
    tokens.push(Token { kind: Kind::End, span: Span::new(source.len(), source.len()) });
    tokens
}

fn skip(source: &str, mut at: usize) -> usize {
    let bytes = source.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0c) => at += 1,
            Some(b'/') if bytes.get(at + 1) == Some(&b'/') => {
                at = source.get(at..).and_then(|rest| rest.find('\n')).map_or(source.len(), |end| at + end);
            }
            _ => return at,
        }
    }
}

fn next(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let first = bytes.first().copied().unwrap_or(0);
    if first.is_ascii_digit() || (first == b'.' && bytes.get(1).is_some_and(u8::is_ascii_digit)) {
        return number(bytes);
    }
    if let Some(found) = string(bytes) {
        return found;
    }
    if first.is_ascii_alphabetic() || first == b'_' {
        let end = bytes.iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_').unwrap_or(bytes.len());
        return (Kind::Ident, end);
    }
    if first == b'`' {
        let inner = bytes.iter().skip(1).position(|b| !b.is_ascii_alphanumeric() && !b"_.-/ ".contains(b));
        return match inner {
            Some(length) if length > 0 && bytes.get(length + 1) == Some(&b'`') => (Kind::Escaped, length + 2),
            _ => (Kind::Unknown, 1),
        };
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return (Kind::Symbol, symbol.len());
    }
    (Kind::Unknown, rest.chars().next().map_or(1, char::len_utf8))
}

fn number(bytes: &[u8]) -> (Kind, usize) {
    let digits = |from: usize, hex: bool| {
        bytes.iter().skip(from).take_while(|b| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() }).count()
    };
    let unsigned = |end: usize| matches!(bytes.get(end), Some(b'u' | b'U'));
    if bytes.starts_with(b"0x") {
        let hex = digits(2, true);
        if hex > 0 {
            let end = 2 + hex;
            return if unsigned(end) { (Kind::Uint, end + 1) } else { (Kind::Int, end) };
        }
    }
    let mut end = digits(0, false);
    let mut float = false;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1, false);
        if fraction > 0 {
            float = true;
            end += 1 + fraction;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign, false);
        if exponent > 0 {
            float = true;
            end += 1 + sign + exponent;
        }
    }
    if float {
        (Kind::Float, end)
    } else if unsigned(end) {
        (Kind::Uint, end + 1)
    } else {
        (Kind::Int, end)
    }
}

/// A string or bytes literal, if one begins (and ends) here.
fn string(bytes: &[u8]) -> Option<(Kind, usize)> {
    let mut at = 0;
    let (mut raw, mut octets) = (false, false);
    loop {
        match bytes.get(at)? {
            b'r' | b'R' if !raw => raw = true,
            b'b' | b'B' if !octets && !raw => octets = true,
            b'"' | b'\'' => break,
            _ => return None,
        }
        at += 1;
    }
    let kind = if octets { Kind::Bytes } else { Kind::String };
    let quote = *bytes.get(at)?;
    let triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    at += if triple { 3 } else { 1 };
    loop {
        let byte = *bytes.get(at)?;
        if byte == b'\\' && !raw {
            bytes.get(at + 1)?;
            at += 2;
        } else if byte == quote && !triple {
            return Some((kind, at + 1));
        } else if byte == quote && bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote) {
            return Some((kind, at + 3));
        } else if !triple && (byte == b'\n' || byte == b'\r') {
            return None;
        } else {
            at += 1;
        }
    }
}
