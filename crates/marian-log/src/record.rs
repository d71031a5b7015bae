//! Reads one training or validation record at a given place: the scanner of [`crate::grammar`].

use crate::number::{float, integer, Token};
use crate::word;

/// A training record. Fields that the line does not hold are `None`; sentences and labels are counts, `time` is
/// seconds, `rate` words per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Training {
    pub epoch: f64,
    pub up: f64,
    pub sen: f64,
    pub cost: f64,
    pub labels: Option<f64>,
    pub batch_labels: Option<f64>,
    pub total_labels: Option<f64>,
    pub time: Option<f64>,
    pub rate: Option<f64>,
    pub gnorm: Option<f64>,
    pub learning_rate: Option<f64>,
    /// How far the record reaches, to tell a cut one.
    pub reach: Reach,
}

/// A validation record; the metric's name is a range of the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// Absent before Marian 1.5.
    pub epoch: Option<f64>,
    pub up: f64,
    pub metric: std::ops::Range<usize>,
    pub value: f64,
    /// Absent for `new best`.
    pub stalled: Option<f64>,
    pub best: Option<f64>,
    /// How far the record reaches, to tell a cut one.
    pub reach: Reach,
}

/// The last field of a record and the places of its number ([`Token::Number`]; 0 where a unit closes the number):
/// records of one segment reach equally far, unless the log was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Reach {
    pub field: u8,
    pub places: u32,
}

impl Validation {
    /// Nothing of the record can be missing: `new best` and `(last best: …)` end one.
    #[inline]
    pub fn is_complete(&self) -> bool {
        matches!(self.reach.field, 2 | 4)
    }
}

/// What stands at a place where a record may start.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// A record, and where it ends.
    Record(T, usize),
    /// The shape of a record with a number that is none; where it ends.
    Malformed(usize),
    /// No record.
    Nothing,
}

/// Walks over a line, remembering whether a malformed number was met.
struct Cursor<'a> {
    text: &'a [u8],
    pos: usize,
    malformed: bool,
    places: u32,
}

impl Cursor<'_> {
    #[inline]
    fn blanks(&mut self) {
        while matches!(self.text.get(self.pos), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
    }

    /// Blanks and colons, at least one.
    #[inline]
    fn separator(&mut self) -> Option<()> {
        let start = self.pos;
        while matches!(self.text.get(self.pos), Some(b' ' | b'\t' | b':')) {
            self.pos += 1;
        }
        (self.pos > start).then_some(())
    }

    #[inline]
    fn literal(&mut self, word: &[u8]) -> Option<()> {
        if !self.text.get(self.pos..)?.starts_with(word) {
            return None;
        }
        self.pos += word.len();
        Some(())
    }

    /// A keyword that ends in a blank, and the blanks behind it.
    #[inline]
    fn keyword(&mut self, word: &[u8]) -> Option<()> {
        self.literal(word)?;
        self.blanks();
        Some(())
    }

    /// A mark with blanks around it.
    #[inline]
    fn mark(&mut self, mark: u8) -> Option<()> {
        self.blanks();
        if self.text.get(self.pos) != Some(&mark) {
            return None;
        }
        self.pos += 1;
        self.blanks();
        Some(())
    }

    #[inline]
    fn take(&mut self, read: Option<(Token, usize)>) -> Option<f64> {
        let (token, end) = read?;
        self.pos = end;
        match token {
            Token::Number { value, places } => {
                self.places = places;
                Some(value)
            }
            Token::Malformed => {
                self.malformed = true;
                Some(0.0)
            }
        }
    }

    #[inline]
    fn float(&mut self) -> Option<f64> {
        let read = float(self.text, self.pos);
        self.take(read)
    }

    #[inline]
    fn integer(&mut self) -> Option<f64> {
        let read = integer(self.text, self.pos);
        self.take(read)
    }

    /// Whether the digits before may be another line's, of which the line feed is lost: `2.0754` and `2024-01-01 …`, `3: `
    /// or `12:00:01`.
    #[inline]
    fn is_glued(&self) -> bool {
        matches!(self.text.get(self.pos), Some(b'-' | b':')) && self.text[self.pos - 1].is_ascii_digit()
    }

    /// Whether the line ends with words that are no part of `new best` or `stalled N times`, such as `no effect`: then
    /// the number before them is whole.
    #[inline(never)]
    fn is_other_verdict(&self) -> bool {
        let rest = self.text.get(self.pos..).unwrap_or_default().trim_ascii();
        let begins = |word: &[u8]| word.starts_with(rest) || rest.starts_with(word);
        rest.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b' ')
            && !begins(word::NEW_BEST)
            && !begins(word::STALLED)
    }

    /// Reads an optional part: where it is not there, nothing has moved.
    #[inline]
    fn optional(&mut self, part: impl FnOnce(&mut Self) -> Option<f64>) -> Option<f64> {
        let (pos, malformed, places) = (self.pos, self.malformed, self.places);
        let read = part(self);
        if read.is_none() {
            (self.pos, self.malformed, self.places) = (pos, malformed, places);
        }
        read
    }
}

