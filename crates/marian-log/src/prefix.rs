//! What other programs put before a line: the workers of Taskcluster, containers, schedulers, loggers and mails.
//!
//! Nothing else knows a prefix: the records' times, the console log, `logs --strip` and the marks all ask here.

use crate::line::SPEAKERS;
use crate::stamp::{clock, iso_time, marian_stamp, Time};
use memchr::memchr;

/// Longest header of a worker that is looked at, brackets included.
const MAX_WORKER: usize = 80;
/// Longest name before grep's colon, or of a host, a container or a stream.
const MAX_NAME: usize = 512;
/// Most prefixes of one line; a line that is nothing but `> > > …` has an end.
const MAX_PREFIXES: usize = 16;

/// A prefix of a worker: `[task 2023-09-16T12:39:01.105Z] `, `[taskcluster:error] `.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worker<'t> {
    /// What speaks: `task`, `taskcluster:error`, `vcs`, `setup`, `fetches`, …
    pub name: &'t [u8],
    /// Milliseconds since 1970, UTC; absent where the worker prints a level instead.
    pub time: Option<f64>,
    /// Its length, with the blank after it.
    pub length: usize,
}

/// The prefix of a worker at the start of `text`.
#[inline]
pub fn worker_prefix(text: &[u8]) -> Option<Worker<'_>> {
    // Marian's lines begin with a bracket too, and a digit.
    let [b'[', b'a'..=b'z', ..] = text else { return None };
    let close = memchr(b']', &text[..text.len().min(MAX_WORKER)])?;
    let (name, time) = worker_header(&text[1..close])?;
    Some(Worker { name, time, length: close + 1 + usize::from(text.get(close + 1) == Some(&b' ')) })
}

/// The time of a worker's prefix at the start of `text`, in milliseconds since 1970, and the prefix's length with the
/// blank after it. Prefixes without a time (`[taskcluster:error] `) are none.
#[inline]
pub fn task_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let worker = worker_prefix(text)?;
    Some((worker.time?, worker.length))
}

/// Name and time of a worker's header, which is the text between the brackets.
pub(crate) fn worker_header(header: &[u8]) -> Option<(&[u8], Option<f64>)> {
    let length = span(header, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-'));
    let (name, rest) = header.split_at(length);
    if !name.first()?.is_ascii_lowercase() || name.len() > 40 {
        return None;
    }
    if rest.is_empty() {
        // Without a time only the worker itself speaks; `[valid]` and `[config]` are Marian's.
        return (name == b"taskcluster" || name.starts_with(b"taskcluster:")).then_some((name, None));
    }
    let time = iso_time(rest.strip_prefix(b" ")?)?;
    let utc = time.utc()?;
    (time.length == rest.len() - 1).then_some((name, Some(utc)))
}

/// What the start of a line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LineStart {
    /// Length of a worker's prefix that is a time and no more; 0 where there is none.
    pub prefix: usize,
    /// When the line was printed: the worker's time, else that of the line's own stamp, else that of another prefix
    /// with a zone.
    pub time: Option<Time>,
}

/// Reads the start of a line for those who show it as text.
pub fn line_start(text: &[u8]) -> LineStart {
    if let Some((time, prefix)) = task_prefix(text) {
        return LineStart { prefix, time: Some(Time::Utc(time)) };
    }
    let mut printed = None;
    for at in prefix_ends(text) {
        let rest = &text[at..];
        if let Some(time) = marian_stamp(rest) {
            return LineStart { prefix: 0, time: Some(Time::Local(time)) };
        }
        let time = iso_time(rest.strip_prefix(b"[").unwrap_or(rest)).and_then(|time| time.utc());
        printed = printed.or(time.map(Time::Utc));
    }
    LineStart { prefix: 0, time: printed }
}

/// Length of all known prefixes at the start of `text`; several may stand one after the other. Each takes the blank
/// after it along, so that an indented text keeps the rest of its blanks.
pub fn known_prefix(text: &[u8]) -> usize {
    prefix_ends(text).last().unwrap_or_default()
}

/// Where the text of a line may begin: 0, then the end of each known prefix, in ascending order.
///
/// A word of a program's own may look like grep's `name:` (`oom-kill:constraint=…`), so that what looks for a mark
/// tries each of them.
pub fn prefix_ends(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let at = next?;
        next = one_prefix(&text[at..]).map(|length| at + length);
        Some(at)
    })
    .take(MAX_PREFIXES + 1)
}

