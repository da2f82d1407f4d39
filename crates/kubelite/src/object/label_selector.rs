//! `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// Labels that a selector looks at.
pub(crate) trait LabelMap {
    /// The value of a label.
    fn label(&self, key: &str) -> Option<&str>;
}

impl LabelMap for BTreeMap<String, String> {
    fn label(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

/// A parsed label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Parses the query form.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for part in split(text)? {
            let part = part.trim();
            if part.is_empty() {
                if text.trim().is_empty() {
                    continue;
                }
                return Err("found ',', expected: identifier after ','".into());
            }
            requirements.push(requirement(part)?);
        }
        Ok(Self { requirements })
    }

    /// Reads `matchLabels` and `matchExpressions`, or a plain map when neither is there.
    pub(crate) fn from_value(value: &Value) -> Self {
        let mut requirements = Vec::new();
        for (key, value) in value["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(Requirement::In(key.clone(), value.as_str().map(str::to_owned).into_iter().collect()));
        }
        for expression in value["matchExpressions"].as_array().into_iter().flatten() {
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            let values = expression["values"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            match expression["operator"].as_str() {
                Some("In") => requirements.push(Requirement::In(key, values)),
                Some("NotIn") => requirements.push(Requirement::NotIn(key, values)),
                Some("Exists") => requirements.push(Requirement::Exists(key)),
                Some("DoesNotExist") => requirements.push(Requirement::Absent(key)),
                _ => {}
            }
        }
        Self { requirements }
    }

    /// Whether it chooses everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether these labels are chosen.
    pub(crate) fn matches(&self, labels: &impl LabelMap) -> bool {
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                labels.label(key).is_some_and(|value| values.iter().any(|known| known == value))
            }
            Requirement::NotIn(key, values) => {
                labels.label(key).is_none_or(|value| values.iter().all(|known| known != value))
            }
            Requirement::Exists(key) => labels.label(key).is_some(),
            Requirement::Absent(key) => labels.label(key).is_none(),
            Requirement::Greater(key, than) => {
                labels.label(key).and_then(|value| value.parse::<i64>().ok()).is_some_and(|value| value > *than)
            }
            Requirement::Less(key, than) => {
                labels.label(key).and_then(|value| value.parse::<i64>().ok()).is_some_and(|value| value < *than)
            }
        })
    }
}

impl std::fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                write!(f, ",")?;
            }
            match requirement {
                Requirement::In(key, values) if values.len() == 1 => write!(f, "{key}={}", values[0])?,
                Requirement::In(key, values) => write!(f, "{key} in ({})", values.join(","))?,
                Requirement::NotIn(key, values) if values.len() == 1 => write!(f, "{key}!={}", values[0])?,
                Requirement::NotIn(key, values) => write!(f, "{key} notin ({})", values.join(","))?,
                Requirement::Exists(key) => write!(f, "{key}")?,
                Requirement::Absent(key) => write!(f, "!{key}")?,
                Requirement::Greater(key, than) => write!(f, "{key}>{than}")?,
                Requirement::Less(key, than) => write!(f, "{key}<{than}")?,
            }
        }
        Ok(())
    }
}

/// Splits at commas outside parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("found ')', expected: identifier")?,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 {
        return Err("found '', expected: ',' or ')'".into());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn requirement(part: &str) -> Result<Requirement, String> {
    if let Some(key) = part.strip_prefix('!')
        && !part.contains('=')
    {
        return Ok(Requirement::Absent(checked_key(key)?));
    }
    for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let (key, values) = (checked_key(key)?, vec![checked_value(value)?]);
            return Ok(if negated { Requirement::NotIn(key, values) } else { Requirement::In(key, values) });
        }
    }
    for (operator, greater) in [('>', true), ('<', false)] {
        if let Some((key, value)) = part.split_once(operator) {
            let value = value
                .trim()
                .parse()
                .map_err(|_| format!("for 'Gt', 'Lt' operators, the value must be an integer, got {value:?}"))?;
            let key = checked_key(key)?;
            return Ok(if greater { Requirement::Greater(key, value) } else { Requirement::Less(key, value) });
        }
    }
    if let Some((head, list)) = part.split_once('(') {
        let list = list
            .trim()
            .strip_suffix(')')
            .ok_or_else(|| format!("unable to parse requirement: found {list:?}, expected: ')'"))?;
        let values = list.split(',').map(checked_value).collect::<Result<Vec<_>, _>>()?;
        let mut words = head.split_whitespace();
        let key = checked_key(words.next().unwrap_or_default())?;
        return match (words.next(), words.next()) {
            (Some("in"), None) => Ok(Requirement::In(key, values)),
            (Some("notin"), None) => Ok(Requirement::NotIn(key, values)),
            (found, _) => Err(format!(
                "unable to parse requirement: found {:?}, expected: in, notin, =, ==, !=, gt, lt",
                found.unwrap_or_default()
            )),
        };
    }
    Ok(Requirement::Exists(checked_key(part)?))
}

fn checked_key(key: &str) -> Result<String, String> {
    let key = key.trim();
    match names::qualified(key).as_slice() {
        [] => Ok(key.to_owned()),
        problems => Err(format!("unable to parse requirement: <nil>: Invalid value: {key:?}: {}", problems.join("; "))),
    }
}

fn checked_value(value: &str) -> Result<String, String> {
    let value = value.trim();
    match names::label_value(value).as_slice() {
        [] => Ok(value.to_owned()),
        problems => {
            Err(format!("unable to parse requirement: values[0][]: Invalid value: {value:?}: {}", problems.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn labels() -> BTreeMap<String, String> {
        [("a", "1"), ("app.io/b", "x")].into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[rstest]
    #[case("", true)]
    #[case("a=1", true)]
    #[case("a==1,app.io/b=x", true)]
    #[case("a!=1", false)]
    #[case("c!=1", true)]
    #[case("a in (1, 2),app.io/b notin (y)", true)]
    #[case("a", true)]
    #[case("!a", false)]
    #[case("!c", true)]
    #[case("a>0", true)]
    #[case("a<0", false)]
    fn selectors_choose_by_labels(#[case] text: &str, #[case] chosen: bool) {
        assert_eq!(LabelSelector::parse(text).unwrap().matches(&labels()), chosen);
    }

    #[rstest]
    #[case("a=1,,b=2")]
    #[case("a in (1")]
    #[case("a near (1)")]
    #[case("=1")]
    #[case("a=b=c")]
    #[case("a=$")]
    fn broken_selectors_are_refused(#[case] text: &str) {
        assert!(LabelSelector::parse(text).is_err());
    }
}
