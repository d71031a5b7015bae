//! Training rows and validation points as text: CSV (RFC 4180), tab-separated cells, or lines of JSON. Numbers are
//! printed as Python's `repr` does, in JSON as JavaScript does.

use crate::batch::{present, Batch};
use crate::points::{Closed, Point};

/// What the cells of a row stand between.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Form {
    /// Commas.
    #[default]
    Csv,
    /// Tabs.
    Tab,
    /// They are fields of a JSON object, whose first is in [`Frame::start`]; absent ones are left out.
    Json,
}

/// What all rows have in common: their form, and finished text before and after their own cells.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'t> {
    /// The form.
    pub form: Form,
    /// What every row starts with.
    pub start: &'t [u8],
    /// What every row ends with.
    pub end: &'t [u8],
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self { form: Form::Csv, start: b"", end: b"\r\n" }
    }
}

/// Which columns stand around the eight that are always there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns {
    /// `segment,line,timestamp`, before the others
    pub position: bool,
    /// `labels,batch_labels,total_labels`
    pub labels: bool,
    /// `segment`
    pub segment: bool,
    /// `timestamp`: `2026-04-02T08:05:00.000Z`
    pub timestamp: bool,
}

/// Appends every training row of `batch` to `out`: `epoch,up,sen,cost,time,rate,gnorm,learning_rate` and what `columns`
/// adds.
///
/// `times` are the rows' milliseconds since 1970 in UTC. If it is empty, the batch's own are taken for UTC.
pub fn training_rows(batch: &Batch, columns: Columns, times: &[f64], frame: Frame<'_>, out: &mut Vec<u8>) {
    if frame.form == Form::Json {
        return training_json(batch, columns, times, frame, out);
    }
    let separator = if frame.form == Form::Tab { b'\t' } else { b',' };
    let rows = &batch.training;
    let mut timestamps = Timestamps::default();
    let mut timestamp = |out: &mut Vec<u8>, row: usize| {
        if rows.present[row] & present::TIMESTAMP != 0 {
            timestamps.write(out, *times.get(row).unwrap_or(&rows.timestamp[row]));
        }
    };
    for row in 0..rows.up.len() {
        let bits = rows.present[row];
        let optional = |out: &mut Vec<u8>, value: f64, bit: u32, write: fn(&mut Vec<u8>, f64)| {
            out.push(separator);
            if bits & bit != 0 {
                write(out, value);
            }
        };
        out.extend_from_slice(frame.start);
        if columns.position {
            integer(out, rows.segment[row]);
            out.push(separator);
            integer(out, rows.line[row]);
            out.push(separator);
            timestamp(out, row);
            out.push(separator);
        }
        let cells = out.len();
        if !batch.cells.append(row, out) {
            integer(out, rows.epoch[row]);
            out.push(separator);
            integer(out, rows.up[row]);
            out.push(separator);
            integer(out, rows.sen[row]);
            out.push(separator);
            float(out, rows.cost[row]);
            optional(out, rows.time[row], present::TIME, float);
            optional(out, rows.rate[row], present::RATE, float);
            optional(out, rows.gnorm[row], present::GNORM, float);
            optional(out, rows.learning_rate[row], present::LEARNING_RATE, float);
        } else if separator != b',' {
            for byte in &mut out[cells..] {
                *byte = if *byte == b',' { separator } else { *byte };
            }
        }
        if columns.labels {
            optional(out, rows.labels[row], present::LABELS, integer);
            optional(out, rows.batch_labels[row], present::BATCH_LABELS, integer);
            optional(out, rows.total_labels[row], present::TOTAL_LABELS, integer);
        }
        if columns.segment {
            out.push(separator);
            integer(out, rows.segment[row]);
        }
        if columns.timestamp {
            out.push(separator);
            timestamp(out, row);
        }
        out.extend_from_slice(frame.end);
    }
}

