//! What an answer is expected to be: `WHO word…`.
//!
//! WHO is a backend, a status, or `refused` where no answer comes at all. Words: `path= query= host= version= body=` as the
//! backend saw them, `h:NAME=VALUE` a header that it saw, `r:NAME=VALUE` one of the answer, `NAME!` for one that is not
//! there, `m:BACKEND=PATH@BODY` what a mirror saw. After `Nx`, `WHO=COUNT…`, and `copies:BACKEND=COUNT` for mirrors.

use serde_json::Value;

use super::backends::Seen;
use super::client::Answered;

pub(super) fn decoded(text: &str) -> String {
    text.replace("%20", " ")
}

/// Who answered: a backend, a status, or nobody.
pub(super) fn who(answered: &Answered) -> String {
    let Some((status, _, body)) = answered else { return "refused".into() };
    let told: Option<Value> = serde_json::from_str(body).ok();
    match told.as_ref().and_then(|told| told["backend"].as_str()) {
        Some(backend) if status.is_success() => backend.to_owned(),
        _ => status.as_u16().to_string(),
    }
}

/// What is not as expected.
pub(super) async fn wrong(answered: &Answered, expected: &str, seen: &Seen) -> Option<String> {
    let mut words = expected.split_whitespace();
    let wanted = words.next().unwrap_or_default();
    let found = who(answered);
    if found != wanted {
        let body = answered.as_ref().map(|(_, _, body)| body.trim()).unwrap_or_default();
        return Some(format!("{found} instead of {wanted} ({body})"));
    }
    let (status, headers, body) = answered.as_ref()?;
    let told: Value = serde_json::from_str(body).unwrap_or_default();
    for word in words {
        let (name, value) = match word.strip_suffix('!') {
            Some(name) => (name, None),
            None => {
                let (name, value) = word.split_once('=').expect("name=value");
                (name, Some(decoded(value)))
            }
        };
        let found = if let Some(header) = name.strip_prefix("h:") {
            let lines = told["headers"][header].as_array();
            lines.map(|lines| lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        } else if let Some(header) = name.strip_prefix("r:") {
            let mut lines = headers.get_all(header).iter().peekable();
            let there = lines.peek().is_some();
            there.then(|| lines.filter_map(|line| line.to_str().ok()).collect::<Vec<_>>().join(","))
        } else if let Some(mirror) = name.strip_prefix("m:") {
            let wanted = value.clone().unwrap_or_default();
            let saw = seen.by(mirror, |requests| requests.contains(&wanted));
            if tokio::time::timeout(std::time::Duration::from_secs(20), saw).await.is_err() {
                return Some(format!("mirror {mirror} did not see {wanted}"));
            }
            continue;
        } else if name == "trusted" {
            continue;
        } else {
            told[name].as_str().map(str::to_owned)
        };
        if found != value {
            return Some(format!("{name} is {found:?} instead of {value:?} (status {status})"));
        }
    }
    None
}

/// What is not as expected of many answers. Shares may be off by three in a hundred, at least by one.
pub(super) async fn wrong_shares(answered: &[Answered], expected: &str, seen: &Seen) -> Option<String> {
    let slack = (answered.len() * 3 / 100).max(1);
    for word in expected.split_whitespace() {
        let (name, count) = word.split_once('=').expect("name=count");
        let wanted: usize = count.parse().expect("a count");
        let found = match name.strip_prefix("copies:") {
            Some(mirror) => {
                let saw = seen.by(mirror, |requests| requests.len() >= wanted.saturating_sub(slack));
                let _ = tokio::time::timeout(std::time::Duration::from_secs(20), saw).await;
                seen.count(mirror)
            }
            None => answered.iter().filter(|one| who(one) == name).count(),
        };
        if found.abs_diff(wanted) > slack {
            return Some(format!("{name} answered {found} times instead of {wanted}"));
        }
    }
    None
}
