//! `cargo xtask differences`: docs/differences.md from docs/differences.yaml.

use crate::tidy;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::Path;

/// One deliberate difference from v1.2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// Short name by which tests and commits refer to it.
    pub(crate) id: String,
    /// The part of the system that shows it.
    pub(crate) area: String,
    pub(crate) v12: String,
    pub(crate) ours: String,
    pub(crate) why: String,
    /// Recorded cases that show it; each area's replay says how it reads them.
    #[serde(default)]
    pub(crate) cases: Vec<serde_json::Value>,
}

/// Reads the data file.
pub(crate) fn read(root: &Path) -> Result<Vec<Difference>> {
    let path = root.join("docs/differences.yaml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let all: Vec<Difference> = serde_saphyr::from_str(&text).with_context(|| path.display().to_string())?;
    for (position, one) in all.iter().enumerate() {
        if all[..position].iter().any(|other| other.id == one.id) {
            bail!("{}: two differences are called {}", path.display(), one.id);
        }
    }
    Ok(all)
}

/// The page for readers.
pub(crate) fn page(all: &[Difference]) -> String {
    let mut page = String::from(
        "# Differences from OpenChoreo v1.2\n\nManifests, templates, clients and modules of v1.2 work unchanged. Where this system answers otherwise on purpose, it\nis listed here. Made from `differences.yaml` by `cargo xtask differences`.\n",
    );
    let mut areas: Vec<&str> = all.iter().map(|one| one.area.as_str()).collect();
    areas.sort_unstable();
    areas.dedup();
    for area in areas {
        let _ = write!(page, "\n## {area}\n\n| what | v1.2 | here | why |\n|---|---|---|---|\n");
        for one in all.iter().filter(|one| one.area == area) {
            let cell = |text: &str| text.trim().replace('\n', " ").replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | {} | {} | {} |", one.id, cell(&one.v12), cell(&one.ours), cell(&one.why));
        }
    }
    page
}

/// Writes the page.
pub(crate) fn run() -> Result<bool> {
    let root = tidy::root();
    std::fs::write(root.join("docs/differences.md"), page(&read(&root)?)).context("docs/differences.md")?;
    Ok(true)
}

/// Whether the page is what the data file says.
pub(crate) fn breaches(root: &Path) -> Result<Vec<String>> {
    let page = page(&read(root)?);
    let written = std::fs::read_to_string(root.join("docs/differences.md")).unwrap_or_default();
    Ok(if page == written {
        Vec::new()
    } else {
        vec!["docs/differences.md is not what docs/differences.yaml says: cargo xtask differences".into()]
    })
}