/// Reads a training record whose `Ep. ` stands at `pos`.
#[inline]
pub fn training(text: &[u8], pos: usize) -> Found<Training> {
    let mut cursor = Cursor { text, pos, malformed: false, places: 0 };
    let Some(record) = training_fields(&mut cursor) else { return Found::Nothing };
    if cursor.malformed || !record.epoch.is_finite() || cursor.is_glued() {
        return Found::Malformed(cursor.pos);
    }
    Found::Record(record, cursor.pos)
}

#[inline]
fn training_fields(c: &mut Cursor<'_>) -> Option<Training> {
    c.keyword(word::EPOCH)?;
    let epoch = c.float()?;
    c.separator()?;
    c.keyword(word::UPDATE)?;
    let up = c.integer()?;
    c.separator()?;
    c.keyword(word::SENTENCES)?;
    let sen = c.integer()?;
    c.separator()?;
    c.keyword(word::COST)?;
    let cost = c.float()?;
    let mut record = Training { epoch, up, sen, cost, ..Training::default() };
    let mut field = 1;
    record.labels = c.optional(|c| {
        c.mark(word::LABELS[0])?;
        c.integer()
    });
    if record.labels.is_some() {
        field = 2;
        record.batch_labels = c.optional(|c| {
            c.mark(word::BATCH_LABELS[0])?;
            c.integer()
        });
        record.total_labels = c.optional(|c| {
            c.blanks();
            c.keyword(word::AFTER)?;
            c.integer()
        });
        if record.total_labels.is_some() {
            field = 4;
        } else if record.batch_labels.is_some() {
            field = 3;
        }
    }
    record.time = c.optional(|c| {
        c.separator()?;
        c.keyword(word::TIME)?;
        let time = c.float()?;
        c.literal(word::SECONDS)?;
        Some(time)
    });
    record.rate = c.optional(|c| {
        c.separator()?;
        let rate = c.float()?;
        c.keyword(b" ")?;
        c.literal(word::RATE)?;
        Some(rate)
    });
    record.gnorm = c.optional(|c| {
        c.separator()?;
        c.keyword(word::GNORM)?;
        c.float()
    });
    record.learning_rate = c.optional(|c| {
        c.separator()?;
        c.keyword(word::LEARNING_RATE)?;
        c.float()
    });
    for (value, at) in [(record.time, 5), (record.rate, 6), (record.gnorm, 7), (record.learning_rate, 8)] {
        if value.is_some() {
            field = at;
        }
    }
    // The units of time and rate show that their numbers are whole.
    record.reach = Reach { field, places: if matches!(field, 5 | 6) { 0 } else { c.places } };
    Some(record)
}

