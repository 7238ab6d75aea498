//! The school that is measured: its terms, its accounts and their payments, and chance that is the same in every run.

use bursar::{Currency, Ledger, LedgerStore, Money, Payment, Term, TermId};
use chrono::{Days, NaiveDate};

use crate::Failure;

/// The book.
pub const BOOK: &str = "hillside";
/// The one fee group, which every account is in.
pub const GROUP: &str = "PRIMARY";
/// The one fee, which that group pays every term.
pub const CODE: &str = "tuition";
/// Its price in cents.
pub const FEE_MINOR: i64 = 12_000;
/// Who records.
pub const CLERK: &str = "clerk@school";
/// The reference that a payment bears.
pub const REFERENCE: &str = "ref-12345";

const FIRST_YEAR: u32 = 2_000;
const TERMS_A_YEAR: u32 = 3;
const DAYS_A_TERM: u32 = 100;

/// The name of an account, from its number.
#[must_use]
pub fn account(number: u32) -> String {
    format!("s-{number:07}")
}

/// A term, from how many went before it.
///
/// # Errors
/// When there are too many.
pub fn term(number: u32) -> Result<TermId, Failure> {
    let (years, within) = (number / TERMS_A_YEAR, number % TERMS_A_YEAR);
    Ok(TermId::new(FIRST_YEAR.saturating_add(years), within.saturating_add(1))?)
}

/// The first day of a term.
///
/// # Errors
/// When there are too many.
pub fn starts_on(number: u32) -> Result<NaiveDate, Failure> {
    let first = bursar::date("2000-01-01")?;
    let days = u64::from(number.saturating_mul(DAYS_A_TERM));
    Ok(first.checked_add_days(Days::new(days)).ok_or("the calendar ends")?)
}

/// The day from which all accounts are enrolled.
///
/// # Errors
/// None in practice.
pub fn enrolled_on() -> Result<NaiveDate, Failure> {
    starts_on(0)
}

/// Opens the book, with so many terms and the fee in each.
///
/// # Errors
/// Those of the store.
pub async fn open<S: LedgerStore>(store: S, terms: u32) -> Result<Ledger<S>, Failure> {
    let ledger = Ledger::open(store, BOOK, Currency::USD).await?;
    for number in 0..terms {
        let (id, starts_on) = (term(number)?, starts_on(number)?);
        let ends_on = starts_on.checked_add_days(Days::new(90)).ok_or("the calendar ends")?;
        ledger.define_term(Term::new(id, starts_on, ends_on)?).await?;
        ledger.set_fee(id, GROUP, CODE, Money::from_minor(FEE_MINOR, Currency::USD)).await?;
    }
    Ok(ledger)
}

/// Enrols so many accounts, one by one.
///
/// # Errors
/// Those of the store.
pub async fn enrol<S: LedgerStore>(ledger: &Ledger<S>, accounts: u32) -> Result<(), Failure> {
    for number in 0..accounts {
        ledger.enrol(account(number), [GROUP], enrolled_on()?).await?;
    }
    Ok(())
}

/// A payment in the first term, under a key of its own.
#[must_use]
pub fn payment(chance: &mut Chance, accounts: u32, term: TermId, on: NaiveDate) -> Payment {
    let amount = Money::from_minor(i64::from(chance.below(5_000)).saturating_add(1), Currency::USD);
    Payment::cash(amount)
        .from(account(chance.below(accounts)))
        .for_term(term)
        .key(chance.key())
        .on(on)
        .reference(REFERENCE)
        .recorded_by(CLERK)
}

/// Chance that is the same in every run (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Chance of its own for every seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another that is not zero.
    pub fn below(&mut self, limit: u32) -> u32 {
        let wide = (self.number() >> 32).wrapping_mul(u64::from(limit));
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// An idempotency key as a form's hidden field has it: it is near no other, so that its index is written anywhere.
    pub fn key(&mut self) -> String {
        format!("{:016x}{:016x}", self.number(), self.number())
    }
}
