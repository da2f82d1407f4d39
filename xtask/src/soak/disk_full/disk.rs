//! A disk that can be filled and emptied at will, under one program: see `disk.c`.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) struct Disk {
    library: PathBuf,
    control: PathBuf,
    file: File,
}

impl Disk {
    /// Builds the library into the folder. The disk has room.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let (source, library) = (folder.join("disk.c"), folder.join("disk.so"));
        std::fs::write(&source, include_str!("disk.c"))?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut compile = Command::new(&compiler);
        compile.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let made = compile.status().with_context(|| format!("cannot start {}", compiler.display()))?;
        ensure!(made.success(), "{} does not compile", source.display());
        let control = folder.join("disk.control");
        std::fs::write(&control, [0; 4096])?;
        let file = File::options().read(true).write(true).open(&control)?;
        let disk = Self { library, control, file };
        disk.has_room()?;
        Ok(disk)
    }

    /// The program's writes below the folder go to this disk.
    pub(super) fn under(&self, command: &mut Command, folder: &Path) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FULL_DISK_CONTROL", &self.control)
            .env("FULL_DISK_FOLDER", folder);
    }

    pub(super) fn has_room(&self) -> Result<()> {
        Ok(self.file.write_all_at(&(-1_i64).to_ne_bytes(), 0)?)
    }

    /// So many writes succeed; those behind them do not.
    pub(super) fn is_full_after(&self, writes: u64) -> Result<()> {
        self.file.write_all_at(&0_i64.to_ne_bytes(), 16)?;
        Ok(self.file.write_all_at(&i64::try_from(writes)?.to_ne_bytes(), 0)?)
    }

    /// Writes so far.
    pub(super) fn writes(&self) -> Result<u64> {
        self.number(8)
    }

    /// Writes refused since it was filled.
    pub(super) fn refused(&self) -> Result<u64> {
        self.number(16)
    }

    fn number(&self, at: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}
