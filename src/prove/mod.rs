//! Whether two queries answer the same, one before a move and one after it.
//!
//! Knows: queries, and what they answer on streams that are known line by line. Must not know: files, git, where a query
//! stands, how an answer is told.

#[cfg_attr(not(test), expect(dead_code, reason = "the worlds that hold these lines come next"))]
mod lines;
mod sample;
