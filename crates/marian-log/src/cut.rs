//! Which records may have lost their end, and what waits until that is known.
//!
//! A line feed can cut a record (a folded log, a torn write, a full disk): what is left reads like a record whose
//! last number is short. Records of one segment reach equally far, so one that stops earlier than the others is
//! suspected. It waits for the lines after it, which may bring its end, and for the records after it, which tell how
//! far records of this segment reach.

use crate::line::continuations;
use crate::record::{Found, Reach, Training, Validation};
use crate::stamp::Time;
use crate::{batch::Event, record};

/// Lines after a record in which its end is looked for.
pub const MAX_LINES: u8 = 8;
/// Longest record that is put together of several lines.
const MAX_JOINED: usize = 4096;
/// So many records in a row that stop at the same field are no accident: the log changes its shape there.
const RUN: u8 = 3;
/// So many records after a suspected one tell whether it is whole.
const WINDOW: u8 = 16;
/// Most entries that wait.
const MAX_WAITING: usize = 1024;
/// Fields of a record, from 1; see [`Reach`].
const FIELDS: usize = 9;

/// Where a record or event stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub line: f64,
    pub offset: f64,
    pub segment: f64,
    pub time: Option<Time>,
}

/// A record of either kind; a validation record with the name of its metric.
#[derive(Clone, Debug)]
pub enum Record {
    Training(Training),
    Validation(Validation, Vec<u8>),
}

/// Index into the shapes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Training = 0,
    Validation = 1,
}

impl Record {
    fn kind(&self) -> Kind {
        match self {
            Self::Training(_) => Kind::Training,
            Self::Validation(..) => Kind::Validation,
        }
    }

    /// Nothing can be missing: a validation record with its verdict.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Validation(record, _) if record.is_complete())
    }

    /// No digit can be missing: a word ends the last number. `(last best: …)` may follow, and is in no record that has
    /// none.
    fn is_closed(&self) -> bool {
        self.is_complete()
            || matches!(self, Self::Validation(record, _) if record.reach == Reach { field: 3, places: 0 })
    }

    fn reach(&self) -> Reach {
        match self {
            Self::Training(record) => record.reach,
            Self::Validation(record, _) => record.reach,
        }
    }
}

/// How far the records of one kind reach in one segment.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    furthest: u8,
    /// Bits of the fields at which records end by right.
    standing: u16,
    /// Fewest and most places of the numbers that end records, by field; `nan` has none.
    least: [u32; FIELDS],
    most: [u32; FIELDS],
    numbers: [u32; FIELDS],
    records: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            furthest: 0,
            standing: 0,
            least: [u32::MAX; FIELDS],
            most: [0; FIELDS],
            numbers: [0; FIELDS],
            records: 0,
        }
    }
}

impl Shape {
    /// Whether a training record is whole without a doubt.
    #[inline]
    pub fn holds(&self, reach: Reach) -> bool {
        reach.field == self.furthest && self.stands(reach.field) && self.least(reach.field) <= reach.places
    }

    /// Whether a record of several lines is whole; its number must have no more places than the others'.
    fn ends_with(&self, record: &Record) -> bool {
        let reach = record.reach();
        match record {
            Record::Training(_) => self.holds(reach) && (self.fits(reach) || reach.places == u32::MAX),
            Record::Validation(..) => record.is_complete(),
        }
    }

    /// Whether the last number is as long as those of the other records.
    fn fits(&self, reach: Reach) -> bool {
        let most = self.most.get(usize::from(reach.field)).copied().unwrap_or_default();
        reach.field == self.furthest
            && self.numbers(reach.field) > 0
            && (self.least(reach.field)..=most).contains(&reach.places)
    }

    fn stands(&self, field: u8) -> bool {
        self.standing & (1 << field) != 0
    }

    fn least(&self, field: u8) -> u32 {
        self.least.get(usize::from(field)).copied().unwrap_or(u32::MAX)
    }

    fn numbers(&self, field: u8) -> u32 {
        self.numbers.get(usize::from(field)).copied().unwrap_or_default()
    }

    fn note(&mut self, reach: Reach) {
        self.records += 1;
        self.furthest = self.furthest.max(reach.field);
        let field = usize::from(reach.field);
        if reach.places == u32::MAX || field >= FIELDS {
            return;
        }
        self.least[field] = self.least[field].min(reach.places);
        self.most[field] = self.most[field].max(reach.places);
        self.numbers[field] += 1;
    }
}

