//! The audit: proves a whole book against its invariants and its seals, reading every entry once and keeping at most a page and one
//! account in memory (and a hundred bytes a seal).
//!
//! | name | what is proved of the book as it is kept |
//! |---|---|
//! | B1 | every account's kept balance is the fold of its entries; the store sums the same figures by term; every effect is one of its kind, in a term that is defined |
//! | B2 | every term begins with what the one before it left, and its own opening balances |
//! | B3 | no term owes and is in credit at once; outstanding less credit is the balance |
//! | B4 | the terms of an account sum to its balance, the accounts to the book, and no entry is of an account that does not exist |
//! | B5 | settled and unallocated credit are all the credit there is, no debit is settled beyond its amount, and what is left is what is outstanding |
//! | B6 | reversals are exact opposites, made once, of earlier entries that are no reversals; that nothing was changed, removed or inserted: `SEAL` |
//! | B7 | under the key of every entry that entry is found, and no other |
//! | B8 | entries fold to the same figures from last to first |
//! | B9 | no amount or balance is past its cap, every figure is exact, and every sum fits |
//! | B10 | the aging buckets sum to what is outstanding |
//! | S1 | every entry can be read |
//! | S2 | positions are 1, 2, 3 … up to the account's version |
//! | `SEAL` | every [sealed](crate::seal) entry is as it was sealed: else it is named, as changed, removed, moved or inserted; what is kept of seals is whole; roots follow; a root kept elsewhere is the book's |
//!
//! It may run beside writers and sealers: each account is proved as it was when the audit came to it, and the seals that there were when
//! it began.

mod ahead;
mod proof;
mod reader;
mod seals;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use proof::Proof;
use reader::{EntryReader, Item};
use seals::Seals;

use crate::name::shorten;
use crate::seal::{Seal, SealedRoot};
use crate::store::AccountFilter;
use crate::{
    Account, AccountId, BookId, Calendar, Error, Ledger, LedgerStore, Money, Refusal, StoreErrorKind, TermId,
    TermTotals, Totals,
};

/// How many findings a report lists; they are counted all the same.
pub const FINDINGS_LISTED_MAX: usize = 1_000;

const ACCOUNTS_A_PAGE: u32 = 1_000;

/// Something that an invariant does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// The invariant, by its name in [the table](crate::audit): `B1` to `B10`, `S1`, `S2` or `SEAL`.
    pub invariant: String,
    /// The account, where it is about one.
    pub account: Option<AccountId>,
    /// The position of the entry, where it is about one.
    pub position: Option<u32>,
    /// What was found, and what should have been.
    pub detail: String,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// The book.
    pub book: BookId,
    /// How many accounts were proved.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
    /// How many of them are sealed. The others could have been changed since they were recorded without leaving a trace.
    #[serde(default)]
    pub sealed: u64,
    /// The last seal, where there is one.
    #[serde(default)]
    pub last_seal: Option<Seal>,
    /// The sum of all balances.
    pub balance: Money,
    /// How many findings there are.
    pub findings_count: u64,
    /// The first [`FINDINGS_LISTED_MAX`] of them.
    pub findings: Vec<Finding>,
}

impl AuditReport {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings_count == 0
    }

    /// How many entries no seal holds yet.
    #[must_use]
    pub const fn unsealed(&self) -> u64 {
        self.entries.saturating_sub(self.sealed)
    }
}

/// Audits a book.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let report = audit::audit(&school).await?;
/// assert!(report.is_clean(), "{:?}", report.findings);
/// assert_eq!((report.accounts, report.entries, report.unsealed()), (1, 1, 1));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Store`] when it cannot be read. What is wrong in the book is no error but a [`Finding`]: so is an entry that cannot be read.
pub async fn audit<S: LedgerStore>(ledger: &Ledger<S>) -> Result<AuditReport, Error> {
    run(ledger, None).await
}

/// Audits a book, and holds it to the root of a seal that was kept elsewhere: the last one, or any before it. Whoever has rewritten
/// sealed entries together with everything that the database keeps of their seals is found by this.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let root = seal::seal(&school).await?;
/// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
/// let report = audit::audit_against(&school, &root).await?;
/// assert!(report.is_clean());
/// assert_eq!((report.sealed, report.unsealed()), (1, 1), "the payment came after the seal");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Refusal::BadSeal`] when the root is of another book; and those of [`audit`].
pub async fn audit_against<S: LedgerStore>(
    ledger: &Ledger<S>,
    kept: &SealedRoot,
) -> Result<AuditReport, Error> {
    if kept.book != ledger.book {
        let why = "it is of another book";
        return Err(Refusal::BadSeal { given: shorten(&kept.to_string()), why }.into());
    }
    run(ledger, Some(kept)).await
}

