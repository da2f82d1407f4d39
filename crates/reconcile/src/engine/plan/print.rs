//! A plan as text, for logs, `why` and failing tests.

use std::fmt;

use super::{Effect, EventType, Plan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if let Some(why) = &self.broken {
            lines.push(format!("unusable: {why}"));
        }
        lines.extend(self.add_finalizers.iter().map(|name| format!("add finalizer {name}")));
        lines.extend(self.effects.iter().map(Effect::to_string));
        lines.extend(self.status.iter().map(|status| format!("status {status}")));
        lines.extend(self.events.iter().map(|event| {
            let kind = if event.kind == EventType::Warning { "warning" } else { "normal" };
            format!("event ({kind}) {}: {}", event.reason, event.message)
        }));
        lines.extend(self.remove_finalizers.iter().map(|name| format!("remove finalizer {name}")));
        lines.extend(self.waits.iter().map(|wait| format!("waits for {}: {}", wait.object, wait.why)));
        lines.extend(self.wake_at.iter().map(|at| format!("wake at {at}")));
        if lines.is_empty() { f.write_str("nothing") } else { f.write_str(&lines.join("\n")) }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Some(target) => write!(f, "{} {target}", self.verb()),
            None => write!(f, "{} a manifest without apiVersion, kind or name", self.verb()),
        }
    }
}
