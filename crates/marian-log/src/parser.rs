//! The parser: any chunks of a log in, batches of columns out.

use crate::batch::{present, Batch, Event, EventKind};
use crate::context::{is_stray, Context};
use crate::line::{items, Item};
use crate::mark::{Mark, Marks};
use crate::pattern::{Pattern, PatternError};
use crate::prefix::task_prefix;
use crate::record::{Reach, Training, Validation};
use crate::stamp::{Headers, Time};
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};

/// Longest line that is read whole; of a longer one only this much is, and it is counted.
pub const MAX_LINE: usize = 1 << 20;
/// Most different names of metrics in one log; a record with one more is unmatched.
pub const MAX_METRICS: usize = 1000;
/// How many unmatched lines are shown; all are counted.
const MAX_SAMPLES: u64 = 20;
/// Longest text of an unmatched line that is shown.
const MAX_SAMPLE: usize = 2000;

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
    /// Lines of which only the first [`MAX_LINE`] bytes were read.
    pub overlong: u64,
    /// Starts of Marian.
    pub starts: u64,
}

/// Place of `[config] ` among the finders, the last.
const CONFIG_NEEDLE: usize = 3;

/// How the end of a text may be trusted.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// A line feed or carriage return closes it.
    Closed,
    /// The log ends here.
    Open,
    /// It goes on, but is too long.
    Cut,
}

/// State of the line that is being read; carriage returns divide a line into texts.
#[derive(Clone, Copy, Default)]
struct Line {
    task: Option<f64>,
    unmatched: bool,
    begun: bool,
}

