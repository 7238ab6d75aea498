//! The audit: proves a whole book against its invariants, reading every entry once and keeping at most a page and one account in memory.
//!
//! It proves that every account's kept balance is the fold of its entries and that the store sums the same figures by term (B1), that
//! every term begins with what the one before it left (B2), that the whole book adds up (B4), that reversals are exact opposites, made
//! once, of entries that are not reversals (B6), and that positions have neither gap nor repeat (S2).
//!
//! It may run beside writers: each account is proved as it was when the audit came to it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::store::AccountFilter;
use crate::{
    Account, AccountId, BookId, Calendar, Entry, EntryKind, Error, Figure, Ledger, LedgerStore, Money,
    TermId, TermTotals, Totals,
};

/// How many findings a report lists; they are counted all the same.
pub const FINDINGS_LISTED_MAX: usize = 1_000;

const ACCOUNTS_A_PAGE: u32 = 1_000;
const ENTRIES_A_PAGE: u32 = 5_000;

/// Something that an invariant does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The invariant: `B1`, `B2`, `B4`, `B6` or `S2`.
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
pub struct AuditReport {
    /// The book.
    pub book: BookId,
    /// How many accounts were proved.
    pub accounts: u64,
    /// How many entries.
    pub entries: u64,
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
}

/// Audits a book.
///
/// # Errors
/// [`Error::Store`] when it cannot be read. What is wrong in the book is no error but a [`Finding`].
#[tracing::instrument(name = "bursar.audit", skip_all, fields(book = %ledger.book))]
pub async fn audit<S: LedgerStore>(ledger: &Ledger<S>) -> Result<AuditReport, Error> {
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
    tracing::info!(entries = audit.report.entries, findings = audit.report.findings_count, "audited");
    Ok(audit.report)
}

struct Audit<'a, S> {
    ledger: &'a Ledger<S>,
    calendar: Calendar,
    report: AuditReport,
    effects: i128,
    balances: i128,
    entries: EntryReader<'a, S>,
}

/// Reads the entries of the book in order, a page at a time.
struct EntryReader<'a, S> {
    ledger: &'a Ledger<S>,
    page: VecDeque<Entry>,
    after: Option<(AccountId, u32)>,
    done: bool,
}

impl<S: LedgerStore> EntryReader<'_, S> {
    /// The next entry, if `wanted` says that it is.
    async fn next_if(&mut self, wanted: impl Fn(&Entry) -> bool + Send) -> Result<Option<Entry>, Error> {
        if self.page.is_empty() && !self.done {
            let after = self.after.as_ref().map(|(account, position)| (account, *position));
            let page = self.ledger.store.scan(&self.ledger.book, after, ENTRIES_A_PAGE).await?;
            self.done = page.is_empty();
            if let Some(last) = page.last() {
                self.after = Some((last.account.clone(), last.position));
            }
            self.page = page.into();
        }
        Ok(if self.page.front().is_some_and(wanted) { self.page.pop_front() } else { None })
    }
}

impl<'a, S: LedgerStore> Audit<'a, S> {
    async fn new(ledger: &'a Ledger<S>) -> Result<Self, Error> {
        let report = AuditReport {
            book: ledger.book.clone(),
            accounts: 0,
            entries: 0,
            balance: Money::zero(ledger.currency),
            findings_count: 0,
            findings: Vec::new(),
        };
        let entries = EntryReader { ledger, page: VecDeque::new(), after: None, done: false };
        Ok(Self { ledger, calendar: ledger.calendar().await?, report, effects: 0, balances: 0, entries })
    }

    fn find(&mut self, invariant: &str, account: Option<&AccountId>, position: Option<u32>, detail: String) {
        self.report.findings_count = self.report.findings_count.saturating_add(1);
        if self.report.findings.len() < FINDINGS_LISTED_MAX {
            let (invariant, account) = (invariant.to_owned(), account.cloned());
            self.report.findings.push(Finding { invariant, account, position, detail });
        }
    }

