//! Keeps the guest book: `GET /entries`, `POST /entries` with `{"name": …, "text": …}`.
//!
//! Each new entry gets a line from the quotes service, whose address the platform puts into `QUOTES_URL`.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tiny_http::{Header, Method, Request, Response, Server};

/// The book is kept in memory; the oldest entries make room for new ones.
const LONGEST_BOOK: usize = 1_000;
const LONGEST_ENTRY: u64 = 10_000;

fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".into());
    let quotes = std::env::var("QUOTES_URL").ok();
    let greeting = std::env::var("GREETING").unwrap_or_else(|_| "Welcome".into());
    exit_on_sigterm();
    let server = match Server::http(format!("0.0.0.0:{port}")) {
        Ok(server) => server,
        Err(error) => fail(&format!("cannot listen on port {port}: {error}")),
    };
    println!("entries: listening on port {port}, quotes at {}", quotes.as_deref().unwrap_or("(none)"));
    let book = Book { entries: Mutex::new(Vec::new()), quotes, greeting };
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while let Ok(request) = server.recv() {
                    book.answer(request);
                }
            });
        }
    });
}

struct Book {
    entries: Mutex<Vec<Value>>,
    quotes: Option<String>,
    greeting: String,
}

impl Book {
    fn answer(&self, mut request: Request) {
        let path = request.url().split('?').next().unwrap_or_default().to_owned();
        println!("{} {path}", request.method());
        let (status, body) = match (request.method().clone(), path.as_str()) {
            (Method::Get, "/healthz") => (200, json!({"status": "ok"})),
            (Method::Get, "/entries") => {
                let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
                (200, json!({"greeting": self.greeting, "entries": *entries}))
            }
            (Method::Post, "/entries") => self.write(&mut request),
            _ => (404, json!({"error": format!("nothing at {path}; try /entries")})),
        };
        let kind = Header::from_bytes("Content-Type", "application/json").expect("a valid header");
        if let Err(error) = request.respond(Response::from_string(body.to_string()).with_status_code(status).with_header(kind)) {
            println!("the client went away: {error}");
        }
    }

    fn write(&self, request: &mut Request) -> (u16, Value) {
        let mut text = String::new();
        if let Err(error) = request.as_reader().take(LONGEST_ENTRY).read_to_string(&mut text) {
            return (400, json!({"error": format!("cannot read the entry: {error}")}));
        }
        let entry: Value = match serde_json::from_str(&text) {
            Ok(entry) => entry,
            Err(error) => return (400, json!({"error": format!("the entry is not JSON: {error}")})),
        };
        let (Some(name), Some(text)) = (entry["name"].as_str(), entry["text"].as_str()) else {
            return (422, json!({"error": "an entry has two strings, name and text"}));
        };
        let entry = json!({"name": name, "text": text, "quote": self.quote()});
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == LONGEST_BOOK {
            entries.remove(0);
        }
        entries.push(entry.clone());
        (201, entry)
    }

    /// A line from the other service; an entry without one is still an entry.
    fn quote(&self) -> Value {
        let Some(base) = &self.quotes else { return Value::Null };
        let url = format!("{}/quote", base.trim_end_matches('/'));
        let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build().into();
        let answer = agent.get(&url).call().and_then(|mut answer| answer.body_mut().read_to_string());
        match answer.map_err(|error| error.to_string()).and_then(|text| serde_json::from_str::<Value>(&text).map_err(|error| error.to_string())) {
            Ok(answer) => answer["quote"].clone(),
            Err(error) => {
                println!("no quote from {url}: {error}");
                Value::Null
            }
        }
    }
}

fn exit_on_sigterm() {
    match signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT]) {
        Ok(mut signals) => {
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    println!("entries: stopping");
                    let _ = std::io::stdout().flush();
                    std::process::exit(0);
                }
            });
        }
        Err(error) => fail(&format!("cannot handle signals: {error}")),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("entries: {message}");
    std::process::exit(1)
}
