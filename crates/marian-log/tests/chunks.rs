//! How a log is divided into chunks makes no difference, and nothing that comes in is lost or panics.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::{Parser, MAX_LINE};
use proptest::prelude::*;
use support::{log, parse, rows_of};

fn split<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut chunks = Vec::new();
    let mut start = 0;
    for place in places.into_iter().chain([bytes.len()]) {
        chunks.push(&bytes[start..place]);
        start = place;
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_give_the_same(log in log(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..9)) {
        let bytes = log.as_bytes();
        let whole = parse(&mut Parser::new(), [bytes]);
        prop_assert_eq!(&parse(&mut Parser::new(), split(bytes, &cuts)), &whole);
        prop_assert_eq!(parse(&mut Parser::new(), bytes.chunks(1)), whole);
    }

    #[test]
    fn any_chunks_give_the_same_with_patterns(log in log(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5)) {
        let with_pattern = || {
            let mut parser = Parser::new();
            parser.add_pattern("number", "(?P<value>[0-9]+\\.[0-9]+)").unwrap();
            parser
        };
        let bytes = log.as_bytes();
        let (rows, stats) = parse(&mut with_pattern(), [bytes]);
        prop_assert_eq!(&parse(&mut with_pattern(), split(bytes, &cuts)), &(rows.clone(), stats));
        let plain: Vec<_> = rows.into_iter().filter(|row| !row.starts_with("(Pattern")).collect();
        prop_assert_eq!(plain, parse(&mut Parser::new(), [bytes]).0);
    }

    #[test]
    fn random_bytes_never_panic_and_are_counted(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (rows, stats) = parse(&mut Parser::new(), [bytes.as_slice()]);
        prop_assert_eq!(stats.bytes, bytes.len() as u64);
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + usize::from(!matches!(bytes.last(), None | Some(b'\n')));
        prop_assert_eq!(stats.lines, lines as u64);
        prop_assert_eq!(stats.training as usize, rows_of(&rows, "training"));
    }

    #[test]
    fn damaged_bytes_never_panic(log in log(), damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12)) {
        let mut bytes = log.into_bytes();
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let whole = parse(&mut Parser::new(), [bytes.as_slice()]);
        prop_assert_eq!(parse(&mut Parser::new(), bytes.chunks(7)), whole);
    }

    /// Every training line of Marian's that is cut short anywhere is emitted or counted, never dropped.
    #[test]
    fn a_cut_measurement_is_emitted_or_counted(cut in 0usize..130, glued in any::<bool>()) {
        let record = "[2024-01-02 03:04:05] Ep. 1 : Up. 1000 : Sen. 753,766 : Cost 8.26540375 : Time 375.06s : 47464.64 words/s : gNorm 2.0754";
        let kept = &record[..cut.min(record.len())];
        let text = format!("{record}\n{kept}{}{record}\n", if glued { "" } else { "\n" });
        let (rows, stats) = parse(&mut Parser::new(), [text.as_bytes()]);
        let readable = kept.contains("Up. ");
        prop_assert!(rows_of(&rows, "training") >= 2);
        if readable {
            prop_assert_eq!(stats.training + stats.unmatched, 3);
        }
    }
}

#[test]
fn an_overlong_line_costs_itself() {
    let record = b"[2024-01-02 03:04:05] Ep. 1 : Up. 1000 : Sen. 7 : Cost 8.5 : Time 3.06s : 47.64 words/s\n";
    for length in [MAX_LINE - 1, MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE + 17] {
        let mut bytes = record.to_vec();
        bytes.extend(std::iter::repeat_n(b'x', length));
        bytes.push(b'\n');
        bytes.extend_from_slice(record);
        let whole = parse(&mut Parser::new(), [bytes.as_slice()]);
        assert_eq!((whole.1.training, whole.1.lines), (2, 3), "{length}");
        assert_eq!(whole.1.overlong, u64::from(length > MAX_LINE), "{length}");
        for size in [4096, 65_537, MAX_LINE - 1] {
            assert_eq!(parse(&mut Parser::new(), bytes.chunks(size)), whole, "{length} in chunks of {size}");
        }
    }
}

#[test]
fn a_record_that_an_overlong_line_cuts_is_counted() {
    let record = "Ep. 1 : Up. 1000 : Sen. 7 : Cost 8.5";
    let mut bytes = vec![b'x'; MAX_LINE - record.len()];
    bytes.extend_from_slice(record.as_bytes());
    bytes.extend_from_slice(b"4321\n");
    let (_, stats) = parse(&mut Parser::new(), bytes.chunks(1 << 16));
    assert_eq!((stats.training, stats.unmatched, stats.overlong), (0, 1, 1));
}

#[test]
fn progress_of_any_length_hides_nothing() {
    let record = "[2024-01-02 03:04:05] Ep. 1 : Up. 1000 : Sen. 7 : Cost 8.5";
    let progress = "downloading 17 %\r".repeat(200_000);
    let text = format!("[task 2023-09-16T12:39:01.105Z] {progress}{record}\r{progress}\n{record}\n");
    let whole = parse(&mut Parser::new(), [text.as_bytes()]);
    assert_eq!((whole.1.training, whole.1.lines, whole.1.overlong), (2, 2, 0));
    assert!(whole.0[0].contains("time 1694867941105.0 utc 2"), "{}", whole.0[0]);
    assert_eq!(parse(&mut Parser::new(), text.as_bytes().chunks(50_000)), whole);
}

#[test]
fn only_so_many_names_of_metrics_are_kept() {
    let text: String = (0..1100).map(|index| format!("[valid] 7 : metric{index} : 1.5\n")).collect();
    let (_, stats) = parse(&mut Parser::new(), [text.as_bytes()]);
    assert_eq!((stats.validation, stats.unmatched), (1000, 100));
}
