//! `throughput [--csv] FILE…`: counts what each log holds; with `--csv` the training rows are formatted too.

use marian_log::{csv, Batch, Parser};
use std::io::Read;

fn main() -> std::io::Result<()> {
    let (flags, files): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument == "--csv");
    for file in files {
        let mut input = std::fs::File::open(&file)?;
        let (mut parser, mut batch, mut rows, mut written) = (Parser::new(), Batch::default(), Vec::new(), 0);
        let mut chunk = vec![0; 1 << 20];
        loop {
            let length = input.read(&mut chunk)?;
            batch.clear();
            if length == 0 {
                parser.finish(&mut batch);
            } else {
                parser.feed(&chunk[..length], &mut batch);
            }
            if !flags.is_empty() {
                rows.clear();
                csv::training_rows(&batch, csv::Columns::default(), &[], b"", &mut rows);
                written += rows.len();
            }
            if length == 0 {
                break;
            }
        }
        let stats = parser.stats();
        println!("{file}\t{}\t{}\t{}\t{}\t{written}", stats.training, stats.validation, stats.unmatched, stats.lines);
    }
    Ok(())
}
