//! The `marian-log` parser for JavaScript: marshalling only.
//!
//! JavaScript writes bytes where [`Core::reserve`] says, calls [`Core::commit`], and reads the columns of the batch
//! where the table says that comes back: pairs of address and length, whose elements have the `WIDTHS` of `src/core/table.ts`.
//! Addresses hold until the next call.

#![forbid(unsafe_code)]

use marian_log::{csv, line_start, Batch, Closed, Parser, Points, Time};
use wasm_bindgen::prelude::*;

/// What the start of each line of `text` tells, three numbers a line: length of the worker's prefix, milliseconds of
/// its time (NaN where it has none), and 1 where that time is UTC.
#[wasm_bindgen(js_name = lineStarts)]
pub fn line_starts(text: &[u8]) -> Vec<f64> {
    let mut starts = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let start = line_start(line);
        let (time, utc) = match start.time {
            Some(Time::Utc(time)) => (time, 1.0),
            Some(Time::Local(time)) => (time, 0.0),
            None => (f64::NAN, 0.0),
        };
        starts.extend_from_slice(&[start.prefix as f64, time, utc]);
    }
    starts
}

/// The form that columns ask for after their bits: one for tabs, one for JSON, then how many bytes of the text that rows
/// start with they end with instead; 0 for CSV.
fn frame(columns: u32, text: &[u8]) -> csv::Frame<'_> {
    let form = match columns & 48 {
        0 => return csv::Frame { start: text, ..csv::Frame::default() },
        16 => csv::Form::Tab,
        _ => csv::Form::Json,
    };
    let (start, end) = text.split_at(text.len().saturating_sub((columns >> 6) as usize));
    csv::Frame { form, start, end }
}

/// One parser with its batch.
#[wasm_bindgen]
#[derive(Default)]
pub struct Core {
    parser: Parser,
    batch: Batch,
    points: Points,
    closed: Closed,
    input: Vec<u8>,
    events: Vec<f64>,
    stats: Vec<f64>,
    csv: Vec<u8>,
    table: Vec<u32>,
}

#[wasm_bindgen]
impl Core {
    /// A parser for one log.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pattern of the user's; throws its fault in words.
    #[wasm_bindgen(js_name = addPattern)]
    pub fn add_pattern(&mut self, name: &str, regex: &str) -> Result<(), JsError> {
        self.parser.add_pattern(name, regex).map_err(|error| JsError::new(&error.to_string()))
    }

    /// Looks for marks, too.
    #[wasm_bindgen(js_name = findMarks)]
    pub fn find_marks(&mut self) {
        self.parser.find_marks();
    }

    /// For a log that is still written; see [`Parser::set_live`].
    #[wasm_bindgen(js_name = setLive)]
    pub fn set_live(&mut self) {
        self.parser.set_live();
    }

    /// Whether a record waits for the lines after it.
    pub fn holds(&self) -> bool {
        self.parser.holds()
    }

    /// Hands over what waits, by what is known.
    pub fn settle(&mut self) -> u32 {
        self.batch.clear();
        self.parser.settle(&mut self.batch);
        self.table()
    }

    /// Makes room for `length` bytes of input and returns its address.
    pub fn reserve(&mut self, length: usize) -> u32 {
        if self.input.len() < length {
            self.input.resize(length, 0);
        }
        self.input.as_ptr() as usize as u32
    }

    /// Parses the first `length` bytes of the input. The batch is emptied first unless `append` is set.
    pub fn commit(&mut self, length: usize, append: bool) -> u32 {
        if !append {
            self.batch.clear();
        }
        let length = length.min(self.input.len());
        self.parser.feed(&self.input[..length], &mut self.batch);
        self.table()
    }

    /// Ends the log.
    pub fn finish(&mut self) -> u32 {
        self.batch.clear();
        self.parser.finish(&mut self.batch);
        self.table()
    }

    /// The name of a metric.
    #[wasm_bindgen(js_name = metricName)]
    pub fn metric_name(&self, index: usize) -> Option<String> {
        self.parser.metrics().get(index).cloned()
    }

