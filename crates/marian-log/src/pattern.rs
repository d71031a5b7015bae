//! Patterns that users define: `name=REGEX with (?P<named> groups)`.

use regex::bytes::{Regex, RegexBuilder};
use std::fmt;

/// Why a pattern was refused, in words for the user.
#[derive(Debug)]
pub struct PatternError(String);

impl fmt::Display for PatternError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for PatternError {}

/// A user's pattern.
#[derive(Debug)]
pub struct Pattern {
    pub name: String,
    regex: Regex,
    groups: Vec<(usize, String)>,
}

impl Pattern {
    /// Compiles a pattern. It works on bytes and on ASCII classes: `\w`, `\d`, `(?i)` know no other letters.
    pub fn new(name: &str, regex: &str) -> Result<Self, PatternError> {
        let compiled = RegexBuilder::new(regex)
            .unicode(false)
            .build()
            .map_err(|error| PatternError(format!("the pattern '{name}' is no regular expression: {error}")))?;
        let groups: Vec<_> = compiled
            .capture_names()
            .enumerate()
            .filter_map(|(index, group)| Some((index, group?.to_owned())))
            .collect();
        if groups.is_empty() {
            return Err(PatternError(format!(
                "the pattern '{name}' names no group: write (?P<value>…) around what is to be kept"
            )));
        }
        Ok(Self { name: name.to_owned(), regex: compiled, groups })
    }

    /// Calls `found` with the named groups of every match in `text`.
    pub fn matches<'t>(&self, text: &'t [u8], mut found: impl FnMut(&mut dyn Iterator<Item = (&str, &'t [u8])>)) {
        for captures in self.regex.captures_iter(text) {
            let mut values = self
                .groups
                .iter()
                .filter_map(|(index, group)| Some((group.as_str(), captures.get(*index)?.as_bytes())));
            found(&mut values);
        }
    }
}