/// Reads a validation record whose `[valid] ` stands at `pos`.
#[inline]
pub fn validation(text: &[u8], pos: usize) -> Found<Validation> {
    let mut cursor = Cursor { text, pos, malformed: false, places: 0 };
    let Some(record) = validation_fields(&mut cursor) else { return Found::Nothing };
    if cursor.malformed || record.epoch.is_some_and(|epoch| !epoch.is_finite()) {
        return Found::Malformed(cursor.pos);
    }
    Found::Record(record, cursor.pos)
}

#[inline]
fn validation_fields(c: &mut Cursor<'_>) -> Option<Validation> {
    c.keyword(word::VALID)?;
    let epoch = c.optional(|c| {
        c.keyword(word::EPOCH)?;
        let epoch = c.float()?;
        c.separator()?;
        c.keyword(word::UPDATE)?;
        Some(epoch)
    });
    let up = c.integer()?;
    c.mark(b':')?;
    let start = c.pos;
    while c.text.get(c.pos).is_some_and(|byte| !matches!(byte, b' ' | b'\t'..=b'\r' | b':')) {
        c.pos += 1;
    }
    let metric = start..c.pos;
    if !c.text[metric.clone()].iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    c.mark(b':')?;
    let value = c.float()?;
    let mut record =
        Validation { epoch, up, metric, value, stalled: None, best: None, reach: Reach { field: 1, places: 0 } };
    let mut verdict = None;
    c.optional(|c| {
        c.mark(b':')?;
        if c.literal(word::NEW_BEST).is_some() || c.is_other_verdict() {
            verdict = Some(2);
            return Some(0.0);
        }
        c.keyword(word::STALLED)?;
        let stalled = c.integer()?;
        c.keyword(b" ")?;
        c.literal(word::TIMES)?;
        verdict = Some(3);
        record.stalled = Some(stalled);
        Some(stalled)
    });
    if record.stalled.is_some() {
        record.best = c.optional(|c| {
            c.blanks();
            c.keyword(word::LAST_BEST)?;
            let best = c.float()?;
            c.literal(b")")?;
            Some(best)
        });
    }
    if let Some(field) = verdict {
        // A parenthesis that is no whole `(last best: …)` was cut.
        let open = field == 3 && !c.text.get(c.pos..).unwrap_or_default().trim_ascii().is_empty();
        record.reach = Reach { field: if record.best.is_some() { 4 } else { field }, places: u32::from(open) };
    }
    Some(record)
}