    /// Formats the batch's training rows; the text replaces the last one.
    ///
    /// `columns` has a bit for each field of [`csv::Columns`], in their order, then what [`frame`] reads.
    pub fn csv(&mut self, columns: u32, times: &[f64], prefix: &[u8]) -> u32 {
        self.csv.clear();
        let has = |bit: u32| columns & bit != 0;
        let frame = frame(columns, prefix);
        let columns = csv::Columns { position: has(1), labels: has(2), segment: has(4), timestamp: has(8) };
        csv::training_rows(&self.batch, columns, times, frame, &mut self.csv);
        self.table()
    }

    /// Tells of the next start of Marian in the batch; see [`Points::start`].
    #[wasm_bindgen(js_name = startPoints)]
    pub fn start_points(&mut self) {
        self.points.start();
    }

    /// A metric that this start is configured to validate.
    #[wasm_bindgen(js_name = expectMetric)]
    pub fn expect_metric(&mut self, name: &str) {
        self.points.expect(name);
    }

    /// Replaces the rows of the batch by those of another core, as far as points are made of them: the order, the updates
    /// of training rows, and the columns of validation rows one after the other.
    #[wasm_bindgen(js_name = takeRows)]
    pub fn take_rows(&mut self, order: &[u8], ups: &[f64], validation: &[f64], present: &[f64]) {
        self.batch.clear();
        self.batch.order.extend_from_slice(order);
        self.batch.training.up.extend_from_slice(ups);
        self.batch.validation.replace(validation, present);
    }

    /// Adds the name of a metric that another core has met.
    #[wasm_bindgen(js_name = addMetric)]
    pub fn add_metric(&mut self, name: &str) {
        self.parser.add_metric(name);
    }

    /// Gathers the points that the batch closes, at the end of the log all; returns a table of the points and of their metrics.
    pub fn points(&mut self, last: bool) -> u32 {
        let Self { parser, batch, points, closed, table, .. } = self;
        closed.points.clear();
        closed.values.clear();
        points.take(batch, parser.metrics(), closed);
        if last {
            points.finish(closed);
        }
        table.clear();
        let (points, values) = (&closed.points, &closed.values);
        table.extend([points.as_ptr() as usize as u32, points.len() as u32]);
        table.extend([values.as_ptr() as usize as u32, values.len() as u32]);
        table.as_ptr() as usize as u32
    }

    /// Formats the points; the text replaces the last one. See [`csv::point_rows`]; `columns` has the bits of [`Self::csv`],
    /// and `names` are on a line each.
    #[wasm_bindgen(js_name = pointsCsv)]
    pub fn points_csv(
        &mut self,
        columns: u32,
        places: &[f64],
        width: usize,
        names: &str,
        times: &[f64],
        prefix: &[u8],
    ) -> u32 {
        self.csv.clear();
        let has = |bit: u32| columns & bit != 0;
        let names: Vec<&str> = names.lines().collect();
        let (position, segment, timestamp) = (has(1), has(4), has(8));
        let cells = csv::PointCells { places, width, names: &names, position, segment, timestamp };
        csv::point_rows(&self.closed, cells, times, frame(columns, prefix), &mut self.csv);
        self.table()
    }

    fn table(&mut self) -> u32 {
        let Self { parser, batch, events, stats, csv, table, .. } = self;
        events.clear();
        for event in &batch.events {
            events.extend_from_slice(&event.numbers());
        }
        stats.clear();
        stats.extend(parser.stats().numbers().map(|count| count as f64));
        stats.push(f64::from(batch.training_present));
        table.clear();
        let mut entry = |address: usize, length: usize| table.extend([address as u32, length as u32]);
        entry(batch.order.as_ptr() as usize, batch.order.len());
        let training = &batch.training;
        for column in training.columns() {
            entry(column.as_ptr() as usize, column.len());
        }
        entry(training.present.as_ptr() as usize, training.present.len());
        let validation = &batch.validation;
        for column in validation.columns() {
            entry(column.as_ptr() as usize, column.len());
        }
        entry(validation.present.as_ptr() as usize, validation.present.len());
        entry(events.as_ptr() as usize, events.len());
        entry(batch.texts.bytes.as_ptr() as usize, batch.texts.bytes.len());
        entry(batch.texts.ends.as_ptr() as usize, batch.texts.ends.len());
        entry(stats.as_ptr() as usize, stats.len());
        entry(csv.as_ptr() as usize, csv.len());
        table.as_ptr() as usize as u32
    }
}
