//! What a parser counts.

/// What the parser has counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Bytes taken in.
    pub bytes: u64,
    /// Lines, the unterminated last one included once the log is finished.
    pub lines: u64,
    /// Training records.
    pub training: u64,
    /// Validation records.
    pub validation: u64,
    /// Matches of user patterns.
    pub patterns: u64,
    /// Lines that look like a measurement and could not be read.
    pub unmatched: u64,
    /// Lines of which only the first [`crate::MAX_LINE`] bytes were read.
    pub overlong: u64,
    /// Starts of Marian.
    pub starts: u64,
}

impl Stats {
    /// Names of [`Self::numbers`].
    pub const NAMES: [&'static str; 8] =
        ["bytes", "lines", "training", "validation", "patterns", "unmatched", "overlong", "starts"];

    /// The counts in the order of [`Self::NAMES`].
    pub fn numbers(&self) -> [u64; Self::NAMES.len()] {
        [
            self.bytes,
            self.lines,
            self.training,
            self.validation,
            self.patterns,
            self.unmatched,
            self.overlong,
            self.starts,
        ]
    }
}
