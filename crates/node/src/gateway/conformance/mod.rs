//! Gateway API's conformance cases as tables, run against the gateway with small backends in this process.
//!
//! ```text
//!  case ─▶ objects ─▶ API server in process ─▶ gateway ─▶ conditions as expected?
//!                                                └─▶ requests, one line each ─▶ who answered, and what did it see?
//! ```

mod backends;
mod cases;
mod client;
mod expect;
mod stage;

use futures::StreamExt as _;

/// Cases under way at once.
const AT_ONCE: usize = 2;

async fn all_pass(text: &str) {
    let cases = cases::read(text);
    let outcomes: Vec<Vec<String>> = futures::stream::iter(cases)
        .map(|case| {
            // Each in a task of its own: what one does wrong is told beside the others.
            let name = case.name.clone();
            let played = tokio::spawn(stage::play(case));
            async move {
                let wrong = played.await.unwrap_or_else(|stopped| vec![stopped.to_string()]);
                wrong.into_iter().map(move |line| format!("{name}: {line}")).collect::<Vec<_>>()
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let wrong: Vec<_> = outcomes.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_cases_of_http_routes_pass() {
    all_pass(include_str!("core.yaml")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extended_cases_of_http_routes_pass() {
    all_pass(include_str!("extended.yaml")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_of_gateways_and_of_other_routes_pass() {
    all_pass(include_str!("gateway.yaml")).await;
}
