//! The slots of charges that were billed elsewhere: which one a charge takes among those that its code has on the account.

use crate::store::ChargeMade;
use crate::{BilledSlot, FeeCode, NewEntry, Refusal};

/// The slots that a code has on the account of an entry, among the charges of its term, each with whether it is live.
fn slots<'a>(
    entry: &NewEntry,
    code: &FeeCode,
    made: impl Iterator<Item = &'a ChargeMade>,
) -> impl Iterator<Item = (BilledSlot, bool)> {
    made.filter(|charge| charge.account == entry.account && charge.code == *code)
        .filter_map(|charge| Some((charge.slot?, charge.live)))
}

fn already_billed(entry: &NewEntry, code: &FeeCode) -> Refusal {
    Refusal::AlreadyBilled { account: entry.account.clone(), term: entry.term, code: code.clone() }
}

/// The slot of a charge that was billed elsewhere and does not say in which: after every one that its code has on the account, none of
/// which may be live.
pub(crate) fn next_slot<'a>(
    entry: &NewEntry,
    code: &FeeCode,
    made: impl Iterator<Item = &'a ChargeMade>,
) -> Result<BilledSlot, Refusal> {
    let mut next = BilledSlot { revision: 0, instalment: 0 };
    for (slot, live) in slots(entry, code, made) {
        if live {
            return Err(already_billed(entry, code));
        }
        next.revision = next.revision.max(slot.revision.saturating_add(1));
    }
    Ok(next)
}

/// The slot that a charge says it had elsewhere, unless it is taken, or the instalment is billed and not reversed.
pub(super) fn free_slot<'a>(
    entry: &NewEntry,
    code: &FeeCode,
    wanted: BilledSlot,
    made: impl Iterator<Item = &'a ChargeMade>,
) -> Result<BilledSlot, Refusal> {
    let taken =
        |(slot, live): (BilledSlot, bool)| slot == wanted || (live && slot.instalment == wanted.instalment);
    if slots(entry, code, made).any(taken) { Err(already_billed(entry, code)) } else { Ok(wanted) }
}
