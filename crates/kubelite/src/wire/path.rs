//! Which resource a path names.

/// A path below `/api` or `/apis`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) plural: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// What comes after the subresource (proxy).
    pub(crate) rest: Option<String>,
    /// The old `/watch/` prefix.
    pub(crate) watch: bool,
}

/// Takes a path apart; `None` when it cannot name a resource.
pub(crate) fn parse(path: &str) -> Option<Target> {
    let mut parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Option<_>>()?;
    let mut target = Target::default();
    let head = if parts.is_empty() { return None } else { parts.remove(0) };
    let take = |parts: &mut Vec<String>| if parts.is_empty() { None } else { Some(parts.remove(0)) };
    match head.as_str() {
        "api" => {}
        "apis" => target.group = take(&mut parts)?,
        _ => return None,
    }
    target.version = take(&mut parts)?;
    if parts.first().is_some_and(|part| part == "watch") && parts.len() > 1 {
        parts.remove(0);
        target.watch = true;
    }
    let core = target.group.is_empty();
    if core && parts.first().is_some_and(|part| part == "namespaces") && parts.len() > 1 {
        // `namespaces/x/status` is a part of the namespace, `namespaces/x/pods` lies in it.
        let inside = parts.get(2).is_some_and(|part| part != "status" && part != "finalize");
        if inside {
            parts.remove(0);
            target.namespace = take(&mut parts);
        }
    } else if parts.first().is_some_and(|part| part == "namespaces") && parts.len() > 2 {
        parts.remove(0);
        target.namespace = take(&mut parts);
    }
    target.plural = take(&mut parts)?;
    target.name = take(&mut parts);
    target.subresource = take(&mut parts);
    target.rest = (!parts.is_empty()).then(|| parts.join("/"));
    Some(target)
}

/// Undoes percent encoding of one segment; `None` when it is broken, not UTF-8, or would hide a slash.
fn decode(part: &str) -> Option<String> {
    if !part.contains('%') {
        return Some(part.to_owned());
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('/')).then_some(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/api/v1/pods", "", None, "pods", None, None)]
    #[case("/api/v1/namespaces", "", None, "namespaces", None, None)]
    #[case("/api/v1/namespaces/a", "", None, "namespaces", Some("a"), None)]
    #[case("/api/v1/namespaces/a/status", "", None, "namespaces", Some("a"), Some("status"))]
    #[case("/api/v1/namespaces/a/pods", "", Some("a"), "pods", None, None)]
    #[case("/api/v1/namespaces/a/pods/b/log", "", Some("a"), "pods", Some("b"), Some("log"))]
    #[case(
        "/apis/apps/v1/namespaces/a/deployments/b/scale",
        "apps",
        Some("a"),
        "deployments",
        Some("b"),
        Some("scale")
    )]
    #[case(
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax",
        "rbac.authorization.k8s.io",
        None,
        "clusterroles",
        Some("system:x"),
        None
    )]
    fn paths_name_resources(
        #[case] path: &str,
        #[case] group: &str,
        #[case] namespace: Option<&str>,
        #[case] plural: &str,
        #[case] name: Option<&str>,
        #[case] subresource: Option<&str>,
    ) {
        let target = parse(path).unwrap();
        assert_eq!(
            (
                target.group.as_str(),
                target.namespace.as_deref(),
                target.plural.as_str(),
                target.name.as_deref(),
                target.subresource.as_deref()
            ),
            (group, namespace, plural, name, subresource)
        );
    }

    #[rstest]
    #[case("/api")]
    #[case("/apis/apps")]
    #[case("/api/v1/%zz")]
    #[case("/api/v1/pods/a%2Fb")]
    fn other_paths_name_none(#[case] path: &str) {
        assert_eq!(parse(path), None);
    }
}
