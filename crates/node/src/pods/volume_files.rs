//! A pod's folder in the data folder: volumes whose files change all at once, and the files that containers write their
//! last words to.
//!
//! A volume of files has the layout that Kubernetes gives it: `..data` is a link to a folder of one version, and each
//! entry is a link through it. Replacing the one link replaces all files at once, for running containers too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Component, Path, PathBuf};

use super::volumes::{PlannedFile, VolumePlan, stays_inside};

/// The name of the link to the current version.
const CURRENT: &str = "..data";

/// The folder of one pod.
#[derive(Debug, Clone)]
pub(crate) struct PodFolder {
    path: PathBuf,
}

impl PodFolder {
    /// The folder of the pod with that UID below `pods`.
    pub(crate) fn new(pods: &Path, uid: &str) -> Self {
        Self { path: pods.join(uid) }
    }

    /// Where a volume lies.
    pub(crate) fn volume(&self, name: &str) -> PathBuf {
        self.path.join("volumes").join(name)
    }

    /// Writes the volumes as planned; what is already so stays untouched. `group` owns the files where it is given.
    pub(crate) fn write(&self, plans: &BTreeMap<String, VolumePlan>, group: Option<u32>) -> io::Result<()> {
        private_folder(&self.path)?;
        private_folder(&self.path.join("volumes"))?;
        for (name, plan) in plans {
            let volume = self.volume(name);
            match plan {
                VolumePlan::Empty => {
                    let fresh = !volume.exists();
                    fs::create_dir_all(&volume)?;
                    if fresh {
                        // Any user of any container of the pod may write here, as Kubernetes has it.
                        fs::set_permissions(
                            &volume,
                            fs::Permissions::from_mode(if group.is_some() { 0o2777 } else { 0o777 }),
                        )?;
                        chown(&volume, None, group)?;
                    }
                }
                VolumePlan::Files(files) => write_files(&volume, files, group)?,
            }
        }
        Ok(())
    }

    /// The path to mount for `sub_path` of a volume. It is made where the volume is an empty folder; otherwise it must exist.
    pub(crate) fn sub_path(&self, volume: &str, sub_path: &str, plan: Option<&VolumePlan>) -> io::Result<PathBuf> {
        if !stays_inside(sub_path) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it must be relative, without `..`"));
        }
        let root = self.volume(volume);
        let path = root.join(sub_path);
        if matches!(plan, Some(VolumePlan::Empty)) && !path.exists() {
            fs::create_dir_all(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777))?;
        }
        // A container may have put a link there that leads out of the volume.
        let resolved = path.canonicalize()?;
        if resolved.starts_with(root.canonicalize()?) {
            Ok(resolved)
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of the volume"))
        }
    }

    /// An empty file for the last words of a container's attempt.
    pub(crate) fn last_words(&self, container: &str, attempt: u32) -> io::Result<PathBuf> {
        let folder = self.path.join("containers").join(container);
        private_folder(&self.path)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let file = folder.join(attempt.to_string());
        fs::write(&file, b"")?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666))?;
        Ok(file)
    }

    /// What a container's attempt wrote as its last words, at most `limit` bytes.
    pub(crate) fn read_last_words(&self, container: &str, attempt: u32, limit: u64) -> Option<String> {
        use std::io::Read as _;
        let file = fs::File::open(self.path.join("containers").join(container).join(attempt.to_string())).ok()?;
        let mut words = Vec::new();
        file.take(limit).read_to_end(&mut words).ok()?;
        (!words.is_empty()).then(|| String::from_utf8_lossy(&words).into_owned())
    }

    /// Removes the folder with all that is in it; fine when it is gone.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn write_files(volume: &Path, files: &BTreeMap<String, PlannedFile>, group: Option<u32>) -> io::Result<()> {
    fs::create_dir_all(volume)?;
    fs::set_permissions(volume, fs::Permissions::from_mode(0o755))?;
    let current = volume.join(CURRENT);
    let old = fs::read_link(&current).ok();
    if let Some(old) = &old
        && holds(&volume.join(old), files)
    {
        return Ok(());
    }
    let version = format!("..{}", uuid::Uuid::now_v7().simple());
    let folder = volume.join(&version);
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    for (path, file) in files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&target, &file.content)?;
        let mode = if group.is_some() { file.mode | (file.mode & 0o400) >> 3 } else { file.mode };
        chown(&target, None, group)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
    }
    let fresh = volume.join("..data_new");
    let _ = fs::remove_file(&fresh);
    symlink(&version, &fresh)?;
    fs::rename(&fresh, &current)?;

    let wanted: BTreeSet<String> = files.keys().filter_map(|path| first_part(path)).collect();
    for name in &wanted {
        let link = volume.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new(CURRENT).join(name), &link)?;
        }
    }
    for entry in fs::read_dir(volume)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("..") && !wanted.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    if let Some(old) = old {
        let _ = fs::remove_dir_all(volume.join(old));
    }
    Ok(())
}

