//! `occ component logs`

use super::events::Events;
use super::place::Place;
use crate::failure::Failure;
use crate::objects::{condition, print};
use crate::session::{Problem, Session, encode};
use clap::ArgMatches;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// While following, pods that came since are looked for this often.
const NEW_PODS: Duration = Duration::from_secs(2);

/// What is asked for.
struct Wish {
    since: Option<Duration>,
    tail: Option<u32>,
    container: Option<String>,
}

/// The logs of all pods of a component in an environment.
struct Logs<'a> {
    session: &'a Session,
    base: String,
    wish: Wish,
}

/// Prints lines, once or as they come.
pub(crate) async fn logs(session: &Session, name: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let place = Place::find(session, name).await?;
    let environment = match matches.get_one::<String>("env") {
        Some(environment) => environment.as_str(),
        None => place.pipeline.first()?,
    };
    let binding = place.deployed(session, environment).await?;
    let binding_name = binding.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let logs = Logs {
        session,
        base: format!("{}/{}/k8sresources", place.path("releasebindings"), encode(binding_name)),
        wish: Wish {
            since: matches.get_one("since").copied(),
            tail: matches.get_one("tail").copied(),
            container: matches.get_one::<String>("container").cloned(),
        },
    };
    if matches.get_flag("follow") {
        return logs.follow(name, environment).await;
    }
    let pods = logs.pods().await?;
    if pods.is_empty() {
        let why =
            condition(&binding, "Ready").and_then(|ready| ready.get("message")?.as_str()).unwrap_or("no status yet");
        return Err(Failure::NotFound(format!("component {name:?} has no pod in {environment:?}: {why}")));
    }
    logs.once(&pods).await
}

impl Logs<'_> {
    async fn pods(&self) -> Result<Vec<String>, Failure> {
        let tree = self.session.http.get(&format!("{}/tree", self.base)).await?;
        let releases = tree.get("renderedReleases").and_then(Value::as_array).into_iter().flatten();
        let nodes = releases.filter_map(|release| release.get("nodes")?.as_array()).flatten();
        let pods = nodes.filter(|node| node.get("kind").and_then(Value::as_str) == Some("Pod"));
        Ok(pods.filter_map(|pod| pod.get("name")?.as_str().map(str::to_owned)).collect())
    }

    fn path(&self, pod: &str, since: Option<Duration>, tail: Option<u32>, follow: bool) -> String {
        let mut path = format!("{}/logs?podName={}", self.base, encode(pod));
        if let Some(container) = &self.wish.container {
            path.push_str(&format!("&container={}", encode(container)));
        }
        if let Some(since) = since {
            path.push_str(&format!("&sinceSeconds={}", since.as_secs().max(1)));
        }
        if let Some(tail) = tail {
            path.push_str(&format!("&tailLines={tail}"));
        }
        if follow {
            path.push_str("&follow=true");
        }
        path
    }

    /// What there is, of all pods together by time.
    async fn once(&self, pods: &[String]) -> Result<(), Failure> {
        let mut lines = Vec::new();
        for pod in pods {
            let answer = self.session.http.get(&self.path(pod, self.wish.since, self.wish.tail, false)).await?;
            for entry in answer.get("logEntries").and_then(Value::as_array).into_iter().flatten() {
                lines.push((time(entry), shown(entry, pod, pods.len() > 1)));
            }
        }
        lines.sort_by_key(|(time, _)| *time);
        lines.iter().try_for_each(|(_, line)| print(line))
    }

    /// Lines of all pods as they come, of pods to come too, until the user ends it.
    async fn follow(&self, name: &str, environment: &str) -> Result<(), Failure> {
        let mut last: HashMap<String, Option<Timestamp>> = HashMap::new();
        let mut open: Vec<String> = Vec::new();
        let mut streams = FuturesUnordered::new();
        let mut told = false;
        loop {
            let pods = self.pods().await?;
            if pods.is_empty() && !told {
                eprintln!("waiting for a pod of component {name:?} in {environment:?}");
                told = true;
            }
            for pod in &pods {
                if !open.contains(pod) {
                    open.push(pod.clone());
                    streams.push(self.one(pod.clone(), last.get(pod).copied().flatten(), pods.len() > 1));
                }
            }
            let look_again = tokio::time::sleep(NEW_PODS);
            tokio::pin!(look_again);
            loop {
                tokio::select! {
                    Some(ended) = streams.next(), if !streams.is_empty() => {
                        let (pod, time): (String, Option<Timestamp>) = ended?;
                        open.retain(|one| *one != pod);
                        last.insert(pod, time);
                    }
                    () = &mut look_again => break,
                }
            }
        }
    }

    /// Lines of one pod to the end of its container; the time of the last one is where to go on.
    async fn one(
        &self,
        pod: String,
        after: Option<Timestamp>,
        many: bool,
    ) -> Result<(String, Option<Timestamp>), Failure> {
        let (since, tail) = match after {
            Some(after) => {
                let seconds = Timestamp::now().as_second() - after.as_second() + 1;
                (Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(1))), None)
            }
            None => (self.wish.since, self.wish.tail),
        };
        let path = self.path(&pod, since, tail, true);
        let mut response = self.session.http.send(Method::GET, &path, |request| request).await?;
        let status = response.status();
        if !status.is_success() {
            let body = response.bytes().await.unwrap_or_default();
            let problem = Problem::read(status, &body);
            // A pod that is starting or gone has no log; a later look tells which.
            return if matches!(status.as_u16(), 400 | 404 | 503) && self.wish.container.is_none() {
                Ok((pod, after))
            } else {
                Err(problem.into())
            };
        }
        let mut events = Events::default();
        let mut last = after;
        while let Ok(Some(chunk)) = response.chunk().await {
            for entry in events.take(&chunk) {
                let at = time(&entry);
                if after.is_some() && at.is_some() && at <= after {
                    continue;
                }
                last = last.max(at);
                print(&shown(&entry, &pod, many))?;
            }
        }
        Ok((pod, last))
    }
}

fn time(entry: &Value) -> Option<Timestamp> {
    entry.get("timestamp")?.as_str()?.parse().ok()
}

/// `TIME [CONTAINER] TEXT`, with the pod where there are several.
fn shown(entry: &Value, pod: &str, many: bool) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let container = text("container");
    let place = if many { format!("{pod}/{container}") } else { container.to_owned() };
    format!("{} [{place}] {}\n", text("timestamp"), text("log").trim_end_matches(['\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_names_its_pod_where_there_are_several() {
        let entry = json!({"timestamp": "2026-11-21T12:00:00Z", "log": "hello", "container": "main"});
        assert_eq!(shown(&entry, "cart-1", false), "2026-11-21T12:00:00Z [main] hello\n");
        assert_eq!(shown(&entry, "cart-1", true), "2026-11-21T12:00:00Z [cart-1/main] hello\n");
    }
}
