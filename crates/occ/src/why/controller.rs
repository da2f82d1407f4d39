//! What the controller of an object tells of it, where the server passes it on.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a controller waits for, and what does not work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Controller {
    /// Its name.
    #[serde(rename = "controller", skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_run: Option<LastRun>,
    /// The write that did not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failing: Option<Failing>,
    /// Why it cannot decide anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unseen: Option<String>,
    /// What keeps an object that is being deleted from going.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) finalizers: Vec<String>,
    pub(super) waits: Vec<Awaited>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LastRun {
    pub(super) at: String,
    pub(super) woken_by: String,
    pub(super) outcome: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Failing {
    pub(super) message: String,
    /// How often in a row.
    pub(super) times: u32,
}

/// An object that must appear, change or go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Awaited {
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// The plane that it is on; none for the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<String>,
    pub(super) why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    /// What that object waits for itself, where nobody can ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) because: Option<Box<Controller>>,
}

impl Controller {
    /// What a server answered.
    pub(super) fn read(answer: Value) -> Result<Self, Failure> {
        serde_json::from_value(answer)
            .map_err(|error| Failure::Server(format!("what the server tells of waits cannot be read: {error}")))
    }

    /// Whether there is anything to tell.
    pub(super) fn speaks(&self) -> bool {
        !self.waits.is_empty() || self.failing.is_some() || self.unseen.is_some()
    }

    /// A line for each thing, below those of the object's own conditions, whose words are not said again.
    pub(super) fn lines(&self, said: &[&str], indent: usize, text: &mut String) {
        let space = " ".repeat(indent);
        let news = |words: &str| !words.is_empty() && !said.iter().any(|known| known.contains(words));
        for wait in &self.waits {
            let namespace = wait.namespace.as_ref().map(|space| format!(" ({space})")).unwrap_or_default();
            let cluster = wait.cluster.as_ref().map(|cluster| format!(" on {cluster}")).unwrap_or_default();
            let since = wait.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
            let why = if news(&wait.why) { format!(": {}", wait.why) } else { String::new() };
            text.push_str(&format!("{space}waits for {} {}{namespace}{cluster}{since}{why}\n", wait.kind, wait.name));
            if let Some(because) = &wait.because {
                because.lines(said, indent + 2, text);
            }
        }
        if let Some(failing) = &self.failing {
            let at = self.last_run.as_ref().map(|run| format!(", last at {}", run.at)).unwrap_or_default();
            let times =
                if failing.times == 1 { "once".to_owned() } else { format!("{} times in a row", failing.times) };
            text.push_str(&format!("{space}failing {times}{at}: {}\n", failing.message));
        }
        if let Some(unseen) = self.unseen.as_ref().filter(|unseen| news(unseen)) {
            text.push_str(&format!("{space}undecided: {unseen}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::nothing(json!({"waits": []}), "")]
    #[case::said_by_the_condition(
        json!({"waits": [{"kind": "ComponentType", "namespace": "ns", "name": "service", "why": "not found", "since": "T"}]}),
        "  waits for ComponentType service (ns) since T\n"
    )]
    #[case::on_a_plane_and_nested(
        json!({"waits": [{"kind": "RenderedRelease", "namespace": "ns", "name": "web", "why": "it goes", "because": {"waits": [
            {"kind": "Namespace", "name": "dp", "cluster": "dataplane/ns/east", "why": "it is held"},
        ]}}]}),
        "  waits for RenderedRelease web (ns): it goes\n    waits for Namespace dp on dataplane/ns/east: it is held\n"
    )]
    #[case::failing(
        json!({"lastRun": {"at": "T"}, "failing": {"message": "cannot apply", "times": 3}, "unseen": "no schema", "waits": []}),
        "  failing 3 times in a row, last at T: cannot apply\n  undecided: no schema\n"
    )]
    fn what_a_controller_tells(#[case] told: Value, #[case] expected: &str) {
        let controller: Controller = serde_json::from_value(told).expect("an answer");
        let mut text = String::new();
        controller.lines(&["ComponentType service not found"], 2, &mut text);
        assert_eq!(text, expected);
    }
}
