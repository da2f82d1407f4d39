//! The scheduled task: counts what was baked and writes it down.

use crate::database::Database;

pub fn main() {
    let database = Database::from_environment();
    let counted = database.with(|client| {
        client.query_one(
            "INSERT INTO tallies (baked) SELECT count(*) FROM orders WHERE state = 'baked' RETURNING baked",
            &[],
        )
    });
    match counted {
        Ok(row) => println!("{} baked", row.get::<_, i64>(0)),
        Err(error) => crate::fail(&error),
    }
}
