//! CronJobs: a Job at each time of a schedule.

mod plan;
#[cfg(test)]
mod plan_tests;
mod schedule;
mod write;
