//! The first screen of help.

use crate::noun::Noun;

const COMMANDS: &[(&str, &str)] = &[
    ("apply -f FILE", "Create and change objects from files, folders, URLs or standard input"),
    ("check FILE", "What is wrong with files, and what would be made of them"),
    ("wait NOUN/NAME", "Wait until objects are ready, or gone"),
    ("why NOUN/NAME", "What an object, and what belongs to it, is waiting for"),
    ("render -f FILE", "Show what a component becomes, and where each field comes from"),
    ("component logs|exec", "Logs of what runs, and commands inside it"),
    ("component|project deploy", "Deploy it, or promote it to the next environment"),
    ("login, logout, config", "Log in and out; contexts, control planes and credentials"),
    ("version", "Versions of this program and of the control plane"),
    ("completion SHELL", "A script by which a shell completes all this"),
    ("help COMMAND", "What a command does and what it takes"),
];

const FLAGS: &[(&str, &str)] = &[
    ("-n, --namespace NAME", "Namespace [default: the context's]"),
    ("-p, --project NAME", "Project [default: the context's]"),
    ("    --context NAME", "Context of the configuration [default: the current one]"),
    ("    --config FILE", "Configuration [default: ~/.openchoreo/config; env: OPENCHOREO_CONFIG]"),
    ("-h, --help", "This text; behind a command, what it does and what it takes"),
    ("-V, --version", "Version of this program"),
];

/// Every noun in a few lines; each line of the text is at most 100 characters.
pub(super) fn text() -> String {
    let mut text = String::from(
        "The command line of OpenChoreo\n\n\
         Usage: occ NOUN list\n       occ NOUN get|delete NAME\n       occ COMMAND\n\nCommands:\n",
    );
    for (command, about) in COMMANDS {
        text.push_str(&format!("  {command:<25} {about}\n"));
    }
    text.push_str("\nNouns (occ NOUN --help lists what each can do):\n");
    let mut line = String::from(" ");
    for noun in Noun::all() {
        if line.len() + noun.word.len() > 96 {
            text.push_str(&line);
            text.push('\n');
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(noun.word);
    }
    text.push_str(&line);
    text.push_str("\n\nFlags:\n");
    for (flag, about) in FLAGS {
        text.push_str(&format!("  {flag:<25} {about}\n"));
    }
    text
}
