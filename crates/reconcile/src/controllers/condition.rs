//! Conditions as controllers write them; the engine gives them their time.

use jiff::Timestamp;
use model::{Condition, Time};

/// A condition that speaks of this generation.
pub(super) fn condition(
    kind: &str,
    status: State,
    reason: &str,
    message: impl Into<String>,
    generation: i64,
) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.as_str().to_owned(),
        reason: reason.to_owned(),
        message: message.into(),
        observed_generation: Some(generation),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    }
}

/// The three answers of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    True,
    False,
    Unknown,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::True => "True",
            State::False => "False",
            State::Unknown => "Unknown",
        }
    }
}

/// Puts a condition into a list, in the place of the one of its type.
pub(super) fn set(conditions: &mut Vec<Condition>, next: Condition) {
    match conditions.iter_mut().find(|known| known.type_ == next.type_) {
        Some(known) => *known = next,
        None => conditions.push(next),
    }
}

/// The condition of a type.
pub(super) fn find<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}