/// What waits for its turn.
#[derive(Debug)]
pub enum Entry {
    Record(Record, Place),
    Unmatched(f64, Vec<u8>),
    Event(Event, Vec<Vec<u8>>),
    /// Was nothing after all.
    Nothing,
}

/// What is not known yet of an entry.
#[derive(Debug, Default)]
struct Doubt {
    /// The lines after it are still to come.
    held: bool,
    /// Has shown the shape its reach.
    noted: bool,
    /// What the record is without its last line, which adds nothing but digits.
    shorter: Option<Record>,
    /// Records in a row after it that end at the same field.
    run: u8,
    /// Records after it.
    passed: u8,
    /// A record after it goes further.
    exceeded: bool,
    /// Another record's last number has no more places.
    matched: bool,
    /// The line, to show where it is unmatched.
    sample: Vec<u8>,
}

/// A record at the end of a line that may go on in the next.
#[derive(Debug)]
struct Held {
    kind: Kind,
    place: Place,
    prefixed: bool,
    /// From the start of the record.
    text: Vec<u8>,
    lines: u8,
    /// What the lines up to now give, if they end where a record may end; before the first of them joined, what the
    /// first line gives.
    found: Option<Record>,
    /// The same with fewer lines, where the last of them added nothing but digits.
    shorter: Option<Record>,
}

/// The first line of a record that may go on in the next.
pub struct Start<'t> {
    pub kind: Kind,
    pub place: Place,
    /// Other programs put something before the line.
    pub prefixed: bool,
    /// From the start of the record.
    pub text: &'t [u8],
    /// The line, to show where it is unmatched.
    pub sample: &'t [u8],
    /// A beginning of which nothing comes is unmatched.
    pub counted: bool,
}

enum Choice {
    Longer,
    Shorter,
    Neither,
}

/// When a verdict must be given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// When enough is known.
    Known,
    /// Now: the time is up, or too much waits.
    Now,
    /// Now, and no more records of the segment come.
    SegmentEnd,
}

/// The records of a segment that are in doubt, with all that came after them.
#[derive(Debug, Default)]
pub struct Waiting {
    entries: Vec<(Entry, Option<Doubt>)>,
    held: Option<Held>,
    shapes: [Shape; 2],
    /// How far the records of the last segment that had any reach.
    before: [Shape; 2],
}

impl Waiting {
    /// Nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The next line is looked at for the end of a record.
    #[inline]
    pub fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// How far the records of a kind reach.
    #[inline]
    pub fn shape(&self, kind: Kind) -> &Shape {
        &self.shapes[kind as usize]
    }

    /// What is not in doubt.
    pub fn push(&mut self, entry: Entry) {
        self.entries.push((entry, None));
    }

    /// Takes note of a record without a doubt that has been handed over.
    #[inline]
    pub fn note(&mut self, kind: Kind, reach: Reach) {
        self.shapes[kind as usize].note(reach);
    }

    /// A record that may be cut, on a line of which nothing more is to be expected.
    pub fn suspect(&mut self, record: Record, place: Place, sample: &[u8]) {
        let doubt = Doubt { sample: sample.to_vec(), ..Doubt::default() };
        self.entries.push((Entry::Record(record, place), Some(doubt)));
        self.arrive(self.entries.len() - 1);
    }

    /// A record, or the beginning of one, that ends its line and may go on in the next: `text` is the line from its
    /// start on. A beginning that is `counted` is unmatched when nothing comes of it.
    pub fn hold(&mut self, read: Option<Record>, start: Start<'_>) {
        self.release();
        let sample = if read.is_some() || start.counted { start.sample.to_vec() } else { Vec::new() };
        let entry = match &read {
            Some(record) => Entry::Record(record.clone(), start.place),
            None if start.counted => Entry::Unmatched(start.place.line, sample.clone()),
            None => Entry::Nothing,
        };
        self.entries.push((entry, Some(Doubt { held: true, sample, ..Doubt::default() })));
        let text = start.text.get(..MAX_JOINED).unwrap_or(start.text).to_vec();
        self.held = Some(Held {
            kind: start.kind,
            place: start.place,
            prefixed: start.prefixed,
            text,
            lines: 0,
            found: read,
            shorter: None,
        });
    }

