//! Plays a case: namespace, requests in order, answers normalised.

use crate::normal::Normal;
use crate::record::Answer;
use crate::sample;
use crate::script::{Case, Step, fill, fill_value};
use crate::server::Server;
use crate::wait;
use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Headers that clients look at.
const HEADERS: &[&str] = &["content-type", "allow", "location", "retry-after", "www-authenticate"];

/// Media types by their words.
const WORDS: &[(&str, &str)] = &[
    ("json", "application/json"),
    ("yaml", "application/yaml"),
    ("merge", "application/merge-patch+json"),
    ("jsonpatch", "application/json-patch+json"),
    ("strategic", "application/strategic-merge-patch+json"),
    ("apply", "application/apply-patch+yaml"),
    ("table", "application/json;as=Table;v=v1;g=meta.k8s.io"),
    ("meta", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
    ("metalist", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
];

/// Plays all steps; the answers of those that are compared.
///
/// # Errors
/// The script is wrong, or the server does not answer.
pub async fn case(server: &Server, case: &Case) -> Result<Vec<Answer>> {
    let mut player = Player { server, variables: case.variables.clone(), normal: Normal::default() };
    let namespace = format!("d-{}", case.name.replace(['/', '_', '.'], "-").to_lowercase());
    player.variables.insert("ns".into(), namespace.clone().into());
    let rows = case.variables.values().filter_map(Value::as_str);
    let wants = case.steps.iter().map(|step| step.request.as_str()).chain(rows).any(|text| text.contains("${ns}"));
    if wants {
        player.open(&namespace).await.with_context(|| format!("{}: its namespace", case.name))?;
    }
    let mut answers = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        let of = format!("{} {} {}", case.name, number + 1, step.request);
        if let Some(answer) = player.step(step, &of).await.with_context(|| of.clone())? {
            answers.push(answer);
        }
    }
    if wants {
        server.request(Method::DELETE, &format!("/api/v1/namespaces/{namespace}")).send().await?;
    }
    Ok(answers)
}

struct Player<'s> {
    server: &'s Server,
    variables: BTreeMap<String, Value>,
    normal: Normal,
}

impl Player<'_> {
    /// Makes the case's namespace and waits until the server has furnished it.
    async fn open(&self, namespace: &str) -> Result<()> {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let mut made = self.server.request(Method::POST, "/api/v1/namespaces").json(&body).send().await?;
        if made.status().as_u16() == 409 {
            // That of an earlier run.
            let path = format!("/api/v1/namespaces/{namespace}");
            self.server.request(Method::DELETE, &path).send().await?;
            self.wait(&path, || Ok(self.server.request(Method::GET, &path)), "gone").await?;
            made = self.server.request(Method::POST, "/api/v1/namespaces").json(&body).send().await?;
        }
        if !made.status().is_success() {
            bail!("{}: {}", made.status(), made.text().await?);
        }
        for furniture in ["serviceaccounts/default", "configmaps/kube-root-ca.crt"] {
            let path = format!("/api/v1/namespaces/{namespace}/{furniture}");
            self.wait(&path, || Ok(self.server.request(Method::GET, &path)), "ok").await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, of: &str) -> Result<Option<Answer>> {
        let (method, path) = step.request.split_once(' ').context("expected a method and a path")?;
        let method: Method = method.parse()?;
        let path = fill(path, &self.variables)?;
        let build = || self.request(step, method.clone(), &path);
        if let Some(condition) = &step.until {
            self.wait(&path, build, &fill(condition, &self.variables)?).await?;
            return Ok(None);
        }
        let response = build()?.send().await?;
        let code = response.status().as_u16();
        let headers = headers(&response);
        let warnings = warnings(&response);
        let mut body = match step.watch {
            Some(count) if code == 200 => events(response, count).await?,
            _ => decode(&headers, &response.bytes().await?),
        };
        for (name, path) in &step.save {
            let value = at(&body, path).with_context(|| format!("nothing at {path} of {body}"))?;
            self.variables.insert(name.clone(), value.clone());
        }
        if !step.pick.is_empty() {
            let mut picked = serde_json::Map::new();
            for path in &step.pick {
                let path = fill(path, &self.variables)?;
                picked.insert(path.clone(), at(&body, &path).cloned().unwrap_or("<absent>".into()));
            }
            body = picked.into();
        }
        for path in &step.drop {
            remove(&mut body, &path.split('.').collect::<Vec<_>>());
        }
        self.normal.apply(&mut body);
        let warnings = warnings.iter().map(|text| self.normal.text(text, "")).collect();
        let headers = headers.into_iter().map(|(name, text)| (name, self.normal.text(&text, ""))).collect();
        Ok(Some(Answer { of: of.to_owned(), code, headers, warnings, body }))
    }

    fn request(&self, step: &Step, method: Method, path: &str) -> Result<RequestBuilder> {
        let word = |text: &str| {
            WORDS.iter().find(|(word, _)| *word == text).map_or_else(|| text.to_owned(), |(_, media)| (*media).into())
        };
        let mut request = self.server.request(method, path);
        for (name, value) in &step.headers {
            request = request.header(name, fill(value, &self.variables)?);
        }
        if let Some(accept) = &step.accept {
            request = request.header("accept", word(accept));
        }
        if let Some(user) = &step.user {
            request = request.header("impersonate-user", fill(user, &self.variables)?);
        }
        let body = match (&step.body, &step.sample, &step.raw) {
            (Some(body), _, _) => {
                let mut body = fill_value(body, &self.variables)?;
                if let Some(with) = &step.with {
                    merge(&mut body, &fill_value(with, &self.variables)?);
                }
                Some(body.to_string())
            }
            (_, Some(name), _) => {
                let mut body = sample::builtin(&fill(name, &self.variables)?)?;
                if let Some(with) = &step.with {
                    merge(&mut body, &fill_value(with, &self.variables)?);
                }
                Some(body.to_string())
            }
            (_, _, Some(raw)) => Some(fill(raw, &self.variables)?),
            _ => None,
        };
        if let Some(body) = body {
            let media = step.media.as_deref().map_or_else(|| "application/json".into(), word);
            request = if media.is_empty() { request } else { request.header("content-type", media) };
            request = request.body(body);
        }
        Ok(request)
    }

    async fn wait(&self, path: &str, build: impl Fn() -> Result<RequestBuilder>, condition: &str) -> Result<()> {
        let holds = |code: u16, body: &Value| -> Result<bool> {
            Ok(match condition {
                "ok" => code < 300,
                "gone" => code == 404,
                _ => {
                    let (path, wanted) = condition.split_once('=').context("expected ok, gone or PATH=VALUE")?;
                    at(body, path)
                        .is_some_and(|value| value.as_str().map_or(value.to_string(), str::to_owned) == wanted)
                }
            })
        };
        wait::until(self.server, path, build, holds).await.map(drop).with_context(|| condition.to_owned())
    }
}