/// The same as lines of JSON; labels are always there.
#[inline(never)]
fn training_json(batch: &Batch, columns: Columns, times: &[f64], frame: Frame<'_>, out: &mut Vec<u8>) {
    let rows = &batch.training;
    let mut timestamps = Timestamps::default();
    let mut text = Vec::new();
    for row in 0..rows.up.len() {
        let bits = rows.present[row];
        out.extend_from_slice(frame.start);
        if columns.position {
            let time = *times.get(row).unwrap_or(&rows.timestamp[row]);
            let time = (bits & present::TIMESTAMP != 0).then_some(time);
            position_json(out, rows.segment[row], rows.line[row], time, &mut timestamps);
        }
        text.clear();
        batch.cells.append(row, &mut text);
        let mut cells = text.split(|&byte| byte == b',');
        for (name, value, bit) in [
            ("epoch", rows.epoch[row], 0),
            ("up", rows.up[row], 0),
            ("sen", rows.sen[row], 0),
            ("cost", rows.cost[row], 0),
            ("time", rows.time[row], present::TIME),
            ("rate", rows.rate[row], present::RATE),
            ("gnorm", rows.gnorm[row], present::GNORM),
            ("learning_rate", rows.learning_rate[row], present::LEARNING_RATE),
            ("labels", rows.labels[row], present::LABELS),
            ("batch_labels", rows.batch_labels[row], present::BATCH_LABELS),
            ("total_labels", rows.total_labels[row], present::TOTAL_LABELS),
        ] {
            let cell = cells.next().unwrap_or_default();
            if bit != 0 && bits & bit == 0 {
                continue;
            }
            key(out, name);
            let plain = cell.strip_suffix(b".0").unwrap_or(cell);
            if plain.is_empty() || plain.iter().any(|byte| !matches!(byte, b'0'..=b'9' | b'.')) {
                json_number(out, value);
            } else {
                out.extend_from_slice(plain);
            }
        }
        out.extend_from_slice(frame.end);
    }
}

fn position_json(out: &mut Vec<u8>, segment: f64, line: f64, time: Option<f64>, timestamps: &mut Timestamps) {
    key(out, "segment");
    json_number(out, segment);
    key(out, "line");
    json_number(out, line);
    if let Some(time) = time.filter(|time| YEARS.contains(time)) {
        key(out, "timestamp");
        out.push(b'"');
        timestamps.write(out, time);
        out.push(b'"');
    }
}

/// A field's name, after those before it.
fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Which columns points have besides `epoch,up`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PointCells<'p> {
    /// Two numbers for each metric: in which cell its value stands, and in which how often it stalled.
    pub places: &'p [f64],
    /// How many cells of metrics there are. Those from there on are together in one more, `further`, if there is any.
    pub width: usize,
    /// The names of the cells, those of `further` too; need no escapes. CSV has no `further`, and needs none.
    pub names: &'p [&'p str],
    /// `segment,line,timestamp`, before the others
    pub position: bool,
    /// `segment`
    pub segment: bool,
    /// `timestamp`
    pub timestamp: bool,
}

