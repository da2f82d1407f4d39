//! Lists, page by page, filtered by owner.

use super::page::{Cursor, Page};
use super::{Parts, Resource, fetch, namespace, to_wire};
use crate::problem::Problem;
use crate::serving::App;
use axum::Json;
use axum::extract::Query;
use kube::api::ListParams;
use serde_json::{Value, json};
use std::collections::HashMap;

/// `GET` on a collection.
pub(super) async fn list(
    app: App,
    resource: &'static Resource,
    parts: Parts,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Problem> {
    let page = Page::parse(&query)?;
    let filter = resource
        .filter
        .and_then(|filter| Some((filter.field, query.get(filter.query).filter(|value| !value.is_empty())?)));
    if let (Some((_, project)), "Component", Some(projects)) = (filter, resource.kind(), Resource::of("Project")) {
        fetch(&app, projects, namespace(&parts), project).await?;
    }
    let api = resource.api(&app.client, namespace(&parts));
    let mut items = Vec::new();
    let mut from = page.from.clone();
    let next = loop {
        let mut wanted = ListParams::default().limit(u32::try_from(page.limit).unwrap_or(u32::MAX));
        wanted.label_selector.clone_from(&page.selector);
        wanted.continue_token.clone_from(&from.token);
        let chunk = api.list(&wanted).await.map_err(|error| page.refused(error, resource.missing))?;
        let mut rest = None;
        for (position, object) in chunk.items.iter().enumerate().skip(from.skip) {
            let kept = filter.is_none_or(|(field, value)| {
                object.data.pointer(field).and_then(Value::as_str) == Some(value.as_str())
            });
            if !kept {
                continue;
            }
            if items.len() == page.limit {
                rest = Some(Cursor { token: from.token.clone(), skip: position });
                break;
            }
            items.push(to_wire(resource, object)?);
        }
        if rest.is_some() {
            break rest;
        }
        match chunk.metadata.continue_.filter(|token| !token.is_empty()) {
            None => break None,
            Some(token) => {
                from = Cursor { token: Some(token), skip: 0 };
                if items.len() == page.limit && filter.is_none() {
                    break Some(from);
                }
            }
        }
    };
    let mut pagination = json!({});
    if let Some(next) = next {
        pagination["nextCursor"] = next.encode()?.into();
    }
    Ok(Json(json!({"items": items, "pagination": pagination})))
}
