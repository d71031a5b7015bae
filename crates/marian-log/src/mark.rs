//! What a log says between its records: Marian's own words, directly after its stamp, and the last words of a process
//! that dies, at the start of a line.

use crate::line::translation_start;
use crate::prefix::prefix_ends;
use crate::stamp::{marian_stamp_ending, Headers};
use memchr::{memchr, memchr_iter, memmem};

/// Longest text of a mark that is kept.
const MAX_TEXT: usize = 2000;
/// Longest tag after a stamp (`[training] `, `[MPI rank 0 out of 2] `).
const MAX_TAG: usize = 64;
/// Most marks that wait until it is known whether the log has stamps.
const MAX_HELD: usize = 1000;
/// Most lines of a traceback.
const MAX_TRACEBACK: u32 = 500;

/// What a mark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// `Training started`.
    Started,
    /// `Training finished`, in either spelling.
    Finished,
    /// `Training interrupted (via signal).`
    Interrupted,
    /// `Error: …` of Marian's.
    Error,
    /// The process died without Marian's `Error:`.
    Death,
    /// Marian says that the training diverged.
    Diverged,
    /// An update was skipped, because its loss was NaN.
    Skip,
    /// The factor of cost scaling is as low as it can be.
    Scale,
    /// The learning rate was lowered.
    Decay,
    /// A model was loaded.
    Load,
    /// A model or a checkpoint is being saved.
    Save,
    /// The validation set is being translated.
    Translate,
    /// The validation set was translated, and is being scored.
    Score,
    /// Training data are being read.
    Data,
    /// OpusTrainer has fed all that its curriculum holds.
    Fed,
}

impl MarkKind {
    /// The name by which other languages know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Error => "error",
            Self::Death => "death",
            Self::Diverged => "diverged",
            Self::Skip => "skip",
            Self::Scale => "scale",
            Self::Decay => "decay",
            Self::Load => "load",
            Self::Save => "save",
            Self::Translate => "translate",
            Self::Score => "score",
            Self::Data => "data",
            Self::Fed => "fed",
        }
    }

    /// Whether several in a row tell no more than the first: a validation prints thousands of translations.
    fn lasts(self) -> bool {
        matches!(self, Self::Translate | Self::Data)
    }
}

/// A mark in its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub kind: MarkKind,
    /// Line of the log, from 1.
    pub line: f64,
    /// What stands before it.
    pub headers: Headers,
    /// The line from the mark on, without `Error: `.
    pub text: Vec<u8>,
}

/// Whether a mark may stand at the start of a line, where no stamp says that Marian speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stamps {
    /// Neither a stamp nor a word of Marian's was seen yet.
    Unknown,
    /// Marian spoke, and without a stamp.
    Missing,
    Present,
}

/// A traceback of Python's that has begun.
#[derive(Debug)]
enum Traceback {
    /// Its indented lines.
    Open {
        /// The mark to give where the log ends in them.
        mark: Mark,
        /// What stood before its first line, and stands before the others unless it tells a time.
        prefix: Vec<u8>,
        lines: u32,
    },
    /// Its last line is known; another one may follow, of which this one was the reason.
    Closed { mark: Mark, prefix: Vec<u8> },
}

/// Finds marks line by line.
#[derive(Debug)]
pub struct Marks {
    stamps: Stamps,
    held: Vec<Mark>,
    /// An `Error: …` without a stamp: the next line tells whether Marian refuses its command line.
    refusal: Option<Mark>,
    traceback: Option<Traceback>,
    /// A C++ exception that ends the process: the next line says what it was.
    thrown: Option<Mark>,
    last: Option<MarkKind>,
}

impl Marks {
    pub fn new() -> Self {
        Self { stamps: Stamps::Unknown, held: Vec::new(), refusal: None, traceback: None, thrown: None, last: None }
    }

    /// Whether no line can go on where one before it began.
    pub fn is_idle(&self) -> bool {
        self.refusal.is_none() && self.traceback.is_none() && self.thrown.is_none()
    }

