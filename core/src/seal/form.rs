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
            form.text(reason);
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::hex::hex;
    use crate::{
        ConcessionKind, Currency, FeeCode, FeeGroup, Figure, IdempotencyKey, Method, Money, TermId, date,
    };

    fn entry(kind: EntryKind) -> NewEntry {
        NewEntry {
            id: Uuid::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap())),
            account: AccountId::new("s-17").unwrap(),
            term: TermId::new(2026, 1).unwrap(),
            kind,
            effect: Money::from_minor(-8_000, Currency::USD),
            effective_on: date("2026-02-01").unwrap(),
            // Finer than what is hashed.
            recorded_at: "2026-02-01T08:00:00.123456789Z".parse::<DateTime<chrono::Utc>>().unwrap(),
            recorded_by: Some("é clerk".into()),
            key: IdempotencyKey::new("till-1-0001").unwrap(),
            note: None,
        }
    }

    fn kinds() -> Vec<EntryKind> {
        let slot = Some(BilledSlot { revision: 2, instalment: 3 });
        let group = Some(FeeGroup::new("PRIMARY").unwrap());
        let (code, due_on) = (FeeCode::new("tuition").unwrap(), date("2026-02-15").unwrap());
        vec![
            EntryKind::Charge { code, due_on, origin: ChargeOrigin { group, slot } },
            EntryKind::Opening { reason: "why".into() },
            EntryKind::Adjustment { reason: "why".into() },
            EntryKind::Refund { method: Method::Bank, reference: Some("r-1".into()) },
            EntryKind::Payment { method: Method::Cash, reference: None },
            EntryKind::Concession { concession: ConcessionKind::Waiver, reason: "why".into() },
            EntryKind::WriteOff { reason: "why".into() },
            EntryKind::Reversal { of: 1, figure: Figure::Paid, reason: "why".into() },
        ]
    }

    /// Computed by another program from the words of the module: what is sealed once must have the same digests for ever.
    #[test]
    fn digests_are_those_that_another_program_computes() {
        const ENTRIES: [&str; 8] = [
            "85c096544ff948b4b0f58a0479c453e86d0dbde7ca9ced0a68767d80bfb3f596",
            "9df806c62b1fb04abbe741b30314c4c76c2614a1575b21a232515acababf4492",
            "21dd234e452513b1de2f8ff7723a7485902011c30fc2b37963b8b39a951ec1d0",
            "2de42813fead24305ee826a43b39006aeeb4c753faa2190db40538297f131464",
            "3730da97b31dc7f8956d202f9cf3996a76991367c86215d07196d3b11a6e9390",
            "3447a754f5e02d84773d1fcd860a43730597a9e8bff56dbf407aed96dd9ce163",
            "21d745e083b12e324c6ed5475747983e0afaf808b087fb224f44e85bdddfa0b5",
            "d75c10e891730f853b33aa178542cd1560ab7945c3b4cc19c12f2853e9ad74a4",
        ];
        let (book, account) = (BookId::new("hillside").unwrap(), AccountId::new("s-17").unwrap());
        let mut chain = chain_start(&book, &account);
        assert_eq!(hex(&chain), "c0f96455c40558e2c1dcfc4563b38fc7ecf46312294bfdaadf1ba261d7f8750b");
        for ((kind, expected), position) in kinds().into_iter().zip(ENTRIES).zip(1_u32..) {
            let entry = entry(kind).at(position);
            let digest = entry_digest(&entry);
            assert_eq!(hex(&digest), expected, "{entry:?}");
            chain = chain_next(&chain, &digest);
        }
        assert_eq!(hex(&chain), "0b10d795a6c3f0a7650ccf3e31b2b6871de8bf4b07f6a87993cf56c224b97ad4");
        let mut root = RootHasher::new(&book, 2);
        root.add(&account, 8, &chain);
        let root = root.finish(1, 8, &[7; 32]);
        assert_eq!(hex(&root), "6256b2efe5f4b65d43864071e127a824f93263f2183e308a9e65fc1935f915ff");
    }

    #[test]
    fn what_is_absent_is_not_what_is_empty() {
        let payment = |reference: Option<&str>, note: Option<&str>| {
            let kind = EntryKind::Payment { method: Method::Cash, reference: reference.map(Into::into) };
            entry_digest(&NewEntry { note: note.map(Into::into), ..entry(kind) }.at(1))
        };
        let all = [
            payment(None, None),
            payment(Some(""), None),
            payment(None, Some("")),
            payment(Some("a"), Some("b")),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }

    #[test]
    fn the_form_of_an_entry_is_that_at_its_own_position() {
        let there = entry(EntryKind::Payment { method: Method::Cash, reference: None }).at(3);
        assert_eq!(canonical(&there), canonical_at(&there, 3));
        assert_ne!(canonical(&there), canonical_at(&there, 4));
    }
}
