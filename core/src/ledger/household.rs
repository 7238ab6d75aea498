//! Households: one statement, and one payment, for several accounts.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Ledger;
use super::attempts::Attempts;
use super::prepared::Prepared;
use crate::by_entries;
use crate::draft::Draft;
use crate::hex::hex;
use crate::household::HOUSEHOLD_MAX;
use crate::rule::{self, Posting, State};
use crate::store::ChangeSet;
use crate::{
    Account, AccountDebits, AccountId, Allocation, AsOf, Calendar, Entry, Error, Household,
    HouseholdStatement, IdempotencyKey, LedgerStore, Money, Payment, Receipt, Refusal, Span,
    split_oldest_first,
};

/// What a household's payment is decided on.
struct Owed {
    accounts: BTreeMap<AccountId, Account>,
    debits: Vec<AccountDebits>,
    calendar: Calendar,
}

impl<S: LedgerStore> Ledger<S> {
    /// The statements of a household's accounts and what they come to, as of a day: see [`statement_as_of`](Ledger::statement_as_of).
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.enrol("s-18", ["PRIMARY"], date("2026-01-12")?).await?;
    /// let family = Household::new("h-3", ["s-17", "s-18"])?;
    /// let statement = school.household_statement(&family, term, AsOf::ALL).await?;
    /// assert_eq!((statement.statements.len(), statement.outstanding.to_string()), (2, "240.00".into()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`statement_as_of`](Ledger::statement_as_of); [`Refusal::Overflow`].
    pub async fn household_statement(
        &self,
        household: &Household,
        span: impl Into<Span>,
        as_of: impl Into<AsOf>,
    ) -> Result<HouseholdStatement, Error> {
        let (span, as_of) = (span.into(), as_of.into());
        let mut statements = Vec::with_capacity(household.accounts().len());
        for account in household.accounts() {
            statements.push(self.statement_as_of(account, span, as_of).await?);
        }
        let as_of = statements.first().map_or(as_of, |first| first.as_of);
        Ok(HouseholdStatement::of(household.id().clone(), span, as_of, statements, self.currency)?)
    }

    /// Records one payment for a household: split over what its accounts owe, the debit that fell or falls due first, first (on the same
    /// day in the household's order, then in that of recording), one entry an account. What is left over becomes credit of the account
    /// that the payment is [from](Payment::from), or of the household's first.
    ///
    /// It is recorded in one step, all parts or none, decided against the version of every account that gets a part, and decided again
    /// when one has moved. The key names the whole payment: it is that of the first part, and the other parts have keys derived from it.
    /// Sent again it gives the same receipts, marked as replayed, however the accounts have moved since.
    ///
    /// ```
    /// # use bursar::{AsOf, Currency, Household, Ledger, Payment, Span, Term, TermId, date};
    /// # use bursar_store_memory::MemoryStore;
    /// # use rust_decimal_macros::dec;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bursar::Error> {
    /// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
    /// # let term = TermId::new(2026, 1)?;
    /// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    /// # school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    /// # for account in ["s-17", "s-18"] {
    /// #     school.enrol(account, ["PRIMARY"], date("2026-01-10")?).await?;
    /// # }
    /// # school.activate_on(term, date("2026-01-12")?).await?;
    /// // Both owe 120.00.
    /// let family = Household::new("h-3", ["s-17", "s-18"])?;
    /// let payment = Payment::bank(dec!(200)).for_term(term).key("till-1-0007");
    /// let receipts = school.pay_household(&family, payment).await?;
    /// let parts: Vec<String> = receipts.iter().map(|receipt| receipt.entry.amount().to_string()).collect();
    /// assert_eq!(parts, ["120.00", "80.00"]);
    /// let statement = school.household_statement(&family, Span::All, AsOf::ALL).await?;
    /// assert_eq!(statement.outstanding.to_string(), "40.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::NotOfHousehold`] when the payment is from another account, [`Refusal::UnknownAccount`], [`Refusal::KeyReused`] when the key
    /// recorded something else, and those of [`pay`](Ledger::pay).
    #[tracing::instrument(name = "bursar.pay_household", skip_all, fields(book = %self.book, household = %household.id()))]
    pub async fn pay_household(
        &self,
        household: &Household,
        payment: Payment,
    ) -> Result<Vec<Receipt>, Error> {
        let draft = Draft::from(payment);
        let key = draft.recording.key()?;
        key.check_callers_own()?;
        let rest_to = match (draft.named_account()?, household.accounts().first()) {
            (Some(named), _) => named,
            (None, Some(first)) => first.clone(),
            (None, None) => return Err(Refusal::Missing { what: "account" }.into()),
        };
        household.check_member(&rest_to)?;
        let whole = self.prepare(&draft.part(rest_to.clone(), draft.amount, key.clone()))?;
        let keys = part_keys(&key)?;
        let mut attempts = Attempts::default();
        loop {
            let owed = self.owed(household).await?;
            // Last, so that what the same request changed is seen together with its key.
            if let Some(receipts) = self.paid_already(household, &whole, &keys, &attempts).await? {
                return Ok(receipts);
            }
            let postings = self.split_over(household, &owed, &draft, &whole, &rest_to, &keys)?;
            let changes = ChangeSet { postings, ..ChangeSet::default() };
            if let Some(recorded) = attempts.commit(self, changes, Some(&key)).await? {
                return Ok(recorded.into_iter().map(|entry| Receipt::of(entry, false)).collect());
            }
            attempts.again(self).await?;
        }
    }

