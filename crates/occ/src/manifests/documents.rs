//! The documents of a YAML stream, each by itself, so that a broken one leaves the others alone.

/// One document's text and the line before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    pub(super) lines_before: usize,
}

/// Splits a stream at its document markers (YAML 1.2 §9.1.2: `---` at the start of a line is one wherever it stands).
/// Texts of blank lines, comments and directives alone are no documents.
pub(super) fn split(stream: &str) -> Vec<Document<'_>> {
    let mut documents = Vec::new();
    let (mut start, mut first_line) = (0, 0);
    let (mut at, mut content) = (0, false);
    for (number, line) in stream.split_inclusive('\n').enumerate() {
        let bare = line.trim_end();
        let marker = bare == "---" || line.starts_with("--- ") || line.starts_with("---\t");
        if marker {
            if content {
                documents.push(Document { text: &stream[start..at], lines_before: first_line });
                (start, first_line) = (at, number);
            } else if !stream[start..at].lines().any(|line| line.starts_with('%')) {
                (start, first_line) = (at, number);
            }
            content = !bare[3..].trim_start().is_empty() && !bare[3..].trim_start().starts_with('#');
        } else {
            content |= !(bare.trim_start().is_empty()
                || bare.trim_start().starts_with('#')
                || bare.starts_with('%')
                || bare == "...");
        }
        at += line.len();
    }
    if content {
        documents.push(Document { text: &stream[start..], lines_before: first_line });
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::nothing("", &[])]
    #[case::comments("# a\n---\n\n---\n# b\n", &[])]
    #[case::one("a: 1\n", &[("a: 1\n", 0)])]
    #[case::two("a: 1\n---\nb: 2\n", &[("a: 1\n", 0), ("---\nb: 2\n", 1)])]
    #[case::comment_first("# x\n\n---\na: 1\n", &[("---\na: 1\n", 2)])]
    #[case::on_the_marker("--- {a: 1}\n--- # b\nb: 2", &[("--- {a: 1}\n", 0), ("--- # b\nb: 2", 1)])]
    #[case::directive("%YAML 1.2\n---\na: 1\n", &[("%YAML 1.2\n---\na: 1\n", 0)])]
    #[case::no_marker("a: |\n  ---\n  x\n----\n", &[("a: |\n  ---\n  x\n----\n", 0)])]
    fn streams_are_split(#[case] stream: &str, #[case] expected: &[(&str, usize)]) {
        let found: Vec<_> = split(stream).iter().map(|document| (document.text, document.lines_before)).collect();
        assert_eq!(found, expected);
    }
}
