//! What stands under the key of a session: one string, whose first bytes are of one width, so that a script finds its way by counting.
//!
//! | row | bytes |
//! |---|---|
//! | a session | `L1`, `expires_at` 20, `ends_at` 20, `created_at` 20, version 19, last write 16, binding 16, ending 16, idle timeout 20, length of the user's id 3, the user's id, the data |
//! | what is to be rotated to this key | `P1`, rotation 16, the old key 64 |
//! | what was rotated to another key, where it may not have arrived | `M1`, rotation 16, since when 20, the new key 64, the session |
//! | a tombstone | `T1`, since when 20, the reason's number 1, the step that left it 16 |

use std::time::Duration;

use bursar_session::store::Loaded;
use bursar_session::{Content, Gone, GoneReason, KeyHash, Record, UserId, Version};
use chrono::{DateTime, Utc};

use crate::text::{self, DIGITS, Id};

/// How many bytes come before the user's id of a session.
const HEAD: usize = 152;

/// How many bytes of a row say all but the data. A user's id has at most 128 characters of four bytes.
pub(crate) const SEEN: usize = HEAD + 512;

/// How many bytes come before the session in a row that was rotated.
const MOVED_HEAD: usize = 102;

/// Where the last write of a session is.
const WRITE_AT: usize = 81;

/// A row, as far as it was read.
#[derive(Clone)]
pub(crate) enum Row<'a> {
    Absent,
    Live(Live<'a>),
    Pending(Pending),
    Moved(Moved<'a>),
    Tombstone(Tombstone),
    /// What no row says, or another type of Redis's.
    Undecodable,
}

/// A session.
#[derive(Clone)]
pub(crate) struct Live<'a> {
    pub(crate) expires_at: i64,
    pub(crate) ends_at: i64,
    created_at: &'a [u8],
    version: &'a [u8],
    /// Which creation or update was the last.
    pub(crate) write: Id,
    /// Which binding to its user this is; the same under every key that the session has had since.
    pub(crate) bind: Id,
    /// Which end of all of the user's sessions is to end it, or has.
    pub(crate) mark: Id,
    idle_timeout: &'a [u8],
    pub(crate) user: &'a [u8],
    data: &'a [u8],
}

/// What is to be rotated to this key. It is nothing until that is done at the old one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) rotation: Id,
    pub(crate) from: KeyHash,
}

/// What was rotated.
#[derive(Clone)]
pub(crate) struct Moved<'a> {
    pub(crate) rotation: Id,
    pub(crate) at: i64,
    pub(crate) to: KeyHash,
    /// The session as it was.
    pub(crate) session: &'a [u8],
    /// By which the row is known again.
    pub(crate) head: &'a [u8],
}

/// Why a session is gone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tombstone {
    pub(crate) at: i64,
    pub(crate) reason: GoneReason,
    pub(crate) step: Id,
}

/// Takes bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

impl<'a> Row<'a> {
    /// Reads a row; nothing is one that is not there.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        if bytes.is_empty() {
            return Self::Absent;
        }
        let mut rest = bytes;
        let row = match take(&mut rest, 2) {
            Some(b"L1") => Live::read(rest).map(Self::Live),
            Some(b"P1") => Pending::read(rest).map(Self::Pending),
            Some(b"M1") => Moved::read(bytes).map(Self::Moved),
            Some(b"T1") => Tombstone::read(rest).map(Self::Tombstone),
            _ => None,
        };
        row.unwrap_or(Self::Undecodable)
    }
}

impl<'a> Live<'a> {
    fn read(mut rest: &'a [u8]) -> Option<Self> {
        let expires_at = text::micros(take(&mut rest, DIGITS)?)?;
        let ends_at = text::micros(take(&mut rest, DIGITS)?)?;
        let created_at = take(&mut rest, DIGITS)?;
        let version = take(&mut rest, 19)?;
        let write = Id::read(take(&mut rest, Id::LENGTH)?)?;
        let bind = Id::read(take(&mut rest, Id::LENGTH)?)?;
        let mark = Id::read(take(&mut rest, Id::LENGTH)?)?;
        let idle_timeout = take(&mut rest, DIGITS)?;
        let length = text::number(take(&mut rest, 3)?)?;
        let user = take(&mut rest, length)?;
        let data = rest;
        Some(Self { expires_at, ends_at, created_at, version, write, bind, mark, idle_timeout, user, data })
    }

    pub(crate) fn version(&self) -> Option<Version> {
        Version::new(text::number(self.version)?)
    }

    pub(crate) fn created_at(&self) -> Option<DateTime<Utc>> {
        text::instant_of(self.created_at)
    }

    pub(crate) fn is_of(&self, user: &UserId) -> bool {
        self.user == user.as_str().as_bytes()
    }

