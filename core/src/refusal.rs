//! Refusals: what the rules do not allow, one variant a rule, each with what was given and what is allowed.

use chrono::NaiveDate;

use crate::{
    AccountId, BookId, Currency, FeeCode, FeeGroup, HouseholdId, IdempotencyKey, Money, RuleName, Standing,
    TermId,
};

/// An input or a request that a rule does not allow. Nothing was recorded; correct the input and ask again.
///
/// [`Refusal::code`] is stable and meant for programs; the message is meant for people, names what is wrong, and says what
/// is allowed. A refusal answers a client's mistake: over HTTP it is a 422, or a 409 for those about a state
/// ([`KeyReused`](Refusal::KeyReused), [`AccountExists`](Refusal::AccountExists)).
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let early = Payment::cash(dec!(80)).from("s-17").for_term(TermId::new(2027, 1)?).key("till-1-0001");
/// match school.pay(early).await {
///     Err(Error::Refused(Refusal::UnknownTerm { term })) => println!("ask the head to define term {term}"),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    // Names and texts.
    /// A text cannot be a name of its kind.
    #[error(
        "{given:?} cannot be a {what}: {why}; allowed are 1 to {length_max} characters, no control characters, no white space at either end"
    )]
    BadName {
        /// Which kind of name.
        what: &'static str,
        /// The text, shortened.
        given: String,
        /// What is wrong with it.
        why: &'static str,
        /// The longest allowed, in characters.
        length_max: usize,
    },
    /// A free text (a reason, a reference, a note) is blank where it must say something, too long, or holds control characters.
    #[error("the {what} cannot be recorded: {why}; give at most {length_max} characters of plain text")]
    BadText {
        /// Which text.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
        /// The longest allowed, in characters.
        length_max: usize,
    },
    /// Something that an entry needs was not given.
    #[error("the {what} is missing; an entry needs its account, its term and its idempotency key")]
    Missing {
        /// What was not given.
        what: &'static str,
    },
    /// A key that begins as the library's own do.
    #[error(
        "the key {key} begins with \"bursar:\", which is kept for the library's own keys; choose another"
    )]
    ReservedKey {
        /// The key.
        key: IdempotencyKey,
    },
    /// A text that is not a receipt number, or whose check character does not fit.
    #[error("{given:?} is not a receipt number: {why}; read it again from the receipt")]
    BadReceipt {
        /// The text, shortened.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A text that is not the root of a seal, or one of another book.
    #[error(
        "{given:?} is not the root of a seal of this book: {why}; copy the whole line from where it was kept"
    )]
    BadSeal {
        /// The text, shortened.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },

    // Money.
    /// A code that is no currency with a minor unit.
    #[error("{given:?} is not a currency; give a three-letter code of ISO 4217 such as USD")]
    UnknownCurrency {
        /// The text, shortened.
        given: String,
    },
    /// A text that is no plain decimal.
    #[error("{given:?} is not an amount; give a plain decimal such as 40.00 or -3.5")]
    BadAmount {
        /// The text, shortened.
        given: String,
    },
    /// More decimals than the currency has; amounts are never rounded.
    #[error(
        "{given} has more decimals than {currency} allows ({allowed}); round it yourself before it is recorded"
    )]
    TooManyDecimals {
        /// The amount.
        given: String,
        /// The currency.
        currency: Currency,
        /// How many decimals it has.
        allowed: u32,
    },
    /// An amount in a currency that is not the book's.
    #[error("the amount is in {given}, but this is in {expected}; a book has one currency")]
    CurrencyMismatch {
        /// The book's currency.
        expected: Currency,
        /// The amount's currency.
        given: Currency,
    },
    /// An amount of nothing, or a negative one where the kind gives the sign.
    #[error("a {what} of {given} is not allowed; give an amount above zero")]
    NotPositive {
        /// What it is an amount of.
        what: &'static str,
        /// The amount.
        given: Money,
    },
    /// An opening balance or adjustment of nothing.
    #[error("an {what} of nothing records nothing; give an amount above or below zero")]
    ZeroAmount {
        /// What it is an amount of.
        what: &'static str,
    },
    /// An amount past the cap.
    #[error("{given} is past the largest amount of one entry ({max}); check the figure")]
    AmountTooLarge {
        /// The amount.
        given: Money,
        /// The largest allowed.
        max: Money,
    },
    /// An entry that would take an account past the largest balance.
    #[error("account {account} would be past the largest balance ({max}); check the figure")]
    BalanceTooLarge {
        /// The account.
        account: AccountId,
        /// The largest allowed, owed or in credit.
        max: Money,
    },
    /// A sum that does not fit 64 bits of minor units.
    #[error("the sum is past what 64 bits of minor units hold; check the figures")]
    Overflow,
    /// A split into nothing.
    #[error("the amount cannot be split: {why}; give 1 to 1000 shares of which one is above nothing")]
    BadSplit {
        /// What is wrong.
        why: &'static str,
    },

    // The calendar.
    /// A date that does not exist.
    #[error("{given:?} is not a date; give year, month and day as in 2026-01-31")]
    BadDate {
        /// The text, shortened.
        given: String,
    },
    /// What is no year and number of a term.
    #[error("{given:?} is not a term; give a year (1 to 9999), a dash and a number (1 to 999), as in 2026-1")]
    BadTermId {
        /// What was given, shortened.
        given: String,
    },
    /// A term that does not start before it ends.
    #[error("term {term} would start on {starts_on} and end on {ends_on}; it must start before it ends")]
    TermDates {
        /// The term.
        term: TermId,
        /// Its first day.
        starts_on: NaiveDate,
        /// Its last day.
        ends_on: NaiveDate,
    },
    /// Two terms that share a day.
    #[error(
        "term {term} would share days with term {other} ({starts_on} to {ends_on}); terms do not overlap"
    )]
    TermOverlaps {
        /// The term refused.
        term: TermId,
        /// The term there is.
        other: TermId,
        /// Its first day.
        starts_on: NaiveDate,
        /// Its last day.
        ends_on: NaiveDate,
    },
    /// A term whose predecessor is not there, or whose dates disagree with the order of the terms.
    #[error("term {term} is out of order: {needs}")]
    TermOutOfOrder {
        /// The term refused.
        term: TermId,
        /// What must hold.
        needs: String,
    },
    /// A term that is there already with other dates or another name.
    #[error("term {term} is defined already ({starts_on} to {ends_on}); a term is not redefined")]
    TermExists {
        /// The term.
        term: TermId,
        /// Its first day.
        starts_on: NaiveDate,
        /// Its last day.
        ends_on: NaiveDate,
    },
    /// A term that is not in the book.
    #[error("there is no term {term} in this book; define it first")]
    UnknownTerm {
        /// The term.
        term: TermId,
    },
    /// Something that a closed term does not take.
    #[error("term {term} is closed and takes no {what}; payments, reversals and adjustments it still takes")]
    TermClosed {
        /// The term.
        term: TermId,
        /// What was asked of it.
        what: &'static str,
    },
    /// A payment for a term later than the current one.
    #[error(
        "term {term} is later than the current term {current}; pay for {current} or an earlier term (what is paid too much becomes credit)"
    )]
    TermAfterCurrent {
        /// The term asked for.
        term: TermId,
        /// The current term.
        current: TermId,
    },
    /// Something dated in a locked period.
    #[error("{on} is in the locked period: the book is locked through {locked_through}; date it later")]
    Locked {
        /// The date given.
        on: NaiveDate,
        /// The last locked day.
        locked_through: NaiveDate,
    },

    // Books, fees and accounts.
    /// A book that is not in the store.
    #[error("there is no book {book} in this store; open it with its currency first")]
    UnknownBook {
        /// The book.
        book: BookId,
    },
    /// A fee that is not priced.
    #[error("there is no fee {code} of {payer} in term {term}; price it first")]
    UnknownFee {
        /// The term.
        term: TermId,
        /// The fee group or account.
        payer: String,
        /// The code.
        code: FeeCode,
    },
    /// An edit of a fee that has been charged.
    #[error(
        "the fee {code} of {payer} in term {term} has been charged at {price} and cannot be edited; reprice it, with a reason"
    )]
    FeeCharged {
        /// The term.
        term: TermId,
        /// The fee group or account.
        payer: String,
        /// The code.
        code: FeeCode,
        /// Its price.
        price: Money,
    },
    /// A charge that says it was billed, on an account that has such a charge.
    #[error(
        "account {account} has been billed {code} in term {term}; an account is billed for a code once a term: charge it by hand, or reverse the other first"
    )]
    AlreadyBilled {
        /// The account.
        account: AccountId,
        /// The term.
        term: TermId,
        /// The code.
        code: FeeCode,
    },
    /// A repricing of a fee that is due in several instalments to an amount without their parts, or the like.
    #[error("the instalments of fee {code} cannot be priced: {why}")]
    BadInstalments {
        /// The code.
        code: FeeCode,
        /// What is wrong.
        why: &'static str,
    },
    /// An account that is not in the book.
    #[error("there is no account {account} in this book; enrol it first")]
    UnknownAccount {
        /// The account.
        account: AccountId,
    },
    /// An account that is enrolled already, otherwise than asked now.
    #[error(
        "account {account} is enrolled already, since {enrolled_on}, in {groups:?}; move it to other groups instead"
    )]
    AccountExists {
        /// The account.
        account: AccountId,
        /// Since when.
        enrolled_on: NaiveDate,
        /// Its fee groups now.
        groups: Vec<FeeGroup>,
    },
    /// An account without a fee group.
    #[error("account {account} would be in {given} fee groups; an account is in 1 to {max}")]
    GroupCount {
        /// The account.
        account: AccountId,
        /// How many were given.
        given: usize,
        /// The most allowed.
        max: usize,
    },
    /// A standing that cannot follow the present one.
    #[error("account {account} is {from} and cannot become {to}; allowed are: {allowed}")]
    StandingRefused {
        /// The account.
        account: AccountId,
        /// Its standing.
        from: Standing,
        /// The standing asked for.
        to: Standing,
        /// Which standings may follow, in words.
        allowed: String,
    },
    /// A graduate who owes cannot become an alumnus.
    #[error(
        "account {account} still owes {outstanding}; a graduate becomes an alumnus when nothing is outstanding"
    )]
    StillOwes {
        /// The account.
        account: AccountId,
        /// What is outstanding.
        outstanding: Money,
    },

    // Entries.
    /// A key that is taken by an entry with other content.
    #[error(
        "the key {key} was used for another {recorded}; a key names one recording for ever: take a new key, or ask what it recorded"
    )]
    KeyReused {
        /// The key.
        key: IdempotencyKey,
        /// The kind of what it recorded.
        recorded: &'static str,
    },
    /// A key under which nothing is recorded.
    #[error("nothing is recorded under the key {key}")]
    UnknownKey {
        /// The key.
        key: IdempotencyKey,
    },
    /// A position at which the account has no entry.
    #[error("account {account} has no entry at position {position}")]
    UnknownEntry {
        /// The account.
        account: AccountId,
        /// The position.
        position: u32,
    },
    /// A reversal of an entry that is reversed.
    #[error("entry {position} of account {account} is reversed already; an entry is reversed once")]
    AlreadyReversed {
        /// The account.
        account: AccountId,
        /// The position of the entry.
        position: u32,
    },
    /// A reversal of a reversal.
    #[error(
        "entry {position} of account {account} is itself a reversal; record what was reversed anew instead"
    )]
    ReversesReversal {
        /// The account.
        account: AccountId,
        /// The position of the reversal.
        position: u32,
    },
    /// A refund beyond the credit.
    #[error("a refund of {given} is beyond the credit of account {account} ({credit})")]
    ExceedsCredit {
        /// The account.
        account: AccountId,
        /// The refund.
        given: Money,
        /// The credit of the whole account.
        credit: Money,
    },
    /// A write-off beyond the debt.
    #[error("a write-off of {given} is beyond what account {account} owes ({outstanding})")]
    ExceedsOutstanding {
        /// The account.
        account: AccountId,
        /// The write-off.
        given: Money,
        /// What the whole account owes.
        outstanding: Money,
    },
    // Rules of the application's own, and households.
    /// A rate below nothing, above all, or with more decimals than are exact.
    #[error("{given} is not a rate; give a share from 0 to 1 (0 to 100 per cent) with at most 10 decimals")]
    BadRate {
        /// The rate.
        given: String,
    },
    /// A rule (a late fee, a concession) that can mean nothing.
    #[error("the rule {rule} cannot be applied: {why}")]
    BadRule {
        /// Its name.
        rule: RuleName,
        /// What is wrong, and what is allowed.
        why: &'static str,
    },
    /// A household without accounts, with too many, or with one of them twice.
    #[error("the household {household} cannot be: {why}; it has 1 to {max} accounts, each once")]
    BadHousehold {
        /// The household.
        household: HouseholdId,
        /// What is wrong.
        why: &'static str,
        /// The most accounts allowed.
        max: usize,
    },
    /// An account that is named for a household that it is not of.
    #[error("account {account} is not of the household {household}; name one of its accounts, or none")]
    NotOfHousehold {
        /// The account.
        account: AccountId,
        /// The household.
        household: HouseholdId,
    },
    /// The receipt of an entry that has none.
    #[error(
        "entry {position} of account {account} is of the kind {kind}; receipts are printed of payments and refunds"
    )]
    NoReceipt {
        /// The account.
        account: AccountId,
        /// The position of the entry.
        position: u32,
        /// Its kind.
        kind: &'static str,
    },

    // Reports.
    /// An aging of no day.
    #[error("ages are told as of a day; give one, as in AsOf::day(day)")]
    NoDay,
    /// A sum of agings that do not belong together.
    #[error("agings are added up that are of one day, recorded by one instant, and in the same buckets")]
    AgingsDiffer,
    /// Aging bounds that do not rise.
    #[error("the bounds of the aging buckets must be whole days above zero, rising, at most {max} of them")]
    BadBuckets {
        /// The most bounds allowed.
        max: usize,
    },
}

