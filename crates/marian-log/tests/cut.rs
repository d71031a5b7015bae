//! A record that a line feed cuts is read whole or is unmatched, never with another number.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::{Parser, Stats};
use support::parse;

const STAMP: &str = "[2024-01-02 03:04:05] ";
const TASK: &str = "[task 2023-09-16T12:39:01.105Z] ";

/// Logs of each shape that Marian 0.9 to HEAD prints, without prefixes: name, lines.
fn shapes() -> Vec<(&'static str, Vec<String>)> {
    let log = |make: &dyn Fn(usize) -> Vec<String>| (1..=6).flat_map(make).collect::<Vec<_>>();
    let count = |value: usize| {
        let digits = value.to_string();
        let (head, tail) = digits.split_at(digits.len() % 3);
        let groups = tail.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap());
        Some(head).into_iter().filter(|head| !head.is_empty()).chain(groups).collect::<Vec<_>>().join(",")
    };
    let cost = |n: usize| format!("{}.{:08}", 9 - n, 12_345_671 + n * 9_876_543);
    let rate = |n: usize| format!("Time {}.{:02}s : {}.{:02} words/s", 80 + n, n * 7, 39_237 + n, n * 13);
    let gnorm = |n: usize| format!("gNorm {}.{:04}", n % 3, 753 + n * 1111);
    let learning = |n: usize| format!("L.r. {}.{:04}e-0{}", n, n * 1234, 3 + n % 3);
    let labels = |n: usize| format!("* {} @ {} after {}", count(234_567 * n), count(12_345 + n), count(98_765_432 * n));
    let verdict = |n: usize, best: bool| match (n % 3, best) {
        (0, _) => "new best".to_owned(),
        (_, true) => format!("stalled {n} times (last best: {}.{})", 30 + n, n * 11),
        (_, false) => format!("stalled {n} times"),
    };
    vec![
        (
            "0.9 to 1.4",
            log(&|n| {
                vec![
                    format!("Ep. {n} : Up. {n}000 : Sen. {n}23400 : Cost {}.{:02} : {}", 90 - n, n * 11, rate(n)),
                    format!("[valid] {n}000 : cross-entropy : {}.{} : {}", 80 - n, n * 25, verdict(n, false)),
                ]
            }),
        ),
        (
            "1.5 and 1.6",
            log(&|n| {
                vec![
                    format!("Ep. {n} : Up. {n}000 : Sen. {n}23400 : Cost {}.{:02} : {}", 90 - n, n * 11, rate(n)),
                    format!("[valid] Ep. {n} : Up. {n}000 : bleu : {}.{} : {}", 20 + n, n * 25, verdict(n, false)),
                ]
            }),
        ),
        (
            "1.6 with label counts",
            log(&|n| {
                vec![format!(
                    "Ep. {n} : Up. {n}000 : Sen. {n}23400 : Cost {} * {n}0000 after {n}345678 : {} : {}",
                    cost(n),
                    rate(n),
                    learning(n)
                )]
            }),
        ),
        (
            "1.7 to 1.10",
            log(&|n| {
                vec![
                    format!("Ep. {n} : Up. {n}000 : Sen. {} : Cost {} : {}", count(753_766 * n), cost(n), rate(n)),
                    format!("[valid] Ep. {n} : Up. {n}000 : bleu-detok : {}.{} : {}", 20 + n, n * 25, verdict(n, true)),
                ]
            }),
        ),
        (
            "1.10 with label counts and learning rate",
            log(&|n| {
                vec![
                    format!(
                        "Ep. 0.{n}04 : Up. {n}000 : Sen. {} : Cost {} {} : {} : {}",
                        count(753_766 * n),
                        cost(n),
                        labels(n),
                        rate(n),
                        learning(n)
                    ),
                    format!("[valid] Ep. 0.{n}04 : Up. {n}000 : perplexity : {n}.23457e+06 : {}", verdict(n, true)),
                ]
            }),
        ),
        (
            "1.10 dev to HEAD",
            log(&|n| {
                vec![
                    format!(
                        "Ep. {n} : Up. {n}000 : Sen. {} : Cost {} : {} : {}",
                        count(753_766 * n),
                        cost(n),
                        rate(n),
                        gnorm(n)
                    ),
                    format!("[valid] Ep. {n} : Up. {n}000 : ce-mean-words : {n}.0{} : {}", n * 37, verdict(n, true)),
                    format!("[valid] Ep. {n} : Up. {n}000 : chrf : {} : {}", 40 + n, verdict(n + 1, true)),
                ]
            }),
        ),
        (
            "HEAD with all fields",
            log(&|n| {
                vec![
                    format!(
                        "Ep. {n} : Up. {n}000 : Sen. {} : Cost {} {} : {} : {} : {}",
                        count(753_766 * n),
                        cost(n),
                        labels(n),
                        rate(n),
                        gnorm(n),
                        learning(n)
                    ),
                    format!("[valid] Ep. {n} : Up. {n}000 : bleu : {}.{} : {}", 20 + n, n * 25, verdict(n, true)),
                ]
            }),
        ),
        (
            "HEAD, diverged",
            log(&|n| {
                let (cost, gnorm) =
                    if n > 3 { ("nan".to_owned(), "gNorm nan".to_owned()) } else { (cost(n), gnorm(n)) };
                vec![format!(
                    "Ep. {n} : Up. {n}000 : Sen. {} : Cost {cost} : {} : {gnorm}",
                    count(753_766 * n),
                    rate(n)
                )]
            }),
        ),
    ]
}

