//! Every figure once more, summed straight from the entries, with nothing of the library's own sums.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{BookTotals, TermRow};
use crate::{Account, AccountId, Entry, EntryKind, Figure, TermId, Totals};

/// The figure of an entry, by its kind alone.
fn figure(kind: &EntryKind) -> Figure {
    match kind {
        EntryKind::Charge { .. } | EntryKind::Concession { .. } => Figure::Fee,
        EntryKind::Opening { .. } => Figure::Opening,
        EntryKind::Adjustment { .. } | EntryKind::WriteOff { .. } => Figure::Adjustment,
        EntryKind::Payment { .. } | EntryKind::Refund { .. } => Figure::Paid,
        EntryKind::Reversal { figure, .. } => *figure,
    }
}

fn sum<'a>(entries: impl Iterator<Item = &'a Entry>) -> i64 {
    let wide: i128 = entries.map(|entry| i128::from(entry.effect.minor())).sum();
    i64::try_from(wide).unwrap_or(i64::MAX)
}

/// The totals of an account in a term.
pub(super) fn totals(entries: &[Entry], account: &AccountId, term: TermId) -> Totals {
    let of = |wanted: Figure| {
        sum(entries
            .iter()
            .filter(|entry| entry.account == *account && entry.term == term && figure(&entry.kind) == wanted))
    };
    Totals {
        opening: of(Figure::Opening),
        fee: of(Figure::Fee),
        adjustment: of(Figure::Adjustment),
        paid: of(Figure::Paid),
    }
}

/// The totals by term of the accounts that have entries.
pub(super) fn by_term(entries: &[Entry]) -> BTreeMap<AccountId, Vec<(TermId, Totals)>> {
    let terms: BTreeSet<(AccountId, TermId)> =
        entries.iter().map(|entry| (entry.account.clone(), entry.term)).collect();
    let mut by_account: BTreeMap<AccountId, Vec<(TermId, Totals)>> = BTreeMap::new();
    for (account, term) in terms {
        let totals = totals(entries, &account, term);
        by_account.entry(account).or_default().push((term, totals));
    }
    by_account
}

/// The rows of a term for every account, in byte order.
pub(super) fn term_rows(accounts: &[Account], entries: &[Entry], term: TermId) -> Vec<TermRow> {
    let row = |account: &Account| TermRow {
        account: account.id.clone(),
        earlier: sum(entries.iter().filter(|entry| entry.account == account.id && entry.term < term)),
        totals: totals(entries, &account.id, term),
    };
    let mut rows: Vec<TermRow> = accounts.iter().map(row).collect();
    rows.sort_by(|one, other| one.account.as_str().as_bytes().cmp(other.account.as_str().as_bytes()));
    rows
}

/// The sums over the book.
pub(super) fn book_totals(accounts: &[Account], entries: &[Entry]) -> BookTotals {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let effects = entries.iter().map(|entry| i128::from(entry.effect.minor())).sum();
    BookTotals { accounts: count(accounts.len()), entries: count(entries.len()), effects, balances: effects }
}
