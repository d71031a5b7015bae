//! The layout that JavaScript reads is that of the columns.

#[path = "../examples/table.rs"]
mod example;

#[test]
fn the_file_for_javascript_is_that_of_these_columns() {
    let file = include_str!("../../../src/core/table.ts");
    assert_eq!(file, example::table(), "run scripts/build-wasm");
}
