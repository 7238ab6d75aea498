//! Recording: payments, charges and the other entries, each once for its key (B7).

use super::Ledger;
use super::slot::{free_slot, next_slot};
use crate::draft::{Draft, DraftKind, Provenance, Target};
use crate::fee::{check_amount, check_cap};
use crate::name::check_text;
use crate::rule::{self, Posting, State};
use crate::store::{ChangeSet, ChargeMade, Committed, FileMark, Posted};
use crate::{
    Account, Adjustment, BilledSlot, Calendar, Charge, ChargeOrigin, Concession, Entry, EntryKind, Error,
    FeeKey, IdempotencyKey, LedgerStore, Money, NewEntry, OpeningBalance, Payer, Payment, Receipt,
    ReceiptNumber, Refund, Refusal, Reversal, Text, WriteOff,
};

/// A draft turned into a posting, and what of it the caller left open, so that a retry on another day still is the same content.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) posting: Posting,
    amount: Money,
    dated: bool,
    due_dated: bool,
    /// Whether it is a charge that says it was billed elsewhere, and so takes a slot.
    pub(crate) billed_elsewhere: bool,
    /// The slot that it had there, where that is said.
    slot: Option<BilledSlot>,
    /// Whether its id was given: it then says nothing about who recorded it.
    id_given: bool,
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

    fn key(&self) -> &IdempotencyKey {
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

/// What a posting is decided on, read when the store did not admit it or when its kind needs the balance.
struct Decision {
    calendar: Calendar,
    account: Option<Account>,
    same_key: Option<Entry>,
    reversed: bool,
}

impl Decision {
    fn state(&self) -> State<'_> {
        State {
            calendar: &self.calendar,
            account: self.account.as_ref(),
            key_known: self.same_key.is_some(),
            reversed: self.reversed,
        }
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// Records a payment: one round trip, shared with whatever else is posted at that moment, and no read before it (S4). What is paid
    /// beyond what is due becomes credit.
    ///
    /// # Errors
    /// [`Refusal::TermAfterCurrent`], and those of [`record`](Ledger::record).
    pub async fn pay(&self, payment: Payment) -> Result<Receipt, Error> {
        self.record(payment).await
    }

    /// Records a charge by hand.
    ///
    /// # Errors
    /// [`Refusal::TermClosed`]; for one [billed elsewhere](Charge::billed_from) [`Refusal::UnknownFee`] without such a fee, and
    /// [`Refusal::AlreadyBilled`]; and those of [`record`](Ledger::record).
    pub async fn charge(&self, charge: Charge) -> Result<Receipt, Error> {
        self.record(charge).await
    }

    /// Records arrears or credit brought in from elsewhere.
    ///
    /// # Errors
    /// [`Refusal::ZeroAmount`], and those of [`record`](Ledger::record).
    pub async fn bring_in(&self, opening: OpeningBalance) -> Result<Receipt, Error> {
        self.record(opening).await
    }

    /// Records a scholarship, waiver, discount or goodwill.
    ///
    /// # Errors
    /// Those of [`record`](Ledger::record).
    pub async fn concede(&self, concession: Concession) -> Result<Receipt, Error> {
        self.record(concession).await
    }

    /// Records a signed correction.
    ///
    /// # Errors
    /// [`Refusal::ZeroAmount`], and those of [`record`](Ledger::record).
    pub async fn adjust(&self, adjustment: Adjustment) -> Result<Receipt, Error> {
        self.record(adjustment).await
    }

    /// Gives up a debt, at most what the whole account owes.
    ///
    /// # Errors
    /// [`Refusal::ExceedsOutstanding`], and those of [`record`](Ledger::record).
    pub async fn write_off(&self, write_off: WriteOff) -> Result<Receipt, Error> {
        self.record(write_off).await
    }

    /// Gives money back, at most the credit of the whole account.
    ///
    /// # Errors
    /// [`Refusal::ExceedsCredit`], and those of [`record`](Ledger::record).
    pub async fn refund(&self, refund: Refund) -> Result<Receipt, Error> {
        self.record(refund).await
    }

    /// Records an entry of any kind once for its key: sent again with the same content it gives back the first receipt, marked as
    /// replayed. A date that the caller leaves open is not part of the content, so that a retry after midnight is the same.
    ///
    /// # Errors
    /// [`Refusal::Missing`] without account, term or key; [`Refusal::BadName`], [`Refusal::BadText`], [`Refusal::ReservedKey`];
    /// [`Refusal::NotPositive`], [`Refusal::TooManyDecimals`], [`Refusal::AmountTooLarge`], [`Refusal::BalanceTooLarge`],
    /// [`Refusal::CurrencyMismatch`]; [`Refusal::UnknownAccount`], [`Refusal::UnknownTerm`], [`Refusal::Locked`];
    /// [`Refusal::KeyReused`] when the key recorded something else; and those that the kind has of its own.
    #[tracing::instrument(name = "bursar.record", skip_all, fields(book = %self.book))]
    pub async fn record(&self, draft: impl Into<Draft>) -> Result<Receipt, Error> {
        let prepared = self.prepare(&draft.into())?;
        if prepared.key().is_reserved() {
            return Err(Refusal::ReservedKey { key: prepared.key().clone() }.into());
        }
        self.record_at(prepared, None).await
    }

    /// Records a prepared entry, with how far a school file has been read if that is where it comes from.
    pub(crate) async fn record_at(
        &self,
        mut prepared: Prepared,
        mark: Option<FileMark>,
    ) -> Result<Receipt, Error> {
        let needs_balance = rule::needs_balance(&prepared.posting.entry.kind);
        let mut attempt = 0_u32;
        loop {
            let reads_first = needs_balance || prepared.billed_elsewhere || attempt > 0;
            if reads_first && let Some(receipt) = self.decide(&mut prepared, needs_balance).await? {
                self.keep_mark(mark).await?;
                return Ok(receipt);
            }
            self.assign_slot(&mut prepared).await?;
            match self.put(prepared.posting.clone(), mark.clone()).await {
                Ok(Some(position)) => return Ok(Receipt::of(prepared.posting.entry.at(position), false)),
                Ok(None) => {}
                // Sent again with the same key it is found, or recorded: once either way.
                Err(Error::UnknownOutcome { source, .. }) => {
                    tracing::warn!(error = %source, "the outcome of a recording is unknown; asking by its key");
                    if attempt > 3 {
                        return Err(Error::UnknownOutcome { key: Some(prepared.key().clone()), source });
                    }
                }
                Err(error) => return Err(error),
            }
            // The first reading after a refusal mostly says why; only a state that has changed since is tried again.
            if attempt > 0 {
                self.again(attempt).await?;
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Reads the state and lets the rule speak: a replayed receipt, a refusal, or nothing, when the posting may be tried (again).
    async fn decide(&self, prepared: &mut Prepared, needs_balance: bool) -> Result<Option<Receipt>, Error> {
        let decision = self.decision(&prepared.posting).await?;
        if let Some(there) = decision.same_key {
            return if prepared.says(&there) {
                // The id is this call's own when its answer was lost on the way and it asked again.
                let replayed = prepared.id_given || there.id != prepared.posting.entry.id;
                Ok(Some(Receipt::of(there, replayed)))
            } else {
                Err(Refusal::KeyReused { key: there.key.clone(), recorded: there.kind.as_str() }.into())
            };
        }
        let entry = &prepared.posting.entry;
        rule::check(entry, decision.state())?;
        if let Some(account) = decision.account.filter(|_| needs_balance) {
            rule::check_balance(&entry.kind, prepared.amount, &account)?;
            prepared.posting.version = Some(account.version);
        }
        Ok(None)
    }

    async fn decision(&self, posting: &Posting) -> Result<Decision, Error> {
        let entry = &posting.entry;
        let account = self.store.accounts(&self.book, std::slice::from_ref(&entry.account)).await?.pop();
        let reversed = match posting.reverses() {
            Some(of) => self.store.reversal_of(&self.book, &entry.account, of).await?.is_some(),
            None => false,
        };
        let calendar = self.state().await?.calendar;
        // Last: if the same request was recorded meanwhile, what it changed is seen together with its key, never without it.
        let same_key = self.store.entries_by_key(&self.book, std::slice::from_ref(&entry.key)).await?.pop();
        Ok(Decision { calendar, account, same_key, reversed })
    }

    /// A charge that was billed elsewhere takes its slot, if that is free. A group named as its origin must have such a fee.
    async fn assign_slot(&self, prepared: &mut Prepared) -> Result<(), Error> {
        let entry = &prepared.posting.entry;
        let EntryKind::Charge { code, origin, .. } = &entry.kind else { return Ok(()) };
        if !prepared.billed_elsewhere {
            return Ok(());
        }
        if let Some(group) = &origin.group {
            let key = FeeKey { term: entry.term, payer: Payer::Group(group.clone()), code: code.clone() };
            if self.find_fee(&key).await?.is_none() {
                self.state().await?.calendar.term(entry.term)?;
                return Err(key.unknown().into());
            }
        }
        let made = self.store.charges(&self.book, entry.term, std::slice::from_ref(&entry.account)).await?;
        prepared.take_slot(made.iter())?;
        Ok(())
    }

    async fn put(&self, posting: Posting, mark: Option<FileMark>) -> Result<Option<u32>, Error> {
        if mark.is_none() {
            return match self.store.post(&self.book, posting).await? {
                Posted::Admitted { position } => Ok(Some(position)),
                Posted::NotAdmitted => Ok(None),
            };
        }
        let changes = ChangeSet { postings: vec![posting], mark, ..ChangeSet::default() };
        match self.store.commit(&self.book, changes).await? {
            Committed::Admitted { positions } => Ok(positions.first().copied()),
            Committed::NotAdmitted => Ok(None),
        }
    }

    /// Undoes an entry by one that is its exact opposite, in the same term; every figure is then as if it had never been. An entry is
    /// reversed once, and a reversal is not reversed. Closed terms take reversals; a locked date does not.
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] or [`Refusal::UnknownEntry`], [`Refusal::AlreadyReversed`], [`Refusal::ReversesReversal`],
    /// [`Refusal::Locked`], [`Refusal::KeyReused`], [`Refusal::Missing`] without a key, [`Refusal::BadText`] without a reason.
    #[tracing::instrument(name = "bursar.reverse", skip_all, fields(book = %self.book))]
    pub async fn reverse(&self, reversal: Reversal) -> Result<Receipt, Error> {
        let key = reversal.key.clone().ok_or(Refusal::Missing { what: "idempotency key" })??;
        if key.is_reserved() {
            return Err(Refusal::ReservedKey { key }.into());
        }
        self.reverse_at(reversal, None).await
    }

    pub(crate) async fn reverse_at(
        &self,
        reversal: Reversal,
        mark: Option<FileMark>,
    ) -> Result<Receipt, Error> {
        let key = reversal.key.clone().ok_or(Refusal::Missing { what: "idempotency key" })??;
        check_text("reason", &reversal.reason, true)?;
        let target = self.target(&reversal.target).await?;
        if let EntryKind::Reversal { .. } = target.kind {
            return Err(Refusal::ReversesReversal {
                account: target.account.clone(),
                position: target.position,
            }
            .into());
        }
        let reason = Text::from(reversal.reason.as_str());
        let Provenance { id, recorded_at } = reversal.provenance;
        let entry = NewEntry {
            id: id.unwrap_or_else(|| self.store.new_id()),
            account: target.account.clone(),
            term: target.term,
            kind: EntryKind::Reversal { of: target.position, figure: target.kind.figure(), reason },
            effect: target.effect.checked_neg()?,
            effective_on: reversal.on.unwrap_or_else(|| self.today()),
            recorded_at: recorded_at.unwrap_or_else(|| self.now()),
            recorded_by: text(reversal.recorded_by.as_ref()).or_else(|| self.recorder()),
            key,
            note: text(reversal.note.as_ref()),
        };
        let (amount, dated) = (entry.effect, reversal.on.is_some());
        let prepared = Prepared {
            posting: Posting::new(entry),
            amount,
            dated,
            due_dated: true,
            billed_elsewhere: false,
            slot: None,
            id_given: id.is_some(),
        };
        self.record_at(prepared, mark).await
    }

    async fn target(&self, target: &Target) -> Result<Entry, Error> {
        match target {
            Target::Key(key) => {
                let key = key.clone()?;
                self.entry_by_key(&key).await?.ok_or_else(|| Refusal::UnknownKey { key }.into())
            }
            Target::Entry(account, position) => self.entry(&account.clone()?, *position).await,
        }
    }

    /// The entry recorded under a key, if any: the answer to an unknown outcome.
    ///
    /// # Errors
    /// None of its own.
    pub async fn entry_by_key(&self, key: &IdempotencyKey) -> Result<Option<Entry>, Error> {
        Ok(self.store.entries_by_key(&self.book, std::slice::from_ref(key)).await?.pop())
    }

    /// The entry that a receipt number names.
    ///
    /// # Errors
    /// [`Refusal::UnknownEntry`].
    pub async fn entry_by_receipt(&self, number: &ReceiptNumber) -> Result<Entry, Error> {
        self.entry(number.account(), number.position()).await
    }

    async fn entry(&self, account: &crate::AccountId, position: u32) -> Result<Entry, Error> {
        let unknown = || Refusal::UnknownEntry { account: account.clone(), position };
        let after = position.checked_sub(1).ok_or_else(unknown)?;
        let found = self.store.entries(&self.book, account, after, 1).await?.pop();
        found.filter(|entry| entry.position == position).ok_or_else(|| unknown().into())
    }

    /// Checks a draft and makes its posting: ids, instants and the default date are given here.
    pub(crate) fn prepare(&self, draft: &Draft) -> Result<Prepared, Refusal> {
        let (account, term, key) = (draft.account()?, draft.term()?, draft.key()?);
        draft.check_texts()?;
        let amount = draft.amount.in_currency(self.currency)?;
        let effective_on = draft.on.unwrap_or_else(|| self.today());
        let due_dated = matches!(draft.kind, DraftKind::Charge { due_on: Some(_), .. });
        let kind = self.kind_of(draft, effective_on)?;
        if kind.is_signed() {
            if amount.is_zero() {
                return Err(Refusal::ZeroAmount { what: kind.as_str() });
            }
            check_cap(amount)?;
        } else {
            check_amount(kind.as_str(), amount)?;
        }
        let effect = if kind.lowers() { amount.checked_neg()? } else { amount };
        let Provenance { id, recorded_at } = draft.provenance;
        let entry = NewEntry {
            id: id.unwrap_or_else(|| self.store.new_id()),
            account,
            term,
            kind,
            effect,
            effective_on,
            recorded_at: recorded_at.unwrap_or_else(|| self.now()),
            recorded_by: text(draft.recorded_by.as_ref()).or_else(|| self.recorder()),
            key,
            note: text(draft.note.as_ref()),
        };
        let billed = match &draft.kind {
            DraftKind::Charge { billed, .. } => billed.as_ref(),
            _ => None,
        };
        Ok(Prepared {
            posting: Posting::new(entry),
            amount,
            dated: draft.on.is_some(),
            due_dated,
            billed_elsewhere: billed.is_some(),
            slot: billed.and_then(|from| from.slot),
            id_given: id.is_some(),
        })
    }

    fn kind_of(&self, draft: &Draft, effective_on: chrono::NaiveDate) -> Result<EntryKind, Refusal> {
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
}

fn text(given: Option<&String>) -> Option<Text> {
    given.map(|given| Text::from(given.as_str()))
}
