//! What the kernel says of a process: resident memory and processor time.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A process by its number.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self(id)
    }

    /// This one.
    pub(super) fn own() -> Self {
        Self(std::process::id())
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(self) -> Result<u64> {
        let path = self.file("status");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).with_context(|| format!("{} has no VmRSS", path.display()))
    }

    /// How many descriptors it has open.
    pub(crate) fn descriptors(self) -> Result<usize> {
        let path = self.file("fd");
        Ok(std::fs::read_dir(&path).with_context(|| path.display().to_string())?.count())
    }

    /// The processes that it started itself and that still run.
    pub(super) fn children(self) -> Result<Vec<Self>> {
        let path = self.file("task");
        let mut children = Vec::new();
        for thread in std::fs::read_dir(&path).with_context(|| path.display().to_string())? {
            // A thread may have ended since the folder was read.
            let Ok(text) = std::fs::read_to_string(thread?.path().join("children")) else { continue };
            children.extend(text.split_whitespace().filter_map(|id| id.parse().ok()).map(Self));
        }
        Ok(children)
    }

    /// Processor time of each thread.
    fn threads(self) -> Result<HashMap<std::ffi::OsString, Duration>> {
        let path = self.file("task");
        let mut threads = HashMap::new();
        for thread in std::fs::read_dir(&path).with_context(|| path.display().to_string())? {
            let thread = thread?;
            // A thread may have ended since the folder was read.
            let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let spent = text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0);
            threads.insert(thread.file_name(), Duration::from_nanos(spent));
        }
        Ok(threads)
    }

    /// Processor time that its threads spent so far; that of threads which ended is not in it.
    pub(super) fn spent(self) -> Result<Duration> {
        Ok(self.threads()?.values().sum())
    }
}

/// Watches a process for a while.
pub(super) struct Rest {
    process: Process,
    since: Instant,
    threads: HashMap<std::ffi::OsString, Duration>,
}

impl Rest {
    pub(super) fn begin(process: Process) -> Result<Self> {
        Ok(Self { process, since: Instant::now(), threads: process.threads()? })
    }

    /// Percent of one core that it used since the beginning.
    pub(super) fn percent(&self) -> Result<f64> {
        let now = self.process.threads()?;
        let used: Duration = now
            .iter()
            .map(|(thread, spent)| spent.saturating_sub(self.threads.get(thread).copied().unwrap_or_default()))
            .sum();
        Ok(100.0 * used.as_secs_f64() / self.since.elapsed().as_secs_f64())
    }
}

/// Bytes in units that budgets are written in.
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}
