//! Finds the records of one line, by the position rule: a record counts anywhere on a line, but inside the text of a
//! translation only directly after a Marian stamp.

use crate::record::{self, Found, Training, Validation};
use crate::stamp::{headers_before, Headers};
use memchr::{memchr2, memmem};

/// Something that a line holds.
#[derive(Debug, PartialEq)]
pub enum Item<'t> {
    Training(Training),
    Validation(Validation),
    /// The shape of a record that can't be read.
    Unreadable,
    /// The text behind `[marian] `.
    Marian(&'t [u8]),
    /// The text behind `[config] `.
    Config(&'t [u8]),
}

/// Words that open the text of a translation when a colon follows.
pub const SPEAKERS: [&[u8]; 9] =
    [b"Hyp", b"Hypothesis", b"Ref", b"Reference", b"Src", b"Source", b"Target", b"Translation", b"Best translation"];

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
                Found::Malformed(end) => {
                    each(Item::Unreadable, at, headers);
                    pos = end;
                }
                Found::Nothing => {
                    let next = memmem::find(&rest[4..], b"Ep. ").map_or(rest.len(), |next| next + 4);
                    if memmem::find(&rest[..next], b"Up. ").is_some() {
                        each(Item::Unreadable, at, headers);
                    }
                }
            },
            Mark::Valid => match record::validation(text, at) {
                Found::Record(record, end) => {
                    each(Item::Validation(record), at, headers);
                    pos = end;
                }
                Found::Malformed(end) => {
                    each(Item::Unreadable, at, headers);
                    pos = end;
                }
                // The `Ep. ` behind it is looked at on its own.
                Found::Nothing => pos = at + b"[valid] ".len(),
            },
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

enum Mark {
    Epoch,
    Valid,
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
