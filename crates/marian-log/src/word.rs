//! The words of Marian's records, for all that read them.

pub const EPOCH: &[u8; 4] = b"Ep. ";
pub const UPDATE: &[u8; 4] = b"Up. ";
pub const SENTENCES: &[u8; 5] = b"Sen. ";
pub const COST: &[u8; 5] = b"Cost ";
pub const AFTER: &[u8; 6] = b"after ";
pub const TIME: &[u8; 5] = b"Time ";
pub const SECONDS: &[u8; 1] = b"s";
pub const RATE: &[u8; 7] = b"words/s";
pub const GNORM: &[u8; 6] = b"gNorm ";
pub const LEARNING_RATE: &[u8; 5] = b"L.r. ";
pub const VALID: &[u8; 8] = b"[valid] ";
pub const NEW_BEST: &[u8; 8] = b"new best";
pub const STALLED: &[u8; 8] = b"stalled ";
pub const TIMES: &[u8; 5] = b"times";
pub const LAST_BEST: &[u8; 12] = b"(last best: ";
pub const LABELS: u8 = b'*';
pub const BATCH_LABELS: u8 = b'@';
