//! Reads a line that is a record in exactly the form that Marian prints, in one pass: most of the measurements of most logs.
//!
//! Every other line is the scanner's ([`crate::line::items`]), which gives the same answer for the lines that are read
//! here; a test compares the two.

use crate::csv;
use crate::number::POW10;
use crate::record::{Reach, Training, Validation};
use crate::stamp::{date_time, Time, STAMP};
use crate::word;

/// A line is read through a window of so many bytes; what does not fit into it is the scanner's.
pub const WINDOW: usize = 320;
/// Room for the cells of a row: nine numbers of at most 24 bytes.
pub const ROW: usize = 256;
/// Most digits of a decimal that is its own shortest form.
const MAX_DIGITS: usize = 15;

/// A record with what stands before it on its line.
pub struct Line<T> {
    pub record: T,
    /// Where the record starts.
    pub at: usize,
    /// The line feed after it.
    pub end: usize,
    /// The worker's time if it stands there, else Marian's.
    pub time: Time,
    /// Bytes of its cells.
    pub cells: usize,
}

/// What a line is.
pub enum Exact {
    Training(Line<Training>),
    Validation(Line<Validation>),
}

/// Reads lines; remembers the last date and hour, of which most lines have the same.
#[derive(Default)]
pub struct Reader {
    task: Hour,
    marian: Hour,
}

/// The hour of a time.
#[derive(Default)]
struct Hour {
    /// Its text, the first byte lowest.
    text: u128,
    seconds: f64,
}

impl Hour {
    /// Milliseconds since 1970 of `2023-09-16 12:39:01`, with any separator.
    #[inline]
    fn millis(&mut self, text: &[u8; STAMP], separator: u8) -> Option<f64> {
        let &[.., b':', i0, i1, b':', s0, s1] = text else { return None };
        // Of these sixteen bytes, three are those of the minute.
        let hour = u128::from_le_bytes(*text.first_chunk()?) << 24;
        if hour != self.text {
            let mut full = *text;
            full[13..].copy_from_slice(b":00:00");
            self.seconds = date_time(&full, separator)?;
            self.text = hour;
        }
        let [i0, i1, s0, s1] = [i0, i1, s0, s1].map(|digit| u32::from(digit.wrapping_sub(b'0')));
        let second = s0 * 10 + s1;
        if i0 > 5 || i1 > 9 || s0 > 6 || s1 > 9 || second > 60 {
            return None;
        }
        Some((self.seconds + f64::from(i0 * 600 + i1 * 60 + second)) * 1000.0)
    }
}

impl Reader {
    /// Reads the line at the start of `window`, and writes the cells of a training record into `row`, as far as
    /// [`crate::csv`] prints them for every log. Returns `None` for lines in any other form.
    #[inline]
    pub fn line(&mut self, window: &[u8; WINDOW], row: &mut [u8; ROW]) -> Option<Exact> {
        let mut cursor = Cursor { window, at: 0, row, end: 0 };
        let time = self.time(&mut cursor)?;
        let at = cursor.at;
        if cursor.byte()? == b'E' {
            let record = training(&mut cursor)?;
            return Some(Exact::Training(Line { record, at, end: cursor.at, time, cells: cursor.end }));
        }
        let record = validation(&mut cursor)?;
        Some(Exact::Validation(Line { record, at, end: cursor.at, time, cells: 0 }))
    }

    /// `[2023-09-16 12:39:01] `, with or without `[task 2023-09-16T12:39:01.105Z] ` before it.
    #[inline]
    fn time(&mut self, cursor: &mut Cursor<'_>) -> Option<Time> {
        let mut task = None;
        if cursor.skip(b"[task ") {
            let seconds = self.task.millis(cursor.take::<STAMP>()?, b'T')?;
            let &[b'.', a, b, c, b'Z', b']', b' '] = cursor.take::<7>()? else { return None };
            let [a, b, c] = [a, b, c].map(|digit| digit.wrapping_sub(b'0'));
            if a > 9 || b > 9 || c > 9 {
                return None;
            }
            task = Some(seconds + f64::from(u32::from(a) * 100 + u32::from(b) * 10 + u32::from(c)));
        }
        cursor.expect(b"[")?;
        let stamp = self.marian.millis(cursor.take::<STAMP>()?, b' ')?;
        cursor.expect(b"] ")?;
        Some(task.map_or(Time::Local(stamp), Time::Utc))
    }
}

