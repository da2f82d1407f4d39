//! What an environment gives to templates: its gateways, its data plane, where alerts go.

use super::{Object, Objects, Place};
use compiler::input::{DataPlane, Environment};
use std::collections::BTreeSet;

/// The environment and its plane as templates see them.
pub(super) struct Surroundings {
    pub(super) environment: Environment,
    pub(super) data_plane: DataPlane,
    /// The plane's name.
    pub(super) plane: String,
    /// Whether something stands in for the plane.
    pub(super) assumed: bool,
}

impl Surroundings {
    pub(super) fn of(objects: &Objects<'_>, namespace: &str, place: &Place<'_, '_>) -> Self {
        let known: Option<model::Environment> = place.object.and_then(Object::read);
        let found = plane(objects, namespace, known.as_ref());
        let assumed = found.is_none();
        let (plane, data_plane) = found.unwrap_or_else(|| ("default".to_owned(), DataPlane::stand_in()));
        let environment = Environment {
            gateway: known.as_ref().and_then(|known| known.spec.gateway.as_ref()).map(Into::into),
            default_notification_channel: channel(objects, namespace, &place.environment),
        };
        Self { environment, data_plane, plane, assumed }
    }
}

/// The environment's data plane: the one that it names, else the one that is called `default`.
fn plane(
    objects: &Objects<'_>,
    namespace: &str,
    environment: Option<&model::Environment>,
) -> Option<(String, DataPlane)> {
    let of = |kind: &str, name: &str| {
        let found = objects.find(kind, name, namespace)?;
        let plane = if kind == "DataPlane" {
            DataPlane::from(&found.read::<model::DataPlane>()?)
        } else {
            DataPlane::from(&found.read::<model::ClusterDataPlane>()?)
        };
        Some((name.to_owned(), plane))
    };
    match environment.and_then(|environment| environment.spec.data_plane_ref.as_ref()) {
        Some(reference) => of(reference.kind.as_str(), &reference.name),
        None => of("DataPlane", "default").or_else(|| of("ClusterDataPlane", "default")),
    }
}

/// Where alerts of an environment go by default.
fn channel(objects: &Objects<'_>, namespace: &str, environment: &str) -> Option<String> {
    let names: BTreeSet<&str> = objects
        .here("ObservabilityAlertsNotificationChannel", namespace)
        .filter(|found| found.spec()["environment"] == environment && found.spec()["isEnvDefault"] == true)
        .map(Object::name)
        .collect();
    names.first().map(|name| (*name).to_owned())
}
