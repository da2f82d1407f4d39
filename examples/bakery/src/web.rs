//! The web front: one page, and `/api/…` passed on to orders and menu.

use crate::http;
use std::io::Read as _;
use serde_json::{Value, json};
use tiny_http::{Method, Request};

const PAGE: &str = include_str!("../page/index.html");
const LONGEST_BODY: u64 = 64 * 1024;

pub fn main() {
    let (orders, menu) = (crate::variable("ORDERS_URL"), crate::variable("MENU_URL"));
    http::serve_all("web", |request| {
        let path = request.url().to_owned();
        match path.as_str() {
            "/" => (200, "text/html; charset=utf-8", PAGE.to_owned()),
            "/healthz" => (200, "application/json", json!({"status": "ok"}).to_string()),
            path if path.starts_with("/api/menu/") => told(http::ask(&menu, &path[4..], None)),
            path if path.starts_with("/api/") => told(pass_on(request, &orders, &path[4..])),
            _ => (404, "text/plain", "nothing here\n".to_owned()),
        }
    })
}

fn pass_on(request: &mut Request, base: &str, path: &str) -> Result<http::Answer, String> {
    if *request.method() != Method::Post {
        return http::ask(base, path, None);
    }
    let mut text = String::new();
    request.as_reader().take(LONGEST_BODY).read_to_string(&mut text).map_err(|error| error.to_string())?;
    match serde_json::from_str::<Value>(&text) {
        Ok(body) => http::ask(base, path, Some(&body)),
        Err(error) => Ok((400, json!({"error": format!("the body is not JSON: {error}")}))),
    }
}

fn told(answer: Result<http::Answer, String>) -> (u16, &'static str, String) {
    let (status, body) = answer.unwrap_or_else(|error| (502, json!({"error": error})));
    (status, "application/json", body.to_string())
}
