//! Recording: payments, charges and the other entries, each once for its key (B7).

use super::Ledger;
use super::attempts::Attempts;
use super::prepared::Prepared;
use crate::draft::Draft;
use crate::rule::{self, Posting, State};
use crate::store::{ChangeSet, Committed, FileMark, Posted};
use crate::{
    Account, Adjustment, Calendar, Charge, Concession, Entry, EntryKind, Error, FeeKey, LedgerStore,
    OpeningBalance, Payer, Payment, Receipt, Refund, Refusal, WriteOff,
};

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
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");
    /// let receipt = school.pay(payment.clone()).await?;
    /// // The clerk presses "save" again: the first receipt comes back.
    /// let again = school.pay(payment).await?;
    /// assert!(again.replayed && again.number == receipt.number);
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "40.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::TermAfterCurrent`], and those of [`record`](Ledger::record).
    pub async fn pay(&self, payment: Payment) -> Result<Receipt, Error> {
        self.record(payment).await
    }

    /// Records a charge by hand.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let charge = Charge::of("trip", dec!(15)).to("s-17").for_term(term).key("trip-s-17").due_on(date("2026-03-02")?);
    /// school.charge(charge).await?;
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "135.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::TermClosed`]; for one [billed elsewhere](Charge::billed_from) [`Refusal::UnknownFee`] without such a fee, and
    /// [`Refusal::AlreadyBilled`]; and those of [`record`](Ledger::record).
    pub async fn charge(&self, charge: Charge) -> Result<Receipt, Error> {
        self.record(charge).await
    }

    /// Records arrears or credit brought in from elsewhere.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let owed = OpeningBalance::of(dec!(35), "owed from 2025").account("s-17").for_term(term).key("arrears-s-17");
    /// school.bring_in(owed).await?;
    /// assert_eq!(school.term_balance("s-17", term).await?.brought_forward.to_string(), "35.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::ZeroAmount`], and those of [`record`](Ledger::record).
    pub async fn bring_in(&self, opening: OpeningBalance) -> Result<Receipt, Error> {
        self.record(opening).await
    }

    /// Records a scholarship, waiver, discount or goodwill.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let waived = Concession::of(ConcessionKind::Waiver, dec!(20), "the roof of the family's house is gone")
    ///     .account("s-17")
    ///     .for_term(term)
    ///     .key("waiver-7");
    /// school.concede(waived).await?;
    /// assert_eq!(school.term_balance("s-17", term).await?.term_fee.to_string(), "100.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`record`](Ledger::record).
    pub async fn concede(&self, concession: Concession) -> Result<Receipt, Error> {
        self.record(concession).await
    }

    /// Records a signed correction.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let less = Adjustment::of(dec!(-2.50), "the bank's charges are the school's").account("s-17").for_term(term).key("adjust-1");
    /// school.adjust(less).await?;
    /// assert_eq!(school.term_balance("s-17", term).await?.total_due.to_string(), "117.50");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::ZeroAmount`], and those of [`record`](Ledger::record).
    pub async fn adjust(&self, adjustment: Adjustment) -> Result<Receipt, Error> {
        self.record(adjustment).await
    }

    /// Gives up a debt, at most what the whole account owes.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let all = WriteOff::of(dec!(120), "the family has moved abroad").account("s-17").for_term(term).key("write-off-1");
    /// school.write_off(all).await?;
    /// let more = WriteOff::of(dec!(1), "and one more").account("s-17").for_term(term).key("write-off-2");
    /// let refused = school.write_off(more).await.unwrap_err();
    /// assert_eq!(refused.refusal().map(Refusal::code), Some("exceeds-outstanding"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::ExceedsOutstanding`], and those of [`record`](Ledger::record).
    pub async fn write_off(&self, write_off: WriteOff) -> Result<Receipt, Error> {
        self.record(write_off).await
    }

    /// Gives money back, at most the credit of the whole account.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::bank(dec!(150)).from("s-17").for_term(term).key("bank-0001")).await?;
    /// let credit = school.account("s-17").await?.credit();
    /// school.refund(Refund::by(Method::Bank, credit).to("s-17").for_term(term).key("refund-1")).await?;
    /// assert!(school.account("s-17").await?.balance.is_zero());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::ExceedsCredit`], and those of [`record`](Ledger::record).
    pub async fn refund(&self, refund: Refund) -> Result<Receipt, Error> {
        self.record(refund).await
    }

    /// Records an entry of any kind once for its key: sent again with the same content it gives back the first receipt, marked as
    /// replayed. A date that the caller leaves open is not part of the content, so that a retry after midnight is the same.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // What a form asks for, whatever its kind.
    /// let payment = Payment::cash(dec!(80)).account("s-17").for_term(term).key("form-1");
    /// let charge = Charge::of("trip", dec!(15)).account("s-17").for_term(term).key("form-2");
    /// for draft in [Draft::from(payment), Draft::from(charge)] {
    ///     school.record(draft).await?;
    /// }
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "55.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::Missing`] without account, term or key; [`Refusal::BadName`], [`Refusal::BadText`], [`Refusal::ReservedKey`];
    /// [`Refusal::NotPositive`], [`Refusal::TooManyDecimals`], [`Refusal::AmountTooLarge`], [`Refusal::BalanceTooLarge`],
    /// [`Refusal::CurrencyMismatch`]; [`Refusal::UnknownAccount`], [`Refusal::UnknownTerm`], [`Refusal::Locked`];
    /// [`Refusal::KeyReused`] when the key recorded something else; and those that the kind has of its own.
    #[tracing::instrument(name = "bursar.record", skip_all, fields(book = %self.book))]
    pub async fn record(&self, draft: impl Into<Draft>) -> Result<Receipt, Error> {
        let prepared = self.prepare(&draft.into())?;
        prepared.key().check_callers_own()?;
        self.record_at(prepared, None).await
    }

    /// Records a prepared entry, with how far a school file has been read if that is where it comes from.
    pub(crate) async fn record_at(
        &self,
        mut prepared: Prepared,
        mark: Option<FileMark>,
    ) -> Result<Receipt, Error> {
        let needs_balance = rule::needs_balance(&prepared.posting.entry.kind);
        let mut attempts = Attempts::default();
        loop {
            let reads_first = needs_balance || prepared.billed_elsewhere || !attempts.is_first();
            if reads_first && let Some(receipt) = self.decide(&mut prepared, needs_balance).await? {
                self.keep_mark(mark).await?;
                return Ok(receipt);
            }
            self.assign_slot(&mut prepared).await?;
            match self.put(prepared.posting.clone(), mark.clone()).await {
                Ok(Some(position)) => return Ok(Receipt::of(prepared.posting.entry.at(position), false)),
                Ok(None) => {}
                Err(error) => attempts.unless_unknown(error, Some(prepared.key()))?,
            }
            // The first reading after a refusal mostly says why; only a state that has changed since is tried again.
            if attempts.is_first() {
                attempts.at_once();
            } else {
                attempts.again(self).await?;
            }
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
            rule::check_balance(entry, &account)?;
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
}