    /// Takes the next line; false where the record does not go on in it.
    pub fn go_on(&mut self, line: &[u8]) -> bool {
        let Some(held) = &mut self.held else { return false };
        held.lines += 1;
        let length = held.text.len();
        let mut goes_on = false;
        for rest in continuations(line, held.prefixed) {
            // Inside a record no bracket opens, and a line of blanks brings nothing.
            let alien = rest.starts_with(b"[") && length > 0 || rest.trim_ascii().is_empty();
            if alien || length + rest.len() > MAX_JOINED {
                continue;
            }
            held.text.extend_from_slice(rest);
            let (found, open) = held.read();
            if let Some(found) = found {
                // Digits alone may be another program's.
                let same = held.found.take().filter(|before| before.reach().field == found.reach().field);
                held.shorter = same.map(|before| held.shorter.take().unwrap_or(before));
                held.found = Some(found);
                goes_on = true;
            }
            goes_on |= open;
            if goes_on {
                break;
            }
            held.text.truncate(length);
        }
        let shape = &self.shapes[held.kind as usize];
        let done = goes_on && held.found.as_ref().is_some_and(|found| shape.ends_with(found));
        if done || !goes_on || held.lines == MAX_LINES {
            self.release();
        }
        goes_on
    }

    /// No more lines are looked at for the record that is held.
    pub fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        let Some(index) = self.entries.iter().rposition(|(_, doubt)| doubt.as_ref().is_some_and(|doubt| doubt.held))
        else {
            return;
        };
        let Some((entry, state)) = self.entries.get_mut(index) else { return };
        let Some(doubt) = state else { return };
        doubt.held = false;
        if let Some(found) = held.found {
            doubt.shorter = held.shorter;
            *entry = Entry::Record(found, held.place);
        }
        if matches!(entry, Entry::Record(..)) {
            self.arrive(index);
        } else {
            *state = None;
        }
    }

    /// A segment ends: the next one's records may have another shape.
    pub fn restart(&mut self) {
        for (shape, before) in self.shapes.iter_mut().zip(&mut self.before) {
            if shape.records > 0 {
                *before = std::mem::take(shape);
            }
        }
    }

    /// The entries that are out of doubt and before which none is in doubt.
    pub fn ready(&mut self) -> Vec<Entry> {
        let count = self.entries.iter().take_while(|(_, doubt)| doubt.is_none()).count();
        self.entries.drain(..count).map(|(entry, _)| entry).collect()
    }

    /// Gives a verdict on every record of which enough is known.
    #[inline(never)]
    pub fn judge(&mut self, verdict: Verdict) {
        let verdict = if self.entries.len() > MAX_WAITING { verdict.max(Verdict::Now) } else { verdict };
        if verdict != Verdict::Known {
            self.release();
        }
        let mut changed = true;
        while changed {
            changed = false;
            for index in 0..self.entries.len() {
                changed |= self.judge_one(index, verdict);
            }
        }
    }

    /// Enters a record whose lines are all known into the shape of its segment.
    #[inline(never)]
    fn arrive(&mut self, index: usize) {
        let Some((Entry::Record(record, _), Some(doubt))) = self.entries.get_mut(index) else { return };
        let (kind, reach) = (record.kind(), record.reach());
        let ambiguous = doubt.shorter.is_some();
        if !ambiguous {
            doubt.noted = true;
            let shape = &mut self.shapes[kind as usize];
            doubt.matched = shape.least(reach.field) <= reach.places;
            shape.note(reach);
        }
        for (at, (entry, other)) in self.entries.iter_mut().enumerate() {
            let (Entry::Record(record, _), Some(other)) = (entry, other) else { continue };
            if at == index || record.kind() != kind || other.held {
                continue;
            }
            other.after(record.reach(), reach, at < index, ambiguous);
        }
    }

    /// A record without a doubt has come while others wait.
    pub fn arrived(&mut self, kind: Kind, reach: Reach) {
        self.shapes[kind as usize].note(reach);
        for (entry, other) in &mut self.entries {
            if let (Entry::Record(record, _), Some(other)) = (entry, other) {
                if record.kind() == kind && !other.held {
                    other.after(record.reach(), reach, true, false);
                }
            }
        }
    }

    /// Whether a verdict was given.
    #[inline(never)]
    fn judge_one(&mut self, index: usize, verdict: Verdict) -> bool {
        let Some((Entry::Record(record, place), Some(doubt))) = self.entries.get(index) else { return false };
        if doubt.held {
            return false;
        }
        let (kind, reach, place) = (record.kind(), record.reach(), *place);
        let last = verdict != Verdict::Known || doubt.passed >= WINDOW;
        let shape = &self.shapes[kind as usize];
        if let Some(shorter) = &doubt.shorter {
            let Some(choice) = self.choose(index, shorter.reach(), reach, last) else { return false };
            let Some((entry, Some(doubt))) = self.entries.get_mut(index) else { return false };
            let shorter = doubt.shorter.take();
            match (choice, shorter) {
                (Choice::Longer, _) => {}
                (Choice::Shorter, Some(shorter)) => *entry = Entry::Record(shorter, place),
                _ => {
                    self.refuse(index, place.line);
                    return true;
                }
            }
            self.arrive(index);
            return true;
        }
        let stands = shape.stands(reach.field) || doubt.run >= RUN;
        let goes_furthest = shape.furthest <= reach.field;
        let alone = shape.numbers(reach.field) <= 1;
        let whole = if record.is_closed() {
            true
        } else if !stands && (doubt.exceeded || (last && !goes_furthest)) {
            false
        } else if !stands && !last {
            return false;
        } else if reach.places == u32::MAX || doubt.matched {
            true
        } else if !last {
            return false;
        } else {
            alone && !(verdict == Verdict::SegmentEnd && self.stops_before_the_last_segment(kind, reach))
        };
        if whole {
            self.shapes[kind as usize].standing |= 1 << reach.field;
            if let Some((_, state)) = self.entries.get_mut(index) {
                *state = None;
            }
        } else {
            self.refuse(index, place.line);
        }
        true
    }

    #[inline(never)]
    fn refuse(&mut self, index: usize, line: f64) {
        if let Some((entry, state)) = self.entries.get_mut(index) {
            *entry = Entry::Unmatched(line, state.take().unwrap_or_default().sample);
        }
    }

    /// Which of two readings of a record is meant, of which the longer has more digits, from another line; nothing
    /// while that can't be told.
    #[inline(never)]
    fn choose(&self, index: usize, shorter: Reach, longer: Reach, last: bool) -> Option<Choice> {
        let (entry, _) = self.entries.get(index)?;
        let Entry::Record(record, _) = entry else { return None };
        let shape = self.shape(record.kind());
        if shape.fits(longer) {
            return Some(Choice::Longer);
        }
        if !last {
            return None;
        }
        let alike = self.entries.iter().enumerate().any(|(at, (entry, doubt))| {
            let Entry::Record(record, _) = entry else { return false };
            at != index && doubt.as_ref().is_some_and(|doubt| doubt.shorter.is_some()) && record.reach() == longer
        });
        Some(match (alike, shape.fits(shorter)) {
            (true, _) => Choice::Longer,
            (false, true) => Choice::Shorter,
            (false, false) => Choice::Neither,
        })
    }

    /// The only record of its segment is compared with those of the segment before, as far as digits may be missing.
    fn stops_before_the_last_segment(&self, kind: Kind, reach: Reach) -> bool {
        let (shape, before) = (&self.shapes[kind as usize], &self.before[kind as usize]);
        // Behind the time and the rate stands a unit.
        let closed = kind == Kind::Training && matches!(reach.field, 5 | 6);
        let earlier = before.furthest > reach.field
            || (before.furthest == reach.field
                && before.numbers(reach.field) > 0
                && reach.places < before.least(reach.field));
        shape.records == 1 && !closed && earlier
    }
}

