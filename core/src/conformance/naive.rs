//! Every figure once more, summed straight from the entries, with nothing of the library's own sums.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::store::{AgedRow, AgingOrder, BookTotals, OwingFilter, SummaryRow, TermRow};
use crate::{Account, AccountId, AgedTotals, Entry, EntryKind, Figure, TermId, Totals};

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
    in_byte_order(accounts).map(row).collect()
}

fn in_byte_order(accounts: &[Account]) -> impl Iterator<Item = &Account> {
    let mut accounts: Vec<&Account> = accounts.iter().collect();
    accounts.sort_by(|one, other| one.id.as_str().as_bytes().cmp(other.id.as_str().as_bytes()));
    accounts.into_iter()
}

/// The entry that a reversal reverses.
fn reversed_by<'a>(entries: &'a [Entry], entry: &Entry) -> Option<&'a Entry> {
    let EntryKind::Reversal { of, .. } = entry.kind else { return None };
    entries.iter().find(|other| other.account == entry.account && other.position == of)
}

/// Whether an entry is one of a reversal and what it reverses.
fn is_cancelled(entries: &[Entry], entry: &Entry) -> bool {
    let is_it = |target: &Entry| target.account == entry.account && target.position == entry.position;
    matches!(entry.kind, EntryKind::Reversal { .. })
        || entries.iter().any(|other| reversed_by(entries, other).is_some_and(is_it))
}

/// The rows of a summary for every account, in byte order.
pub(super) fn summary_rows(accounts: &[Account], entries: &[Entry], term: TermId) -> Vec<SummaryRow> {
    let live = |entry: &&Entry| {
        entry.term == term && matches!(entry.kind, EntryKind::Charge { .. }) && !is_cancelled(entries, entry)
    };
    let row = |account: &Account| SummaryRow {
        account: account.id.clone(),
        earlier: sum(entries.iter().filter(|entry| entry.account == account.id && entry.term < term)),
        totals: totals(entries, &account.id, term),
        charged: sum(entries.iter().filter(|entry| entry.account == account.id).filter(live)),
        groups: account.groups.clone(),
    };
    in_byte_order(accounts).map(row).collect()
}

/// The rows of an aging for every account, in byte order.
pub(super) fn aged_rows(accounts: &[Account], entries: &[Entry], order: &AgingOrder) -> Vec<AgedRow> {
    let dated = |entry: &Entry| {
        order.as_of.day.is_none_or(|day| entry.effective_on <= day)
            && order.as_of.recorded_by.is_none_or(|instant| entry.recorded_at <= instant)
    };
    let there: Vec<Entry> = entries
        .iter()
        .filter(|entry| dated(entry) && reversed_by(entries, entry).is_none_or(dated))
        .cloned()
        .collect();
    let due = |entry: &Entry| match entry.kind {
        EntryKind::Charge { due_on, .. } => due_on,
        _ => entry.effective_on,
    };
    let in_bucket = |day: NaiveDate, from: Option<&NaiveDate>, before: Option<&NaiveDate>| {
        from.is_none_or(|from| day >= *from) && before.is_none_or(|before| day < *before)
    };
    let row = |account: &Account| {
        let own = |entry: &&Entry| entry.account == account.id && !is_cancelled(&there, entry);
        let buckets = 0..=order.floors.len();
        let of_bucket = |bucket: usize| {
            let before = bucket.checked_sub(1).and_then(|one| order.floors.get(one));
            let debits = there.iter().filter(own).filter(|entry| entry.effect.is_positive());
            sum(debits.filter(|entry| in_bucket(due(entry), order.floors.get(bucket), before)))
        };
        let credits = sum(there.iter().filter(own).filter(|entry| entry.effect.is_negative()));
        let totals =
            AgedTotals { debits: buckets.map(of_bucket).collect(), credits: credits.saturating_neg() };
        AgedRow { account: account.id.clone(), totals }
    };
    in_byte_order(accounts).map(row).collect()
}

/// Those that owe, as a filter takes them, most first.
pub(super) fn owing(accounts: &[Account], filter: &OwingFilter) -> Vec<Account> {
    let mut owing: Vec<Account> = in_byte_order(accounts)
        .filter(|account| account.balance.minor() > 0 && account.balance.minor() >= filter.at_least)
        .filter(|account| filter.standing.is_none_or(|standing| account.standing == standing))
        .filter(|account| {
            filter.group.as_ref().is_none_or(|group| account.groups.iter().any(|one| one == group))
        })
        .cloned()
        .collect();
    // Stable: those that owe as much stay in byte order.
    owing.sort_by_key(|account| std::cmp::Reverse(account.balance.minor()));
    owing
}

/// The sums over the book.
pub(super) fn book_totals(accounts: &[Account], entries: &[Entry]) -> BookTotals {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let effects = entries.iter().map(|entry| i128::from(entry.effect.minor())).sum();
    BookTotals { accounts: count(accounts.len()), entries: count(entries.len()), effects, balances: effects }
}
