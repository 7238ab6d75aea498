//! Setting up: terms, fees, and the lock. Every call can be repeated at each start of the application.

use chrono::NaiveDate;

use super::Ledger;
use super::attempts::Attempts;
use crate::amount::Amount;
use crate::fee::DueFee;
use crate::name::IntoName;
use crate::store::{Book, BookChange, ChangeSet, Committed, FileMark};
use crate::{Error, Fee, FeeCode, FeeGroup, FeeKey, LedgerStore, NewFee, Payer, Refusal, Term, TermId};

impl<S: LedgerStore> Ledger<S> {
    /// Defines a term. Defining it again just so changes nothing.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let second = Term::new(TermId::new(2026, 2)?, date("2026-05-04")?, date("2026-08-06")?)?;
    /// school.define_term(second.clone()).await?;
    /// // At the next start of the application it is defined again, and nothing happens.
    /// school.define_term(second).await?;
    /// let fourth = Term::new(TermId::new(2026, 4)?, date("2026-09-07")?, date("2026-12-03")?)?;
    /// let refused = school.define_term(fourth).await.unwrap_err();
    /// assert_eq!(refused.to_string(), "term 2026-4 is out of order: define term 2026-3 first");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::TermExists`] when it is there with other dates or another name; [`Refusal::TermOutOfOrder`] when the term before
    /// it in its year is missing, or its dates disagree with the order of the terms; [`Refusal::TermOverlaps`].
    #[tracing::instrument(name = "bursar.define_term", skip_all, fields(book = %self.book, term = %term.id))]
    pub async fn define_term(&self, term: Term) -> Result<(), Error> {
        self.define_term_at(term, None).await
    }

    pub(crate) async fn define_term_at(&self, mut term: Term, mark: Option<FileMark>) -> Result<(), Error> {
        term.closed = false;
        self.change_book(mark, |book| {
            let change = BookChange::DefineTerm(term.clone());
            Ok(book.calendar.define(&term)?.then_some(change))
        })
        .await
    }

    /// Closes a term as of today. See [`close_term_on`](Ledger::close_term_on).
    ///
    /// # Errors
    /// Those of [`close_term_on`](Ledger::close_term_on).
    pub async fn close_term(&self, term: TermId) -> Result<(), Error> {
        self.close_term_on(term, self.today()).await
    }

    /// Closes a term: it takes no further charges, but payments, reversals and adjustments still, since arrears are cleared late. Which
    /// term is current stays as it is. Closing a closed term changes nothing.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.close_term_on(term, date("2026-04-10")?).await?;
    /// // Arrears are cleared late; charges come too late.
    /// school.pay(Payment::cash(dec!(120)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// let charge = Charge::of("trip", dec!(15)).to("s-17").for_term(term).key("trip-1");
    /// assert_eq!(school.charge(charge).await.unwrap_err().refusal().map(Refusal::code), Some("term-closed"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::Locked`] when the day is locked.
    #[tracing::instrument(name = "bursar.close_term", skip_all, fields(book = %self.book, %term))]
    pub async fn close_term_on(&self, term: TermId, on: NaiveDate) -> Result<(), Error> {
        self.close_term_at(term, on, None).await
    }

