//! The ledger: the calls that an application makes, each decided by a rule and kept by a store.

mod accounts;
mod bill;
mod debtors;
mod grant;
mod household;
mod late_fees;
mod read;
pub(crate) mod record;
mod report;
mod set_work;
mod setup;
pub(crate) mod slot;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, Offset, SubsecRound, Utc};

pub use accounts::Enrolled;
pub(crate) use accounts::new_account;
pub use bill::Repricing;
pub use debtors::DebtorPage;
pub use grant::GrantReport;
pub use late_fees::{LateFeeReport, SkippedLateFee};
pub use read::{BookBalance, TermBalances};
pub use report::Agings;
pub use set_work::RunProgress;

use crate::name::check_text;
use crate::store::Book;
use crate::{BillingPolicy, BookId, Currency, Error, IntoName, LedgerStore, Refusal, StandardPolicy, Text};

/// The most rows that one page of a listing holds.
pub const PAGE_MAX: u32 = 10_000;

/// How often a call is decided anew when others change the same records at the same time.
const ATTEMPTS_MAX: u32 = 32;

/// One book over a store: bills terms, takes payments, carries arrears and credit from term to term, and says who owes what.
///
/// It keeps no state of its own: every call reads what it decides on, and any number of ledgers, tasks and processes may work on one
/// book. Cloning it is cheap where cloning the store is.
///
/// Instants are UTC. Days (`on`, due dates, `as_of`) are days of the school's calendar; where a caller gives none it is today in the
/// ledger's [time zone](Ledger::with_time_zone), UTC unless set.
///
/// # Errors
///
/// A rule refuses with [`Error::Refused`], having recorded nothing. Every call may end with [`Error::Store`] when the store cannot do its
/// part, and a call that writes with [`Error::Conflict`] or [`Error::UnknownOutcome`]; these are not said again on each.
pub struct Ledger<S> {
    pub(crate) store: S,
    pub(crate) book: BookId,
    pub(crate) currency: Currency,
    policy: Arc<dyn BillingPolicy>,
    offset: FixedOffset,
    recorder: Option<Text>,
}

impl<S: Clone> Clone for Ledger<S> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            book: self.book.clone(),
            policy: Arc::clone(&self.policy),
            recorder: self.recorder.clone(),
            ..*self
        }
    }
}

impl<S> std::fmt::Debug for Ledger<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("book", &self.book)
            .field("currency", &self.currency)
            .finish_non_exhaustive()
    }
}

impl<S: LedgerStore> Ledger<S> {
    /// Opens a book in a store, and creates it where it does not exist.
    ///
    /// # Errors
    /// [`Refusal::CurrencyMismatch`] when the book exists in another currency.
    pub async fn open(store: S, book: impl IntoName<BookId>, currency: Currency) -> Result<Self, Error> {
        let book = book.into_name()?;
        let there = store.open_book(&book, currency).await?;
        if there.currency != currency {
            return Err(Refusal::CurrencyMismatch { expected: there.currency, given: currency }.into());
        }
        Ok(Self::over(store, book, currency))
    }

    /// Opens a book that exists, in the currency that it has.
    ///
    /// # Errors
    /// [`Refusal::UnknownBook`].
    pub async fn open_existing(store: S, book: impl IntoName<BookId>) -> Result<Self, Error> {
        let book = book.into_name()?;
        match store.book(&book).await? {
            Some(there) => Ok(Self::over(store, book, there.currency)),
            None => Err(Refusal::UnknownBook { book }.into()),
        }
    }

    fn over(store: S, book: BookId, currency: Currency) -> Self {
        Self { store, book, currency, policy: Arc::new(StandardPolicy), offset: Utc.fix(), recorder: None }
    }

    /// The ledger with a billing policy of the application's own.
    #[must_use]
    pub fn with_policy(mut self, policy: impl BillingPolicy + 'static) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// The ledger with the offset from UTC by which today is told.
    #[must_use]
    pub fn with_time_zone(mut self, offset: FixedOffset) -> Self {
        self.offset = offset;
        self
    }

    /// The ledger of one who records: every entry that is made through it bears this name, those of billing, repricing and rules too,
    /// unless a draft names somebody else.
    ///
    /// ```
    /// # use bursar::{Currency, Ledger, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    /// school.clone().recorded_by("clerk-7")?.activate(term).await?;
    /// assert_eq!(school.entries("s-17", 0, 1).await?[0].recorded_by.as_deref(), Some("clerk-7"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::BadText`] for a name that is empty, too long, or of control characters.
    pub fn recorded_by(mut self, who: &str) -> Result<Self, Refusal> {
        check_text("name of who recorded it", who, true)?;
        self.recorder = Some(who.into());
        Ok(self)
    }

    /// Who records, where a draft does not say it.
    fn recorder(&self) -> Option<Text> {
        self.recorder.clone()
    }

    /// The same book through another store: one inside a transaction of the caller's own, say (S6).
    pub fn through<T: LedgerStore>(&self, store: T) -> Ledger<T> {
        Ledger {
            store,
            book: self.book.clone(),
            currency: self.currency,
            policy: Arc::clone(&self.policy),
            offset: self.offset,
            recorder: self.recorder.clone(),
        }
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The book.
    pub const fn book_id(&self) -> &BookId {
        &self.book
    }

    /// The book's currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Today in the ledger's time zone.
    pub fn today(&self) -> NaiveDate {
        self.store.now().with_timezone(&self.offset).date_naive()
    }

    /// The instant of a recording: to the microsecond, which is what stores and files keep.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.store.now().trunc_subsecs(6)
    }

    pub(crate) fn policy(&self) -> &dyn BillingPolicy {
        &*self.policy
    }

    pub(crate) async fn state(&self) -> Result<Book, Error> {
        let book = self.store.book(&self.book).await?;
        book.ok_or_else(|| Refusal::UnknownBook { book: self.book.clone() }.into())
    }

    /// Waits a random while, longer from try to try, before a call is decided anew; an error after the last.
    pub(crate) async fn again(&self, attempt: u32) -> Result<(), Error> {
        const UNIT_MICROS: u64 = 500;
        if attempt.saturating_add(1) >= ATTEMPTS_MAX {
            return Err(Error::Conflict { attempts: ATTEMPTS_MAX });
        }
        let most = UNIT_MICROS.saturating_mul(1 << attempt.min(7));
        let random = self.store.new_id().as_u64_pair().1;
        let jitter = random.checked_rem(most).unwrap_or(0);
        tracing::debug!(attempt, "decided anew: others changed the same records");
        self.store.pause(Duration::from_micros(jitter)).await;
        Ok(())
    }
}
