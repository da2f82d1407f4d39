//! Acting as somebody else: for those who may `impersonate` each name, group and fact that they claim.

use std::{collections::BTreeMap, sync::Arc};

use http::HeaderMap;

use super::{Attributes, authorize};
use crate::{admission::User, core::Core, status::ApiError};

const EXTRA: &str = "impersonate-extra-";

/// The user that the request acts as.
pub(crate) fn acting(core: &Core, user: Option<Arc<User>>, headers: &HeaderMap) -> Result<Option<Arc<User>>, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(name) = text("impersonate-user") else {
        let claims = headers.keys().any(|key| key.as_str().starts_with("impersonate-"));
        return if claims {
            Err(ApiError::bad_request("requested an impersonation without naming a user in Impersonate-User"))
        } else {
            Ok(user)
        };
    };
    let Some(user) = user else { return Err(ApiError::unauthorized()) };
    let may = |group: &str, resource: &str, subresource: &str, namespace: &str, name: &str| {
        let wanted = Attributes { verb: "impersonate", group, resource, subresource, namespace, name, path: "" };
        authorize(core, &user, &wanted)
    };
    let mut groups: Vec<String> = Vec::new();
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    if let Some((namespace, name)) = account {
        may("", "serviceaccounts", "", namespace, name)?;
        groups.extend(["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]);
    } else {
        may("", "users", "", "", name)?;
    }
    let claimed: Vec<&str> =
        headers.get_all("impersonate-group").iter().filter_map(|value| value.to_str().ok()).collect();
    for group in &claimed {
        may("", "groups", "", "", group)?;
    }
    if !claimed.is_empty() {
        groups = claimed.into_iter().map(str::to_owned).collect();
    }
    let authenticated = "system:authenticated";
    if name != "system:anonymous" && !groups.iter().any(|group| group == authenticated) {
        groups.push(authenticated.into());
    }
    let uid = text("impersonate-uid").unwrap_or_default();
    if !uid.is_empty() {
        may("authentication.k8s.io", "uids", "", "", uid)?;
    }
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in headers {
        let (Some(key), Ok(value)) = (key.as_str().strip_prefix(EXTRA), value.to_str()) else { continue };
        may("authentication.k8s.io", "userextras", key, "", value)?;
        extra.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    Ok(Some(Arc::new(User { name: name.to_owned(), uid: uid.to_owned(), groups, extra })))
}
