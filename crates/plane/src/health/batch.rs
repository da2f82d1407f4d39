//! Jobs and CronJobs.

use super::facts::Facts;
use super::{Assessment, Health};

pub(super) fn job(facts: &Facts<'_>) -> Assessment {
    // A Job whose failure is decided ends its pods first and says that it failed then.
    let failed =
        ["Failed", "FailureTarget"].iter().find_map(|kind| facts.condition(kind).filter(|told| told.is("True")));
    if let Some(condition) = failed {
        return Assessment::new(Health::Degraded, condition.words());
    }
    if facts.condition("Complete").is_some_and(|condition| condition.is("True")) {
        return Assessment::new(Health::Healthy, "completed");
    }
    if facts.spec("suspend").as_bool() == Some(true) {
        return Assessment::new(Health::Suspended, "suspended");
    }
    Assessment::new(
        Health::Progressing,
        format!(
            "{} active, {} succeeded, {} failed",
            facts.count("active"),
            facts.count("succeeded"),
            facts.count("failed")
        ),
    )
}

pub(super) fn cron_job(facts: &Facts<'_>) -> Assessment {
    if facts.spec("suspend").as_bool() == Some(true) {
        return Assessment::new(Health::Suspended, "suspended");
    }
    let active = facts.status("active").as_array().map_or(0, Vec::len);
    if active > 0 {
        return Assessment::new(Health::Progressing, format!("{active} active jobs"));
    }
    match facts.status("lastScheduleTime").as_str() {
        Some(last) => Assessment::new(Health::Healthy, format!("last scheduled at {last}")),
        None => Assessment::new(Health::Progressing, "not scheduled yet"),
    }
}