    /// Marian spoke: a record, or a line under `[marian]` or `[config]`; `stamped` tells whether a stamp stood before it.
    pub fn spoken(&mut self, stamped: bool, record: bool, each: &mut dyn FnMut(Mark)) {
        if stamped {
            self.stamped();
        } else if self.stamps == Stamps::Unknown {
            self.stamps = Stamps::Missing;
            for mark in std::mem::take(&mut self.held) {
                self.give(mark, each);
            }
        }
        if record {
            // What lasted has ended.
            self.last = None;
        }
    }

    /// Looks through a text of line `line`, which Taskcluster printed at `task`, and calls `each` with every mark that
    /// is sure now.
    pub fn scan(&mut self, text: &[u8], line: f64, task: Option<f64>, each: &mut dyn FnMut(Mark)) {
        if self.thrown.is_some() && self.explain(text, each) {
            return;
        }
        let mut begins = false;
        let mut stamped = false;
        for close in memchr_iter(b']', text) {
            let Some((time, start)) = marian_stamp_ending(text, close) else { continue };
            begins |= start <= 1;
            if !std::mem::replace(&mut stamped, true) && matches!(self.traceback, Some(Traceback::Closed { .. })) {
                self.end_traceback(each);
            }
            let at = after_tags(text, close + 1);
            let Some(kind) = marian_words(&text[at..]) else { continue };
            if at > translation_start(text) {
                break;
            }
            self.give(mark(kind, &text[at..], line, Headers { stamp: Some(time), task }), each);
        }
        if stamped {
            self.stamped();
        }
        if !begins {
            self.scan_start(text, line, Headers { stamp: None, task }, stamped, each);
        }
    }

    /// Ends the log: gives what waited.
    pub fn finish(&mut self, each: &mut dyn FnMut(Mark)) {
        self.refusal = None;
        if let Some(thrown) = self.thrown.take() {
            self.give(thrown, each);
        }
        self.end_traceback(each);
        // In a log without a word of Marian's, an error may be anybody's.
        for mark in std::mem::take(&mut self.held) {
            if mark.kind != MarkKind::Error {
                self.give(mark, each);
            }
        }
    }

    /// Looks at the start of a line that does not begin with a stamp.
    fn scan_start(&mut self, text: &[u8], line: f64, headers: Headers, stamped: bool, each: &mut dyn FnMut(Mark)) {
        if self.traceback.is_some() && !stamped {
            self.go_on(text, line, headers, each);
            if matches!(self.traceback, Some(Traceback::Open { .. })) {
                return;
            }
        }
        let mut refused = self.refusal.take();
        let starts = starts(text);
        if let Some(place) = TELLING.iter().find_map(|words| find(text, words)) {
            if !speaks(text, place) {
                let at = starts.iter().copied().find(|&at| at <= place).unwrap_or_default();
                self.give(mark(MarkKind::Death, &text[at..], line, headers), each);
                return;
            }
        }
        for &at in &starts {
            let rest = &text[at..];
            if rest.starts_with(TRACEBACK) {
                let mark = mark(MarkKind::Death, rest, line, headers);
                self.traceback = Some(Traceback::Open { mark, prefix: text[..at].to_vec(), lines: 0 });
                return;
            }
            if is_death(rest) && !speaks(text, at) {
                let mark = mark(MarkKind::Death, rest, line, headers);
                if mark.text.starts_with(THROWN) {
                    self.thrown = Some(mark);
                } else {
                    self.give(mark, each);
                }
                return;
            }
            if let Some(held) = refused.take_if(|_| rest.starts_with(b"Run with -")) {
                self.held.retain(|known| known.line != held.line);
                self.give(Mark { kind: MarkKind::Death, ..held }, each);
                return;
            }
        }
        if stamped {
            return;
        }
        for &at in &starts {
            let at = after_tags(text, at);
            let Some(kind) = marian_words(&text[at..]) else { continue };
            if at > translation_start(text) {
                return;
            }
            let found = mark(kind, &text[at..], line, headers);
            if kind == MarkKind::Error && self.stamps != Stamps::Missing {
                self.refusal = Some(found.clone());
            }
            match self.stamps {
                Stamps::Missing => self.give(found, each),
                Stamps::Unknown if self.held.len() < MAX_HELD => self.held.push(found),
                _ => {}
            }
            return;
        }
    }