/// Reads a training record and the line feed after it.
#[inline]
fn training(c: &mut Cursor<'_>) -> Option<Training> {
    c.expect(word::EPOCH)?;
    let start = c.at;
    let epoch = c.whole()?;
    c.cell(c.peek::<16>(start)?, c.at - start)?;
    c.cell(b",", 1)?;
    c.expect(&UPDATE)?;
    let up = c.count()?;
    c.expect(&SENTENCES)?;
    let sen = c.count()?;
    c.expect(&COST)?;
    let (cost, places) = c.decimal()?;
    let mut record = Training { epoch, up, sen, cost, reach: Reach { field: 1, places }, ..Training::default() };
    let reach = &mut record.reach;
    if c.skip(&[b' ', word::LABELS[0], b' ']) {
        record.labels = Some(c.integer()?);
        *reach = Reach { field: 2, places: 0 };
        if c.skip(&[b' ', word::BATCH_LABELS[0], b' ']) {
            record.batch_labels = Some(c.integer()?);
            reach.field = 3;
        }
        if c.skip(b" ") {
            c.expect(word::AFTER)?;
            record.total_labels = Some(c.integer()?);
            reach.field = 4;
        }
    }
    c.cell(b",", 1)?;
    if c.skip(&TIME) {
        record.time = Some(c.decimal()?.0);
        c.expect(word::SECONDS)?;
        *reach = Reach { field: 5, places: 0 };
    }
    c.cell(b",", 1)?;
    // The rate has its word after it.
    if c.peek(c.at).is_some_and(|&[a, b, d, digit]| [a, b, d] == *BETWEEN && digit.is_ascii_digit()) {
        c.at += BETWEEN.len();
        record.rate = Some(c.decimal()?.0);
        c.expect(&RATE)?;
        *reach = Reach { field: 6, places: 0 };
    }
    c.cell(b",", 1)?;
    if c.skip(&GNORM) {
        let (gnorm, places) = c.decimal()?;
        record.gnorm = Some(gnorm);
        *reach = Reach { field: 7, places };
    }
    c.cell(b",", 1)?;
    if c.skip(&LEARNING_RATE) {
        let (learning_rate, places) = c.decimal()?;
        record.learning_rate = Some(learning_rate);
        *reach = Reach { field: 8, places };
    }
    (c.byte()? == b'\n').then_some(record)
}

/// Reads a validation record with its verdict and the line feed after it.
#[inline]
fn validation(c: &mut Cursor<'_>) -> Option<Validation> {
    c.expect(word::VALID)?;
    c.expect(word::EPOCH)?;
    let epoch = c.whole()?;
    c.expect(BETWEEN)?;
    c.expect(word::UPDATE)?;
    let up = c.integer()?;
    c.expect(BETWEEN)?;
    let start = c.at;
    let mut letters = false;
    while let byte @ (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_') = c.byte()? {
        letters |= byte.is_ascii_alphabetic();
        c.at += 1;
    }
    let metric = start..c.at;
    c.expect(BETWEEN)?;
    let value = c.value()?;
    c.expect(BETWEEN)?;
    let (mut stalled, mut best, mut field) = (None, None, 2);
    if !c.skip(word::NEW_BEST) {
        c.expect(word::STALLED)?;
        stalled = Some(c.integer()?);
        c.expect(b" ")?;
        c.expect(word::TIMES)?;
        c.expect(b" ")?;
        c.expect(word::LAST_BEST)?;
        best = Some(c.value()?);
        c.expect(b")")?;
        field = 4;
    }
    let reach = Reach { field, places: 0 };
    (letters && c.byte()? == b'\n').then_some(Validation {
        epoch: Some(epoch),
        up,
        metric,
        value,
        stalled,
        best,
        reach,
    })
}

