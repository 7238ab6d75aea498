//! Seals: a book is sealed now, and it is proved later that no sealed entry was changed, removed or inserted since, not even by an
//! administrator of the database.
//!
//! [`seal`] takes in every entry that no earlier seal holds and answers with a [`SealedRoot`], which stands for all entries sealed so far.
//! [`audit`](crate::audit::audit) computes everything anew from the entries and names each one that is not as it was sealed. Whoever can
//! change entries can change what the database keeps of seals as well; so keep the root elsewhere, as its one line of text, and hand it to
//! [`audit_against`](crate::audit::audit_against): then neither helps.
//!
//! ```
//! # use bursar::{Currency, Ledger, Payment, Term, TermId, date};
//! # use bursar_store_memory::MemoryStore;
//! # use rust_decimal_macros::dec;
//! use bursar::audit::audit_against;
//! use bursar::seal::{SealedRoot, seal};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), bursar::Error> {
//! # let ledger = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
//! # let term = TermId::new(2026, 1)?;
//! # ledger.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
//! # ledger.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
//! # ledger.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
//! let kept: String = seal(&ledger).await?.to_string();
//! // Years later, with the line from where it was kept:
//! let root: SealedRoot = kept.parse()?;
//! let report = audit_against(&ledger, &root).await?;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # What is hashed
//!
//! Every digest is SHA-256 over bytes that are made up of these parts:
//!
//! | part | bytes |
//! |---|---|
//! | *text* | the number of its UTF-8 bytes as 4 bytes, then these bytes |
//! | *int* | 8 bytes, two's complement; *count*: 8 bytes, unsigned |
//! | *maybe* | the byte 0 when it is absent; else the byte 1, then the thing |
//! | *digest* | its 32 bytes |
//!
//! All numbers have their highest byte first. A day is an *int* of days since 1970-01-01, an instant an *int* of microseconds since
//! 1970-01-01T00:00:00Z (what is finer is cut off), a term the *int* year × 1000 + number.
//!
//! **An entry's digest** is of: *text* `bursar:entry:1`; *text* account; *int* position; the 16 bytes of its id; *int* term; *text*
//! currency code; *int* effect in minor units, signed; *int* effective day; *int* instant of recording; *maybe text* who recorded it; *text*
//! idempotency key; *maybe text* note; *text* kind; and what the kind carries:
//!
//! | kind | carries |
//! |---|---|
//! | `charge` | *text* code; *int* due day; *maybe text* fee group; *maybe* slot: *int* revision, *int* instalment |
//! | `opening`, `adjustment`, `write_off` | *text* reason |
//! | `refund`, `payment` | *text* method; *maybe text* reference |
//! | `concession` | *text* concession; *text* reason |
//! | `reversal` | *int* position of the entry reversed; *text* figure; *text* reason |
//!
//! **An account's chain** begins with the digest of: *text* `bursar:start:1`; *text* book; *text* account. Each entry, in the order of
//! positions from 1, leads from one value to the next, the digest of: *text* `bursar:chain:1`; *digest* chain so far; *digest* entry.
//!
//! **The root of a seal** is the digest of: *text* `bursar:root:1`; *text* book; *count* number of the seal; for each account that the seal
//! went on with, in byte order: the byte 1, *text* account, *int* the last position sealed, *digest* its chain there; then: the byte 0;
//! *count* accounts with sealed entries so far; *count* entries sealed so far; *digest* root of the seal before (32 zeros before the first).
//!
//! # What it costs, and what it asks
//!
//! Posting knows nothing of seals. [`seal`] reads the accounts and their new entries, and writes in small steps beside whoever posts;
//! every account is sealed as it is when the seal comes to it. One that is killed leaves steps behind that count for nothing until the
//! next one goes on from them. Two at once do each other no harm.
//!
//! # What it does not show
//!
//! - Entries that were changed before they were sealed: seal often. What is not sealed yet is counted by the audit.
//! - Without a root kept elsewhere: somebody who rewrites entries, digests and roots alike, or takes the last seals away altogether.
//! - Changes of anything but entries: terms, fees, accounts' groups and standings are not sealed. Balances are proved from the entries.

mod form;
mod kept;
mod root;
mod sealing;

pub(crate) use form::{RootHasher, digest_at};
pub use form::{canonical, chain_next, chain_start, entry_digest};
pub use kept::{SealState, SealStep, Segment, SegmentEnd};
pub use root::{Seal, SealedRoot};
pub use sealing::seal;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The most entries of one [`Segment`].
pub const SEGMENT_MAX: u32 = 512;

/// What stands for the root before the first.
pub(crate) const NO_ROOT: Digest = [0; 32];