impl Refusal {
    /// The stable code of the rule, in kebab case.
    ///
    /// ```
    /// # use bursar::{Refusal, TermId};
    /// let refusal = Refusal::UnknownTerm { term: TermId::new(2026, 1)? };
    /// assert_eq!(refusal.code(), "unknown-term");
    /// # Ok::<(), Refusal>(())
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "bad-name",
            Self::BadText { .. } => "bad-text",
            Self::Missing { .. } => "missing",
            Self::ReservedKey { .. } => "reserved-key",
            Self::BadReceipt { .. } => "bad-receipt",
            Self::BadSeal { .. } => "bad-seal",
            Self::UnknownCurrency { .. } => "unknown-currency",
            Self::BadAmount { .. } => "bad-amount",
            Self::TooManyDecimals { .. } => "too-many-decimals",
            Self::CurrencyMismatch { .. } => "currency-mismatch",
            Self::NotPositive { .. } => "not-positive",
            Self::ZeroAmount { .. } => "zero-amount",
            Self::AmountTooLarge { .. } => "amount-too-large",
            Self::BalanceTooLarge { .. } => "balance-too-large",
            Self::Overflow => "overflow",
            Self::BadSplit { .. } => "bad-split",
            Self::BadDate { .. } => "bad-date",
            Self::BadTermId { .. } => "bad-term",
            Self::TermDates { .. } => "term-dates",
            Self::TermOverlaps { .. } => "term-overlaps",
            Self::TermOutOfOrder { .. } => "term-out-of-order",
            Self::TermExists { .. } => "term-exists",
            Self::UnknownTerm { .. } => "unknown-term",
            Self::TermClosed { .. } => "term-closed",
            Self::TermAfterCurrent { .. } => "term-after-current",
            Self::Locked { .. } => "locked",
            Self::UnknownBook { .. } => "unknown-book",
            Self::UnknownFee { .. } => "unknown-fee",
            Self::FeeCharged { .. } => "fee-charged",
            Self::AlreadyBilled { .. } => "already-billed",
            Self::BadInstalments { .. } => "bad-instalments",
            Self::UnknownAccount { .. } => "unknown-account",
            Self::AccountExists { .. } => "account-exists",
            Self::GroupCount { .. } => "group-count",
            Self::StandingRefused { .. } => "standing-refused",
            Self::StillOwes { .. } => "still-owes",
            Self::KeyReused { .. } => "key-reused",
            Self::UnknownKey { .. } => "unknown-key",
            Self::UnknownEntry { .. } => "unknown-entry",
            Self::AlreadyReversed { .. } => "already-reversed",
            Self::ReversesReversal { .. } => "reverses-reversal",
            Self::ExceedsCredit { .. } => "exceeds-credit",
            Self::ExceedsOutstanding { .. } => "exceeds-outstanding",
            Self::BadRate { .. } => "bad-rate",
            Self::BadRule { .. } => "bad-rule",
            Self::BadHousehold { .. } => "bad-household",
            Self::NotOfHousehold { .. } => "not-of-household",
            Self::NoReceipt { .. } => "no-receipt",
            Self::NoDay => "no-day",
            Self::AgingsDiffer => "agings-differ",
            Self::BadBuckets { .. } => "bad-buckets",
        }
    }
}
