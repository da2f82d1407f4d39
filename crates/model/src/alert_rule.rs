//! Alert rules: when people are told that something is wrong. They live on observability planes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::schema::{self, rules};
use crate::wire_enum::wire_enum;
use crate::{GoDuration, zero};

kind! {
    /// When people are told that something is wrong with a component.
    ObservabilityAlertRule("observabilityalertrules", Namespaced) {
        spec: ObservabilityAlertRuleSpec,
        status: ObservabilityAlertRuleStatus,
    }
}

wire_enum! {
    /// What an alert looks at.
    pub enum AlertSourceType { #[default] Log = "log", Metric = "metric", Budget = "budget" }
}
wire_enum! {
    /// How the observed is compared with the threshold.
    pub enum AlertOperator {
        #[default] GreaterThan = "gt",
        LessThan = "lt",
        AtLeast = "gte",
        AtMost = "lte",
        Equal = "eq",
    }
}

/// What is watched, and who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = rules::cost_analysis_needs_budget)]
pub struct ObservabilityAlertRuleSpec {
    /// Name for people.
    pub name: String,
    /// What it means when it fires.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `info`, `warning` or `critical` by convention.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// Whether it is on; absent means on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What is looked at.
    pub source: AlertSource,
    /// When it fires.
    pub condition: AlertCondition,
    /// What is done then.
    pub actions: AlertActions,
}

/// What is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertSource {
    /// Logs, a metric, or costs.
    #[serde(rename = "type")]
    pub type_: AlertSourceType,
    /// The query, for logs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The metric, for metrics.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metric: String,
}

/// When an alert fires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertCondition {
    /// How far back is looked.
    pub window: GoDuration,
    /// How often.
    pub interval: GoDuration,
    /// The comparison.
    pub operator: AlertOperator,
    /// The value that is compared with.
    pub threshold: i64,
}

/// What is done when an alert fires.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertActions {
    /// Who is told.
    pub notifications: AlertNotifications,
    /// Whether an incident is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<AlertIncident>,
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertNotifications {
    /// Names of notification channels.
    #[schemars(length(min = 1), inner(length(min = 1)), extend("x-kubernetes-list-type" = "set"))]
    pub channels: Vec<String>,
}

/// Whether an incident is opened, and what follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::root_cause_analysis_needs_incident, transform = rules::cost_analysis_needs_incident)]
pub struct AlertIncident {
    /// Whether one is opened.
    #[serde(default)]
    pub enabled: bool,
    /// Whether its root cause is looked for.
    #[serde(default)]
    pub trigger_ai_rca: bool,
    /// Whether its costs are looked into.
    #[serde(default)]
    pub trigger_ai_cost_analysis: bool,
}

/// What was observed of an alert rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservabilityAlertRuleStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Pending`, `Ready` or `Error`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// When it was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reconcile_time: Option<Time>,
    /// When the observer last took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// What the observer calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend_monitor_id: String,
    /// `Synced`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}
