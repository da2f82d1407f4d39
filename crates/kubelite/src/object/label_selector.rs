//! `a=b,c!=d,e in (f,g),h notin (i),j,!k`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::label_query;

/// What one label must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requirement {
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
        label_query::parse(text).map(|requirements| Self { requirements })
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
                Requirement::In(key, values) => write!(f, "{key} in ({})", sorted(values))?,
                Requirement::NotIn(key, values) if values.len() == 1 => write!(f, "{key}!={}", values[0])?,
                Requirement::NotIn(key, values) => write!(f, "{key} notin ({})", sorted(values))?,
                Requirement::Exists(key) => write!(f, "{key}")?,
                Requirement::Absent(key) => write!(f, "!{key}")?,
                Requirement::Greater(key, than) => write!(f, "{key}>{than}")?,
                Requirement::Less(key, than) => write!(f, "{key}<{than}")?,
            }
        }
        Ok(())
    }
}

fn sorted(values: &[String]) -> String {
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    values.sort_unstable();
    values.join(",")
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
