//! Prepared: a draft or a reversal turned into a posting.

use chrono::NaiveDate;

use super::Ledger;
use super::line::Line;
use super::slot::{free_slot, next_slot};
use crate::amount::{check_amount, check_cap};
use crate::draft::{Draft, DraftKind};
use crate::recording::Recording;
use crate::rule::Posting;
use crate::store::ChargeMade;
use crate::{
    AccountId, BilledSlot, ChargeOrigin, Entry, EntryKind, IdempotencyKey, LedgerStore, Refusal, Reversal,
    Text,
};

/// A posting, and what of it the caller left open, so that a retry on another day still is the same content.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) posting: Posting,
    dated: bool,
    due_dated: bool,
    /// Whether it is a charge that says it was billed elsewhere, and so takes a slot.
    pub(crate) billed_elsewhere: bool,
    /// The slot that it had there, where that is said.
    slot: Option<BilledSlot>,
    /// Whether its id was given: it then says nothing about who recorded it.
    pub(super) id_given: bool,
}

impl Prepared {
    /// Gives a charge that was billed elsewhere its slot: the one that it had there, or the next after every one that its code has on the
    /// account in the term.
    pub(crate) fn take_slot<'a>(
        &mut self,
        made: impl Iterator<Item = &'a ChargeMade>,
    ) -> Result<(), Refusal> {
        let entry = &self.posting.entry;
        let EntryKind::Charge { code, .. } = &entry.kind else { return Ok(()) };
        let taken = match self.slot {
            Some(slot) => free_slot(entry, code, slot, made)?,
            None => next_slot(entry, code, made)?,
        };
        if let EntryKind::Charge { origin, .. } = &mut self.posting.entry.kind {
            origin.slot = Some(taken);
        }
        Ok(())
    }

    pub(super) fn key(&self) -> &IdempotencyKey {
        &self.posting.entry.key
    }

    /// Whether a recorded entry says what this one does: the same account, term, kind, amount and what its kind carries, and the same
    /// days where this one gives them.
    pub(crate) fn says(&self, there: &Entry) -> bool {
        let asked = &self.posting.entry;
        asked.account == there.account && asked.effect == there.effect && self.says_of_part(there)
    }

    /// Whether it does but for the account and the amount.
    pub(crate) fn says_of_part(&self, there: &Entry) -> bool {
        let asked = &self.posting.entry;
        let mut kind = asked.kind.clone();
        if let (EntryKind::Charge { due_on, .. }, EntryKind::Charge { due_on: there, .. }) =
            (&mut kind, &there.kind)
            && !self.due_dated
        {
            *due_on = *there;
        }
        asked.term == there.term
            && same_kind(&kind, &there.kind)
            && (!self.dated || asked.effective_on == there.effective_on)
    }
}

