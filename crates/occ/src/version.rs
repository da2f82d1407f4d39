//! `occ version`

use crate::failure::Failure;
use crate::session::{Session, Settings};
use serde_json::Value;
use std::time::Duration;

/// Prints our version and the server's; that there is no server is no error.
pub(crate) async fn run(settings: &Settings) -> Result<(), Failure> {
    println!("Client:");
    println!("  Version:      {}", env!("CARGO_PKG_VERSION"));
    println!("  Git Revision: {}", option_env!("OPENCHOREO_REVISION").unwrap_or("not-set"));
    println!("  Build Time:   {}", option_env!("OPENCHOREO_BUILD_TIME").unwrap_or("not-set"));
    println!();
    let server = async {
        let session = Session::open(settings).ok()?;
        let response = session.http.public("/version").await.ok()?;
        response.json::<Value>().await.ok()
    };
    match tokio::time::timeout(Duration::from_secs(5), server).await {
        Ok(Some(version)) => {
            let text = |name: &str| version.get(name).and_then(Value::as_str).unwrap_or("not-set").to_owned();
            println!("Server:");
            println!("  Version:      {}", text("version"));
            println!("  Git Revision: {}", text("gitRevision"));
            println!("  Build Time:   {}", text("buildTime"));
        }
        _ => println!("Server: <not connected>"),
    }
    Ok(())
}
