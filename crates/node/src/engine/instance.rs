//! The installation's own id, kept in its data folder.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::EngineError;

/// Reads the id of the installation in `data_dir`, or makes one and keeps it.
pub(super) fn instance_id(data_dir: &Path) -> Result<String, EngineError> {
    let path = data_dir.join("instance");
    let failed = |source| EngineError::DataDir { path: path.clone(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(failed)?;
    match fs::read_to_string(&path) {
        Ok(text) if is_id(text.trim()) => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let id = format!("n{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    let fresh = path.with_extension("new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(failed)?;
    file.write_all(id.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&fresh, &path).map_err(failed)?;
    Ok(id)
}

fn is_id(text: &str) -> bool {
    (4..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::instance_id;

    #[test]
    fn an_installation_keeps_its_id_and_differs_from_another() {
        let one = tempfile::tempdir().expect("a temporary folder");
        let other = tempfile::tempdir().expect("a temporary folder");
        let first = instance_id(one.path()).expect("an id");
        assert_eq!(instance_id(one.path()).expect("the id again"), first);
        assert_ne!(instance_id(other.path()).expect("an id"), first);
    }

    #[test]
    fn a_damaged_id_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("instance"), "../../etc").expect("written");
        let id = instance_id(folder.path()).expect("an id");
        assert!(id.starts_with('n') && id.len() == 9, "{id}");
    }
}
