//! The targets of the crate `fuzz`, each in a process of its own: one that overflows its stack, runs out of memory or does
//! not end is a failure like any other, and its input is kept.

use super::SoakArgs;
use crate::counts::Counts;
use anyhow::{Context, Result, bail};
use fuzz::{Budget, TARGETS, Target, Why};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A process that is at one input for so long will not end.
const STUCK: Duration = Duration::from_secs(120);

pub(super) fn run(args: &SoakArgs, time: Duration) -> Result<Counts> {
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| args.target.as_ref().is_none_or(|name| name == target.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("there is no target {:?}; there are: {}", args.target.as_deref().unwrap_or_default(), names.join(", "));
    }
    let seed = args.seed.unwrap_or_else(super::clock);
    let each = time / u32::try_from(chosen.len()).unwrap_or(1);
    if let (Some(current), [target]) = (&args.watched, chosen.as_slice()) {
        return here(target, seed, each, current);
    }
    let folder = crate::tidy::root().join("target/soak");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    println!("seed {seed}; inputs that fail go to {}", folder.display());
    let mut counts = Counts::default();
    for target in chosen {
        let one = apart(target, seed, each, &folder)?;
        counts.passed += one.passed;
        counts.failed += one.failed;
    }
    Ok(counts)
}

/// Runs a target in this process; each input is in the file before it is run.
fn here(target: &Target, seed: u64, time: Duration, current: &Path) -> Result<Counts> {
    let mut unwritten = None;
    let report = fuzz::run_watched(target, seed, Budget::time(time), &mut |input| {
        if let Err(error) = std::fs::write(current, input) {
            unwritten.get_or_insert(error);
        }
    })?;
    if let Some(error) = unwritten {
        return Err(error).with_context(|| format!("cannot write {}", current.display()));
    }
    println!("{}: {} inputs, the slowest took {:?}", target.name, report.inputs, report.slowest);
    let folder = current.parent().unwrap_or(Path::new("."));
    let slowest = folder.join(format!("{}-slowest.input", target.name));
    std::fs::write(&slowest, &report.slowest_input).with_context(|| format!("cannot write {}", slowest.display()))?;
    for failure in &report.failures {
        let why = match &failure.why {
            Why::Panic(text) => text.clone(),
            Why::Slow(took) => format!("took {took:?}"),
        };
        keep(target, &failure.input, &why, folder)?;
    }
    Ok(Counts { passed: report.inputs - report.failures.len(), failed: report.failures.len() })
}

/// Runs a target in a process of its own, and watches it.
fn apart(target: &Target, seed: u64, time: Duration, folder: &Path) -> Result<Counts> {
    let current = folder.join(format!("{}.current", target.name));
    // A run of nothing leaves no input behind.
    std::fs::write(&current, []).with_context(|| format!("cannot write {}", current.display()))?;
    let minutes = time.as_secs_f64() / 60.0;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["soak", "fuzz", "--target", target.name, "--seed", &seed.to_string()])
        .args(["--minutes", &minutes.to_string(), "--watched"])
        .arg(&current)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().context("the process has no output")?;
    let told = std::thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect::<Vec<String>>());
    let begin = Instant::now();
    let mut stuck = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let at = std::fs::metadata(&current).and_then(|found| found.modified());
        let idle = at.ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
        if idle > STUCK && begin.elapsed() > STUCK {
            stuck = true;
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let mut lines = told.join().unwrap_or_default();
    let last = lines.pop().unwrap_or_default();
    lines.iter().for_each(|line| println!("{line}"));
    let counted = last.strip_suffix(" failed").and_then(|counts| counts.split_once(" passed, "));
    if let Some((passed, failed)) = counted
        && let (Ok(passed), Ok(failed)) = (passed.parse(), failed.parse())
    {
        return Ok(Counts { passed, failed });
    }
    let why = if stuck { format!("did not end within {STUCK:?}") } else { format!("ended with {status}: {last}") };
    keep(target, &std::fs::read(&current)?, &why, folder)?;
    Ok(Counts { passed: 0, failed: 1 })
}

/// Writes an input that failed into a file, and says where.
fn keep(target: &Target, input: &[u8], why: &str, folder: &Path) -> Result<()> {
    let text = String::from_utf8_lossy(input);
    let path: PathBuf = folder.join(format!("{}-{:08x}.input", target.name, model::hash::fnv32a(&text)));
    std::fs::write(&path, input).with_context(|| format!("cannot write {}", path.display()))?;
    let shown: String = text.chars().take(2_000).collect();
    println!("{}: {why}\n  in {}\n  {shown}", target.name, path.display());
    Ok(())
}
