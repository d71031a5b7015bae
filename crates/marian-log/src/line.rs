//! Finds the records of one line, by the position rule: a record counts anywhere on a line, but inside the text of a
//! translation only directly after a Marian stamp.

use crate::cut::Kind;
use crate::prefix::{known_prefix, task_prefix};
use crate::record::{self, Found, Training, Validation};
use crate::stamp::{headers_before, Headers};
use memchr::{memchr2, memchr2_iter, memchr_iter, memmem, memrchr};

/// Something that a line holds.
#[derive(Debug, PartialEq)]
pub enum Item<'t> {
    Training(Training),
    Validation(Validation),
    /// The shape of a record that can't be read.
    Unreadable,
    /// The text ends inside a record of this kind; whether that is worth counting.
    Begun(Kind, bool),
    /// The text behind `[marian] `.
    Marian(&'t [u8]),
    /// The text behind `[config] `.
    Config(&'t [u8]),
}

/// Words that open the text of a translation when a colon follows.
pub const SPEAKERS: [&[u8]; 9] =
    [b"Hyp", b"Hypothesis", b"Ref", b"Reference", b"Src", b"Source", b"Target", b"Translation", b"Best translation"];

/// What a line may add to a record that the line before it cut: the line without the prefixes of other programs, if
/// that line has some too, or the line as it is, where a file was folded that has them.
pub fn continuations(text: &[u8], prefixed: bool) -> [&[u8]; 2] {
    let worker = task_prefix(text).map_or(0, |(_, length)| length);
    let stripped = text.get(if prefixed { known_prefix(text) } else { worker }..).unwrap_or(text);
    [stripped, if worker > 0 { stripped } else { text }]
}

/// Where the mark of a record begins that a line feed cuts, and the headers before it: `[2024-01-02 03:04:05] E` and
/// `p. 1 : Up. …`.
pub fn cut_mark(line: &[u8], next: &[u8]) -> Option<(usize, Kind, Headers)> {
    let begun = |mark: &'static [u8]| {
        (1..mark.len()).rev().find_map(|length| Some((line.strip_suffix(&mark[..length])?.len(), &mark[length..])))
    };
    let goes_on = |rest: &[u8]| continuations(next, true).iter().any(|next| next.starts_with(rest));
    let (at, kind, rest) = match (begun(b"[valid] "), begun(b"Ep. ")) {
        (Some((at, rest)), _) => (at, Kind::Validation, Some(rest)),
        (None, Some((at, rest))) => (at, Kind::Training, Some(rest)),
        (None, None) if goes_on(b"[valid] ") => (line.len(), Kind::Validation, None),
        (None, None) => (line.len(), Kind::Training, None),
    };
    let headers = headers_before(line, at);
    (headers.stamp.is_some() || rest.is_some_and(goes_on)).then_some((at, kind, headers))
}

/// Calls `each` with every item of `text`, where it starts, and the headers before it.
#[inline]
pub fn items<'t>(text: &'t [u8], mut each: impl FnMut(Item<'t>, usize, Headers)) {
    let mut translation = None;
    let mut pos = 0;
    while let Some(at) = memchr2(b'E', b'[', &text[pos..]).map(|found| pos + found) {
        let rest = &text[at..];
        pos = at + 1;
        let mark = match rest {
            [b'E', b'p', b'.', b' ', ..] => Mark::Epoch,
            [b'[', b'v', b'a', b'l', b'i', b'd', b']', b' ', ..] => Mark::Valid,
            [b'[', b'm', b'a', b'r', b'i', b'a', b'n', b']', b' ', ..] => Mark::Marian,
            [b'[', b'c', b'o', b'n', b'f', b'i', b'g', b']', b' ', ..] => Mark::Config,
            [b'[', b'v', ..] if b"[valid] ".starts_with(rest) => Mark::Divided,
            _ => continue,
        };
        let headers = headers_before(text, at);
        if headers.stamp.is_none() && at >= *translation.get_or_insert_with(|| translation_start(text)) {
            continue;
        }
        match mark {
            Mark::Epoch => match record::training(text, at) {
                Found::Record(record, end) => {
                    each(Item::Training(record), at, headers);
                    pos = end;
                }
                Found::Malformed(end) if end < text.len() => {
                    each(Item::Unreadable, at, headers);
                    pos = end;
                }
                Found::Malformed(_) => return each(Item::Begun(Kind::Training, true), at, headers),
                Found::Nothing if record::ends_inside_training(rest) => {
                    let counted = begins_with_number(&rest[b"Ep. ".len()..]) || find(rest, b"Up. ").is_some();
                    return each(Item::Begun(Kind::Training, counted), at, headers);
                }
                Found::Nothing => {
                    let next = find(&rest[4..], b"Ep. ").map_or(rest.len(), |next| next + 4);
                    if find(&rest[..next], b"Up. ").is_some() {
                        each(Item::Unreadable, at, headers);
                    }
                }
            },
            Mark::Valid => match record::validation(text, at) {
                Found::Record(record, end) => {
                    each(Item::Validation(record), at, headers);
                    pos = end;
                }
                Found::Malformed(end) if end < text.len() => {
                    each(Item::Unreadable, at, headers);
                    pos = end;
                }
                Found::Malformed(_) => return each(Item::Begun(Kind::Validation, true), at, headers),
                Found::Nothing if record::ends_inside_validation(rest) => {
                    let counted = begins_validation(&rest[b"[valid] ".len()..], headers.stamp.is_some());
                    return each(Item::Begun(Kind::Validation, counted), at, headers);
                }
                // The `Ep. ` behind it is looked at on its own.
                Found::Nothing => pos = at + b"[valid] ".len(),
            },
            // Before Marian 1.5 the line after it holds no `Ep. ` that it could be found by.
            Mark::Divided => return each(Item::Begun(Kind::Validation, false), at, headers),
            Mark::Marian | Mark::Config if at > 0 && headers == Headers::default() => {
                // Another program's header of the same name; only a start of Marian is known by its words.
                if rest.starts_with(b"[marian] Marian v") {
                    each(Item::Marian(&rest[b"[marian] ".len()..]), at, headers);
                }
            }
            Mark::Marian => each(Item::Marian(&rest[b"[marian] ".len()..]), at, headers),
            Mark::Config => each(Item::Config(&rest[b"[config] ".len()..]), at, headers),
        }
    }
}