    /// Gives the death by an exception, with what the exception says if this line tells it; false where the line tells
    /// something else. Threads that throw too may come in between.
    #[inline(never)]
    fn explain(&mut self, text: &[u8], each: &mut dyn FnMut(Mark)) -> bool {
        let Some(mut thrown) = self.thrown.take() else { return false };
        for at in starts(text) {
            let rest = bare(&text[at..]);
            if rest.starts_with(THROWN) {
                self.thrown = Some(thrown);
                return true;
            }
            if rest.starts_with(WHAT) {
                thrown.text.extend_from_slice(b"; ");
                thrown.text.extend(rest.iter().take(MAX_TEXT));
                self.give(thrown, each);
                return true;
            }
        }
        self.give(thrown, each);
        false
    }

    /// Reads on in a traceback.
    fn go_on(&mut self, text: &[u8], line: f64, headers: Headers, each: &mut dyn FnMut(Mark)) {
        let Some(traceback) = self.traceback.take() else { return };
        let (Traceback::Open { prefix, .. } | Traceback::Closed { prefix, .. }) = &traceback;
        // What may be the text of the line: after the same prefix, else after any.
        let starts = if !prefix.is_empty() && text.starts_with(prefix) { vec![prefix.len()] } else { starts(text) };
        let mut rests = starts.iter().map(|&at| &text[at..]);
        self.traceback = match traceback {
            Traceback::Open { mark: open, prefix, lines } => match rests.find(|rest| is_cause(rest)) {
                Some(rest) => Some(Traceback::Closed { mark: mark(MarkKind::Death, rest, line, headers), prefix }),
                None if lines < MAX_TRACEBACK => Some(Traceback::Open { mark: open, prefix, lines: lines + 1 }),
                None => None,
            },
            Traceback::Closed { mark, prefix } => {
                let mut again = false;
                let goes_on = rests.any(|rest| {
                    again |= rest.starts_with(TRACEBACK);
                    let rest = rest.trim_ascii();
                    rest.is_empty() || rest == b"\"\"\"" || CHAINED.iter().any(|words| rest.starts_with(words))
                });
                if !goes_on && !again {
                    self.give(mark, each);
                    return;
                }
                goes_on.then_some(Traceback::Closed { mark, prefix })
            }
        };
    }

    fn end_traceback(&mut self, each: &mut dyn FnMut(Mark)) {
        if let Some(Traceback::Open { mark, .. } | Traceback::Closed { mark, .. }) = self.traceback.take() {
            self.give(mark, each);
        }
    }

    fn stamped(&mut self) {
        self.stamps = Stamps::Present;
        self.held.clear();
    }

    fn give(&mut self, mark: Mark, each: &mut dyn FnMut(Mark)) {
        if mark.kind.lasts() && self.last == Some(mark.kind) {
            return;
        }
        self.last = Some(mark.kind);
        each(mark);
    }
}

fn mark(kind: MarkKind, text: &[u8], line: f64, headers: Headers) -> Mark {
    let text = if kind == MarkKind::Error { &text[ERROR.len()..] } else { text };
    let text = bare(&text[..text.len().min(MAX_TEXT)]).to_vec();
    Mark { kind, line, headers, text }
}

/// Where the text of a line may begin; after all of its prefixes first.
fn starts(text: &[u8]) -> Vec<usize> {
    let mut starts: Vec<_> = prefix_ends(text).collect();
    starts.reverse();
    starts
}

/// Where `words` stand in `text`. One copy of the search is enough.
#[inline(never)]
fn find(text: &[u8], words: &[u8]) -> Option<usize> {
    memmem::find(text, words)
}

/// A text without blanks around it and colours after it.
fn bare(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii();
    while let Some(start) = memchr::memrchr(0x1b, text) {
        if !is_colour(&text[start..]) {
            break;
        }
        text = text[..start].trim_ascii_end();
    }
    text
}

/// `\x1b[0m`, and nothing after it.
fn is_colour(text: &[u8]) -> bool {
    matches!(text, [0x1b, b'[', parameters @ .., b'm'] if parameters.iter().all(|byte| matches!(byte, 0x30..=0x3b)))
}

