//! When a connection is cut: rules over the bytes.

use std::num::NonZeroU64;

/// Whose bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    Before,
    After,
    Answered,
}

/// A rule that cuts the connection over which certain bytes go: once, the first time or the n-th, counted over all connections from the
/// moment the rule is set.
///
/// | rule | has the server got the message? | has the client got the answer? |
/// |---|---|---|
/// | [`Cut::before`] | no | no |
/// | [`Cut::after`] | yes; what it did with it is its affair | hardly |
/// | [`Cut::unanswered`] | yes, and it has answered | no |
/// | [`Cut::answer`] | yes, and it has answered just that | no |
#[derive(Clone, Debug)]
pub struct Cut {
    bytes: Vec<u8>,
    side: Side,
    moment: Moment,
    left: u64,
    refusing: bool,
}

impl Cut {
    fn of(bytes: &[u8], side: Side, moment: Moment) -> Self {
        Self { bytes: bytes.to_vec(), side, moment, left: 1, refusing: false }
    }

    /// Cuts before the client's message with these bytes is forwarded: the server gets what the client sent up to them, and no more.
    #[must_use]
    pub fn before(bytes: impl AsRef<[u8]>) -> Self {
        Self::of(bytes.as_ref(), Side::Client, Moment::Before)
    }

    /// Cuts as soon as the client's message with these bytes is forwarded.
    #[must_use]
    pub fn after(bytes: impl AsRef<[u8]>) -> Self {
        Self::of(bytes.as_ref(), Side::Client, Moment::After)
    }

    /// Forwards the client's message with these bytes, waits for the first bytes that the server says then, drops them, and cuts. For a client
    /// that sends ahead of answers, [`Cut::answer`] says more exactly which answer is meant.
    #[must_use]
    pub fn unanswered(bytes: impl AsRef<[u8]>) -> Self {
        Self::of(bytes.as_ref(), Side::Client, Moment::Answered)
    }

    /// Cuts before the server's answer with these bytes is forwarded.
    #[must_use]
    pub fn answer(bytes: impl AsRef<[u8]>) -> Self {
        Self::of(bytes.as_ref(), Side::Server, Moment::Before)
    }

    /// The n-th time instead of the first.
    #[must_use]
    pub const fn nth(mut self, n: NonZeroU64) -> Self {
        self.left = n.get();
        self
    }

    /// Together with the cut, refuses new connections until [`super::Proxy::refuse`] says otherwise: who was cut off cannot ask at once.
    #[must_use]
    pub const fn then_refuse(mut self) -> Self {
        self.refusing = true;
        self
    }
}

/// What is to be done with a chunk of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Forward,
    /// Forward so many bytes of it, and cut.
    Cut {
        forward: usize,
        refusing: bool,
    },
    /// Forward it, and cut at the server's next word.
    Swallow {
        refusing: bool,
    },
}

/// The rules that have not been applied yet.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Cut>);

impl Rules {
    pub(super) fn add(&mut self, cut: Cut) {
        // No bytes at all would be everywhere.
        if !cut.bytes.is_empty() {
            self.0.push(cut);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Judges the newest bytes of a stream, of which so many were judged before; a rule that applies is used up.
    pub(super) fn judge(&mut self, side: Side, stream: &[u8], judged: usize) -> Verdict {
        let fresh = stream.len().saturating_sub(judged);
        for index in 0..self.0.len() {
            let Some(cut) = self.0.get_mut(index).filter(|cut| cut.side == side) else { continue };
            let length = cut.bytes.len();
            let ends = stream.windows(length).enumerate().filter(|(_, window)| *window == cut.bytes);
            for (start, _) in ends.filter(|(start, _)| start.saturating_add(length) > judged) {
                cut.left = cut.left.saturating_sub(1);
                if cut.left == 0 {
                    let Cut { moment, refusing, .. } = self.0.remove(index);
                    return match moment {
                        Moment::Before => Verdict::Cut { forward: start.saturating_sub(judged), refusing },
                        Moment::After => Verdict::Cut { forward: fresh, refusing },
                        Moment::Answered => Verdict::Swallow { refusing },
                    };
                }
            }
        }
        Verdict::Forward
    }
}
