//! The one-pass reader, the scanner and the regular expressions read the same from lines that look real, and from what
//! damage makes of them.
//!
//! The suite takes a small share. `MARIAN_LOG_FUZZ_BYTES=100000000 cargo test --release --package marian-log --test fuzz --
//! --nocapture` takes 100 MB, in three minutes; `MARIAN_LOG_FUZZ_SEED=8` takes other lines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod support;

use marian_log::Parser;
use support::grammar::{scan, words, Grammar};
use support::{parse, table, PREFIXES};

/// A generator of numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True once in so many times.
    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, choice: &[&'a T]) -> &'a T {
        choice[self.below(choice.len())]
    }

    fn digits(&mut self, most: usize) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}

/// Numbers that few logs have.
const ODD: [&str; 24] = [
    "nan",
    "-nan",
    "inf",
    "-inf",
    "-nan(ind)",
    "NaN",
    "Infinity",
    "8.2.6",
    "1.",
    ".5",
    "2,5",
    "1,000,00",
    "1e",
    "1.5e+",
    "99999999999999999999",
    "9007199254740993",
    "1e999",
    "1e-999",
    "+5",
    "-2.5",
    "1E5",
    "0x1f",
    "00.5",
    "",
];

/// Bytes that mean something in a line.
const SPECIAL: &[u8] = b" :.,[]()*@eE+-0123456789\tEUSCTvs\xc3\xff";

const METRICS: [&str; 8] =
    ["chrf", "ce-mean-words", "bleu-detok", "perplexity", "translation", "bleu_segmented", "42", "comet22"];

fn decimal(r: &mut Random) -> String {
    match r.below(16) {
        0 => r.pick(&ODD).to_owned(),
        1 => r.digits(17),
        2 => format!("{}.{}e{}{:02}", r.digits(1), r.digits(4), r.pick(&["-", "+", ""]), r.below(24)),
        3 => format!("0.{}{}", "0".repeat(r.below(8)), r.digits(4)),
        4 => format!("{}.{}", r.digits(9), r.digits(9)),
        _ => format!("{}.{}", 1 + r.below(99_999), r.digits(8)),
    }
}

fn count(r: &mut Random) -> String {
    match r.below(16) {
        0 => r.pick(&ODD).to_owned(),
        1 => r.digits(17),
        2..=8 => {
            let groups = r.below(4);
            (0..groups).fold((1 + r.below(999)).to_string(), |text, _| format!("{text},{:03}", r.below(1000)))
        }
        _ => (1 + r.below(1_000_000)).to_string(),
    }
}

fn epoch(r: &mut Random) -> String {
    if r.one_in(12) {
        return decimal(r);
    }
    (1 + r.below(300)).to_string()
}

fn stamp(r: &mut Random) -> String {
    let (month, day, hour) = (1 + r.below(12), 1 + r.below(28), r.below(24));
    let seconds = if r.one_in(40) { 62 } else { 60 };
    let (minute, second) = (r.below(60), r.below(seconds));
    let time = |between: char| format!("2024-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}");
    let marian = format!("[{}] ", time(' '));
    match r.below(12) {
        0 => format!("{}{marian}", r.pick(&PREFIXES)),
        1 => r.pick(&PREFIXES).to_owned(),
        2..=5 => format!("[task {}.{:03}Z] {marian}", time('T'), r.below(1000)),
        _ => marian,
    }
}

/// A part that may be missing.
fn maybe(r: &mut Random, part: impl FnOnce(&mut Random) -> String) -> String {
    if r.one_in(8) {
        return String::new();
    }
    part(r)
}

fn record(r: &mut Random) -> String {
    if r.one_in(3) {
        let verdict = match r.below(8) {
            0 => format!("stalled {} times", count(r)),
            1 => r.pick(&["no effect", "new", "stalled", "new best!"]).to_owned(),
            2..=4 => "new best".to_owned(),
            _ => format!("stalled {} times (last best: {})", count(r), decimal(r)),
        };
        let epoch = maybe(r, |r| format!("Ep. {} : Up. ", epoch(r)));
        return format!("[valid] {epoch}{} : {} : {} : {verdict}", count(r), r.pick(&METRICS), decimal(r));
    }
    let head = format!("Ep. {} : Up. {} : Sen. {} : Cost {}", epoch(r), count(r), count(r), decimal(r));
    let labels = if r.one_in(2) { format!(" * {} @ {} after {}", count(r), count(r), count(r)) } else { String::new() };
    let time = maybe(r, |r| format!(" : Time {}s", decimal(r)));
    let rate = maybe(r, |r| format!(" : {} words/s", decimal(r)));
    let gnorm = maybe(r, |r| format!(" : gNorm {}", decimal(r)));
    let learning_rate = maybe(r, |r| format!(" : L.r. {}", decimal(r)));
    format!("{head}{labels}{time}{rate}{gnorm}{learning_rate}")
}

