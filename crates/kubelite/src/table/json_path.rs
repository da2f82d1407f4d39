//! The JSONPath of printer columns: `.a.b`, `['a']`, `[0]`, `[*]`, `[-1]`, slices, `..a`, `[?(@.a=="b")]`, `\.` in names.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    All,
    Deep(String),
    Filter(Vec<Step>, String, Value),
    Exists(Vec<Step>),
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

impl JsonPath {
    /// Parses a path; with or without braces, `$` and the leading dot.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text.trim());
        let steps = steps(inner.strip_prefix('$').unwrap_or(inner))?;
        Ok(Self { steps })
    }

    /// All values that the path leads to.
    pub(crate) fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        follow(&self.steps, value)
    }
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            let (name, tail) = name(after);
            steps.push(Step::Deep(name));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = closing(after).ok_or_else(|| format!("unterminated array in {text:?}"))?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.').unwrap_or(rest);
            if after.is_empty() {
                break;
            }
            if after.starts_with('[') {
                rest = after;
                continue;
            }
            let (name, tail) = name(after);
            if name.is_empty() {
                return Err(format!("{text:?} has an empty step"));
            }
            steps.push(if name == "*" { Step::All } else { Step::Field(name) });
            rest = tail;
        }
    }
    Ok(steps)
}

fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' => return (name, &text[at..]),
            other => name.push(other),
        }
    }
    (name, "")
}

#[allow(clippy::match_same_arms, reason = "the order of the arms is the state machine")]
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, String> {
    let quoted = |text: &str| {
        ['\'', '"']
            .iter()
            .find_map(|&quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)))
            .map(str::to_owned)
    };
    if text == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = quoted(text) {
        return Ok(Step::Field(name));
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        for operator in ["==", "!=", ">=", "<=", ">", "<"] {
            if let Some((left, right)) = filter.split_once(operator) {
                let path =
                    steps(left.trim().strip_prefix('@').ok_or_else(|| format!("{filter:?} does not start with @"))?)?;
                let right = right.trim();
                let value = quoted(right)
                    .map_or_else(|| serde_json::from_str(right).unwrap_or_else(|_| right.into()), Value::from);
                return Ok(Step::Filter(path, operator.into(), value));
            }
        }
        return Ok(Step::Exists(steps(
            filter.trim().strip_prefix('@').ok_or_else(|| format!("{filter:?} does not start with @"))?,
        )?));
    }
    if let Some((from, to)) = text.split_once(':') {
        let bound = |text: &str| {
            if text.trim().is_empty() {
                Ok(None)
            } else {
                text.trim().parse().map(Some).map_err(|_| format!("invalid array index {text:?}"))
            }
        };
        return Ok(Step::Slice(bound(from)?, bound(to)?));
    }
    text.parse().map(Step::Index).map_err(|_| format!("invalid array index {text:?}"))
}

fn follow<'a>(steps: &[Step], value: &'a Value) -> Vec<&'a Value> {
    let mut here = vec![value];
    for step in steps {
        let mut next = Vec::new();
        for value in here {
            one(step, value, &mut next);
        }
        here = next;
    }
    here
}

fn at(items: &[Value], index: i64) -> usize {
    if index < 0 { (items.len() as i64 + index).max(0) as usize } else { index as usize }
}

fn one<'a>(step: &Step, value: &'a Value, into: &mut Vec<&'a Value>) {
    match (step, value) {
        (Step::Field(name), Value::Object(map)) => into.extend(map.get(name)),
        // A field of a list is that field of all its items.
        (Step::Field(_), Value::Array(items)) => items.iter().for_each(|item| one(step, item, into)),
        (Step::Index(index), Value::Array(items)) if *index >= 0 || index.unsigned_abs() as usize <= items.len() => {
            into.extend(items.get(at(items, *index)));
        }
        (Step::Slice(from, to), Value::Array(items)) => {
            let start = from.map_or(0, |from| at(items, from)).min(items.len());
            let end = to.map_or(items.len(), |to| at(items, to)).min(items.len());
            into.extend(items.get(start..end.max(start)).into_iter().flatten());
        }
        (Step::All, Value::Array(items)) => into.extend(items),
        (Step::All, Value::Object(map)) => into.extend(map.values()),
        (Step::Deep(name), _) => deep(name, value, into),
        (Step::Filter(path, operator, wanted), Value::Array(items)) => {
            into.extend(
                items.iter().filter(|item| follow(path, item).iter().any(|found| compare(found, operator, wanted))),
            );
        }
        (Step::Exists(path), Value::Array(items)) => {
            into.extend(items.iter().filter(|item| !follow(path, item).is_empty()));
        }
        _ => {}
    }
}

fn deep<'a>(name: &str, value: &'a Value, into: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get(name));
            map.values().for_each(|value| deep(name, value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| deep(name, value, into)),
        _ => {}
    }
}

fn compare(found: &Value, operator: &str, wanted: &Value) -> bool {
    let order = match (found.as_f64(), wanted.as_f64()) {
        (Some(found), Some(wanted)) => found.partial_cmp(&wanted),
        _ => match (found, wanted) {
            (Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
            (found, wanted) if found == wanted => Some(std::cmp::Ordering::Equal),
            _ => None,
        },
    };
    match (operator, order) {
        ("==", Some(order)) => order.is_eq(),
        ("!=", order) => order.is_none_or(std::cmp::Ordering::is_ne),
        (">", Some(order)) => order.is_gt(),
        ("<", Some(order)) => order.is_lt(),
        (">=", Some(order)) => order.is_ge(),
        ("<=", Some(order)) => order.is_le(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(".a.b", json!([1]))]
    #[case("{.a.b}", json!([1]))]
    #[case(".l[0].n", json!(["x"]))]
    #[case(".l[-1].n", json!(["y"]))]
    #[case(".l[*].n", json!(["x", "y"]))]
    #[case(".l[?(@.n==\"y\")].v", json!([2]))]
    #[case(".a['c.d']", json!([3]))]
    #[case(".a.c\\.d", json!([3]))]
    #[case("..v", json!([1, 2]))]
    #[case(".l[0:1].v", json!([1]))]
    #[case(".none", json!([]))]
    fn paths_lead_to_values(#[case] path: &str, #[case] expected: Value) {
        let object = json!({"a": {"b": 1, "c.d": 3}, "l": [{"n": "x", "v": 1}, {"n": "y", "v": 2}]});
        let found: Value = JsonPath::parse(path).unwrap().find(&object).into_iter().cloned().collect();
        assert_eq!(found, expected);
    }
}
