//! Time stamps before a record: Marian's `[2023-09-16 12:39:01]` and Taskcluster's `[task 2023-09-16T12:39:01.105Z]`.

use crate::prefix::worker_header;
use memchr::memrchr;

/// Length of `2023-09-16 12:39:01`.
pub const STAMP: usize = 19;
/// Longest header looked through on the way back to a stamp (`[MPI rank 0 out of 2]`).
const MAX_HEADER: usize = 64;

/// When a line was printed, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time {
    /// From Taskcluster: UTC.
    Utc(f64),
    /// From Marian: the clock of the machine, read as if it were UTC, because no zone is printed.
    Local(f64),
}

/// What stands directly before a record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Headers {
    /// The innermost Marian stamp, if one stands there.
    pub stamp: Option<f64>,
    /// The Taskcluster prefix, if one stands there.
    pub task: Option<f64>,
}

impl Headers {
    /// The time that counts: Taskcluster's, which may stand at the start of the line (`task`), else Marian's.
    #[inline]
    pub fn time(self, task: Option<f64>) -> Option<Time> {
        self.task.or(task).map(Time::Utc).or(self.stamp.map(Time::Local))
    }
}

/// Reads the headers (`[…] `) that end at `pos`, from the inside out.
#[inline]
pub fn headers_before(text: &[u8], pos: usize) -> Headers {
    let mut found = Headers::default();
    let mut end = pos;
    loop {
        while end > 0 && matches!(text[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        if end == 0 || text[end - 1] != b']' {
            return found;
        }
        let close = end - 1;
        if let Some((time, start)) = marian_stamp_ending(text, close) {
            found.stamp = found.stamp.or(Some(time));
            // The opening bracket may be torn away.
            end = if start > 0 && text[start - 1] == b'[' { start - 1 } else { start };
            continue;
        }
        let from = close.saturating_sub(MAX_HEADER);
        let Some(open) = memrchr(b'[', &text[from..close]) else { return found };
        if memrchr(b']', &text[from + open..close]).is_some() {
            return found;
        }
        if found.task.is_none() {
            found.task = worker_header(&text[from + open + 1..close]).and_then(|(_, time)| time);
        }
        end = from + open;
    }
}

/// A time of ISO 8601 at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IsoTime {
    /// Milliseconds since 1970 of the clock that is printed; further digits are cut.
    clock: f64,
    /// Milliseconds that this clock is ahead of UTC; absent where no zone is printed.
    ahead: Option<f64>,
    /// Its length.
    pub length: usize,
    /// Whether it is no more than a Marian stamp has: a blank, no decimals, no zone.
    pub plain: bool,
}

impl IsoTime {
    /// Milliseconds since 1970 in UTC; `None` where no zone is printed.
    pub fn utc(&self) -> Option<f64> {
        self.ahead.map(|ahead| self.clock - ahead)
    }
}

/// Reads `2023-09-16T12:39:01.105Z` in any form: `T` or a blank, any decimals, `Z`, `+00:00`, `-0530`, `+02` or none.
pub fn iso_time(text: &[u8]) -> Option<IsoTime> {
    let separator = *text.get(10)?;
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let seconds = date_time(text.get(..STAMP)?, separator)?;
    let (millis, decimals) = fraction(&text[STAMP..]);
    let start = STAMP + decimals;
    let (ahead, zone) = offset(&text[start..]).map_or((None, 0), |(ahead, length)| (Some(ahead), length));
    let length = start + zone;
    // A number or a letter right after it makes it something else.
    if text.get(length).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b',' | b'+')) {
        return None;
    }
    let plain = separator == b' ' && length == STAMP;
    Some(IsoTime { clock: seconds * 1000.0 + millis, ahead, length, plain })
}

/// Length of `12:39:01`, with decimals if it has any.
pub fn clock(text: &[u8]) -> Option<usize> {
    let &[h0, h1, b':', i0, i1, b':', s0, s1] = text.get(..8)? else { return None };
    if !h1.is_ascii_digit() || !matches!(h0, b'0'..=b'2') || !i1.is_ascii_digit() || !s1.is_ascii_digit() {
        return None;
    }
    (matches!(i0, b'0'..=b'5') && matches!(s0, b'0'..=b'6')).then(|| 8 + fraction(&text[8..]).1)
}

