//! What Marian prints when it starts: its version, its command line, its configuration.

use crate::prefix::prefix_ends;
use crate::stamp::marian_stamp;

/// Most bytes of configuration or description that are kept of one start.
const MAX_TEXT: usize = 1 << 20;
/// Most lines without a header that are taken after one with a header.
const MAX_LOOSE: f64 = 100.0;

/// A start of Marian, while its lines come in.
#[derive(Debug, Default)]
pub struct Context {
    pub line: f64,
    pub segment: f64,
    pub timestamp: f64,
    pub present: u32,
    pub version: Vec<u8>,
    pub revision: Vec<u8>,
    /// The `[marian]` lines after the first, joined by carriage returns. A line without a header after one of them
    /// follows a line feed, one after a `[config]` line a form feed: an argument holds a line feed, or the log is folded.
    pub description: Vec<u8>,
    /// The `[config]` lines, joined by line feeds: YAML 1.1.
    pub config: Vec<u8>,
    /// The last line with a header of Marian's; 0 when lines without one are no part of the start any more.
    pub header: f64,
    /// The last line that was taken.
    pub taken: f64,
    /// What other programs put before the last line with a header, and how many prefixes that is.
    pub prefix: Vec<u8>,
    pub prefixes: usize,
}

impl Context {
    /// Reads version and revision of `Marian v1.10.25; e8a1a25 2021-12-07 …`.
    pub fn banner(&mut self, text: &[u8]) {
        let mut words = text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).skip(1);
        if let Some(version) = words.next() {
            self.version = version.strip_suffix(b";").unwrap_or(version).to_vec();
        }
        if let Some(revision) = words.next() {
            self.revision = revision.to_vec();
        }
    }

    /// Adds a `[marian]` line.
    pub fn describe(&mut self, text: &[u8]) {
        let mark: &[u8] = if self.description.is_empty() { b"" } else { b"\r" };
        self.add(mark, text.trim_ascii_start());
    }

    /// Adds a `[config]` line; false when the configuration has ended with it.
    pub fn configure(&mut self, text: &[u8]) -> bool {
        if is_end(text) {
            return false;
        }
        if !is_stray(text) && self.config.len() + text.len() < MAX_TEXT {
            self.config.extend_from_slice(text.trim_ascii_end());
            self.config.push(b'\n');
        }
        true
    }

    /// Takes note of a line that has a header of Marian's.
    pub fn head(&mut self, text: &[u8], line: f64) {
        (self.header, self.taken) = (line, line);
        let (mut end, mut count) = (0, 0);
        for at in prefix_ends(text).skip(1) {
            (end, count) = (at, count + 1);
        }
        self.prefix.clear();
        self.prefix.extend_from_slice(&text[..end]);
        self.prefixes = count;
    }

    /// Lines without a header may still be part of the start.
    #[inline]
    pub fn goes_on(&self) -> bool {
        self.header > 0.0
    }

    /// Adds a line without a header. A program that stamps each line alone stamps it too.
    #[inline(never)]
    pub fn go_on(&mut self, text: &[u8], line: f64) {
        if line <= self.taken {
            return;
        }
        let rest = text.strip_prefix(self.prefix.as_slice()).unwrap_or_else(|| {
            // A time in the prefix may be another one.
            let start = prefix_ends(text).take(self.prefixes + 1).last().unwrap_or_default();
            text.get(start..).unwrap_or_default()
        });
        let stamped = marian_stamp(rest).is_some();
        let words = if stamped { after_stamp(rest) } else { rest };
        let configured = !self.config.is_empty();
        if line > self.header + MAX_LOOSE || stamped && (configured || words.starts_with(b"[")) {
            self.header = 0.0;
            return;
        }
        let mark: &[u8] = match (configured, stamped) {
            (true, _) => b"\x0c",
            (false, true) => b"\r",
            (false, false) => b"\n",
        };
        // Lines between them are empty.
        while self.taken + 1.0 < line {
            self.add(mark, b"");
            self.taken += 1.0;
        }
        self.add(mark, words);
        self.taken = line;
    }

    fn add(&mut self, mark: &[u8], text: &[u8]) {
        if self.description.len() + text.len() < MAX_TEXT {
            self.description.extend_from_slice(mark);
            self.description.extend_from_slice(text);
        }
    }

    /// The command line, and the lines that may belong to it or to the configuration and are read as part of neither,
    /// joined by line feeds. Both are empty where the log has none.
    ///
    /// Marian quotes an argument that holds blanks, and prints its line feeds as they are. So a line feed in quotes is
    /// the argument's; one outside of them, or in quotes that never close, may be anybody's.
    pub fn command_line(&self) -> (Vec<u8>, Vec<u8>) {
        let mut parts = self.description.split(|&byte| byte == b'\x0c');
        let description = parts.next().unwrap_or_default();
        let line = description.get(after_mark(description)..).unwrap_or_default().trim_ascii_start();
        let (end, quoted) = line_end(line);
        let break_at = quoted.and_then(|quoted| Some(quoted + line[quoted..].iter().position(is_break)?));
        let (command, rest) = line.split_at(break_at.unwrap_or(end));
        let mut loose = Vec::new();
        // What a header or a stamp opens is a message of its own.
        let own = rest.split(|&byte| byte == b'\r').next().unwrap_or_default();
        for text in own.split(|&byte| byte == b'\n').chain(parts).map(<[u8]>::trim_ascii) {
            if !text.is_empty() {
                if !loose.is_empty() {
                    loose.push(b'\n');
                }
                loose.extend_from_slice(text);
            }
        }
        let command = command.trim_ascii().iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte });
        (command.collect(), loose)
    }
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Where the text after `command line:` begins, which a folded log may divide; the end where it is missing.
fn after_mark(text: &[u8]) -> usize {
    let ends = |start: usize| {
        b"command line:".iter().try_fold(start, |at, byte| {
            let at = at + usize::from(text.get(at) == Some(&b'\n'));
            (text.get(at) == Some(byte)).then_some(at + 1)
        })
    };
    (0..text.len()).find_map(ends).unwrap_or(text.len())
}

/// Where the first line break outside of quotes stands, and where quotes open that never close.
fn line_end(line: &[u8]) -> (usize, Option<usize>) {
    let mut quote = None;
    let mut escaped = false;
    for (at, &byte) in line.iter().enumerate() {
        match quote {
            _ if escaped => escaped = false,
            Some((sign, _)) if byte == sign => quote = None,
            Some((b'\'', _)) => {}
            _ if byte == b'\\' => escaped = true,
            None if matches!(byte, b'\'' | b'"') => quote = Some((byte, at)),
            None if is_break(&byte) => return (at, None),
            _ => {}
        }
    }
    (line.len(), quote.map(|(_, at)| at))
}

/// A text without the stamp at its start, and the blank after it.
fn after_stamp(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == b']').map_or(0, |at| at + 1);
    let rest = &text[end..];
    rest.strip_prefix(b" ").unwrap_or(rest)
}

/// `Model is being created with Marian …` and `Loaded model has been created with Marian …` end a configuration.
fn is_end(text: &[u8]) -> bool {
    text.starts_with(b"Model is being created") || text.starts_with(b"Loaded model has been created")
}

/// Messages that Marian prints under `[config]` and that are no YAML.
pub fn is_stray(text: &[u8]) -> bool {
    is_end(text)
        || text.starts_with(b"No model configuration found")
        || text.starts_with(b"Model created with Marian")
        || text.starts_with(b"Loading model")
}