/// Appends every point of `closed` to `out`; `times` are as in [`training_rows`].
pub fn point_rows(closed: &Closed, columns: PointCells<'_>, times: &[f64], frame: Frame<'_>, out: &mut Vec<u8>) {
    let mut timestamps = Timestamps::default();
    let mut cells: Vec<Option<f64>> = vec![None; columns.width.max(columns.names.len())];
    // The further ones, in the order of the log.
    let mut further: Vec<(usize, f64)> = Vec::new();
    let mut start = 0;
    for (row, point) in closed.points.iter().enumerate() {
        cells.fill(None);
        further.clear();
        let end = point.end as usize;
        for value in closed.values.get(start..end).unwrap_or_default() {
            let mut set = |which: usize, number: f64| {
                let Some(&place) = columns.places.get(2 * value.metric as usize + which) else { return };
                let place = place as usize;
                if place >= columns.width {
                    further.push((place, number));
                } else if let Some(cell) = cells.get_mut(place) {
                    *cell = Some(number);
                }
            };
            set(0, value.value);
            if value.present as u32 & present::STALLED != 0 {
                set(1, value.stalled);
            }
        }
        start = end;
        let bits = point.present as u32;
        let time = *times.get(row).unwrap_or(&point.timestamp);
        let time = (bits & present::TIMESTAMP != 0).then_some(time);
        out.extend_from_slice(frame.start);
        if frame.form == Form::Json {
            point_json(out, point, columns, &cells[..columns.width], time, &mut timestamps);
        } else {
            let separator = if frame.form == Form::Tab { b'\t' } else { b',' };
            let mut timestamp = |out: &mut Vec<u8>| {
                if let Some(time) = time {
                    timestamps.write(out, time);
                }
            };
            if columns.position {
                integer(out, point.segment);
                out.push(separator);
                integer(out, point.line);
                out.push(separator);
                timestamp(out);
                out.push(separator);
            }
            if bits & present::EPOCH != 0 {
                integer(out, point.epoch);
            }
            out.push(separator);
            integer(out, point.up);
            for cell in &cells[..columns.width] {
                out.push(separator);
                if let Some(number) = *cell {
                    float(out, number);
                }
            }
            if columns.segment {
                out.push(separator);
                integer(out, point.segment);
            }
            if columns.timestamp {
                out.push(separator);
                timestamp(out);
            }
            if frame.form == Form::Tab {
                out.push(separator);
            }
        }
        if frame.form != Form::Csv && !further.is_empty() {
            if frame.form == Form::Json {
                key(out, "further");
            }
            let first = out.len();
            for &(place, number) in &further {
                key(out, columns.names.get(place).copied().unwrap_or_default());
                json_number(out, number);
            }
            out[first] = b'{';
            out.push(b'}');
        }
        out.extend_from_slice(frame.end);
    }
}

fn point_json(
    out: &mut Vec<u8>,
    point: &Point,
    columns: PointCells<'_>,
    cells: &[Option<f64>],
    time: Option<f64>,
    timestamps: &mut Timestamps,
) {
    if columns.position {
        position_json(out, point.segment, point.line, time, timestamps);
    }
    if point.present as u32 & present::EPOCH != 0 {
        key(out, "epoch");
        json_number(out, point.epoch);
    }
    key(out, "up");
    json_number(out, point.up);
    for (cell, name) in cells.iter().zip(columns.names) {
        if let Some(number) = *cell {
            key(out, name);
            json_number(out, number);
        }
    }
}

const DAY: f64 = 86_400_000.0;
/// The first milliseconds of the year 0, and of the year 10000: the form has four digits.
const YEARS: std::ops::Range<f64> = -62_167_219_200_000.0..253_402_300_800_000.0;

/// Formats times as ISO 8601 in UTC. Rows nearly always share their day.
struct Timestamps {
    /// The start of the day that `date` shows.
    day: f64,
    /// `2026-04-02T`
    date: [u8; 11],
}

impl Default for Timestamps {
    fn default() -> Self {
        Self { day: f64::NAN, date: *b"0000-00-00T" }
    }
}

impl Timestamps {
    /// Appends a time in milliseconds since 1970; nothing if its year does not have four digits.
    #[inline]
    fn write(&mut self, out: &mut Vec<u8>, millis: f64) {
        if !(self.day..self.day + DAY).contains(&millis) {
            if !YEARS.contains(&millis) {
                return;
            }
            self.day = (millis / DAY).floor() * DAY;
            self.set_date((millis / DAY).floor() as i64);
        }
        let rest = (millis - self.day) as u32;
        let (seconds, millis) = (rest / 1000, rest % 1000);
        // Words in registers: bytes that were written one by one would have to reach the memory before they are copied.
        let pair = |value: u32| u64::from(value / 10 + ((value % 10) << 8));
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(pair);
        let clock = u64::from_le_bytes(*b"00:00:00") + hour + (minute << 24) + (second << 48);
        let decimals =
            u64::from_le_bytes(*b".000Z\0\0\0") + (u64::from(millis / 100) << 8) + (pair(millis % 100) << 16);
        out.extend_from_slice(&self.date);
        out.extend_from_slice(&clock.to_le_bytes());
        out.extend_from_slice(&decimals.to_le_bytes()[..5]);
    }

