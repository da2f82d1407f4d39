//! String and bytes literals: reading their escapes, writing them back.

use std::fmt::Write as _;

/// The text between the quotes of a string literal (given with prefix and quotes), its escapes resolved.
pub(super) fn unquote(token: &str) -> Result<String, String> {
    let (body, raw) = strip(token);
    if raw {
        return Ok(newlines(body));
    }
    let mut text = String::with_capacity(body.len());
    unescape(&newlines(body), &mut |piece| {
        match piece {
            Piece::Char(c) => text.push(c),
            Piece::Code(code) => {
                text.push(char::from_u32(code).ok_or("unable to unescape string: invalid unicode code point")?);
            }
        }
        Ok(())
    })?;
    Ok(text)
}

/// The octets of a bytes literal (given with prefix and quotes).
pub(super) fn unquote_bytes(token: &str) -> Result<Vec<u8>, String> {
    let (body, raw) = strip(token);
    if raw {
        return Ok(newlines(body).into_bytes());
    }
    let mut bytes = Vec::with_capacity(body.len());
    unescape_with(&newlines(body), true, &mut |piece| {
        match piece {
            Piece::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Piece::Code(code) => {
                bytes.push(u8::try_from(code).map_err(|_| "unable to unescape bytes: octet out of range".to_owned())?);
            }
        }
        Ok(())
    })?;
    Ok(bytes)
}

/// Line ends are one character whatever the editor wrote.
fn newlines(body: &str) -> String {
    if body.contains('\r') { body.replace("\r\n", "\n").replace('\r', "\n") } else { body.to_owned() }
}

fn strip(token: &str) -> (&str, bool) {
    let start = token.find(['"', '\'']).unwrap_or(0);
    let raw = token.get(..start).unwrap_or("").contains(['r', 'R']);
    let quoted = token.get(start..).unwrap_or("");
    let width = if quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''")) { 3 } else { 1 };
    (quoted.get(width..quoted.len().saturating_sub(width)).unwrap_or(""), raw)
}

enum Piece {
    Char(char),
    Code(u32),
}

type Sink<'a> = &'a mut dyn FnMut(Piece) -> Result<(), String>;

fn unescape(body: &str, sink: Sink<'_>) -> Result<(), String> {
    unescape_with(body, false, sink)
}

fn unescape_with(body: &str, octets: bool, sink: Sink<'_>) -> Result<(), String> {
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            sink(Piece::Char(c))?;
            continue;
        }
        let escape = chars.next().ok_or("unable to unescape string: found '\\' as last character")?;
        let simple = match escape {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '\'' | '"' | '`' | '?' => escape,
            'x' | 'X' | 'u' | 'U' => {
                let width = match escape {
                    'u' => 4,
                    'U' => 8,
                    _ => 2,
                };
                if octets && width > 2 {
                    return Err("unable to unescape bytes: unicode escapes are not allowed".to_owned());
                }
                sink(Piece::Code(digits(&mut chars, width, 16, 0)?))?;
                continue;
            }
            '0'..='3' => {
                let first = escape.to_digit(8).unwrap_or(0);
                sink(Piece::Code(digits(&mut chars, 2, 8, first)?))?;
                continue;
            }
            other => {
                return Err(format!("unable to unescape string: unknown escape '\\{other}'"));
            }
        };
        sink(Piece::Char(simple))?;
    }
    Ok(())
}

fn digits(chars: &mut std::str::Chars<'_>, count: u32, radix: u32, first: u32) -> Result<u32, String> {
    (0..count).try_fold(first, |code, _| {
        let digit = chars.next().and_then(|c| c.to_digit(radix)).ok_or("unable to unescape string: short escape")?;
        Ok(code.wrapping_mul(radix).wrapping_add(digit))
    })
}

/// A string as a literal in double quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Octets as a bytes literal in double quotes.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b\"");
    for byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}