/// So many bytes are searched at once.
const SPAN: usize = 128;

/// Where the next line starts that is worth a look, at or after the line at `cursor`, and how many lines come before it;
/// the end of the block if no line is. `configured` says whether lines of the configuration are.
#[inline(never)]
pub fn next_start(block: &[u8], cursor: usize, configured: bool) -> (usize, u64) {
    let (mut at, mut lines) = (cursor, 0);
    // One pass for all words, which finds some others too, and has no branch: the compiler makes it one of vectors.
    while let Some(span) = block.get(at..).and_then(<[u8]>::first_chunk::<{ SPAN + 1 }>) {
        let (mut found, mut ends) = (0u8, 0u8);
        for place in 0..SPAN {
            let (first, second) = (span[place], span[place + 1]);
            found |= u8::from((first == b'p') & (second == b'.') | (first == b'[') & (second >= b'a'));
            ends += u8::from(first == b'\n');
        }
        if found != 0 {
            if let Some(found) = mark(block, at..at + SPAN, configured) {
                return start_of(block, cursor, at, found, lines);
            }
        }
        lines += u64::from(ends);
        at += SPAN;
    }
    match mark(block, at..block.len(), configured) {
        Some(found) => start_of(block, cursor, at, found, lines),
        None => (block.len(), lines + memchr_iter(b'\n', &block[at..]).count() as u64),
    }
}

/// The start of the line at `found`, and the lines before it; those before `at` are counted.
fn start_of(block: &[u8], cursor: usize, at: usize, found: usize, lines: u64) -> (usize, u64) {
    let start = memrchr(b'\n', &block[cursor..found]).map_or(cursor, |end| cursor + end + 1);
    (start, lines + memchr_iter(b'\n', &block[at..found.max(at)]).count() as u64)
}

/// Finds what makes a line worth a look: `p. ` of `Ep. ` and of `Up. ` (where a line feed cuts the one, the other still
/// stands), `[v` of `[valid] ` (also where a line feed divides it), `[marian] ` or `[config] `.
fn mark(block: &[u8], range: std::ops::Range<usize>, configured: bool) -> Option<usize> {
    let text = &block[range.start..block.len().min(range.end + 1)];
    memchr2_iter(b'.', b'[', text).map(|at| range.start + at).find(|&at| match &block[at..] {
        [b'.', b' ', ..] => at > range.start && block[at - 1] == b'p',
        [b'[', b'v', rest @ ..] => !is_translation(rest),
        rest => rest.starts_with(b"[marian] ") || configured && rest.starts_with(b"[config] "),
    })
}

/// Whether `[v` begins a line of the validation's translations, `[valid]   Hyp: …`: a word that is no start of a record
/// or a number.
fn is_translation(rest: &[u8]) -> bool {
    let text = rest.strip_prefix(b"alid] ").unwrap_or_default();
    let first = text.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    first.is_some_and(|byte| byte.is_ascii_uppercase() && !matches!(byte, b'E' | b'I' | b'N'))
}

/// Where a word stands in a text; for texts that are rare.
#[inline(never)]
pub fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    memmem::find(text, word)
}

/// Whether a number stands at the start, after blanks.
fn begins_with_number(text: &[u8]) -> bool {
    text.trim_ascii_start().first().is_some_and(u8::is_ascii_digit)
}

/// Whether a validation record that the text ends in has begun: with an epoch, or behind a stamp with an update.
fn begins_validation(text: &[u8], stamped: bool) -> bool {
    match text.trim_ascii_start().strip_prefix(b"Ep. ") {
        Some(rest) => begins_with_number(rest),
        None => stamped && begins_with_number(text),
    }
}

enum Mark {
    Epoch,
    Valid,
    /// The line ends inside `[valid] `.
    Divided,
    Marian,
    Config,
}

/// Where the text of a translation starts; the length of the line where it holds none.
pub fn translation_start(text: &[u8]) -> usize {
    let mut first = text.len();
    for colon in memchr::memchr_iter(b':', text) {
        let head = text[..colon].strip_suffix(b" ").unwrap_or(&text[..colon]);
        let speaker = SPEAKERS.iter().find_map(|word| {
            let before = head.strip_suffix(*word)?;
            (!before.last().is_some_and(u8::is_ascii_alphanumeric)).then_some(before.len())
        });
        if let Some(start) = speaker {
            first = start;
            break;
        }
    }
    // `Best translation 0 : …`
    const BEST: &[u8] = b"Best translation ";
    let best =
        memmem::find_iter(&text[..first], BEST).find(|&at| !text[..at].last().is_some_and(u8::is_ascii_alphanumeric));
    best.unwrap_or(first)
}