    /// From days since 1970 in the proleptic Gregorian calendar, with years that start in March.
    #[cold]
    #[inline(never)]
    fn set_date(&mut self, days: i64) {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = (shifted + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month < 3);
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        for (at, pair) in [(0, year / 100), (2, year % 100), (5, month), (8, day)] {
            self.date[at] = b'0' + (pair / 10) as u8;
            self.date[at + 1] = b'0' + (pair % 10) as u8;
        }
    }
}

/// A count, or an epoch: whole numbers without a point, others (logical epochs) as floats.
#[inline]
fn integer(out: &mut Vec<u8>, value: f64) {
    if (0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0 {
        out.extend_from_slice(digits_of(value as u64, &mut [0; 20]));
    } else {
        float(out, value);
    }
}

/// A float as Python's `repr`: the shortest digits that read back the same, `19.0`, `1.875e-08`, `1e+16`, `nan`.
pub fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"nan");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        return out.extend_from_slice(b"inf");
    }
    let (significand, exponent) = shortest(value.abs());
    decimal(out, significand, exponent);
}

/// The decimal `significand` x 10^`exponent`, of at most 17 digits, in the same form.
pub(crate) fn decimal(out: &mut Vec<u8>, significand: u64, exponent: i32) {
    let (significand, exponent) = strip_zeros(significand, exponent);
    let mut buffer = [0; 20];
    let digits = digits_of(significand, &mut buffer);
    // The power of ten of the first digit.
    let power = exponent + digits.len() as i32 - 1;
    if !(-4..16).contains(&power) {
        scientific(out, digits, power);
        if power.abs() < 10 {
            out.push(b'0');
        }
        return integer(out, f64::from(power.abs()));
    }
    if fixed(out, digits, power) {
        out.extend_from_slice(b".0");
    }
}

/// Digits whose first has this power of ten, between -7 and 21, without an exponent; returns whether they are whole.
#[inline]
fn fixed(out: &mut Vec<u8>, digits: &[u8], power: i32) -> bool {
    if power < 0 {
        out.extend_from_slice(&b"0.00000"[..(1 - power) as usize]);
        out.extend_from_slice(digits);
        return false;
    }
    let whole = power as usize + 1;
    if let Some((whole, fraction)) = digits.split_at_checked(whole).filter(|(_, fraction)| !fraction.is_empty()) {
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
        return false;
    }
    out.extend_from_slice(digits);
    out.extend_from_slice(&b"000000000000000000000"[..whole - digits.len()]);
    true
}

/// A number as JavaScript prints it: the same digits, `19`, `1.875e-8`, `10000000000000000`; one that is not finite is a
/// string.
fn json_number(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"\"NaN\"");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" });
    }
    if value < 0.0 {
        out.push(b'-');
    }
    let (significand, exponent) = shortest(value.abs());
    let (significand, exponent) = strip_zeros(significand, exponent);
    let mut buffer = [0; 20];
    let digits = digits_of(significand, &mut buffer);
    let power = exponent + digits.len() as i32 - 1;
    if (-6..21).contains(&power) {
        fixed(out, digits, power);
    } else {
        scientific(out, digits, power);
        integer(out, f64::from(power.abs()));
    }
}

/// Digits with an exponent, up to its sign.
fn scientific(out: &mut Vec<u8>, digits: &[u8], power: i32) {
    out.extend_from_slice(&digits[..1]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if power < 0 { b"e-" } else { b"e+" });
}

/// The shortest decimal that reads back as `value` (finite, not negative): its digits and their power of ten.
#[inline]
fn shortest(value: f64) -> (u64, i32) {
    // A decimal of at most 15 digits is the only one so short that reads back as its value. Marian prints so few,
    // and a division tells: both powers are exact, so it rounds as the reading of the decimal does.
    for (scale, places) in [(1e8, 8), (1e13, 13)] {
        let scaled = (value * scale).round();
        if scaled < 1e15 && scaled / scale == value {
            return (scaled as u64, -places);
        }
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    let (mut significand, mut exponent, mut places) = (0, 0, None);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                significand = significand * 10 + u64::from(byte - b'0');
                places = places.map(|places| places + 1);
            }
            b'.' => places = Some(0),
            _ => {
                exponent = signed(&text[at + 1..]);
                break;
            }
        }
    }
    (significand, exponent - places.unwrap_or(0))
}

