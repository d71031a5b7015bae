//! Real logs give the counts that their manifest states.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::Parser;
use support::parse;

#[test]
fn real_logs_give_the_counts_of_their_manifest() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/logs");
    let Ok(manifest) = std::fs::read_to_string(folder.join("manifest.tsv")) else {
        return eprintln!("skipped: no real logs at {}", folder.display());
    };
    let mut lines = manifest.lines();
    let head: Vec<_> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| head.iter().position(|&column| column == name).unwrap();
    let mut files = 0;
    for row in lines {
        let cells: Vec<_> = row.split('\t').collect();
        if cells[column("kind")] == "opustrainer-config" {
            continue;
        }
        let bytes = std::fs::read(folder.join(cells[0])).unwrap();
        let (_, stats) = parse(&mut Parser::new(), bytes.chunks(60_000));
        let wanted = (cells[column("n_train")].parse().unwrap(), cells[column("n_valid")].parse().unwrap(), 0);
        assert_eq!((stats.training, stats.validation, stats.unmatched), wanted, "{}", cells[0]);
        files += 1;
    }
    assert!(files >= 100, "{files}");
}