fn headers(response: &Response) -> BTreeMap<String, String> {
    HEADERS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), response.headers().get(*name)?.to_str().ok()?.to_owned())))
        .collect()
}

fn warnings(response: &Response) -> Vec<String> {
    let all = response.headers().get_all("warning");
    all.iter().filter_map(|text| text.to_str().ok().map(str::to_owned)).collect()
}

fn decode(headers: &BTreeMap<String, String>, bytes: &[u8]) -> Value {
    let media = headers.get("content-type").map(String::as_str).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let read = if media.contains("json") {
        serde_json::from_slice(bytes).ok()
    } else if media.contains("yaml") {
        serde_saphyr::from_str(&text).ok()
    } else {
        None
    };
    read.unwrap_or_else(|| if text.is_empty() { Value::Null } else { text.into_owned().into() })
}

/// Events of a watch, a line each.
async fn events(mut response: Response, count: usize) -> Result<Value> {
    let mut events = Vec::new();
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            events.push(serde_json::from_slice::<Value>(&line).context("an event is not JSON")?);
            if count > 0 && events.len() == count {
                return Ok(events.into());
            }
        }
    }
    Ok(events.into())
}

/// The value at a path: keys and indices between dots; `list[key=value]` is the item with that.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = value;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (key, wanted) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((key, wanted)) => (key, Some(wanted)),
            None => (step, None),
        };
        if !key.is_empty() {
            value = match value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
                // A dot of the key itself is written `~`.
                _ => value.get(key.replace('~', "."))?,
            };
        }
        if let Some((key, wanted)) = wanted.and_then(|wanted| wanted.split_once('=')) {
            value = value.as_array()?.iter().find(|item| item[key].as_str() == Some(wanted))?;
        }
    }
    Some(value)
}

/// Removes what is at a path; `*` is every item.
fn remove(value: &mut Value, path: &[&str]) {
    match path {
        [] => {}
        ["*", rest @ ..] => {
            for item in value.as_array_mut().into_iter().flatten() {
                remove(item, rest);
            }
        }
        [key] => {
            if let Some(map) = value.as_object_mut() {
                map.remove(*key);
            }
        }
        [key, rest @ ..] => {
            let inner = match value {
                Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
                _ => value.get_mut(*key),
            };
            if let Some(inner) = inner {
                remove(inner, rest);
            }
        }
    }
}

/// JSON merge patch.
pub fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, change) in patch {
        if let Some(map) = value.as_object_mut() {
            if change.is_null() {
                map.remove(key);
            } else {
                merge(map.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}
