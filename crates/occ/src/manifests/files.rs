//! What `-f` names: files, folders with everything below, addresses, standard input.

use super::located::Position;
use crate::failure::Failure;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A text with manifests and how messages call it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    /// With a replacement character for what is not text.
    pub(crate) text: String,
    /// Where bytes are that are no UTF-8, with the first of each place.
    pub(crate) not_text: Vec<(Position, u8)>,
}

impl Source {
    fn new(name: String, bytes: &[u8]) -> Self {
        let (mut text, mut not_text) = (String::with_capacity(bytes.len()), Vec::new());
        let mut at = Position { line: 1, column: 1 };
        for chunk in bytes.utf8_chunks() {
            for letter in chunk.valid().chars() {
                if letter == '\n' {
                    at = Position { line: at.line + 1, column: 1 };
                } else {
                    at.column += 1;
                }
            }
            text.push_str(chunk.valid());
            if let Some(first) = chunk.invalid().first() {
                not_text.push((at, *first));
                text.push(char::REPLACEMENT_CHARACTER);
                at.column += 1;
            }
        }
        Self { name, text, not_text }
    }
}

/// Reads everything that is named, in that order; within a folder by path.
pub(crate) async fn sources(named: impl Iterator<Item = &String>) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for name in named {
        if name == "-" {
            let failed = |error| Failure::Input(format!("cannot read standard input: {error}"));
            sources.push(Source::new("standard input".into(), &all("standard input", std::io::stdin(), failed)?));
        } else if name.starts_with("http://") || name.starts_with("https://") {
            sources.push(Source::new(name.clone(), &fetch(name).await?));
        } else {
            let path = Path::new(name);
            let mut files = Vec::new();
            walk(path, true, &mut files)?;
            if files.is_empty() {
                return Err(Failure::Input(format!("{name}: no file that ends in .yaml, .yml or .json below it")));
            }
            for file in files {
                sources.push(Source::new(file.display().to_string(), &read(&file)?));
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

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::Input(format!("cannot read {}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(failed)?;
    all(&path.display().to_string(), file, failed)
}

fn all(name: &str, from: impl Read, failed: impl FnOnce(std::io::Error) -> Failure) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > LARGEST {
        return Err(Failure::Input(format!("{name} is larger than {LARGEST} bytes")));
    }
    Ok(bytes)
}

async fn fetch(url: &str) -> Result<Vec<u8>, Failure> {
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
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_found_by_line_and_column() {
        let source = Source::new("f.yaml".into(), b"a: 1\nb: \xff\xfe\nc: \xc3\xa4 \xe2\x82\n");
        let places: Vec<_> = source.not_text.iter().map(|(at, byte)| (at.line, at.column, *byte)).collect();
        assert_eq!(places, [(2, 4, 0xff), (2, 5, 0xfe), (3, 6, 0xe2)]);
        assert_eq!(source.text, "a: 1\nb: \u{fffd}\u{fffd}\nc: \u{e4} \u{fffd}\n");
    }
}
