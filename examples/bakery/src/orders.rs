//! Takes orders: `POST /orders` with `{"bread": …}`, `GET /orders`, `GET /tallies`.
//!
//! The price comes from the menu, the order goes to PostgreSQL, its number to Valkey, where the oven waits for it.

use crate::database::Database;
use crate::http::{self, Answer};
use crate::queue::Queue;
use serde_json::{Value, json};

pub fn main() {
    let (database, queue, menu) = (Database::from_environment(), Queue::from_environment(), crate::variable("MENU_URL"));
    http::serve("orders", |method, path, body| {
        let answered = match (method, path) {
            ("POST", "/orders") => place(&database, &queue, &menu, body),
            ("GET", "/orders") => list(&database),
            ("GET", "/tallies") => tallies(&database),
            _ => Ok((404, json!({"error": format!("nothing at {path}; try /orders")}))),
        };
        answered.unwrap_or_else(|error| (503, json!({"error": error})))
    })
}

fn place(database: &Database, queue: &Queue, menu: &str, body: &Value) -> Result<Answer, String> {
    let Some(bread) = body["bread"].as_str().filter(|bread| bread.chars().all(char::is_alphanumeric)) else {
        return Ok((422, json!({"error": "an order has the name of a bread"})));
    };
    let (status, found) = http::ask(menu, &format!("/menu/{bread}"), None)?;
    let Some(cents) = found["cents"].as_i64().and_then(|cents| i32::try_from(cents).ok()) else {
        return Ok((status, found));
    };
    let id: i32 = database.with(|client| {
        Ok(client.query_one("INSERT INTO orders (bread, cents) VALUES ($1, $2) RETURNING id", &[&bread, &cents])?.get(0))
    })?;
    queue.add(id)?;
    Ok((201, json!({"id": id, "bread": bread, "cents": cents, "state": "ordered"})))
}

fn list(database: &Database) -> Result<Answer, String> {
    let rows = database.with(|client| client.query("SELECT id, bread, cents, state FROM orders ORDER BY id", &[]))?;
    let orders: Vec<Value> = rows
        .iter()
        .map(|row| {
            let (id, bread, cents, state): (i32, String, i32, String) = (row.get(0), row.get(1), row.get(2), row.get(3));
            json!({"id": id, "bread": bread, "cents": cents, "state": state})
        })
        .collect();
    Ok((200, json!({"orders": orders})))
}

fn tallies(database: &Database) -> Result<Answer, String> {
    let row = database.with(|client| client.query_one("SELECT count(*), coalesce(max(baked), 0) FROM tallies", &[]))?;
    let (count, most): (i64, i64) = (row.get(0), row.get(1));
    Ok((200, json!({"tallies": count, "most": most})))
}
