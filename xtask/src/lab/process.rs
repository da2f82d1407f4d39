//! A process that ends with the one that started it.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub(super) struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a program; what it says goes to `NAME.log` in the folder.
    pub(super) fn start(program: &Path, arguments: &[String], folder: &Path) -> Result<Self> {
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or("program").to_owned();
        let log = folder.join(format!("{name}.log"));
        let said = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        // setpriv asks the kernel to kill the program when the thread that started it ends, however it ends. It then
        // becomes the program, so that its process number is the program's.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("cannot start {name} by setpriv (of util-linux)"))?;
        Ok(Self { name, log, child })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Refuses when the process has ended, with the end of what it said.
    pub(super) fn check(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        bail!("{} ended: {status}\n{}", self.name, lines[lines.len().saturating_sub(10)..].join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