/// Reads a log chunk by chunk. How it is divided into chunks makes no difference to what is found.
pub struct Parser {
    finders: [Finder<'static>; 4],
    stats: Stats,
    /// The line that has begun and not ended, without what of it is settled.
    partial: Vec<u8>,
    partial_offset: u64,
    line: Line,
    /// The rest of an overlong text is passed over.
    skipping: bool,
    context: Option<Context>,
    metrics: Vec<String>,
    patterns: Vec<Pattern>,
    marks: Option<Marks>,
    latest_up: Option<f64>,
    training_reach: Option<Reach>,
    validation_reach: Option<Reach>,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Parser {
    /// A parser for one log.
    pub fn new() -> Self {
        Self {
            // What a line must hold to be worth a look.
            finders: [b"Ep. ".as_slice(), b"[valid] ", b"[marian] ", b"[config] "].map(Finder::new),
            stats: Stats::default(),
            partial: Vec::new(),
            partial_offset: 0,
            line: Line::default(),
            skipping: false,
            context: None,
            metrics: Vec::new(),
            patterns: Vec::new(),
            marks: None,
            latest_up: None,
            training_reach: None,
            validation_reach: None,
        }
    }

    /// Adds a pattern of the user's; every match in a line becomes an event.
    pub fn add_pattern(&mut self, name: &str, regex: &str) -> Result<(), PatternError> {
        self.patterns.push(Pattern::new(name, regex)?);
        Ok(())
    }

    /// Looks for what the log says between its records, too; every line is looked at then.
    pub fn find_marks(&mut self) {
        self.marks.get_or_insert_with(Marks::new);
    }

    /// Names of the validation metrics met so far; the `metric` column holds indices into them.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// What has been counted.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Takes the next bytes of the log and adds what they complete to `batch`.
    pub fn feed(&mut self, chunk: &[u8], batch: &mut Batch) {
        // A slice is never longer than the longest line, so that an overlong line always passes through `extend`.
        for slice in chunk.chunks(MAX_LINE) {
            self.feed_slice(slice, batch);
        }
    }

    /// Ends the log: settles its last line and an open configuration.
    pub fn finish(&mut self, batch: &mut Batch) {
        if self.line.begun {
            self.end_line(End::Open, batch);
        }
        self.with_marks(batch, |marks, each| marks.finish(each));
        self.close_context(batch);
    }

    fn feed_slice(&mut self, slice: &[u8], batch: &mut Batch) {
        let mut rest = slice;
        if self.line.begun {
            let Some(end) = memchr(b'\n', rest) else { return self.extend(rest, batch) };
            self.extend(&rest[..end], batch);
            self.end_line(End::Closed, batch);
            self.stats.bytes += 1;
            rest = &rest[end + 1..];
        }
        let end = memrchr(b'\n', rest).map_or(0, |at| at + 1);
        self.scan_lines(&rest[..end], batch);
        self.extend(&rest[end..], batch);
    }

    /// Reads whole lines.
    fn scan_lines(&mut self, block: &[u8], batch: &mut Batch) {
        let base = self.stats.bytes;
        let every_line = !self.patterns.is_empty() || self.marks.is_some();
        let mut next = [0; 4];
        let mut cursor = 0;
        while cursor < block.len() {
            let at = if every_line { Some(cursor) } else { self.nearest(block, cursor, &mut next) };
            let Some(at) = at else { break };
            let start = memrchr(b'\n', &block[cursor..at]).map_or(cursor, |found| cursor + found + 1);
            let end = memchr(b'\n', &block[at..]).map_or(block.len(), |found| at + found);
            self.stats.lines += memchr_iter(b'\n', &block[cursor..start]).count() as u64;
            self.scan_line(&block[start..end], base + start as u64, End::Closed, batch);
            self.line = Line::default();
            self.stats.lines += 1;
            cursor = end + 1;
        }
        if cursor < block.len() {
            self.stats.lines += memchr_iter(b'\n', &block[cursor..]).count() as u64;
        }
        self.stats.bytes = base + block.len() as u64;
    }

    /// The nearest place at or behind `cursor` that holds a needle; `next` remembers for each needle where it was
    /// found (1-based; 0 unknown), so that every byte is searched once for each.
    #[inline]
    fn nearest(&self, block: &[u8], cursor: usize, next: &mut [usize; 4]) -> Option<usize> {
        let mut best = usize::MAX;
        // Configuration stands behind a banner, so that after the first it is not searched for elsewhere.
        let needles = if self.stats.starts > 0 && self.context.is_none() { CONFIG_NEEDLE } else { next.len() };
        for (finder, known) in self.finders.iter().zip(next.iter_mut()).take(needles) {
            if *known <= cursor {
                *known = finder.find(&block[cursor..]).map_or(usize::MAX, |at| cursor + at + 1);
            }
            best = best.min(*known);
        }
        (best != usize::MAX).then(|| best - 1)
    }

    /// Adds bytes without a line feed to the line that has begun.
    fn extend(&mut self, data: &[u8], batch: &mut Batch) {
        let mut data = data;
        self.line.begun |= !data.is_empty();
        while !data.is_empty() {
            if self.skipping {
                let end = memchr(b'\r', data).map_or(data.len(), |at| at + 1);
                self.skipping = !data[..end].ends_with(b"\r");
                self.stats.bytes += end as u64;
                data = &data[end..];
                continue;
            }
            if self.partial.is_empty() {
                self.partial_offset = self.stats.bytes;
            }
            let room = data.len().min(MAX_LINE - self.partial.len());
            self.partial.extend_from_slice(&data[..room]);
            self.stats.bytes += room as u64;
            data = &data[room..];
            let Some(&more) = data.first() else { break };
            let mut partial = std::mem::take(&mut self.partial);
            match memrchr(b'\r', &partial) {
                Some(at) => {
                    self.scan_line(&partial[..at], self.partial_offset, End::Closed, batch);
                    partial.drain(..=at);
                    self.partial_offset += at as u64 + 1;
                }
                None => {
                    self.skipping = more != b'\r';
                    let end = if self.skipping { End::Cut } else { End::Closed };
                    self.scan_line(&partial, self.partial_offset, end, batch);
                    partial.clear();
                    if self.skipping {
                        self.stats.overlong += 1;
                    } else {
                        self.stats.bytes += 1;
                        data = &data[1..];
                    }
                }
            }
            self.partial = partial;
        }
    }

    fn end_line(&mut self, end: End, batch: &mut Batch) {
        let mut partial = std::mem::take(&mut self.partial);
        if !partial.is_empty() {
            self.scan_line(&partial, self.partial_offset, end, batch);
            partial.clear();
        }
        self.partial = partial;
        self.skipping = false;
        self.line = Line::default();
        self.stats.lines += 1;
    }

    /// Reads the texts of a line, or of a part of it that carriage returns close.
    fn scan_line(&mut self, line: &[u8], offset: u64, end: End, batch: &mut Batch) {
        let mut start = 0;
        while let Some(at) = memchr(b'\r', &line[start..]).map(|found| start + found) {
            self.scan_text(&line[start..at], offset + start as u64, End::Closed, batch);
            start = at + 1;
        }
        if start < line.len() {
            self.scan_text(&line[start..], offset + start as u64, end, batch);
        }
    }

    fn scan_text(&mut self, text: &[u8], offset: u64, end: End, batch: &mut Batch) {
        if self.line.task.is_none() {
            self.line.task = task_prefix(text).map(|(time, _)| time);
        }
        let (line, task) = (self.line_number(), self.line.task);
        self.with_marks(batch, |marks, each| marks.scan(text, line, task, each));
        // Only the last record of a text can be cut, so each waits until the next is known.
        let mut waiting: Option<(Item<'_>, usize, Headers)> = None;
        if end == End::Closed {
            items(text, |item, at, headers| self.take(text, offset, item, at, headers, batch));
        } else {
            items(text, |item, at, headers| {
                if let Some((item, at, headers)) = waiting.replace((item, at, headers)) {
                    self.take(text, offset, item, at, headers, batch);
                }
            });
        }
        if let Some((item, at, headers)) = waiting {
            let item = if self.is_cut(&item, text, at, end) { Item::Unreadable } else { item };
            self.take(text, offset, item, at, headers, batch);
        }
        if !self.patterns.is_empty() {
            self.match_patterns(text, batch);
        }
    }

    /// Lets `look` look for marks, where they are asked for, and makes events of those that it finds.
    fn with_marks(&mut self, batch: &mut Batch, look: impl FnOnce(&mut Marks, &mut dyn FnMut(Mark))) {
        let Some(mut marks) = self.marks.take() else { return };
        look(&mut marks, &mut |mark| self.mark(&mark, batch));
        self.marks = Some(marks);
    }

    fn mark(&self, Mark { kind, line, headers, text }: &Mark, batch: &mut Batch) {
        let (timestamp, bits) = stamped(headers.time(None));
        batch.texts.push(kind.name().as_bytes());
        batch.texts.push(text);
        batch.events.push(Event {
            kind: EventKind::Mark,
            line: *line,
            segment: self.segment(),
            timestamp,
            up: self.latest_up.unwrap_or_default(),
            present: bits | if self.latest_up.is_some() { present::UP } else { 0 },
            texts: 2,
        });
        batch.order.push(EventKind::Mark as u8);
    }

    /// Whether the last record of a text that nothing closes may lack its end.
    fn is_cut(&self, item: &Item<'_>, text: &[u8], at: usize, end: End) -> bool {
        let (reach, before) = match item {
            Item::Training(record) => (record.reach, self.training_reach),
            Item::Validation(record) => (record.reach, self.validation_reach),
            _ => return false,
        };
        // In an overlong text a record this near the end has nothing to be compared with.
        let at_the_end = end == End::Cut && text.len() - at < MAX_SAMPLE;
        at_the_end || before.is_some_and(|before| reach.stops_earlier(before))
    }

    #[inline]
    fn take(&mut self, text: &[u8], offset: u64, item: Item<'_>, at: usize, headers: Headers, batch: &mut Batch) {
        if self.marks.is_some() {
            let record = matches!(item, Item::Training(_) | Item::Validation(_));
            self.with_marks(batch, |marks, each| marks.spoken(headers.stamp.is_some(), record, each));
        }
        let time = headers.time(self.line.task);
        let offset = (offset + at as u64) as f64;
        match item {
            Item::Training(record) => self.training(&record, offset, time, batch),
            Item::Validation(record) => match self.metric(&text[record.metric.clone()]) {
                Some(metric) => self.validation(&record, metric, offset, time, batch),
                None => self.unmatched(text, batch),
            },
            Item::Unreadable => self.unmatched(text, batch),
            Item::Marian(text) => self.marian(text, time, batch),
            Item::Config(text) => self.config(text, time, batch),
        }
    }

    fn line_number(&self) -> f64 {
        (self.stats.lines + 1) as f64
    }

    fn segment(&self) -> f64 {
        self.stats.starts.saturating_sub(1) as f64
    }

    #[inline]
    fn training(&mut self, record: &Training, offset: f64, time: Option<Time>, batch: &mut Batch) {
        if self.context.is_some() {
            self.close_context(batch);
        }
        self.stats.training += 1;
        self.latest_up = Some(record.up);
        self.training_reach = Some(record.reach);
        let (timestamp, mut bits) = stamped(time);
        let columns = &mut batch.training;
        let mut optional = |column: &mut Vec<f64>, value: Option<f64>, bit: u32| {
            column.push(value.unwrap_or_default());
            if value.is_some() {
                bits |= bit;
            }
        };
        optional(&mut columns.labels, record.labels, present::LABELS);
        optional(&mut columns.batch_labels, record.batch_labels, present::BATCH_LABELS);
        optional(&mut columns.total_labels, record.total_labels, present::TOTAL_LABELS);
        optional(&mut columns.time, record.time, present::TIME);
        optional(&mut columns.rate, record.rate, present::RATE);
        optional(&mut columns.gnorm, record.gnorm, present::GNORM);
        optional(&mut columns.learning_rate, record.learning_rate, present::LEARNING_RATE);
        columns.line.push((self.stats.lines + 1) as f64);
        columns.offset.push(offset);
        columns.segment.push(self.stats.starts.saturating_sub(1) as f64);
        columns.timestamp.push(timestamp);
        columns.epoch.push(record.epoch);
        columns.up.push(record.up);
        columns.sen.push(record.sen);
        columns.cost.push(record.cost);
        columns.present.push(bits);
        batch.training_present |= bits;
        batch.order.push(0);
    }

    fn validation(&mut self, record: &Validation, metric: usize, offset: f64, time: Option<Time>, batch: &mut Batch) {
        self.close_context(batch);
        self.stats.validation += 1;
        self.latest_up = Some(record.up);
        self.validation_reach = Some(record.reach);
        let (timestamp, mut bits) = stamped(time);
        for (value, bit) in
            [(record.epoch, present::EPOCH), (record.stalled, present::STALLED), (record.best, present::BEST)]
        {
            if value.is_some() {
                bits |= bit;
            }
        }
        let (line, segment) = (self.line_number(), self.segment());
        let columns = &mut batch.validation;
        columns.line.push(line);
        columns.offset.push(offset);
        columns.segment.push(segment);
        columns.timestamp.push(timestamp);
        columns.epoch.push(record.epoch.unwrap_or_default());
        columns.up.push(record.up);
        columns.metric.push(metric as f64);
        columns.value.push(record.value);
        columns.stalled.push(record.stalled.unwrap_or_default());
        columns.best.push(record.best.unwrap_or_default());
        columns.present.push(bits);
        batch.order.push(1);
    }

    /// The index of a metric's name; `None` where the log has too many of them.
    fn metric(&mut self, name: &[u8]) -> Option<usize> {
        if let Some(index) = self.metrics.iter().position(|known| known.as_bytes() == name) {
            return Some(index);
        }
        let name = String::from_utf8_lossy(name);
        if let Some(index) = self.metrics.iter().position(|known| *known == name) {
            return Some(index);
        }
        if self.metrics.len() == MAX_METRICS {
            return None;
        }
        self.metrics.push(name.into_owned());
        Some(self.metrics.len() - 1)
    }

    fn unmatched(&mut self, text: &[u8], batch: &mut Batch) {
        if std::mem::replace(&mut self.line.unmatched, true) {
            return;
        }
        self.stats.unmatched += 1;
        if self.stats.unmatched <= MAX_SAMPLES {
            batch.texts.push(&text[..text.len().min(MAX_SAMPLE)]);
            self.event(EventKind::Unmatched, 1, batch);
        }
    }

    fn match_patterns(&mut self, text: &[u8], batch: &mut Batch) {
        let patterns = std::mem::take(&mut self.patterns);
        for pattern in &patterns {
            pattern.matches(text, |values| {
                batch.texts.push(pattern.name.as_bytes());
                let mut texts = 1;
                for (group, value) in values {
                    batch.texts.push(group.as_bytes());
                    batch.texts.push(value);
                    texts += 2;
                }
                self.stats.patterns += 1;
                self.event(EventKind::Pattern, texts, batch);
            });
        }
        self.patterns = patterns;
    }

    fn event(&self, kind: EventKind, texts: u32, batch: &mut Batch) {
        batch.events.push(Event {
            kind,
            line: self.line_number(),
            segment: self.segment(),
            timestamp: 0.0,
            up: self.latest_up.unwrap_or_default(),
            present: if self.latest_up.is_some() { present::UP } else { 0 },
            texts,
        });
        batch.order.push(kind as u8);
    }

    fn marian(&mut self, text: &[u8], time: Option<Time>, batch: &mut Batch) {
        if text.starts_with(b"Marian v") {
            self.close_context(batch);
            self.stats.starts += 1;
            let mut context = self.open_context(time);
            context.banner(text);
            self.context = Some(context);
        } else if let Some(context) = &mut self.context {
            context.describe(text);
        }
    }

    fn config(&mut self, text: &[u8], time: Option<Time>, batch: &mut Batch) {
        if self.context.is_none() {
            // Marian prints no banner before 1.2, and a log may lack its head; otherwise a banner comes first.
            if self.stats.starts > 0 || is_stray(text) {
                return;
            }
            self.context = Some(self.open_context(time));
        }
        if self.context.as_mut().is_some_and(|context| !context.configure(text)) {
            self.close_context(batch);
        }
    }

    fn open_context(&self, time: Option<Time>) -> Context {
        let (timestamp, present) = stamped(time);
        Context { line: self.line_number(), segment: self.segment(), timestamp, present, ..Context::default() }
    }

    /// Hands over the start of Marian whose configuration has ended.
    fn close_context(&mut self, batch: &mut Batch) {
        let Some(context) = self.context.take() else { return };
        for text in [&context.version, &context.revision, context.command_line(), &context.config] {
            batch.texts.push(text);
        }
        batch.events.push(Event {
            kind: EventKind::Segment,
            line: context.line,
            segment: context.segment,
            timestamp: context.timestamp,
            up: 0.0,
            present: context.present,
            texts: 4,
        });
        batch.order.push(EventKind::Segment as u8);
    }
}

fn stamped(time: Option<Time>) -> (f64, u32) {
    match time {
        Some(Time::Utc(time)) => (time, present::TIMESTAMP | present::UTC),
        Some(Time::Local(time)) => (time, present::TIMESTAMP),
        None => (0.0, 0),
    }
}