/// A part of a record.
enum Part {
    /// A word.
    Word(&'static [u8]),
    /// A word with blanks behind it.
    Keyword(&'static [u8]),
    /// Blanks and colons.
    Separator,
    /// A mark with blanks around it.
    Mark(u8),
    Blanks,
    Float,
    Integer,
    Metric,
    /// So many parts that follow may be missing.
    Optional(usize),
}

use Part::{Blanks, Float, Integer, Keyword, Mark, Metric, Optional, Separator, Word};

const TRAINING: &[Part] = &[
    Keyword(word::EPOCH),
    Float,
    Separator,
    Keyword(word::UPDATE),
    Integer,
    Separator,
    Keyword(word::SENTENCES),
    Integer,
    Separator,
    Keyword(word::COST),
    Float,
    Optional(2),
    Mark(word::LABELS[0]),
    Integer,
    Optional(2),
    Mark(word::BATCH_LABELS[0]),
    Integer,
    Optional(3),
    Blanks,
    Keyword(word::AFTER),
    Integer,
    Optional(4),
    Separator,
    Keyword(word::TIME),
    Float,
    Word(word::SECONDS),
    Optional(4),
    Separator,
    Float,
    Keyword(b" "),
    Word(word::RATE),
    Optional(3),
    Separator,
    Keyword(word::GNORM),
    Float,
    Optional(3),
    Separator,
    Keyword(word::LEARNING_RATE),
    Float,
];

const VALIDATION: &[Part] = &[
    Keyword(word::VALID),
    Optional(4),
    Keyword(word::EPOCH),
    Float,
    Separator,
    Keyword(word::UPDATE),
    Integer,
    Mark(b':'),
    Metric,
    Mark(b':'),
    Float,
    Optional(2),
    Mark(b':'),
    Word(word::NEW_BEST),
    Optional(5),
    Mark(b':'),
    Keyword(word::STALLED),
    Integer,
    Keyword(b" "),
    Word(word::TIMES),
    Optional(4),
    Blanks,
    Keyword(word::LAST_BEST),
    Float,
    Word(b")"),
];

/// Whether the text ends inside a training record that stands at its start, or where the record could go on.
#[cold]
pub fn ends_inside_training(text: &[u8]) -> bool {
    ends_inside(TRAINING, text)
}

/// Whether the text ends inside a validation record that stands at its start, or where the record could go on.
#[cold]
pub fn ends_inside_validation(text: &[u8]) -> bool {
    ends_inside(VALIDATION, text)
}

fn ends_inside(parts: &[Part], text: &[u8]) -> bool {
    let mut walk = Walk { text, ended: false };
    let (mut pos, mut at) = (0, 0);
    while let Some(part) = parts.get(at) {
        at += 1;
        if let Optional(length) = part {
            let group = parts.get(at..at + length).unwrap_or_default();
            pos = group.iter().try_fold(pos, |pos, part| walk.step(part, pos)).unwrap_or(pos);
            at += length;
        } else {
            let Some(next) = walk.step(part, pos) else { break };
            pos = next;
        }
    }
    walk.ended
}

/// Walks over the parts of a record, remembering whether the text ended in one.
struct Walk<'a> {
    text: &'a [u8],
    ended: bool,
}

impl Walk<'_> {
    fn step(&mut self, part: &Part, pos: usize) -> Option<usize> {
        let blank = |byte: u8| matches!(byte, b' ' | b'\t');
        match part {
            Word(word) => self.word(word, pos),
            Keyword(word) => {
                let end = self.word(word, pos)?;
                Some(self.span(end, blank))
            }
            Separator => {
                let end = self.span(pos, |byte| blank(byte) || byte == b':');
                (end > pos).then_some(end)
            }
            Mark(mark) => {
                let at = self.span(pos, blank);
                let end = self.word(&[*mark], at)?;
                Some(self.span(end, blank))
            }
            Blanks => Some(self.span(pos, blank)),
            Float => self.number(float(self.text, pos), pos),
            Integer => self.number(integer(self.text, pos), pos),
            Metric => {
                let end = self.span(pos, |byte| !matches!(byte, b' ' | b'\t'..=b'\r' | b':'));
                self.text.get(pos..end)?.iter().any(u8::is_ascii_alphabetic).then_some(end)
            }
            Optional(_) => Some(pos),
        }
    }

    fn word(&mut self, word: &[u8], pos: usize) -> Option<usize> {
        let rest = self.text.get(pos..)?;
        if rest.starts_with(word) {
            return Some(pos + word.len());
        }
        self.ended |= word.starts_with(rest);
        None
    }

    fn span(&mut self, pos: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let mut end = pos;
        while self.text.get(end).is_some_and(|&byte| belongs(byte)) {
            end += 1;
        }
        self.ended |= end == self.text.len();
        end
    }

    /// A number that ends the text may lack its end; a malformed one elsewhere ends the record.
    fn number(&mut self, read: Option<(Token, usize)>, pos: usize) -> Option<usize> {
        match read {
            Some((token, end)) => {
                self.ended |= end == self.text.len();
                (token != Token::Malformed).then_some(end)
            }
            None => {
                // `-`, `na`, `-in`.
                let rest = self.text.get(pos..)?;
                let word = rest.strip_prefix(b"-").or(rest.strip_prefix(b"+")).unwrap_or(rest);
                self.ended |= b"nan".starts_with(word) || b"inf".starts_with(word);
                None
            }
        }
    }
}
