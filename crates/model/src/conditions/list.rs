use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Whether a condition holds.
    pub enum ConditionStatus { True = "True", False = "False", #[default] Unknown = "Unknown" }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What is to be said; when it was first so is found out when it is [`set`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCondition<'a> {
    /// What it is about: a constant of [`crate::conditions`].
    pub type_: &'a str,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, as one word: a constant of [`crate::conditions::reasons`].
    pub reason: &'a str,
    /// Why, as a sentence.
    pub message: &'a str,
    /// The generation of the object that this is said about.
    pub observed_generation: i64,
}

/// The condition of a type.
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether a condition holds; `Unknown` if it is not there.
pub fn status(conditions: &[Condition], type_: &str) -> ConditionStatus {
    find(conditions, type_).and_then(|condition| condition.status.parse().ok()).unwrap_or_default()
}

/// True if a condition is said to hold of this generation, or of any if none was written with it.
pub fn holds(conditions: &[Condition], type_: &str, generation: i64) -> bool {
    find(conditions, type_).is_some_and(|condition| {
        condition.status == ConditionStatus::True.as_str()
            && condition.observed_generation.is_none_or(|observed| observed >= generation)
    })
}

/// Says something, in the place of what was said of the same type. The time of the last change moves to `now` only if
/// the status changes. True if the list is another one now.
pub fn set(conditions: &mut Vec<Condition>, new: &NewCondition<'_>, now: &Time) -> bool {
    let mut condition = Condition {
        type_: new.type_.to_owned(),
        status: new.status.as_str().to_owned(),
        reason: new.reason.to_owned(),
        message: new.message.to_owned(),
        observed_generation: Some(new.observed_generation).filter(|generation| *generation != 0),
        last_transition_time: now.clone(),
    };
    let Some(old) = conditions.iter_mut().find(|condition| condition.type_ == new.type_) else {
        conditions.push(condition);
        return true;
    };
    if old.status == condition.status {
        condition.last_transition_time = old.last_transition_time.clone();
    }
    let changed = *old != condition;
    *old = condition;
    changed
}

/// Says nothing of a type any more. True if something was said.
pub fn remove(conditions: &mut Vec<Condition>, type_: &str) -> bool {
    let before = conditions.len();
    conditions.retain(|condition| condition.type_ != type_);
    conditions.len() != before
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn at(second: i64) -> Time {
        Time(Timestamp::from_second(second).expect("time"))
    }

    fn ready(status: ConditionStatus, message: &str) -> NewCondition<'_> {
        NewCondition { type_: "Ready", status, reason: "Why", message, observed_generation: 3 }
    }

    #[test]
    fn the_time_moves_only_when_the_status_does() {
        let mut list = Vec::new();
        assert!(set(&mut list, &ready(ConditionStatus::False, "a"), &at(1)));
        assert!(!set(&mut list, &ready(ConditionStatus::False, "a"), &at(2)), "nothing new is no change");
        assert!(set(&mut list, &ready(ConditionStatus::False, "b"), &at(3)), "another message is a change");
        assert_eq!(find(&list, "Ready").map(|ready| &ready.last_transition_time), Some(&at(1)));
        assert!(set(&mut list, &ready(ConditionStatus::True, "b"), &at(4)));
        assert_eq!(find(&list, "Ready").map(|ready| &ready.last_transition_time), Some(&at(4)));
        assert_eq!(list.len(), 1);
    }

    #[test]
    fn a_condition_of_an_older_generation_does_not_hold() {
        let mut list = Vec::new();
        set(&mut list, &ready(ConditionStatus::True, ""), &at(1));
        assert!(holds(&list, "Ready", 3));
        assert!(!holds(&list, "Ready", 4));
        assert_eq!(status(&list, "Ready"), ConditionStatus::True);
        assert!(remove(&mut list, "Ready") && !remove(&mut list, "Ready"));
        assert_eq!(status(&list, "Ready"), ConditionStatus::Unknown);
    }
}
