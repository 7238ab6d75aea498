//! The keys of what billing and repricing record, so that each is recorded once, and is known again.

use uuid::Uuid;

use crate::{AccountId, BilledSlot, FeeCode, IdempotencyKey, Refusal, TermId};

const BILL: &str = "bursar:bill:";
const UNDO: &str = "bursar:undo:";
const REDO: &str = "bursar:redo:";

/// The key of a billed charge, the same whoever bills and whenever: `bursar:bill:TERM:SLOT:LENGTH:CODE:ACCOUNT`. The length is the code's, in
/// bytes: codes and accounts may hold colons.
///
/// ```
/// use bursar::store::billing_key;
/// use bursar::{AccountId, BilledSlot, FeeCode, TermId};
///
/// let slot = BilledSlot { revision: 0, instalment: 0 };
/// let key = billing_key(TermId::new(2026, 1)?, &FeeCode::new("tuition")?, slot, &AccountId::new("s-17")?)?;
/// assert_eq!(key.as_str(), "bursar:bill:2026-1:0:7:tuition:s-17");
/// # Ok::<(), bursar::Refusal>(())
/// ```
///
/// # Errors
/// [`Refusal::BadName`]; not for names of allowed lengths.
pub fn billing_key(
    term: TermId,
    code: &FeeCode,
    slot: BilledSlot,
    account: &AccountId,
) -> Result<IdempotencyKey, Refusal> {
    let length = code.as_str().len();
    IdempotencyKey::new(format!("{BILL}{term}:{}:{length}:{code}:{account}", slot.ordinal()))
}

/// The slot in a key that billing made for this very charge. A charge with such a key, of the first instalment and of no group, is read as
/// one that was billed from the account's own fee; one of a later instalment as made by hand, unless it says its slot.
pub(crate) fn billed_slot(
    key: &IdempotencyKey,
    term: TermId,
    code: &FeeCode,
    account: &AccountId,
) -> Option<BilledSlot> {
    let rest = key.as_str().strip_prefix(BILL)?.strip_prefix(&format!("{term}:"))?;
    let slot = BilledSlot::from_ordinal(rest.split(':').next()?.parse().ok()?)?;
    (billing_key(term, code, slot, account).ok()? == *key).then_some(slot)
}

/// Whether billing makes, or may come to make, a charge of this key.
pub(crate) fn is_billing_key(key: &IdempotencyKey) -> bool {
    let term = key.as_str().strip_prefix(BILL).and_then(|rest| rest.split(':').next());
    term.is_some_and(|term| term.parse::<TermId>().is_ok())
}

/// The key of the reversal that a repricing makes of a charge: `bursar:undo:ID`, by the charge's id.
///
/// # Errors
/// [`Refusal::BadName`]; not for an id.
pub fn undo_key(charge: Uuid) -> Result<IdempotencyKey, Refusal> {
    IdempotencyKey::new(format!("{UNDO}{}", charge.simple()))
}

/// The key of the charge that a repricing makes in the place of one: `bursar:redo:ID`, by the id of the charge reversed.
///
/// # Errors
/// [`Refusal::BadName`]; not for an id.
pub fn redo_key(charge: Uuid) -> Result<IdempotencyKey, Refusal> {
    IdempotencyKey::new(format!("{REDO}{}", charge.simple()))
}

/// Whether a charge was made by a repricing.
pub(crate) fn is_redo_key(key: &IdempotencyKey) -> bool {
    key.as_str().starts_with(REDO)
}