/// Between two fields.
const BETWEEN: &[u8; 3] = b" : ";

const UPDATE: [u8; 7] = joined(BETWEEN, word::UPDATE);
const SENTENCES: [u8; 8] = joined(BETWEEN, word::SENTENCES);
const COST: [u8; 8] = joined(BETWEEN, word::COST);
const TIME: [u8; 8] = joined(BETWEEN, word::TIME);
const RATE: [u8; 8] = joined(b" ", word::RATE);
const GNORM: [u8; 9] = joined(BETWEEN, word::GNORM);
const LEARNING_RATE: [u8; 8] = joined(BETWEEN, word::LEARNING_RATE);

/// Two words as one, so that they are compared at once.
const fn joined<const A: usize, const B: usize, const N: usize>(first: &[u8; A], second: &[u8; B]) -> [u8; N] {
    assert!(A + B == N, "the words are as long as both");
    let mut word = [0; N];
    let mut at = 0;
    while at < N {
        word[at] = if at < A { first[at] } else { second[at - A] };
        at += 1;
    }
    word
}

/// A decimal as it stands in the log.
struct Decimal {
    digits: u64,
    /// Digits after the point.
    places: usize,
    /// How many zeros end these.
    zeros: usize,
    start: usize,
    /// Where the digits before the point end.
    whole: usize,
    end: usize,
}

impl Decimal {
    #[inline]
    fn value(&self) -> Option<f64> {
        Some(self.digits as i64 as f64 / POW10.get(self.places)?)
    }
}

struct Cursor<'w> {
    window: &'w [u8; WINDOW],
    at: usize,
    row: &'w mut [u8; ROW],
    /// Where the cells of the row end.
    end: usize,
}

