//! The scanner gives what the regular expressions of `marian_log::grammar` give.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use proptest::prelude::*;
use support::grammar::{scan, Grammar};
use support::line;

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