fn strip_zeros(mut significand: u64, mut exponent: i32) -> (u64, i32) {
    if significand == 0 {
        return (0, 0);
    }
    while significand % 10 == 0 {
        significand /= 10;
        exponent += 1;
    }
    (significand, exponent)
}

/// The digits of `value` at the end of `buffer`.
#[inline]
fn digits_of(value: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = value;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return &buffer[at..];
        }
    }
}

fn signed(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let value = digits.iter().fold(0, |value, byte| value * 10 + i32::from(byte - b'0'));
    if negative {
        -value
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn prints_as_python_does() {
        for (value, wanted) in [
            (19.0, "19.0"),
            (1.875e-8, "1.875e-08"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (-1.5, "-1.5"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
            (47464.64, "47464.64"),
            (9007199254740993.0, "9007199254740992.0"),
            (123456789.12345678, "123456789.12345678"),
            (0.00001234, "1.234e-05"),
            (1234567.0, "1234567.0"),
        ] {
            assert_eq!(text(value), wanted);
        }
    }

    #[test]
    fn prints_as_javascript_does() {
        for (value, wanted) in [
            (19.0, "19"),
            (1.875e-8, "1.875e-8"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (0.00012, "0.00012"),
            (1e16, "10000000000000000"),
            (123456789012345680.0, "123456789012345680"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.0, "0"),
            (-0.0, "0"),
            (-1.5, "-1.5"),
            (5e-324, "5e-324"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
            (47464.64, "47464.64"),
        ] {
            let mut out = Vec::new();
            json_number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    #[test]
    fn prints_times_as_iso_8601_in_utc() {
        let mut timestamps = Timestamps::default();
        for (millis, wanted) in [
            (1_694_867_941_105.0, "2023-09-16T12:39:01.105Z"),
            (1_694_867_941_105.0, "2023-09-16T12:39:01.105Z"),
            (1_694_867_941_999.5, "2023-09-16T12:39:01.999Z"),
            (1_694_822_400_000.0, "2023-09-16T00:00:00.000Z"),
            (1_694_822_399_999.0, "2023-09-15T23:59:59.999Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.999Z"),
            (YEARS.start, "0000-01-01T00:00:00.000Z"),
            (YEARS.end - 1.0, "9999-12-31T23:59:59.999Z"),
            (YEARS.end, ""),
            (YEARS.start - 1.0, ""),
            (f64::NAN, ""),
        ] {
            let mut out = Vec::new();
            timestamps.write(&mut out, millis);
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    proptest! {
        #[test]
        fn times_read_back_the_same(millis in YEARS) {
            let mut out = Vec::new();
            Timestamps::default().write(&mut out, millis);
            let time = crate::stamp::iso_time(&out).unwrap();
            prop_assert_eq!((time.utc(), time.length), (Some(millis.floor()), 24));
        }

        #[test]
        fn reads_back_the_same_and_as_short_as_debug(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let printed = text(value);
            prop_assert_eq!(printed.parse::<f64>().unwrap().to_bits(), bits);
            let count = |text: &str| {
                let mantissa = text.split('e').next().unwrap().replace(['-', '.'], "");
                mantissa.trim_start_matches('0').trim_end_matches('0').len()
            };
            prop_assert_eq!(count(&printed), count(&format!("{value:e}")));
        }

        #[test]
        fn short_decimals_keep_their_digits(significand in 0u64..1_000_000_000, places in 0i32..14) {
            let value: f64 = format!("{significand}e-{places}").parse().unwrap();
            let printed = text(value);
            prop_assert_eq!(printed.parse::<f64>().unwrap().to_bits(), value.to_bits());
            let (digits, exponent) = shortest(value);
            prop_assert_eq!(format!("{digits}e{exponent}").parse::<f64>().unwrap().to_bits(), value.to_bits());
            prop_assert_eq!(strip_zeros(digits, exponent), strip_zeros(significand, -places));
        }

        #[test]
        fn counts_print_plainly(value in 0u64..(1 << 53)) {
            let mut out = Vec::new();
            integer(&mut out, value as f64);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
