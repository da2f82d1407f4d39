//! A small file system of its own, in a file: it can be full, and it can become read-only under an open file.

use anyhow::{Context, Result, bail, ensure};
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const BALLAST: &str = "ballast";
/// Bytes that it grows by.
const BLOCK: u64 = 64 << 10;

/// Mounted until it is dropped.
pub(super) struct Volume {
    image: PathBuf,
    root: PathBuf,
    mounted: bool,
}

impl Volume {
    /// Makes one of that many MiB in the folder. Needs `mkfs.ext4` and the right to mount.
    pub(super) fn new(folder: &Path, megabytes: u64) -> Result<Self> {
        let volume = Self { image: folder.join("image"), root: folder.join("disk"), mounted: false };
        std::fs::File::create(&volume.image)?.set_len(megabytes << 20)?;
        std::fs::create_dir(&volume.root)?;
        run("mkfs.ext4", ["-q".as_ref(), "-m".as_ref(), "0".as_ref(), volume.image.as_os_str()])?;
        Ok(volume)
    }

    pub(super) fn mount(&mut self) -> Result<()> {
        run("mount", ["-o".as_ref(), "loop".as_ref(), self.image.as_os_str(), self.root.as_os_str()])?;
        self.mounted = true;
        Ok(())
    }

    /// The folder for the server.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Leaves about that many bytes, and no more.
    pub(super) fn fill(&self, left: u64) -> Result<()> {
        let mut ballast = std::fs::File::create(self.root.join(BALLAST))?;
        let block = vec![1; BLOCK as usize];
        loop {
            let free = nix::sys::statvfs::statvfs(&self.root)?;
            if free.blocks_available() * free.fragment_size() < left + BLOCK {
                return Ok(());
            }
            match ballast.write_all(&block).and_then(|()| ballast.sync_data()) {
                Ok(()) => {}
                // The file system keeps some of it for itself.
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error).context("filling the disk"),
            }
        }
    }

    /// There is room again.
    pub(super) fn clear(&self) -> Result<()> {
        std::fs::remove_file(self.root.join(BALLAST)).context("making room")?;
        // Or it may be back after the disk has failed.
        std::fs::File::open(&self.root)?.sync_all().context("making room")
    }

    /// What the kernel does when a disk fails: nothing more is written, whoever has files open.
    pub(super) fn fail(&self) -> Result<()> {
        run("mount", ["-o".as_ref(), "remount,abort".as_ref(), self.root.as_os_str()])
    }

    pub(super) fn unmount(&mut self) -> Result<()> {
        run("umount", [self.root.as_os_str()])?;
        self.mounted = false;
        Ok(())
    }

    /// Checks and repairs the file system, as after a failure.
    pub(super) fn repair(&self) -> Result<()> {
        let code =
            Command::new("e2fsck").arg("-p").arg(&self.image).output().context("cannot run e2fsck")?.status.code();
        // 1: there was something to correct, and it was corrected.
        ensure!(matches!(code, Some(0 | 1)), "e2fsck ended with {code:?}");
        Ok(())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if self.mounted
            && let Err(error) = run("umount", ["--lazy".as_ref(), self.root.as_os_str()])
        {
            eprintln!("kubelite-disk: {error:#}");
        }
    }
}

fn run<'a>(program: &str, args: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let output = Command::new(program).args(args).output().with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
