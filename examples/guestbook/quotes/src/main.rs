//! Answers with a line to think about: `GET /quote?n=NUMBER`.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use tiny_http::{Header, Method, Request, Response, Server};

const QUOTES: &[&str] = &[
    "Make it work where you stand, then carry it elsewhere.",
    "A name is the shortest documentation.",
    "What nobody reads, nobody can trust.",
    "The second system is the first one, asked politely.",
    "Slow is a bug with patience.",
];

fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    // The first process of a container gets no default handler for SIGTERM: without this line a stop takes the whole grace period.
    exit_on_sigterm();
    let server = match Server::http(format!("0.0.0.0:{port}")) {
        Ok(server) => server,
        Err(error) => fail(&format!("cannot listen on port {port}: {error}")),
    };
    println!("quotes: listening on port {port}");
    let next = AtomicUsize::new(0);
    for request in server.incoming_requests() {
        answer(request, &next);
    }
}

fn answer(request: Request, next: &AtomicUsize) {
    let url = request.url().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    println!("{} {path}", request.method());
    let (status, body) = match (request.method(), path) {
        (Method::Get, "/healthz") => (200, serde_json::json!({"status": "ok"})),
        (Method::Get, "/quote") => {
            let number = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("n="))
                .and_then(|number| number.parse::<usize>().ok())
                .unwrap_or_else(|| next.fetch_add(1, Ordering::Relaxed));
            (200, serde_json::json!({"quote": QUOTES[number % QUOTES.len()]}))
        }
        _ => (404, serde_json::json!({"error": format!("nothing at {path}; try /quote")})),
    };
    let json = Header::from_bytes("Content-Type", "application/json").expect("a valid header");
    if let Err(error) = request.respond(Response::from_string(body.to_string()).with_status_code(status).with_header(json)) {
        println!("the client went away: {error}");
    }
}

fn exit_on_sigterm() {
    match signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT]) {
        Ok(mut signals) => {
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    println!("quotes: stopping");
                    let _ = std::io::stdout().flush();
                    std::process::exit(0);
                }
            });
        }
        Err(error) => fail(&format!("cannot handle signals: {error}")),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("quotes: {message}");
    std::process::exit(1)
}
