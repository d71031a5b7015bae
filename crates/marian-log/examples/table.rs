//! Prints `src/core/table.ts`: the layout of what the core hands over, as JavaScript reads it.

use marian_log::{present, Event, Point, PointValue, Stats, TrainingColumns, ValidationColumns, KINDS};

/// A line of this many characters is not divided, as the formatter has it.
const MAX_WIDTH: usize = 110;

fn list(name: &str, items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    let line = format!("export const {name} = [{}] as const;", items.join(", "));
    if line.len() <= MAX_WIDTH {
        return format!("\n{line}\n");
    }
    let lines: String = items.iter().map(|item| format!("  {item},\n")).collect();
    format!("\nexport const {name} = [\n{lines}] as const;\n")
}

fn map(name: &str, items: impl IntoIterator<Item = (impl AsRef<str>, u32)>) -> String {
    let items: String = items.into_iter().map(|(key, value)| format!("  {}: {value},\n", key.as_ref())).collect();
    format!("\nexport const {name} = {{\n{items}}} as const;\n")
}

/// The file's text.
pub fn table() -> String {
    let stats = Stats::NAMES.iter().chain(&["training_present"]);
    // Bytes of an element of each entry, in the order of `Core::table`: the order of rows, the columns and their
    // presence, the events, their texts and the ends of these, the statistics, the CSV.
    let columns = |names: &[&str]| [vec![8; names.len()], vec![4]].concat();
    let widths: [Vec<u32>; 4] =
        [vec![1], columns(TrainingColumns::NAMES), columns(ValidationColumns::NAMES), vec![8, 1, 4, 8, 1]];
    let widths: Vec<String> = widths.concat().iter().map(u32::to_string).collect();
    [
        "// Made from crates/marian-log by scripts/build-wasm. Do not edit.\n".to_owned(),
        list("TRAINING_COLUMNS", TrainingColumns::NAMES),
        list("VALIDATION_COLUMNS", ValidationColumns::NAMES),
        map("PRESENT", present::BITS.iter().copied()),
        map("KIND", KINDS.iter().map(|&(name, kind)| (name, u32::from(kind)))),
        list("POINT_NUMBERS", Point::NAMES),
        list("VALUE_NUMBERS", PointValue::NAMES),
        list("EVENT_NUMBERS", Event::NAMES),
        list("STATS", stats),
        format!("\n/** Bytes of an element of each entry of the table; the last is the CSV text. */\nexport const WIDTHS = [\n  {},\n] as const;\n", widths.join(", ")),
    ]
    .concat()
}

#[allow(dead_code)]
fn main() {
    print!("{}", table());
}