    pub(crate) async fn close_term_at(
        &self,
        term: TermId,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<(), Error> {
        self.change_book(mark, |book| {
            if book.calendar.term(term)?.closed {
                return Ok(None);
            }
            book.calendar.unlocked(on)?;
            Ok(Some(BookChange::CloseTerm(term)))
        })
        .await
    }

    /// Locks the book through a day, inclusive: nothing with an effective date on or before it is recorded afterwards. A lock is never
    /// taken back: an earlier day than the present lock's changes nothing. Gives the day through which the book is then locked.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // The figures to the end of January are with the auditor.
    /// school.lock_through(date("2026-01-31")?).await?;
    /// let late = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-01-31")?);
    /// assert_eq!(school.pay(late).await.unwrap_err().refusal().map(Refusal::code), Some("locked"));
    /// // A lock is not taken back.
    /// assert_eq!(school.lock_through(date("2026-01-15")?).await?, date("2026-01-31")?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// None of its own.
    #[tracing::instrument(name = "bursar.lock", skip_all, fields(book = %self.book, %through))]
    pub async fn lock_through(&self, through: NaiveDate) -> Result<NaiveDate, Error> {
        self.lock_at(through, None).await?;
        Ok(self.state().await?.calendar.locked_through().unwrap_or(through))
    }

    pub(crate) async fn lock_at(&self, through: NaiveDate, mark: Option<FileMark>) -> Result<(), Error> {
        self.change_book(mark, |book| {
            let later = book.calendar.locked_through().is_none_or(|locked| locked < through);
            Ok(later.then_some(BookChange::LockThrough(through)))
        })
        .await
    }

    /// Prices a fee of a group, due at the term's start. See [`define_fee`](Ledger::define_fee) for the rest.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.set_fee(term, "ECD", "tuition", dec!(95)).await?;
    /// // Nobody has been charged it yet, so that it may still be edited; PRIMARY's has been.
    /// school.set_fee(term, "ECD", "tuition", dec!(90)).await?;
    /// let charged = school.set_fee(term, "PRIMARY", "tuition", dec!(130)).await.unwrap_err();
    /// assert_eq!(charged.refusal().map(Refusal::code), Some("fee-charged"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`define_fee`](Ledger::define_fee).
    pub async fn set_fee(
        &self,
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
    ) -> Result<(), Error> {
        self.define_fee(NewFee::of_group(term, group, code, amount)).await
    }

    /// Prices a fee of a group or of one account. Pricing it again just so changes nothing; at another price or with other due dates it
    /// is edited, as long as it has not been charged.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let bus = NewFee::of_account(term, "s-17", "bus", dec!(35))
    ///     .in_instalments([date("2026-02-02")?, date("2026-03-02")?]);
    /// school.define_fee(bus).await?;
    /// school.activate_on(term, date("2026-01-13")?).await?;
    /// assert_eq!(school.term_balance("s-17", term).await?.term_fee.to_string(), "155.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::UnknownAccount`] for an account's own fee,
    /// [`Refusal::FeeCharged`] (reprice it instead), [`Refusal::BadInstalments`], [`Refusal::BadName`], and those of an amount:
    /// [`Refusal::NotPositive`], [`Refusal::TooManyDecimals`], [`Refusal::AmountTooLarge`], [`Refusal::CurrencyMismatch`].
    #[tracing::instrument(name = "bursar.define_fee", skip_all, fields(book = %self.book))]
    pub async fn define_fee(&self, fee: NewFee) -> Result<(), Error> {
        self.define_fee_at(fee, None).await
    }

    pub(crate) async fn define_fee_at(&self, fee: NewFee, mark: Option<FileMark>) -> Result<(), Error> {
        let due_fee = fee.in_book(self.currency)?;
        if let Payer::Account(account) = &due_fee.key.payer {
            self.account(account).await?;
        }
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            let change = self.fee_change(&book, &due_fee).await?;
            if self.commit_book(&book, change, mark.clone()).await? {
                return Ok(());
            }
            attempts.again(self).await?;
        }
    }

    async fn fee_change(&self, book: &Book, due_fee: &DueFee) -> Result<Option<BookChange>, Error> {
        let fee = due_fee.in_term(book.calendar.term(due_fee.key.term)?);
        let there = self.find_fee(&fee.key).await?;
        let same = |there: &Fee| {
            there.instalments == fee.instalments
                && due_fee.revision.unwrap_or(there.revision) == there.revision
        };
        if there.as_ref().is_some_and(same) {
            return Ok(None);
        }
        book.calendar.open_term(fee.key.term, "fees")?;
        let Some(there) = there else {
            return Ok(Some(BookChange::AddFee(fee)));
        };
        if self.store.fee_charged(&self.book, &fee.key).await? {
            let price = there.price(self.currency)?;
            let (payer, FeeKey { term, code, .. }) = (fee.key.payer.to_string(), fee.key);
            return Err(Refusal::FeeCharged { term, payer, code, price }.into());
        }
        let revision = due_fee.revision.unwrap_or(there.revision);
        Ok(Some(BookChange::EditFee(Fee { revision, ..fee })))
    }

    pub(crate) async fn find_fee(&self, key: &FeeKey) -> Result<Option<Fee>, Error> {
        let fees = self.store.fees_of(&self.book, key.term, std::slice::from_ref(&key.payer)).await?;
        Ok(fees.into_iter().find(|fee| fee.key == *key))
    }

    /// Decides a change of the book on its present state and commits it against that state's version, until one holds.
    pub(crate) async fn change_book(
        &self,
        mark: Option<FileMark>,
        decide: impl Fn(&Book) -> Result<Option<BookChange>, Refusal>,
    ) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            let change = decide(&book)?;
            if self.commit_book(&book, change, mark.clone()).await? {
                return Ok(());
            }
            attempts.again(self).await?;
        }
    }

    async fn commit_book(
        &self,
        book: &Book,
        change: Option<BookChange>,
        mark: Option<FileMark>,
    ) -> Result<bool, Error> {
        if change.is_none() && mark.is_none() {
            return Ok(true);
        }
        let book_version = change.is_some().then_some(book.version);
        let changes =
            ChangeSet { book_version, book: change.into_iter().collect(), mark, ..ChangeSet::default() };
        Ok(self.store.commit(&self.book, changes).await? != Committed::NotAdmitted)
    }

    /// Keeps how far a school file has been read, with nothing else.
    pub(crate) async fn keep_mark(&self, mark: Option<FileMark>) -> Result<(), Error> {
        if mark.is_some() {
            let changes = ChangeSet { mark, ..ChangeSet::default() };
            self.store.commit(&self.book, changes).await?;
        }
        Ok(())
    }
}
