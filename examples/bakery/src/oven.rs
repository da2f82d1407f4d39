//! The worker: bakes what waits in Valkey and writes so into PostgreSQL. An order that was taken and not finished, because
//! the process ended, is baked by the next one.

use crate::database::Database;
use crate::queue::Queue;
use std::time::Duration;

/// The pause after something failed.
const AGAIN: Duration = Duration::from_millis(500);

pub fn main() {
    let (database, queue) = (Database::from_environment(), Queue::from_environment());
    println!("oven: hot");
    loop {
        if let Err(error) = bake(&database, &queue) {
            println!("{error}");
            std::thread::sleep(AGAIN);
        }
    }
}

/// Bakes all that is there; returns on the first failure.
fn bake(database: &Database, queue: &Queue) -> Result<(), String> {
    let left = queue.taken()?;
    for order in left {
        finish(database, queue, order)?;
    }
    loop {
        if let Some(order) = queue.take()? {
            finish(database, queue, order)?;
        }
    }
}

fn finish(database: &Database, queue: &Queue, order: i32) -> Result<(), String> {
    database.with(|client| client.execute("UPDATE orders SET state = 'baked' WHERE id = $1", &[&order]))?;
    queue.done(order)?;
    println!("order {order} is baked");
    Ok(())
}