/// Length of the one known prefix at the start of `text`, never 0.
fn one_prefix(text: &[u8]) -> Option<usize> {
    match *text.first()? {
        0x1b => ansi(text),
        b'>' => Some(with_blank(text, span(text, |byte| byte == b'>'))),
        b'<' => priority(text),
        b'[' => worker_prefix(text).map(|worker| worker.length).or_else(|| bracketed(text)),
        b' ' | b'\t' => {
            // `srun -l` and progress bars of containers set their numbers flush right.
            let blanks = span(text, |byte| matches!(byte, b' ' | b'\t'));
            numbered(&text[blanks..]).map(|length| blanks + length)
        }
        _ => numbered(text).or_else(|| timed(text)).or_else(|| composed(text)).or_else(|| named(text)),
    }
}

/// `\x1b[0;31m`, `\x1b]0;title\x07`.
fn ansi(text: &[u8]) -> Option<usize> {
    match text.get(1)? {
        b'[' => {
            let parameters = span(text.get(2..)?, |byte| matches!(byte, 0x20..=0x3f));
            let last = text.get(2 + parameters)?;
            (parameters < MAX_WORKER && matches!(last, 0x40..=0x7e)).then_some(3 + parameters)
        }
        b']' => {
            let end = text.iter().take(MAX_NAME).position(|&byte| byte == 0x07)?;
            Some(end + 1)
        }
        _ => None,
    }
}

/// `<13>`, the priority of syslog.
fn priority(text: &[u8]) -> Option<usize> {
    let digits = span(&text[1..], |byte| byte.is_ascii_digit());
    ((1..=3).contains(&digits) && text.get(1 + digits) == Some(&b'>')).then_some(digits + 2)
}

/// `3: ` of `srun -l`.
fn numbered(text: &[u8]) -> Option<usize> {
    let digits = span(text, |byte| byte.is_ascii_digit());
    ((1..=7).contains(&digits) && text[digits..].starts_with(b": ")).then_some(digits + 2)
}

/// A time in brackets that is no Marian stamp, `[12:00:01 INF] `, `[pod/name/container] `, `[1,0]<stdout>:`.
fn bracketed(text: &[u8]) -> Option<usize> {
    let close = memchr(b']', &text[..text.len().min(MAX_NAME)])?;
    let inner = &text[1..close];
    let end = close + 1;
    if let Some(time) = iso_time(inner) {
        // A Marian stamp has a blank and neither decimals, a zone nor a level.
        let whole = if time.length == inner.len() { !time.plain } else { is_level(&inner[time.length..]) };
        return whole.then(|| with_blank(text, end));
    }
    if let Some(length) = clock(inner) {
        return (length == inner.len() || is_level(&inner[length..])).then(|| with_blank(text, end));
    }
    if inner.starts_with(b"pod/") && !inner.contains(&b' ') {
        return Some(with_blank(text, end));
    }
    let ranks = inner.iter().all(|byte| byte.is_ascii_digit() || *byte == b',') && inner.contains(&b',');
    let stream = [b"<stdout>:".as_slice(), b"<stderr>:"].into_iter().find(|word| text[end..].starts_with(word));
    match stream {
        Some(word) if ranks => Some(with_blank(text, end + word.len())),
        _ => None,
    }
}

/// ` INF` after the time of a logger.
fn is_level(text: &[u8]) -> bool {
    matches!(text, [b' ', rest @ ..] if (1..=11).contains(&rest.len()) && rest.iter().all(u8::is_ascii_alphabetic))
}

/// A time without brackets, with what its program prints after it.
fn timed(text: &[u8]) -> Option<usize> {
    if let Some(time) = iso_time(text) {
        let end = blank(text, time.length)?;
        return Some(after_time(text, end));
    }
    if let Some(length) = clock(text) {
        let end = blank(text, length)?;
        return Some(level(text, end).unwrap_or(end));
    }
    if let Some(length) = syslog_date(text) {
        let end = blank(text, length)?;
        return Some(journal(text, end, |_| true).unwrap_or(end));
    }
    // `Sat 2024-11-30 12:00:01 UTC host name[1]: `
    let [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', rest @ ..] = text else { return None };
    let time = iso_time(rest)?;
    let end = blank(text, 4 + time.length)?;
    Some(journal(text, end, |_| true).unwrap_or(end))
}

/// `stdout F ` of Kubernetes, `[INF] ` of Serilog, `host name[123]: ` of journald, the stream of CloudWatch.
fn after_time(text: &[u8], end: usize) -> usize {
    let rest = &text[end..];
    if let Some(after) = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr ")) {
        // `F` for a full line, `P` for a part of one, and tags after a colon.
        let tag = span(after, |byte| byte != b' ');
        return match after.first() {
            Some(b'F' | b'P') if tag == 1 || after[1] == b':' => with_blank(text, end + 7 + tag),
            _ => end + 7,
        };
    }
    let streamed = || {
        let name = span(rest, |byte| byte.is_ascii_graphic() && byte != b':');
        // The name of a stream ends in an id; `NaN/Inf` is Marian's.
        let is_stream = rest[..name].contains(&b'/') && rest[..name].iter().any(u8::is_ascii_digit) && name <= MAX_NAME;
        if is_stream {
            blank(text, end + name)
        } else {
            None
        }
    };
    level(text, end)
        .or_else(|| journal(text, end, |name| name.ends_with(b"]") || name == b"kernel"))
        .or_else(streamed)
        .unwrap_or(end)
}

