//! Notification channels: how people are told of alerts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::references::SecretKeyRef;
use crate::schema::{EMAIL, rules};
use crate::wire_enum::wire_enum;

kind! {
    /// How people are told of the alerts of one environment.
    ObservabilityAlertsNotificationChannel("observabilityalertsnotificationchannels", Namespaced) {
        spec: NotificationChannelSpec,
        status: empty,
    }
}

wire_enum! {
    /// The ways of telling.
    pub enum NotificationChannelType { #[default] Email = "email", Webhook = "webhook" }
}

/// How people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::email_has_config, transform = rules::webhook_has_config)]
pub struct NotificationChannelSpec {
    /// The environment whose alerts are meant.
    #[schemars(transform = rules::immutable("spec.environment"))]
    pub environment: String,
    /// Whether alerts that name no channel use this one.
    #[serde(default)]
    pub is_env_default: bool,
    /// The way of telling.
    #[serde(rename = "type")]
    pub type_: NotificationChannelType,
    /// For `email`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_config: Option<EmailConfig>,
    /// For `webhook`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_config: Option<WebhookConfig>,
}

/// E-mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailConfig {
    /// Address of the sender.
    #[schemars(regex(pattern = EMAIL))]
    pub from: String,
    /// Addresses of the receivers.
    #[schemars(length(min = 1), inner(regex(pattern = EMAIL)))]
    pub to: Vec<String>,
    /// The server that sends them.
    pub smtp: SmtpConfig,
    /// What they say.
    pub template: EmailTemplate,
}

/// A mail server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SmtpConfig {
    /// Its host.
    pub host: String,
    /// Its port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// How to log in.
    pub auth: SmtpAuth,
    /// How to encrypt.
    pub tls: SmtpTls,
}

/// User and password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SmtpAuth {
    /// Where the user name is.
    pub username: SecretValueFrom,
    /// Where the password is.
    pub password: SecretValueFrom,
}

/// A key of a Secret in the channel's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretValueFrom {
    /// The Secret and its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
}

/// Encryption of the connection to a mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("required" = ["insecureSkipVerify"]))]
pub struct SmtpTls {
    /// Whether any certificate is accepted. Required in the CRD, where its default fills it in.
    #[serde(default)]
    pub insecure_skip_verify: bool,
}

/// What an e-mail says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailTemplate {
    /// The subject, with expressions over `alert`.
    pub subject: String,
    /// The text, with expressions over `alert`.
    pub body: String,
}

/// Calls of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookConfig {
    /// The URL.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// Headers by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, WebhookHeader>,
    /// The body, JSON with expressions; the alert itself if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payload_template: String,
}

/// The value of a header, literally or from a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::header_has_one_source)]
pub struct WebhookHeader {
    /// The value; an empty one counts as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where the value is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<SecretValueFrom>,
}
