//! Help: the names of commands and flags in it. Its words are each project's own.

use std::collections::BTreeSet;

/// What a help text offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) commands: BTreeSet<String>,
    pub(super) flags: BTreeSet<String>,
}

impl Names {
    /// Reads sections of commands, nouns and flags; of a line, what stands before two spaces.
    pub(super) fn read(text: &str) -> Names {
        let mut names = Names::default();
        let mut section = "";
        for line in text.lines() {
            if !line.starts_with(' ') {
                section = line;
                continue;
            }
            let first = line.trim().split("  ").next().unwrap_or_default();
            let words = |text: &str| -> Vec<String> {
                let words = text.split([' ', ',', '|']).filter(|word| !word.is_empty());
                words.map(str::to_owned).collect()
            };
            if section.starts_with("Nouns") {
                names.commands.extend(words(line));
            } else if section.ends_with("Commands:") {
                // What follows a name in the same column is what the command takes, or a command below it.
                let listed = first.split(", ").filter_map(|name| name.split([' ', '|']).next());
                names.commands.extend(listed.map(str::to_owned));
            } else if section == "Flags:" || section == "Options:" {
                names.flags.extend(words(first).into_iter().filter(|word| word.starts_with('-')));
            }
        }
        names
    }
}

/// The command that a recorded help text is about: `occ project [command]`.
pub(super) fn path(text: &str) -> Vec<&str> {
    let usage = text.lines().find_map(|line| line.trim().strip_suffix(" [command]")).unwrap_or_default();
    usage.split(' ').skip(1).collect()
}

/// Whether a text is help.
pub(super) fn is_help(text: &str) -> bool {
    text.contains("\nUsage:\n") && text.contains("\nAvailable Commands:\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_both_forms() {
        let cobra = "About.\n\nUsage:\n  occ x [command]\n\nAliases:\n  x, y\n\nAvailable Commands:\n  get    Get it\n\nFlags:\n  -h, --help   help for x\n\nUse \"occ\".\n";
        let clap =
            "About\n\nUsage: occ x <COMMAND>\n\nCommands:\n  get  Get it\n\nOptions:\n  -h, --help  Print help\n";
        assert!(is_help(cobra) && !is_help(clap));
        assert_eq!(path(cobra), ["x"]);
        assert_eq!(Names::read(cobra), Names::read(clap));
        let screen = "Commands:\n  component logs|exec   Logs\n  login, logout   In and out\n\nNouns (…):\n  a b\n\nFlags:\n      --config FILE  C\n";
        let found = Names::read(screen);
        assert_eq!(
            found.commands.iter().map(String::as_str).collect::<Vec<_>>(),
            ["a", "b", "component", "login", "logout"]
        );
        assert_eq!(found.flags.iter().map(String::as_str).collect::<Vec<_>>(), ["--config"]);
    }
}