    /// What every account of a household owes now.
    async fn owed(&self, household: &Household) -> Result<Owed, Error> {
        let found = self.store.accounts(&self.book, household.accounts()).await?;
        let mut entries = by_entries::as_read(&self.store, &self.book, &found).await?;
        let accounts: BTreeMap<AccountId, Account> =
            found.into_iter().map(|account| (account.id.clone(), account)).collect();
        let mut debits = Vec::with_capacity(household.accounts().len());
        for id in household.accounts() {
            if !accounts.contains_key(id) {
                return Err(Refusal::UnknownAccount { account: id.clone() }.into());
            }
            let own = entries.remove(id).unwrap_or_default();
            let debits_of = Allocation::of(&own, self.currency)?.debits;
            debits.push(AccountDebits { account: id.clone(), debits: debits_of });
        }
        let calendar = self.state().await?.calendar;
        Ok(Owed { accounts, debits, calendar })
    }

    /// The parts of a payment as postings, each against its account's version.
    fn split_over(
        &self,
        household: &Household,
        owed: &Owed,
        draft: &Draft,
        whole: &Prepared,
        rest_to: &AccountId,
        keys: &[IdempotencyKey],
    ) -> Result<Vec<Posting>, Error> {
        let paid = whole.posting.entry.effect.checked_neg()?;
        let split = split_oldest_first(&owed.debits, paid)?;
        let parts = split.by_account(household.accounts(), rest_to)?;
        let mut postings = Vec::with_capacity(parts.len());
        for ((account, amount), key) in parts.into_iter().zip(keys) {
            let there = owed.accounts.get(&account);
            let mut posting = self.prepare(&draft.part(account, amount.into(), key.clone()))?.posting;
            let state = State { calendar: &owed.calendar, account: there, key_known: false, reversed: false };
            rule::check(&posting.entry, state)?;
            posting.version = there.map(|account| account.version);
            postings.push(posting);
        }
        Ok(postings)
    }

    /// The receipts of a payment that is recorded, where it is: the same one, or its key is taken.
    async fn paid_already(
        &self,
        household: &Household,
        whole: &Prepared,
        keys: &[IdempotencyKey],
        attempts: &Attempts,
    ) -> Result<Option<Vec<Receipt>>, Error> {
        let mut parts = self.store.entries_by_key(&self.book, keys).await?;
        let place = |entry: &Entry| keys.iter().position(|key| *key == entry.key);
        parts.sort_by_key(place);
        let Some(first) = parts.first() else { return Ok(None) };
        let paid = Money::sum(parts.iter().map(|part| part.effect), self.currency)?;
        let same = paid == whole.posting.entry.effect
            && parts
                .iter()
                .all(|part| whole.says_of_part(part) && household.accounts().contains(&part.account));
        if !same {
            return Err(Refusal::KeyReused { key: first.key.clone(), recorded: first.kind.as_str() }.into());
        }
        let receipt = |entry: Entry| {
            let replayed = !attempts.has_sent(&entry);
            Receipt::of(entry, replayed)
        };
        Ok(Some(parts.into_iter().map(receipt).collect()))
    }
}

/// The keys of a payment's parts: the caller's own, then `bursar:part:N:DIGEST`, by the SHA-256 of that key.
fn part_keys(key: &IdempotencyKey) -> Result<Vec<IdempotencyKey>, Refusal> {
    let digest = hex(&Sha256::digest(key.as_str().as_bytes()));
    let derived = (1..HOUSEHOLD_MAX).map(|nth| IdempotencyKey::new(format!("bursar:part:{nth}:{digest}")));
    std::iter::once(Ok(key.clone())).chain(derived).collect()
}
