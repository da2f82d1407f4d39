//! Files and folders of this computer that a pod asks for: only those that the node's owner has named.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _};
use std::path::{Path, PathBuf};

use super::volumes::{HostPath, stays_inside};

/// The path to mount; made where its type says so. Links are followed before the path is compared with what is allowed.
pub(super) fn open(wanted: &HostPath) -> io::Result<PathBuf> {
    let path = &wanted.path;
    let inner = path.strip_prefix("/").ok().and_then(Path::to_str);
    if !inner.is_some_and(|inner| inner.is_empty() || stays_inside(inner)) {
        return Err(refused(format!("hostPath {} is not an absolute path without `..`", path.display())));
    }
    // What is not there yet is made only below what is allowed already.
    let there = path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("/"));
    let resolved = there.canonicalize()?;
    let allowed = wanted.allowed.iter().filter_map(|folder| folder.canonicalize().ok());
    if !allowed.into_iter().any(|folder| resolved.starts_with(folder)) {
        let named = match &wanted.allowed[..] {
            [] => "none is".to_owned(),
            some => some.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
        };
        return Err(refused(format!(
            "hostPath {} is not allowed on this computer; allowed are folders that the node was started with ({named})",
            path.display()
        )));
    }
    match wanted.kind.as_str() {
        "DirectoryOrCreate" if !path.exists() => fs::DirBuilder::new().recursive(true).mode(0o755).create(path)?,
        "FileOrCreate" if !path.exists() => fs::write(path, b"")?,
        _ => {}
    }
    let found = fs::metadata(path)
        .map_err(|error| io::Error::new(error.kind(), format!("hostPath {}: {error}", path.display())))?
        .file_type();
    let fits = match wanted.kind.as_str() {
        "" => true,
        "Directory" | "DirectoryOrCreate" => found.is_dir(),
        "File" | "FileOrCreate" => found.is_file(),
        "Socket" => found.is_socket(),
        "CharDevice" => found.is_char_device(),
        "BlockDevice" => found.is_block_device(),
        other => return Err(refused(format!("hostPath {}: there is no type {other:?}", path.display()))),
    };
    if !fits {
        return Err(refused(format!("hostPath type check failed: {} is not a {}", path.display(), wanted.kind)));
    }
    path.canonicalize()
}

fn refused(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_allowed_and_of_its_type_is_given() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("a path");
        fs::create_dir(root.join("open")).expect("made");
        fs::create_dir(root.join("closed")).expect("made");
        fs::write(root.join("open/file"), b"x").expect("written");
        std::os::unix::fs::symlink(root.join("closed"), root.join("open/out")).expect("linked");
        let ask = |path: &str, kind: &str| {
            let allowed = vec![root.join("open")];
            open(&HostPath { path: root.join(path), kind: kind.to_owned(), allowed })
                .map_err(|error| error.to_string().replace(root.to_str().expect("text"), "R"))
        };
        let closed = |path: &str| {
            Err(format!(
                "hostPath R/{path} is not allowed on this computer; allowed are folders that the node was started with (R/open)"
            ))
        };
        for (path, kind, expected) in [
            ("open", "", Ok(root.join("open"))),
            ("open/file", "File", Ok(root.join("open/file"))),
            ("open/new/deep", "DirectoryOrCreate", Ok(root.join("open/new/deep"))),
            ("open/new/made", "FileOrCreate", Ok(root.join("open/new/made"))),
            ("open/file", "Directory", Err("hostPath type check failed: R/open/file is not a Directory".to_owned())),
            ("open/none", "", Err("hostPath R/open/none: No such file or directory (os error 2)".to_owned())),
            ("closed", "", closed("closed")),
            ("closed/new", "DirectoryOrCreate", closed("closed/new")),
            ("open/out", "", closed("open/out")),
            ("open/../closed", "", Err("hostPath R/open/../closed is not an absolute path without `..`".to_owned())),
        ] {
            assert_eq!(ask(path, kind), expected, "{path} {kind}");
        }
        let nothing = HostPath { path: root.clone(), kind: String::new(), allowed: Vec::new() };
        assert!(open(&nothing).is_err_and(|error| error.to_string().ends_with("(none is)")));
    }
}
