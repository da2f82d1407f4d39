//! A bakery: five small programs in one binary, one for each component.
//!
//! ```text
//!  web ─▶ menu ─▶ Valkey (how often each bread was asked for)
//!   └───▶ orders ─▶ menu (prices)
//!            ├────▶ PostgreSQL (the orders) ◀── oven, tally
//!            └────▶ Valkey (what is to be baked) ─▶ oven
//! ```

mod database;
mod http;
mod menu;
mod orders;
mod oven;
mod queue;
mod tally;
mod web;

use std::io::Write as _;

fn main() {
    exit_on_sigterm();
    let name = std::env::args().nth(1).unwrap_or_default();
    match name.as_str() {
        "web" => web::main(),
        "menu" => menu::main(),
        "orders" => orders::main(),
        "oven" => oven::main(),
        "tally" => tally::main(),
        _ => fail("say which program: web, menu, orders, oven or tally"),
    }
}

/// A variable that the platform sets from the workload's dependencies.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| fail(&format!("{name} is not set: see `dependencies` of the workload")))
}

fn exit_on_sigterm() {
    match signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT]) {
        Ok(mut signals) => {
            std::thread::spawn(move || {
                if signals.forever().next().is_some() {
                    println!("stopping");
                    let _ = std::io::stdout().flush();
                    std::process::exit(0);
                }
            });
        }
        Err(error) => fail(&format!("cannot handle signals: {error}")),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("bakery: {message}");
    std::process::exit(1)
}
