//! What the regular expressions of `marian_log::grammar` read from a line, and what the parser reads, in the same words.

use super::{parse, Row};
use marian_log::{grammar, Parser};
use regex::bytes::{Captures, Regex, RegexBuilder};

/// How far a record reaches: its last field and the places of its number, `None` for `nan` and `inf`.
#[derive(Clone, Copy)]
struct Reach {
    training: bool,
    field: usize,
    places: Option<usize>,
}

impl Reach {
    /// The rule of cut records, for the few records of one line.
    fn is_whole_among(self, others: &[Self]) -> bool {
        let mut others = others.iter().filter(|other| other.training == self.training);
        let complete = !self.training && (matches!(self.field, 2 | 4) || self.field == 3 && self.places == Some(0));
        if complete {
            return true;
        }
        if others.clone().any(|other| other.field > self.field) {
            return false;
        }
        let numbers: Vec<_> = others.by_ref().filter(|o| o.field == self.field).filter_map(|o| o.places).collect();
        match self.places {
            Some(places) => numbers.is_empty() || numbers.iter().any(|&other| other <= places),
            None => true,
        }
    }
}

/// Words after a value that are no part of `new best` or `stalled N times`.
fn is_other_verdict(after: &[u8]) -> bool {
    let Some(words) = after.trim_ascii_start().strip_prefix(b":") else { return false };
    let words = words.trim_ascii();
    let part_of = |verdict: &[u8]| verdict.starts_with(words) || words.starts_with(verdict);
    !part_of(b"new best") && !part_of(b"stalled ") && words.iter().all(|b| b.is_ascii_alphabetic() || *b == b' ')
}

/// Whether a beginning is worth counting.
fn counts(rest: &[u8], training: bool, stamped: bool) -> bool {
    let digit = |text: &[u8]| text.trim_ascii_start().first().is_some_and(u8::is_ascii_digit);
    if training {
        return digit(&rest[4..]) || rest.windows(4).any(|window| window == b"Up. ");
    }
    match rest[8..].trim_ascii_start().strip_prefix(b"Ep. ") {
        Some(rest) => digit(rest),
        None => stamped && digit(&rest[8..]),
    }
}

/// Reads lines by the regular expressions alone.
pub struct Grammar {
    training: Regex,
    validation: Regex,
    begun_training: Regex,
    begun_validation: [Regex; 2],
    translation: Regex,
    float: Regex,
    integer: Regex,
    stamp: Regex,
}

impl Grammar {
    pub fn new() -> Self {
        let build = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build().unwrap();
        Self {
            training: build(&format!("^(?:{})", grammar::expand(grammar::TRAINING))),
            validation: build(&format!("^(?:{})", grammar::expand(grammar::VALIDATION))),
            begun_training: build(&grammar::beginning(grammar::TRAINING_PARTS)),
            begun_validation: [grammar::VALIDATION_PARTS.to_vec(), {
                let (head, tail) = grammar::VALIDATION_PARTS.split_at(2);
                [head, &tail[6..]].concat()
            }]
            .map(|parts| build(&grammar::beginning(&parts))),
            translation: build(grammar::TRANSLATION),
            float: build(&format!("^(?:{})$", grammar::STRICT_FLOAT)),
            integer: build(&format!("^(?:{})$", grammar::STRICT_INTEGER)),
            // A stamp directly before a record, other headers between them passed over.
            stamp: build(
                r"(?:^|[^0-9])[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?: mpi:[0-9]{1,8})?\][ \t]*(?:\[[^\[\]]{0,63}\][ \t]*)*$",
            ),
        }
    }

    /// What a line holds, in words.
    pub fn read(&self, text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let mut unmatched = false;
        let translation = self.translation.find(text).map_or(text.len(), |hit| hit.start());
        let mut pos = 0;
        while pos < text.len() {
            let rest = &text[pos..];
            let (training, validation) = (rest.starts_with(b"Ep. "), rest.starts_with(b"[valid] "));
            if !training && !validation || (pos > translation && !self.stamp.is_match(&text[..pos])) {
                pos += 1;
                continue;
            }
            let regex = if training { &self.training } else { &self.validation };
            if let Some(captures) = regex.captures(rest) {
                let end = captures.get(0).unwrap().end();
                // Its last digits may be those of a line that was glued to it.
                let glued = training && rest[end - 1].is_ascii_digit() && matches!(rest.get(end), Some(b'-' | b':'));
                let record = if training { self.training(&captures) } else { self.validation(&captures) };
                match record.filter(|_| !glued) {
                    Some(record) => found.push((record, self.reach(&captures, rest, training))),
                    None => unmatched = true,
                }
                pos += captures.get(0).unwrap().end();
            } else if self.begins(rest, training) {
                unmatched |= counts(rest, training, self.stamp.is_match(&text[..pos]));
                break;
            } else {
                if training {
                    let next =
                        rest[4..].windows(4).position(|window| window == b"Ep. ").map_or(rest.len(), |at| at + 4);
                    unmatched |= rest[..next].windows(4).any(|window| window == b"Up. ");
                }
                pos += if validation { 8 } else { 1 };
            }
        }
        let reaches: Vec<_> = found.iter().map(|(_, reach)| *reach).collect();
        let mut whole = Vec::new();
        for (at, (record, reach)) in found.into_iter().enumerate() {
            let others: Vec<_> =
                reaches.iter().enumerate().filter(|&(other, _)| other != at).map(|(_, other)| *other).collect();
            if reach.is_whole_among(&others) {
                whole.push(record);
            } else {
                unmatched = true;
            }
        }
        if unmatched {
            whole.push("unmatched".to_owned());
        }
        whole.sort();
        whole
    }

