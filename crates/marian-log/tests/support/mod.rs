//! What the tests share: logs made of Marian's lines, whole and damaged, and flat forms of a batch.
#![allow(dead_code)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

pub mod grammar;

use marian_log::{csv, present, Batch, Parser, Stats};
use proptest::prelude::*;

/// What other programs put before a line.
pub const PREFIXES: [&str; 21] = [
    "",
    "[task 2023-09-16T12:39:01.105Z] ",
    "[task 2025-08-30T17:55:02.294+00:00] ",
    "2024-01-01T10:00:00.123456789Z ",
    "2024-01-01T10:00:00.123456789Z stdout F ",
    "3: ",
    "Jan 01 10:00:00 node7 train[4242]: ",
    "2024-01-01T10:00:00+0100 node7 marian[4242]: ",
    "2024-01-01T10:00:00.1234567Z ",
    "[10:00:00 INF] ",
    "2024-01-01 10:00:00.000 +01:00 [INF] ",
    "2024-01-01T10:00:00.000Z train/default/0123456789abcdef ",
    "\u{1b}[32m",
    "\u{1b}[1;31m\u{1b}[0m",
    "> ",
    ">> ",
    "train.log:",
    "train.log:17:",
    "[1,0]<stderr>:",
    "trainer-1  | ",
    "[task 2023-09-16T12:39:01.105Z] 3: ",
];

/// A number as Marian prints it, or as damage leaves it.
pub fn number() -> BoxedStrategy<String> {
    prop_oneof![
        8 => "[0-9]{1,5}\\.[0-9]{1,8}",
        3 => "[0-9]{1,4}",
        2 => "[0-9]\\.[0-9]{4}e[-+][0-9]{2}",
        1 => "(nan|-nan|inf|-inf|-nan\\(ind\\)|NaN|Infinity|infinity)",
        1 => "(8\\.2\\.6|1\\.|2,5|1e|1\\.5e\\+|info|99999999999999999999|1e999|\\+5|-2\\.5|1E5|3E|4Ep|0x1f|,5|\\.5)",
    ]
    .boxed()
}

fn count() -> BoxedStrategy<String> {
    prop_oneof![5 => "[0-9]{1,3}(,[0-9]{3}){0,3}", 2 => "[0-9]{1,6}", 1 => number()].boxed()
}

fn gap() -> BoxedStrategy<String> {
    prop_oneof![12 => Just(" : ".to_owned()), 1 => "[ \t:]{0,3}"].boxed()
}

fn optional(part: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), part].boxed()
}

/// A training record.
pub fn training() -> BoxedStrategy<String> {
    let labels = optional(
        (
            count(),
            optional(count().prop_map(|c| format!(" @ {c}"))),
            optional(count().prop_map(|c| format!(" after {c}"))),
        )
            .prop_map(|(c, at, after)| format!(" * {c}{at}{after}")),
    );
    let tail = (
        optional((gap(), number(), "s?").prop_map(|(g, n, s)| format!("{g}Time {n}{s}"))),
        optional((gap(), number()).prop_map(|(g, n)| format!("{g}{n} words/s"))),
        optional((gap(), number()).prop_map(|(g, n)| format!("{g}gNorm {n}"))),
        optional((gap(), number()).prop_map(|(g, n)| format!("{g}L.r. {n}"))),
    )
        .prop_map(|(a, b, c, d)| format!("{a}{b}{c}{d}"));
    ((number(), gap(), count()), (gap(), count(), gap(), number()), labels, tail)
        .prop_map(|((epoch, g1, up), (g2, sen, g3, cost), labels, tail)| {
            format!("Ep. {epoch}{g1}Up. {up}{g2}Sen. {sen}{g3}Cost {cost}{labels}{tail}")
        })
        .boxed()
}

/// A validation record.
pub fn validation() -> BoxedStrategy<String> {
    let verdict = prop_oneof![
        Just(String::new()),
        Just(" : new best".to_owned()),
        count().prop_map(|c| format!(" : stalled {c} times")),
        (count(), number()).prop_map(|(c, n)| format!(" : stalled {c} times (last best: {n})")),
        Just(" : no effect".to_owned()),
    ];
    let metric = prop_oneof![4 => "(chrf|ce-mean-words|bleu-detok|perplexity|translation)", 1 => "[!-9;-~]{1,6}"];
    (optional((number(), gap()).prop_map(|(n, g)| format!("Ep. {n}{g}Up. "))), count(), metric, number(), verdict)
        .prop_map(|(epoch, up, metric, value, verdict)| format!("[valid] {epoch}{up} : {metric} : {value}{verdict}"))
        .boxed()
}

fn prefix() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just("[2024-01-02 03:04:05] ".to_owned()),
        2 => Just("[task 2023-09-16T12:39:01.105Z] [2023-09-16 12:39:01] ".to_owned()),
        1 => Just("[2022-05-01 14:54:07 mpi:3] ".to_owned()),
        1 => Just("2024-01-02 03:04:05] ".to_owned()),
        1 => Just("[2024-01-02 03:04:05] [MPI rank 0 out of 2] ".to_owned()),
        1 => Just("[1,0]<stderr>:[2024-01-02 03:04:05] ".to_owned()),
        1 => Just(String::new()),
        1 => "[ -~]{0,12}",
    ]
    .boxed()
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "[ -~]{0,30}",
        1 => Just("[valid]   Hyp: ".to_owned()),
        1 => Just("Best translation 0 : ".to_owned()),
        1 => Just("Ref : ".to_owned()),
        1 => Just("[config] valid-metrics:".to_owned()),
        1 => Just("[config]   - chrf".to_owned()),
        1 => Just("[config] Model is being created with Marian v1.12".to_owned()),
        1 => Just("[marian] Marian v1.12.14 2d067af 2024-02-16".to_owned()),
        1 => Just("[marian] /opt/marian --model m.npz".to_owned()),
        1 => Just("Ep. 1 : Up. ".to_owned()),
    ]
    .boxed()
}

