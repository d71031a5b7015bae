//! Columns in which the parser hands over what it found.

use crate::exact::ROW;

macro_rules! present {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $key:literal;)*) => {
        $($(#[$doc])* pub const $name: u32 = 1 << $bit;)*
        /// The bits with the names that JavaScript knows them by.
        pub const BITS: &[(&str, u32)] = &[$(($key, $name)),*];
    };
}

/// Bits of the `present` columns: an absent value is not a NaN.
pub mod present {
    present! {
        /// The line has a time.
        TIMESTAMP = 0 "timestamp";
        /// The time is UTC (Taskcluster); otherwise it is the clock of an unknown zone.
        UTC = 1 "utc";
        /// Training: labels of the update.
        LABELS = 2 "labels";
        /// Training: labels of the batch.
        BATCH_LABELS = 3 "batch_labels";
        /// Training: labels since the start.
        TOTAL_LABELS = 4 "total_labels";
        /// Training: seconds since the last record.
        TIME = 5 "time";
        /// Training: words per second.
        RATE = 6 "rate";
        /// Training: gradient norm.
        GNORM = 7 "gnorm";
        /// Training: learning rate.
        LEARNING_RATE = 8 "learning_rate";
        /// Validation: the epoch (absent before Marian 1.5).
        EPOCH = 9 "epoch";
        /// Validation: how often the metric stalled.
        STALLED = 10 "stalled";
        /// Validation: the last best value.
        BEST = 11 "best";
        /// Event: an update came before it.
        UP = 12 "up";
        /// Point: an expected metric is missing.
        PARTIAL = 13 "partial";
    }
}

/// Columns of one kind of record: `f64` columns in this order, then `present`.
macro_rules! columns {
    ($(#[$doc:meta])* $columns:ident { $($(#[$column_doc:meta])* $name:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $columns {
            $($(#[$column_doc])* pub $name: Vec<f64>,)*
            /// Bits of [`present`].
            pub present: Vec<u32>,
        }

        impl $columns {
            /// Names of the columns but `present`, in their order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The columns but `present`, in the order of [`Self::NAMES`].
            pub fn columns(&self) -> [&Vec<f64>; Self::NAMES.len()] {
                [$(&self.$name),*]
            }

            fn clear(&mut self) {
                $(self.$name.clear();)*
                self.present.clear();
            }

            /// Replaces all rows; the columns of the new ones stand one after the other.
            pub fn replace(&mut self, columns: &[f64], present: &[f64]) {
                self.clear();
                let new = columns.chunks_exact(present.len().max(1));
                for (column, rows) in [$(&mut self.$name),*].into_iter().zip(new) {
                    column.extend_from_slice(rows);
                }
                self.present.extend(present.iter().map(|&bits| bits as u32));
            }
        }
    };
}

columns! {
    /// Training records, one row each. Lines count from 1; offsets are bytes from the start of the log; timestamps are
    /// milliseconds since 1970; absent values are 0 and lack their bit in `present`.
    TrainingColumns {
        /// Line of the log.
        line,
        /// Byte at which the record starts.
        offset,
        /// Segment: how many restarts came before.
        segment,
        /// Time of the line.
        timestamp,
        /// Epoch, with decimals where logical epochs are on.
        epoch,
        /// Update.
        up,
        /// Sentences.
        sen,
        /// Cost.
        cost,
        /// Labels of the update.
        labels,
        /// Labels of the batch.
        batch_labels,
        /// Labels since the start.
        total_labels,
        /// Seconds.
        time,
        /// Words per second.
        rate,
        /// Gradient norm.
        gnorm,
        /// Learning rate.
        learning_rate,
    }
}

columns! {
    /// Validation records, one row each; the same conventions.
    ValidationColumns {
        /// Line of the log.
        line,
        /// Byte at which the record starts.
        offset,
        /// Segment.
        segment,
        /// Time of the line.
        timestamp,
        /// Epoch.
        epoch,
        /// Update.
        up,
        /// Index of the metric's name ([`crate::Parser::metrics`]).
        metric,
        /// Value.
        value,
        /// Times stalled.
        stalled,
        /// Last best value.
        best,
    }
}

/// What an [`Event`] tells, and the texts it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A start of Marian whose configuration has ended; texts: version, revision, command line, configuration (YAML),
    /// lines that may belong to these two and were read as part of neither; each empty where the log has none.
    Segment = 2,
    /// A line that looks like a measurement and could not be read; texts: the line.
    Unmatched = 3,
    /// A match of a user pattern; texts: its name, then name and value of each group that took part.
    Pattern = 4,
    /// What the log says between its records; texts: the name of the kind ([`crate::MarkKind::name`]), and the line
    /// from there on.
    Mark = 5,
}

/// What stands in [`Batch::order`], with the names that JavaScript knows it by.
pub const KINDS: &[(&str, u8)] = &[
    ("training", 0),
    ("validation", 1),
    ("segment", EventKind::Segment as u8),
    ("unmatched", EventKind::Unmatched as u8),
    ("pattern", EventKind::Pattern as u8),
    ("mark", EventKind::Mark as u8),
];

/// A rare finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What it is.
    pub kind: EventKind,
    /// Line of the log.
    pub line: f64,
    /// Segment.
    pub segment: f64,
    /// Time of the line, if `present` says so.
    pub timestamp: f64,
    /// Latest update before it, if `present` says so.
    pub up: f64,
    /// Bits of [`present`].
    pub present: u32,
    /// How many of the batch's texts belong to it.
    pub texts: u32,
}

impl Event {
    /// Names of [`Self::numbers`].
    pub const NAMES: [&'static str; 7] = ["kind", "line", "segment", "timestamp", "up", "present", "texts"];

    /// The event as numbers.
    pub fn numbers(&self) -> [f64; Self::NAMES.len()] {
        let kind = f64::from(self.kind as u8);
        let [present, texts] = [self.present, self.texts].map(f64::from);
        [kind, self.line, self.segment, self.timestamp, self.up, present, texts]
    }
}

/// Texts of the events, one after the other. UTF-8; invalid bytes are replaced.
#[derive(Debug, Default)]
pub struct Texts {
    /// All texts.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<u32>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
        self.ends.push(self.bytes.len() as u32);
    }

    /// The text of index `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? as usize };
        std::str::from_utf8(self.bytes.get(start..*self.ends.get(index)? as usize)?).ok()
    }
}

