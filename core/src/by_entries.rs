//! By entries: what a store does for the reports where it has no statement of its own for it. It is right on every store, and slow on a
//! large book.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::ledger::is_full;
use crate::store::{AccountFilter, AgedRow, AgingOrder, OwingFilter, SummaryRow};
use crate::{
    Account, AccountId, AgedTotals, BookId, Entry, EntryKind, LedgerStore, PAGE_MAX, Refusal, StoreError,
    TermId, TermTotals,
};

/// Of how many accounts the entries are read at a time.
pub(crate) const ACCOUNTS_A_PAGE: u32 = 500;

fn does_not_fit(refusal: Refusal) -> StoreError {
    StoreError::corrupt("sum the entries of an account", refusal.to_string()).with_source(refusal)
}

pub(crate) async fn entries_of<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    accounts: &[AccountId],
    after: Option<(&AccountId, u32)>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let mut accounts: Vec<&AccountId> = accounts.iter().collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut entries: Vec<Entry> = Vec::new();
    for account in accounts {
        let position = match after {
            Some((last, _)) if account < last => continue,
            Some((last, position)) if account == last => position,
            _ => 0,
        };
        let found = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let room = limit.saturating_sub(found);
        if room == 0 {
            break;
        }
        entries.extend(store.entries(book, account, position, room).await?);
    }
    Ok(entries)
}

/// The entries of these accounts, account by account.
pub(crate) async fn all_of<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, Vec<Entry>>, StoreError> {
    let mut by_account: BTreeMap<AccountId, Vec<Entry>> = BTreeMap::new();
    let mut after: Option<(AccountId, u32)> = None;
    loop {
        let from = after.as_ref().map(|(account, position)| (account, *position));
        let page = store.entries_of(book, accounts, from, PAGE_MAX).await?;
        let full = is_full(page.len(), PAGE_MAX);
        after = page.last().map(|last| (last.account.clone(), last.position));
        for entry in page {
            match by_account.get_mut(&entry.account) {
                Some(entries) => entries.push(entry),
                None => drop(by_account.insert(entry.account.clone(), vec![entry])),
            }
        }
        if !full {
            return Ok(by_account);
        }
    }
}

/// The entries of these accounts, account by account, as far as each went when it was read: what was recorded since is not part of its
/// balance, and so not of its row.
pub(crate) async fn as_read<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    accounts: &[Account],
) -> Result<BTreeMap<AccountId, Vec<Entry>>, StoreError> {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    let mut entries = all_of(store, book, &ids).await?;
    for account in accounts {
        if let Some(own) = entries.get_mut(&account.id) {
            own.retain(|entry| entry.position <= account.version);
        }
    }
    Ok(entries)
}

/// A row of every account, in byte order, from after one.
async fn rows<S: LedgerStore + ?Sized, R: Send>(
    store: &S,
    book: &BookId,
    after: Option<&AccountId>,
    limit: u32,
    row: impl Fn(&Account, &[Entry]) -> Result<R, Refusal> + Send + Sync,
) -> Result<Vec<R>, StoreError> {
    let mut rows: Vec<R> = Vec::new();
    let mut after = after.cloned();
    loop {
        let room = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX)).min(ACCOUNTS_A_PAGE);
        let accounts = store.list_accounts(book, AccountFilter::All, after.as_ref(), room).await?;
        let Some(last) = accounts.last() else { return Ok(rows) };
        after = Some(last.id.clone());
        let entries = as_read(store, book, &accounts).await?;
        for account in &accounts {
            let own = entries.get(&account.id).map_or(&[][..], Vec::as_slice);
            rows.push(row(account, own).map_err(does_not_fit)?);
        }
    }
}

pub(crate) async fn summary_rows<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    term: TermId,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<SummaryRow>, StoreError> {
    let row = |account: &Account, entries: &[Entry]| {
        let (earlier, totals) = TermTotals::fold(entries)?.up_to(term)?;
        let (charged, groups) = (charged(entries, term)?, account.groups.clone());
        Ok(SummaryRow { account: account.id.clone(), earlier, totals, charged, groups })
    };
    rows(store, book, after, limit, row).await
}

/// The sum of the charges of a term that are not reversed.
fn charged(entries: &[Entry], term: TermId) -> Result<i64, Refusal> {
    let mut charges: BTreeMap<u32, i64> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.term == term) {
        match entry.kind {
            EntryKind::Charge { .. } => drop(charges.insert(entry.position, entry.effect.minor())),
            EntryKind::Reversal { of, .. } => drop(charges.remove(&of)),
            _ => {}
        }
    }
    charges.into_values().try_fold(0_i64, |sum, charge| sum.checked_add(charge).ok_or(Refusal::Overflow))
}

pub(crate) async fn aged_rows<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    order: &AgingOrder,
    after: Option<&AccountId>,
    limit: u32,
) -> Result<Vec<AgedRow>, StoreError> {
    let row = |account: &Account, entries: &[Entry]| {
        let totals = AgedTotals::fold(entries, order.as_of, &order.floors)?;
        Ok(AgedRow { account: account.id.clone(), totals })
    };
    rows(store, book, after, limit, row).await
}

pub(crate) async fn owing<S: LedgerStore + ?Sized>(
    store: &S,
    book: &BookId,
    filter: &OwingFilter,
    after: Option<(i64, &AccountId)>,
    limit: u32,
) -> Result<Vec<Account>, StoreError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut kept: Vec<Account> = Vec::new();
    let mut last: Option<AccountId> = None;
    loop {
        let page = store.list_accounts(book, AccountFilter::Debtors, last.as_ref(), PAGE_MAX).await?;
        let Some(end) = page.last() else { return Ok(kept) };
        last = Some(end.id.clone());
        let follows = |account: &Account| {
            after.is_none_or(|(balance, id)| {
                by_amount((account.balance.minor(), &account.id), (balance, id)).is_gt()
            })
        };
        kept.extend(page.into_iter().filter(|account| filter.holds(account) && follows(account)));
        kept.sort_unstable_by(|one, other| {
            by_amount((one.balance.minor(), &one.id), (other.balance.minor(), &other.id))
        });
        kept.truncate(most);
    }
}

/// Those that owe most first, then in byte order.
fn by_amount(one: (i64, &AccountId), other: (i64, &AccountId)) -> Ordering {
    other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1))
}
