//! A pod's folder in the data folder: volumes whose files change all at once, and the files that containers write their
//! last words to.
//!
//! A volume of files has the layout that Kubernetes gives it: `..data` is a link to a folder of one version, and each
//! entry is a link through it. Replacing the one link replaces all files at once, for running containers too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::path::{Component, Path, PathBuf};

use super::host_path;
use super::volumes::{PlannedFile, VolumePlan, stays_inside};

/// The name of the link to the current version.
const CURRENT: &str = "..data";

/// The folders of one pod.
#[derive(Debug, Clone)]
pub(crate) struct PodFolder {
    path: PathBuf,
    /// For its volumes in memory.
    memory: PathBuf,
}

/// Who owns what a pod's volumes hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ownership {
    /// `fsGroup`.
    pub(crate) group: Option<u32>,
    /// What is in a claim's folder is handed over only where the folder itself is not the group's yet.
    pub(crate) on_root_mismatch: bool,
}

impl PodFolder {
    /// The folders of the pod with that UID below `pods` and `memory`.
    pub(crate) fn new(pods: &Path, memory: &Path, uid: &str) -> Self {
        Self { path: pods.join(uid), memory: memory.join(uid) }
    }

    /// Makes the volumes as planned and returns where each lies; what is already so stays untouched.
    pub(crate) fn write(
        &self,
        plans: &BTreeMap<String, VolumePlan>,
        ownership: Ownership,
    ) -> io::Result<BTreeMap<String, PathBuf>> {
        private_folder(&self.path)?;
        private_folder(&self.path.join("volumes"))?;
        let mut places = BTreeMap::new();
        for (name, plan) in plans {
            let volume = self.path.join("volumes").join(name);
            let place = match plan {
                VolumePlan::Empty => {
                    empty_folder(&volume, ownership.group)?;
                    volume
                }
                VolumePlan::Memory => {
                    private_folder(&self.memory)?;
                    let volume = self.memory.join(name);
                    empty_folder(&volume, ownership.group)?;
                    volume
                }
                VolumePlan::Files(files) => {
                    write_files(&volume, files, ownership.group)?;
                    volume
                }
                VolumePlan::Claim(folder) => {
                    hand_over(folder, ownership)?;
                    folder.clone()
                }
                VolumePlan::Host(wanted) => host_path::open(wanted)?,
            };
            places.insert(name.clone(), place);
        }
        Ok(places)
    }

    /// The path to mount for `sub_path` of the volume at `root`. It is made where the volume is one that containers
    /// write to; otherwise it must exist.
    pub(crate) fn sub_path(root: &Path, sub_path: &str, plan: Option<&VolumePlan>) -> io::Result<PathBuf> {
        if !stays_inside(sub_path) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it must be relative, without `..`"));
        }
        let outside = || io::Error::new(io::ErrorKind::PermissionDenied, "it leads out of the volume");
        let path = root.join(sub_path);
        let volume = root.canonicalize()?;
        if !matches!(plan, Some(VolumePlan::Files(_))) && !path.exists() {
            // A container may have put a link there.
            let there = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(root);
            if !there.canonicalize()?.starts_with(&volume) {
                return Err(outside());
            }
            whole_folder(&path, |folder| fs::set_permissions(folder, fs::Permissions::from_mode(0o777)))?;
        }
        let resolved = path.canonicalize()?;
        if resolved.starts_with(&volume) { Ok(resolved) } else { Err(outside()) }
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

    /// Removes the folders with all that is in them; fine when they are gone. Claims stay.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for folder in [&self.memory, &self.path] {
            match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A folder that any user of any container of the pod may write to, as Kubernetes has it.
fn empty_folder(folder: &Path, group: Option<u32>) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    whole_folder(folder, |folder| {
        chown(folder, None, group)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(if group.is_some() { 0o2777 } else { 0o777 }))
    })
}

/// Makes a folder that has its owner and its rights as soon as it is there: who is killed in between would leave it without.
fn whole_folder(folder: &Path, prepare: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push("~");
    let fresh = folder.with_file_name(name);
    fs::create_dir_all(&fresh)?;
    prepare(&fresh)?;
    fs::rename(&fresh, folder)
}

