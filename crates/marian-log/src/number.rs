//! Numbers as Marian prints them: `8.26540375`, `753,766`, `1.2e+10`, `-nan`, `inf`.

/// What stands where a number was expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token {
    /// A well-formed number; `places` counts the digits behind its point and in its exponent, which tells a number
    /// that was cut off from its neighbours in the log. `u32::MAX` for `nan` and `inf`, which are whole.
    Number { value: f64, places: u32 },
    /// Digits that are no number (`8.2.6`, `1.5e`, `2,`): the line can't be trusted.
    Malformed,
}

/// Largest integer below which every integer is exact in an `f64`.
const MAX_EXACT: u64 = 1 << 53;
/// Powers of ten that are exact in an `f64`: a quotient or product with one is correctly rounded.
pub const POW10: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Reads a number token at `pos` and returns it with its end, or `None` where no number starts.
///
/// A token is taken as long as it can be (`grammar::TOKEN`) and judged afterwards, so that `8.2.6` is one
/// malformed number and never the number 8.2.
#[inline]
pub fn float(text: &[u8], pos: usize) -> Option<(Token, usize)> {
    let (negative, start) = sign(text, pos);
    match text.get(start)? {
        b'0'..=b'9' => Some(digits(text, pos, start, negative)),
        _ => word(text, start, negative),
    }
}

/// Reads an integer with optional thousands commas (`753,766`); anything else that [`float`] reads is malformed.
#[inline]
pub fn integer(text: &[u8], pos: usize) -> Option<(Token, usize)> {
    let mut value: u64 = 0;
    let mut end = pos;
    let mut whole = true;
    while let Some(&byte) = text.get(end) {
        match byte {
            b'0'..=b'9' => value = value.saturating_mul(10).saturating_add(u64::from(byte - b'0')),
            b',' if end > pos => whole &= text.get(end + 1).is_some_and(u8::is_ascii_digit),
            _ => break,
        }
        end += 1;
    }
    if end == pos {
        return float(text, pos).map(|(_, end)| (Token::Malformed, end));
    }
    match text.get(end) {
        Some(b'.' | b'e') => float(text, pos).map(|(_, end)| (Token::Malformed, end)),
        Some(b'E') if exponent_follows(text, end) => float(text, pos).map(|(_, end)| (Token::Malformed, end)),
        _ if whole && value <= MAX_EXACT => Some((Token::Number { value: value as f64, places: 0 }, end)),
        _ => Some((Token::Malformed, end)),
    }
}

#[inline]
fn sign(text: &[u8], pos: usize) -> (bool, usize) {
    match text.get(pos) {
        Some(b'-') => (true, pos + 1),
        Some(b'+') => (false, pos + 1),
        _ => (false, pos),
    }
}

/// A capital `E` belongs to the number only where an exponent follows: it may be the `Ep.` of a glued record.
#[inline]
fn exponent_follows(text: &[u8], pos: usize) -> bool {
    let (_, digit) = sign(text, pos + 1);
    text.get(digit).is_some_and(u8::is_ascii_digit)
}

#[inline]
fn digits(text: &[u8], token: usize, start: usize, negative: bool) -> (Token, usize) {
    let mut mantissa: u64 = 0;
    let mut exact = true;
    let mut decimals: u32 = 0;
    let mut point = false;
    let mut well_formed = true;
    let mut end = start;
    while let Some(&byte) = text.get(end) {
        match byte {
            b'0'..=b'9' => {
                if mantissa < MAX_EXACT / 10 {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                } else {
                    exact = false;
                }
                decimals += u32::from(point);
            }
            b'.' => {
                well_formed &= !point && text.get(end + 1).is_some_and(u8::is_ascii_digit);
                point = true;
            }
            b',' => well_formed = false,
            _ => break,
        }
        end += 1;
    }
    let mut exponent: i32 = 0;
    let mut places = 0;
    let marker = text.get(end);
    if marker == Some(&b'e') || (marker == Some(&b'E') && exponent_follows(text, end)) {
        let (minus, mut at) = sign(text, end + 1);
        let first = at;
        while let Some(&byte) = text.get(at) {
            match byte {
                b'0'..=b'9' => exponent = exponent.saturating_mul(10).saturating_add(i32::from(byte - b'0')),
                b'.' | b',' => well_formed = false,
                _ => break,
            }
            at += 1;
        }
        well_formed &= at > first;
        places = (at - first) as u32;
        if minus {
            exponent = -exponent;
        }
        end = at;
    }
    if !well_formed {
        return (Token::Malformed, end);
    }
    let places = decimals + places;
    let scale = exponent.saturating_sub(decimals as i32);
    let value = match POW10.get(scale.unsigned_abs() as usize) {
        Some(power) if exact && scale < 0 => mantissa as f64 / power,
        Some(power) if exact => mantissa as f64 * power,
        _ => return (slow(text.get(token..end).unwrap_or_default(), places), end),
    };
    (Token::Number { value: if negative { -value } else { value }, places }, end)
}