impl Doubt {
    /// Takes note of another record of the same kind.
    fn after(&mut self, own: Reach, other: Reach, later: bool, ambiguous: bool) {
        if later {
            self.passed = self.passed.saturating_add(1);
        }
        if ambiguous {
            return;
        }
        if other.field == own.field {
            self.run += u8::from(later && self.run < RUN);
            self.matched |= other.places <= own.places;
        } else if later && other.field > own.field {
            self.exceeded = true;
        }
    }
}

impl Held {
    /// The record that the lines up to now give, if they end where it ends; and whether more may follow.
    fn read(&self) -> (Option<Record>, bool) {
        let ends = |end: usize| self.text.get(end..).is_some_and(|rest| rest.trim_ascii().is_empty());
        match self.kind {
            Kind::Training => {
                let found = match record::training(&self.text, 0) {
                    Found::Record(record, end) if ends(end) => Some(Record::Training(record)),
                    _ => None,
                };
                (found, record::ends_inside_training(&self.text))
            }
            Kind::Validation => {
                let found = match record::validation(&self.text, 0) {
                    Found::Record(record, end) if ends(end) => {
                        let name = self.text.get(record.metric.clone()).unwrap_or_default().to_vec();
                        Some(Record::Validation(record, name))
                    }
                    _ => None,
                };
                (found, record::ends_inside_validation(&self.text))
            }
        }
    }
}
