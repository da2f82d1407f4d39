//! Knows the breads and their prices, and counts in Valkey how often each was asked for: `GET /menu/BREAD`.

use crate::http;
use crate::queue::Queue;
use serde_json::json;

const BREADS: &[(&str, i32)] = &[("rye", 420), ("spelt", 510), ("baguette", 190)];

pub fn main() {
    let queue = Queue::from_environment();
    http::serve("menu", |_, path, _| {
        let wanted = path.strip_prefix("/menu/").unwrap_or_default();
        let Some((bread, cents)) = BREADS.iter().find(|(bread, _)| *bread == wanted) else {
            let breads: Vec<&str> = BREADS.iter().map(|(bread, _)| *bread).collect();
            return (404, json!({"error": format!("no bread {wanted:?}"), "breads": breads}));
        };
        match queue.asked(bread) {
            Ok(asked) => (200, json!({"bread": bread, "cents": cents, "asked": asked})),
            Err(error) => (503, json!({"error": error})),
        }
    })
}
