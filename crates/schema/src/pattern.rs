//! Patterns are written in Go's regular expression syntax; this rewrites what differs in Rust's.
//!
//! Differences handled: `\d \w \s \b` are ASCII in Go; `[` and the operators `&&`, `--`, `~~` are plain characters inside a
//! class; a `{` that starts no repetition is a plain character; `\Q…\E` quotes; `\z` is the end of text.

use std::borrow::Cow;
use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// The pattern is not a valid Go regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("error parsing regexp: {0}")]
pub struct PatternError(String);

/// Upper bound of the compiled form: a pattern that needs more is refused instead of eating memory.
const MAX_COMPILED_BYTES: usize = 4 << 20;

/// Characters of a pattern that a message shows.
const SHOWN: usize = 1000;

/// Go refuses repetitions above this.
const MAX_REPEAT: u32 = 1000;

/// Compiles a Go regular expression.
///
/// # Errors
/// The pattern is malformed, repeats more than 1000 times, or compiles to more than 4 MiB.
pub fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let translated = translate(pattern)?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED_BYTES)
        .build()
        .map_err(|error| PatternError(short(&error.to_string())))
}

/// The last line of the regex crate's message; the lines before show the rewritten pattern, which the author never wrote.
fn short(message: &str) -> String {
    let last = message.lines().last().unwrap_or(message).trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// A pattern as messages show it: of one that is too long to be read, how it begins.
pub(crate) fn shown(pattern: &str) -> Cow<'_, str> {
    match pattern.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &pattern[..end]).into(),
        None => pattern.into(),
    }
}

fn translate(pattern: &str) -> Result<String, PatternError> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 16);
    let (mut i, mut open) = (0, 0_usize);
    while i < chars.len() {
        match chars[i] {
            paren @ ('(' | ')') => {
                let unopened = || PatternError(format!("unexpected ): `{}`", shown(pattern)));
                open = if paren == '(' { open + 1 } else { open.checked_sub(1).ok_or_else(unopened)? };
                out.push(paren);
                i += 1;
            }
            '\\' => i = escape(&chars, i, false, &mut out)?,
            '[' => i = class(&chars, i, &mut out)?,
            '{' => match repetition(&chars, i)? {
                Some(end) => {
                    out.extend(&chars[i..end]);
                    i = end;
                }
                None => {
                    out.push_str("\\{");
                    i += 1;
                }
            },
            '}' => {
                out.push_str("\\}");
                i += 1;
            }
            c => {
                out.push(c);
                i += 1;
            }
        }
    }
    if open > 0 {
        return Err(PatternError(format!("missing closing ): `{}`", shown(pattern))));
    }
    Ok(out)
}

/// Copies one escape starting at `chars[i] == '\\'`; returns the index after it.
fn escape(chars: &[char], i: usize, in_class: bool, out: &mut String) -> Result<usize, PatternError> {
    let Some(&c) = chars.get(i + 1) else {
        return Err(PatternError("trailing backslash at end of expression: ``".to_owned()));
    };
    let replacement = match (c, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', _) => "[^0-9]",
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('W', _) => "[^0-9A-Za-z_]",
        ('s', false) => "[\\t\\n\\f\\r ]",
        ('s', true) => "\\t\\n\\f\\r ",
        ('S', _) => "[^\\t\\n\\f\\r ]",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        ('Q', false) => {
            let mut end = i + 2;
            while end < chars.len() && !(chars[end] == '\\' && chars.get(end + 1) == Some(&'E')) {
                out.push_str(&regex::escape(&chars[end].to_string()));
                end += 1;
            }
            return Ok((end + 2).min(chars.len()));
        }
        (c, _) if c.is_ascii_alphabetic() && !"aftnrvxpPAz".contains(c) => {
            return Err(PatternError(format!("invalid escape sequence: `\\{c}`")));
        }
        ('1'..='9', _) => return Err(PatternError(format!("invalid escape sequence: `\\{c}`"))),
        ('0', _) => {
            let mut end = i + 2;
            while end < chars.len() && end < i + 4 && chars[end].is_digit(8) {
                end += 1;
            }
            let digits: String = chars[i + 1..end].iter().collect();
            let _ = write!(out, "\\x{{{:x}}}", u32::from_str_radix(&digits, 8).unwrap_or(0));
            return Ok(end);
        }
        (c, _) => {
            out.push('\\');
            out.push(c);
            return Ok(i + 2);
        }
    };
    out.push_str(replacement);
    Ok(i + 2)
}