    async fn page(&mut self, accounts: Vec<Account>) -> Result<(), Error> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let summed = self.ledger.store.totals(&self.ledger.book, &ids).await?;
        let summed: BTreeMap<AccountId, TermTotals> = summed.into_iter().collect();
        for account in accounts {
            while let Some(orphan) = self.entries.next_if(|entry| entry.account < account.id).await? {
                self.orphan(&orphan).await?;
            }
            let mut proof = Proof::new(&account);
            while let Some(entry) = self.entries.next_if(|entry| entry.account == account.id).await? {
                // What was appended since the account was read is not part of this proof.
                if entry.position <= account.version {
                    proof.add(&entry, &self.calendar);
                }
            }
            self.account(&account, &proof, summed.get(&account.id))?;
        }
        Ok(())
    }

    fn account(
        &mut self,
        account: &Account,
        proof: &Proof,
        summed: Option<&TermTotals>,
    ) -> Result<(), Error> {
        self.report.accounts = self.report.accounts.saturating_add(1);
        self.report.entries = self.report.entries.saturating_add(u64::from(proof.last));
        self.effects = self.effects.saturating_add(proof.balance);
        self.balances = self.balances.saturating_add(i128::from(account.balance.minor()));
        let id = Some(&account.id);
        if proof.last != account.version {
            let detail =
                format!("the last position is {}, and the version is {}", proof.last, account.version);
            self.find("S2", id, None, detail);
        }
        if proof.balance != i128::from(account.balance.minor()) {
            let detail = format!(
                "the entries sum to {} minor units, and {} is kept",
                proof.balance,
                account.balance.minor()
            );
            self.find("B1", id, None, detail);
        }
        for (invariant, position, detail) in &proof.findings {
            self.find(invariant, id, Some(*position), detail.clone());
        }
        // Sums by term are read at another moment than the account: only the same number of entries must give the same sums.
        if let Some(summed) = summed
            && summed.balance()? == account.balance.minor()
        {
            self.terms(account, proof, summed)?;
        }
        Ok(())
    }

    /// B1 and B2: the store's sums by term are the fold, and each term begins with what the one before it left.
    fn terms(&mut self, account: &Account, proof: &Proof, summed: &TermTotals) -> Result<(), Error> {
        let folded: Vec<(TermId, Totals)> =
            proof.totals.iter().map(|(term, totals)| (*term, *totals)).collect();
        if folded != summed.terms() {
            let detail = format!("the entries fold to {folded:?}, and the store sums {:?}", summed.terms());
            self.find("B1", Some(&account.id), None, detail);
        }
        let mut left = 0_i64;
        for balance in summed.balances(&account.id, self.ledger.currency)? {
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

    async fn orphan(&mut self, entry: &Entry) -> Result<(), Error> {
        // An account enrolled since its page was read is no orphan.
        let account =
            self.ledger.store.accounts(&self.ledger.book, std::slice::from_ref(&entry.account)).await?;
        if account.is_empty() {
            self.find(
                "B4",
                Some(&entry.account),
                Some(entry.position),
                "the account does not exist".to_owned(),
            );
        }
        Ok(())
    }

    async fn leftovers(&mut self) -> Result<(), Error> {
        while let Some(entry) = self.entries.next_if(|_| true).await? {
            self.orphan(&entry).await?;
        }
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
}

/// What a later reversal must know of an entry.
#[derive(Clone, Copy)]
struct Trace {
    term: TermId,
    figure: Figure,
    effect: i64,
    is_reversal: bool,
    reversed: bool,
}

/// The proof of one account, entry by entry.
struct Proof {
    last: u32,
    balance: i128,
    totals: BTreeMap<TermId, Totals>,
    traces: Vec<Trace>,
    currency: crate::Currency,
    findings: Vec<(&'static str, u32, String)>,
}

impl Proof {
    fn new(account: &Account) -> Self {
        let currency = account.balance.currency();
        Self {
            last: 0,
            balance: 0,
            totals: BTreeMap::new(),
            traces: Vec::new(),
            currency,
            findings: Vec::new(),
        }
    }

    fn add(&mut self, entry: &Entry, calendar: &Calendar) {
        let at = entry.position;
        let expected = self.last.saturating_add(1);
        if at != expected {
            self.findings.push(("S2", at, format!("position {expected} was expected")));
        }
        self.last = at;
        let effect = entry.effect.minor();
        self.balance = self.balance.saturating_add(i128::from(effect));
        if self.totals.entry(entry.term).or_default().add(entry.kind.figure(), effect).is_err() {
            self.findings.push(("B1", at, "the term's totals do not fit".to_owned()));
        }
        if calendar.find(entry.term).is_none() {
            self.findings.push(("B1", at, format!("term {} is not defined", entry.term)));
        }
        let sign_fits = entry.kind.is_signed() || (entry.kind.lowers() == entry.effect.is_negative());
        if entry.effect.is_zero() || !sign_fits || entry.effect.currency() != self.currency {
            self.findings.push((
                "B1",
                at,
                format!("{:?} is no effect of a {}", entry.effect, entry.kind.as_str()),
            ));
        }
        let is_reversal = matches!(entry.kind, EntryKind::Reversal { .. });
        self.traces.push(Trace {
            term: entry.term,
            figure: entry.kind.figure(),
            effect,
            is_reversal,
            reversed: false,
        });
        if let EntryKind::Reversal { of, figure, .. } = entry.kind {
            self.reversal(entry, of, figure);
        }
    }

    /// B6: a reversal is the exact opposite, made once, of an earlier entry that is none.
    fn reversal(&mut self, entry: &Entry, of: u32, figure: Figure) {
        let (at, term, effect) = (entry.position, entry.term, entry.effect.minor());
        let index = of.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        let Some(target) = index.filter(|_| of < at).and_then(|index| self.traces.get_mut(index)) else {
            self.findings.push(("B6", at, format!("there is no earlier entry {of}")));
            return;
        };
        let opposite =
            target.effect.checked_neg() == Some(effect) && target.term == term && target.figure == figure;
        let problem = match (target.is_reversal, target.reversed, opposite) {
            (true, _, _) => Some("is itself a reversal"),
            (_, true, _) => Some("was reversed before"),
            (_, _, false) => Some("is not its exact opposite"),
            _ => None,
        };
        target.reversed = true;
        if let Some(problem) = problem {
            self.findings.push(("B6", at, format!("entry {of}, which it reverses, {problem}")));
        }
    }
}
