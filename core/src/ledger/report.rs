//! Reports: statements, agings and term summaries, drawn up when they are asked for.

use std::collections::VecDeque;

use super::{Ledger, PAGE_MAX, is_full};
#[cfg(doc)]
use crate::Refusal;
use crate::aging::aging_day;
use crate::name::IntoName;
use crate::store::{AgedRow, AgingOrder};
use crate::{
    AccountAging, AccountId, Aging, Allocation, AsOf, BookAging, Buckets, Entry, Error, LedgerStore,
    PrintedReceipt, ReceiptNumber, Span, Statement, TermId, TermSummary,
};

impl<S: LedgerStore> Ledger<S> {
    /// The statement of an account for a term, some terms, some days, or everything: see [`Span`].
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-02-01")?)).await?;
    /// let statement = school.statement("s-17", term).await?;
    /// assert_eq!((statement.lines.len(), statement.closing.to_string()), (2, "40.00".into()));
    /// assert_eq!(statement.outstanding()?, statement.closing);
    /// println!("{statement}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`]; [`Refusal::UnknownTerm`] when the first or last term is not defined.
    pub async fn statement(
        &self,
        account: impl IntoName<AccountId>,
        span: impl Into<Span>,
    ) -> Result<Statement, Error> {
        self.statement_as_of(account, span, AsOf::ALL).await
    }

    /// The statement as it would have been drawn up on a day, and as it was recorded by an instant.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-02-01")?)).await?;
    /// // As the family had it at the end of January.
    /// let january = school.statement_as_of("s-17", term, date("2026-01-31")?).await?;
    /// assert_eq!(january.closing.to_string(), "120.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`statement`](Ledger::statement).
    pub async fn statement_as_of(
        &self,
        account: impl IntoName<AccountId>,
        span: impl Into<Span>,
        as_of: impl Into<AsOf>,
    ) -> Result<Statement, Error> {
        let (account, span) = (account.into_name()?, span.into());
        if let Span::Terms { first, last } = span {
            let calendar = self.state().await?.calendar;
            calendar.term(first)?;
            calendar.term(last)?;
        }
        let entries = self.all_entries(&account).await?;
        Ok(Statement::of(&account, span, as_of.into(), entries, self.currency)?)
    }

