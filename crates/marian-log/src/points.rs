//! Validation points: the metrics of one update, gathered from the records of a log that several writers may interleave.

use crate::batch::{present, Batch, EventKind};
use std::collections::VecDeque;

/// More open points than this and the oldest closes.
const MAX_OPEN: usize = 8;

/// A set of metrics, by their indices.
#[derive(Clone, Debug, Default)]
struct Metrics(Vec<u64>);

impl Metrics {
    fn insert(&mut self, metric: usize) {
        if self.0.len() <= metric / 64 {
            self.0.resize(metric / 64 + 1, 0);
        }
        self.0[metric / 64] |= 1 << (metric % 64);
    }

    fn has(&self, metric: usize) -> bool {
        self.0.get(metric / 64).is_some_and(|bits| bits & (1 << (metric % 64)) != 0)
    }

    fn has_all(&self, others: &Self) -> bool {
        others.0.iter().enumerate().all(|(at, bits)| bits & !self.0.get(at).copied().unwrap_or_default() == 0)
    }
}

/// The metrics that a whole point has.
#[derive(Debug, Default)]
struct Expected {
    metrics: Metrics,
    /// Those that the log has no record of up to now.
    unknown: Vec<String>,
}

impl Expected {
    /// Looks the unknown metrics up again.
    fn resolve(&mut self, names: &[String]) {
        let Self { metrics, unknown } = self;
        unknown.retain(|name| match names.iter().position(|known| known == name) {
            Some(metric) => {
                metrics.insert(metric);
                false
            }
            None => true,
        });
    }

    fn are_in(&self, metrics: &Metrics) -> bool {
        self.unknown.is_empty() && metrics.has_all(&self.metrics)
    }
}

