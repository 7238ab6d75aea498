//! What a check is decided on, read in pages of bounded size.

use std::collections::{BTreeSet, HashMap};

use crate::{Account, AccountId, Entry, Error, IdempotencyKey, Ledger, LedgerStore, TermId};

/// How many are asked for at a time.
const PAGE: usize = 1_000;

/// These accounts, as far as they exist.
pub(super) async fn accounts<S: LedgerStore>(
    ledger: &Ledger<S>,
    ids: BTreeSet<AccountId>,
) -> Result<HashMap<AccountId, Account>, Error> {
    let ids: Vec<AccountId> = ids.into_iter().collect();
    let mut found = HashMap::new();
    for page in ids.chunks(PAGE) {
        let accounts = ledger.store.accounts(&ledger.book, page).await?;
        found.extend(accounts.into_iter().map(|account| (account.id.clone(), account)));
    }
    Ok(found)
}

/// The sums of the opening balances of these accounts in a term, in minor units, where they are not nothing. One that is reversed counts
/// for nothing, as it must.
pub(super) async fn openings<S: LedgerStore>(
    ledger: &Ledger<S>,
    term: TermId,
    accounts: &HashMap<AccountId, Account>,
) -> Result<HashMap<AccountId, i64>, Error> {
    let with_entries: Vec<AccountId> =
        accounts.values().filter(|account| account.version > 0).map(|account| account.id.clone()).collect();
    let mut found = HashMap::new();
    for page in with_entries.chunks(PAGE) {
        for (account, totals) in ledger.store.totals(&ledger.book, page).await? {
            let of_term = totals.terms().iter().find(|(of, _)| *of == term);
            if let Some((_, totals)) = of_term.filter(|(_, totals)| totals.opening != 0) {
                found.insert(account, totals.opening);
            }
        }
    }
    Ok(found)
}

/// The entries recorded under these keys, as far as they exist.
pub(super) async fn by_key<S: LedgerStore>(
    ledger: &Ledger<S>,
    keys: &[IdempotencyKey],
) -> Result<HashMap<IdempotencyKey, Entry>, Error> {
    let mut found = HashMap::new();
    for page in keys.chunks(PAGE) {
        let entries = ledger.store.entries_by_key(&ledger.book, page).await?;
        found.extend(entries.into_iter().map(|entry| (entry.key.clone(), entry)));
    }
    Ok(found)
}
