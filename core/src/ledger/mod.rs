//! The ledger: the calls that an application makes, each decided by a rule and kept by a store.

mod accounts;
pub(crate) mod attempts;
mod bill;
mod debtors;
mod grant;
mod household;
mod late_fees;
mod line;
pub(crate) mod prepared;
mod read;
mod record;
mod report;
mod reprice;
mod reverse;
mod set_work;
mod setup;
pub(crate) mod slot;

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, Offset, SubsecRound, Utc};

pub use accounts::Enrolled;
pub(crate) use accounts::new_account;
pub use debtors::DebtorPage;
pub use grant::GrantReport;
pub use late_fees::{LateFeeReport, SkippedLateFee};
pub use read::{BookBalance, TermBalances};
pub use report::Agings;
pub use reprice::Repricing;
pub use set_work::RunProgress;

use crate::name::check_text;
use crate::store::Book;
use crate::{BillingPolicy, BookId, Currency, Error, IntoName, LedgerStore, Refusal, StandardPolicy, Text};

/// The most rows that one page of a listing holds.
pub const PAGE_MAX: u32 = 10_000;

/// Whether a page of so many rows may have another after it.
pub(crate) fn is_full(rows: usize, limit: u32) -> bool {
    u32::try_from(rows).map_or(true, |rows| rows >= limit)
}

/// One book over a store: bills terms, takes payments, carries arrears and credit from term to term, and says who owes what.
///
/// It keeps no state of its own: every call reads what it decides on, and any number of ledgers, tasks and processes may work on one
/// book. Cloning it is cheap where cloning the store is.
///
/// Instants are UTC. Days (`on`, due dates, `as_of`) are days of the school's calendar; where a caller gives none it is today in the
/// ledger's [time zone](Ledger::with_time_zone), UTC unless set.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// // Whoever sits at the till works through a ledger of the same book that says so.
/// let till = school.clone().recorded_by("clerk-7")?;
/// let receipt = till.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// assert_eq!(receipt.entry.recorded_by.as_deref(), Some("clerk-7"));
/// assert_eq!(school.account("s-17").await?.balance.to_string(), "40.00");
/// # Ok(())
/// # }
/// ```
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
    /// ```
    /// use bursar::{Currency, Ledger, Refusal};
    /// use bursar_store_memory::MemoryStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// let store = MemoryStore::new();
    /// Ledger::open(store.clone(), "hillside", Currency::USD).await?;
    /// let other = Ledger::open(store, "hillside", Currency::KES).await.unwrap_err();
    /// assert_eq!(other.refusal().map(Refusal::code), Some("currency-mismatch"));
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```
    /// use bursar::{Ledger, Refusal};
    /// use bursar_store_memory::MemoryStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// // A program that only reports creates no book by a slip of the pen.
    /// let absent = Ledger::open_existing(MemoryStore::new(), "hilside").await.unwrap_err();
    /// assert_eq!(absent.refusal().map(Refusal::code), Some("unknown-book"));
    /// # }
    /// ```
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
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// use bursar::{Account, BillingPolicy, Fee, Instalment, SkipReason, StandardPolicy, Term};
    /// use chrono::NaiveDate;
    ///
    /// /// Who joins after a term has begun pays half.
    /// struct HalfForJoiners;
    ///
    /// impl BillingPolicy for HalfForJoiners {
    ///     fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason> {
    ///         StandardPolicy.eligible(account, term, on)
    ///     }
    ///
    ///     fn instalments(&self, account: &Account, term: &Term, fee: &Fee, on: NaiveDate) -> Vec<Instalment> {
    ///         let mut parts = StandardPolicy.instalments(account, term, fee, on);
    ///         if account.enrolled_on > term.starts_on {
    ///             for part in &mut parts {
    ///                 part.amount = part.amount.split(2).map_or(part.amount, |halves| halves[0]);
    ///             }
    ///         }
    ///         parts
    ///     }
    /// }
    ///
    /// let school = school.with_policy(HalfForJoiners);
    /// let joined = school.enrol("s-18", ["PRIMARY"], date("2026-02-23")?).await?;
    /// assert_eq!(joined.charges[0].amount().to_string(), "60.00");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_policy(mut self, policy: impl BillingPolicy + 'static) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// The ledger with the offset from UTC by which today is told.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// # let store = school.store().clone();
    /// // Two hours ahead of Greenwich: a payment at half past midnight is of the new day.
    /// let harare = chrono::FixedOffset::east_opt(2 * 60 * 60).expect("within a day");
    /// let school = school.with_time_zone(harare);
    /// let today = store.now().with_timezone(&harare).date_naive();
    /// assert!(school.today() >= today);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // A store that opens a transaction of the caller's own is handed in like this one.
    /// let inside = school.through(school.store().clone());
    /// inside.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "40.00");
    /// # Ok(())
    /// # }
    /// ```
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
}
