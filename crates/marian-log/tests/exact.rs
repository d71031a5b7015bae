//! Lines in exactly Marian's form are read in one pass; the answer is the scanner's, which reads each line that comes
//! byte by byte.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::Parser;
use proptest::prelude::*;
use support::{line, parse, table};

fn decimal() -> BoxedStrategy<String> {
    prop_oneof![
        6 => "[0-9]{1,5}\\.[0-9]{1,8}",
        2 => "0\\.0{0,7}[0-9]{0,3}",
        2 => "[0-9]{1,9}\\.[0-9]{1,9}",
        1 => "[0-9]{1,16}",
        2 => "[0-9]\\.[0-9]{4}e[-+]?[0-9]{1,3}",
        1 => "(nan|-nan|inf|-1\\.5|1\\.5E-05|00\\.5|01\\.5|1\\.|\\.5)",
    ]
    .boxed()
}

fn count() -> BoxedStrategy<String> {
    prop_oneof![6 => "[1-9][0-9]{0,2}(,[0-9]{3}){0,4}", 4 => "[1-9][0-9]{0,8}", 2 => "[0-9]{1,17}", 1 => "[0-9,]{1,9}"]
        .boxed()
}

fn maybe(part: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![1 => Just(String::new()), 4 => part].boxed()
}

fn stamp() -> BoxedStrategy<String> {
    let digits = |from: u32, to: u32| (from..to).prop_map(|number| format!("{number:02}"));
    let time = move |between: &'static str| {
        ((digits(0, 14), digits(0, 33), digits(0, 25)), (digits(0, 61), digits(0, 63))).prop_map(
            move |((month, day, hour), (minute, second))| {
                format!("2024-{month}-{day}{between}{hour}:{minute}:{second}")
            },
        )
    };
    prop_oneof![
        4 => Just("[2024-02-29 23:59:60] ".to_owned()),
        2 => Just("[task 2023-09-16T12:39:01.105Z] [2023-09-16 12:39:01] ".to_owned()),
        2 => time(" ").prop_map(|time| format!("[{time}] ")),
        2 => (time("T"), time(" ")).prop_map(|(task, time)| format!("[task {task}.007Z] [{time}] ")),
    ]
    .boxed()
}

fn exact() -> BoxedStrategy<String> {
    let labels = maybe(
        (
            count(),
            maybe(count().prop_map(|n| format!(" @ {n}")).boxed()),
            maybe(count().prop_map(|n| format!(" after {n}")).boxed()),
        )
            .prop_map(|(labels, batch, total)| format!(" * {labels}{batch}{total}"))
            .boxed(),
    );
    let rest = (
        maybe(decimal().prop_map(|n| format!(" : Time {n}s")).boxed()),
        maybe(decimal().prop_map(|n| format!(" : {n} words/s")).boxed()),
        maybe(decimal().prop_map(|n| format!(" : gNorm {n}")).boxed()),
        maybe(decimal().prop_map(|n| format!(" : L.r. {n}")).boxed()),
    )
        .prop_map(|(time, rate, gnorm, learning_rate)| time + &rate + &gnorm + &learning_rate);
    let epoch = prop_oneof![4 => "[1-9][0-9]{0,2}", 1 => count(), 1 => decimal()];
    let training = ((epoch.clone(), count(), count(), decimal()), labels, rest).prop_map(
        |((epoch, up, sen, cost), labels, rest)| {
            format!("Ep. {epoch} : Up. {up} : Sen. {sen} : Cost {cost}{labels}{rest}")
        },
    );
    let verdict = prop_oneof![
        1 => Just("new best".to_owned()),
        3 => (count(), decimal()).prop_map(|(times, best)| format!("stalled {times} times (last best: {best})")),
        1 => count().prop_map(|times| format!("stalled {times} times")),
    ];
    let validation = ((epoch, count()), "(chrf|ce-mean-words|bleu-detok|42|a_b)", decimal(), verdict).prop_map(
        |((epoch, up), metric, value, verdict)| {
            format!("[valid] Ep. {epoch} : Up. {up} : {metric} : {value} : {verdict}")
        },
    );
    (stamp(), prop_oneof![training.boxed(), validation.boxed()]).prop_map(|(stamp, record)| stamp + &record).boxed()
}

/// A log whose lines are exact, or nearly.
fn log() -> BoxedStrategy<Vec<u8>> {
    let changed = (exact(), any::<prop::sample::Index>(), "[ -~\t\r\u{e9}]{0,2}", 0usize..3).prop_map(
        |(line, at, text, removed)| {
            let at = at.index(line.len() + 1);
            format!("{}{text}{}", &line[..at], line.get(at + removed..).unwrap_or_default())
        },
    );
    let lines = prop_oneof![12 => exact(), 3 => changed, 2 => line()];
    (proptest::collection::vec(lines, 1..24), "(\n|\r\n)")
        .prop_map(|(lines, end)| {
            let mut log = lines.join(&end).into_bytes();
            // The last lines of a chunk are the scanner's.
            log.extend_from_slice(end.as_bytes());
            log.extend_from_slice(&b"Words that are no record.\n".repeat(16));
            log
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(
        std::env::var("MARIAN_LOG_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500)) })]

    #[test]
    fn lines_in_marians_form_are_read_as_the_scanner_reads_them(log in log()) {
        prop_assert_eq!(parse(&mut Parser::new(), [log.as_slice()]), parse(&mut Parser::new(), log.chunks(1)));
    }

    #[test]
    fn their_cells_are_those_of_the_values(log in log()) {
        prop_assert_eq!(table(true, [log.as_slice()]), table(true, log.chunks(1)));
    }
}
