//! Lines on their way to the output: of one attempt, or of several in one order.

use std::ops::Range;
use std::sync::Arc;

use super::event::Attempt;
use super::lines::{Block, Line};

/// Lines in the order in which they are shown. To bring them into it, none of them is copied.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    sources: Vec<(Arc<Attempt>, Arc<Block>)>,
    runs: Vec<(usize, Range<usize>)>,
    bytes: usize,
}

impl Batch {
    /// All lines of a block.
    pub fn of(attempt: Arc<Attempt>, block: Block) -> Self {
        let mut batch = Self::default();
        let lines = 0..block.lines.len();
        let source = batch.source(attempt, Arc::new(block));
        batch.run(source, lines);
        batch
    }

    /// A block of which lines are to come; its number.
    pub(super) fn source(&mut self, attempt: Arc<Attempt>, block: Arc<Block>) -> usize {
        self.sources.push((attempt, block));
        self.sources.len() - 1
    }

    /// The next lines, of a block by its number.
    pub(super) fn run(&mut self, source: usize, lines: Range<usize>) {
        let block = &self.sources[source].1;
        if let (Some(first), Some(last)) = (block.lines.get(lines.start), block.lines[..lines.end].last()) {
            self.bytes += (last.end - first.start) as usize;
        }
        self.runs.push((source, lines));
    }

    /// The blocks of which it has lines.
    pub(super) fn into_blocks(self) -> impl Iterator<Item = (Arc<Attempt>, Arc<Block>)> {
        self.sources.into_iter()
    }

    /// The attempts that lines are of, by number; one may come more than once.
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = &Arc<Attempt>> {
        self.sources.iter().map(|(attempt, _)| attempt)
    }

    /// The lines, in runs of one block: the number of its attempt, the block, and the lines.
    pub fn runs(&self) -> impl Iterator<Item = (usize, &Block, &[Line])> {
        self.runs.iter().map(|(source, lines)| {
            let block = &*self.sources[*source].1;
            (*source, block, &block.lines[lines.clone()])
        })
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many bytes of text its lines have, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How much memory it takes while it waits, about.
    pub fn weight(&self) -> usize {
        self.bytes
            + self.runs.len() * size_of::<(usize, Range<usize>)>()
            + self.runs.iter().map(|(_, lines)| lines.len()).sum::<usize>() * size_of::<Line>()
    }
}
