//! Every HTTPRoute that a recorded control plane wrote compiles, and requests to its URL find it.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::compile::{Absent, References, Referrer, ServicePort, compile};
use super::hostname::Hostname;
use super::objects::{HttpRoute, Route};
use super::table::{Aged, Content, HostRules, Place, Table};
use crate::network::ObjectKey;
use crate::network::services::Protocol;

/// Every Service has every port.
struct Everything;

impl References for Everything {
    fn service_port(&self, _service: &ObjectKey, _port: u16) -> Result<ServicePort, Absent> {
        Ok(ServicePort { pool: Arc::default(), protocol: Protocol::Tcp, app_protocol: None })
    }

    fn granted(&self, _from: Referrer<'_>, _service: &ObjectKey) -> bool {
        false
    }
}

fn recorded() -> Option<Vec<(String, HttpRoute)>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let beside = here.join("../../../shared/fixtures");
    let fixtures = std::env::var_os("OPENCHOREO_FIXTURES").map_or(beside, PathBuf::from);
    let scenarios = std::fs::read_dir(fixtures.join("golden/runtime")).ok()?;
    let mut routes = Vec::new();
    for scenario in scenarios.flatten() {
        let Ok(text) = std::fs::read_to_string(scenario.path().join("data-plane.yaml")) else { continue };
        let name = scenario.file_name().to_string_lossy().into_owned();
        for object in serde_saphyr::from_multiple::<Value>(&text).expect("YAML") {
            if object["kind"] != "HTTPRoute" {
                continue;
            }
            // Recorded metadata has marks in place of times.
            let meta = json!({"name": object["metadata"]["name"], "namespace": object["metadata"]["namespace"]});
            let route = json!({"metadata": meta, "spec": object["spec"]});
            routes.push((name.clone(), serde_json::from_value(route).expect("an HTTPRoute")));
        }
    }
    Some(routes)
}

#[test]
fn recorded_routes_compile_and_their_urls_find_them() {
    let Some(routes) = recorded() else {
        println!("skipped: no recorded scenarios (OPENCHOREO_FIXTURES)");
        return;
    };
    assert!(routes.len() > 20, "only {} recorded routes were found", routes.len());
    for (scenario, route) in routes {
        let compiled = compile(&Route::from(route.clone()), &Everything);
        assert_eq!((compiled.problems, compiled.bad_references), (vec![], vec![]), "{scenario}");
        let path = route.spec.rules[0].matches.first().and_then(|one| one.path.as_ref()?.value.clone());
        let path = path.unwrap_or_else(|| "/".to_owned());
        let rules = compiled.rules.into_iter().map(|rule| Aged { rule: Arc::new(rule), created: 0 }).collect();
        let rules = Arc::new(HostRules::new(rules));
        let mut table = Table::default();
        for host in &route.spec.hostnames {
            let place = Place { port: 80, listener: Hostname::Any, host: Hostname::parse(host) };
            table.put(&place, Content { rules: Some(rules.clone()), stream: None });
        }
        for host in &route.spec.hostnames {
            let below = format!("{}/deeper", path.trim_end_matches('/'));
            for asked in [path.as_str(), below.as_str()] {
                let found = table.find(80, host, &Method::GET, asked, None, &HeaderMap::new());
                assert_eq!(
                    found.map(|found| found.rule.route.key.clone()),
                    Some(ObjectKey::of(&route)),
                    "{scenario} {host}{asked}"
                );
            }
        }
    }
}
