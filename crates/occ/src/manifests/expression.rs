//! Where in a text the inside of an expression stands.

use super::located::Position;

/// The place of a line and column of `expression` (both from 1) in the value of the field at `field`; `None` where the text
/// has the expression in another form: folded, or with escapes.
pub(super) fn place(
    stream: &str,
    field: Position,
    expression: &str,
    (line, column): (usize, usize),
) -> Option<Position> {
    let lines_of: Vec<&str> = expression.lines().collect();
    let first = lines_of.iter().position(|line| !line.trim().is_empty())?;
    let wanted = line.checked_sub(1)?;
    let head = lines_of[first].trim_end();
    // The first line follows `${` on its line, if it is the expression's first; else it has a line of its own.
    let head = if first == 0 { head } else { head.trim_start() };
    let mut lines = (1..).zip(stream.lines()).skip_while(|(number, _)| *number < field.line);
    let (found, start) = lines
        .by_ref()
        .map_while(|(number, text)| belongs(text, number, field).then_some((number, text)))
        .find_map(|(number, text)| {
            let skipped = if number == field.line { columns(text, usize::try_from(field.column).ok()? - 1) } else { 0 };
            let at = skipped + text.get(skipped..)?.find(head)?;
            Some((number, text[..at].chars().count()))
        })?;
    let inside = column.checked_sub(1)?;
    if wanted <= first {
        let cut = if first == 0 { 0 } else { indent(lines_of[first]) };
        return Some(Position { line: found, column: (start + inside.saturating_sub(cut) + 1) as u64 });
    }
    let (number, text) = lines.nth(wanted - first - 1)?;
    let own = lines_of.get(wanted)?;
    if !text.trim_start().starts_with(own.trim()) {
        return None;
    }
    Some(Position { line: number, column: (indent(text) + inside.saturating_sub(indent(own)) + 1) as u64 })
}

/// Whether a line is part of the value of the field that begins at `field`: on its line, or further in.
fn belongs(text: &str, number: u64, field: Position) -> bool {
    number == field.line || text.trim().is_empty() || indent(text) as u64 >= field.column
}

fn indent(text: &str) -> usize {
    text.chars().take_while(|c| c.is_whitespace()).count()
}

/// The octet at which that many characters end.
fn columns(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TEXT: &str = "\
spec:
  a: ${one.two}
  é: \"x ${one.two} and ${one.zwei}\"
  block: |
    ${one
        .two(three)
      + four}
  folded: >-
    ${one
    + two}
  other: ${three}
";

    #[rstest]
    #[case::plain((2, 3), "one.two", (1, 4), Some((2, 11)))]
    #[case::second_of_a_text((3, 3), "one.zwei", (1, 4), Some((3, 29)))]
    #[case::first_line_of_a_block((4, 3), "one\\n    .two(three)\\n  + four", (1, 1), Some((5, 7)))]
    #[case::second_line((4, 3), "one\\n    .two(three)\\n  + four", (2, 6), Some((6, 10)))]
    #[case::third_line((4, 3), "one\\n    .two(three)\\n  + four", (3, 5), Some((7, 9)))]
    #[case::folded((8, 3), "one + two", (1, 7), None)]
    #[case::of_another_field((2, 3), "three", (1, 1), None)]
    fn the_inside_of_an_expression_is_found(
        #[case] field: (u64, u64),
        #[case] expression: &str,
        #[case] at: (usize, usize),
        #[case] expected: Option<(u64, u64)>,
    ) {
        let field = Position { line: field.0, column: field.1 };
        let found = place(TEXT, field, &expression.replace("\\n", "\n"), at);
        assert_eq!(found.map(|at| (at.line, at.column)), expected);
    }
}
