//! Columns in which the parser hands over what it found.

/// Bits of the `present` columns: an absent value is no NaN.
pub mod present {
    /// The line has a time.
    pub const TIMESTAMP: u32 = 1 << 0;
    /// The time is UTC (Taskcluster); otherwise it is the clock of an unknown zone.
    pub const UTC: u32 = 1 << 1;
    /// Training: labels of the update.
    pub const LABELS: u32 = 1 << 2;
    /// Training: labels of the batch.
    pub const BATCH_LABELS: u32 = 1 << 3;
    /// Training: labels since the start.
    pub const TOTAL_LABELS: u32 = 1 << 4;
    /// Training: seconds since the last record.
    pub const TIME: u32 = 1 << 5;
    /// Training: words per second.
    pub const RATE: u32 = 1 << 6;
    /// Training: gradient norm.
    pub const GNORM: u32 = 1 << 7;
    /// Training: learning rate.
    pub const LEARNING_RATE: u32 = 1 << 8;
    /// Validation: the epoch (absent before Marian 1.5).
    pub const EPOCH: u32 = 1 << 9;
    /// Validation: how often the metric stalled.
    pub const STALLED: u32 = 1 << 10;
    /// Validation: the last best value.
    pub const BEST: u32 = 1 << 11;
    /// Event: an update came before it.
    pub const UP: u32 = 1 << 12;
}

/// Training records, one row each. Lines count from 1; offsets are bytes from the start of the log; timestamps are
/// milliseconds since 1970; absent values are 0 and lack their bit in `present`.
#[derive(Debug, Default)]
pub struct TrainingColumns {
    /// Line of the log.
    pub line: Vec<f64>,
    /// Byte at which the record starts.
    pub offset: Vec<f64>,
    /// Segment: how many restarts came before.
    pub segment: Vec<f64>,
    /// Time of the line.
    pub timestamp: Vec<f64>,
    /// Epoch, with decimals where logical epochs are on.
    pub epoch: Vec<f64>,
    /// Update.
    pub up: Vec<f64>,
    /// Sentences.
    pub sen: Vec<f64>,
    /// Cost.
    pub cost: Vec<f64>,
    /// Labels of the update.
    pub labels: Vec<f64>,
    /// Labels of the batch.
    pub batch_labels: Vec<f64>,
    /// Labels since the start.
    pub total_labels: Vec<f64>,
    /// Seconds.
    pub time: Vec<f64>,
    /// Words per second.
    pub rate: Vec<f64>,
    /// Gradient norm.
    pub gnorm: Vec<f64>,
    /// Learning rate.
    pub learning_rate: Vec<f64>,
    /// Bits of [`present`].
    pub present: Vec<u32>,
}

/// Validation records, one row each; the same conventions.
#[derive(Debug, Default)]
pub struct ValidationColumns {
    /// Line of the log.
    pub line: Vec<f64>,
    /// Byte at which the record starts.
    pub offset: Vec<f64>,
    /// Segment.
    pub segment: Vec<f64>,
    /// Time of the line.
    pub timestamp: Vec<f64>,
    /// Epoch.
    pub epoch: Vec<f64>,
    /// Update.
    pub up: Vec<f64>,
    /// Index of the metric's name ([`crate::Parser::metrics`]).
    pub metric: Vec<f64>,
    /// Value.
    pub value: Vec<f64>,
    /// Times stalled.
    pub stalled: Vec<f64>,
    /// Last best value.
    pub best: Vec<f64>,
    /// Bits of [`present`].
    pub present: Vec<u32>,
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

/// Texts of the events, one behind the other. UTF-8; invalid bytes are replaced.
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

/// What one call of the parser found, in the order of the log.
#[derive(Debug, Default)]
pub struct Batch {
    /// Order: 0 the next training row, 1 the next validation row, otherwise the kind of the next event.
    pub order: Vec<u8>,
    /// Training rows.
    pub training: TrainingColumns,
    /// Validation rows.
    pub validation: ValidationColumns,
    /// Events.
    pub events: Vec<Event>,
    /// Texts of the events.
    pub texts: Texts,
    /// All bits of `training.present`, or-ed.
    pub training_present: u32,
}

macro_rules! clear {
    ($columns:expr, $($name:ident)*) => { $($columns.$name.clear();)* };
}

impl Batch {
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.order.clear();
        clear!(self.training, line offset segment timestamp epoch up sen cost labels batch_labels total_labels time
            rate gnorm learning_rate present);
        clear!(self.validation, line offset segment timestamp epoch up metric value stalled best present);
        self.events.clear();
        self.texts.bytes.clear();
        self.texts.ends.clear();
        self.training_present = 0;
    }
}
