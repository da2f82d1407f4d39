//! Regular expressions as RE2 has them: always linear in time; `\d`, `\w`, `\s` and `\b` are ASCII.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{self, ErrorKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::error::EvalError;

/// Patterns that would need more memory than this are refused.
const MEMORY: usize = 4 << 20;

/// A prepared pattern.
pub(crate) fn compile(pattern: &str) -> Result<Regex, EvalError> {
    let translated = translate(pattern);
    RegexBuilder::new(&translated).size_limit(MEMORY).nest_limit(200).build().map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => "expression too large".to_owned(),
            _ => reason(pattern, &translated),
        };
        EvalError::invalid(format!("error parsing regexp: {reason}"))
    })
}

/// What preparing a pattern costs: about as many units as there are states to make. A pattern that is no pattern costs
/// its length.
pub(crate) fn weight(pattern: &str) -> u64 {
    let length = pattern.len() as u64;
    let translated = translate(pattern);
    let parsed = regex_syntax::ParserBuilder::new().nest_limit(200).build().parse(&translated);
    parsed.map_or(length, |pattern| states(&pattern).saturating_add(length))
}

fn states(pattern: &Hir) -> u64 {
    let sum = |parts: &[Hir]| parts.iter().map(states).fold(1, u64::saturating_add);
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(text) => text.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => 1 + class.ranges().len() as u64,
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len() as u64,
        HirKind::Capture(capture) => 2 + states(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => sum(parts),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1).max(1);
            states(&repetition.sub).saturating_mul(u64::from(times))
        }
    }
}

/// What is wrong with a pattern, in RE2's words.
fn reason(pattern: &str, translated: &str) -> String {
    let Err(error) = ast::parse::ParserBuilder::new().nest_limit(200).build().parse(translated) else {
        return format!("invalid escape sequence: `{pattern}`");
    };
    let part = translated.get(error.span().start.offset..error.span().end.offset).unwrap_or(pattern);
    match error.kind() {
        ErrorKind::ClassUnclosed => {
            let rest = translated.get(error.span().start.offset..).unwrap_or(pattern);
            format!("missing closing ]: `{rest}`")
        }
        ErrorKind::GroupUnclosed => format!("missing closing ): `{pattern}`"),
        ErrorKind::GroupUnopened => format!("unexpected ): `{pattern}`"),
        ErrorKind::RepetitionCountInvalid => format!("invalid repeat count: `{part}`"),
        ErrorKind::RepetitionMissing => {
            format!("missing argument to repetition operator: `{part}`")
        }
        ErrorKind::ClassRangeInvalid => format!("invalid character class range: `{part}`"),
        ErrorKind::EscapeUnexpectedEof => "trailing backslash at end of expression: ``".to_owned(),
        ErrorKind::EscapeUnrecognized | ErrorKind::UnsupportedBackreference => {
            format!("invalid escape sequence: `{part}`")
        }
        ErrorKind::UnsupportedLookAround => format!("invalid or unsupported Perl syntax: `{part}`"),
        ErrorKind::NestLimitExceeded(_) => format!("expression nests too deeply: `{pattern}`"),
        other => format!("{other}: `{part}`"),
    }
}

/// The same pattern in the syntax of the regex crate.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    let mut class_start = false;
    while let Some(c) = chars.next() {
        let at_start = std::mem::take(&mut class_start);
        match c {
            '\\' => match chars.next() {
                Some('Q') if !in_class => {
                    let mut quoted = String::new();
                    while let Some(q) = chars.next() {
                        if q == '\\' && chars.peek() == Some(&'E') {
                            chars.next();
                            break;
                        }
                        quoted.push(q);
                    }
                    out.push_str(&regex::escape(&quoted));
                }
                Some(escape) => out.push_str(&escaped(escape, in_class)),
                None => out.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                class_start = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    chars.next();
                    out.push('^');
                }
            }
            '[' if chars.peek() == Some(&':') => out.push('['),
            '[' => out.push_str("\\["),
            ']' if in_class && at_start => out.push_str("\\]"),
            ']' if in_class && out.ends_with(':') => out.push(']'),
            ']' => {
                in_class = false;
                out.push(']');
            }
            // Set operations are the regex crate's own.
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && chars.peek() == Some(&'-') => out.push_str("\\-"),
            c => out.push(c),
        }
    }
    out
}

fn escaped(escape: char, in_class: bool) -> String {
    let ascii = match escape.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\x0C\r ",
        _ => "",
    };
    match escape {
        'd' | 'w' | 's' if in_class => ascii.to_owned(),
        'd' | 'w' | 's' => format!("[{ascii}]"),
        'D' | 'W' | 'S' => format!("[^{ascii}]"),
        'b' | 'B' if !in_class => format!(r"(?-u:\{escape})"),
        other => format!("\\{other}"),
    }
}