#[tracing::instrument(name = "bursar.audit", skip_all, fields(book = %ledger.book))]
async fn run<S: LedgerStore>(ledger: &Ledger<S>, kept: Option<&SealedRoot>) -> Result<AuditReport, Error> {
    let mut audit = Audit::new(ledger).await?;
    let mut after: Option<AccountId> = None;
    loop {
        let page = ledger
            .store
            .list_accounts(&ledger.book, AccountFilter::All, after.as_ref(), ACCOUNTS_A_PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        audit.page(page).await?;
    }
    audit.leftovers().await?;
    audit.whole_book().await?;
    let report = audit.finish(kept);
    tracing::info!(
        entries = report.entries,
        sealed = report.sealed,
        findings = report.findings_count,
        "audited"
    );
    Ok(report)
}

struct Audit<'a, S> {
    ledger: &'a Ledger<S>,
    calendar: Calendar,
    today: NaiveDate,
    report: AuditReport,
    effects: i128,
    balances: i128,
    entries: EntryReader<'a, S>,
    seals: Seals<'a, S>,
}

impl<'a, S: LedgerStore> Audit<'a, S> {
    async fn new(ledger: &'a Ledger<S>) -> Result<Self, Error> {
        let seals = Seals::new(ledger).await?;
        let report = AuditReport {
            book: ledger.book.clone(),
            accounts: 0,
            entries: 0,
            sealed: 0,
            last_seal: seals.last.clone(),
            balance: Money::zero(ledger.currency),
            findings_count: 0,
            findings: Vec::new(),
        };
        let calendar = ledger.calendar().await?;
        let (entries, today) = (EntryReader::new(ledger), ledger.today());
        Ok(Self { ledger, calendar, today, report, effects: 0, balances: 0, entries, seals })
    }

    fn find(&mut self, invariant: &str, account: Option<&AccountId>, position: Option<u32>, detail: String) {
        self.report.findings_count = self.report.findings_count.saturating_add(1);
        if self.report.findings.len() < FINDINGS_LISTED_MAX {
            let (invariant, account) = (invariant.to_owned(), account.cloned());
            self.report.findings.push(Finding { invariant, account, position, detail });
        }
    }

    /// Takes over what was found along the way.
    fn take(&mut self, noticed: Vec<reader::Noticed>) {
        for one in noticed {
            let (account, position) = one.place.unzip();
            self.find(one.invariant, account.as_ref(), position, one.detail);
        }
    }

    async fn page(&mut self, accounts: Vec<Account>) -> Result<(), Error> {
        let mut summed = self.sums(&accounts).await?;
        for account in accounts {
            while let Some(orphan) = self.entries.next_if(|item| *item.account() < account.id).await? {
                self.orphan(&orphan).await?;
            }
            let mut proof = Proof::new(&account, self.ledger.currency);
            let beyond = self.read(&account, &mut proof).await?;
            let noticed = self.seals.orphans(Some(&account.id)).await?;
            self.take(noticed);
            proof.finish(&account, self.today);
            let sealed = self.seals.account(&account.id, account.version, &mut proof).await?;
            self.report.sealed = self.report.sealed.saturating_add(u64::from(sealed));
            self.account(&account, &proof, beyond).await?;
            self.sums_hold(&account, &proof, summed.remove(&account.id)).await?;
            let noticed = std::mem::take(&mut self.entries.noticed);
            self.take(noticed);
        }
        Ok(())
    }

