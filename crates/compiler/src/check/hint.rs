//! "Did you mean": the known name nearest to one that is not known.

/// The nearest of `known`, if it is near enough to be meant.
pub(super) fn nearest<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (wrong.chars().count() / 3).clamp(1, 3);
    known.into_iter().map(|name| (distance(wrong, name), name)).filter(|(d, _)| *d <= limit).min().map(|(_, name)| name)
}

/// What a function of other languages is called here.
pub(super) fn known_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "toLowerCase" | "toLower" | "lower" | "lowercase" => "lowerAscii",
        "toUpperCase" | "toUpper" | "upper" | "uppercase" => "upperAscii",
        "length" | "len" | "count" => "size",
        "includes" => "contains",
        "hasPrefix" => "startsWith",
        "hasSuffix" => "endsWith",
        "replaceAll" => "replace",
        "toString" | "str" => "string",
        "toInt" | "parseInt" => "int",
        "default" => "orValue",
        "omit" => "oc_omit",
        "merge" => "oc_merge",
        "some" | "any" => "exists",
        "every" => "all",
        _ => return None,
    })
}

/// How many characters differ: insertions, deletions, replacements.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told_if_it_is_near() {
        assert_eq!(nearest("parameter", ["metadata", "parameters"]), Some("parameters"));
        assert_eq!(nearest("x", ["metadata", "parameters"]), None);
    }
}
