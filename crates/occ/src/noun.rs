//! The nouns of the command line, made from the kinds table.

use model::kinds::Column;
use model::{KINDS, KindRow};

/// One noun: `occ NOUN list|get|delete`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noun {
    /// The kind in manifests.
    pub(crate) kind: &'static str,
    /// The word itself.
    pub(crate) word: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) about: &'static str,
    pub(crate) columns: &'static [Column],
    pub(crate) namespaced: bool,
    /// The owner that the server can filter lists by.
    pub(crate) filter: Option<&'static str>,
    /// Whether objects may be changed once they are there.
    pub(crate) updatable: bool,
    /// Place in the order of creation.
    pub(crate) rank: usize,
}

/// Namespaces of the control plane, which are no kind of the platform's own group.
const NAMESPACE: Noun = Noun {
    kind: "Namespace",
    word: "namespace",
    plural: "namespaces",
    aliases: &["ns"],
    about: "A namespace of the control plane",
    columns: Column::NAME_AGE,
    namespaced: false,
    filter: None,
    updatable: true,
    rank: 0,
};

impl Noun {
    fn of_row((place, row): (usize, &'static KindRow)) -> Option<Noun> {
        let (rest, cli) = (row.rest?, row.cli?);
        Some(Noun {
            kind: row.kind,
            word: row.singular,
            plural: row.plural,
            aliases: cli.aliases,
            about: row.description,
            columns: cli.columns,
            namespaced: row.is_namespaced(),
            filter: rest.filter,
            updatable: rest.verbs.update,
            rank: place + 1,
        })
    }

    /// All nouns, in the order in which objects are created.
    pub(crate) fn all() -> impl Iterator<Item = Noun> {
        std::iter::once(NAMESPACE).chain(KINDS.iter().enumerate().filter_map(Noun::of_row))
    }

    /// The noun of a kind as manifests spell it.
    pub(crate) fn of_kind(kind: &str) -> Option<Noun> {
        Noun::all().find(|noun| noun.kind == kind)
    }

    /// The noun, one of its aliases or its plural.
    pub(crate) fn of_word(word: &str) -> Option<Noun> {
        let word = word.to_ascii_lowercase();
        Noun::all().find(|noun| noun.word == word || noun.plural == word || noun.aliases.contains(&word.as_str()))
    }

    /// The collection's path.
    pub(crate) fn path(&self, namespace: &str) -> String {
        if self.namespaced {
            format!("/api/v1/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("/api/v1/{}", self.plural)
        }
    }

    /// The kind in plain words: `component types`.
    pub(crate) fn plural_words(&self) -> String {
        let mut words = String::new();
        for letter in self.kind.chars() {
            if letter.is_ascii_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.push(letter.to_ascii_lowercase());
        }
        words + "s"
    }
}

/// The word that is most like this one, if any is.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    known
        .map(|one| (strsim::jaro_winkler(&word, &one.to_ascii_lowercase()), one))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    #[test]
    fn no_word_means_two_nouns() {
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for noun in Noun::all() {
            for word in noun.aliases.iter().chain([&noun.word, &noun.plural]) {
                let before = seen.insert(word, noun.kind);
                assert!(before.is_none_or(|kind| kind == noun.kind), "{word} means {before:?} and {}", noun.kind);
            }
        }
    }

    #[rstest]
    #[case("ClusterComponentType", "cluster component types")]
    #[case("Namespace", "namespaces")]
    fn kinds_are_told_in_words(#[case] kind: &str, #[case] words: &str) {
        assert_eq!(Noun::of_kind(kind).map(|noun| noun.plural_words()), Some(words.to_owned()));
    }

    #[rstest]
    #[case("compnent", Some("component"))]
    #[case("Componet", Some("component"))]
    #[case("zebra", None)]
    fn a_typo_finds_its_word(#[case] typo: &str, #[case] word: Option<&str>) {
        assert_eq!(nearest(typo, Noun::all().map(|noun| noun.word)), word);
    }
}
