//! Repricing: the live charges from a fee at its old price are reversed and made again at the new one, with the fee itself.

use bursar::rule::Posting;
use bursar::store::{RepriceOrder, nth_id, redo_key, undo_key};
use bursar::{
    BilledSlot, ChargeOrigin, Entry, EntryKind, Fee, Figure, Instalment, Money, NewEntry, Payer, StoreError,
};

use crate::book::BookLog;
use crate::staged::{Staged, Stop};

/// What a repricing does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) charges: u64,
    pub(crate) left: u64,
}

/// Admits a repricing.
pub(crate) fn stage(book: &BookLog, order: RepriceOrder) -> Result<(Staged, Counts), Stop> {
    let calendar = &book.book.calendar;
    let open =
        calendar.open_term(order.old.key.term, "repricing").is_ok() && calendar.unlocked(order.on).is_ok();
    if !open || book.book.version != order.book_version || !book.fees.contains_key(&order.old.key) {
        return Err(Stop::NotAdmitted);
    }
    let mut staged = Staged::default();
    let mut counts = Counts::default();
    for (charge, slot) in live_charges(book, &order.old) {
        let instalment = usize::from(slot.instalment);
        let price = |fee: &Fee| fee.instalments.get(instalment).map(|part: &Instalment| part.amount);
        match (price(&order.old), price(&order.new)) {
            (Some(old), Some(new)) if old == charge.effect => {
                let nth = counts.charges.saturating_mul(2);
                staged.post(book, undo(charge, &order, nth)?)?;
                staged.post(book, redo(charge, slot, new, &order, nth.saturating_add(1))?)?;
                counts.charges = counts.charges.saturating_add(1);
            }
            _ => counts.left = counts.left.saturating_add(1),
        }
    }
    staged.put_fee(order.new);
    staged.set_mark(order.mark);
    Ok((staged, counts))
}

/// The charges from a group's fee that are not reversed, each with its slot; account by account in byte order.
fn live_charges<'a>(book: &'a BookLog, fee: &'a Fee) -> impl Iterator<Item = (&'a Entry, BilledSlot)> {
    let live = |log: &'a crate::account::AccountLog| {
        log.charges().filter(|entry| log.reversal_of(entry.position).is_none())
    };
    book.accounts_after(None).flat_map(live).filter_map(|entry| {
        let EntryKind::Charge { code, origin: ChargeOrigin { group: Some(group), slot: Some(slot) }, .. } =
            &entry.kind
        else {
            return None;
        };
        let from_fee = entry.term == fee.key.term
            && *code == fee.key.code
            && matches!(&fee.key.payer, Payer::Group(payer) if payer == group);
        from_fee.then_some((entry, *slot))
    })
}

fn undo(charge: &Entry, order: &RepriceOrder, nth: u64) -> Result<Posting, Stop> {
    let kind = EntryKind::Reversal { of: charge.position, figure: Figure::Fee, reason: order.reason.clone() };
    let effect = charge.effect.checked_neg().map_err(|_| Stop::NotAdmitted)?;
    let key = undo_key(charge.id).map_err(|refusal| failed(&refusal))?;
    Ok(Posting::new(entry(charge, kind, effect, key, order, nth)))
}

fn redo(
    charge: &Entry,
    slot: BilledSlot,
    amount: Money,
    order: &RepriceOrder,
    nth: u64,
) -> Result<Posting, Stop> {
    let EntryKind::Charge { code, due_on, origin } = charge.kind.clone() else {
        return Err(Stop::NotAdmitted);
    };
    let slot = BilledSlot { revision: slot.revision.checked_add(1).ok_or(Stop::NotAdmitted)?, ..slot };
    let kind = EntryKind::Charge { code, due_on, origin: ChargeOrigin { slot: Some(slot), ..origin } };
    let key = redo_key(charge.id).map_err(|refusal| failed(&refusal))?;
    Ok(Posting::new(entry(charge, kind, amount, key, order, nth)))
}

fn entry(
    charge: &Entry,
    kind: EntryKind,
    effect: Money,
    key: bursar::IdempotencyKey,
    order: &RepriceOrder,
    nth: u64,
) -> NewEntry {
    NewEntry {
        id: nth_id(order.first_id, nth),
        account: charge.account.clone(),
        term: charge.term,
        kind,
        effect,
        effective_on: order.on,
        recorded_at: order.recorded_at,
        recorded_by: order.recorded_by.clone(),
        key,
        note: None,
    }
}

fn failed(refusal: &bursar::Refusal) -> Stop {
    Stop::Failed(StoreError::corrupt("reprice", refusal.to_string()))
}