macro_rules! numbers {
    ($(#[$doc:meta])* $row:ident { $($(#[$field_doc:meta])* $name:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[repr(C)]
        pub struct $row {
            $($(#[$field_doc])* pub $name: f64,)*
        }

        impl $row {
            /// The names of the numbers, in their order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];
        }
    };
}

numbers! {
    /// A validation point. Line and time are those of its first record; an absent value is 0 and lacks its bit.
    Point {
        /// Line of the log.
        line,
        /// Segment.
        segment,
        /// Time of the line.
        timestamp,
        /// Epoch.
        epoch,
        /// Update.
        up,
        /// Bits of [`present`].
        present,
        /// Where its metrics end in [`Closed::values`].
        end,
    }
}

numbers! {
    /// A metric of a point; the same conventions.
    PointValue {
        /// Index of the metric's name.
        metric,
        /// Value.
        value,
        /// Times stalled.
        stalled,
        /// Last best value.
        best,
        /// Bits of [`present`].
        present,
    }
}

/// A point that may get more metrics.
#[derive(Debug, Default)]
struct Open {
    point: Point,
    metrics: Metrics,
    values: Vec<PointValue>,
}

/// Points that have closed, in the order of their closing.
#[derive(Debug, Default)]
pub struct Closed {
    /// The points.
    pub points: Vec<Point>,
    /// Their metrics, in the order of the log.
    pub values: Vec<PointValue>,
}

/// Decides when a point is whole.
#[derive(Debug, Default)]
pub struct Points {
    /// The oldest first.
    open: Vec<Open>,
    /// Kept for their memory.
    spare: Vec<Open>,
    /// What the starts of Marian are configured to validate that [`Self::take`] has not reached yet.
    starts: VecDeque<Expected>,
    configured: Option<Expected>,
    /// The metrics of the point that closed last.
    last: Option<Metrics>,
}

impl Points {
    /// Tells of the next start of Marian in the batch that is taken next; [`Self::expect`] names its metrics.
    pub fn start(&mut self) {
        self.starts.push_back(Expected::default());
    }

    /// A metric that the start told of last is configured to validate.
    pub fn expect(&mut self, name: &str) {
        if let Some(start) = self.starts.back_mut() {
            start.unknown.push(name.to_owned());
        }
    }

    /// Takes the records of a batch, whose metrics have these names, and adds the points that they close.
    pub fn take(&mut self, batch: &Batch, names: &[String], closed: &mut Closed) {
        if let Some(configured) = &mut self.configured {
            configured.resolve(names);
        }
        let mut ups = batch.training.up.iter();
        let rows = &batch.validation;
        let mut row = 0;
        for &kind in &batch.order {
            if kind == 0 {
                if let (Some(&up), true) = (ups.next(), self.waits_for_training()) {
                    self.training(up, closed);
                }
            } else if kind == 1 {
                let bits = |mask: u32| f64::from(rows.present[row] & mask);
                let point = Point {
                    line: rows.line[row],
                    segment: rows.segment[row],
                    timestamp: rows.timestamp[row],
                    epoch: rows.epoch[row],
                    up: rows.up[row],
                    present: bits(present::TIMESTAMP | present::UTC | present::EPOCH),
                    end: 0.0,
                };
                let value = PointValue {
                    metric: rows.metric[row],
                    value: rows.value[row],
                    stalled: rows.stalled[row],
                    best: rows.best[row],
                    present: bits(present::STALLED | present::BEST),
                };
                self.validation(point, value, closed);
                row += 1;
            } else if kind == EventKind::Segment as u8 {
                self.finish(closed);
                let mut start = self.starts.pop_front().unwrap_or_default();
                let names_any = !start.unknown.is_empty();
                start.resolve(names);
                self.configured = names_any.then_some(start);
            }
        }
    }

    /// Closes every open point.
    pub fn finish(&mut self, closed: &mut Closed) {
        while !self.open.is_empty() {
            self.close(0, closed);
        }
    }

    /// Whether a training record can close a point.
    fn waits_for_training(&self) -> bool {
        !self.open.is_empty() && self.configured.is_none() && self.last.is_none()
    }

    #[cold]
    fn training(&mut self, up: f64, closed: &mut Closed) {
        while self.waits_for_training() {
            let Some(at) = self.open.iter().position(|open| open.point.up < up) else { return };
            self.close(at, closed);
            self.close_whole(closed);
        }
    }

    fn validation(&mut self, point: Point, value: PointValue, closed: &mut Closed) {
        let metric = value.metric as usize;
        let same = |Open { point: open, .. }: &Open| {
            let epochs = [open, &point].map(|point| point.present as u32 & present::EPOCH);
            open.up == point.up && open.segment == point.segment && open.epoch == point.epoch && epochs[0] == epochs[1]
        };
        let found = self.open.iter().position(same).filter(|&at| {
            let again = self.open[at].metrics.has(metric);
            if again {
                self.close(at, closed);
            }
            !again
        });
        let at = found.unwrap_or_else(|| {
            self.open.push(Open { point, ..self.spare.pop().unwrap_or_default() });
            if self.open.len() > MAX_OPEN {
                self.close(0, closed);
            }
            self.open.len() - 1
        });
        self.open[at].metrics.insert(metric);
        self.open[at].values.push(value);
        self.close_whole(closed);
    }

    fn close_whole(&mut self, closed: &mut Closed) {
        while let Some(at) = self.open.iter().position(|open| self.is_whole(open) == Some(true)) {
            self.close(at, closed);
        }
    }

    /// Whether a point has every metric that is expected; `None` while nothing is.
    fn is_whole(&self, open: &Open) -> Option<bool> {
        match (&self.configured, &self.last) {
            (Some(expected), _) => Some(expected.are_in(&open.metrics)),
            (None, Some(last)) => Some(open.metrics.has_all(last)),
            (None, None) => None,
        }
    }

    #[inline(never)]
    fn close(&mut self, at: usize, closed: &mut Closed) {
        let mut open = self.open.remove(at);
        closed.values.append(&mut open.values);
        let partial = if self.is_whole(&open) == Some(false) { present::PARTIAL } else { 0 };
        let Point { present, .. } = open.point;
        closed.points.push(Point {
            present: present + f64::from(partial),
            end: closed.values.len() as f64,
            ..open.point
        });
        std::mem::swap(self.last.get_or_insert_with(Metrics::default), &mut open.metrics);
        open.metrics.0.clear();
        self.spare.push(open);
    }
}