/// The place after the tags in brackets, the blanks and the colours at `at`.
fn after_tags(text: &[u8], at: usize) -> usize {
    let mut at = at;
    loop {
        match text.get(at) {
            Some(b' ' | b'\t') => at += 1,
            Some(&open @ (b'[' | 0x1b)) => {
                let rest = &text[at..text.len().min(at + MAX_TAG)];
                let close = if open == b'[' { b']' } else { b'm' };
                match memchr(close, rest) {
                    Some(end) if open == b'[' || is_colour(&rest[..=end]) => at += end + 1,
                    _ => return at,
                }
            }
            _ => return at,
        }
    }
}

const ERROR: &[u8] = b"Error: ";

/// What Marian's line says from its first word on.
fn marian_words(text: &[u8]) -> Option<MarkKind> {
    use MarkKind::{
        Data, Decay, Diverged, Error, Fed, Finished, Interrupted, Load, Save, Scale, Score, Skip, Started, Translate,
    };
    const WORDS: [(&[u8], MarkKind); 21] = [
        (b"Training started", Started),
        (b"Training finished", Finished),
        (b"Training finshed", Finished),
        (b"Training interrupted", Interrupted),
        (b"Training diverged", Diverged),
        (b"Detected training diverge", Diverged),
        (ERROR, Error),
        (b"Saving model", Save),
        (b"Saving training checkpoint", Save),
        (b"Saving Adam parameters", Save),
        (b"Saving optimizer", Save),
        (b"Best translation ", Translate),
        (b"Translating validation set", Translate),
        (b"Total translation time", Score),
        (b"Loading model from ", Load),
        (b"Decaying learning rate to ", Decay),
        (b"Starting epoch ", Data),
        (b"Starting data epoch ", Data),
        (b"Shuffling data", Data),
        (b"Shuffling files", Data),
        (b"Finished the last stage", Fed),
    ];
    match text.first()? {
        b'T' | b'D' | b'E' | b'S' | b'B' | b'L' | b'F' => {
            WORDS.iter().find(|(words, _)| text.starts_with(words) && ends_a_word(words, text)).map(|(_, kind)| *kind)
        }
        b's' | b'N' => {
            let line = &text[..text.len().min(MAX_TEXT)];
            if text.starts_with(b"skipping ") {
                return find(line, b"update due to loss being").map(|_| Skip);
            }
            (text.starts_with(b"NaN/Inf percentage ") && find(line, b"already at minimum").is_some()).then_some(Scale)
        }
        _ => None,
    }
}

/// Whether the words at the start of `text` are no part of a longer one (`Detected training divergence` is).
fn ends_a_word(words: &[u8], text: &[u8]) -> bool {
    words.ends_with(b"diverge")
        || !words.last().is_some_and(u8::is_ascii_alphanumeric)
        || !text.get(words.len()).is_some_and(u8::is_ascii_alphanumeric)
}

const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
/// What stands between two tracebacks of which one led to the other.
const CHAINED: [&[u8]; 2] = [b"During handling of the above exception", b"The above exception was the direct cause"];

/// Whether the text of a translation begins at or before `at`.
fn speaks(text: &[u8], at: usize) -> bool {
    let start = translation_start(text);
    start <= at && start < text.len()
}

