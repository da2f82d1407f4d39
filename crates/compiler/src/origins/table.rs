//! Origins as they are kept: numbers and shared pointers. Words are made of them only when somebody asks.

use std::sync::Arc;

use super::reads::GivenValues;
use super::{Origin, OriginId, Writer};
use crate::problem::Place;
use crate::template::{Expression, Segment, write_path};

/// Room for the fields of a usual component.
const ROOM: usize = 256;

/// A place in a template: the step from the place above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(u32);

/// What gave a value.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// It stands there as it is.
    Literal,
    One(Arc<Expression>),
    Many(Box<[Arc<Expression>]>),
}

#[derive(Debug, Clone)]
struct Record {
    source: u32,
    at: At,
    what: What,
    overwrote: Option<OriginId>,
}

/// A template that was rendered: whose, where it begins, and what it could read.
#[derive(Debug, Clone)]
struct Source {
    writer: Writer,
    place: Place,
    given: Arc<GivenValues>,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    sources: Vec<Source>,
    steps: Vec<(At, Segment)>,
    records: Vec<Record>,
}

impl At {
    /// Where a template begins.
    pub(super) const ROOT: Self = Self(u32::MAX);
}

impl Table {
    pub(super) fn new() -> Self {
        Self { sources: Vec::new(), steps: Vec::with_capacity(ROOM), records: Vec::with_capacity(ROOM) }
    }

    /// A template is rendered from here on.
    pub(super) fn begin(&mut self, writer: Writer, place: Place, given: Arc<GivenValues>) {
        self.sources.push(Source { writer, place, given });
    }

    pub(super) fn below(&mut self, at: At, segment: Segment) -> At {
        self.steps.push((at, segment));
        At(self.steps.len() as u32 - 1)
    }

    pub(super) fn above(&self, at: At) -> At {
        self.steps.get(at.0 as usize).map_or(At::ROOT, |(above, _)| *above)
    }

    /// A value of the template that is rendered.
    pub(super) fn add(&mut self, at: At, what: What) -> OriginId {
        let source = self.sources.len().saturating_sub(1) as u32;
        self.push(Record { source, at, what, overwrote: None })
    }

    /// The origin of a part of a value: its own line where the value is written out, else that of the whole.
    pub(super) fn part(&mut self, whole: OriginId, segment: impl Fn() -> Segment) -> OriginId {
        match self.records.get(whole.0 as usize).cloned() {
            Some(record @ Record { what: What::Literal, .. }) => {
                let at = self.below(record.at, segment());
                self.push(Record { at, ..record })
            }
            _ => whole,
        }
    }

    /// The same origin, in the place of another.
    pub(super) fn over(&mut self, id: OriginId, overwrote: OriginId) -> OriginId {
        match self.records.get(id.0 as usize).cloned() {
            Some(record) => self.push(Record { overwrote: Some(overwrote), ..record }),
            None => id,
        }
    }

    fn push(&mut self, record: Record) -> OriginId {
        let id = OriginId(self.records.len() as u32);
        self.records.push(record);
        id
    }

    /// The origin in words.
    pub(super) fn get(&self, id: OriginId) -> Option<Origin> {
        let record = self.records.get(id.0 as usize)?;
        let source = self.sources.get(record.source as usize)?;
        let mut path = String::new();
        write_path(&mut path, self.path(record.at).iter());
        let mut place = source.place.below(&path);
        let mut reads = Vec::new();
        let expressions = match &record.what {
            What::Literal => &[][..],
            What::One(expression) => std::slice::from_ref(expression),
            What::Many(expressions) => expressions,
        };
        for expression in expressions {
            place.expression.get_or_insert_with(|| String::from(&**expression.source()));
            if let Ok(program) = expression.program() {
                reads.extend(source.given.reads(&program.ast().root));
            }
        }
        Some(Origin { writer: source.writer.clone(), place, reads, overwrote: record.overwrote })
    }

    fn path(&self, at: At) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut at = at;
        while let Some((above, segment)) = self.steps.get(at.0 as usize) {
            path.push(segment.clone());
            at = *above;
        }
        path.reverse();
        path
    }
}