/// Where `[INF] ` at `at` ends.
fn level(text: &[u8], at: usize) -> Option<usize> {
    let [b'[', b'A'..=b'Z', ..] = text[at..] else { return None };
    let letters = span(&text[at + 1..], |byte| byte.is_ascii_alphabetic());
    (letters <= 11 && text.get(at + 1 + letters) == Some(&b']')).then(|| with_blank(text, at + letters + 2))
}

/// Where `host name[123]: ` at `at` ends.
fn journal(text: &[u8], at: usize, is_name: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let host = span(&text[at..], |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let start = blank(text, at + host).filter(|_| (1..=MAX_NAME).contains(&host))?;
    let length = span(&text[start..], |byte| byte.is_ascii_graphic() && byte != b':');
    let name = &text[start..start + length];
    let begins = name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'/' | b'('));
    let named = begins && length <= MAX_NAME && text.get(start + length) == Some(&b':') && is_name(name);
    named.then(|| with_blank(text, start + length + 1))
}

/// Length of `Nov 30 12:00:01`, with decimals if it has any.
fn syslog_date(text: &[u8]) -> Option<usize> {
    const MONTHS: [&[u8; 3]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let [month @ .., b' ', high, low, b' '] = text.get(..7)? else { return None };
    let day = (*high == b' ' || high.is_ascii_digit()) && low.is_ascii_digit();
    if !day || !MONTHS.iter().any(|known| known.as_slice() == month) {
        return None;
    }
    Some(7 + clock(&text[7..])?)
}

/// `trainer-1  | ` of docker compose.
fn composed(text: &[u8]) -> Option<usize> {
    let name = span(text, is_name_byte);
    let blanks = span(&text[name..], |byte| byte == b' ');
    let bar = name + blanks;
    let whole = (1..=MAX_NAME).contains(&name) && blanks > 0 && text[bar..].starts_with(b"| ");
    whole.then_some(bar + 2)
}

/// `train.log:` and `train.log:12:` of grep, which puts no blank after the colon.
fn named(text: &[u8]) -> Option<usize> {
    let colon = memchr(b':', &text[..text.len().min(MAX_NAME)])?;
    let name = &text[..colon];
    let printed = name.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b'(' | b'"' | b'\''));
    // `Error: …` and `train.sh: line 3: …` are a program's own words; two blanks are the text's indentation.
    let spoken = match &text[colon + 1..] {
        [] | [b':', ..] => true,
        [b' ' | b'\t', next, ..] => !matches!(next, b' ' | b'\t'),
        _ => SPEAKERS.contains(&name),
    };
    (colon > 0 && printed && !spoken).then_some(colon + 1)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/')
}

/// How many bytes at the start of `text` are of a kind.
fn span(text: &[u8], kind: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|&byte| !kind(byte)).unwrap_or(text.len())
}

/// The place after the blank at `at`; `None` where none stands there.
fn blank(text: &[u8], at: usize) -> Option<usize> {
    matches!(text.get(at), Some(b' ' | b'\t')).then_some(at + 1)
}

