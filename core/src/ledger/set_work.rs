//! Set work: what a rule does to many accounts, page by page, each account decided on all its entries and against its version.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::by_entries;
use crate::rule::{self, Posting};
use crate::rule_key::back_key;
use crate::store::{AccountFilter, ChangeSet, Committed};
use crate::{
    Account, AccountId, Calendar, Entry, EntryKind, Error, IdempotencyKey, LedgerStore, Money, NewEntry,
    Refusal, TermId, Text,
};

/// How many accounts are read at a time.
const ACCOUNTS_A_PAGE: u32 = 500;

/// The most entries that one step records.
const LINES_A_STEP: usize = 1_000;

/// How often an account is decided anew in one run after something was taken back on it.
const ROUNDS_MAX: u32 = 8;

/// How far a run over the accounts of a book has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProgress {
    /// How many accounts have been looked at.
    pub accounts_seen: u64,
    /// How many entries have been recorded.
    pub entries: u64,
}

/// An entry that a rule records, without what every one of its run has in common.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) term: TermId,
    pub(crate) kind: EntryKind,
    pub(crate) effect: Money,
    pub(crate) key: IdempotencyKey,
}

impl Line {
    /// The reversal of an entry that a rule recorded.
    pub(crate) fn reversing(entry: &Entry, reason: &str) -> Result<Self, Refusal> {
        Ok(Self {
            term: entry.term,
            kind: EntryKind::Reversal {
                of: entry.position,
                figure: entry.kind.figure(),
                reason: Text::from(reason),
            },
            effect: entry.effect.checked_neg()?,
            key: back_key(&entry.key)?,
        })
    }
}

/// Which accounts a run looks at.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    Every,
    /// These, which exist.
    Listed(&'a [AccountId]),
}

/// What a run does.
pub(crate) trait SetWork: Send {
    /// What it has to say of an account beside what it records.
    type Told: Send;

    /// What it records on an account, which has these entries.
    fn plan(
        &self,
        account: &Account,
        entries: &[Entry],
        calendar: &Calendar,
    ) -> Result<(Vec<Line>, Self::Told), Refusal>;

    /// Takes note of what has been recorded on an account.
    fn recorded(&mut self, account: &AccountId, lines: &[Line]) -> Result<(), Refusal>;

    /// Takes note of an account that is done.
    fn done(&mut self, account: &AccountId, told: Self::Told) -> Result<(), Refusal>;

    /// Takes note that a page is done.
    fn page_done(&mut self) {}
}

/// An account with what is decided of it.
struct Decided<T> {
    account: Account,
    lines: Vec<Line>,
    told: T,
}

fn any_back(lines: &[Line]) -> bool {
    lines.iter().any(|line| matches!(line.kind, EntryKind::Reversal { .. }))
}

impl<S: LedgerStore> Ledger<S> {
    /// Runs over accounts; what it records is dated on a day.
    pub(crate) async fn run<W: SetWork>(
        &self,
        whose: Whose<'_>,
        on: NaiveDate,
        work: &mut W,
    ) -> Result<(), Error> {
        if let Whose::Listed(ids) = whose {
            let page = usize::try_from(ACCOUNTS_A_PAGE).unwrap_or(usize::MAX);
            for ids in ids.chunks(page) {
                let mut accounts = self.store.accounts(&self.book, ids).await?;
                accounts.sort_by(|one, other| one.id.cmp(&other.id));
                self.run_page(accounts, on, work).await?;
                work.page_done();
            }
            return Ok(());
        }
        let mut after: Option<AccountId> = None;
        loop {
            let page = self
                .store
                .list_accounts(&self.book, AccountFilter::All, after.as_ref(), ACCOUNTS_A_PAGE)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            self.run_page(page, on, work).await?;
            work.page_done();
        }
    }

    async fn run_page<W: SetWork>(
        &self,
        accounts: Vec<Account>,
        on: NaiveDate,
        work: &mut W,
    ) -> Result<(), Error> {
        let mut entries = by_entries::as_read(&self.store, &self.book, &accounts).await?;
        let calendar = self.state().await?.calendar;
        calendar.unlocked(on)?;
        let (mut step, mut size) = (Vec::new(), 0_usize);
        for account in accounts {
            let own = entries.remove(&account.id).unwrap_or_default();
            let (lines, told) = work.plan(&account, &own, &calendar)?;
            if lines.is_empty() {
                work.done(&account.id, told)?;
                continue;
            }
            if size.saturating_add(lines.len()) > LINES_A_STEP {
                self.run_step(std::mem::take(&mut step), on, work).await?;
                size = 0;
            }
            if lines.len() > LINES_A_STEP {
                self.run_alone(&account.id, on, work).await?;
                continue;
            }
            size = size.saturating_add(lines.len());
            step.push(Decided { account, lines, told });
        }
        self.run_step(step, on, work).await
    }