impl<'w> Cursor<'w> {
    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.window.get(self.at).copied()
    }

    #[inline(always)]
    fn peek<const N: usize>(&self, at: usize) -> Option<&'w [u8; N]> {
        self.window.get(at..)?.first_chunk()
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Option<&'w [u8; N]> {
        let taken = self.peek(self.at)?;
        self.at += N;
        Some(taken)
    }

    /// Passes over `word`, of at most sixteen bytes, if it stands here.
    #[inline(always)]
    fn skip<const N: usize>(&mut self, word: &[u8; N]) -> bool {
        // One compare of a number; a compare of bytes may be a call.
        let here = if N <= 8 {
            self.peek(self.at).is_some_and(|here| begins_with(u64::from_le_bytes(*here), word))
        } else {
            let [first, second] = [8, 16].map(|end| word.get(end - 8..N.min(end)).unwrap_or_default());
            self.peek::<16>(self.at).is_some_and(|here| {
                let here = u128::from_le_bytes(*here);
                begins_with(here as u64, first) && begins_with((here >> 64) as u64, second)
            })
        };
        if here {
            self.at += N;
        }
        here
    }

    #[inline]
    fn expect<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        self.skip(word).then_some(())
    }

    /// Adds the first `length` of these bytes to the row; a copy of fixed size needs no call.
    #[inline(always)]
    fn cell<const N: usize>(&mut self, bytes: &[u8; N], length: usize) -> Option<()> {
        *self.row.get_mut(self.end..)?.first_chunk_mut()? = *bytes;
        self.end += length;
        Some(())
    }

    /// Digits alone, without a leading zero.
    #[inline]
    fn whole(&mut self) -> Option<f64> {
        let first = self.byte()?;
        let (value, length) = self.run()?;
        (first != b'0' || length == 1).then_some(value as i64 as f64)
    }

    /// The same with commas or without; the cell has none.
    #[inline]
    fn count(&mut self) -> Option<f64> {
        let (start, first) = (self.at, self.byte()?);
        let (value, length) = self.run()?;
        self.cell(self.peek::<16>(start)?, length)?;
        let value = self.groups(value, length, |cursor, group| cursor.cell(&group, 3))?;
        self.cell(b",", 1)?;
        (first != b'0' || length == 1).then_some(value)
    }

    /// The same, but no cell.
    #[inline]
    fn integer(&mut self) -> Option<f64> {
        let first = self.byte()?;
        let (value, length) = self.run()?;
        let value = self.groups(value, length, |_, _| Some(()))?;
        (first != b'0' || length == 1).then_some(value)
    }

    /// The rest of a number, after `length` digits: groups of a comma and three digits.
    #[inline(always)]
    fn groups(
        &mut self,
        mut value: u64,
        mut length: usize,
        mut each: impl FnMut(&mut Self, [u8; 4]) -> Option<()>,
    ) -> Option<f64> {
        loop {
            let group = u32::from_le_bytes(*self.peek(self.at)?);
            if group as u8 != b',' {
                return Some(value as i64 as f64);
            }
            let group = group >> 8;
            let digits = group ^ 0x0030_3030;
            length += 3;
            if (digits.wrapping_add(0x0076_7676) | digits) & 0x0080_8080 != 0 || length > MAX_DIGITS {
                return None;
            }
            let three = (digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16);
            value = value * 1000 + u64::from(three);
            each(self, group.to_le_bytes())?;
            self.at += 4;
        }
    }

    /// A decimal, and its text as a cell; the number of its places.
    #[inline(never)]
    fn decimal(&mut self) -> Option<(f64, u32)> {
        let read = self.read()?;
        let places = read.places as u32;
        if self.byte()? == b'e' {
            return self.with_exponent(&read);
        }
        // Its text without the zeros at its end, but for one after the point.
        let length = read.end - read.start - read.zeros + usize::from(read.zeros == read.places);
        // Less than 0.0001: printed with an exponent.
        let is_small = read.places > 4 && read.digits < *TENS.get(read.places - 4)? && read.digits != 0;
        if read.places == 0 || is_small || read.zeros == 8 || length > 16 {
            self.print(read.digits, -(read.places as i32))?;
        } else {
            self.cell(self.peek::<16>(read.start)?, length)?;
        }
        Some((read.value()?, places))
    }

    /// A decimal whose exponent stands here.
    #[inline(always)]
    fn with_exponent(&mut self, read: &Decimal) -> Option<(f64, u32)> {
        let text = self.peek::<4>(self.at)?;
        let (value, exponent, places) = self.exponent(read)?;
        let power = exponent + read.places as i32;
        let fraction = read.places - read.zeros;
        let &first @ b'1'..=b'9' = self.window.get(read.start)? else {
            self.print(read.digits, exponent)?;
            return Some((value, places));
        };
        if read.whole - read.start > 1 || read.places > 8 {
            self.print(read.digits, exponent)?;
        } else if (-99..-4).contains(&power) && places - read.places as u32 == 2 {
            // `3.3042e-05` as it stands.
            let point = usize::from(fraction > 0);
            self.cell(self.peek::<16>(read.start)?, 1 + point + fraction)?;
            self.cell(text, 4)?;
        } else if (-4..0).contains(&power) {
            // `0.00033042`
            self.cell(b"0.000000", (1 - power) as usize)?;
            self.cell(&[first], 1)?;
            self.cell(self.peek::<8>(read.whole + 1)?, fraction)?;
        } else {
            self.print(read.digits, exponent)?;
        }
        Some((value, places))
    }

    /// The decimal `digits` x 10^`exponent` as a cell.
    #[cold]
    #[inline(never)]
    fn print(&mut self, digits: u64, exponent: i32) -> Option<()> {
        let mut text = Vec::with_capacity(32);
        csv::decimal(&mut text, digits, exponent);
        self.row.get_mut(self.end..self.end + text.len())?.copy_from_slice(&text);
        self.end += text.len();
        Some(())
    }

    /// A number that is no cell.
    #[inline(never)]
    fn value(&mut self) -> Option<f64> {
        let read = self.read()?;
        if self.byte()? == b'e' {
            return Some(self.exponent(&read)?.0);
        }
        read.value()
    }

    /// Digits, and a point between them or none.
    #[inline(always)]
    fn read(&mut self) -> Option<Decimal> {
        let (start, first) = (self.at, self.byte()?);
        let [low, high] = [self.peek(start)?, self.peek(start + 8)?].map(|bytes| u64::from_le_bytes(*bytes) ^ ZEROS);
        let point = others(low).trailing_zeros() & !7;
        if !(8..64).contains(&point) || low >> point & 0xff != u64::from(b'.' ^ b'0') {
            return self.read_long();
        }
        // The digits without the point: of most decimals, eight bytes have them all.
        let before = (1 << point) - 1;
        let low = low & before | (low >> 8 | high << 56) & !before;
        let length = others(low).trailing_zeros() & !7;
        let (digits, length) = if length < 64 {
            (joined_digits(low, length), length)
        } else {
            let rest = others(high >> 8).trailing_zeros() & !7;
            if rest == 0 {
                (joined_digits(low, 64), 64)
            } else if rest < 56 {
                (joined_digits(low, 64) * TENS.get(rest as usize / 8)? + joined_digits(high >> 8, rest), 64 + rest)
            } else {
                return self.read_long();
            }
        };
        let (whole, length) = (point as usize / 8, length as usize / 8);
        if length == whole || whole > 1 && first == b'0' {
            return None;
        }
        self.at = start + length + 1;
        let (places, zeros) = (length - whole, self.zeros_before(self.at)?.min(length - whole));
        Some(Decimal { digits, places, zeros, start, whole: start + whole, end: self.at })
    }

    /// The same for those with more digits, or without a point.
    #[cold]
    #[inline(never)]
    fn read_long(&mut self) -> Option<Decimal> {
        let (start, first) = (self.at, self.byte()?);
        let (digits, length) = self.run()?;
        let whole = self.at;
        let mut read = Decimal { digits, places: 0, zeros: 0, start, whole, end: whole };
        if self.byte()? == b'.' {
            self.at += 1;
            let (digits, places) = self.run()?;
            if length + places > MAX_DIGITS {
                return None;
            }
            read.digits = read.digits * TENS.get(places)? + digits;
            read.places = places;
            read.end = self.at;
            read.zeros = self.zeros_before(self.at)?.min(places);
        }
        (length == 1 || first != b'0').then_some(read)
    }

    /// How many zeros stand before a place; not more than eight.
    #[inline(always)]
    fn zeros_before(&self, end: usize) -> Option<usize> {
        let last = u64::from_le_bytes(*self.peek(end.checked_sub(8)?)?) ^ ZEROS;
        Some(last.leading_zeros() as usize / 8)
    }

    /// The value of a decimal with the exponent that stands here, the power of ten of its last digit, and its places.
    #[inline(always)]
    fn exponent(&mut self, read: &Decimal) -> Option<(f64, i32, u32)> {
        self.at += 1;
        let negative = self.byte()? == b'-';
        if negative || self.byte()? == b'+' {
            self.at += 1;
        }
        let (exponent, length) = self.run()?;
        if length > 3 {
            return None;
        }
        let exponent = if negative { -(exponent as i32) } else { exponent as i32 } - read.places as i32;
        let power = POW10.get(exponent.unsigned_abs() as usize)?;
        let digits = read.digits as i64 as f64;
        let value = if exponent < 0 { digits / power } else { digits * power };
        Some((value, exponent, (read.places + length) as u32))
    }

    /// Up to fifteen digits, at least one.
    #[inline(always)]
    fn run(&mut self) -> Option<(u64, usize)> {
        let (mut value, mut length) = digits(self.peek(self.at)?)?;
        if length == 8 {
            if let Some((more, rest)) = digits(self.peek(self.at + 8)?) {
                value = value * TENS.get(rest)? + more;
                length += rest;
            }
        }
        self.at += length;
        (length <= MAX_DIGITS).then_some((value, length))
    }
}