/// What stands between the records of a log.
const OTHERS: [&str; 14] = [
    "Best translation 0 : the bridge keeps its own time, Ep. 1 : Up. 2",
    "[valid]   Hyp: a river",
    "[valid]   Ref: a river",
    "[marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500",
    "[marian] /opt/marian/marian --model model.npz --valid-metrics chrf",
    "[config] valid-metrics:",
    "[config]   - chrf",
    "[config] Model is being created with Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500",
    "Training started",
    "[data] Shuffling data",
    "Seen 1,234,567 samples",
    "[training] Saving training checkpoint to model.npz and model.npz.optimizer.npz",
    "Training finished",
    "",
];

fn line(r: &mut Random, real: &[Vec<u8>]) -> Vec<u8> {
    if !real.is_empty() && r.one_in(4) {
        return real[r.below(real.len())].clone();
    }
    let text = if r.one_in(8) { r.pick(&OTHERS).to_owned() } else { record(r) };
    (stamp(r) + &text).into_bytes()
}

/// Damages a line in one place.
fn mutate(r: &mut Random, line: &mut Vec<u8>, other: &[u8]) {
    let (at, from) = (r.below(line.len() + 1), r.below(other.len() + 1));
    let length = 1 + r.below(4);
    let end = (at + length).min(line.len());
    let byte = SPECIAL[r.below(SPECIAL.len())];
    match r.below(9) {
        0 => drop(line.drain(at..end)),
        1 => line.insert(at, byte),
        2 if at < line.len() => line[at] = byte,
        3 if at < line.len() => line[at] ^= 0x20,
        4 => drop(line.splice(at..at, other[from..(from + length).min(other.len())].iter().copied())),
        // The end of a line that another writer began.
        5 => drop(line.splice(at.., other[from..].iter().copied())),
        6 => line.truncate(at),
        7 => line.extend_from_within(at..end),
        _ => {
            let start = line[..at].iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |b| b + 1);
            let stop = line[start..].iter().position(|b| !b.is_ascii_digit()).map_or(line.len(), |b| start + b);
            drop(line.splice(start..stop, r.pick(&ODD).bytes()));
        }
    }
    line.retain(|byte| !matches!(byte, b'\n' | b'\r'));
}

/// Lines with a record from the logs next to the checkout, if they are there.
fn real_lines() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/logs");
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.tsv")) else { return Vec::new() };
    let logs = manifest.lines().skip(1).filter_map(|row| std::fs::read(folder.join(row.split('\t').next()?)).ok());
    let holds = |line: &[u8], word: &[u8]| line.windows(word.len()).any(|window| window == word);
    logs.flat_map(|log| log.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::to_vec).collect::<Vec<_>>())
        .filter(|line| line.len() < 400 && (holds(line, b"Ep. ") || holds(line, b"[valid] ")))
        .collect()
}

/// After these a line is not among the last of its chunk, which are the scanner's.
fn with_more(lines: &[u8]) -> Vec<u8> {
    [lines, &b"Words that are no record.\n".repeat(16)].concat()
}

fn number_of(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn one_pass_scanner_and_regular_expressions_read_the_same() {
    let bytes = number_of("MARIAN_LOG_FUZZ_BYTES").unwrap_or(200_000) as usize;
    let seed = number_of("MARIAN_LOG_FUZZ_SEED").unwrap_or(7);
    let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (grammar, real) = (Grammar::new(), real_lines());
    let (mut done, mut lines, mut records, mut damaged, mut logs) = (0, 0_u64, 0_u64, 0_u64, 0_u64);
    while done < bytes {
        let mut log = Vec::new();
        for _ in 0..1 + r.below(24) {
            let mut text = line(&mut r, &real);
            if r.one_in(3) {
                let other = line(&mut r, &real);
                for _ in 0..1 + r.below(3) {
                    mutate(&mut r, &mut text, &other);
                }
                damaged += 1;
            }
            let wanted = grammar.read(&text);
            let shown = || format!("seed {seed}, byte {done}, line {:?}", String::from_utf8_lossy(&text));
            assert_eq!(scan(&text), wanted, "the scanner and the regular expressions, {}", shown());
            let terminated = [&text[..], b"\n"].concat();
            let (rows, _) = parse(&mut Parser::new(), [with_more(&terminated).as_slice()]);
            assert_eq!(words(&rows), wanted, "the one-pass reader and the regular expressions, {}", shown());
            records += wanted.iter().filter(|record| *record != "unmatched").count() as u64;
            lines += 1;
            log.extend_from_slice(&terminated);
        }
        done += log.len();
        logs += 1;
        let log = with_more(&log);
        let shown = || format!("seed {seed}, byte {done}, log {:?}", String::from_utf8_lossy(&log));
        let whole = parse(&mut Parser::new(), [log.as_slice()]);
        assert_eq!(whole, parse(&mut Parser::new(), log.chunks(1)), "one pass and the scanner, {}", shown());
        assert_eq!(table(false, [log.as_slice()]), table(false, log.chunks(1)), "the cells of both, {}", shown());
    }
    println!(
        "seed {seed}: {done} bytes, {logs} logs, {lines} lines ({damaged} damaged, {} real ones to choose from), {records} records: \
         the same from all three",
        real.len()
    );
    assert!(records > lines / 4, "{records} records in {lines} lines");
}
