//! The words of Marian's records, in one table for all that read them.

macro_rules! words {
    ($($name:ident = $word:literal;)*) => {
        $(pub const $name: &[u8; $word.len()] = $word;)*
        #[cfg(test)]
        const ALL: &[(&str, &[u8])] = &[$((stringify!($name), $word)),*];
    };
}

words! {
    EPOCH = b"Ep. ";
    UPDATE = b"Up. ";
    SENTENCES = b"Sen. ";
    COST = b"Cost ";
    LABELS = b"*";
    BATCH_LABELS = b"@";
    AFTER = b"after ";
    TIME = b"Time ";
    SECONDS = b"s";
    RATE = b"words/s";
    GNORM = b"gNorm ";
    LEARNING_RATE = b"L.r. ";
    VALID = b"[valid] ";
    NEW_BEST = b"new best";
    STALLED = b"stalled ";
    TIMES = b"times";
    LAST_BEST = b"(last best: ";
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;
    use crate::exact::{Exact, Reader, ROW, WINDOW};
    use crate::grammar;
    use crate::record::{self, Found};
    use regex::bytes::RegexBuilder;

    const STAMP: &[u8] = b"[2024-01-02 03:04:05] ";

    /// Records that hold every word, the word `changed` with another first letter.
    fn records(changed: &str) -> [Vec<u8>; 3] {
        let word = |name: &str| {
            let mut text = ALL.iter().find(|(other, _)| *other == name).unwrap().1.to_vec();
            if name == changed {
                text[0] = b'#';
            }
            text
        };
        let fill = |form: &str| -> Vec<u8> {
            let part = |part: &str| match part.strip_prefix('$') {
                Some(name) => word(name),
                None => part.replace('_', " ").into_bytes(),
            };
            form.split(' ').flat_map(part).collect()
        };
        [
            "$EPOCH 1 _:_ $UPDATE 100 _:_ $SENTENCES 1,234 _:_ $COST 8.5 _ $LABELS _12_ $BATCH_LABELS _3_ $AFTER 45 _:_ \
             $TIME 9.25 $SECONDS _:_ 40.5_ $RATE _:_ $GNORM 0.5 _:_ $LEARNING_RATE 0.0003",
            "$VALID $EPOCH 1 _:_ $UPDATE 100 _:_chrf_:_ 50.5 _:_ $NEW_BEST",
            "$VALID $EPOCH 1 _:_ $UPDATE 100 _:_chrf_:_ 50.5 _:_ $STALLED 3_ $TIMES _ $LAST_BEST 51.5)",
        ]
        .map(fill)
    }

    /// What each reader makes of a line: whether it is a record to its end.
    fn read(text: &[u8], is_training: bool) -> [bool; 3] {
        let mut window = [b'x'; WINDOW];
        window[..STAMP.len()].copy_from_slice(STAMP);
        window[STAMP.len()..][..text.len()].copy_from_slice(text);
        window[STAMP.len() + text.len()] = b'\n';
        let exact = match Reader::default().line(&window, &mut [0; ROW]) {
            Some(Exact::Training(_)) => is_training,
            Some(Exact::Validation(_)) => !is_training,
            None => false,
        };
        let scanner = if is_training {
            matches!(record::training(text, 0), Found::Record(_, end) if end == text.len())
        } else {
            matches!(record::validation(text, 0), Found::Record(_, end) if end == text.len())
        };
        let form = if is_training { grammar::TRAINING } else { grammar::VALIDATION };
        let regex = RegexBuilder::new(&format!("^(?:{})$", grammar::expand(form))).unicode(false).build().unwrap();
        [exact, scanner, regex.is_match(text)]
    }

    #[test]
    fn a_record_that_lacks_one_word_of_the_table_is_none_for_any_reader() {
        for (at, record) in records("").iter().enumerate() {
            assert_eq!(read(record, at == 0), [true; 3], "{}", String::from_utf8_lossy(record));
        }
        for (name, _) in ALL {
            let mut changed = 0;
            for (at, (record, whole)) in records(name).iter().zip(records("")).enumerate() {
                if *record != whole {
                    assert_eq!(read(record, at == 0), [false; 3], "{name}: {}", String::from_utf8_lossy(record));
                    changed += 1;
                }
            }
            assert!(changed > 0, "no record holds {name}");
        }
    }

    #[test]
    fn both_readers_take_every_word_from_the_table() {
        for (name, source) in [("exact", include_str!("exact.rs")), ("record", include_str!("record.rs"))] {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for (word, _) in ALL {
                assert!(code.contains(&format!("word::{word}")), "{name}.rs reads {word}");
            }
            // Letters of a record that stand in the code itself; numbers are no words.
            for literal in code.split("b\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let is_word = literal.bytes().any(|byte| byte.is_ascii_alphabetic());
                assert!(!is_word || ["[task ", "nan", "inf"].contains(&literal), "{name}.rs has b\"{literal}\"");
            }
        }
    }
}