    /// What the store sums of these accounts; of one that it cannot sum, why not.
    async fn sums(
        &mut self,
        accounts: &[Account],
    ) -> Result<BTreeMap<AccountId, Result<TermTotals, String>>, Error> {
        let Ledger { store, book, .. } = self.ledger;
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        match store.totals(book, &ids).await {
            Ok(summed) => return Ok(summed.into_iter().map(|(id, totals)| (id, Ok(totals))).collect()),
            Err(error) if error.kind == StoreErrorKind::Corrupt => {}
            Err(error) => return Err(error.into()),
        }
        let mut all = BTreeMap::new();
        for id in ids {
            match store.totals(book, std::slice::from_ref(&id)).await {
                Ok(summed) => all.extend(summed.into_iter().map(|(id, totals)| (id, Ok(totals)))),
                Err(error) if error.kind == StoreErrorKind::Corrupt => {
                    all.insert(id, Err(error.detail));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    /// Reads the entries of an account into its proof; the last position beyond its version, if any.
    async fn read(&mut self, account: &Account, proof: &mut Proof) -> Result<Option<u32>, Error> {
        let mut beyond = None;
        while let Some(item) = self.entries.next_if(|item| *item.account() == account.id).await? {
            match item {
                // What was appended since the account was read is not part of this proof.
                item if item.position() > account.version => {
                    beyond = Some(item.position());
                    if let Item::Entry(entry) = item {
                        proof.beyond.push(entry);
                    }
                }
                Item::Entry(entry) => proof.add(entry, &self.calendar),
                Item::Unreadable { position, why, .. } => proof.add_unreadable(position, why),
            }
        }
        // And what was appended before, but after a page was read that runs on into this account, is.
        while proof.last < account.version {
            let Ledger { store, book, .. } = self.ledger;
            let page = match store.entries(book, &account.id, proof.last, ACCOUNTS_A_PAGE).await {
                Err(error) if error.kind == StoreErrorKind::Corrupt => break,
                page => page?,
            };
            let before = proof.last;
            for entry in page.into_iter().take_while(|entry| entry.position <= account.version) {
                proof.add(entry, &self.calendar);
            }
            if proof.last == before {
                break;
            }
        }
        Ok(beyond)
    }

    async fn account(&mut self, account: &Account, proof: &Proof, beyond: Option<u32>) -> Result<(), Error> {
        self.report.accounts = self.report.accounts.saturating_add(1);
        let read = proof.entries.len().saturating_add(proof.unreadable.len());
        self.report.entries = self.report.entries.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        self.effects = self.effects.saturating_add(proof.balance);
        self.balances = self.balances.saturating_add(i128::from(account.balance.minor()));
        let id = Some(&account.id);
        if proof.last != account.version {
            let detail =
                format!("the last position is {}, and the version is {}", proof.last, account.version);
            self.find("S2", id, None, detail);
        }
        if let Some(position) = beyond {
            let now = self.again(account).await?.map_or(0, |now| now.version);
            if position > now {
                self.find("S2", id, Some(position), format!("it is beyond the account's version, {now}"));
            }
        }
        for (invariant, position, detail) in &proof.findings {
            self.find(invariant, id, *position, detail.clone());
        }
        Ok(())
    }

    /// The account as it is by now.
    async fn again(&self, account: &Account) -> Result<Option<Account>, Error> {
        let Ledger { store, book, .. } = self.ledger;
        Ok(store.accounts(book, std::slice::from_ref(&account.id)).await?.pop())
    }

    /// B1 and B2: the store's sums by term are the fold, and each term begins with what the one before it left.
    async fn sums_hold(
        &mut self,
        account: &Account,
        proof: &Proof,
        summed: Option<Result<TermTotals, String>>,
    ) -> Result<(), Error> {
        let summed = match summed.unwrap_or_else(|| Ok(TermTotals::default())) {
            Ok(summed) => summed,
            Err(why) => {
                self.find("B1", Some(&account.id), None, format!("its entries cannot be summed: {why}"));
                return Ok(());
            }
        };
        let folded: Vec<(TermId, Totals)> =
            proof.totals.iter().map(|(term, totals)| (*term, *totals)).collect();
        if folded != summed.terms() {
            // Sums are read at another moment than the account: only the same entries must give the same sums.
            let now = self.again(account).await?;
            if now.is_none_or(|now| now.version == account.version) {
                let detail =
                    format!("the entries fold to {folded:?}, and the store sums {:?}", summed.terms());
                self.find("B1", Some(&account.id), None, detail);
            }
            return Ok(());
        }
        // Sums that do not fit are found where the entries are folded.
        let balances = summed.balances(&account.id, self.ledger.currency).unwrap_or_default();
        let mut left = 0_i64;
        for balance in balances {
            let opening = proof.totals.get(&balance.term).map_or(0, |totals| totals.opening);
            if Some(balance.brought_forward.minor()) != left.checked_add(opening) {
                let detail = format!(
                    "term {} brings forward {} after {left} was left",
                    balance.term, balance.brought_forward
                );
                self.find("B2", Some(&account.id), None, detail);
            }
            left = balance.balance.minor();
        }
        Ok(())
    }

    async fn orphan(&mut self, item: &Item) -> Result<(), Error> {
        // An account enrolled since its page was read is no orphan.
        let Ledger { store, book, .. } = self.ledger;
        let account = store.accounts(book, std::slice::from_ref(item.account())).await?;
        if account.is_empty() {
            let detail = "the account does not exist".to_owned();
            self.find("B4", Some(item.account()), Some(item.position()), detail);
        }
        Ok(())
    }

    async fn leftovers(&mut self) -> Result<(), Error> {
        while let Some(item) = self.entries.next_if(|_| true).await? {
            self.orphan(&item).await?;
        }
        let noticed = std::mem::take(&mut self.entries.noticed);
        self.take(noticed);
        let noticed = self.seals.orphans(None).await?;
        self.take(noticed);
        Ok(())
    }

    /// B4: the accounts together are the book.
    async fn whole_book(&mut self) -> Result<(), Error> {
        let totals = self.ledger.store.book_totals(&self.ledger.book).await?;
        if totals.effects != totals.balances {
            let detail =
                format!("all entries sum to {}, all balances to {}", totals.effects, totals.balances);
            self.find("B4", None, None, detail);
        }
        let unmoved = (totals.accounts, totals.entries) == (self.report.accounts, self.report.entries);
        if unmoved && (totals.effects, totals.balances) != (self.effects, self.balances) {
            let detail = format!("the accounts sum to {}, the book to {}", self.effects, totals.effects);
            self.find("B4", None, None, detail);
        }
        match i64::try_from(self.balances) {
            Ok(balance) => self.report.balance = Money::from_minor(balance, self.ledger.currency),
            Err(_) => self.find(
                "B4",
                None,
                None,
                format!("the balance of the book does not fit: {}", self.balances),
            ),
        }
        Ok(())
    }

    /// The report, once the roots are proved as well.
    fn finish(mut self, kept: Option<&SealedRoot>) -> AuditReport {
        let noticed = self.seals.roots(kept);
        self.take(noticed);
        self.report
    }
}
