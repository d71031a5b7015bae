//! The scanner gives what the regular expressions of `marian_log::grammar` give.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::{grammar, Parser};
use proptest::prelude::*;
use regex::bytes::{Captures, Regex, RegexBuilder};
use support::{line, parse};

struct Grammar {
    training: Regex,
    validation: Regex,
    translation: Regex,
    float: Regex,
    integer: Regex,
    stamp: Regex,
}

impl Grammar {
    fn new() -> Self {
        let build = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build().unwrap();
        Self {
            training: build(&format!("^(?:{})", grammar::expand(grammar::TRAINING))),
            validation: build(&format!("^(?:{})", grammar::expand(grammar::VALIDATION))),
            translation: build(grammar::TRANSLATION),
            float: build(&format!("^(?:{})$", grammar::STRICT_FLOAT)),
            integer: build(&format!("^(?:{})$", grammar::STRICT_INTEGER)),
            // A stamp directly before a record, other headers between them passed over.
            stamp: build(
                r"(?:^|[^0-9])[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?: mpi:[0-9]{1,8})?\][ \t]*(?:\[[^\[\]]{0,63}\][ \t]*)*$",
            ),
        }
    }

    /// What a line holds, in words, by the regular expressions alone.
    fn read(&self, text: &[u8]) -> Vec<String> {
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
                match if training { self.training(&captures) } else { self.validation(&captures) } {
                    Some(record) => found.push(record),
                    None => unmatched = true,
                }
                pos += captures.get(0).unwrap().end();
            } else {
                if training {
                    let next =
                        rest[4..].windows(4).position(|window| window == b"Ep. ").map_or(rest.len(), |at| at + 4);
                    unmatched |= rest[..next].windows(4).any(|window| window == b"Up. ");
                }
                pos += if validation { 8 } else { 1 };
            }
        }
        if unmatched {
            found.push("unmatched".to_owned());
        }
        found.sort();
        found
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

/// What the parser finds in a line, in the words of `Grammar::read`.
fn scan(text: &[u8]) -> Vec<String> {
    let mut terminated = text.to_vec();
    terminated.push(b'\n');
    let (rows, _) = parse(&mut Parser::new(), [terminated.as_slice()]);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scanner_reads_what_the_grammar_reads(line in line()) {
        thread_local!(static GRAMMAR: Grammar = Grammar::new());
        prop_assume!(!line.contains(['\r', '\n']));
        let wanted = GRAMMAR.with(|grammar| grammar.read(line.as_bytes()));
        prop_assert_eq!(scan(line.as_bytes()), wanted);
    }
}

#[test]
fn the_scanner_reads_real_logs_as_the_grammar_does() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/logs");
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.tsv")) else {
        return eprintln!("skipped: no real logs at {}", folder.display());
    };
    let grammar = Grammar::new();
    let mut lines = 0;
    for row in manifest.lines().skip(1) {
        let bytes = std::fs::read(folder.join(row.split('\t').next().unwrap())).unwrap();
        for line in bytes.split(|&byte| byte == b'\n' || byte == b'\r') {
            assert_eq!(scan(line), grammar.read(line), "{}", String::from_utf8_lossy(line));
            lines += 1;
        }
    }
    assert!(lines > 50_000, "{lines}");
}
