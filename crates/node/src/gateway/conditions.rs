//! Conditions: what is said, and when it last changed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// Status, reason and words of a condition, without its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) holds: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Said {
    pub(super) fn yes(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: true, reason, message: message.into() }
    }

    pub(super) fn no(kind: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind, holds: false, reason, message: message.into() }
    }
}

/// The conditions that say `said` of generation `generation`. What did not change keeps its time; conditions of other
/// types are not ours and stay.
pub(super) fn conditions(before: &[Condition], said: &[Said], generation: i64, now: Timestamp) -> Vec<Condition> {
    let foreign = before.iter().filter(|old| said.iter().all(|new| new.kind != old.type_)).cloned();
    let own = said.iter().map(|new| {
        let status = if new.holds { "True" } else { "False" };
        let same = before.iter().find(|old| old.type_ == new.kind && old.status == status);
        Condition {
            type_: new.kind.to_owned(),
            status: status.to_owned(),
            reason: new.reason.to_owned(),
            message: new.message.clone(),
            observed_generation: Some(generation),
            last_transition_time: same.map_or(Time(now), |old| old.last_transition_time.clone()),
        }
    });
    own.chain(foreign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(99).expect("a time"));
        let before = conditions(&[], &[Said::yes("Accepted", "Accepted", "")], 1, first);
        let same = conditions(&before, &[Said::yes("Accepted", "Accepted", "again")], 2, later);
        assert_eq!((same[0].last_transition_time.0, same[0].observed_generation), (first, Some(2)));
        let other = conditions(&same, &[Said::no("Accepted", "Invalid", "")], 2, later);
        assert_eq!((other[0].last_transition_time.0, other[0].status.as_str()), (later, "False"));
    }

    #[test]
    fn conditions_of_others_stay() {
        let before = conditions(&[], &[Said::yes("Foreign", "Theirs", "")], 1, Timestamp::UNIX_EPOCH);
        let after = conditions(&before, &[Said::yes("Accepted", "Accepted", "")], 1, Timestamp::UNIX_EPOCH);
        assert_eq!(after.iter().map(|one| one.type_.as_str()).collect::<Vec<_>>(), ["Accepted", "Foreign"]);
    }
}
