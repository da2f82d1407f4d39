//! Operations of an OpenAPI 3 document.

use serde_json::Value;

use super::Route;

const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "connect"];

/// One route per operation, or why the text is no OpenAPI document.
pub(super) fn routes(content: &str) -> Result<Vec<Route>, String> {
    let document: Value =
        serde_saphyr::from_str(content).map_err(|error| format!("this is neither YAML nor JSON: {error}"))?;
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Err("an OpenAPI document has an object `paths`, this has none".to_owned());
    };
    let mut routes = Vec::new();
    for (path, item) in paths {
        let Some(item) = item.as_object() else { continue };
        for method in METHODS {
            if item.get(method).is_some_and(Value::is_object) {
                routes.push(Route {
                    kind: "HTTP",
                    service: String::new(),
                    path: path.clone(),
                    method: method.to_uppercase(),
                });
            }
        }
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_a_route_and_other_keys_of_a_path_are_not() {
        let found = routes("paths:\n  /a/{id}:\n    parameters: []\n    get: {}\n    delete: {}\n").unwrap();
        let found: Vec<_> = found.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(found, ["GET /a/{id}", "DELETE /a/{id}"]);
    }

    #[test]
    fn other_text_has_no_routes() {
        assert!(routes(": [").unwrap_err().starts_with("this is neither YAML nor JSON: "));
        assert_eq!(routes("just text").unwrap_err(), "an OpenAPI document has an object `paths`, this has none");
    }
}
