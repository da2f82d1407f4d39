use super::{KINDS, KindRow};

/// The row of a kind by its name in manifests: `ReleaseBinding`.
pub fn kind_row(kind: &str) -> Option<&'static KindRow> {
    KINDS.iter().find(|row| row.kind == kind)
}

/// The row of a kind by its name in Kubernetes paths: `releasebindings`.
pub fn kind_row_by_plural(plural: &str) -> Option<&'static KindRow> {
    KINDS.iter().find(|row| row.plural == plural)
}

/// The row of a kind by a path segment of the REST API; none for kinds that it does not offer.
pub fn kind_row_by_segment(segment: &str) -> Option<&'static KindRow> {
    KINDS.iter().find(|row| row.rest.is_some() && row.segment() == segment)
}

/// The row of a kind by a word of the command line: its noun, an alias or the plural.
pub fn kind_row_by_noun(word: &str) -> Option<&'static KindRow> {
    KINDS.iter().find(|row| {
        row.cli.is_some_and(|cli| row.singular == word || row.plural == word || cli.aliases.contains(&word))
    })
}