/// Copies a character class starting at `chars[i] == '['`; returns the index after it.
fn class(chars: &[char], start: usize, out: &mut String) -> Result<usize, PatternError> {
    let mut i = start + 1;
    out.push('[');
    if chars.get(i) == Some(&'^') {
        out.push('^');
        i += 1;
    }
    let mut first = true;
    while let Some(&c) = chars.get(i) {
        match c {
            ']' if !first => {
                out.push(']');
                return Ok(i + 1);
            }
            '[' if chars.get(i + 1) == Some(&':') => {
                let close = (i + 2..chars.len().saturating_sub(1)).find(|j| chars[*j] == ':' && chars[j + 1] == ']');
                if let Some(close) = close {
                    out.extend(&chars[i..close + 2]);
                    i = close + 2;
                } else {
                    out.push_str("\\[");
                    i += 1;
                }
            }
            '\\' => i = escape(chars, i, true, out)?,
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(c);
                i += 1;
            }
            '-' => {
                // A range keeps its hyphen; one at either edge is a plain character.
                let at_edge = first || chars.get(i + 1) == Some(&']');
                out.push_str(if at_edge { "\\-" } else { "-" });
                i += 1;
            }
            c => {
                out.push(c);
                i += 1;
            }
        }
        first = false;
    }
    let rest: String = chars[start..].iter().collect();
    Err(PatternError(format!("missing closing ]: `{}`", shown(&rest))))
}

/// `{n}`, `{n,}` or `{n,m}` at `start`: the index after it. `None` when the brace is a plain character.
fn repetition(chars: &[char], start: usize) -> Result<Option<usize>, PatternError> {
    let Some(length) = chars[start..].iter().position(|c| *c == '}') else {
        return Ok(None);
    };
    let body: String = chars[start + 1..start + length].iter().collect();
    let (low, high) = body.split_once(',').unwrap_or((&body, ""));
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if !is_number(low) || !(high.is_empty() || is_number(high)) {
        return Ok(None);
    }
    let too_many = |text: &str| !text.is_empty() && text.parse::<u32>().is_ok_and(|n| n > MAX_REPEAT) || text.len() > 9;
    if too_many(low) || too_many(high) {
        return Err(PatternError(format!("invalid repeat count: `{{{body}}}`")));
    }
    Ok(Some(start + length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_syntax_is_understood() {
        for (pattern, text, matches) in [
            (r"^\d+$", "123", true),
            (r"^\d+$", "١٢٣", false),
            (r"^[\w.-]+$", "a_b.c-d", true),
            (r"^[[a]+$", "[a", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{2}$", "aa", true),
            (r"^${x}$", "y", false),
            (r"^\$\{[\s\S]+\}\s*$", "${a}\n", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]]+$", "ab", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^(?i)ABC$", "abc", true),
            (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", true),
            (r"^[a-zA-Z0-9!#$%&'*+/=?^_~-]+$", "a&~-", true),
            (r"^[^/~]+$", "x", true),
            (r"\bfoo\b", "a foo b", true),
            (r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$", "/a%2f", true),
        ] {
            let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_gos_words() {
        for (pattern, wrong) in [
            ("(", "missing closing ): `(`"),
            ("(a(b)", "missing closing ): `(a(b)`"),
            ("a)b", "unexpected ): `a)b`"),
            ("x[a", "missing closing ]: `[a`"),
            (r"a\", r"trailing backslash at end of expression: ``"),
            (r"\y", r"invalid escape sequence: `\y`"),
        ] {
            assert_eq!(compile(pattern).expect_err(pattern).to_string(), format!("error parsing regexp: {wrong}"));
        }
        assert!(compile(r"\(\Q(\E[(]").is_ok(), "these open nothing");
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in ["[a", "a{1001}", r"\1", r"\y", "(", "a\\", "*"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
