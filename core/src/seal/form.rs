//! The canonical form: what is hashed of an entry, an account's chain and a book's root, byte for byte, the same over every store.
//!
//! The module's documentation says it for other programs; a test holds it to bytes that were computed by one.

use sha2::{Digest as _, Sha256};

use super::Digest;
use crate::{AccountId, BilledSlot, BookId, ChargeOrigin, Entry, EntryKind, NewEntry};

const ENTRY: &str = "bursar:entry:1";
const START: &str = "bursar:start:1";
const CHAIN: &str = "bursar:chain:1";
const ROOT: &str = "bursar:root:1";

/// A form under construction. Every text goes in with its length before it, whatever may be absent with a mark, and every number at one
/// width, so that no two things have one form.
#[derive(Debug, Default)]
struct Form(Vec<u8>);

impl Form {
    fn of(domain: &str) -> Self {
        let mut form = Self::default();
        form.text(domain);
        form
    }

    fn text(&mut self, text: &str) {
        // Texts are capped far below that.
        self.0.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.mark(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn int(&mut self, int: i64) {
        self.0.extend_from_slice(&int.to_be_bytes());
    }

    fn count(&mut self, count: u64) {
        self.0.extend_from_slice(&count.to_be_bytes());
    }

    fn mark(&mut self, present: bool) {
        self.0.push(u8::from(present));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn digest(&self) -> Digest {
        Sha256::digest(&self.0).into()
    }
}

/// The canonical form of an entry: see [the module](crate::seal) for its bytes.
#[must_use]
pub fn canonical(entry: &Entry) -> Vec<u8> {
    canonical_at(entry, entry.position)
}

/// The form that an entry would have at another position.
fn canonical_at(entry: &NewEntry, position: u32) -> Vec<u8> {
    // Taken apart to the last field, so that a new one cannot be forgotten.
    let NewEntry { id, account, term, kind, effect, effective_on, recorded_at, recorded_by, key, note } =
        entry;
    let mut form = Form::of(ENTRY);
    form.text(account.as_str());
    form.int(i64::from(position));
    form.bytes(id.as_bytes());
    form.int(i64::from(term.ordinal()));
    form.text(effect.currency().code());
    form.int(effect.minor());
    form.int(i64::from(effective_on.to_epoch_days()));
    form.int(recorded_at.timestamp_micros());
    form.maybe(recorded_by.as_deref());
    form.text(key.as_str());
    form.maybe(note.as_deref());
    form.text(kind.as_str());
    add_kind(&mut form, kind);
    form.0
}

fn add_kind(form: &mut Form, kind: &EntryKind) {
    match kind {
        EntryKind::Charge { code, due_on, origin: ChargeOrigin { group, slot } } => {
            form.text(code.as_str());
            form.int(i64::from(due_on.to_epoch_days()));
            form.maybe(group.as_ref().map(AsRef::as_ref));
            form.mark(slot.is_some());
            if let Some(BilledSlot { revision, instalment }) = slot {
                form.int(i64::from(*revision));
                form.int(i64::from(*instalment));
            }
        }
        EntryKind::Opening { reason } | EntryKind::Adjustment { reason } | EntryKind::WriteOff { reason } => {
            form.text(reason)
        }
        EntryKind::Refund { method, reference } | EntryKind::Payment { method, reference } => {
            form.text(method.as_str());
            form.maybe(reference.as_deref());
        }
        EntryKind::Concession { concession, reason } => {
            form.text(concession.as_str());
            form.text(reason);
        }
        EntryKind::Reversal { of, figure, reason } => {
            form.int(i64::from(*of));
            form.text(figure.as_str());
            form.text(reason);
        }
    }
}

/// The digest of an entry: SHA-256 of its [canonical form](canonical).
#[must_use]
pub fn entry_digest(entry: &Entry) -> Digest {
    digest_at(entry, entry.position)
}

/// The digest that an entry would have at another position.
pub(crate) fn digest_at(entry: &NewEntry, position: u32) -> Digest {
    Sha256::digest(canonical_at(entry, position)).into()
}

/// What an account's chain begins with, before its first entry.
#[must_use]
pub fn chain_start(book: &BookId, account: &AccountId) -> Digest {
    let mut form = Form::of(START);
    form.text(book.as_str());
    form.text(account.as_str());
    form.digest()
}

/// The chain after one more entry.
#[must_use]
pub fn chain_next(chain: &Digest, entry: &Digest) -> Digest {
    let mut form = Form::of(CHAIN);
    form.bytes(chain);
    form.bytes(entry);
    form.digest()
}

/// The root of a seal under construction: it takes in the accounts that the seal went on with, in byte order.
#[derive(Clone, Debug)]
pub(crate) struct RootHasher(Sha256);

impl RootHasher {
    pub(crate) fn new(book: &BookId, seal: u64) -> Self {
        let mut form = Form::of(ROOT);
        form.text(book.as_str());
        form.count(seal);
        Self(Sha256::new_with_prefix(form.0))
    }

    /// Takes in an account: the last position that the seal holds of it, and its chain after that.
    pub(crate) fn add(&mut self, account: &AccountId, last: u32, chain: &Digest) {
        let mut form = Form::default();
        form.mark(true);
        form.text(account.as_str());
        form.int(i64::from(last));
        form.bytes(chain);
        self.0.update(form.0);
    }

    /// The root: with how many accounts and entries are sealed in all, and the root of the seal before; zeros before the first.
    pub(crate) fn finish(self, accounts: u64, entries: u64, previous: &Digest) -> Digest {
        let mut form = Form::default();
        form.mark(false);
        form.count(accounts);
        form.count(entries);
        form.bytes(previous);
        self.0.chain_update(form.0).finalize().into()
    }
}
