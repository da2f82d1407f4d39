//! A server on a port, for trying it with kubectl: `cargo run -p kubelite --example serve -- FOLDER [ADDRESS]`.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: serve FOLDER [ADDRESS]")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".into());
    let server = kubelite::Server::open(kubelite::Options::folder(&folder)).await?;
    let serving = server.serve(tokio::net::TcpListener::bind(address).await?)?;
    let url = format!("https://{}", serving.address());
    let kubeconfig = std::path::Path::new(&folder).join("kubeconfig");
    server.authority().write_kubeconfig(&kubeconfig, &url)?;
    println!("{url}  KUBECONFIG={}", kubeconfig.display());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    serving.ended().await;
    Ok(())
}
