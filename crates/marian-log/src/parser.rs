//! The parser: any chunks of a log in, batches of columns out.

use crate::batch::{present, Batch, Event, EventKind};
use crate::context::{is_stray, Context};
use crate::cut::{Entry, Kind, Place, Record, Start, Verdict, Waiting};
use crate::exact::{Exact, Line as ExactLine, Reader, WINDOW};
use crate::line::{cut_mark, find, items, next_start, Item};
use crate::mark::{Mark, Marks};
use crate::pattern::{Pattern, PatternError};
use crate::prefix::{known_prefix, task_prefix};
use crate::record::{Training, Validation};
use crate::stamp::{Headers, Time};
use crate::stats::Stats;
use memchr::{memchr, memrchr};

/// Longest line that is read whole; of a longer one only this much is, and it is counted.
pub const MAX_LINE: usize = 1 << 20;
/// Most different names of metrics in one log; a record with one more is unmatched.
pub const MAX_METRICS: usize = 1000;
/// How many unmatched lines are shown; all are counted.
const MAX_SAMPLES: u64 = 20;
/// So much of a line is looked at for the mark of a record that its end cuts.
const MAX_TAIL: usize = 128;
/// Longest text of an unmatched line that is shown.
const MAX_SAMPLE: usize = 2000;

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
    begun: bool,
    /// Some of it is settled.
    divided: bool,
}

