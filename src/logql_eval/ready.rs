//! A query made ready: what its stages make of a stream is worked out once, whatever else the store holds.
//!
//! Knows: that stages look at one line at a time, so that an answer is put together from what each stream gives. Must not know:
//! what a stage, a range or an operator does.

use std::collections::BTreeMap;

use super::answer::{Answer, Asked, Failure, Stream};
use super::hints::Hints;
use super::log::{self, Line};
use super::metric;
use super::pipeline::Pipeline;
use super::range::{Range, Read};
use crate::syntax::logql::{ExprId, ExprKind, Query};

/// A query, ready to be asked about many stores.
#[derive(Debug)]
pub struct Ready<'q, 'a> {
    query: &'q Query<'a>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Log(Pipeline, Hints),
    Metric(BTreeMap<ExprId, Range>),
}

/// What a query makes of one stream.
#[derive(Debug)]
pub struct Part(Of);

#[derive(Debug)]
enum Of {
    Lines(Vec<Line>),
    /// For each range aggregation, in order.
    Samples(Vec<Read>),
}

impl<'q, 'a> Ready<'q, 'a> {
    /// Makes `query` ready.
    ///
    /// # Errors
    /// What Loki does not read, and what is not supported.
    pub fn of(query: &'q Query<'a>) -> Result<Self, Failure> {
        let kind = match query.expr(query.root()).kind {
            ExprKind::Log(id) => Kind::Log(Pipeline::of(query, query.log(id), false)?, Hints::of_log()),
            _ => Kind::Metric(metric::ranges(query)?),
        };
        Ok(Self { query, kind })
    }

    /// What it makes of one stream; of one that no selector takes, nothing.
    pub fn read(&self, stream: &Stream) -> Part {
        Part(match &self.kind {
            Kind::Log(pipeline, hints) => Of::Lines(log::read(pipeline, hints, stream)),
            Kind::Metric(ranges) => Of::Samples(ranges.values().map(|range| range.read(stream)).collect()),
        })
    }

    /// What it answers on a store of streams, of each of which it made a part.
    ///
    /// # Errors
    /// What Loki answers with an error, by its class.
    pub fn answer(&self, parts: &[&Part], asked: &Asked) -> Result<Answer, Failure> {
        match &self.kind {
            Kind::Log(..) => {
                let lines = parts.iter().filter_map(|part| match &part.0 {
                    Of::Lines(lines) => Some(lines),
                    Of::Samples(_) => None,
                });
                Ok(log::answer(lines.flatten(), asked))
            }
            Kind::Metric(ranges) => {
                let mut series = BTreeMap::new();
                for (index, id) in ranges.keys().enumerate() {
                    let reads = parts.iter().filter_map(|part| match &part.0 {
                        Of::Samples(reads) => reads.get(index),
                        Of::Lines(_) => None,
                    });
                    series.insert(*id, Range::together(reads)?);
                }
                metric::answer(self.query, ranges, &series, asked)
            }
        }
    }
}