/// A charge that names its group is the same however it came to be billed: by this book, or by the one that it was exported from.
fn same_kind(asked: &EntryKind, there: &EntryKind) -> bool {
    match (asked, there) {
        (
            EntryKind::Charge { code, due_on, origin },
            EntryKind::Charge { code: there_code, due_on: there_due_on, origin: there_origin },
        ) => (code, due_on, &origin.group) == (there_code, there_due_on, &there_origin.group),
        _ => asked == there,
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// Checks a draft and makes its posting.
    pub(crate) fn prepare(&self, draft: &Draft) -> Result<Prepared, Refusal> {
        let (account, term, key) = (draft.account()?, draft.term()?, draft.recording.key()?);
        draft.check_texts()?;
        let amount = draft.amount.in_currency(self.currency)?;
        let on = draft.recording.on.unwrap_or_else(|| self.today());
        let kind = kind_of(draft, on)?;
        if kind.is_signed() {
            if amount.is_zero() {
                return Err(Refusal::ZeroAmount { what: kind.as_str() });
            }
            check_cap(amount)?;
        } else {
            check_amount(kind.as_str(), amount)?;
        }
        let effect = if kind.lowers() { amount.checked_neg()? } else { amount };
        let prepared = self.prepared(&account, Line { term, kind, effect, key }, on, &draft.recording);
        Ok(match &draft.kind {
            DraftKind::Charge { due_on, billed, .. } => Prepared {
                due_dated: due_on.is_some(),
                billed_elsewhere: billed.is_some(),
                slot: billed.as_ref().and_then(|from| from.slot),
                ..prepared
            },
            _ => prepared,
        })
    }

    /// Makes the posting of a reversal of an entry.
    pub(crate) fn prepare_reversal(&self, reversal: &Reversal, entry: &Entry) -> Result<Prepared, Refusal> {
        let line = Line::reversing(entry, &reversal.reason, reversal.recording.key()?)?;
        let on = reversal.recording.on.unwrap_or_else(|| self.today());
        Ok(self.prepared(&entry.account, line, on, &reversal.recording))
    }

    fn prepared(&self, account: &AccountId, line: Line, on: NaiveDate, recording: &Recording) -> Prepared {
        let mut posting = self.posting(account, line, on, recording.provenance);
        let entry = &mut posting.entry;
        entry.recorded_by = text(recording.recorded_by.as_ref()).or(entry.recorded_by.take());
        entry.note = text(recording.note.as_ref());
        Prepared {
            posting,
            dated: recording.on.is_some(),
            due_dated: false,
            billed_elsewhere: false,
            slot: None,
            id_given: recording.provenance.id.is_some(),
        }
    }
}

/// What a draft says of its kind; a charge without a due date falls due on the day on which it takes effect.
fn kind_of(draft: &Draft, effective_on: NaiveDate) -> Result<EntryKind, Refusal> {
    let reason = |reason: &String| Text::from(reason.as_str());
    Ok(match &draft.kind {
        DraftKind::Payment { method, reference } => {
            EntryKind::Payment { method: *method, reference: text(reference.as_ref()) }
        }
        DraftKind::Refund { method, reference } => {
            EntryKind::Refund { method: *method, reference: text(reference.as_ref()) }
        }
        DraftKind::Charge { code, due_on, billed } => {
            let group = billed.as_ref().and_then(|from| from.group.clone()).transpose()?;
            let (code, due_on) = (code.clone()?, due_on.unwrap_or(effective_on));
            EntryKind::Charge { code, due_on, origin: ChargeOrigin { group, slot: None } }
        }
        DraftKind::Opening { reason: why } => EntryKind::Opening { reason: reason(why) },
        DraftKind::Adjustment { reason: why } => EntryKind::Adjustment { reason: reason(why) },
        DraftKind::Concession { concession, reason: why } => {
            EntryKind::Concession { concession: *concession, reason: reason(why) }
        }
        DraftKind::WriteOff { reason: why } => EntryKind::WriteOff { reason: reason(why) },
    })
}

fn text(given: Option<&String>) -> Option<Text> {
    given.map(|given| Text::from(given.as_str()))
}

#[cfg(test)]
mod tests {
    use super::kind_of;
    use crate::rule::needs_balance;
    use crate::{
        Adjustment, Charge, Concession, ConcessionKind, Currency, Draft, Method, Money, OpeningBalance,
        Payment, Refund, WriteOff, date,
    };

    #[test]
    fn a_draft_and_its_entry_agree_on_what_is_decided_on_the_balance() {
        let (amount, on) = (Money::from_minor(100, Currency::USD), date("2026-01-12").unwrap());
        let drafts: [Draft; 7] = [
            Payment::cash(amount).into(),
            Refund::by(Method::Cash, amount).into(),
            Charge::of("trip", amount).into(),
            OpeningBalance::of(amount, "owed").into(),
            Adjustment::of(amount, "wrong").into(),
            Concession::of(ConcessionKind::Waiver, amount, "waived").into(),
            WriteOff::of(amount, "lost").into(),
        ];
        for draft in drafts {
            let kind = kind_of(&draft, on).unwrap();
            assert_eq!(draft.needs_balance(), needs_balance(&kind), "{kind:?}");
        }
    }
}