    /// The session; `None` for what no session says.
    pub(crate) fn record(&self) -> Option<Record> {
        let idle_timeout = match self.idle_timeout {
            none if none == [b'-'; DIGITS] => None,
            digits => Some(Duration::from_micros(text::number(digits)?)),
        };
        let user = match std::str::from_utf8(self.user).ok()? {
            "" => None,
            id => Some(UserId::new(id).ok()?),
        };
        let content = Content {
            data: std::str::from_utf8(self.data).ok()?.into(),
            user,
            expires_at: DateTime::from_timestamp_micros(self.expires_at)?,
            ends_at: DateTime::from_timestamp_micros(self.ends_at)?,
            idle_timeout,
        };
        Some(Record { version: self.version()?, created_at: self.created_at()?, content })
    }
}

/// The pieces of a session that are written: those between the version and the user are put in by whoever knows them.
pub(crate) struct Written {
    pub(crate) deadlines: String,
    pub(crate) idle_timeout: String,
    pub(crate) user: String,
}

impl Written {
    pub(crate) fn of(content: &Content) -> Self {
        let expires_at = text::instant(content.expires_at.timestamp_micros());
        let ends_at = text::instant(content.ends_at.timestamp_micros());
        let user = content.user.as_ref().map_or("", UserId::as_str);
        Self {
            deadlines: expires_at + &ends_at,
            idle_timeout: content.idle_timeout.map_or_else(|| "-".repeat(DIGITS), text::duration),
            user: format!("{:03}{user}", user.len()),
        }
    }
}

/// A version as digits.
pub(crate) fn version(version: Version) -> String {
    format!("{:019}", version.number())
}

/// The row of a new session.
pub(crate) fn new_session(content: &Content, created_at: i64, write: &Id, bind: &Id) -> Vec<u8> {
    let Written { deadlines, idle_timeout, user } = Written::of(content);
    let (created_at, version) = (text::instant(created_at), version(Version::FIRST));
    [
        b"L1".as_slice(),
        deadlines.as_bytes(),
        created_at.as_bytes(),
        version.as_bytes(),
        write.bytes(),
        bind.bytes(),
        Id::NONE.bytes(),
        idle_timeout.as_bytes(),
        user.as_bytes(),
        content.data.as_bytes(),
    ]
    .concat()
}

impl Pending {
    fn read(mut rest: &[u8]) -> Option<Self> {
        let rotation = Id::read(take(&mut rest, Id::LENGTH)?)?;
        Some(Self { rotation, from: text::hash(rest)? })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [b"P1", self.rotation.bytes(), text::hex(self.from.as_bytes()).as_bytes()].concat()
    }
}

impl<'a> Moved<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (mut rest, session) = bytes.split_at_checked(MOVED_HEAD)?;
        take(&mut rest, 2)?;
        let rotation = Id::read(take(&mut rest, Id::LENGTH)?)?;
        let at = text::micros(take(&mut rest, DIGITS)?)?;
        let to = text::hash(rest)?;
        let head = bytes.get(..MOVED_HEAD + WRITE_AT + Id::LENGTH)?;
        Some(Self { rotation, at, to, session, head })
    }
}

impl Tombstone {
    fn read(mut rest: &[u8]) -> Option<Self> {
        let at = text::micros(take(&mut rest, DIGITS)?)?;
        let reason = GoneReason::from_number(text::number(take(&mut rest, 1)?)?)?;
        Some(Self { at, reason, step: Id::read(rest)? })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let reason = self.reason.number().to_string();
        [b"T1", text::instant(self.at).as_bytes(), reason.as_bytes(), self.step.bytes()].concat()
    }
}

/// What a tombstone of this reason and instant tells.
pub(crate) fn told(reason: GoneReason, at: i64, now: i64) -> Gone {
    if kept_until(at) <= now {
        return Gone::UNKNOWN;
    }
    Gone { reason: Some(reason), at: DateTime::from_timestamp_micros(at) }
}

/// When a tombstone of this instant was kept long enough.
pub(crate) fn kept_until(at: i64) -> i64 {
    let kept = i64::try_from(bursar_session::TOMBSTONE_KEPT.as_micros()).unwrap_or(i64::MAX);
    at.saturating_add(kept)
}

/// The latest instant whose tombstone was kept long enough.
pub(crate) fn kept_since(now: i64) -> i64 {
    now.saturating_sub(kept_until(0))
}

/// The start of a row that was rotated.
pub(crate) fn moved_head(rotation: &Id, at: i64, to: &KeyHash) -> Vec<u8> {
    [b"M1", rotation.bytes(), text::instant(at).as_bytes(), text::hex(to.as_bytes()).as_bytes()].concat()
}