/// Milliseconds of `.105`, and its length; 0 where none stands there.
fn fraction(text: &[u8]) -> (f64, usize) {
    let [b'.' | b',', digits @ ..] = text else { return (0.0, 0) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let millis =
        digits.iter().take(count).zip([100.0, 10.0, 1.0]).map(|(digit, weight)| f64::from(digit - b'0') * weight);
    (millis.sum(), if count == 0 { 0 } else { count + 1 })
}

/// Milliseconds ahead of UTC, and the length of the zone: `Z`, `+02`, `+0200`, `+02:00`, ` +02:00`, ` UTC`.
fn offset(text: &[u8]) -> Option<(f64, usize)> {
    let (zone, blank) = text.strip_prefix(b" ").map_or((text, 0), |zone| (zone, 1));
    if matches!(zone, [b'Z' | b'z', ..]) && blank == 0 {
        return Some((0.0, 1));
    }
    if zone.starts_with(b"UTC") && blank == 1 {
        return Some((0.0, 4));
    }
    let (sign, digits) = match zone {
        [b'+', digits @ ..] => (1.0, digits),
        [b'-', digits @ ..] => (-1.0, digits),
        _ => return None,
    };
    let pair = |at: usize| -> Option<f64> {
        let &[high, low] = digits.get(at..at + 2)? else { return None };
        let both = high.is_ascii_digit() && low.is_ascii_digit();
        both.then(|| f64::from(high - b'0') * 10.0 + f64::from(low - b'0'))
    };
    let hours = pair(0)?;
    let colon = usize::from(digits.get(2) == Some(&b':'));
    let (minutes, length) = match pair(2 + colon) {
        Some(minutes) => (minutes, 4 + colon),
        // After a blank a number of two digits is a word of the line.
        None if blank == 1 => return None,
        None => (0.0, 2),
    };
    (hours < 24.0 && minutes < 60.0).then(|| (sign * (hours * 60.0 + minutes) * 60_000.0, blank + 1 + length))
}

/// The time of a Marian stamp at the start of `text`; its opening bracket may be lost.
pub fn marian_stamp(text: &[u8]) -> Option<f64> {
    let rest = text.strip_prefix(b"[").unwrap_or(text);
    let close = STAMP + rest.get(STAMP..)?.iter().take(MAX_HEADER).position(|&byte| byte == b']')?;
    marian_stamp_ending(rest, close).filter(|&(_, start)| start == 0).map(|(time, _)| time)
}

/// A Marian stamp that ends at `close`, the place of its bracket: the time and where its digits start.
#[inline]
pub fn marian_stamp_ending(text: &[u8], close: usize) -> Option<(f64, usize)> {
    let mut end = close;
    if text[..end].last()?.is_ascii_digit() {
        // ` mpi:3` of a multi-node training.
        let digits = text[..end].iter().rev().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        if let Some(head) = text[..end - digits].strip_suffix(b" mpi:") {
            end = head.len();
        }
    }
    let start = end.checked_sub(STAMP)?;
    if start > 0 && text[start - 1].is_ascii_digit() {
        return None;
    }
    date_time(&text[start..end], b' ').map(|seconds| (seconds * 1000.0, start))
}

/// Seconds since 1970 of a date and time with `separator` between them.
pub fn date_time(text: &[u8], separator: u8) -> Option<f64> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, between, h0, h1, b':', i0, i1, b':', s0, s1] = text else {
        return None;
    };
    if between != separator {
        return None;
    }
    let pair = |high: u8, low: u8| -> Option<i64> {
        (high.is_ascii_digit() && low.is_ascii_digit()).then(|| i64::from(high - b'0') * 10 + i64::from(low - b'0'))
    };
    let year = pair(y0, y1)? * 100 + pair(y2, y3)?;
    let (month, day) = (pair(m0, m1)?, pair(d0, d1)?);
    let (hour, minute, second) = (pair(h0, h1)?, pair(i0, i1)?, pair(s0, s1)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    // A leap second (60) is allowed.
    if !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970 in the proleptic Gregorian calendar, with years that start in March.
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(text: &str) -> Headers {
        headers_before(text.as_bytes(), text.len())
    }

    const STAMPED: Option<f64> = Some(1_694_867_941_000.0);

    #[test]
    fn reads_the_innermost_stamp_and_the_task() {
        let found = before("[task 2023-09-16T12:39:02.105Z] [2020-01-01 00:00:00] [2023-09-16 12:39:01] ");
        assert_eq!(found, Headers { stamp: STAMPED, task: Some(1_694_867_942_105.0) });
        assert_eq!(before("[2023-09-16 12:39:01] [MPI rank 0 out of 2] ").stamp, STAMPED);
        assert_eq!(before("2022-05-01 21:54:09 [2023-09-16 12:39:01 mpi:0] ").stamp, STAMPED);
        assert_eq!(before("torn text 2023-09-16 12:39:01] ").stamp, STAMPED);
        assert_eq!(before("[2023-09-16 12:39:01]").stamp, STAMPED);
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        for text in [
            "",
            "x ",
            "] ",
            "[2023-13-16 12:39:01] ",
            "[2023-02-30 12:39:01] ",
            "[12:39:01] ",
            "12023-09-16 12:39:01] ",
        ] {
            assert_eq!(before(text).stamp, None, "{text}");
        }
    }
}
