//! JSON over HTTP: a server of a few threads, and questions to other services.

use serde_json::{Value, json};
use std::io::Read as _;
use std::time::Duration;
use tiny_http::{Header, Request, Response, Server};

const THREADS: usize = 4;
const LONGEST_BODY: u64 = 64 * 1024;

/// Status and body of an answer.
pub type Answer = (u16, Value);

/// Answers requests (method, path, body) until the process ends.
pub fn serve(name: &str, answer: impl Fn(&str, &str, &Value) -> Answer + Sync) -> ! {
    serve_all(name, |request| {
        let mut text = String::new();
        if let Err(error) = request.as_reader().take(LONGEST_BODY).read_to_string(&mut text) {
            return json_answer((400, json!({"error": format!("cannot read the body: {error}")})));
        }
        let body = match text.as_str() {
            "" => Value::Null,
            text => match serde_json::from_str(text) {
                Ok(body) => body,
                Err(error) => return json_answer((400, json!({"error": format!("the body is not JSON: {error}")}))),
            },
        };
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        json_answer(match path.as_str() {
            "/healthz" => (200, json!({"status": "ok"})),
            path => answer(request.method().as_str(), path, &body),
        })
    })
}

/// The same with whole requests.
pub fn serve_all(name: &str, answer: impl Fn(&mut Request) -> (u16, &'static str, String) + Sync) -> ! {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    let server = Server::http(format!("0.0.0.0:{port}")).unwrap_or_else(|error| crate::fail(&format!("cannot listen on port {port}: {error}")));
    println!("{name}: listening on port {port}");
    std::thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                while let Ok(mut request) = server.recv() {
                    let (status, kind, body) = answer(&mut request);
                    println!("{} {} {status}", request.method(), request.url());
                    let kind = Header::from_bytes("Content-Type", kind).expect("a valid header");
                    if let Err(error) = request.respond(Response::from_string(body).with_status_code(status).with_header(kind)) {
                        println!("the client went away: {error}");
                    }
                }
            });
        }
    });
    crate::fail("the server ended")
}

fn json_answer((status, body): Answer) -> (u16, &'static str, String) {
    (status, "application/json", body.to_string())
}

/// Asks another service; with a body it is a POST.
pub fn ask(base: &str, path: &str, body: Option<&Value>) -> Result<Answer, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).http_status_as_error(false).build().into();
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let asked = match body {
        Some(body) => agent.post(&url).header("Content-Type", "application/json").send(body.to_string()),
        None => agent.get(&url).call(),
    };
    let named = |error: String| format!("{url}: {error}");
    let mut answer = asked.map_err(|error| named(error.to_string()))?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().map_err(|error| named(error.to_string()))?;
    Ok((status, serde_json::from_str(&text).map_err(|error| named(error.to_string()))?))
}
