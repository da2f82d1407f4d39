use serde_json::Value;

/// A column of a table of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its header, in capitals.
    pub header: &'static str,
    /// Where its cells come from.
    pub source: ColumnSource,
}

/// Where the cells of a column come from. Paths are JSON pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnSource {
    /// A text, number or boolean.
    Text(&'static str),
    /// `Kind/name` of a reference; the word is the kind that is meant if it says none.
    Reference(&'static str, &'static str),
    /// How many items a list has.
    Count(&'static str),
    /// `true` or `false`, which is meant if it is absent.
    Flag(&'static str),
    /// The reason of the condition of this type.
    Reason(&'static str),
    /// How far a workflow run is: `Pending`, `Running`, `Succeeded` or `Failed`.
    RunPhase,
    /// What a workflow is for: `ci` or `generic`.
    WorkflowType,
    /// How old the object is.
    Age,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text; may be empty.
    Text(String),
    /// A moment, to be told as the time since then.
    Since(String),
}

impl Column {
    /// The object's name.
    pub const NAME: Self = Self::text("NAME", "/metadata/name");
    /// The object's age.
    pub const AGE: Self = Self { header: "AGE", source: ColumnSource::Age };
    /// Name and age.
    pub const NAME_AGE: &'static [Self] = &[Self::NAME, Self::AGE];

    /// A column of text.
    pub const fn text(header: &'static str, pointer: &'static str) -> Self {
        Self { header, source: ColumnSource::Text(pointer) }
    }

    /// A column from this source.
    pub const fn new(header: &'static str, source: ColumnSource) -> Self {
        Self { header, source }
    }

    /// The cell of this object.
    pub fn cell(&self, object: &Value) -> Cell {
        Cell::Text(match self.source {
            ColumnSource::Text(path) => object.pointer(path).map(plain).unwrap_or_default(),
            ColumnSource::Reference(path, default_kind) => reference(object.pointer(path), default_kind),
            ColumnSource::Count(path) => object.pointer(path).and_then(Value::as_array).map_or(0, Vec::len).to_string(),
            ColumnSource::Flag(path) => object.pointer(path).and_then(Value::as_bool).unwrap_or_default().to_string(),
            ColumnSource::Reason(type_) => condition(object, type_, "reason").unwrap_or_default().to_owned(),
            ColumnSource::RunPhase => run_phase(object).to_owned(),
            ColumnSource::WorkflowType => workflow_type(object).to_owned(),
            ColumnSource::Age => {
                return Cell::Since(object.pointer("/metadata/creationTimestamp").map(plain).unwrap_or_default());
            }
        })
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn reference(value: Option<&Value>, default_kind: &str) -> String {
    let Some(value) = value else { return String::new() };
    let part = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    match part("name") {
        Some(name) => format!("{}/{name}", part("kind").unwrap_or(default_kind)),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn condition<'a>(object: &'a Value, type_: &str, field: &str) -> Option<&'a str> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").is_some_and(|found| found == type_))?.get(field)?.as_str()
}

fn run_phase(run: &Value) -> &'static str {
    let is = |type_| condition(run, type_, "status") == Some("True");
    if is("WorkflowFailed") {
        "Failed"
    } else if is("WorkflowSucceeded") {
        "Succeeded"
    } else if is("WorkflowRunning") {
        "Running"
    } else {
        "Pending"
    }
}

fn workflow_type(workflow: &Value) -> &'static str {
    let label = workflow.pointer("/metadata/labels/openchoreo.dev~1workflow-type");
    if label.is_some_and(|label| label == crate::labels::WORKFLOW_TYPE_COMPONENT) { "ci" } else { "generic" }
}
