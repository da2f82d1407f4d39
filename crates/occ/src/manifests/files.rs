//! What `-f` names: files, folders with everything below, addresses, standard input.

use crate::failure::Failure;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A text with manifests and how messages call it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Reads everything that is named, in that order; within a folder by path.
pub(crate) async fn sources(named: impl Iterator<Item = &String>) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for name in named {
        if name == "-" {
            let mut text = String::new();
            std::io::stdin()
                .take(LARGEST)
                .read_to_string(&mut text)
                .map_err(|error| Failure::Input(format!("cannot read standard input: {error}")))?;
            sources.push(Source { name: "standard input".into(), text });
        } else if name.starts_with("http://") || name.starts_with("https://") {
            sources.push(Source { name: name.clone(), text: fetch(name).await? });
        } else {
            let path = Path::new(name);
            let mut files = Vec::new();
            walk(path, true, &mut files)?;
            if files.is_empty() {
                return Err(Failure::Input(format!("{name}: no file that ends in .yaml, .yml or .json below it")));
            }
            for file in files {
                sources.push(Source { name: file.display().to_string(), text: read(&file)? });
            }
        }
    }
    Ok(sources)
}

fn walk(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Input(format!("path {} does not exist", path.display())),
        _ => Failure::Input(format!("cannot read {}: {error}", path.display())),
    };
    let kind = std::fs::metadata(path).map_err(failed)?;
    if !kind.is_dir() {
        let known = path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml" || ext == "json");
        if named || known {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    let entries = std::fs::read_dir(path).map_err(failed)?;
    let mut entries =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort();
    for entry in entries {
        // A link to a folder could lead round in a circle.
        let link_to_folder = entry.is_symlink() && entry.is_dir();
        if !link_to_folder {
            walk(&entry, false, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Input(format!("cannot read {}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    let read = file.take(LARGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > LARGEST {
        return Err(Failure::Input(format!("{} is larger than {LARGEST} bytes", path.display())));
    }
    Ok(text)
}

async fn fetch(url: &str) -> Result<String, Failure> {
    let failed = |error: reqwest::Error| Failure::Input(format!("cannot read {url}: {error}"));
    let response = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(failed)?
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let mut response = response;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > LARGEST {
            return Err(Failure::Input(format!("{url} is larger than {LARGEST} bytes")));
        }
    }
    String::from_utf8(bytes).map_err(|_| Failure::Input(format!("{url} is not text in UTF-8")))
}