    /// Records what was decided of some accounts in one step; where one has moved since, each is decided anew by itself, and so is one on
    /// which something was taken back.
    async fn run_step<W: SetWork>(
        &self,
        step: Vec<Decided<W::Told>>,
        on: NaiveDate,
        work: &mut W,
    ) -> Result<(), Error> {
        let postings: Vec<Posting> =
            step.iter().flat_map(|one| self.postings(&one.account, &one.lines, on)).collect();
        if postings.is_empty() {
            return Ok(());
        }
        let changes = ChangeSet { postings, ..ChangeSet::default() };
        let admitted = self.store.commit(&self.book, changes).await? != Committed::NotAdmitted;
        for Decided { account, lines, told } in step {
            if admitted {
                work.recorded(&account.id, &lines)?;
            }
            if admitted && !any_back(&lines) {
                work.done(&account.id, told)?;
            } else {
                self.run_alone(&account.id, on, work).await?;
            }
        }
        Ok(())
    }

    async fn run_alone<W: SetWork>(
        &self,
        account: &AccountId,
        on: NaiveDate,
        work: &mut W,
    ) -> Result<(), Error> {
        let (mut attempt, mut rounds) = (0_u32, 0_u32);
        loop {
            let account = self.account(account).await?;
            let mut entries = self.all_entries(&account.id).await?;
            entries.retain(|entry| entry.position <= account.version);
            let calendar = self.state().await?.calendar;
            calendar.unlocked(on)?;
            let (mut lines, told) = work.plan(&account, &entries, &calendar)?;
            // What is taken back may make room for more.
            let again = any_back(&lines) && rounds < ROUNDS_MAX;
            let more = again || lines.len() > LINES_A_STEP;
            lines.truncate(LINES_A_STEP);
            let effects = lines.iter().map(|line| line.effect);
            rule::check_balance_cap(&account, Money::sum(effects, self.currency)?)?;
            let changes = ChangeSet { postings: self.postings(&account, &lines, on), ..ChangeSet::default() };
            if lines.is_empty() || self.store.commit(&self.book, changes).await? != Committed::NotAdmitted {
                work.recorded(&account.id, &lines)?;
                if !more {
                    return Ok(work.done(&account.id, told)?);
                }
                attempt = 0;
                rounds = rounds.saturating_add(1);
                continue;
            }
            self.again(attempt).await?;
            attempt = attempt.saturating_add(1);
        }
    }

    /// The postings of what was decided of an account; the first carries the version that all were decided on (S3).
    fn postings(&self, account: &Account, lines: &[Line], on: NaiveDate) -> Vec<Posting> {
        let posting = |line: &Line| {
            Posting::new(NewEntry {
                id: self.store.new_id(),
                account: account.id.clone(),
                term: line.term,
                kind: line.kind.clone(),
                effect: line.effect,
                effective_on: on,
                recorded_at: self.now(),
                recorded_by: self.recorder(),
                key: line.key.clone(),
                note: None,
            })
        };
        let mut postings: Vec<Posting> = lines.iter().map(posting).collect();
        if let Some(first) = postings.first_mut() {
            first.version = Some(account.version);
        }
        postings
    }

    /// Refuses a list that names an account which does not exist, and gives it in byte order, each account once.
    pub(crate) async fn known_accounts(
        &self,
        ids: impl IntoIterator<Item = &AccountId> + Send,
    ) -> Result<Vec<AccountId>, Error> {
        let ids: std::collections::BTreeSet<AccountId> = ids.into_iter().cloned().collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        for some in ids.chunks(usize::try_from(ACCOUNTS_A_PAGE).unwrap_or(usize::MAX)) {
            let found = self.store.accounts(&self.book, some).await?;
            let found: std::collections::BTreeSet<&AccountId> = found.iter().map(|one| &one.id).collect();
            if let Some(account) = some.iter().find(|id| !found.contains(id)) {
                return Err(Refusal::UnknownAccount { account: account.clone() }.into());
            }
        }
        Ok(ids)
    }
}