    /// Which credits of an account settle which of its debits.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let trip = Charge::of("trip", dec!(15)).to("s-17").for_term(term).key("trip-1").due_on(date("2026-03-02")?);
    /// school.charge(trip).await?;
    /// school.pay(Payment::cash(dec!(125)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// // The tuition fell due first, and is settled first.
    /// let debits = school.allocation("s-17").await?.debits;
    /// assert_eq!(debits.iter().map(|debit| debit.settled.to_string()).collect::<Vec<_>>(), ["120.00", "5.00"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub async fn allocation(&self, account: impl IntoName<AccountId>) -> Result<Allocation, Error> {
        self.allocation_as_of(account, AsOf::ALL).await
    }

    /// Which credits of an account settled which of its debits as of a day.
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`].
    pub async fn allocation_as_of(
        &self,
        account: impl IntoName<AccountId>,
        as_of: impl Into<AsOf>,
    ) -> Result<Allocation, Error> {
        let entries = self.all_entries(&account.into_name()?).await?;
        Ok(Allocation::of(&as_of.into().of(entries), self.currency)?)
    }

    /// What was or is outstanding on an account as of a day, by how long it was overdue then.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let aging = school.aging("s-17", date("2026-02-28")?, &Buckets::default()).await?;
    /// // Due on 12 January: 47 days overdue.
    /// assert_eq!((aging.overdue[1].to_days, aging.overdue[1].amount.to_string()), (Some(60), "120.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`]; [`Refusal::NoDay`] when `as_of` has no day.
    pub async fn aging(
        &self,
        account: impl IntoName<AccountId>,
        as_of: impl Into<AsOf>,
        buckets: &Buckets,
    ) -> Result<Aging, Error> {
        let entries = self.all_entries(&account.into_name()?).await?;
        Ok(Aging::of(&entries, as_of.into(), buckets, self.currency)?)
    }

    /// The aging of every account as of a day, in byte order of accounts, read page by page as they are asked for. Accounts that owed
    /// nothing are among them.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let mut agings = school.agings(date("2026-02-28")?, &Buckets::new([45])?)?;
    /// while let Some(one) = agings.next().await? {
    ///     println!("{} owes {} for more than 45 days", one.account, one.aging.overdue[1].amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::NoDay`] when `as_of` has no day.
    pub fn agings(&self, as_of: impl Into<AsOf>, buckets: &Buckets) -> Result<Agings<'_, S>, Error> {
        let as_of = as_of.into();
        let order = AgingOrder { as_of, floors: buckets.floors(aging_day(as_of)?) };
        let (page, after) = (VecDeque::new(), None);
        Ok(Agings { ledger: self, order, buckets: buckets.clone(), page, after, done: false })
    }

    /// The aging of the whole book as of a day: the sum of its accounts'.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// let aging = school.book_aging(date("2026-02-28")?, &Buckets::default()).await?;
    /// assert_eq!((aging.owing, aging.aging.outstanding.to_string()), (1, "120.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::NoDay`] when `as_of` has no day; [`Refusal::Overflow`].
    pub async fn book_aging(&self, as_of: impl Into<AsOf>, buckets: &Buckets) -> Result<BookAging, Error> {
        let as_of = as_of.into();
        let mut whole = BookAging::nothing(as_of, buckets, self.currency);
        let mut agings = self.agings(as_of, buckets)?;
        while let Some(one) = agings.next().await? {
            whole.add(&one.aging)?;
        }
        Ok(whole)
    }

    /// The receipt of a payment or a refund, by its number: typed in, say, from a slip that somebody brings along. The check character is
    /// verified.
    ///
    /// ```
    /// use bursar::{Currency, Ledger, Payment, Term, TermId, date};
    /// use bursar_store_memory::MemoryStore;
    /// use rust_decimal_macros::dec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.enrol("s-17", ["PRIMARY"], date("2026-01-12")?).await?;
    /// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");
    /// let number = school.pay(payment.on(date("2026-02-01")?)).await?.number;
    /// let printed = school.receipt(&number).await?;
    /// assert_eq!((printed.left.to_string(), printed.balance.to_string()), ("80.00".into(), "-80.00".into()));
    /// assert!(printed.to_string().contains("received    80.00 USD"));
    /// // Two digits swapped in typing.
    /// let refused = school.receipt("s-71/1-5").await.unwrap_err();
    /// assert_eq!(refused.refusal().map(|refusal| refusal.code()), Some("bad-receipt"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::BadReceipt`] for what is no receipt number; [`Refusal::UnknownEntry`] for one of no entry of this book;
    /// [`Refusal::NoReceipt`] for one of an entry that is neither a payment nor a refund.
    pub async fn receipt(&self, number: impl IntoName<ReceiptNumber>) -> Result<PrintedReceipt, Error> {
        let number = number.into_name()?;
        let (account, position) = (number.account().clone(), number.position());
        let entries = self.entries_to(&account, position).await?;
        let reversal = match self.store.reversal_of(&self.book, &account, position).await? {
            Some(at) => Some(self.entry_by_receipt(&ReceiptNumber::new(account, at)).await?),
            None => None,
        };
        Ok(PrintedReceipt::of(number, self.book.clone(), &entries, reversal)?)
    }

    /// The entries of an account up to a position, page after page.
    async fn entries_to(&self, account: &AccountId, last: u32) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.position);
            let limit = last.saturating_sub(after).min(PAGE_MAX);
            let page = self.store.entries(&self.book, account, after, limit).await?;
            if page.is_empty() {
                return Ok(entries);
            }
            entries.extend(page);
        }
    }

    /// A term of the whole book: how much was charged, conceded, collected and is outstanding, by status and by fee groups.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(90)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// let summary = school.term_summary(term).await?;
    /// assert_eq!(summary.total.amount_paid.to_string(), "90.00");
    /// assert_eq!(summary.total.collection_rate().to_string(), "75.0 %");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::Overflow`].
    pub async fn term_summary(&self, term: TermId) -> Result<TermSummary, Error> {
        self.state().await?.calendar.term(term)?;
        let mut summary = TermSummary::nothing(term, self.currency);
        let mut after: Option<AccountId> = None;
        loop {
            let page = self.store.summary_rows(&self.book, term, after.as_ref(), PAGE_MAX).await?;
            let full = is_full(page.len(), PAGE_MAX);
            after = page.last().map(|row| row.account.clone());
            for row in page {
                summary.add(row, self.currency)?;
            }
            if !full {
                return Ok(summary);
            }
        }
    }
}

/// The aging of every account, read page by page.
#[derive(Debug)]
pub struct Agings<'a, S> {
    ledger: &'a Ledger<S>,
    order: AgingOrder,
    buckets: Buckets,
    page: VecDeque<AgedRow>,
    after: Option<AccountId>,
    done: bool,
}

impl<S: LedgerStore> Agings<'_, S> {
    /// The next account's aging, or `None` after the last.
    ///
    /// # Errors
    /// [`Error::Store`] when a page cannot be read, after which it may be asked again; [`Refusal::Overflow`].
    pub async fn next(&mut self) -> Result<Option<AccountAging>, Error> {
        let Ledger { store, book, currency, .. } = self.ledger;
        if self.page.is_empty() && !self.done {
            let page = store.aged_rows(book, &self.order, self.after.as_ref(), PAGE_MAX).await?;
            self.done = !is_full(page.len(), PAGE_MAX);
            self.after = page.last().map(|row| row.account.clone());
            self.page = page.into();
        }
        let Some(AgedRow { account, totals }) = self.page.pop_front() else { return Ok(None) };
        let aging = Aging::derive(&totals, self.order.as_of, &self.buckets, *currency)?;
        Ok(Some(AccountAging { account, aging }))
    }
}
