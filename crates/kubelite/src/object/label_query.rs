//! The query form of a label selector: words, read as Kubernetes reads them, with its messages.

use super::{label_selector::Requirement, names};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A name or a value.
    Text(String),
    /// `=`, `!`, `(`, `,` and the like.
    Sign(&'static str),
    End,
}

/// Signs, longer ones first.
const SIGNS: &[&str] = &["==", "!=", "=", "!", ">", "<", "(", ")", ","];

impl Word {
    fn shown(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Sign(sign) => sign,
            Self::End => "",
        }
    }
}

/// Reads all requirements.
///
/// # Errors
/// What was found in place of what.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut reader = Reader { words: words(text), at: 0 };
    let mut requirements = Vec::new();
    loop {
        match reader.peek() {
            Word::Text(_) | Word::Sign("!") => {
                let requirement =
                    reader.requirement().map_err(|problem| format!("unable to parse requirement: {problem}"))?;
                requirements.push(requirement);
                match reader.next() {
                    Word::End => return Ok(requirements),
                    Word::Sign(",") => match reader.peek() {
                        Word::Text(_) | Word::Sign("!") => {}
                        other => return Err(format!("found '{}', expected: identifier after ','", other.shown())),
                    },
                    other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.shown())),
                }
            }
            Word::End => return Ok(requirements),
            Word::Sign(sign) => return Err(format!("found '{sign}', expected: !, identifier, or 'end of string'")),
        }
    }
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            words.push(Word::Sign(sign));
            sign.len()
        } else {
            let ends = |letter: char| letter.is_whitespace() || "=!><(),".contains(letter);
            let length = rest.find(ends).unwrap_or(rest.len());
            words.push(Word::Text(rest[..length].to_owned()));
            length
        };
        rest = rest[length..].trim_start();
    }
    words.push(Word::End);
    words
}

struct Reader {
    words: Vec<Word>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> &Word {
        self.words.get(self.at).unwrap_or(&Word::End)
    }

    fn next(&mut self) -> Word {
        let word = self.peek().clone();
        self.at += 1;
        word
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let absent = *self.peek() == Word::Sign("!");
        if absent {
            self.at += 1;
        }
        let key = match self.next() {
            Word::Text(key) => checked_key(key)?,
            other => return Err(format!("found '{}', expected: identifier", other.shown())),
        };
        if absent {
            return Ok(Requirement::Absent(key));
        }
        if matches!(self.peek(), Word::End | Word::Sign(",")) {
            return Ok(Requirement::Exists(key));
        }
        match self.next() {
            Word::Sign("=" | "==") => Ok(Requirement::In(key, vec![checked_value(self.value()?)?])),
            Word::Sign("!=") => Ok(Requirement::NotIn(key, vec![checked_value(self.value()?)?])),
            Word::Sign(">") => Ok(Requirement::Greater(key, whole(&self.value()?)?)),
            Word::Sign("<") => Ok(Requirement::Less(key, whole(&self.value()?)?)),
            Word::Text(word) if word == "in" => Ok(Requirement::In(key, self.values()?)),
            Word::Text(word) if word == "notin" => Ok(Requirement::NotIn(key, self.values()?)),
            other => Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", other.shown())),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), Word::End | Word::Sign(",")) {
            return Ok(String::new());
        }
        match self.next() {
            Word::Text(value) => Ok(value),
            other => Err(format!("found '{}', expected: identifier", other.shown())),
        }
    }

    /// Values between parentheses; nothing between commas is the empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            Word::Sign("(") => {}
            other => return Err(format!("found '{}' expected: '('", other.shown())),
        }
        let mut values = Vec::new();
        loop {
            let value = match self.peek() {
                Word::Text(value) => {
                    let value = value.clone();
                    self.at += 1;
                    value
                }
                Word::Sign("," | ")") => String::new(),
                other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.shown())),
            };
            values.push(checked_value(value)?);
            match self.next() {
                Word::Sign(",") => {}
                Word::Sign(")") => return Ok(values),
                other => return Err(format!("found '{}', expected: ',' or ')'", other.shown())),
            }
        }
    }
}

fn whole(value: &str) -> Result<i64, String> {
    value.parse().map_err(|_| format!("for 'Gt', 'Lt' operators, the value must be an integer, got {value:?}"))
}

fn checked_key(key: String) -> Result<String, String> {
    match names::qualified(&key).as_slice() {
        [] => Ok(key),
        problems => Err(format!("<nil>: Invalid value: {key:?}: {}", problems.join("; "))),
    }
}

fn checked_value(value: String) -> Result<String, String> {
    match names::label_value(&value).as_slice() {
        [] => Ok(value),
        problems => Err(format!("values[0][]: Invalid value: {value:?}: {}", problems.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("app===one", "unable to parse requirement: found '=', expected: identifier")]
    #[case("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    #[case("a=1 b", "found 'b', expected: ',' or 'end of string'")]
    #[case("a=1,,b=2", "found ',', expected: identifier after ','")]
    #[case("a in (1", "unable to parse requirement: found '', expected: ',' or ')'")]
    #[case("=1", "found '=', expected: !, identifier, or 'end of string'")]
    fn what_was_found_is_told(#[case] text: &str, #[case] problem: &str) {
        assert_eq!(parse(text).unwrap_err(), problem);
    }
}
