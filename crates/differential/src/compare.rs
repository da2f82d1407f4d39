//! Where two answers differ.

use crate::record::Answer;
use serde_json::Value;

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Case, number and request.
    pub of: String,
    /// What differs: `code`, `header NAME`, `warnings`, or a path in the body such as `body.spec.ports[0].name`.
    pub at: String,
    /// What the recorded server says; `<absent>` where it says nothing.
    pub wanted: String,
    /// What this one says.
    pub got: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n    {}\n      recorded {}\n      this     {}", self.of, self.at, self.wanted, self.got)
    }
}

/// All differences of two answers to the same request.
pub fn answers(wanted: &Answer, got: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |at: String, wanted: String, this: String| {
        found.push(Difference { of: got.of.clone(), at, wanted, got: this });
    };
    if wanted.code != got.code {
        note("code".into(), wanted.code.to_string(), format!("{} {}", got.code, got.body["message"]));
    }
    for name in wanted.headers.keys().chain(got.headers.keys().filter(|name| !wanted.headers.contains_key(*name))) {
        let (a, b) = (wanted.headers.get(name), got.headers.get(name));
        if a != b {
            let shown = |text: Option<&String>| text.map_or("<absent>".into(), Clone::clone);
            note(format!("header {name}"), shown(a), shown(b));
        }
    }
    if wanted.warnings != got.warnings {
        note("warnings".into(), format!("{:?}", wanted.warnings), format!("{:?}", got.warnings));
    }
    values("body", &wanted.body, &got.body, &mut note);
    found
}

/// Differences of two values, deepest first named by their paths.
pub fn values(at: &str, wanted: &Value, got: &Value, note: &mut impl FnMut(String, String, String)) {
    let absent = Value::String("<absent>".into());
    match (wanted, got) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let path = format!("{at}.{key}");
                values(&path, a.get(key).unwrap_or(&absent), b.get(key).unwrap_or(&absent), note);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                let path = format!("{at}[{index}]");
                values(&path, a.get(index).unwrap_or(&absent), b.get(index).unwrap_or(&absent), note);
            }
        }
        _ if wanted == got => {}
        _ => note(at.to_owned(), wanted.to_string(), got.to_string()),
    }
}
