//! What is told: one thing at one place, all of them in order, as a person reads them.

use crate::gather::Object;
use crate::manifests::{Position, Wrong};
use compiler::Problem;
use std::fmt;

/// More errors, and more warnings, than these are counted, not listed.
const LISTED: usize = 50;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It fails, or would fail for some component.
    Error,
    /// It is probably not meant.
    Warning,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing at one place.
#[derive(Debug)]
pub(crate) struct Finding {
    severity: Severity,
    code: String,
    source: String,
    position: Option<Position>,
    /// Object and field; empty for a document that is no object.
    place: String,
    text: String,
    expression: Option<String>,
}

impl Finding {
    /// Something about a field of an object.
    pub(crate) fn of(object: &Object<'_>, severity: Severity, code: &str, path: &str, text: impl Into<String>) -> Self {
        Self::told(object.manifest.wrong(path, text), severity, code, &object.title(), path)
    }

    /// As [`Finding::of`], where the place is known already.
    pub(crate) fn told(wrong: Wrong, severity: Severity, code: &str, title: &str, path: &str) -> Self {
        Self::at(wrong, title, severity, code.to_owned(), path, None)
    }

    /// What the compiler's checks tell of an object.
    pub(crate) fn problem(object: &Object<'_>, severity: Severity, problem: &Problem) -> Self {
        let place = &problem.place;
        let text = problem.message.as_str();
        let wrong = match (&place.expression, place.position) {
            (Some(expression), Some(at)) => {
                object.manifest.wrong_in_expression(object.stream, &place.path, expression, at, text)
            }
            (Some(expression), None) => {
                object.manifest.wrong_in_expression(object.stream, &place.path, expression, (1, 1), text)
            }
            _ => object.manifest.wrong(&place.path, text),
        };
        // A text that points into the expression shows it already.
        let expression = place.expression.clone().filter(|_| !problem.message.contains("<input>"));
        Self::at(wrong, &object.title(), severity, problem.code.to_string(), &place.path, expression)
    }

    fn at(wrong: Wrong, title: &str, severity: Severity, code: String, path: &str, expression: Option<String>) -> Self {
        let place = if path.is_empty() { title.to_owned() } else { format!("{title}: {path}") };
        Self { severity, code, source: wrong.source, position: wrong.position, place, text: wrong.text, expression }
    }

    /// A document that is no object.
    pub(crate) fn document(wrong: Wrong) -> Self {
        Self {
            severity: Severity::Error,
            code: "document".to_owned(),
            source: wrong.source,
            position: wrong.position,
            place: String::new(),
            text: wrong.text,
            expression: None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => write!(out, "{}:{line}:{column}: ", self.source)?,
            None => write!(out, "{}: ", self.source)?,
        }
        write!(out, "{}[{}]", self.severity.word(), self.code)?;
        if !self.place.is_empty() {
            write!(out, " {}", self.place)?;
        }
        for line in self.text.lines() {
            write!(out, "\n    {}", line.strip_prefix("ERROR: <input>:").map_or(line, after_place).trim_end())?;
        }
        if let Some(expression) = &self.expression {
            write!(out, "\n    in ${{{}}}", expression.trim())?;
        }
        out.write_str("\n")
    }
}

/// The text behind `line:column: `, which is told by the place in the file.
fn after_place(text: &str) -> &str {
    text.splitn(3, ':').nth(2).unwrap_or(text).trim_start()
}

/// Everything that is told of some files.
#[derive(Debug)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    notes: Vec<String>,
    /// What would be made, component by component.
    made: Vec<String>,
    files: usize,
    pub(crate) objects: usize,
    foreign: usize,
}

impl Report {
    pub(crate) fn new(files: usize) -> Self {
        Self { findings: Vec::new(), notes: Vec::new(), made: Vec::new(), files, objects: 0, foreign: 0 }
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Something that could not be checked, and what would help; each once.
    pub(crate) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    pub(crate) fn made(&mut self, text: String) {
        self.made.push(text);
    }

    /// An object of somebody else's API.
    pub(crate) fn skip(&mut self) {
        self.foreign += 1;
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Each thing once; errors first, in the order of the files.
    pub(crate) fn sort(&mut self) {
        let mut files: Vec<String> = Vec::new();
        for finding in &self.findings {
            if !files.contains(&finding.source) {
                files.push(finding.source.clone());
            }
        }
        let rank = |finding: &Finding| {
            let file = files.iter().position(|file| *file == finding.source);
            let at = finding.position.map(|at| (at.line, at.column));
            (finding.severity, file, at)
        };
        self.findings.sort_by(|a, b| {
            rank(a).cmp(&rank(b)).then_with(|| (&a.place, &a.code, &a.text).cmp(&(&b.place, &b.code, &b.text)))
        });
        self.findings
            .dedup_by(|a, b| (&a.source, a.position, &a.place, &a.text) == (&b.source, b.position, &b.place, &b.text));
    }
}

impl Report {
    /// The findings and the notes, as far as they are listed; and how many findings there are, errors first.
    fn tell(&self, out: &mut dyn fmt::Write) -> Result<[usize; 2], fmt::Error> {
        let mut counts = [0, 0];
        for (severity, total) in [Severity::Error, Severity::Warning].into_iter().zip(&mut counts) {
            let of: Vec<&Finding> = self.findings.iter().filter(|finding| finding.severity == severity).collect();
            for finding in of.iter().take(LISTED) {
                write!(out, "{finding}")?;
            }
            if of.len() > LISTED {
                writeln!(out, "and {} more {}s", of.len() - LISTED, severity.word())?;
            }
            *total = of.len();
        }
        for made in &self.made {
            out.write_str(made)?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(counts)
    }

    /// What there is to say, without a summary.
    pub(crate) fn told(&self) -> String {
        let mut told = String::new();
        // A text takes whatever is written to it.
        let _ = self.tell(&mut told);
        told
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.tell(out)?;
        if self.foreign > 0 {
            let (were, them) = if self.foreign == 1 { ("object is", "it") } else { ("objects are", "them") };
            writeln!(out, "note: {} {were} of another API: nothing is said of {them}", self.foreign)?;
        }
        let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let subject = format!("{} in {}", counted(self.objects, "object"), counted(self.files, "file"));
        match counts {
            [0, 0] => writeln!(out, "nothing is wrong with {subject}"),
            [errors, warnings] => {
                writeln!(out, "{}, {}: {subject}", counted(errors, "error"), counted(warnings, "warning"))
            }
        }
    }
}