/// What is to be made of a row at this moment.
pub(crate) enum Judged<'a> {
    Live(Live<'a>),
    Gone(Gone),
    /// A rotation to this key has begun: what there is, is known at the old one.
    Pending(Pending),
    /// All of the user's sessions are being ended: whether that is done, is known in the user's index.
    Marked(Live<'a>),
    Undecodable,
}

impl<'a> Row<'a> {
    pub(crate) fn judge(self, now: i64) -> Judged<'a> {
        match self {
            Self::Absent => Judged::Gone(Gone::UNKNOWN),
            Self::Live(live) if !live.mark.is_none() => Judged::Marked(live),
            Self::Live(live) => live.judge(now),
            Self::Pending(pending) => Judged::Pending(pending),
            Self::Moved(moved) => Judged::Gone(told(GoneReason::Rotated, moved.at, now)),
            Self::Tombstone(tombstone) => Judged::Gone(told(tombstone.reason, tombstone.at, now)),
            Self::Undecodable => Judged::Undecodable,
        }
    }
}

impl<'a> Live<'a> {
    /// What is to be made of it, if nothing is about to end it.
    pub(crate) fn judge(self, now: i64) -> Judged<'a> {
        if self.expires_at > now {
            return Judged::Live(self);
        }
        let at = DateTime::from_timestamp_micros(self.expires_at);
        Judged::Gone(Gone { reason: Some(GoneReason::Expired), at })
    }

    /// What a load finds.
    pub(crate) fn loaded(&self) -> Loaded {
        self.record().map_or(Loaded::Undecodable, Loaded::Live)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bursar_session::store::Loaded;
    use bursar_session::{Content, Gone, GoneReason, KeyHash, Record, UserId, Version};
    use chrono::DateTime;

    use super::{Judged, Pending, Row, SEEN, Tombstone, moved_head, new_session};
    use crate::text::Id;

    fn at(micros: i64) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    fn content() -> Content {
        Content {
            data: Arc::from("{\"a\":\"é\"}"),
            user: Some(UserId::new("été").unwrap()),
            expires_at: at(253_402_300_799_999_998),
            ends_at: at(253_402_300_799_999_999),
            idle_timeout: Some(Duration::from_micros(1_800_000_001)),
        }
    }

    fn row() -> Vec<u8> {
        let ids = [Id::read(b"wwwwwwwwwwwwwwww").unwrap(), Id::read(b"bbbbbbbbbbbbbbbb").unwrap()];
        new_session(&content(), 1_234, &ids[0], &ids[1])
    }

    #[test]
    fn a_session_is_read_back() {
        let bytes = row();
        let Judged::Live(live) = Row::read(&bytes).judge(0) else { panic!("a session") };
        let record = Record { version: Version::FIRST, created_at: at(1_234), content: content() };
        assert_eq!(live.loaded(), Loaded::Live(record));
        let gone = Gone::new(GoneReason::Expired, content().expires_at);
        let judged = Row::read(&bytes).judge(253_402_300_799_999_998);
        assert!(matches!(judged, Judged::Gone(found) if found == gone));
    }

    #[test]
    fn everything_is_where_scripts_look_for_it() {
        let bytes = row();
        assert_eq!(&bytes[..2], b"L1");
        assert_eq!(&bytes[62..81], b"0000000000000000001");
        assert_eq!(&bytes[81..97], b"wwwwwwwwwwwwwwww");
        assert_eq!(&bytes[97..113], b"bbbbbbbbbbbbbbbb");
        assert_eq!(&bytes[113..129], b"----------------");
        assert_eq!(&bytes[149..157], "005été".as_bytes());
        assert_eq!(SEEN, 664);
    }

    #[test]
    fn the_other_rows_are_read_back() {
        let step = Id::read(b"0123456789abcdef").unwrap();
        let key = KeyHash::from_bytes([0x5a; 32]);
        let tombstone = Tombstone { at: -7, reason: GoneReason::Emptied, step: step.clone() };
        assert!(matches!(Row::read(&tombstone.bytes()), Row::Tombstone(found) if found == tombstone));
        let pending = Pending { rotation: step.clone(), from: key };
        assert!(matches!(Row::read(&pending.bytes()), Row::Pending(found) if found == pending));
        let moved = [moved_head(&step, 9, &key), row()].concat();
        let Row::Moved(found) = Row::read(&moved) else { panic!("a rotated session") };
        assert_eq!((found.at, found.to, found.session), (9, key, row().as_slice()));
    }

    #[test]
    fn nothing_else_is_a_row() {
        let bytes = row();
        for end in 1..157 {
            assert!(matches!(Row::read(&bytes[..end]), Row::Undecodable), "{end} bytes");
        }
        for wrong in ["x", "T1", "P1zz", "M1", "L2", "T100000000000000000000x0123456789abcdef"] {
            assert!(matches!(Row::read(wrong.as_bytes()), Row::Undecodable), "{wrong}");
        }
    }
}
