//! What Marian prints when it starts: its version, its command line, its configuration.

/// Most bytes of configuration or description that are kept of one start.
const MAX_TEXT: usize = 1 << 20;

/// A start of Marian, while its lines come in.
#[derive(Debug, Default)]
pub struct Context {
    pub line: f64,
    pub segment: f64,
    pub timestamp: f64,
    pub present: u32,
    pub version: Vec<u8>,
    pub revision: Vec<u8>,
    /// The `[marian]` lines after the first, joined by blanks.
    pub description: Vec<u8>,
    /// The `[config]` lines, joined by line feeds: YAML 1.1.
    pub config: Vec<u8>,
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
        if self.description.len() + text.len() < MAX_TEXT {
            if !self.description.is_empty() {
                self.description.push(b' ');
            }
            self.description.extend_from_slice(text.trim_ascii());
        }
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

    /// The command line; empty where the log has none.
    pub fn command_line(&self) -> &[u8] {
        const MARK: &[u8] = b"command line:";
        match memchr::memmem::find(&self.description, MARK) {
            Some(at) => self.description[at + MARK.len()..].trim_ascii(),
            None => b"",
        }
    }
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