/// Long digits and large exponents. A finite text that no finite `f64` holds is malformed rather than infinite.
#[cold]
fn slow(token: &[u8], places: u32) -> Token {
    match exact(token) {
        value if value.is_finite() => Token::Number { value, places },
        _ => Token::Malformed,
    }
}

/// More digits than this decide nothing but whether there are any but zeros: so many tell two neighbours apart.
const MAX_DIGITS: i64 = 800;

/// The `f64` nearest to a well-formed decimal, as [`str::parse`] gives it, whose table of powers takes 10 kB.
///
/// The digits as one large integer, shifted far enough, are divided by the power of ten; of the quotient the first 64
/// bits count, and whether anything comes after them.
fn exact(token: &[u8]) -> f64 {
    let (negative, start) = sign(token, 0);
    let (mut number, mut power, mut sticky, mut point) = (Large::default(), 0i64, false, false);
    let (mut taken, mut at) = (0, start);
    while let Some(&byte @ (b'0'..=b'9' | b'.')) = token.get(at) {
        at += 1;
        if byte == b'.' {
            point = true;
            continue;
        }
        if taken < MAX_DIGITS {
            number.multiply(10, u32::from(byte - b'0'));
            taken += i64::from(taken > 0 || byte != b'0');
            power -= i64::from(point);
        } else {
            sticky |= byte != b'0';
            power += i64::from(!point);
        }
    }
    if at < token.len() {
        let (minus, digits) = sign(token, at + 1);
        let exponent = token[digits..].iter().fold(0i64, |exponent, byte| {
            exponent.saturating_mul(10).saturating_add(i64::from(byte.wrapping_sub(b'0'))).min(1 << 40)
        });
        power += if minus { -exponent } else { exponent };
    }
    let value = match taken + power {
        _ if taken == 0 => 0.0,
        310.. => f64::INFINITY,
        ..-330 => 0.0,
        _ => number.scaled(power, sticky),
    };
    if negative {
        -value
    } else {
        value
    }
}

/// A large integer, its lowest digits first.
#[derive(Default)]
struct Large(Vec<u32>);

