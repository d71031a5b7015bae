//! Reads Marian NMT training logs: bytes in, measurements out.
//!
//! [`Parser::feed`] takes any chunk of a log and fills a [`Batch`] of columns: training records, validation
//! records, and rarer [`Event`]s (starts of Marian with their configuration, lines that could not be read, matches
//! of user patterns). Nothing here does I/O and nothing panics on any input.
//!
//! The grammar of Marian's lines is written twice: readably in [`grammar`], as regular expressions, and as the
//! hand-written scanner in `record` that runs. The tests hold the two to the same answers.

#![forbid(unsafe_code)]

mod batch;
mod context;
pub mod csv;
mod cut;
mod exact;
pub mod grammar;
mod line;
mod mark;
mod number;
mod parser;
mod pattern;
mod points;
mod prefix;
mod record;
mod stamp;
mod stats;
mod word;

pub use batch::{present, Batch, Event, EventKind, Texts, TrainingColumns, ValidationColumns, KINDS};
pub use mark::MarkKind;
pub use parser::{Parser, MAX_LINE, MAX_METRICS};
pub use pattern::PatternError;
pub use points::{Closed, Point, PointValue, Points};
pub use prefix::{known_prefix, line_start, prefix_ends, task_prefix, worker_prefix, LineStart, Worker};
pub use stamp::Time;
pub use stats::Stats;