const TENS: [u64; 16] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
    1_000_000_000_000_000,
];

/// The digit zero, eight times.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Whether eight bytes begin with a word that is no longer.
#[inline(always)]
fn begins_with(bytes: u64, word: &[u8]) -> bool {
    let mut wanted = [0; 8];
    let length = word.len().min(8);
    wanted[..length].copy_from_slice(&word[..length]);
    let unused = 64 - 8 * length as u32;
    (bytes ^ u64::from_le_bytes(wanted)).checked_shl(unused).unwrap_or(0) == 0
}

/// The digits at the start of eight bytes: their value and their number, at least one.
#[inline(always)]
fn digits(bytes: &[u8; 8]) -> Option<(u64, usize)> {
    let values = u64::from_le_bytes(*bytes) ^ ZEROS;
    let bits = others(values).trailing_zeros() & !7;
    (bits > 0).then(|| (joined_digits(values, bits), bits as usize / 8))
}

/// The highest bit of the first byte that is no digit's value, and perhaps of bytes after it; the first byte is lowest.
#[inline(always)]
fn others(values: u64) -> u64 {
    // A byte that is no digit may carry into the next.
    (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
}

/// The number that digits are, of which the first is the lowest byte; so many bits, at least eight, have them.
#[inline(always)]
fn joined_digits(values: u64, bits: u32) -> u64 {
    // Zeros come before the digits, then neighbours are joined: to pairs, fours and eight.
    let ones = values << (64 - bits);
    let pairs = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAINING: &str =
        "Ep. 1 : Up. 1000 : Sen. 753,766 : Cost 8.26540370 * 1,234,567 @ 1,024 after 9,876,543,210 : \
        Time 375.06s : 47464.00 words/s : gNorm 2.0754 : L.r. 3.0000e-04";
    const VALIDATION: [&str; 2] = [
        "[valid] Ep. 1 : Up. 30000 : bleu-detok : 3.3197 : stalled 1 times (last best: 3.36434)",
        "[valid] Ep. 1 : Up. 30000 : ce-mean-words : 1.23457e+06 : new best",
    ];
    const STAMPS: [&str; 2] = ["[2023-09-16 12:39:01] ", "[task 2023-09-16T12:39:01.105Z] [2023-09-16 12:39:01] "];

    fn read(line: &str) -> (Option<Exact>, String) {
        let mut window = [b'x'; WINDOW];
        window[..line.len()].copy_from_slice(line.as_bytes());
        window[line.len()] = b'\n';
        let mut row = [0; ROW];
        let read = Reader::default().line(&window, &mut row);
        let cells = match &read {
            Some(Exact::Training(Line { cells, .. })) => *cells,
            _ => 0,
        };
        let cells = String::from_utf8_lossy(&row[..cells]).into_owned();
        (read, cells)
    }

    #[test]
    fn reads_each_form_that_marian_prints() {
        for stamp in STAMPS {
            // As far as the records of each version go.
            for end in ["8.26540370", "1,234,567", "1,024", "9,876,543,210", "375.06s", "words/s", "2.0754", "e-04"] {
                let line = &TRAINING[..TRAINING.find(end).map_or(0, |at| at + end.len())];
                let (read, cells) = read(&format!("{stamp}{line}"));
                assert!(matches!(read, Some(Exact::Training(Line { at, .. })) if at == stamp.len()), "{line}");
                assert!(cells.starts_with("1,1000,753766,8.2654037,"), "{cells}");
            }
            for line in VALIDATION {
                assert!(matches!(read(&format!("{stamp}{line}")).0, Some(Exact::Validation(_))), "{line}");
            }
        }
        assert_eq!(read(&format!("{}{TRAINING}", STAMPS[0])).1, "1,1000,753766,8.2654037,375.06,47464.0,2.0754,0.0003");
    }

    #[test]
    fn leaves_every_other_line_alone() {
        for line in
            ["Ep. 1 : Up. 1000 : Sen. 753,766 : Cost nan", "Ep. 1 : Up. 1 : Sen. 7 : Cost 8.2.6", "Ep. 1.5 : Up. 1"]
        {
            assert_eq!(read(&format!("{}{line}", STAMPS[0])).1, "", "{line}");
            assert!(read(&format!("{}{line}", STAMPS[0])).0.is_none(), "{line}");
        }
        for stamp in ["", "[2023-13-16 12:39:01] ", "[2023-09-16 12:39:01 mpi:3] ", "2023-09-16 12:39:01] "] {
            assert!(read(&format!("{stamp}{TRAINING}")).0.is_none(), "{stamp}");
        }
    }
}
