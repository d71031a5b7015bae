//! Training rows as CSV (RFC 4180), with numbers as Python's `repr` prints them.

use crate::batch::{present, Batch};

/// Which columns follow the eight that are always there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns {
    /// `labels,batch_labels,total_labels`
    pub labels: bool,
    /// `segment`
    pub segment: bool,
}

/// Appends every training row of `batch` to `out`, each with `prefix` (finished CSV text) in front:
/// `epoch,up,sen,cost,time,rate,gnorm,learning_rate` and what `columns` adds.
pub fn training_rows(batch: &Batch, columns: Columns, prefix: &[u8], out: &mut Vec<u8>) {
    let rows = &batch.training;
    for row in 0..rows.up.len() {
        let bits = rows.present[row];
        let optional = |out: &mut Vec<u8>, value: f64, bit: u32, write: fn(&mut Vec<u8>, f64)| {
            out.push(b',');
            if bits & bit != 0 {
                write(out, value);
            }
        };
        out.extend_from_slice(prefix);
        integer(out, rows.epoch[row]);
        out.push(b',');
        integer(out, rows.up[row]);
        out.push(b',');
        integer(out, rows.sen[row]);
        out.push(b',');
        float(out, rows.cost[row]);
        optional(out, rows.time[row], present::TIME, float);
        optional(out, rows.rate[row], present::RATE, float);
        optional(out, rows.gnorm[row], present::GNORM, float);
        optional(out, rows.learning_rate[row], present::LEARNING_RATE, float);
        if columns.labels {
            optional(out, rows.labels[row], present::LABELS, integer);
            optional(out, rows.batch_labels[row], present::BATCH_LABELS, integer);
            optional(out, rows.total_labels[row], present::TOTAL_LABELS, integer);
        }
        if columns.segment {
            out.push(b',');
            integer(out, rows.segment[row]);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// A count, or an epoch: whole numbers without a point, others (logical epochs) as floats.
#[inline]
fn integer(out: &mut Vec<u8>, value: f64) {
    if (0.0..=9_007_199_254_740_992.0).contains(&value) && value.fract() == 0.0 {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = value as u64;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        out.extend_from_slice(&digits[at..]);
    } else {
        float(out, value);
    }
}

/// A float as Python's `repr`: the shortest digits that read back the same, `19.0`, `1.875e-08`, `1e+16`, `nan`.
pub fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"nan");
    }
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    // ryu writes 1e-5 and 1.5e16 where Python writes 1e-05 and 1.5e+16, and changes to exponents elsewhere.
    let (mantissa, exponent) = match text.iter().position(|&byte| byte == b'e') {
        None if value == 0.0 || value.abs() >= 1e-4 => return out.extend_from_slice(text),
        None => (text, 0),
        Some(at) => (&text[..at], decimal(&text[at + 1..])),
    };
    let (negative, mantissa) = match mantissa {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    // The digits without point and leading zeros, and the power of ten of the first.
    let point = mantissa.iter().position(|&byte| byte == b'.').unwrap_or(mantissa.len());
    let all: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    let zeros = all.iter().take_while(|&&byte| byte == b'0').count();
    let mut digits = &all[zeros..];
    while let [head @ .., b'0'] = digits {
        digits = head;
    }
    let power = exponent + point as i32 - 1 - zeros as i32;
    if negative {
        out.push(b'-');
    }
    if (-4..16).contains(&power) {
        return plain(out, digits, power);
    }
    out.extend_from_slice(&digits[..1.min(digits.len())]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if power < 0 { b"e-" } else { b"e+" });
    if power.abs() < 10 {
        out.push(b'0');
    }
    integer(out, f64::from(power.abs()));
}

fn plain(out: &mut Vec<u8>, digits: &[u8], power: i32) {
    if power < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-power - 1) as usize));
        return out.extend_from_slice(digits);
    }
    let whole = power as usize + 1;
    for index in 0..whole.max(digits.len()) {
        if index == whole {
            out.push(b'.');
        }
        out.push(digits.get(index).copied().unwrap_or(b'0'));
    }
    if digits.len() <= whole {
        out.extend_from_slice(b".0");
    }
}

fn decimal(text: &[u8]) -> i32 {
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
        ] {
            assert_eq!(text(value), wanted);
        }
    }

    proptest! {
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
        fn counts_print_plainly(value in 0u64..(1 << 53)) {
            let mut out = Vec::new();
            integer(&mut out, value as f64);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
