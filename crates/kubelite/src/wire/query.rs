//! Options in the query.

use http::Uri;

use crate::status::ApiError;

/// What to do with unknown and duplicate fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Validation {
    /// Drop them silently.
    Ignore,
    /// Drop them and say so in `Warning` headers.
    #[default]
    Warn,
    /// Refuse.
    Strict,
}

/// All options that any verb takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) watch: bool,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: Option<bool>,
    pub(crate) resource_version: String,
    pub(crate) resource_version_match: String,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) limit: usize,
    pub(crate) token: String,
    pub(crate) dry_run: bool,
    pub(crate) field_manager: String,
    pub(crate) field_validation: Option<Validation>,
    pub(crate) force: Option<bool>,
    pub(crate) grace_period: Option<i64>,
    pub(crate) propagation: Option<String>,
    pub(crate) orphan: Option<bool>,
    pub(crate) include_object: String,
    all: Vec<(String, String)>,
}

impl Params {
    /// Reads the query; unknown options are ignored, as Kubernetes does.
    pub(crate) fn parse(uri: &Uri, options: &str) -> Result<Self, ApiError> {
        let all = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| ApiError::bad_request(format!("the query cannot be read: {error}")))?
            .0;
        let mut params = Self::default();
        for (key, value) in &all {
            let text = || value.clone();
            match key.as_str() {
                "labelSelector" => params.label_selector = text(),
                "fieldSelector" => params.field_selector = text(),
                "watch" => params.watch = flag(key, value)?,
                "allowWatchBookmarks" => params.bookmarks = flag(key, value)?,
                "sendInitialEvents" => params.initial_events = Some(flag(key, value)?),
                "resourceVersion" => params.resource_version = text(),
                "resourceVersionMatch" => params.resource_version_match = text(),
                "timeoutSeconds" => params.timeout_seconds = Some(number(value)?.unsigned_abs()),
                "limit" => params.limit = usize::try_from(number(value)?).unwrap_or(0),
                "continue" => params.token = text(),
                "dryRun" => match value.as_str() {
                    "All" => params.dry_run = true,
                    _ => {
                        let message = format!("Unsupported value: [{value:?}]: supported values: \"All\"");
                        return Err(ApiError::option(options, "FieldValueNotSupported", "dryRun", message));
                    }
                },
                "fieldManager" => params.field_manager = manager(options, value)?,
                "fieldValidation" => {
                    params.field_validation = Some(match value.as_str() {
                        "Ignore" => Validation::Ignore,
                        "Warn" => Validation::Warn,
                        "Strict" => Validation::Strict,
                        "" => Validation::default(),
                        _ => {
                            let message = format!(
                                "Unsupported value: {value:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
                            );
                            return Err(ApiError::option(
                                options,
                                "FieldValueNotSupported",
                                "fieldValidation",
                                message,
                            ));
                        }
                    });
                }
                "force" => params.force = Some(flag(key, value)?),
                "gracePeriodSeconds" => params.grace_period = Some(number(value)?),
                "propagationPolicy" => params.propagation = Some(text()),
                "orphanDependents" => params.orphan = Some(flag(key, value)?),
                "includeObject" => params.include_object = text(),
                _ => {}
            }
        }
        params.all = all;
        Ok(params)
    }

    /// The last value of any option.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.all.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// All values of an option that may come more than once.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.all.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// An option that is true or false; absent: false.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, ApiError> {
        self.get(key).map_or(Ok(false), |value| flag(key, value))
    }

    /// An option that is a whole number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, ApiError> {
        self.get(key).map(number).transpose()
    }
}

/// Checks the option `timeout`, a duration as Go writes them. Nothing here takes longer than the shortest that makes sense, so that
/// its value has no further effect.
pub(super) fn timeout(uri: &Uri) -> Result<(), ApiError> {
    let Some(given) = uri.query().and_then(|query| query.split('&').find_map(|part| part.strip_prefix("timeout=")))
    else {
        return Ok(());
    };
    if given.is_empty() || is_duration(given) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "invalid timeout specified in the request URL - time: invalid duration {given:?}"
    )))
}

/// `1h30m`, `0`, `1.5s`: numbers with units, at least one.
fn is_duration(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['+', '-']);
    if rest == "0" {
        return true;
    }
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let number = &rest[..rest.len() - unit.len()];
        if number.parse::<f64>().is_err() {
            return false;
        }
        let units = ["ns", "us", "µs", "%C2%B5s", "ms", "h", "m", "s"];
        let Some(tail) = units.iter().find_map(|known| unit.strip_prefix(known)) else { return false };
        rest = tail;
    }
    !text.is_empty()
}

fn flag(key: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        "" | "1" | "true" | "True" | "t" => Ok(true),
        "0" | "false" | "False" | "f" => Ok(false),
        _ => Err(ApiError::bad_request(format!("{key}: {value:?} is neither true nor false"))),
    }
}

fn number(value: &str) -> Result<i64, ApiError> {
    value.parse().map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")))
}

fn manager(options: &str, value: &str) -> Result<String, ApiError> {
    if value.len() > 128 {
        let message = "Too long: may not be more than 128 bytes";
        return Err(ApiError::option(options, "FieldValueTooLong", "fieldManager", message));
    }
    if value.chars().any(char::is_control) {
        let message = format!("Invalid value: {value:?}: should only contain printable characters");
        return Err(ApiError::option(options, "FieldValueInvalid", "fieldManager", message));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case("timeout=32s", true)]
    #[case("a=b&timeout=1h30m0.5s", true)]
    #[case("timeout=0", true)]
    #[case("timeout=", true)]
    #[case("timeout=invalid", false)]
    #[case("timeout=10", false)]
    #[case("timeout=s", false)]
    fn timeouts_are_durations(#[case] query: &str, #[case] good: bool) {
        let uri = format!("/version?{query}").parse().unwrap();
        assert_eq!(super::timeout(&uri).is_ok(), good);
    }
}