/// The cells of most rows are shorter; a copy of fixed size needs no call.
const SHORT: usize = 128;

/// The first eight cells of training rows as CSV, made of the text of the log; a row may have none.
#[derive(Debug, Default)]
pub struct Cells {
    /// The cells, and room after them.
    bytes: Vec<u8>,
    ends: Vec<u32>,
    end: usize,
}

impl Cells {
    /// Room for the next row; what is written there counts once [`Self::add`] says so.
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() < self.end + ROW {
            self.bytes.resize(2 * self.end + 16 * ROW, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Ends a row, with so many bytes of cells in the room.
    #[inline]
    pub(crate) fn add(&mut self, length: usize) {
        self.end += length;
        self.ends.push(self.end as u32);
    }

    /// Appends the cells of a row; returns false if it has none.
    #[inline]
    pub(crate) fn append(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let end = |row: usize| self.ends.get(row).map_or(0, |&end| end as usize);
        let (start, end) = (row.checked_sub(1).map_or(0, end), end(row));
        let room = self.bytes.get(start..).unwrap_or_default();
        match room.first_chunk::<SHORT>() {
            Some(text) if end - start <= SHORT => {
                let length = out.len() + end - start;
                out.extend_from_slice(text);
                out.truncate(length);
            }
            _ => out.extend_from_slice(room.get(..end - start).unwrap_or_default()),
        }
        start < end
    }

    fn clear(&mut self) {
        self.ends.clear();
        self.end = 0;
    }
}

/// What one call of the parser found, in the order of the log.
#[derive(Debug, Default)]
pub struct Batch {
    /// Order: 0 the next training row, 1 the next validation row, otherwise the kind of the next event.
    pub order: Vec<u8>,
    /// Training rows.
    pub training: TrainingColumns,
    /// The same as text.
    pub(crate) cells: Cells,
    /// Validation rows.
    pub validation: ValidationColumns,
    /// Events.
    pub events: Vec<Event>,
    /// Texts of the events.
    pub texts: Texts,
    /// All bits of `training.present`, or-ed.
    pub training_present: u32,
}

impl Batch {
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.order.clear();
        self.training.clear();
        self.cells.clear();
        self.validation.clear();
        self.events.clear();
        self.texts.bytes.clear();
        self.texts.ends.clear();
        self.training_present = 0;
    }
}
