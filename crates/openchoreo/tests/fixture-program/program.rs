//! The one program inside the images of these tests: static, with nothing beside it.
//!
//! Serves HTTP on `--port`, `PORT` or 8080: `/env/NAME`, `/file/PATH`, `/via/NAME/PATH` (what the address in the variable
//! NAME answers to PATH), `/slow/MILLISECONDS`, and its name for everything else. As a command: `echo WORDS…`, `exit CODE`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

extern "C" fn end(_: i32) {
    std::process::exit(0);
}

unsafe extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
}

fn main() {
    // The first process of a container ignores a signal that it does not handle.
    unsafe { signal(15, end as extern "C" fn(i32) as usize) };
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("echo") => println!("{}", words[1..].join(" ")),
        Some("exit") => std::process::exit(words[1].parse().expect("a code")),
        _ => serve(&words),
    }
}

fn serve(words: &[String]) {
    let asked = words.iter().position(|word| word == "--port").map(|at| words[at + 1].clone());
    let port = asked.or_else(|| std::env::var("PORT").ok()).unwrap_or_else(|| "8080".into());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}")).expect("the port is free");
    println!("listening on {port}");
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || answer(stream));
    }
}

fn answer(mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        header.clear();
    }
    println!("asked for {path}");
    let (what, rest) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let body = match what {
        "env" => std::env::var(rest).map_err(|_| format!("{rest} is not set")),
        "file" => std::fs::read_to_string(format!("/{rest}")).map_err(|error| error.to_string()),
        "via" => {
            let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
            std::env::var(name).map_err(|_| format!("{name} is not set")).and_then(|base| fetch(&base, path))
        }
        "slow" => {
            std::thread::sleep(Duration::from_millis(rest.parse().unwrap_or(0)));
            Ok("at last".into())
        }
        _ => Ok(format!("{} at {path}", std::env::var("NAME").unwrap_or_else(|_| "the fixture".into()))),
    };
    let (status, body) = match body {
        Ok(body) => ("200 OK", body),
        Err(body) => ("404 Not Found", body),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).ok()
}

fn fetch(base: &str, path: &str) -> Result<String, String> {
    let address = base.trim_start_matches("http://").trim_end_matches('/');
    let (host, prefix) = address.split_once('/').unwrap_or((address, ""));
    let named = |error: std::io::Error| format!("{host}: {error}");
    let mut stream = TcpStream::connect(host).map_err(named)?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(named)?;
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    write!(stream, "GET {prefix}/{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").map_err(named)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(named)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok(body.to_owned())
}