/// Reads a log chunk by chunk. How it is divided into chunks makes no difference to what is found.
pub struct Parser {
    reader: Reader,
    stats: Stats,
    /// The line that has begun and not ended, without what of it is settled.
    partial: Vec<u8>,
    partial_offset: u64,
    line: Line,
    /// The end of the last line that has ended.
    tail: Vec<u8>,
    /// The rest of an overlong text is passed over.
    skipping: bool,
    context: Option<Context>,
    metrics: Vec<String>,
    patterns: Vec<Pattern>,
    marks: Option<Marks>,
    latest_up: Option<f64>,
    /// Line of the last unmatched text: a line counts once.
    unmatched_line: f64,
    waiting: Waiting,
    /// The log is still written: nothing waits longer than for the next line.
    live: bool,
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
            reader: Reader::default(),
            stats: Stats::default(),
            partial: Vec::new(),
            partial_offset: 0,
            line: Line::default(),
            tail: Vec::new(),
            skipping: false,
            context: None,
            metrics: Vec::new(),
            patterns: Vec::new(),
            marks: None,
            latest_up: None,
            unmatched_line: 0.0,
            waiting: Waiting::default(),
            live: false,
        }
    }

    /// For a log that is still written: a record that may be cut waits for the next line only, or for
    /// [`Self::settle`]; how far the records up to then reach decides.
    pub fn set_live(&mut self) {
        self.live = true;
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

    /// Adds the name of a metric that another parser has met.
    pub fn add_metric(&mut self, name: &str) {
        self.metrics.push(name.to_owned());
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

    /// Whether a record waits for the lines after it, or something for that record.
    pub fn holds(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Hands over what waits, by what is known. The line that has begun is not touched.
    pub fn settle(&mut self, batch: &mut Batch) {
        self.resolve(Verdict::Now, batch);
    }

    /// Ends the log: settles its last line and an open configuration.
    pub fn finish(&mut self, batch: &mut Batch) {
        if self.line.begun {
            self.end_line(End::Open, batch);
        }
        self.resolve(Verdict::SegmentEnd, batch);
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
        let mut cursor = 0;
        while cursor < block.len() {
            let each =
                every_line || self.waiting.holds() || (self.live && !self.waiting.is_empty()) || self.start_goes_on();
            if !each {
                // Configuration stands after a banner, so that after the first it is not looked for elsewhere.
                let configured = self.stats.starts == 0 || self.context.is_some();
                let (start, lines) = next_start(block, cursor, configured);
                self.stats.lines += lines;
                if start == block.len() {
                    break;
                }
                cursor = self.read_exact(block, start, batch);
                if cursor > start {
                    continue;
                }
            } else if self.patterns.is_empty() && self.marks.as_ref().is_some_and(Marks::is_idle) {
                let start = cursor;
                cursor = self.read_exact(block, start, batch);
                if cursor > start {
                    // No more marks can be in them.
                    self.with_marks(batch, |marks, each| marks.spoken(true, true, each));
                    continue;
                }
            }
            let start = cursor;
            let end = memchr(b'\n', &block[start..]).map_or(block.len(), |found| start + found);
            match start.checked_sub(1) {
                Some(before) => self.look_back(&block[..before], base + start as u64, &block[start..end]),
                None => self.look_back_at_tail(base, &block[start..end]),
            }
            self.scan_line(&block[start..end], base + start as u64, End::Closed, batch);
            self.line = Line::default();
            self.stats.lines += 1;
            cursor = end + 1;
        }
        self.stats.bytes = base + block.len() as u64;
        if let Some((_, lines)) = block.split_last() {
            self.keep_tail(lines);
        }
    }

    /// Reads the lines from `start` on that are whole records in Marian's form and nothing else, as long as nothing
    /// waits; returns where the first other line starts.
    #[inline(never)]
    fn read_exact(&mut self, block: &[u8], start: usize, batch: &mut Batch) -> usize {
        let base = self.stats.bytes;
        let mut cursor = start;
        let before = start.checked_sub(1).map_or(self.tail.as_slice(), |before| &block[..before]);
        // After a record, no line looks back.
        if !self.waiting.is_empty() || self.context.is_some() || may_end_in_mark(before) {
            return cursor;
        }
        while let Some(window) = block.get(cursor..).and_then(<[u8]>::first_chunk::<WINDOW>) {
            let Some(row) = batch.cells.room().first_chunk_mut() else { break };
            let Some(exact) = self.reader.line(window, row) else { break };
            let place = |line: f64, segment: f64, at: usize, time| Place {
                line,
                offset: (base + (cursor + at) as u64) as f64,
                segment,
                time: Some(time),
            };
            let (line, segment) = (self.line_number(), self.segment());
            let end = match exact {
                Exact::Training(ExactLine { record, at, end, time, cells }) => {
                    if !self.waiting.shape(Kind::Training).holds(record.reach) {
                        break;
                    }
                    self.latest_up = Some(record.up);
                    self.training(&record, place(line, segment, at, time), cells, batch);
                    end
                }
                Exact::Validation(ExactLine { record, at, end, time, .. }) => {
                    self.latest_up = Some(record.up);
                    self.waiting.note(Kind::Validation, record.reach);
                    let name = &window[record.metric.clone()];
                    self.validation(&record, name, place(line, segment, at, time), &window[..end], batch);
                    end
                }
            };
            self.stats.lines += 1;
            cursor += end + 1;
        }
        cursor
    }

    /// Keeps the end of the last of these lines.
    fn keep_tail(&mut self, lines: &[u8]) {
        let end = &lines[lines.len().saturating_sub(MAX_TAIL)..];
        let start = memrchr(b'\n', end).map_or(0, |at| at + 1);
        self.tail.clear();
        self.tail.extend_from_slice(&end[start..]);
    }

    fn look_back_at_tail(&mut self, offset: u64, line: &[u8]) {
        let tail = std::mem::take(&mut self.tail);
        self.look_back(&tail, offset, line);
        self.tail = tail;
    }

    /// Where the line before this one ends inside the mark of a record, the record may go on here. `offset` is that of
    /// this line.
    #[inline]
    fn look_back(&mut self, before: &[u8], offset: u64, line: &[u8]) {
        if may_end_in_mark(before) && !self.waiting.holds() {
            self.hold_mark(&before[before.len().saturating_sub(MAX_TAIL)..], offset, line);
        }
    }

    #[cold]
    fn hold_mark(&mut self, before: &[u8], offset: u64, line: &[u8]) {
        let end = before.strip_suffix(b"\r").unwrap_or(before);
        let start = end.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        let Some((at, kind, headers)) = cut_mark(&end[start..], line) else { return };
        // Lines without it are not looked at wherever chunks end.
        if find(line, b"p. ").is_none() {
            return;
        }
        let text = &end[start + at..];
        let mut place = self.place(offset - (before.len() - start - at) as u64 - 1, headers);
        place.line -= 1.0;
        let prefixed = known_prefix(&end[start..]) > 0;
        self.waiting.hold(None, Start { kind, place, prefixed, text, sample: b"", counted: false });
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
            self.line.divided = true;
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
        if !self.line.divided {
            self.look_back_at_tail(self.partial_offset, &partial);
        }
        self.keep_tail(&partial);
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
        let goes_on = !self.waiting.is_empty() && self.take_continuation(text, batch);
        let (line, task) = (self.line_number(), self.line.task);
        self.with_marks(batch, |marks, each| marks.scan(text, line, task, each));
        if !goes_on {
            self.scan_items(text, offset, end, batch);
        }
        if let Some(context) = self.context.as_mut().filter(|context| context.goes_on()) {
            context.go_on(text, line);
        }
        if !self.patterns.is_empty() {
            self.match_patterns(text, batch);
        }
    }

    fn start_goes_on(&self) -> bool {
        self.context.as_ref().is_some_and(Context::goes_on)
    }

    /// Takes a text that goes on where the record before it was cut; false where it does not.
    #[inline(never)]
    fn take_continuation(&mut self, text: &[u8], batch: &mut Batch) -> bool {
        let taken = self.waiting.holds() && self.waiting.go_on(text);
        if !taken {
            self.waiting.release();
        }
        let verdict = if self.live && !self.waiting.holds() { Verdict::Now } else { Verdict::Known };
        self.resolve(verdict, batch);
        taken
    }

    fn scan_items(&mut self, text: &[u8], offset: u64, end: End, batch: &mut Batch) {
        // Only the last record of a text can go on in the next line, so one that may be cut waits for the next record.
        let mut last: Option<(Item<'_>, usize, Place)> = None;
        items(text, |item, at, headers| {
            if self.marks.is_some() && (headers.stamp.is_some() || !matches!(item, Item::Begun(..))) {
                let record = matches!(item, Item::Training(_) | Item::Validation(_));
                self.with_marks(batch, |marks, each| marks.spoken(headers.stamp.is_some(), record, each));
            }
            if let Some((item, _, place)) = last.take() {
                self.suspect(text, item, place, batch);
            }
            let place = self.place(offset + at as u64, headers);
            if !self.take(text, &item, place, batch) {
                last = Some((item, at, place));
            }
        });
        let Some((item, at, place)) = last else { return };
        // In an overlong text a record this near the end has nothing to be compared with.
        if end == End::Cut && text.len() - at < MAX_SAMPLE {
            self.unmatched(place.line, text, batch);
        } else if end == End::Closed {
            self.hold(text, item, at, place, batch);
        } else {
            self.suspect(text, item, place, batch);
        }
    }

    /// Lets `look` look for marks, where they are asked for, and makes events of those that it finds.
    fn with_marks(&mut self, batch: &mut Batch, look: impl FnOnce(&mut Marks, &mut dyn FnMut(Mark))) {
        let Some(mut marks) = self.marks.take() else { return };
        look(&mut marks, &mut |mark| self.mark(&mark, batch));
        self.marks = Some(marks);
    }

    #[inline(never)]
    fn mark(&mut self, Mark { kind, line, headers, text }: &Mark, batch: &mut Batch) {
        let (timestamp, bits) = stamped(headers.time(None));
        let event = Event {
            kind: EventKind::Mark,
            line: *line,
            segment: self.segment(),
            timestamp,
            up: self.latest_up.unwrap_or_default(),
            present: bits | if self.latest_up.is_some() { present::UP } else { 0 },
            texts: 2,
        };
        self.event(event, &[kind.name().as_bytes(), text], batch);
    }

    fn place(&self, offset: u64, headers: Headers) -> Place {
        let time = headers.time(self.line.task);
        Place { line: self.line_number(), offset: offset as f64, segment: self.segment(), time }
    }

    /// Takes an item; false where it is a record that may be cut.
    #[inline]
    fn take(&mut self, text: &[u8], item: &Item<'_>, place: Place, batch: &mut Batch) -> bool {
        match item {
            Item::Training(record) => {
                if !self.waiting.shape(Kind::Training).holds(record.reach) {
                    return false;
                }
                if self.context.is_some() {
                    self.close_context(batch);
                }
                self.latest_up = Some(record.up);
                if self.waiting.is_empty() {
                    self.training(record, place, 0, batch);
                } else {
                    self.waiting.arrived(Kind::Training, record.reach);
                    self.waiting.push(Entry::Record(Record::Training(*record), place));
                    self.resolve(Verdict::Known, batch);
                }
            }
            Item::Validation(record) => {
                if !record.is_complete() {
                    return false;
                }
                self.close_context(batch);
                self.latest_up = Some(record.up);
                let name = &text[record.metric.clone()];
                if self.waiting.is_empty() {
                    self.waiting.note(Kind::Validation, record.reach);
                    self.validation(record, name, place, text, batch);
                } else {
                    self.waiting.arrived(Kind::Validation, record.reach);
                    self.waiting.push(Entry::Record(Record::Validation(record.clone(), name.to_vec()), place));
                    self.resolve(Verdict::Known, batch);
                }
            }
            Item::Begun(..) => return false,
            Item::Unreadable => self.unmatched(place.line, text, batch),
            Item::Marian(words) => self.marian(words, place.time, batch),
            Item::Config(words) => self.config(words, place.time, batch),
        }
        if matches!(item, Item::Marian(_) | Item::Config(_)) {
            if let Some(context) = &mut self.context {
                context.head(text, place.line);
            }
        }
        true
    }

    /// What an item that may be cut holds.
    fn record(&mut self, text: &[u8], item: Item<'_>) -> Option<Record> {
        let record = match item {
            Item::Training(record) => Record::Training(record),
            Item::Validation(record) => {
                let name = text[record.metric.clone()].to_vec();
                Record::Validation(record, name)
            }
            _ => return None,
        };
        self.latest_up = Some(match &record {
            Record::Training(record) => record.up,
            Record::Validation(record, _) => record.up,
        });
        Some(record)
    }

    /// An item that may be cut and does not go on in the next line.
    #[inline(never)]
    fn suspect(&mut self, text: &[u8], item: Item<'_>, place: Place, batch: &mut Batch) {
        let counted = !matches!(item, Item::Begun(_, false));
        match self.record(text, item) {
            Some(record) => {
                self.close_context(batch);
                self.waiting.suspect(record, place, sample(text));
                self.resolve(Verdict::Known, batch);
            }
            None if counted => self.unmatched(place.line, text, batch),
            None => {}
        }
    }

    /// An item that may be cut at the end of its line.
    #[inline(never)]
    fn hold(&mut self, text: &[u8], item: Item<'_>, at: usize, place: Place, batch: &mut Batch) {
        let (kind, counted) = match item {
            Item::Training(_) => (Kind::Training, true),
            Item::Validation(_) => (Kind::Validation, true),
            Item::Begun(kind, counted) => (kind, counted),
            _ => return,
        };
        let record = self.record(text, item);
        if record.is_some() {
            self.close_context(batch);
        }
        let prefixed = known_prefix(text) > 0;
        self.waiting.hold(record, Start { kind, place, prefixed, text: &text[at..], sample: sample(text), counted });
    }

    /// Gives verdicts and hands over what is out of doubt.
    #[inline(never)]
    fn resolve(&mut self, verdict: Verdict, batch: &mut Batch) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.judge(verdict);
        for entry in self.waiting.ready() {
            match entry {
                Entry::Record(Record::Training(record), place) => self.training(&record, place, 0, batch),
                Entry::Record(Record::Validation(record, name), place) => {
                    self.validation(&record, &name, place, &name, batch);
                }
                Entry::Unmatched(line, text) => self.show_unmatched(line, &text, batch),
                Entry::Event(event, texts) => hand_over(event, texts.iter().map(Vec::as_slice), batch),
                Entry::Nothing => {}
            }
        }
    }

    fn line_number(&self) -> f64 {
        (self.stats.lines + 1) as f64
    }

    fn segment(&self) -> f64 {
        self.stats.starts.saturating_sub(1) as f64
    }

    /// Adds a training record, with so many bytes of cells.
    #[inline(never)]
    fn training(&mut self, record: &Training, place: Place, cells: usize, batch: &mut Batch) {
        self.stats.training += 1;
        let (timestamp, mut bits) = stamped(place.time);
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
        columns.line.push(place.line);
        columns.offset.push(place.offset);
        columns.segment.push(place.segment);
        columns.timestamp.push(timestamp);
        columns.epoch.push(record.epoch);
        columns.up.push(record.up);
        columns.sen.push(record.sen);
        columns.cost.push(record.cost);
        columns.present.push(bits);
        batch.training_present |= bits;
        batch.cells.add(cells);
        batch.order.push(0);
    }

    #[inline(never)]
    fn validation(&mut self, record: &Validation, name: &[u8], place: Place, text: &[u8], batch: &mut Batch) {
        let Some(metric) = self.metric(name) else { return self.show_unmatched(place.line, text, batch) };
        self.stats.validation += 1;
        let (timestamp, mut bits) = stamped(place.time);
        for (value, bit) in
            [(record.epoch, present::EPOCH), (record.stalled, present::STALLED), (record.best, present::BEST)]
        {
            if value.is_some() {
                bits |= bit;
            }
        }
        let columns = &mut batch.validation;
        columns.line.push(place.line);
        columns.offset.push(place.offset);
        columns.segment.push(place.segment);
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

    #[inline(never)]
    fn unmatched(&mut self, line: f64, text: &[u8], batch: &mut Batch) {
        if self.waiting.is_empty() {
            self.show_unmatched(line, text, batch);
        } else {
            self.waiting.push(Entry::Unmatched(line, sample(text).to_vec()));
        }
    }

    #[inline(never)]
    fn show_unmatched(&mut self, line: f64, text: &[u8], batch: &mut Batch) {
        if std::mem::replace(&mut self.unmatched_line, line) == line {
            return;
        }
        self.stats.unmatched += 1;
        if self.stats.unmatched <= MAX_SAMPLES {
            let event = Event {
                kind: EventKind::Unmatched,
                line,
                segment: self.segment(),
                timestamp: 0.0,
                up: 0.0,
                present: 0,
                texts: 1,
            };
            hand_over(event, [sample(text)], batch);
        }
    }

    #[inline(never)]
    fn match_patterns(&mut self, text: &[u8], batch: &mut Batch) {
        let patterns = std::mem::take(&mut self.patterns);
        for pattern in &patterns {
            pattern.matches(text, |values| {
                let mut texts = vec![pattern.name.as_bytes()];
                for (group, value) in values {
                    texts.extend([group.as_bytes(), value]);
                }
                self.stats.patterns += 1;
                let event = Event {
                    kind: EventKind::Pattern,
                    line: self.line_number(),
                    segment: self.segment(),
                    timestamp: 0.0,
                    up: self.latest_up.unwrap_or_default(),
                    present: if self.latest_up.is_some() { present::UP } else { 0 },
                    texts: texts.len() as u32,
                };
                self.event(event, &texts, batch);
            });
        }
        self.patterns = patterns;
    }

    /// Hands an event over, after all that waits.
    #[inline(never)]
    fn event(&mut self, event: Event, texts: &[&[u8]], batch: &mut Batch) {
        if self.waiting.is_empty() {
            hand_over(event, texts.iter().copied(), batch);
        } else {
            self.waiting.push(Entry::Event(event, texts.iter().map(|text| text.to_vec()).collect()));
            self.resolve(Verdict::Known, batch);
        }
    }

    fn marian(&mut self, text: &[u8], time: Option<Time>, batch: &mut Batch) {
        if text.starts_with(b"Marian v") {
            self.close_context(batch);
            // What stands before the first start belongs to its segment.
            if self.stats.starts > 0 {
                self.resolve(Verdict::SegmentEnd, batch);
                self.waiting.restart();
            }
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
        let event = Event {
            kind: EventKind::Segment,
            line: context.line,
            segment: context.segment,
            timestamp: context.timestamp,
            up: 0.0,
            present: context.present,
            texts: 5,
        };
        let (command_line, loose) = context.command_line();
        let texts: [&[u8]; 5] = [&context.version, &context.revision, &command_line, &context.config, &loose];
        self.event(event, &texts, batch);
    }
}

fn hand_over<'t>(event: Event, texts: impl IntoIterator<Item = &'t [u8]>, batch: &mut Batch) {
    for text in texts {
        batch.texts.push(text);
    }
    batch.order.push(event.kind as u8);
    batch.events.push(event);
}

/// Whether a line may end inside the mark of a record; cheap, and true too often.
#[inline]
fn may_end_in_mark(line: &[u8]) -> bool {
    matches!(
        line.strip_suffix(b"\r").unwrap_or(line),
        [.., b']']
            | [.., b']', b' ']
            | [.., b' ' | b']', b'E' | b'[']
            | [.., b'E', b'p']
            | [.., b'p', b'.']
            | [.., b'[', b'v']
            | [.., b'v', b'a']
            | [.., b'a', b'l']
            | [.., b'l', b'i']
            | [.., b'i', b'd']
    )
}

/// What is shown of an unmatched line.
fn sample(text: &[u8]) -> &[u8] {
    text.get(..MAX_SAMPLE).unwrap_or(text)
}

fn stamped(time: Option<Time>) -> (f64, u32) {
    match time {
        Some(Time::Utc(time)) => (time, present::TIMESTAMP | present::UTC),
        Some(Time::Local(time)) => (time, present::TIMESTAMP),
        None => (0.0, 0),
    }
}