/// A line of a log, without its end.
pub fn line() -> BoxedStrategy<String> {
    let part =
        (prefix(), prop_oneof![3 => training(), 2 => validation(), 2 => text()]).prop_map(|(p, t)| p + &t).boxed();
    prop_oneof![
        6 => part.clone(),
        1 => proptest::collection::vec(part.clone(), 2..4).prop_map(|parts| parts.concat()),
        1 => (part.clone(), any::<prop::sample::Index>()).prop_map(|(text, at)| {
            let mut cut = at.index(text.len() + 1);
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text[..cut].to_owned()
        }),
    ]
    .boxed()
}

/// A log of a few lines, with line feeds, carriage returns and CRLF, and perhaps an unterminated last line.
pub fn log() -> BoxedStrategy<String> {
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\r")];
    (proptest::collection::vec((line(), end), 0..12), optional(line()))
        .prop_map(|(lines, last)| lines.into_iter().map(|(line, end)| line + end).collect::<String>() + &last)
        .boxed()
}

/// One finding of a parser, all of it, in a form that compares and prints.
pub type Row = String;

/// Everything that the parser finds in the chunks.
pub fn parse<'a>(parser: &mut Parser, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Row>, Stats) {
    let mut rows = Vec::new();
    let mut batch = Batch::default();
    for chunk in chunks {
        batch.clear();
        parser.feed(chunk, &mut batch);
        flatten(parser, &batch, &mut rows);
    }
    batch.clear();
    parser.finish(&mut batch);
    flatten(parser, &batch, &mut rows);
    (rows, parser.stats())
}

/// The rows of `training.csv` that come of these chunks, with all columns.
pub fn table<'a>(position: bool, chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let (mut parser, mut batch, mut text) = (Parser::new(), Batch::default(), Vec::new());
    let columns = csv::Columns { position, labels: true, segment: true, timestamp: true };
    for chunk in chunks {
        batch.clear();
        parser.feed(chunk, &mut batch);
        csv::training_rows(&batch, columns, &[], csv::Frame::default(), &mut text);
    }
    batch.clear();
    parser.finish(&mut batch);
    csv::training_rows(&batch, columns, &[], csv::Frame::default(), &mut text);
    String::from_utf8(text).unwrap()
}

fn flatten(parser: &Parser, batch: &Batch, rows: &mut Vec<Row>) {
    let (mut training, mut validation, mut events, mut texts) = (0, 0, batch.events.iter(), 0);
    for kind in &batch.order {
        match kind {
            0 => {
                rows.push(training_row(batch, training));
                training += 1;
            }
            1 => {
                rows.push(validation_row(parser, batch, validation));
                validation += 1;
            }
            _ => {
                let event = events.next().unwrap();
                assert_eq!(event.kind as u8, *kind);
                let brought: Vec<_> =
                    (texts..texts + event.texts as usize).map(|at| batch.texts.get(at).unwrap()).collect();
                texts += event.texts as usize;
                rows.push(format!(
                    "{:?} {brought:?}",
                    (event.kind, event.line, event.segment, event.timestamp, event.present)
                ));
            }
        }
    }
    assert!(events.next().is_none());
    assert_eq!((training, validation), (batch.training.up.len(), batch.validation.up.len()));
    assert_eq!(texts, batch.texts.ends.len());
}

fn bits(present: u32, bit: u32, value: f64) -> String {
    if present & bit != 0 {
        format!("{value:?}")
    } else {
        "-".to_owned()
    }
}

fn training_row(batch: &Batch, row: usize) -> Row {
    let t = &batch.training;
    let p = t.present[row];
    format!(
        "training line {} offset {} segment {} time {} utc {} ep {:?} up {} sen {} cost {:?} {} {} {} {} {} {} {}",
        t.line[row],
        t.offset[row],
        t.segment[row],
        bits(p, present::TIMESTAMP, t.timestamp[row]),
        p & present::UTC,
        t.epoch[row],
        t.up[row],
        t.sen[row],
        t.cost[row],
        bits(p, present::LABELS, t.labels[row]),
        bits(p, present::BATCH_LABELS, t.batch_labels[row]),
        bits(p, present::TOTAL_LABELS, t.total_labels[row]),
        bits(p, present::TIME, t.time[row]),
        bits(p, present::RATE, t.rate[row]),
        bits(p, present::GNORM, t.gnorm[row]),
        bits(p, present::LEARNING_RATE, t.learning_rate[row]),
    )
}

fn validation_row(parser: &Parser, batch: &Batch, row: usize) -> Row {
    let v = &batch.validation;
    let p = v.present[row];
    format!(
        "validation line {} offset {} segment {} time {} utc {} ep {} up {} {} {:?} {} {}",
        v.line[row],
        v.offset[row],
        v.segment[row],
        bits(p, present::TIMESTAMP, v.timestamp[row]),
        p & present::UTC,
        bits(p, present::EPOCH, v.epoch[row]),
        v.up[row],
        parser.metrics()[v.metric[row] as usize],
        v.value[row],
        bits(p, present::STALLED, v.stalled[row]),
        bits(p, present::BEST, v.best[row]),
    )
}

/// How many rows are of a kind.
pub fn rows_of(rows: &[Row], kind: &str) -> usize {
    rows.iter().filter(|row| row.starts_with(kind)).count()
}
