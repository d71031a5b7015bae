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
    text: [u8; 13],
    seconds: f64,
}

impl Hour {
    /// Milliseconds since 1970 of `2023-09-16 12:39:01`, with any separator.
    #[inline]
    fn millis(&mut self, text: &[u8; STAMP], separator: u8) -> Option<f64> {
        let &[.., b':', i0, i1, b':', s0, s1] = text else { return None };
        let hour: &[u8; 13] = text.first_chunk()?;
        if *hour != self.text {
            let mut full = *text;
            full[13..].copy_from_slice(b":00:00");
            self.seconds = date_time(&full, separator)?;
            self.text = *hour;
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
    /// Reads the line at the start of `window` and adds the cells of a training record to `cells`, as far as
    /// [`crate::csv`] prints them for every log. Returns `None`, and adds nothing, for lines in any other form.
    #[inline]
    pub fn line(&mut self, window: &[u8; WINDOW], cells: &mut Vec<u8>) -> Option<Exact> {
        let mut cursor = Cursor { window, at: 0 };
        let time = self.time(&mut cursor)?;
        let at = cursor.at;
        if cursor.byte()? == b'E' {
            let start = cells.len();
            let Some(record) = training(&mut cursor, cells) else {
                cells.truncate(start);
                return None;
            };
            return Some(Exact::Training(Line { record, at, end: cursor.at, time }));
        }
        let record = validation(&mut cursor)?;
        Some(Exact::Validation(Line { record, at, end: cursor.at, time }))
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
            task = Some(seconds + (f64::from(a) * 100.0 + f64::from(b) * 10.0 + f64::from(c)));
        }
        cursor.expect(b"[")?;
        let stamp = self.marian.millis(cursor.take::<STAMP>()?, b' ')?;
        cursor.expect(b"] ")?;
        Some(task.map_or(Time::Local(stamp), Time::Utc))
    }
}

/// Reads a training record and the line feed after it.
#[inline]
fn training(c: &mut Cursor<'_>, cells: &mut Vec<u8>) -> Option<Training> {
    c.expect(word::EPOCH)?;
    let start = c.at;
    let epoch = c.whole()?;
    copy(cells, c.peek(start)?, c.at - start);
    cells.push(b',');
    c.expect(BETWEEN)?;
    c.expect(word::UPDATE)?;
    let up = c.count(cells)?;
    c.expect(BETWEEN)?;
    c.expect(word::SENTENCES)?;
    let sen = c.count(cells)?;
    c.expect(BETWEEN)?;
    c.expect(word::COST)?;
    let (cost, places) = c.decimal(cells)?;
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
    let mut more = c.skip(BETWEEN);
    cells.push(b',');
    if more && c.skip(word::TIME) {
        record.time = Some(c.decimal(cells)?.0);
        c.expect(word::SECONDS)?;
        *reach = Reach { field: 5, places: 0 };
        more = c.skip(BETWEEN);
    }
    cells.push(b',');
    if more && c.byte()?.is_ascii_digit() {
        record.rate = Some(c.decimal(cells)?.0);
        c.expect(b" ")?;
        c.expect(word::RATE)?;
        *reach = Reach { field: 6, places: 0 };
        more = c.skip(BETWEEN);
    }
    cells.push(b',');
    if more && c.skip(word::GNORM) {
        let (gnorm, places) = c.decimal(cells)?;
        record.gnorm = Some(gnorm);
        *reach = Reach { field: 7, places };
        more = c.skip(BETWEEN);
    }
    cells.push(b',');
    if more && c.skip(word::LEARNING_RATE) {
        let (learning_rate, places) = c.decimal(cells)?;
        record.learning_rate = Some(learning_rate);
        *reach = Reach { field: 8, places };
        more = false;
    }
    (!more && c.byte()? == b'\n').then_some(record)
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

/// A decimal as it stands in the log.
struct Decimal {
    digits: u64,
    /// Digits after the point.
    places: usize,
    start: usize,
    /// After the point; the end if there is none.
    fraction: usize,
    end: usize,
}

struct Cursor<'w> {
    window: &'w [u8; WINDOW],
    at: usize,
}

impl<'w> Cursor<'w> {
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.window.get(self.at).copied()
    }

