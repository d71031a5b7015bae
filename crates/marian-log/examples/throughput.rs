//! `throughput [--csv FOLDER] FILE…`: counts what each log holds; with `--csv` its tables are written as well.

use marian_log::{csv, Batch, Closed, EventKind, Parser, Points};
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
                tables.add(&parser, &batch, length == 0)?;
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

/// Metrics that have columns in every log; the others have none here.
const METRICS: [&str; 4] = ["chrf", "ce-mean-words", "bleu-detok", "perplexity"];

/// `training.csv` and `validation.csv`, with the columns of a log that was restarted.
struct Tables {
    training: File,
    validation: File,
    points: Points,
    closed: Closed,
    text: Vec<u8>,
}

impl Tables {
    fn create(folder: &Path) -> io::Result<Self> {
        let mut training = File::create(folder.join("training.csv"))?;
        training.write_all(b"epoch,up,sen,cost,time,rate,gnorm,learning_rate,segment,timestamp\r\n")?;
        let mut validation = File::create(folder.join("validation.csv"))?;
        let names = METRICS.map(|name| name.replace('-', "_"));
        let stalled = names.clone().map(|name| name + "_stalled");
        write!(validation, "epoch,up,{},{},segment,timestamp\r\n", names.join(","), stalled.join(","))?;
        Ok(Self { training, validation, points: Points::default(), closed: Closed::default(), text: Vec::new() })
    }

    fn add(&mut self, parser: &Parser, batch: &Batch, last: bool) -> io::Result<()> {
        self.text.clear();
        let columns = csv::Columns { segment: true, timestamp: true, ..csv::Columns::default() };
        csv::training_rows(batch, columns, &[], csv::Frame::default(), &mut self.text);
        self.training.write_all(&self.text)?;

        self.expect(batch);
        self.closed.points.clear();
        self.closed.values.clear();
        self.points.take(batch, parser.metrics(), &mut self.closed);
        if last {
            self.points.finish(&mut self.closed);
        }
        let place = |name: &String| METRICS.iter().position(|known| known == name).unwrap_or(usize::MAX);
        let places: Vec<_> = parser.metrics().iter().map(place).flat_map(|at| [at, at.saturating_add(4)]).collect();
        let places: Vec<_> = places.into_iter().map(|place| place as f64).collect();
        let columns = csv::PointCells {
            places: &places,
            width: 2 * METRICS.len(),
            segment: true,
            timestamp: true,
            ..Default::default()
        };
        self.text.clear();
        csv::point_rows(&self.closed, columns, &[], csv::Frame::default(), &mut self.text);
        self.validation.write_all(&self.text)
    }

    /// The metrics that each start of the batch is configured to validate.
    fn expect(&mut self, batch: &Batch) {
        let mut texts = 0;
        for event in &batch.events {
            if event.kind == EventKind::Segment {
                self.points.start();
                let config = batch.texts.get(texts + 3).unwrap_or_default();
                let list = config.split("valid-metrics:\n").nth(1).unwrap_or_default();
                for name in list.lines().map_while(|line| line.trim_start().strip_prefix("- ")) {
                    self.points.expect(name);
                }
            }
            texts += event.texts as usize;
        }
    }
}
