//! The one program inside the test images: static, without anything around it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

extern "C" fn end(_: i32) {
    std::process::exit(0);
}

unsafe extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    if word(0) != "stubborn" {
        unsafe { signal(15, end as extern "C" fn(i32) as usize) };
    }
    match word(0) {
        "serve" => serve(word(1), word(2)),
        "stubborn" => loop {
            pause(60_000);
        },
        "count" => {
            for number in 0.. {
                println!("line {number}");
                pause(word(1).parse().unwrap_or(20));
            }
        }
        "long-line" => {
            let piece = vec![b'x'; 1024 * 1024];
            let mut out = std::io::stdout().lock();
            for _ in 0..word(1).parse().unwrap_or(1) {
                out.write_all(&piece).expect("written");
            }
            out.write_all(b"\nthe end\n").expect("written");
            drop(out);
            loop {
                pause(60_000);
            }
        }
        "chatter" => {
            // So many lines in each tenth of a second, for so many tenths.
            let (lines, tenths): (u64, u64) = (word(1).parse().unwrap_or(1), word(2).parse().unwrap_or(1));
            for tenth in 0..tenths {
                let text: String = (0..lines).map(|line| format!("line {}\n", tenth * lines + line)).collect();
                std::io::stdout().lock().write_all(text.as_bytes()).expect("written");
                pause(100);
            }
            println!("the end");
            loop {
                pause(60_000);
            }
        }
        "exit" => {
            println!("exiting with {}", word(1));
            pause(word(2).parse().unwrap_or(0));
            std::process::exit(word(1).parse().unwrap_or(1));
        }
        "cat" => {
            for path in &words[1..] {
                match std::fs::read_to_string(path) {
                    Ok(text) => println!("{path}={text}"),
                    Err(error) => println!("{path}: {error}"),
                }
            }
        }
        "touch" => std::fs::write(word(1), word(2)).expect("written"),
        "remove" => std::fs::remove_file(word(1)).expect("removed"),
        "env" => {
            for name in &words[1..] {
                println!("{name}={}", std::env::var(name).unwrap_or_else(|_| "(none)".to_owned()));
            }
        }
        "echo" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).expect("read");
            print!("{}", text.to_uppercase());
            std::process::exit(word(1).parse().unwrap_or(0));
        }
        "last-words" => {
            std::fs::write("/dev/termination-log", word(1)).expect("written");
            std::process::exit(3);
        }
        "eat" => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1_u8; 1024 * 1024]);
                pause(1);
            }
        }
        "reach" => println!("{}", reach(word(1))),
        "ask" => std::fs::write(word(2), reach(word(1))).expect("written"),
        other => {
            println!("what is {other:?}?");
            std::process::exit(64);
        }
    }
}

/// The last line of what a server answers.
fn reach(address: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("connected");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    text.lines().last().unwrap_or_default().to_owned()
}

/// Answers `/` always, and any other path only while a file of that name exists.
fn serve(port: &str, greeting: &str) {
    let listener = TcpListener::bind(format!("0.0.0.0:{port}")).expect("bound");
    println!("listening on {port}");
    for stream in listener.incoming().flatten() {
        let mut stream = stream;
        let mut request = [0_u8; 1024];
        let length = stream.read(&mut request).unwrap_or(0);
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let there = path == "/" || std::path::Path::new(&path).exists();
        let status = if there { "200 OK" } else { "503 Service Unavailable" };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{greeting}", greeting.len());
    }
}
