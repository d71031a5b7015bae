//! `throughput [--csv FOLDER] FILE…`: counts what each log holds; with `--csv` its training rows are written as well.

use marian_log::{csv, Batch, Parser};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let folder = match arguments.iter().position(|argument| argument == "--csv") {
        Some(at) => arguments.drain(at..arguments.len().min(at + 2)).nth(1),
        None => None,
    };
    for file in arguments {
        let mut input = File::open(&file)?;
        let mut tables = folder.as_deref().map(|folder| Tables::create(Path::new(folder))).transpose()?;
        let (mut parser, mut batch) = (Parser::new(), Batch::default());
        let mut chunk = vec![0; 1 << 20];
        loop {
            let length = input.read(&mut chunk)?;
            batch.clear();
            if length == 0 {
                parser.finish(&mut batch);
            } else {
                parser.feed(&chunk[..length], &mut batch);
            }
            if let Some(tables) = &mut tables {
                tables.add(&batch)?;
            }
            if length == 0 {
                break;
            }
        }
        let stats = parser.stats();
        println!("{file}\t{}\t{}\t{}\t{}", stats.training, stats.validation, stats.unmatched, stats.lines);
    }
    Ok(())
}

/// `training.csv`, with the columns of a log that was restarted.
struct Tables {
    training: File,
    text: Vec<u8>,
}

impl Tables {
    fn create(folder: &Path) -> io::Result<Self> {
        let mut training = File::create(folder.join("training.csv"))?;
        training.write_all(b"epoch,up,sen,cost,time,rate,gnorm,learning_rate,segment,timestamp\r\n")?;
        Ok(Self { training, text: Vec::new() })
    }

    fn add(&mut self, batch: &Batch) -> io::Result<()> {
        self.text.clear();
        let columns = csv::Columns { segment: true, timestamp: true, ..csv::Columns::default() };
        csv::training_rows(batch, columns, &[], b"", &mut self.text);
        self.training.write_all(&self.text)
    }
}
