//! Time stamps before a record: Marian's `[2023-09-16 12:39:01]` and Taskcluster's `[task 2023-09-16T12:39:01.105Z]`.

use memchr::memrchr;

/// Length of `2023-09-16 12:39:01`.
const STAMP: usize = 19;
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
            found.task = task_header(&text[from + open + 1..close]);
        }
        end = from + open;
    }
}

/// The time of a Taskcluster prefix at the start of `text`.
#[inline]
pub fn task_prefix(text: &[u8]) -> Option<f64> {
    let rest = text.strip_prefix(b"[task ")?;
    let close = rest.iter().take(MAX_HEADER).position(|&byte| byte == b']')?;
    task_time(&rest[..close])
}

fn task_header(header: &[u8]) -> Option<f64> {
    task_time(header.strip_prefix(b"task ")?)
}

/// `2023-09-16T12:39:01.105Z`; digits after the third are cut.
fn task_time(text: &[u8]) -> Option<f64> {
    let seconds = date_time(text.get(..STAMP)?, b'T')?;
    let mut rest = text.get(STAMP..)?;
    let mut millis = 0.0;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        for (digit, weight) in fraction.iter().take(count).zip([100.0, 10.0, 1.0]) {
            millis += f64::from(digit - b'0') * weight;
        }
        rest = &fraction[count..];
    }
    (rest == b"Z").then_some(seconds * 1000.0 + millis)
}

/// A Marian stamp that ends at `close`, the place of its bracket: the time and where its digits start.
fn marian_stamp_ending(text: &[u8], close: usize) -> Option<(f64, usize)> {
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
fn date_time(text: &[u8], separator: u8) -> Option<f64> {
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
        for text in ["[task 2023-09-16T12:39:01.Z] ", "[task x] ", "[task 2023-09-16T12:39:01+02:00] "] {
            assert_eq!(task_prefix(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn task_prefix_keeps_milliseconds() {
        assert_eq!(task_prefix(b"[task 2023-09-16T12:39:01.1Z] x"), Some(1_694_867_941_100.0));
        assert_eq!(task_prefix(b"[task 2023-09-16T12:39:01Z] x"), STAMPED);
        assert_eq!(task_prefix(b"[task 2023-09-16T12:39:01.123456Z]"), Some(1_694_867_941_123.0));
    }
}