/// Rows without the place at which they stand, and the lines at which they stand.
fn read(text: &str) -> (Vec<String>, Vec<usize>, Stats) {
    let (rows, stats) = parse(&mut Parser::new(), [text.as_bytes()]);
    let rows: Vec<_> = rows.into_iter().filter(|row| !row.starts_with('(')).collect();
    let lines = rows.iter().map(|row| row.split(' ').nth(2).unwrap().parse().unwrap()).collect();
    let values = |row: &String| {
        let words: Vec<_> = row.split(' ').collect();
        format!("{} {}", words[0], words[7..].join(" "))
    };
    (rows.iter().map(values).collect(), lines, stats)
}

fn without_time(rows: &[String]) -> Vec<String> {
    let values = |row: &String| {
        let words: Vec<_> = row.split(' ').collect();
        format!("{} {}", words[0], words[5..].join(" "))
    };
    rows.iter().map(values).collect()
}

/// Whether `part` is `whole` without some of its rows.
fn is_part(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|row| rest.any(|other| other == row))
}

/// Rows without the last column, `last best`: where a record ends in `stalled N times`, nothing tells that it is missing.
fn without_best(rows: &[String]) -> Vec<String> {
    rows.iter().map(|row| row.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

fn ends_in_verdict(head: &str) -> bool {
    head.trim_end().ends_with(" times")
}

/// So many bytes behind the stamp show that a record begins.
fn begun(line: &str) -> usize {
    line.split(STAMP).nth(1).unwrap().find(|byte: char| byte.is_ascii_digit()).unwrap()
}

#[test]
fn the_two_lines_of_a_cut_cost_are_one_record() {
    let text =
        "[2024-01-01 10:00:00] Ep. 1 : Up. 500 : Sen. 50,000 : Cost 6.12345678 : Time 12.30s : 1234.50 words/s\n\
        [2024-01-01 10:05:00] Ep. 1 : Up. 1000 : Sen. 100,000 : Cost 5.123\n45678 : Time 12.30s : 1234.50 words/s\n";
    let (rows, lines, stats) = read(text);
    assert_eq!((lines, stats.unmatched), (vec![1, 2], 0));
    assert!(rows[1].contains("cost 5.12345678 - - - 12.3 1234.5"), "{}", rows[1]);
}

#[test]
fn a_line_of_blanks_is_no_part_of_the_record_before_it() {
    for (name, log) in shapes() {
        for blanks in ["", " ", "\t", "      "] {
            let plain: String = log.iter().map(|line| format!("{STAMP}{line}\n")).collect();
            let text: String = log.iter().map(|line| format!("{STAMP}{line}\n{blanks}\n")).collect();
            let one = format!("{STAMP}{}\n{blanks}\n", log[0]);
            assert_eq!(read(&text).0, read(&plain).0, "{name}");
            assert_eq!(read(&one).2.unmatched, 0, "{name}: {one}");
        }
    }
}

#[test]
fn every_record_cut_at_every_byte_is_whole_or_unmatched() {
    for prefix in ["", TASK] {
        for (name, lines) in shapes() {
            let lines: Vec<String> = lines.iter().map(|line| format!("{prefix}{STAMP}{line}")).collect();
            let whole = read(&(lines.join("\n") + "\n"));
            assert_eq!((whole.0.len(), whole.2.unmatched), (lines.len(), 0), "{name}");
            for victim in 0..lines.len() {
                for cut in 1..lines[victim].len() {
                    for rest in [Some(""), Some(TASK), None] {
                        let (head, tail) = lines[victim].split_at(cut);
                        let mut with = lines.clone();
                        with[victim] = match rest {
                            Some(prefix) => format!("{head}\n{prefix}{tail}"),
                            None => head.to_owned(),
                        };
                        let text = with.join("\n") + "\n";
                        let (rows, at, stats) = read(&text);
                        let about = || format!("{name}, line {}, rest {rest:?}: {head:?}\n{rows:#?}", victim + 1);
                        let begun = cut > prefix.len() + STAMP.len() + begun(&lines[victim]);
                        if rest.is_some() && begun {
                            assert_eq!((&rows, stats.unmatched), (&whole.0, 0), "{}", about());
                            let mut wanted: Vec<_> = (1..=lines.len()).collect();
                            wanted.iter_mut().skip(victim + 1).for_each(|line| *line += 1);
                            assert_eq!(at, wanted, "{}", about());
                        } else {
                            let (mut rows, mut whole) = (without_time(&rows), without_time(&whole.0));
                            if ends_in_verdict(head) {
                                (rows, whole) = (without_best(&rows), without_best(&whole));
                            }
                            assert!(is_part(&rows, &whole), "{}", about());
                            assert!(!begun || rows.len() + stats.unmatched as usize == lines.len(), "{}", about());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_unterminated_last_line_is_whole_or_unmatched() {
    for (name, lines) in shapes() {
        let lines: Vec<String> = lines.iter().map(|line| format!("{STAMP}{line}")).collect();
        let whole = read(&lines.join("\n"));
        assert_eq!(whole.0.len(), lines.len(), "{name}");
        let text = lines.join("\n");
        let last = lines[lines.len() - 1].len();
        for cut in 1..last - STAMP.len() - begun(&lines[lines.len() - 1]) {
            let (rows, _, stats) = read(&text[..text.len() - cut]);
            if ends_in_verdict(&text[..text.len() - cut]) {
                assert!(is_part(&without_best(&rows), &without_best(&whole.0)), "{name}, {cut} from the end");
            } else {
                assert!(is_part(&rows, &whole.0), "{name}, {cut} from the end");
            }
            assert_eq!(rows.len() + stats.unmatched as usize, lines.len(), "{name}, {cut} from the end");
        }
    }
}

fn fold(text: &str, width: usize) -> String {
    let mut folded = String::new();
    for line in text.lines() {
        for piece in line.as_bytes().chunks(width) {
            folded.push_str(std::str::from_utf8(piece).unwrap());
            folded.push('\n');
        }
    }
    folded
}

#[test]
fn a_log_folded_at_any_width_has_its_numbers() {
    for prefix in ["", TASK] {
        for (name, lines) in shapes() {
            let text: String = lines.iter().map(|line| format!("{prefix}{STAMP}{line}\n")).collect();
            let whole = read(&text);
            for width in 40..=200 {
                let (rows, _, stats) = read(&fold(&text, width));
                let (rows, whole) = (without_time(&rows), without_time(&whole.0));
                assert!(is_part(&rows, &whole), "{name}, folded at {width}\n{rows:#?}");
                // A line `valid] 1000 : bleu : …` has nothing that it is found by.
                if name != "0.9 to 1.4" || !(55..=61).contains(&width) {
                    assert_eq!((rows.len(), stats.unmatched), (whole.len(), 0), "{name}\n{}", fold(&text, width));
                }
            }
        }
    }
}