/// The place after the blank at `at`, if there is one.
fn with_blank(text: &[u8], at: usize) -> usize {
    blank(text, at).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: f64 = 1_756_576_502_294.0;

    #[test]
    fn every_form_of_a_workers_time_is_read_in_utc() {
        for (form, time) in [
            ("2025-08-30T17:55:02.294Z", TIME),
            ("2025-08-30 17:55:02.294Z", TIME),
            ("2025-08-30T17:55:02.294z", TIME),
            ("2025-08-30t17:55:02,294Z", TIME),
            ("2025-08-30T17:55:02.294+00:00", TIME),
            ("2025-08-30T17:55:02.294-00:00", TIME),
            ("2025-08-30 17:55:02.294 +00:00", TIME),
            ("2025-08-30 17:55:02.294 UTC", TIME),
            ("2025-08-30T19:55:02.294+0200", TIME),
            ("2025-08-30T19:55:02.294+02", TIME),
            ("2025-08-30T12:25:02.294-05:30", TIME),
            ("2025-08-30T12:25:02.294-0530", TIME),
            ("2025-08-31T02:55:02.294+09:00", TIME),
            ("2025-08-30T17:55:02.294999999Z", TIME),
            ("2025-08-30T17:55:02.29Z", TIME - 4.0),
            ("2025-08-30T17:55:02.2+00:00", TIME - 94.0),
            ("2025-08-30T17:55:02Z", TIME - 294.0),
            ("2025-08-30 17:55:02+00:00", TIME - 294.0),
        ] {
            for name in ["task", "taskcluster", "taskcluster:warn", "vcs", "setup", "fetches", "volume"] {
                let line = format!("[{name} {form}] text");
                let length = line.len() - 4;
                assert_eq!(task_prefix(line.as_bytes()), Some((time, length)), "{line}");
                assert_eq!(known_prefix(line.as_bytes()), length, "{line}");
                assert_eq!(task_prefix(&line.as_bytes()[..length - 1]), Some((time, length - 1)), "{line}");
            }
        }
    }

    #[test]
    fn what_is_no_prefix_of_a_worker_is_none() {
        for text in [
            "",
            "[",
            "[task",
            "[task ]",
            "[task x] ",
            "[task 2025-08-30] ",
            "[task 2025-08-30T17:55:02.294] ",
            "[task 2025-08-30T17:55:02.Z] ",
            "[task 2025-08-30T17:55:02.294+2:00] ",
            "[task 2025-08-30T17:55:02.294+24:00] ",
            "[task 2025-08-30T17:55:02.294+00:60] ",
            "[task 2025-08-30T17:55:02.294+00:00 x] ",
            "[task 2025-13-30T17:55:02.294Z] ",
            "[task  2025-08-30T17:55:02.294Z] ",
            "[task2025-08-30T17:55:02.294Z] ",
            "[Task 2025-08-30T17:55:02.294Z] ",
            " [task 2025-08-30T17:55:02.294Z] ",
            "[2025-08-30 17:55:02] ",
            "[valid] Ep. 1",
            "[config] a: b",
        ] {
            assert_eq!(worker_prefix(text.as_bytes()), None, "{text}");
        }
        let level = worker_prefix(b"[taskcluster:error] exit status 1").map(|worker| (worker.time, worker.length));
        assert_eq!(level, Some((None, 20)));
        assert_eq!(task_prefix(b"[taskcluster:error] exit status 1"), None);
    }

    const PREFIXES: [&str; 52] = [
        "[task 2025-08-30T17:55:02.294+00:00] ",
        "[taskcluster 2024-07-22 19:49:52.200Z] ",
        "[taskcluster:error] ",
        "2024-11-30T12:00:01.123456789Z stdout F ",
        "2024-11-30T12:00:01.123456789Z stderr P ",
        "2024-11-30T12:00:01.123456789+01:00 stdout F ",
        "2024-11-30T12:00:01.123456789Z stdout F:x ",
        "2024-11-30T12:00:01.123456789Z ",
        "2024-11-30T12:00:01Z ",
        "2024-11-30T12:00:01.1234567Z ",
        "2024-11-30T12:00:01 ",
        "2024-11-30 12:00:01 ",
        "2024-11-30 12:00:01,123 ",
        "[2024-11-30T12:00:01.123Z] ",
        "[2024-11-30 12:00:01.123] ",
        "0: ",
        "3: ",
        " 3: ",
        "  12: ",
        "Nov 30 12:00:01 node-03 train[4711]: ",
        "Nov  3 12:00:01 node-03 slurmstepd[4711]: ",
        "Nov 30 12:00:01.123456 node-03 kernel: ",
        "Nov 30 12:00:01 ",
        "2024-11-30T12:00:01+0000 node-03 train[4711]: ",
        "2024-11-30T12:00:01.123456+01:00 node-03 kernel: ",
        "Sat 2024-11-30 12:00:01 UTC node-03 train.service[4711]: ",
        "<13>Nov 30 12:00:01 node-03 train: ",
        "\u{1b}[0m",
        "\u{1b}[1;31m",
        "\u{1b}[38;5;12m",
        "\u{1b}[2K",
        "\u{1b}]0;training\u{7}",
        "> ",
        ">",
        ">> ",
        "> > > ",
        "train.log:",
        "logs/en-ru/teacher-0/train.log:",
        "train.log:12:",
        "12:",
        "2024-11-30 12:00:01.123 +00:00 [INF] ",
        "2024-11-30 12:00:01.123 +01:00 [Information] ",
        "[12:00:01 INF] ",
        "[12:00:01] ",
        "12:00:01 ",
        "[2024-11-30 12:00:01 INF] ",
        "2024-11-30T12:00:01.123000+00:00 train/default/0123abcd ",
        "2024-11-30T12:00:01.123Z 2024/11/30/[$LATEST]0123abcd ",
        "[pod/teacher-0/marian] ",
        "[1,0]<stdout>:",
        "trainer-1  | ",
        "trainer_1 | ",
    ];

    #[test]
    fn known_prefixes_end_where_the_text_begins() {
        for text in [
            "[2024-11-30 12:00:01] Training finished",
            "Training finished",
            "2024-11-30 12:00:01] Error: CUDA error",
            "Error: Aborted from void f()",
            "Segmentation fault (core dumped)",
            "slurmstepd: error: *** JOB 1 ON n CANCELLED DUE TO TIME LIMIT ***",
            "train.sh: line 3: 4711 Killed                  marian",
            "Traceback (most recent call last):",
            "  File \"x.py\", line 3, in <module>",
            "GPUassert: out of memory x.cu 3",
            "Ep. 1 : Up. 1000 : Sen. 3 : Cost 2.5",
            "[valid] Ep. 1 : Up. 1000 : bleu : 2.5 : new best",
            "Hyp:Training finished",
            "Best translation 0 : Error: no",
        ] {
            assert_eq!(known_prefix(text.as_bytes()), 0, "{text}");
            for first in PREFIXES {
                for second in ["", "> ", "3: ", "2024-11-30T12:00:01Z ", "\u{1b}[0m"] {
                    let line = format!("{second}{first}{text}");
                    let known = known_prefix(line.as_bytes());
                    assert_eq!(line[known..].trim_start(), text.trim_start(), "{line}");
                    if first.ends_with(' ') {
                        assert_eq!(&line[known..], text, "{line}: indentation is the text's");
                    }
                }
            }
        }
    }

    #[test]
    fn a_line_has_the_time_of_its_worker_else_of_its_stamp_else_of_another_prefix() {
        const STAMP: f64 = 1_732_968_001_000.0;
        let local = Some(Time::Local(STAMP));
        for (line, prefix, time) in [
            ("[task 2025-08-30T17:55:02.294+00:00] [2024-11-30 12:00:01] x", 37, Some(Time::Utc(TIME))),
            ("[taskcluster 2025-08-30 17:55:02.294Z] x", 39, Some(Time::Utc(TIME))),
            ("[taskcluster:error] x", 0, None),
            ("[2024-11-30 12:00:01] x", 0, local),
            ("[2024-11-30 12:00:01 mpi:3] x", 0, local),
            ("2024-11-30 12:00:01] x", 0, local),
            ("3: [2024-11-30 12:00:01] x", 0, local),
            ("2020-01-01T00:00:00Z stdout F [2024-11-30 12:00:01] x", 0, local),
            ("2024-11-30T13:00:01+01:00 stdout F x", 0, Some(Time::Utc(STAMP))),
            ("[2024-11-30T12:00:01.000Z] x", 0, Some(Time::Utc(STAMP))),
            ("2024-11-30T12:00:01 x", 0, None),
            ("x [2024-11-30 12:00:01] x", 0, None),
            ("[2024-11-30 12:00:61] x", 0, None),
            ("[2024-11-30 12:00:01", 0, None),
            ("", 0, None),
        ] {
            assert_eq!(line_start(line.as_bytes()), LineStart { prefix, time }, "{line}");
        }
    }

    #[test]
    fn a_word_that_looks_like_a_prefix_is_tried_as_text_too() {
        let ends = |text: &str| prefix_ends(text.as_bytes()).collect::<Vec<_>>();
        assert_eq!(ends("oom-kill:constraint=x"), [0, 9]);
        assert_eq!(ends("> 3: [task 2025-08-30T17:55:02.294Z] x"), [0, 2, 5, 37]);
        assert_eq!(ends(&"> ".repeat(5)), [0, 2, 4, 6, 8, 10]);
        assert_eq!(ends(&"3: ".repeat(40)).len(), MAX_PREFIXES + 1);
        assert_eq!(ends(""), [0]);
    }
}