impl Large {
    fn multiply(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// Whether a remainder was left.
    fn divide(&mut self, divisor: u32) -> bool {
        let mut rest = 0;
        for digit in self.0.iter_mut().rev() {
            rest = rest << 32 | u64::from(*digit);
            *digit = (rest / u64::from(divisor)) as u32;
            rest %= u64::from(divisor);
        }
        rest > 0
    }

    /// Itself x 10^`power`, rounded to even; `sticky` says that a little more is there.
    fn scaled(mut self, power: i64, mut sticky: bool) -> f64 {
        // A power of ten has less than 3.33 bits a digit; 96 are left for what counts.
        let shifted = if power < 0 { (-power as usize * 10 / 3) / 32 + 3 } else { 2 };
        self.0.splice(0..0, std::iter::repeat_n(0, shifted));
        for _ in 0..power {
            self.multiply(10, 0);
        }
        for _ in power..0 {
            sticky |= self.divide(10);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        let top = self.0.len();
        let word = |at: usize| top.checked_sub(at).map_or(0, |at| u128::from(self.0[at]));
        let bits = word(1) << 64 | word(2) << 32 | word(3);
        sticky |= self.0.iter().rev().skip(3).any(|&digit| digit != 0);
        // The value is `bits` x 2^`scale`; its first bit is that of 2^`first`.
        let scale = (top as i64 - 3 - shifted as i64) * 32;
        let first = scale + 127 - i64::from(bits.leading_zeros());
        // The last bit that an `f64` of this size has.
        let last = (first - 52).max(-1074);
        let cut = (last - scale) as u32;
        let (kept, rest, half) = (bits >> cut, bits & ((1 << cut) - 1), 1u128 << (cut - 1));
        let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
        let kept = kept + u128::from(up);
        // As bits, the exponent follows the fraction, so that a carry out of this is one into that.
        let exponent = (last + 1074) as u64;
        if exponent > 2045 {
            return f64::INFINITY;
        }
        let value = if kept >> 52 == 0 { kept as u64 } else { ((exponent + 1) << 52) + (kept as u64 - (1 << 52)) };
        f64::from_bits(value)
    }
}

#[cold]
fn word(text: &[u8], start: usize, negative: bool) -> Option<(Token, usize)> {
    let head = text.get(start..start + 3)?;
    let nan = head.eq_ignore_ascii_case(b"nan");
    if !nan && !head.eq_ignore_ascii_case(b"inf") {
        return None;
    }
    let mut end = start + 3;
    if nan {
        // The C library of Windows prints -nan(ind).
        let inside = text.get(end..)?.strip_prefix(b"(").unwrap_or_default();
        let letters = inside.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        if inside.get(letters) == Some(&b')') {
            end += letters + 2;
        }
    } else if text.get(end..end + 5).is_some_and(|rest| rest.eq_ignore_ascii_case(b"inity")) {
        end += 5;
    }
    let value = match (nan, negative) {
        (true, _) => f64::NAN,
        (false, true) => f64::NEG_INFINITY,
        (false, false) => f64::INFINITY,
    };
    Some((Token::Number { value, places: u32::MAX }, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Option<f64> {
        match float(text.as_bytes(), 0) {
            Some((Token::Number { value, .. }, end)) if end == text.len() => Some(value),
            _ => None,
        }
    }

    #[test]
    fn reads_what_marian_prints() {
        assert_eq!(value("8.26540375"), Some(8.26540375));
        assert_eq!(value("1.8750e-08"), Some(1.875e-8));
        assert_eq!(value("0.0000e+00"), Some(0.0));
        assert_eq!(value("1e-05"), Some(1e-5));
        assert_eq!(value("1.23457e+06"), Some(1234570.0));
        assert_eq!(value("-1.5"), Some(-1.5));
        assert_eq!(value("-inf"), Some(f64::NEG_INFINITY));
        assert!(value("-nan").is_some_and(f64::is_nan));
        assert!(value("-nan(ind)").is_some_and(f64::is_nan));
        assert_eq!(value("infinity"), Some(f64::INFINITY));
    }

    #[test]
    fn a_malformed_number_is_never_a_shorter_one() {
        for text in ["8.2.6", "1.5e", "1.5e+", "8.", "2,5", "1,", "1e400", "1e5.2"] {
            let (token, end) = float(text.as_bytes(), 0).unwrap();
            assert_eq!((token, end), (Token::Malformed, text.len()), "{text}");
        }
        for text in ["1,,2", "7,", "1.5", "99999999999999999999", "nan", "-3", "1e3"] {
            let (token, end) = integer(text.as_bytes(), 0).unwrap();
            assert_eq!((token, end), (Token::Malformed, text.len()), "{text}");
        }
    }

    #[test]
    fn a_glued_record_does_not_lengthen_a_number() {
        let (token, end) = float(b"2.0754Ep. 1", 0).unwrap();
        assert_eq!((token, end), (Token::Number { value: 2.0754, places: 4 }, 6));
        assert_eq!(integer(b"753,766Ep. 1", 0).unwrap().1, 7);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn rounds_any_number_of_digits(
            bits in 0..f64::INFINITY.to_bits(), digits in 0usize..1200, more in "[0-9]{0,3}|0{0,900}1", power in -345i32..312
        ) {
            // Exactly between two neighbours, and a little more than that.
            let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
            let middle = format!("{:.1074}", low / 2.0 + high / 2.0);
            let texts = [format!("{low:.digits$}{more}"), format!("{low:e}"), format!("{middle}{more}"), format!("1{more}e{power}")];
            for text in texts {
                let text = if text.contains(['.', 'e']) { text } else { format!("{text}.0") };
                let expected: f64 = text.parse().unwrap();
                prop_assert_eq!(exact(text.as_bytes()).to_bits(), expected.to_bits(), "{}", text);
            }
        }

        #[test]
        fn rounds_halves_to_even(whole in (1u64 << 53)..(1 << 54), power in 0i32..60, more in 0u32..3) {
            // Odd numbers of this size lie between two neighbours.
            let digits = (u128::from(whole | 1) << power).to_string();
            let text = format!("{digits}.{}{more}", "0".repeat(800));
            prop_assert_eq!(exact(text.as_bytes()).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
        }
    }

    proptest! {
        #[test]
        fn rounds_as_the_standard_library_does(text in "-?[0-9]{1,20}(\\.[0-9]{1,20})?(e[-+]?[0-9]{1,3})?") {
            let expected: f64 = text.parse().unwrap();
            match value(&text) {
                Some(value) => prop_assert_eq!(value.to_bits(), expected.to_bits()),
                None => prop_assert!(expected.is_infinite()),
            }
        }

        #[test]
        fn commas_do_not_change_an_integer(parts in proptest::collection::vec(0u32..1000, 1..5)) {
            let mut text = parts[0].to_string();
            for part in &parts[1..] {
                text.push_str(&format!(",{part:03}"));
            }
            let expected: u64 = text.replace(',', "").parse().unwrap();
            let wanted = Token::Number { value: expected as f64, places: 0 };
            prop_assert_eq!(integer(text.as_bytes(), 0), Some((wanted, text.len())));
        }
    }
}