    #[inline]
    fn peek<const N: usize>(&self, at: usize) -> Option<&'w [u8; N]> {
        self.window.get(at..)?.first_chunk()
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Option<&'w [u8; N]> {
        let taken = self.peek(self.at)?;
        self.at += N;
        Some(taken)
    }

    /// Passes over `word` if it stands here.
    #[inline]
    fn skip<const N: usize>(&mut self, word: &[u8; N]) -> bool {
        let here = self.peek(self.at) == Some(word);
        if here {
            self.at += N;
        }
        here
    }

    #[inline]
    fn expect<const N: usize>(&mut self, word: &[u8; N]) -> Option<()> {
        self.skip(word).then_some(())
    }

    /// A count without commas or with them; its digits go to `cells` with a comma after them.
    #[inline]
    fn count(&mut self, cells: &mut Vec<u8>) -> Option<f64> {
        let start = self.at;
        let value = self.integer()?;
        let mut group = start;
        for at in start..=self.at {
            if at == self.at || self.window[at] == b',' {
                copy(cells, self.peek(group)?, at - group);
                group = at + 1;
            }
        }
        cells.push(b',');
        Some(value)
    }

    /// Digits alone, without a leading zero.
    #[inline]
    fn whole(&mut self) -> Option<f64> {
        let first = self.byte()?;
        let (value, length) = self.run()?;
        (!self.goes_on()? && (first != b'0' || length == 1)).then_some(value as f64)
    }

    /// Digits without a leading zero, with or without commas.
    #[inline]
    fn integer(&mut self) -> Option<f64> {
        let first = self.byte()?;
        let (mut value, mut length) = self.run()?;
        let start = length;
        while self.skip(b",") {
            let &[a, b, c] = self.take::<3>()?;
            let [a, b, c] = [a, b, c].map(|digit| u64::from(digit.wrapping_sub(b'0')));
            if a > 9 || b > 9 || c > 9 {
                return None;
            }
            value = value * 1000 + a * 100 + b * 10 + c;
            length += 3;
            if length > MAX_DIGITS {
                return None;
            }
        }
        (!self.goes_on()? && (first != b'0' || start == 1)).then_some(value as f64)
    }

    /// A decimal, and its text as a cell; the number of its places.
    #[inline]
    fn decimal(&mut self, cells: &mut Vec<u8>) -> Option<(f64, u32)> {
        let read = self.read()?;
        if self.byte()? == b'e' {
            let (value, exponent, places) = self.exponent(&read)?;
            csv::decimal(cells, read.digits, exponent);
            return Some((value, places));
        }
        if self.goes_on()? {
            return None;
        }
        if read.places == 0 || read.digits != 0 && read.digits < SMALL.get(read.places).copied()? {
            csv::decimal(cells, read.digits, -(read.places as i32));
        } else {
            let mut end = read.end;
            while end > read.fraction + 1 && self.window[end - 1] == b'0' {
                end -= 1;
            }
            copy(cells, self.peek(read.start)?, end - read.start);
        }
        Some((read.digits as f64 / POW10[read.places], read.places as u32))
    }

    /// A number that is no cell.
    #[inline]
    fn value(&mut self) -> Option<f64> {
        let read = self.read()?;
        if self.byte()? == b'e' {
            return Some(self.exponent(&read)?.0);
        }
        (!self.goes_on()?).then(|| read.digits as f64 / POW10[read.places])
    }

    /// Digits, and a point between them or none.
    #[inline]
    fn read(&mut self) -> Option<Decimal> {
        let start = self.at;
        let (whole, length) = self.run()?;
        let mut read = Decimal { digits: whole, places: 0, start, fraction: self.at, end: self.at };
        if self.skip(b".") {
            read.fraction = self.at;
            let (digits, places) = self.run()?;
            if length + places > MAX_DIGITS {
                return None;
            }
            read.digits = whole * WHOLE.get(places)? + digits;
            read.places = places;
            read.end = self.at;
        }
        if length > 1 && self.window[start] == b'0' {
            return None;
        }
        Some(read)
    }

    /// The value of a decimal with the exponent that stands here, the power of ten of its last digit, and its places.
    #[inline]
    fn exponent(&mut self, read: &Decimal) -> Option<(f64, i32, u32)> {
        self.at += 1;
        let negative = self.skip(b"-");
        if !negative {
            self.skip(b"+");
        }
        let (exponent, length) = self.run()?;
        if length > 3 || self.goes_on()? {
            return None;
        }
        let exponent = if negative { -(exponent as i32) } else { exponent as i32 } - read.places as i32;
        let power = POW10.get(exponent.unsigned_abs() as usize)?;
        let digits = read.digits as f64;
        let value = if exponent < 0 { digits / power } else { digits * power };
        Some((value, exponent, (read.places + length) as u32))
    }

    /// Up to fifteen digits, at least one.
    #[inline]
    fn run(&mut self) -> Option<(u64, usize)> {
        let (mut value, mut length) = digits(self.peek(self.at)?)?;
        if length == 8 {
            if let Some((more, rest)) = digits(self.peek(self.at + 8)?) {
                value = value * WHOLE.get(rest)? + more;
                length += rest;
            }
        }
        self.at += length;
        (length <= MAX_DIGITS).then_some((value, length))
    }

    /// Whether what stands here would make the number before it another one.
    #[inline]
    fn goes_on(&self) -> Option<bool> {
        Some(matches!(self.byte()?, b'0'..=b'9' | b'.' | b',' | b'e' | b'E'))
    }
}

/// A decimal with so many places and fewer digits is printed with an exponent: less than 0.0001.
const SMALL: [u64; 16] = [
    0,
    0,
    0,
    0,
    0,
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
];
const WHOLE: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The digits at the start of eight bytes: their value and their number, at least one.
#[inline]
fn digits(bytes: &[u8; 8]) -> Option<(u64, usize)> {
    // The first digit is the lowest byte. A byte that is no digit may carry into the next, which comes after it.
    let values = u64::from_le_bytes(*bytes) ^ 0x3030_3030_3030_3030;
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let length = others.trailing_zeros() / 8;
    if length == 0 {
        return None;
    }
    // Zeros come before the digits, then neighbours are joined: to pairs, fours and eight.
    let ones = values << (64 - 8 * length);
    let pairs = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff;
    Some((eight, length as usize))
}

/// Adds the first `length` bytes, at most sixteen; a copy of fixed size needs no call.
#[inline]
fn copy(cells: &mut Vec<u8>, bytes: &[u8; 16], length: usize) {
    let end = cells.len() + length;
    cells.extend_from_slice(bytes);
    cells.truncate(end);
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
        let mut cells = Vec::new();
        let read = Reader::default().line(&window, &mut cells);
        (read, String::from_utf8(cells).unwrap_or_default())
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