    /// Whether the text ends inside a record.
    fn begins(&self, rest: &[u8], training: bool) -> bool {
        let regexes = if training { std::slice::from_ref(&self.begun_training) } else { &self.begun_validation[..] };
        regexes.iter().any(|regex| {
            regex.captures(rest).is_some_and(|captures| {
                let Some(number) = captures.name("number") else { return true };
                let whole = std::str::from_utf8(number.as_bytes()).unwrap();
                number.end() == rest.len()
                    || whole.contains(',')
                    || self.float(number.as_bytes()).is_some_and(
                        // More than 2^53 is no count, but may be an epoch.
                        |value| training || rest.starts_with(b"[valid] Ep") || value <= (1_u64 << 53) as f64,
                    )
            })
        })
    }

    fn reach(&self, captures: &Captures<'_>, rest: &[u8], training: bool) -> Reach {
        if !training {
            let (text, after) = rest.split_at(captures.get(0).unwrap().end());
            let field = match (captures.name("stalled"), captures.name("best")) {
                (_, Some(_)) => 4,
                (Some(_), None) => 3,
                _ if text.ends_with(b"new best") || is_other_verdict(after) => 2,
                _ => 1,
            };
            // What follows `stalled N times` is a `(last best: …)` that was cut.
            let open = field == 3 && !after.trim_ascii().is_empty();
            return Reach { training, field, places: Some(usize::from(open)) };
        }
        let fields = ["cost", "labels", "batch_labels", "total_labels", "time", "rate", "gnorm", "learning_rate"];
        let field = fields.iter().rposition(|name| captures.name(name).is_some()).unwrap();
        let token = String::from_utf8_lossy(captures.name(fields[field]).unwrap().as_bytes()).to_ascii_lowercase();
        let places = match field {
            1..=5 => Some(0),
            _ if token.contains('n') => None,
            _ => {
                let (mantissa, exponent) = token.split_once('e').unwrap_or((&token, ""));
                let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                Some(decimals + exponent.trim_start_matches(['-', '+']).len())
            }
        };
        Reach { training, field, places }
    }

    fn float(&self, token: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(token).unwrap();
        if !self.float.is_match(token) {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        if lower.contains("nan") {
            return Some(f64::NAN);
        }
        let value: f64 = lower.parse().unwrap();
        (value.is_finite() || lower.contains("inf")).then_some(value)
    }

    fn integer(&self, token: &[u8]) -> Option<f64> {
        if !self.integer.is_match(token) {
            return None;
        }
        let digits = std::str::from_utf8(token).unwrap().replace(',', "");
        digits.parse::<u64>().ok().filter(|&value| value <= 1 << 53).map(|value| value as f64)
    }

    fn training(&self, captures: &Captures<'_>) -> Option<String> {
        let mut words = vec!["training".to_owned()];
        for (name, whole) in [
            ("epoch", false),
            ("up", true),
            ("sen", true),
            ("cost", false),
            ("labels", true),
            ("batch_labels", true),
            ("total_labels", true),
            ("time", false),
            ("rate", false),
            ("gnorm", false),
            ("learning_rate", false),
        ] {
            words.push(self.field(captures, name, whole)?);
        }
        let epoch = self.float(captures.name("epoch")?.as_bytes())?;
        epoch.is_finite().then(|| words.join(" "))
    }

    fn validation(&self, captures: &Captures<'_>) -> Option<String> {
        let metric = String::from_utf8_lossy(captures.name("metric")?.as_bytes()).into_owned();
        let mut words = vec![format!("validation {metric}")];
        for (name, whole) in [("epoch", false), ("up", true), ("value", false), ("stalled", true), ("best", false)] {
            words.push(self.field(captures, name, whole)?);
        }
        match captures.name("epoch") {
            Some(epoch) if !self.float(epoch.as_bytes())?.is_finite() => None,
            _ => Some(words.join(" ")),
        }
    }

    fn field(&self, captures: &Captures<'_>, name: &str, whole: bool) -> Option<String> {
        let Some(token) = captures.name(name) else { return Some("-".to_owned()) };
        let value = if whole { self.integer(token.as_bytes()) } else { self.float(token.as_bytes()) };
        value.map(|value| format!("{value:?}"))
    }
}

/// What the parser finds in a line, in the words of [`Grammar::read`]. Lines this near to the end of a log are the scanner's.
pub fn scan(text: &[u8]) -> Vec<String> {
    let mut terminated = text.to_vec();
    terminated.push(b'\n');
    words(&parse(&mut Parser::new(), [terminated.as_slice()]).0)
}

/// Rows of one line in the words of [`Grammar::read`].
pub fn words(rows: &[Row]) -> Vec<String> {
    let mut found: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let words: Vec<_> = row.split(' ').collect();
            let float =
                |word: &str| if word == "-" { "-".to_owned() } else { format!("{:?}", word.parse::<f64>().unwrap()) };
            match words[0] {
                "training" => Some(format!(
                    "training {}",
                    [12, 14, 16, 18, 19, 20, 21, 22, 23, 24, 25].map(|at| float(words[at])).join(" ")
                )),
                "validation" => Some(format!(
                    "validation {} {}",
                    words[15],
                    [12, 14, 16, 17, 18].map(|at| float(words[at])).join(" ")
                )),
                _ if row.starts_with("(Unmatched") => Some("unmatched".to_owned()),
                _ => None,
            }
        })
        .collect();
    found.sort();
    found
}
