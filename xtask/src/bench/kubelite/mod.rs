//! kubelite beside kube-apiserver with etcd, each a process of its own behind TLS, the same client and the same load.
//!
//! ```text
//! start ─▶ create (1, 64 clients) ─▶ update · get · apply ─▶ list ─▶ half the speed, open loop ─▶ watchers ─▶ many objects, rest
//! ```

mod disk;
mod load;
mod open_loop;
mod requests;
mod server;
mod watchers;

use super::BenchArgs;
use super::figure::{Budget, Figure, Report};
use super::process::megabytes;
use anyhow::{Context, Result};
use load::{Load, Outcome};
use requests::Op;
use server::Subject;
pub(super) use server::serve;
use std::time::{Duration, Instant};

/// Clients of a full load, each with a connection of its own.
const CLIENTS: usize = 64;
/// Objects of the list that is measured.
const LISTED: u64 = 10_000;
/// Rounds at half of the rate, of which the middle one counts: in one of them the disk may stand still for somebody else.
const ROUNDS: usize = 5;
/// How often it is listed.
const LISTS: usize = 5;

/// Time between two changes where it is measured how late watchers hear of them.
const PAUSE: Duration = Duration::from_millis(200);

/// What was measured of one server, by what the figure is called.
type Figures = Vec<(String, f64, &'static str)>;

pub(super) fn run(args: &BenchArgs) -> Result<Report> {
    server::raise_limits()?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut report = Report::default();
    let ours = server::Ours::start()?;
    let ours = measure(args, Box::new(ours))?;
    for (what, value, unit) in &ours {
        let figure = Figure::once(format!("kubelite: {what}"), *value, unit);
        report.add(match budget(what) {
            Some(budget) => figure.within(budget),
            None => figure,
        });
    }
    if args.alone {
        return Ok(report.signed());
    }
    match server::Theirs::start() {
        Ok(theirs) => {
            let theirs = measure(args, Box::new(theirs))?;
            for (what, value, unit) in &theirs {
                report.add(Figure::once(format!("kube-apiserver, etcd: {what}"), *value, unit));
            }
            compare(&ours, &theirs, &mut report);
        }
        Err(error) => report.skip(format!("kube-apiserver with etcd: {error:#}")),
    }
    Ok(report.signed())
}

fn budget(what: &str) -> Option<Budget> {
    match what {
        what if what.ends_with("at half speed, p99") => Some(Budget::AtMost(10.0)),
        "start with all objects" => Some(Budget::AtMost(3.0)),
        "CPU at rest" => Some(Budget::AtMost(1.0)),
        _ => None,
    }
}

/// How many times less, or more, than the real one.
fn compare(ours: &Figures, theirs: &Figures, report: &mut Report) {
    for (what, value, unit) in ours {
        let Some((_, their, _)) = theirs.iter().find(|(known, _, of)| known == what && of == unit) else { continue };
        if what.starts_with("the disk alone") {
            continue;
        }
        let writes = ["create", "update", "apply"].iter().any(|op| what.starts_with(op));
        let (times, wanted) = match *unit {
            "/s" => (value / their, writes),
            "µs CPU" => (their / value, writes),
            "MB" => (their / value, true),
            "ms" => (their / value, false),
            _ => continue,
        };
        let name = format!("{what} ({unit}): times better than kube-apiserver");
        let figure = Figure::once(name, times, "×");
        report.add(if wanted { figure.within(Budget::AtLeast(5.0)) } else { figure });
    }
}

fn measure(args: &BenchArgs, mut subject: Box<dyn Subject>) -> Result<Figures> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut figures = Figures::new();
    let time = Duration::from_secs(args.seconds);
    let mut load = runtime.block_on(Load::new(subject.as_ref(), CLIENTS))?;
    let synced = disk::synced()?;
    figures.push(("the disk alone, written and synced, p50".into(), synced.percentile(0.5), "ms"));
    figures.push(("the disk alone, written and synced, p99".into(), synced.percentile(0.99), "ms"));
    eprintln!("{}: load", subject.name());
    let mut fastest = Vec::new();
    for (op, clients) in
        [(Op::Create, 1), (Op::Create, CLIENTS), (Op::Update, CLIENTS), (Op::Get, CLIENTS), (Op::Apply, CLIENTS)]
    {
        let outcome = runtime.block_on(load.closed(subject.as_ref(), op, clients, time))?;
        told(&mut figures, &format!("{}, {clients} at a time", op.name()), &outcome);
        if clients > 1 && matches!(op, Op::Create | Op::Apply) {
            fastest.push((op, outcome.per_second()));
        }
    }
    for (op, most) in fastest {
        let (mut halves, mut lates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let outcome = runtime.block_on(open_loop::run(&mut load, subject.as_ref(), op, most / 2.0, time))?;
            halves.push(outcome.percentile(0.5));
            lates.push(outcome.percentile(0.99));
        }
        halves.sort_by(f64::total_cmp);
        lates.sort_by(f64::total_cmp);
        figures.push((format!("{} at half speed, p50", op.name()), halves[ROUNDS / 2], "ms"));
        figures.push((format!("{} at half speed, p99", op.name()), lates[ROUNDS / 2], "ms"));
        figures.push((
            format!("{} at half speed, p99 of the worst of {ROUNDS} rounds", op.name()),
            lates[ROUNDS - 1],
            "ms",
        ));
    }
    eprintln!("{}: list", subject.name());
    runtime.block_on(load.fill(LISTED))?;
    let outcome = runtime.block_on(load.lists(subject.as_ref(), LISTED, LISTS))?;
    figures.push((format!("list of {LISTED}, p50"), outcome.percentile(0.5), "ms"));
    figures.push((format!("list of {LISTED}"), outcome.cpu_each(), "µs CPU"));
    eprintln!("{}: {} watchers", subject.name(), args.watchers);
    let fan = runtime.block_on(watchers::run(&load, subject.as_ref(), args.watchers, Some(PAUSE)))?;
    figures.push((format!("change → event, {} watchers, p99", args.watchers), fan.p99, "ms"));
    let fan = runtime.block_on(watchers::run(&load, subject.as_ref(), args.watchers, None))?;
    figures.push((format!("events to {} watchers", args.watchers), fan.per_second, "/s"));
    figures.push((format!("event to {} watchers", args.watchers), fan.cpu_each, "µs CPU"));
    eprintln!("{}: {} objects", subject.name(), args.objects);
    runtime.block_on(load.fill(args.objects))?;
    figures.push((format!("{} objects of 2 KiB, resident", args.objects), megabytes(subject.resident()?), "MB"));
    std::thread::sleep(Duration::from_secs(2));
    let (before, begun) = (subject.spent()?, Instant::now());
    std::thread::sleep(Duration::from_secs(args.rest));
    let used = subject.spent()?.saturating_sub(before);
    figures.push(("CPU at rest".into(), 100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64(), "% of a core"));
    drop(load);
    if let Some(took) = subject.restart().context("starting again")? {
        figures.push(("start with all objects".into(), took.as_secs_f64(), "s"));
        figures.push(("after that start, resident".into(), megabytes(subject.resident()?), "MB"));
    }
    Ok(figures)
}

fn told(figures: &mut Figures, what: &str, outcome: &Outcome) {
    figures.push((what.to_owned(), outcome.per_second(), "/s"));
    figures.push((what.to_owned(), outcome.cpu_each(), "µs CPU"));
    figures.push((format!("{what}, p99"), outcome.percentile(0.99), "ms"));
}
