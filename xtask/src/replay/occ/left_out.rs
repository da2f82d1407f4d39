//! Commands and fields that are not compared, and why: what `occ` does not have yet, and what the stage does not have.

use super::super::excuses::like;
use super::super::rest::Difference;

/// One of them.
pub(super) struct LeftOut {
    /// The session and the command, as the replay names it; `*` stands for any text.
    command: &'static str,
    /// The field that is otherwise; none where the command is not run at all.
    field: Option<&'static str>,
    /// What was recorded there.
    recorded: &'static str,
    pub(super) why: &'static str,
}

const fn command(command: &'static str, why: &'static str) -> LeftOut {
    LeftOut { command, field: None, recorded: "*", why }
}

const fn field(command: &'static str, field: &'static str, recorded: &'static str, why: &'static str) -> LeftOut {
    LeftOut { command, field: Some(field), recorded, why }
}

const NOT_THERE: &str = "occ has no such command yet";
const AGENTS: &str = "the stage's planes have no agents";

/// All of them.
pub(super) const LEFT_OUT: &[LeftOut] = &[
    command("config/login", "there is no login in a browser yet"),
    command("core/secret list", "secrets: neither occ nor the API has them yet"),
    command("core/component logs cart", "the recording had no observer that it could reach; the stage has no pods"),
    field("config/--help", "commands", "secret", NOT_THERE),
    field("config/project bogus", "commands", "scaffold", NOT_THERE),
    field("core/comp ls", "commands", "scaffold", NOT_THERE),
    field("core/comp ls", "commands", "workflow*", NOT_THERE),
    field(
        "core/releasebinding list --component cart",
        "row cart-development",
        "* | ResourcesProgressing | <age>",
        "the recording looked while containers were starting, the stage when they run",
    ),
    field("core/clusterdataplane get default", "spec.clusterAgent.clientCA.value", "*", AGENTS),
    field("core/clusterdataplane get default", "status.agentConnection.*", "*", AGENTS),
];

/// The place in the table of a command that is not run.
pub(super) fn whole(name: &str) -> Option<usize> {
    LEFT_OUT.iter().position(|one| one.field.is_none() && like(one.command, name))
}

/// The place in the table of a difference that is left out.
pub(super) fn of_field(name: &str, difference: &Difference) -> Option<usize> {
    LEFT_OUT.iter().position(|one| {
        one.field.is_some_and(|field| like(field, &difference.field))
            && like(one.command, name)
            && like(one.recorded, &difference.recorded)
    })
}

impl LeftOut {
    /// What of a command it is.
    pub(super) fn part(&self) -> String {
        let recorded = if self.recorded == "*" { "" } else { self.recorded };
        format!("{} {recorded}", self.field.unwrap_or_default()).trim().to_owned()
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.command, self.part())
    }
}
