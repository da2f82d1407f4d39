//! Logs and commands.

use crate::lab::{Lab, NAMESPACE, main, phase, ready};
use futures::StreamExt as _;
use kube::ResourceExt as _;
use node::engine::{ExecOptions, ExecSession, Output};
use node::{AccessError, LogOptions, PodPlace};
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// All that a command writes.
pub(crate) async fn output(mut session: ExecSession) -> String {
    let mut text = Vec::new();
    while let Some(piece) = session.output.next().await {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = piece.expect("output");
        text.extend_from_slice(&bytes);
    }
    String::from_utf8(text).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_read_followed_cut_and_told_of_the_attempt_before() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("count", &["count", "10"], json!({}), json!({})).await;
    let count = lab.pod_until("count", "ready", ready).await;
    let uid = count.uid().expect("a UID");
    let place = PodPlace { namespace: NAMESPACE, name: "count", uid: &uid };
    let access = lab.node.as_ref().expect("a node").access();

    let follow = LogOptions { follow: true, ..LogOptions::default() };
    let mut log = access.logs(&place, "main", &follow).await.expect("a log");
    let mut text = String::new();
    while !text.contains("line 60\n") {
        text.push_str(std::str::from_utf8(&log.next().await.expect("more").expect("a line")).expect("text"));
    }
    assert!(text.starts_with("line 0\nline 1\nline 2\n"), "{text}");
    drop(log);

    let tail = LogOptions { tail_lines: Some(2), timestamps: true, ..LogOptions::default() };
    let lines: Vec<_> = access.logs(&place, "main", &tail).await.expect("a log").collect().await;
    assert_eq!(lines.len(), 2);
    let line = String::from_utf8(lines[0].as_ref().expect("a line").to_vec()).expect("text");
    let (moment, words) = line.split_once(' ').expect("a moment");
    moment.parse::<jiff::Timestamp>().expect("a moment as RFC 3339");
    assert!(words.starts_with("line "), "{line}");

    let limited = LogOptions { limit_bytes: Some(10), ..LogOptions::default() };
    let pieces: Vec<_> =
        access.logs(&place, "main", &limited).await.expect("a log").map(|piece| piece.expect("bytes")).collect().await;
    assert_eq!(pieces.concat(), b"line 0\nlin");

    let previous = LogOptions { previous: true, ..LogOptions::default() };
    let error = access.logs(&place, "main", &previous).await.err().expect("there is no attempt before");
    assert!(matches!(error, AccessError::NoPrevious { .. }), "{error}");
    let error = access.logs(&place, "other", &LogOptions::default()).await.err().expect("there is no such container");
    assert!(error.to_string().contains("\"other\" in pod shop/count"), "{error}");

    lab.pod("crash", &["exit", "5"], json!({}), json!({})).await;
    let crash =
        lab.pod_until("crash", "restarted", |pod| main(pod).is_some_and(|status| status.restart_count == 1)).await;
    let uid = crash.uid().expect("a UID");
    let place = PodPlace { namespace: NAMESPACE, name: "crash", uid: &uid };
    let pieces: Vec<_> =
        access.logs(&place, "main", &previous).await.expect("a log").map(|piece| piece.expect("bytes")).collect().await;
    assert_eq!(pieces.concat(), b"exiting with 5\n");
    lab.delete_pod("count").await;
    lab.delete_pod("crash").await;
    lab.end().await;
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.split_whitespace().next().expect("a number").parse::<u64>().expect("a number") * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_200_megabytes_passes_through_and_the_log_goes_on_after_it() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("long", &["long-line", "200"], json!({}), json!({})).await;
    let long = lab.pod_until("long", "ready", ready).await;
    let uid = long.uid().expect("a UID");
    let place = PodPlace { namespace: NAMESPACE, name: "long", uid: &uid };
    let access = lab.node.as_ref().expect("a node").access();

    let before = resident();
    let follow = LogOptions { follow: true, ..LogOptions::default() };
    let mut log = access.logs(&place, "main", &follow).await.expect("a log");
    let (mut most, mut tail) = (0, Vec::new());
    while !tail.ends_with(b"the end\n") {
        let piece = tokio::time::timeout(Duration::from_secs(60), log.next()).await.expect("more").expect("more");
        let piece = piece.expect("a piece");
        most = most.max(resident().saturating_sub(before));
        tail.extend_from_slice(&piece);
        tail.drain(..tail.len().saturating_sub(16));
    }
    drop(log);
    assert!(most < 64_000_000, "{most} bytes were held for one line");

    // The rest of the node works meanwhile and after it.
    lab.pod("beside", &["exit", "0"], json!({"restartPolicy": "Never"}), json!({})).await;
    lab.pod_until("beside", "done", |pod| phase(pod) == "Succeeded").await;
    let last = LogOptions { tail_lines: Some(1), ..LogOptions::default() };
    let lines: Vec<_> = access.logs(&place, "main", &last).await.expect("a log").collect().await;
    let lines: Vec<_> = lines.into_iter().map(|line| line.expect("a line")).collect();
    assert_eq!(lines.concat(), b"the end\n");
    lab.delete_pod("long").await;
    lab.delete_pod("beside").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_lines_a_second_all_come_and_in_order() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("chatter", &["chatter", "1000", "30"], json!({}), json!({})).await;
    let chatter = lab.pod_until("chatter", "ready", ready).await;
    let uid = chatter.uid().expect("a UID");
    let place = PodPlace { namespace: NAMESPACE, name: "chatter", uid: &uid };
    let access = lab.node.as_ref().expect("a node").access();
    let follow = LogOptions { follow: true, ..LogOptions::default() };
    let mut log = access.logs(&place, "main", &follow).await.expect("a log");
    let mut text = Vec::new();
    while !text.ends_with(b"the end\n") {
        let piece = tokio::time::timeout(Duration::from_secs(60), log.next()).await.expect("more").expect("more");
        text.extend_from_slice(&piece.expect("a piece"));
    }
    let wanted: String = (0..30_000).map(|line| format!("line {line}\n")).chain(["the end\n".to_owned()]).collect();
    assert!(text == wanted.as_bytes(), "{} bytes came, {} were written", text.len(), wanted.len());
    lab.delete_pod("chatter").await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_its_input_and_tells_its_exit_code() {
    let Some(lab) = Lab::start().await else { return };
    lab.pod("web", &["serve", "8080"], json!({}), json!({})).await;
    let web = lab.pod_until("web", "ready", ready).await;
    let uid = web.uid().expect("a UID");
    let place = PodPlace { namespace: NAMESPACE, name: "web", uid: &uid };
    let access = lab.node.as_ref().expect("a node").access();
    let options = ExecOptions {
        command: ["/guest", "echo", "42"].map(str::to_owned).to_vec(),
        stdin: true,
        stdout: true,
        stderr: true,
        tty: false,
    };
    let mut session = access.exec(&place, "main", options).await.expect("a command");
    session.input.write_all(b"loud").await.expect("sent");
    session.input.shutdown().await.expect("ended");
    let control = session.control.clone();
    assert_eq!(output(session).await, "LOUD");
    assert_eq!(control.exit_code().await.expect("asked"), Some(42));

    let terminal = ExecOptions {
        command: ["/guest", "env", "TERM"].map(str::to_owned).to_vec(),
        tty: true,
        stdout: true,
        ..ExecOptions::default()
    };
    let session = access.exec(&place, "main", terminal).await.expect("a command");
    let control = session.control.clone();
    let text = output(session).await;
    assert!(text.starts_with("TERM=") && text.ends_with("\r\n"), "{text:?}");
    assert_eq!(control.exit_code().await.expect("asked"), Some(0));

    let missing = ExecOptions { command: vec!["/nothing".to_owned()], stdout: true, ..ExecOptions::default() };
    let outcome = access.exec(&place, "main", missing).await;
    let code = match outcome {
        Ok(session) => {
            let control = session.control.clone();
            let _ = output(session).await;
            control.exit_code().await.expect("asked")
        }
        Err(error) => {
            assert!(error.to_string().contains("/nothing"), "{error}");
            Some(127)
        }
    };
    assert!(matches!(code, Some(126 | 127)), "{code:?}");
    lab.delete_pod("web").await;
    lab.end().await;
}
