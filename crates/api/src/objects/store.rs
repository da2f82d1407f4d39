//! Writes to the Kubernetes API whose warnings are heard: the client's own verbs drop them.

use super::Resource;
use http::{Request, header};
use http_body_util::BodyExt;
use kube::api::PostParams;
use kube::core::{DynamicObject, Status};
use kube::{Client, Error};

/// An object as it was stored, and what the server and the rules of its kind had to say about it.
pub(super) struct Written {
    pub(super) object: DynamicObject,
    pub(super) warnings: Vec<String>,
}

/// Makes an object.
pub(super) async fn create(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
    params: &PostParams,
    object: &DynamicObject,
) -> Result<Written, Error> {
    let path = resource.api(client, namespace).resource_url().to_owned();
    let data = serde_json::to_vec(object).map_err(Error::SerdeError)?;
    send(client, kube::core::Request::new(path).create(params, data)).await
}

/// Puts an object in the place of the one of its name.
pub(super) async fn replace(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
    params: &PostParams,
    object: &DynamicObject,
) -> Result<Written, Error> {
    let path = resource.api(client, namespace).resource_url().to_owned();
    let data = serde_json::to_vec(object).map_err(Error::SerdeError)?;
    send(client, kube::core::Request::new(path).replace(name, params, data)).await
}

async fn send(
    client: &Client,
    request: Result<Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Written, Error> {
    let request = request.map_err(Error::BuildRequest)?;
    let response = client.send(request.map(kube::client::Body::from)).await?;
    let (head, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    if !head.status.is_success() {
        let status = serde_json::from_slice::<Status>(&bytes).unwrap_or_else(|_| {
            Status::failure(&String::from_utf8_lossy(&bytes), "Unknown").with_code(head.status.as_u16())
        });
        return Err(Error::Api(status.boxed()));
    }
    let warnings = head.headers.get_all(header::WARNING).iter().filter_map(|value| text(value.as_bytes())).collect();
    Ok(Written { object: serde_json::from_slice(&bytes).map_err(Error::SerdeError)?, warnings })
}

/// The text of `299 - "text"`.
fn text(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    let quoted = value.splitn(3, ' ').nth(2)?.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("299 - \"plain\"", Some("plain"))]
    #[case(r#"299 - "a \"b\" \\ c""#, Some(r#"a "b" \ c"#))]
    #[case("299", None)]
    fn warnings_are_read(#[case] header: &str, #[case] expected: Option<&str>) {
        assert_eq!(text(header.as_bytes()), expected.map(str::to_owned));
    }
}
