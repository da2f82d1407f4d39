//! What is on the machine: to see that nothing is left behind.

use super::engine::Engine;
use std::collections::BTreeSet;
use std::process::Command;

/// Containers, networks and interfaces by name.
#[derive(Debug, Default)]
pub(crate) struct Remains(BTreeSet<String>);

impl Remains {
    pub(crate) fn see(engine: &Engine) -> Remains {
        let lines = |program: &std::ffi::OsStr, words: &[&str]| -> Vec<String> {
            let output = Command::new(program).args(words).output();
            output
                .map(|output| String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let program = engine.program.as_os_str();
        let mut seen = BTreeSet::new();
        seen.extend(
            lines(program, &["ps", "-a", "--format", "{{.Names}}"]).into_iter().map(|name| format!("container {name}")),
        );
        seen.extend(
            lines(program, &["network", "ls", "--format", "{{.Name}}"])
                .into_iter()
                .map(|name| format!("network {name}")),
        );
        if let Ok(interfaces) = std::fs::read_dir("/sys/class/net") {
            seen.extend(interfaces.flatten().map(|entry| format!("interface {}", entry.file_name().to_string_lossy())));
        }
        Remains(seen)
    }

    /// What is here and was not there.
    pub(crate) fn beside(&self, before: &Remains) -> Vec<String> {
        self.0.difference(&before.0).cloned().collect()
    }
}