fn first_part(path: &str) -> Option<String> {
    Path::new(path).components().find_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    })
}

/// Whether a version's folder has exactly these files with these contents.
fn holds(folder: &Path, files: &BTreeMap<String, PlannedFile>) -> bool {
    let mut seen = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { return false };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(folder).map(|path| path.to_string_lossy().into_owned());
            let planned = relative.ok().and_then(|relative| files.get(&relative));
            let same = planned.is_some_and(|planned| fs::read(&path).is_ok_and(|content| content == planned.content));
            if !same {
                return false;
            }
            seen += 1;
        }
    }
    seen == files.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str, u32)]) -> BTreeMap<String, VolumePlan> {
        let planned = files.iter().map(|(path, content, mode)| {
            ((*path).to_owned(), PlannedFile { content: content.as_bytes().to_vec(), mode: *mode })
        });
        BTreeMap::from([("v".to_owned(), VolumePlan::Files(planned.collect()))])
    }

    #[test]
    fn all_files_of_a_volume_change_at_once_and_old_ones_vanish() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pod = PodFolder::new(folder.path(), "u");
        pod.write(&files(&[("a", "1", 0o400), ("sub/b", "1", 0o644)]), None).expect("written");
        let volume = pod.volume("v");
        let first = fs::read_link(volume.join(CURRENT)).expect("a link");
        assert_eq!(fs::read_to_string(volume.join("a")).expect("read"), "1");
        assert_eq!(fs::metadata(volume.join("a")).expect("there").permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_to_string(volume.join("sub/b")).expect("read"), "1");

        pod.write(&files(&[("a", "1", 0o400), ("sub/b", "1", 0o644)]), None).expect("written");
        assert_eq!(fs::read_link(volume.join(CURRENT)).expect("a link"), first, "what is so stays untouched");

        pod.write(&files(&[("a", "2", 0o400), ("c", "2", 0o644)]), None).expect("written");
        assert_ne!(fs::read_link(volume.join(CURRENT)).expect("a link"), first);
        assert_eq!(fs::read_to_string(volume.join("a")).expect("read"), "2");
        assert!(!volume.join("sub").exists() && !volume.join(first).exists());

        assert_eq!(fs::metadata(folder.path().join("u")).expect("there").permissions().mode() & 0o777, 0o700);
        pod.remove().expect("removed");
        assert!(!folder.path().join("u").exists());
    }

    #[test]
    fn a_sub_path_cannot_leave_its_volume() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pod = PodFolder::new(folder.path(), "u");
        let plans = BTreeMap::from([("v".to_owned(), VolumePlan::Empty)]);
        pod.write(&plans, None).expect("written");
        symlink("/etc", pod.volume("v").join("out")).expect("linked");
        let plan = plans.get("v");
        assert!(pod.sub_path("v", "../..", plan).is_err());
        assert!(pod.sub_path("v", "out", plan).is_err());
        assert!(pod.sub_path("v", "in/deep", plan).expect("made").is_dir());
    }
}