/// Whether this is the last line of a traceback: the name of an exception, and what it says.
fn is_cause(text: &[u8]) -> bool {
    let name = text.iter().position(|&byte| !is_name(byte)).unwrap_or(text.len());
    let rest = text[name..].trim_ascii_end();
    text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && (rest.is_empty() || rest.starts_with(b": ") || rest == b":")
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// How C++ says that an exception ends the process, and what the exception was.
const THROWN: &[u8] = b"terminate called ";
const WHAT: &[u8] = b"what(): ";

/// How a line begins that a process or its surroundings print at its death.
const LAST_WORDS: [&[u8]; 61] = [
    // The runtimes of C and C++.
    THROWN,
    WHAT,
    b"libc++abi: terminating",
    b"*** Error in ",
    b"*** buffer overflow detected ***",
    b"*** stack smashing detected ***",
    b"double free or corruption",
    b"corrupted size vs. prev_size",
    b"corrupted double-linked list",
    b"free(): ",
    b"malloc(): ",
    b"realloc(): ",
    b"munmap_chunk(): ",
    b"malloc_consolidate(): ",
    b"mremap_chunk(): ",
    b"tcache_",
    b"Fatal glibc error:",
    b"std::bad_alloc",
    b"AddressSanitizer:DEADLYSIGNAL",
    b"SUMMARY: AddressSanitizer:",
    // Other languages.
    b"Fatal Python error:",
    b"torch.cuda.OutOfMemoryError:",
    b"torch.OutOfMemoryError:",
    b"panic: runtime error:",
    b"Exception in thread \"main\" ",
    // CUDA and its libraries.
    b"GPUassert:",
    b"cudaError",
    b"Failed, NCCL error",
    // Memory.
    b"Out of memory:",
    b"Intel MKL FATAL ERROR",
    b"*** Aborted at ",
    b"*** SIG",
    b"oom-kill:",
    // Schedulers and workers.
    b"slurmstepd: *** ",
    b"srun: Force Terminated",
    b"srun: Job step aborted",
    b"=>> PBS: job killed",
    b"TERM_MEMLIMIT:",
    b"TERM_RUNLIMIT:",
    b"TERM_OWNER:",
    b"Pod ephemeral local storage usage exceeds ",
    b"Pod was active on the node longer than ",
    b"[taskcluster:error]",
    b"Unsuccessful task run with exit code:",
    b"Task timeout after ",
    b"Command terminated by signal ",
    b"Command exited with non-zero status ",
    b"command terminated with exit code ",
    b"##[error]Process completed with exit code ",
    b"##[error]The operation was canceled",
    b"ERROR: Job failed: ",
    b"nohup: failed to run command",
    b"mpirun noticed that process rank ",
    b"mpiexec noticed that process rank ",
    b"=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES",
    b"MPI_ABORT was invoked",
    // What runs the steps of a pipeline.
    b"ninja: build stopped: ",
    b"Error in rule ",
    b"Exiting because a job execution failed",
    b"Error executing process > ",
    b"ERROR: failed to reproduce ",
];

/// What a line holds that tells of a death wherever it stands in it.
const TELLING: [&[u8]; 17] = [
    b"ut of memory: Kill",
    b" CANCELLED AT 2",
    b" terminated by signal SIG",
    b" died with <Signals.SIG",
    b"oom_kill event",
    b"oom-kill event",
    b"invoked oom-killer",
    b": error while loading shared libraries:",
    b": symbol lookup error:",
    b"*** Process received signal ***",
    b": Assertion `",
    b"NVRM: Xid (",
    b" has fallen off the bus",
    b"The node was low on resource: ",
    b"in response to imminent node shutdown",
    b"exited with a non-zero status of ",
    b"Job was evicted.",
];

/// How Marian refuses its command line, before it prints anything else.
const REFUSALS: [&[u8]; 10] = [
    b"Process completed with exit code ",
    b"The following argument",
    b"Could not convert: ",
    b"Expected at least ",
    b"Expected exactly ",
    b"unrecognised option ",
    b"unrecognized option ",
    b"the option '",
    b"the argument (",
    b"the required argument for option ",
];

/// Whether the start of a line, without its prefixes, tells that a process died.
fn is_death(text: &[u8]) -> bool {
    let text = bare(&text[..text.len().min(MAX_TEXT)]);
    let Some(&first) = text.first() else { return false };
    if first == b'E' {
        if let Some(words) = text.strip_prefix(ERROR) {
            return is_refusal(words);
        }
    }
    is_signal(text, true)
        || matches!(text, b"Out of memory" | b"Out of memory!" | b"MemoryError")
        || ENDS.iter().any(|words| text.ends_with(words))
        || is_cuda(text)
        || is_make(text)
        || is_runtime(text)
        || is_evicted(text)
        || is_killed_by(text)
        || failed(text)
        || LAST_WORDS.iter().any(|words| text.starts_with(words))
        || is_slurm(text)
        || is_shell(text)
}

/// How such a line ends.
const ENDS: [&[u8]; 6] = [
    b"(core dumped)",
    b"OOMKilled",
    b"marian: command not found",
    b": No space left on device",
    b": Disk quota exceeded",
    b": Cannot allocate memory",
];

/// `CUDA error 2 …`, `cuBLAS Error: 13`, `NCCL failure`, in any case.
fn is_cuda(text: &[u8]) -> bool {
    let name = text.iter().position(|&byte| byte == b' ').unwrap_or_default();
    let begins =
        |rest: &[u8], words: &[u8]| rest.get(..words.len()).is_some_and(|head| head.eq_ignore_ascii_case(words));
    let (name, rest) = text.split_at(name);
    [b"cuda".as_slice(), b"cublas", b"cusparse", b"cudnn", b"nccl"].iter().any(|known| name.eq_ignore_ascii_case(known))
        && [b" error".as_slice(), b" failure", b" out of memory", b" runtime error"]
            .iter()
            .any(|words| begins(rest, words))
}

/// `make[1]: *** [Makefile:12: train] Error 137`.
fn is_make(text: &[u8]) -> bool {
    let stops = find(text, b": *** [").and_then(|at| find(&text[..at], b"make"));
    stops.is_some_and(|at| at < 2) && !text.ends_with(b"(ignored)")
}

/// What the runtimes of Rust and Python, a sanitizer or a checker of memory say: `thread 'main' panicked at …`,
/// `OSError: [Errno 28] …` without a traceback, `==42==ERROR: AddressSanitizer: …`.
fn is_runtime(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"==") {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        return digits > 0
            && rest[digits..].strip_prefix(b"==").is_some_and(|said| {
                said == b"ABORTING"
                    || said.starts_with(b"ERROR: AddressSanitizer: ")
                    || said.starts_with(b" Process terminating with default action of signal ")
            });
    }
    if let Some(rest) = text.strip_prefix(b"thread '") {
        return [b" panicked at ".as_slice(), b"' has overflowed its stack"]
            .iter()
            .any(|said| find(rest, said).is_some());
    }
    if let Some(rest) = text.strip_prefix(b"memory allocation of ") {
        return rest.ends_with(b" bytes failed");
    }
    let name = text.iter().position(|&byte| !is_name(byte)).unwrap_or(text.len());
    text[..name].ends_with(b"Error") && text[name..].starts_with(b": [Errno ")
}

