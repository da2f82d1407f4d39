//! WebSockets and calls of gRPC through the gateway, opened, echoed, closed and broken off, for as long as wanted: every
//! echo must be whole, and the gateway must be as small at the end as it was after the first part.

use super::SoakArgs;
use crate::bench::gateway::subject::Subject;
use crate::bench::process::Process;
use crate::counts::Counts;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Conversations at once, of each kind.
const AT_ONCE: u64 = 8;
/// Echoes of one conversation.
const ECHOES: u64 = 20;
/// How much the gateway may grow between the first part and the end: allocators keep some of what they once had.
const GROWTH: u64 = 16_000_000;
/// Descriptors that may be open at the end beside those of the start: connections to backends are kept.
const KEPT: usize = 160;
/// How long all connections may take to end.
const SETTLES: Duration = Duration::from_secs(20);

/// What was done.
#[derive(Default)]
struct Done {
    conversations: AtomicU64,
    echoes: AtomicU64,
    broken_off: AtomicU64,
}

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    let seed = args.seed.unwrap_or_else(super::clock);
    println!("gateway: seed {seed}");
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(soak(seed, time))
}

async fn soak(seed: u64, time: Duration) -> Result<Counts> {
    let subject = Subject::start(web_sockets().await?, Some(calls().await?)).await?;
    let process = Process::new(subject.id()?);
    let at_start = process.descriptors()?;
    let done = Arc::new(Done::default());
    // The first part fills what is kept on purpose: connections, buffers, the allocator's own.
    converse(&subject, seed, time.mul_f64(0.2), &done).await?;
    let first = process.resident()?;
    converse(&subject, seed.wrapping_add(1), time.mul_f64(0.8), &done).await?;
    let last = process.resident()?;
    let begun = Instant::now();
    let mut open = process.descriptors()?;
    while open > at_start + KEPT && begun.elapsed() < SETTLES {
        tokio::time::sleep(Duration::from_millis(100)).await;
        open = process.descriptors()?;
    }
    println!(
        "gateway: {} conversations, {} echoes, {} broken off; {:.1} MB after the first part, {:.1} MB at the end; {} descriptors at the start, {open} at the end",
        done.conversations.load(Ordering::Relaxed),
        done.echoes.load(Ordering::Relaxed),
        done.broken_off.load(Ordering::Relaxed),
        first as f64 / 1e6,
        last as f64 / 1e6,
        at_start,
    );
    let mut counts = Counts::default();
    for (good, what) in [
        (done.conversations.load(Ordering::Relaxed) > 0, "nothing was done"),
        (last.saturating_sub(first) <= GROWTH, "the gateway grew"),
        (open <= at_start + KEPT, "connections stayed open"),
    ] {
        if good {
            counts.passed += 1;
        } else {
            counts.failed += 1;
            println!("FAILED {what}");
        }
    }
    Ok(counts)
}

async fn converse(subject: &Subject, seed: u64, time: Duration, done: &Arc<Done>) -> Result<()> {
    let until = Instant::now() + time;
    let mut tasks = Vec::new();
    for number in 0..AT_ONCE * 2 {
        let (port, done) = (subject.port, done.clone());
        let mut chance = Chance(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        tasks.push(tokio::spawn(async move {
            while Instant::now() < until {
                if number % 2 == 0 {
                    web_socket(port, &mut chance, &done).await.context("a WebSocket")?;
                } else {
                    call(port, &mut chance, &done).await.context("a call of gRPC")?;
                }
                done.conversations.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        }));
    }
    for task in tasks {
        task.await.context("a conversation stopped")??;
    }
    Ok(())
}

/// Numbers that look like chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = 1 + self.below(most);
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

async fn web_socket(port: u16, chance: &mut Chance, done: &Done) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let head = "GET /shop/socket HTTP/1.1\r\nhost: bench.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        ensure!(answer.len() < 4096, "the answer has no end");
        answer.push(stream.read_u8().await?);
    }
    ensure!(answer.starts_with(b"HTTP/1.1 101 "), "answered: {}", String::from_utf8_lossy(&answer));
    for _ in 0..ECHOES {
        let said = chance.bytes(16 * 1024);
        let mut heard = vec![0; said.len()];
        let (mut from, mut to) = stream.split();
        tokio::try_join!(to.write_all(&said), from.read_exact(&mut heard))?;
        ensure!(said == heard, "the echo is another");
        done.echoes.fetch_add(1, Ordering::Relaxed);
        if chance.below(100) == 0 {
            done.broken_off.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
    }
    stream.shutdown().await?;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    ensure!(rest.is_empty(), "more came than was sent");
    Ok(())
}

async fn call(port: u16, chance: &mut Chance, done: &Done) -> Result<()> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    for _ in 0..ECHOES {
        let said = Bytes::from(chance.bytes(64 * 1024));
        let request = Request::post("http://calls.localhost/echo.Echo/Say")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(said.clone()))?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        ensure!(response.status().is_success(), "answered: {}", response.status());
        if chance.below(100) == 0 {
            done.broken_off.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let heard = response.into_body().collect().await?;
        let status = heard.trailers().and_then(|trailers| trailers.get("grpc-status")).cloned();
        ensure!(status == Some(HeaderValue::from_static("0")), "the trailers say {status:?}");
        ensure!(heard.to_bytes() == said, "the echo is another");
        done.echoes.fetch_add(1, Ordering::Relaxed);
    }
    drop(sender);
    connection.await?.context("the connection broke off")
}

/// Takes every request to change the protocol and returns what it is sent; answers others, too.
async fn web_sockets() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = service_fn(|mut request: Request<Incoming>| async move {
                    let mut response = Response::new(Full::<Bytes>::default());
                    if request.headers().contains_key("upgrade") {
                        let upgrade = hyper::upgrade::on(&mut request);
                        tokio::spawn(async move {
                            if let Ok(upgraded) = upgrade.await {
                                let (mut from, mut to) = tokio::io::split(TokioIo::new(upgraded));
                                // A conversation that breaks off is what some are meant to do.
                                let _ = tokio::io::copy(&mut from, &mut to).await;
                                let _ = to.shutdown().await;
                            }
                        });
                        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
                        let headers = response.headers_mut();
                        headers.insert("connection", HeaderValue::from_static("upgrade"));
                        headers.insert("upgrade", HeaderValue::from_static("websocket"));
                    }
                    Ok::<_, Infallible>(response)
                });
                let server = hyper::server::conn::http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
            });
        }
    });
    Ok(address)
}

/// Returns what a call sends, and says in its trailers that all went well.
async fn calls() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async move {
                    let trailers = async {
                        Some(Ok(HeaderMap::from_iter([(
                            http::HeaderName::from_static("grpc-status"),
                            HeaderValue::from_static("0"),
                        )])))
                    };
                    let mut response = Response::new(request.into_body().with_trailers(trailers));
                    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
                    Ok::<_, Infallible>(response)
                });
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(address)
}
