//! Pages, selectors and filters of lists.

use crate::place::{Answer, NAMESPACE, Place};
use rstest::rstest;
use serde_json::json;

fn names(answer: &Answer) -> Vec<&str> {
    answer.body["items"].as_array().into_iter().flatten().filter_map(|item| item["metadata"]["name"].as_str()).collect()
}

fn component(project: &str) -> serde_json::Value {
    json!({
        "owner": {"projectName": project},
        "componentType": {"kind": "ClusterComponentType", "name": "deployment/service"},
    })
}

async fn with_components(count: usize) -> Place {
    let place = Place::new().await;
    for project in ["shop", "bank"] {
        place.project(project).await;
    }
    for number in 0..count {
        let project = if number % 5 == 0 { "bank" } else { "shop" };
        place.have("Component", Some(NAMESPACE), &format!("c{number:02}"), &component(project)).await;
    }
    place
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_without_repeating() {
    let place = with_components(45).await;
    let all = format!("/api/v1/namespaces/{NAMESPACE}/components");
    for (query, sizes) in [
        ("", vec![20, 20, 5]),
        ("limit=40", vec![40, 5]),
        ("limit=1000", vec![45]),
        ("project=shop", vec![20, 16]),
        ("project=shop&limit=7", vec![7, 7, 7, 7, 7, 1]),
        ("project=bank&limit=9", vec![9]),
        ("project=bank", vec![9]),
    ] {
        let mut seen = Vec::new();
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = place.get(&format!("{all}?{query}&cursor={cursor}&unknown=x")).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text);
            let page = names(&answer);
            found.push(page.len());
            seen.extend(page.into_iter().map(str::to_owned));
            match answer.body["pagination"]["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(found, sizes, "{query}");
        assert!(seen.is_sorted() && seen.len() == sizes.iter().sum::<usize>(), "{query}: {seen:?}");
    }
    place.server.shutdown().await;
}

#[rstest]
#[case::zero_is_one("limit=0", 200, json!(1))]
#[case::negative_is_one("limit=-5", 200, json!(1))]
#[case::not_a_number(
    "limit=abc", 400,
    json!({"code": "BAD_REQUEST", "error": "Invalid format for parameter limit: \"abc\" is not a whole number"})
)]
#[case::fraction(
    "limit=1.5", 400,
    json!({"code": "BAD_REQUEST", "error": "Invalid format for parameter limit: \"1.5\" is not a whole number"})
)]
#[case::cursor_of_nobody(
    "cursor=%25%25", 400,
    json!({
        "code": "BAD_REQUEST",
        "error": "Invalid format for parameter cursor: pass on the nextCursor of the page before, unchanged",
    })
)]
#[case::project_that_is_not_there("project=ghost", 404, json!({"code": "NOT_FOUND", "error": "Project not found"}))]
#[case::selector("labelSelector=team%21%3Da", 200, json!(2))]
#[tokio::test]
async fn parameters(#[case] query: &str, #[case] status: u16, #[case] expected: serde_json::Value) {
    let place = with_components(2).await;
    let answer = place.get(&format!("/api/v1/namespaces/{NAMESPACE}/components?{query}")).await;
    let shown = if status == 200 { json!(names(&answer).len()) } else { answer.body.clone() };
    assert_eq!((answer.status.as_u16(), shown), (status, expected));
    place.server.shutdown().await;
}

#[tokio::test]
async fn a_selector_that_cannot_be_read_is_the_clients_error() {
    let place = Place::new().await;
    for path in [format!("/api/v1/namespaces/{NAMESPACE}/components"), "/api/v1/namespaces".to_owned()] {
        let answer = place.get(&format!("{path}?labelSelector=%3D%3D")).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("BAD_REQUEST")), "{path}");
        let words = answer.body["error"].as_str().unwrap_or_default();
        assert!(words.starts_with("invalid label selector: "), "{words}");
    }
    place.server.shutdown().await;
}

#[tokio::test]
async fn filters_are_those_of_the_owner() {
    let place = with_components(1).await;
    place.have("Component", Some(NAMESPACE), "web", &component("shop")).await;
    let owner = json!({"projectName": "shop", "componentName": "web"});
    let of_web = json!({"owner": owner, "container": {"image": "x"}});
    place.have("Workload", Some(NAMESPACE), "web-workload", &of_web).await;
    let run = json!({"workflow": {"kind": "ClusterWorkflow", "name": "build"}});
    place.have("WorkflowRun", Some(NAMESPACE), "run-1", &run).await;
    let base = format!("/api/v1/namespaces/{NAMESPACE}");
    for (query, expected) in [
        ("workloads?component=web", vec!["web-workload"]),
        ("workloads?component=other", vec![]),
        ("workflowruns?workflow=build", vec!["run-1"]),
        ("workflowruns?workflow=other", vec![]),
        ("components?project=shop", vec!["web"]),
    ] {
        assert_eq!(names(&place.get(&format!("{base}/{query}")).await), expected, "{query}");
    }
    let elsewhere = place.get("/api/v1/namespaces/ghost/components").await;
    assert_eq!(elsewhere.plain(), (200, json!({"items": [], "pagination": {}})));
    place.server.shutdown().await;
}
