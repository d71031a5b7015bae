//! The grammar of Marian's lines, as regular expressions of the `regex` crate (bytes, Unicode off).
//!
//! These are for reading and for the tests; the scanner of this crate is what runs. Sources of the shapes: Marian
//! 0.9 to 1.12.43, `src/training/scheduler.h` and `src/training/validator.h`.

/// A number token, as long as it can be; `STRICT_FLOAT` and `STRICT_INTEGER` say whether it is well-formed.
pub const TOKEN: &str =
    r"[-+]?(?:[0-9][0-9.,]*(?:e[-+]?[0-9.,]*|E[-+]?[0-9][0-9.,]*)?|(?i:nan)(?:\([a-z]*\))?|(?i:inf)(?i:inity)?)";

/// A well-formed float token.
pub const STRICT_FLOAT: &str =
    r"[-+]?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|(?i:nan)(?:\([a-z]*\))?|(?i:inf)(?i:inity)?)";

/// A well-formed integer token: `1000`, `753,766`.
pub const STRICT_INTEGER: &str = r"[0-9]+(?:,[0-9]+)*";

/// `Ep. E : Up. U : Sen. S : Cost C[ * labels[ @ batch][ after total]][ : Time Ts][ : R words/s][ : gNorm G][ : L.r. L]`
///
/// A digit that ends a record and has `-` or `:` right after it may be another line's: the record can't be read.
///
/// `TOKEN` stands for [`TOKEN`]; `_` for blanks and `/` for the separator of fields, blanks and colons.
pub const TRAINING: &str = concat!(
    r"Ep\. _(?<epoch>TOKEN)/Up\. _(?<up>TOKEN)/Sen\. _(?<sen>TOKEN)/Cost _(?<cost>TOKEN)",
    r"(?:_\*_(?<labels>TOKEN)(?:_@_(?<batch_labels>TOKEN))?(?:_after _(?<total_labels>TOKEN))?)?",
    r"(?:/Time _(?<time>TOKEN)s)?(?:/(?<rate>TOKEN) _words/s)?(?:/gNorm _(?<gnorm>TOKEN))?(?:/L\.r\. _(?<learning_rate>TOKEN))?",
);

/// `[valid] [Ep. E : Up. ]U : metric : value[ : new best| : stalled N times[ (last best: B)]]`; other words at the end of
/// the line, ` : no effect`, are no part of the record, but close its value.
pub const VALIDATION: &str = concat!(
    r"\[valid\] _(?:Ep\. _(?<epoch>TOKEN)/Up\. _)?(?<up>TOKEN)_:_(?<metric>[^\s:]*[A-Za-z][^\s:]*)_:_(?<value>TOKEN)",
    r"(?:_:_(?:new best|stalled _(?<stalled>TOKEN) _times(?:_\(last best: _(?<best>TOKEN)\))?))?",
);

/// The parts of a training record up to its cost, in which a line that is cut may end: `TOKEN`, `COUNT`, the shorthands
/// of [`TRAINING`], or words.
pub const TRAINING_PARTS: &[&str] =
    &["Ep. ", "_", "TOKEN", "/", "Up. ", "_", "COUNT", "/", "Sen. ", "_", "COUNT", "/", "Cost ", "_", "TOKEN"];

/// The same of a validation record, up to its value; before Marian 1.5 without the second to seventh.
pub const VALIDATION_PARTS: &[&str] =
    &["[valid] ", "_", "Ep. ", "_", "TOKEN", "/", "Up. ", "_", "COUNT", "_:_", "METRIC", "_:_", "TOKEN"];

/// What opens the text of a translation, in which a record counts only directly after a Marian stamp.
pub const TRANSLATION: &str =
    r"(?:^|[^A-Za-z0-9])(?:(?:Hyp|Hypothesis|Ref|Reference|Src|Source|Target|Translation) ?:|Best translation )";

/// The regular expression of a text that ends inside a record of these parts.
///
/// A number that is followed by something is well-formed; one that ends the text may lack its end. The first number is
/// captured as `number`.
pub fn beginning(parts: &[&str]) -> String {
    let number = |strict: &str, name: &str| format!("(?:(?{name}{strict})|{TOKEN}$|[-+]?(?:na?|in?)?$)");
    let mut pattern = String::from("$");
    let first = parts.iter().position(|part| matches!(*part, "TOKEN" | "COUNT"));
    for (at, part) in parts.iter().enumerate().rev() {
        let name = if Some(at) == first { "<number>" } else { ":" };
        match *part {
            "TOKEN" => pattern = format!("{}(?:$|{pattern})", number(STRICT_FLOAT, name)),
            "COUNT" => pattern = format!("{}(?:$|{pattern})", number(STRICT_INTEGER, name)),
            "METRIC" => pattern = format!(r"(?:[^\s:]*$|[^\s:]*[A-Za-z][^\s:]*)(?:$|{pattern})"),
            "_" => pattern = format!(r"[ \t]*(?:$|{pattern})"),
            "_:_" => pattern = format!(r"[ \t]*(?:$|:[ \t]*(?:$|{pattern}))"),
            "/" => pattern = format!(r"(?:$|[ \t:]+)(?:$|{pattern})"),
            words => {
                for byte in words.chars().rev() {
                    let byte = if matches!(byte, '.' | '[' | ']') { format!("\\{byte}") } else { byte.to_string() };
                    pattern = format!("(?:$|{byte}{pattern})");
                }
            }
        }
    }
    format!("^{pattern}")
}

/// Writes out the shorthands of [`TRAINING`] and [`VALIDATION`].
pub fn expand(pattern: &str) -> String {
    const MARK: &str = "\u{1}";
    pattern
        .replace("words/s", MARK)
        .replace("(?<batch_labels>", "(?<batch\u{2}labels>")
        .replace("(?<total_labels>", "(?<total\u{2}labels>")
        .replace("(?<learning_rate>", "(?<learning\u{2}rate>")
        .replace('_', r"[ \t]*")
        .replace('\u{2}', "_")
        .replace('/', r"[ \t:]+")
        .replace(MARK, "words/s")
        .replace("TOKEN", TOKEN)
}
