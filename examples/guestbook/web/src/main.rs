//! The web front of the guest book: one page, and `/api/…` passed on to the entries service at `ENTRIES_URL`.

use std::io::{Read, Write};
use std::time::Duration;
use tiny_http::{Header, Method, Request, Response, Server};

const PAGE: &str = include_str!("../page/index.html");
const LONGEST_BODY: u64 = 64 * 1024;

fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    let entries = std::env::var("ENTRIES_URL").unwrap_or_else(|_| "http://entries:8080".into());
    exit_on_sigterm();
    let server = match Server::http(format!("0.0.0.0:{port}")) {
        Ok(server) => server,
        Err(error) => fail(&format!("cannot listen on port {port}: {error}")),
    };
    println!("web: listening on port {port}, entries at {entries}");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .into();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(request, &agent, &entries);
                }
            });
        }
    });
}

fn answer(mut request: Request, agent: &ureq::Agent, entries: &str) {
    let path = request.url().to_owned();
    println!("{} {path}", request.method());
    let (status, kind, body) = match (request.method(), path.as_str()) {
        (Method::Get, "/" | "/index.html") => (200, "text/html; charset=utf-8", PAGE.to_owned()),
        (Method::Get, "/healthz") => (200, "application/json", r#"{"status":"ok"}"#.to_owned()),
        (_, path) if path.starts_with("/api/") => {
            let url = format!("{}{}", entries.trim_end_matches('/'), &path[4..]);
            match pass_on(&mut request, agent, &url) {
                Ok((status, body)) => (status, "application/json", body),
                Err(error) => {
                    println!("{url}: {error}");
                    (502, "application/json", serde_json::json!({"error": format!("the guest book does not answer: {error}")}).to_string())
                }
            }
        }
        _ => (404, "text/plain", "nothing here\n".to_owned()),
    };
    let kind = Header::from_bytes("Content-Type", kind).expect("a valid header");
    if let Err(error) = request.respond(Response::from_string(body).with_status_code(status).with_header(kind)) {
        println!("the client went away: {error}");
    }
}

fn pass_on(request: &mut Request, agent: &ureq::Agent, url: &str) -> Result<(u16, String), String> {
    let mut answer = if *request.method() == Method::Post {
        let mut body = String::new();
        request.as_reader().take(LONGEST_BODY).read_to_string(&mut body).map_err(|error| error.to_string())?;
        agent.post(url).header("Content-Type", "application/json").send(body)
    } else {
        agent.get(url).call()
    }
    .map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((status, body))
}

fn exit_on_sigterm() {
    match signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT]) {
        Ok(mut signals) => {
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    println!("web: stopping");
                    let _ = std::io::stdout().flush();
                    std::process::exit(0);
                }
            });
        }
        Err(error) => fail(&format!("cannot handle signals: {error}")),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("web: {message}");
    std::process::exit(1)
}