/// Gives a claim's folder and what is in it to the pod's group, readable and writable.
fn hand_over(folder: &Path, ownership: Ownership) -> io::Result<()> {
    let Some(group) = ownership.group else { return Ok(()) };
    let of = fs::metadata(folder)?;
    if ownership.on_root_mismatch && of.gid() == group && of.mode() & 0o2070 == 0o2070 {
        return Ok(());
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else {
                lchown(entry.path(), None, Some(group))?;
                if kind.is_file() {
                    allow(&entry.path(), 0o660)?;
                }
            }
        }
        lchown(&next, None, Some(group))?;
        allow(&next, 0o2770)?;
    }
    Ok(())
}

fn allow(path: &Path, more: u32) -> io::Result<()> {
    let mode = fs::metadata(path)?.mode();
    if mode & more == more { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(mode | more)) }
}

fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Each step is taken again where it is not done: who wrote before may have been killed behind any of them.
fn write_files(volume: &Path, files: &BTreeMap<String, PlannedFile>, group: Option<u32>) -> io::Result<()> {
    fs::create_dir_all(volume)?;
    fs::set_permissions(volume, fs::Permissions::from_mode(0o755))?;
    let current = volume.join(CURRENT);
    let version = match fs::read_link(&current).ok().filter(|version| holds(&volume.join(version), files)) {
        Some(version) => version,
        None => {
            let version = write_version(volume, files, group)?;
            let fresh = volume.join("..data_new");
            let _ = fs::remove_file(&fresh);
            symlink(&version, &fresh)?;
            fs::rename(&fresh, &current)?;
            version
        }
    };
    let wanted: BTreeSet<String> = files.keys().filter_map(|path| first_part(path)).collect();
    for name in &wanted {
        let link = volume.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(Path::new(CURRENT).join(name), &link)?;
        }
    }
    for entry in fs::read_dir(volume)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != version.as_os_str() {
                // An earlier version; where it cannot be removed now it can the next time.
                let _ = fs::remove_dir_all(entry.path());
            }
        } else if name != CURRENT && !name.to_str().is_some_and(|name| wanted.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes the files into a folder of their own; answers its name.
fn write_version(volume: &Path, files: &BTreeMap<String, PlannedFile>, group: Option<u32>) -> io::Result<PathBuf> {
    let version = PathBuf::from(format!("..{}", uuid::Uuid::now_v7().simple()));
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
    Ok(version)
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
        let pod = PodFolder::new(folder.path(), &folder.path().join("memory"), "u");
        pod.write(&files(&[("a", "1", 0o400), ("sub/b", "1", 0o644)]), Ownership::default()).expect("written");
        let volume = folder.path().join("u/volumes/v");
        let first = fs::read_link(volume.join(CURRENT)).expect("a link");
        assert_eq!(fs::read_to_string(volume.join("a")).expect("read"), "1");
        assert_eq!(fs::metadata(volume.join("a")).expect("there").permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_to_string(volume.join("sub/b")).expect("read"), "1");

        pod.write(&files(&[("a", "1", 0o400), ("sub/b", "1", 0o644)]), Ownership::default()).expect("written");
        assert_eq!(fs::read_link(volume.join(CURRENT)).expect("a link"), first, "what is so stays untouched");

        pod.write(&files(&[("a", "2", 0o400), ("c", "2", 0o644)]), Ownership::default()).expect("written");
        assert_ne!(fs::read_link(volume.join(CURRENT)).expect("a link"), first);
        assert_eq!(fs::read_to_string(volume.join("a")).expect("read"), "2");
        assert!(!volume.join("sub").exists() && !volume.join(first).exists());

        assert_eq!(fs::metadata(folder.path().join("u")).expect("there").permissions().mode() & 0o777, 0o700);
        pod.remove().expect("removed");
        assert!(!folder.path().join("u").exists());
    }

    #[test]
    fn a_volume_is_whole_after_the_next_write_wherever_the_one_before_was_killed() {
        let plans = files(&[("a", "1", 0o400), ("sub/b", "1", 0o644)]);
        let killed: [fn(&Path, &Path); 6] = [
            |volume, version| {
                fs::remove_file(volume.join(CURRENT)).expect("removed");
                fs::remove_file(version.join("a")).expect("removed");
            },
            |volume, _| fs::rename(volume.join(CURRENT), volume.join("..data_new")).expect("renamed"),
            |volume, _| ["a", "sub"].iter().for_each(|name| fs::remove_file(volume.join(name)).expect("removed")),
            |volume, _| fs::remove_file(volume.join("sub")).expect("removed"),
            |volume, _| symlink("..data/old", volume.join("old")).expect("linked"),
            |volume, _| fs::create_dir_all(volume.join("..older/sub")).expect("made"),
        ];
        for (step, kill) in killed.into_iter().enumerate() {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let pod = PodFolder::new(folder.path(), &folder.path().join("memory"), "u");
            let volume = folder.path().join("u/volumes/v");
            pod.write(&plans, Ownership::default()).expect("written");
            let version = volume.join(fs::read_link(volume.join(CURRENT)).expect("a link"));
            kill(&volume, &version);
            pod.write(&plans, Ownership::default()).expect("written");
            let version = fs::read_link(volume.join(CURRENT)).expect("a link");
            let found: BTreeSet<PathBuf> =
                fs::read_dir(&volume).expect("read").map(|entry| entry.expect("read").file_name().into()).collect();
            assert_eq!(found, [CURRENT.into(), version, "a".into(), "sub".into()].into(), "step {step}");
            let read = ["a", "sub/b"].map(|name| fs::read_to_string(volume.join(name)).expect("read"));
            assert_eq!(read, ["1", "1"], "step {step}");
        }
    }

    #[test]
    fn a_folder_has_its_rights_as_soon_as_it_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pod = PodFolder::new(folder.path(), &folder.path().join("memory"), "u");
        // What one leaves that was killed before the folder had its rights.
        fs::create_dir_all(folder.path().join("u/volumes/v~")).expect("made");
        let plans = BTreeMap::from([("v".to_owned(), VolumePlan::Empty)]);
        let places = pod.write(&plans, Ownership::default()).expect("written");
        assert_eq!(fs::metadata(&places["v"]).expect("there").mode() & 0o7777, 0o777);
        assert_eq!(fs::read_dir(folder.path().join("u/volumes")).expect("read").count(), 1);
    }

    #[test]
    fn a_sub_path_cannot_leave_its_volume() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pod = PodFolder::new(folder.path(), &folder.path().join("memory"), "u");
        let plans = BTreeMap::from([("v".to_owned(), VolumePlan::Empty)]);
        let places = pod.write(&plans, Ownership::default()).expect("written");
        let root = &places["v"];
        symlink("/etc", root.join("out")).expect("linked");
        let plan = plans.get("v");
        assert!(PodFolder::sub_path(root, "../..", plan).is_err());
        assert!(PodFolder::sub_path(root, "out", plan).is_err());
        symlink(folder.path(), root.join("away")).expect("linked");
        assert!(PodFolder::sub_path(root, "away/deep/new", plan).is_err() && !folder.path().join("deep").exists());
        assert!(PodFolder::sub_path(root, "in/deep", plan).expect("made").is_dir());
    }

    #[test]
    fn a_volume_in_memory_goes_with_its_pod_and_a_claim_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (memory, claim) = (folder.path().join("memory"), folder.path().join("claim"));
        fs::create_dir_all(claim.join("deep")).expect("made");
        fs::write(claim.join("deep/file"), "kept").expect("written");
        fs::set_permissions(claim.join("deep/file"), fs::Permissions::from_mode(0o600)).expect("set");
        let pod = PodFolder::new(&folder.path().join("pods"), &memory, "u");
        let plans =
            BTreeMap::from([("m".to_owned(), VolumePlan::Memory), ("c".to_owned(), VolumePlan::Claim(claim.clone()))]);
        let group = nix::unistd::getgid().as_raw();
        let places = pod.write(&plans, Ownership { group: Some(group), on_root_mismatch: false }).expect("written");
        assert_eq!((&places["m"], &places["c"]), (&memory.join("u/m"), &claim));
        let mode = |path: &str| fs::metadata(claim.join(path)).expect("there").mode() & 0o7777;
        assert_eq!((mode("") & 0o2770, mode("deep") & 0o2770, mode("deep/file")), (0o2770, 0o2770, 0o660));
        pod.remove().expect("removed");
        assert!(!memory.join("u").exists() && claim.join("deep/file").exists());
    }
}