/// How Kubernetes says that it took a pod's place away: `Reason:  Evicted`.
fn is_evicted(text: &[u8]) -> bool {
    text.strip_prefix(b"Reason:").is_some_and(|reason| reason.trim_ascii() == b"Evicted")
}

/// `Killed by signal 15.`, `… was killed by signal SIGKILL`, `KILLED BY SIGNAL: 9`: the signal has a number or a name.
fn is_killed_by(text: &[u8]) -> bool {
    const WORDS: &[u8] = b"killed by signal";
    text.len() > WORDS.len()
        && text.windows(WORDS.len()).position(|words| words.eq_ignore_ascii_case(WORDS)).is_some_and(|at| {
            let rest = &text[at + WORDS.len()..];
            let signal = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
            signal.first().is_some_and(u8::is_ascii_digit) || signal.starts_with(b"SIG")
        })
}

/// `train-1 exited with code 137`, `Exited with exit code 1.`: a number that is not 0, and nothing after it.
fn failed(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (words, code) = text.split_at(text.len() - digits);
    code.first().is_some_and(|&first| first != b'0')
        && [b"xited with code ".as_slice(), b"xited with exit code "].iter().any(|end| words.ends_with(end))
}

/// `--dim-emb: 1 required INT missing`, `The following arguments were not expected: …`.
fn is_refusal(words: &[u8]) -> bool {
    let of_an_option = words.starts_with(b"--")
        && (words.ends_with(b" missing") || words.ends_with(b" is required") || find(words, b" required ").is_some());
    of_an_option || REFUSALS.iter().any(|known| words.starts_with(known))
}

/// What shells call the signals that end a process; the zsh writes them small.
const SIGNALS: [&[u8]; 16] = [
    b"abort trap",
    b"segmentation fault",
    b"aborted",
    b"killed",
    b"terminated",
    b"bus error",
    b"illegal instruction",
    b"illegal hardware instruction",
    b"floating point exception",
    b"trace/breakpoint trap",
    b"trace trap",
    b"bad system call",
    b"cpu time limit exceeded",
    b"file size limit exceeded",
    b"hangup",
    b"abort",
];

