//! Origins as they are kept: numbers and shared pointers. Words are made of them only when somebody asks.

use std::sync::Arc;

use super::reads::{Effort, Surroundings};
use super::shadow::Found;
use super::{Origin, Shadow, Writer};
use crate::problem::Place;
use crate::template::{Expression, Segment, write_path};

/// Room for the fields of a usual component.
const ROOM: usize = 256;

/// Of values that overwrote each other, no more are told.
const OVERWRITTEN: usize = 8;

/// The number of an origin in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OriginId(u32);

/// A place in a template or in a value: the step from the place above it.
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
    /// Where in the value of the expression.
    inside: At,
    what: What,
    /// What a step of the platform made of the value.
    made: Option<&'static str>,
    /// What was there before, by its place in `overwritten`.
    overwrote: Option<u32>,
}

/// A template that was rendered: whose, where it begins, and what it could read.
#[derive(Debug, Clone)]
struct Source {
    writer: Writer,
    place: Place,
    surroundings: Surroundings,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    sources: Vec<Source>,
    steps: Vec<(At, Segment)>,
    records: Vec<Record>,
    overwritten: Vec<Shadow>,
}

impl At {
    /// Where a template or a value begins.
    pub(super) const ROOT: Self = Self(u32::MAX);
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            sources: Vec::new(),
            steps: Vec::with_capacity(ROOM),
            records: Vec::with_capacity(ROOM),
            overwritten: Vec::new(),
        }
    }

    /// A template is rendered from here on.
    pub(super) fn begin(&mut self, writer: Writer, place: Place, surroundings: Surroundings) {
        self.sources.push(Source { writer, place, surroundings });
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
        self.push(Record { source, at, inside: At::ROOT, what, made: None, overwrote: None })
    }

    /// The origin of a part of a value: its own line where the value is written out, else a part of what the expressions
    /// gave. What the platform made of a value, or made itself, has no parts.
    pub(super) fn part(&mut self, whole: OriginId, segment: impl Fn() -> Segment) -> OriginId {
        let Some(record) = self.records.get(whole.0 as usize).cloned() else { return whole };
        if record.made.is_some() || self.is_built_in(&record) {
            return whole;
        }
        let record = match record.what {
            What::Literal => Record { at: self.below(record.at, segment()), ..record },
            _ => Record { inside: self.below(record.inside, segment()), ..record },
        };
        self.push(Record { overwrote: None, ..record })
    }

    fn is_built_in(&self, record: &Record) -> bool {
        self.sources.get(record.source as usize).is_some_and(|source| matches!(source.writer, Writer::BuiltIn(_)))
    }

    /// The same origin, in the place of something else.
    pub(super) fn over(&mut self, id: OriginId, before: Shadow) -> OriginId {
        let Some(record) = self.records.get(id.0 as usize).cloned() else { return id };
        self.overwritten.push(before);
        let overwrote = Some(self.overwritten.len() as u32 - 1);
        self.push(Record { overwrote, ..record })
    }

    /// The origin of what a step of the platform made of a value and all that was in it.
    pub(super) fn made(&mut self, whole: OriginId, parts: &[OriginId], step: &'static str) -> OriginId {
        let Some(record) = self.records.get(whole.0 as usize).cloned() else { return whole };
        let mut expressions: Vec<Arc<Expression>> = Vec::new();
        for part in [whole].iter().chain(parts).filter_map(|id| self.records.get(id.0 as usize)) {
            for expression in part.what.expressions() {
                if !expressions.iter().any(|known| Arc::ptr_eq(known, expression)) {
                    expressions.push(expression.clone());
                }
            }
        }
        let what = match &record.what {
            What::One(_) if parts.is_empty() => record.what.clone(),
            _ if expressions.is_empty() => What::Literal,
            _ => What::Many(expressions.into()),
        };
        self.push(Record { what, made: Some(step), ..record })
    }

    fn push(&mut self, record: Record) -> OriginId {
        let id = OriginId(self.records.len() as u32);
        self.records.push(record);
        id
    }

    /// The origin of a field in words.
    pub(super) fn tell(&self, found: &Found<'_>, effort: &Effort) -> Option<Origin> {
        self.tell_at_most(found, effort, OVERWRITTEN)
    }

    fn tell_at_most(&self, found: &Found<'_>, effort: &Effort, overwritten: usize) -> Option<Origin> {
        let record = self.records.get(found.origin.0 as usize)?;
        let source = self.sources.get(record.source as usize)?;
        let mut place = source.place.clone();
        let mut path = String::new();
        write_path(&mut path, self.path(record.at).iter());
        // Written out, the line of the field itself is known.
        let own_line = matches!(record.what, What::Literal) && record.made.is_none() && !self.is_built_in(record);
        if own_line {
            write_path(&mut path, found.inside);
        }
        place = place.below(&path);
        let mut reads = Vec::new();
        for expression in record.what.expressions() {
            place.expression.get_or_insert_with(|| String::from(&**expression.source()));
            let mut inside = Vec::new();
            if let (What::One(_), None) = (&record.what, record.made) {
                inside = self.path(record.inside);
                inside.extend_from_slice(found.inside);
            }
            for read in source.surroundings.reads(expression, &inside, effort) {
                if !reads.contains(&read) {
                    reads.push(read);
                }
            }
        }
        Some(Origin {
            writer: source.writer.clone(),
            place,
            reads,
            made: record.made,
            overwrote: match overwritten {
                0 => None,
                more => self.before(found, effort, more - 1).map(Box::new),
            },
        })
    }

    /// What was at the field before: of the values around it the innermost that overwrote something.
    fn before(&self, found: &Found<'_>, effort: &Effort, overwritten: usize) -> Option<Origin> {
        let (at, below) = found.around.iter().rev().find_map(|(id, below)| {
            let record = self.records.get(id.0 as usize)?;
            Some((record.overwrote?, *below))
        })?;
        self.tell_at_most(&self.overwritten.get(at as usize)?.existing(below)?, effort, overwritten)
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

impl What {
    fn expressions(&self) -> &[Arc<Expression>] {
        match self {
            Self::Literal => &[],
            Self::One(expression) => std::slice::from_ref(expression),
            Self::Many(expressions) => expressions,
        }
    }
}