/// Whether `text` is the name of a signal, alone or with `(core dumped)`, and with a command after it unless it must be
/// `alone`.
fn is_signal(text: &[u8], alone: bool) -> bool {
    SIGNALS.iter().any(|name| {
        let Some((head, rest)) = text.split_at_checked(name.len()) else { return false };
        if !head.eq_ignore_ascii_case(name) {
            return false;
        }
        let after = rest.trim_ascii_start();
        after.is_empty()
            // As macOS writes it.
            || rest.strip_prefix(b": ").is_some_and(|number| number.iter().all(u8::is_ascii_digit))
            || (rest.len() > after.len() && (!alone || after.starts_with(b"(core dumped")))
            || after.starts_with(b"(core dumped")
    })
}

/// `slurmstepd: error: … CANCELLED …`, `srun: error: node1: task 3: Killed`.
fn is_slurm(text: &[u8]) -> bool {
    const ENDS: [&[u8]; 8] = [
        b"CANCELLED",
        b"oom-kill",
        b"oom_kill",
        b"out-of-memory",
        b"Out Of Memory",
        b"memory limit",
        b"being killed",
        b"time limit",
    ];
    let holds = |words: &[&[u8]]| words.iter().any(|word| find(text, word).is_some());
    // `slurmstepd-node7: error: …` in some releases.
    if text.starts_with(b"slurmstepd") && find(text, b": error: ").is_some() {
        return holds(&ENDS);
    }
    text.starts_with(b"srun: error: ")
        && (holds(&[b": task ", b": tasks ", b"Node failure", b"aborted"]) || holds(&ENDS))
}

/// What a shell says of a process that died, or could not be started: `train.sh: line 3: 1234 Killed   marian …`,
/// `[1]+  Killed   marian …`, `zsh: killed   marian`, `train.sh: line 3: marian: command not found`.
fn is_shell(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"zsh: ") {
        return is_signal(rest, false);
    }
    if text.starts_with(b"[") {
        let Some(close) = memchr(b']', text).filter(|close| text[1..*close].iter().all(u8::is_ascii_digit)) else {
            return false;
        };
        let rest = text[close + 1..].trim_ascii_start();
        let rest = rest.strip_prefix(b"+").or_else(|| rest.strip_prefix(b"-")).unwrap_or(rest).trim_ascii_start();
        return close > 1 && is_signal(without_number(rest).unwrap_or(rest), false);
    }
    // The name of the script, which may be a path with blanks.
    let mut after = 0;
    (0..3).any(|_| {
        let Some(colon) = find(&text[after..], b": ") else { return false };
        after += colon + 2;
        let rest = text[after..].trim_ascii_start();
        let word = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        let numbered = &rest[word..];
        // `line` in the language of the user.
        if rest[..word].len() > 24 || rest[..word].contains(&b':') {
            return false;
        }
        let digits = numbered.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let Some(said) = numbered[digits..].strip_prefix(b": ").filter(|_| digits > 0) else { return false };
        if let Some(status) = without_number(said.trim_ascii_start()) {
            return is_signal(status, false) || (word > 0 && is_padded(status));
        }
        not_started(said)
    })
}

/// What follows a number and blanks.
fn without_number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &text[digits..];
    (digits > 0 && rest.starts_with(b" ")).then(|| rest.trim_ascii_start())
}

/// A status in another language than English, set wide, with the command after it.
fn is_padded(status: &[u8]) -> bool {
    const ALIVE: [&[u8]; 4] = [b"Done", b"Running", b"Stopped", b"Exit"];
    let gap = find(status, b"   ");
    gap.is_some_and(|gap| gap > 0 && gap < 60) && !ALIVE.iter().any(|word| status.starts_with(word))
}

/// `marian: command not found` and its like.
fn not_started(said: &[u8]) -> bool {
    const REASONS: [&[u8]; 5] =
        [b"command not found", b"not found", b"No such file or directory", b"Permission denied", b"cannot execute"];
    let Some(colon) = find(said, b": ") else { return false };
    let reason = &said[colon + 2..];
    find(&said[..colon], b"marian").is_some() && REASONS.iter().any(|known| reason.starts_with(known))
}
