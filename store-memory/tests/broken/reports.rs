//! Reports by the entries of the memory store: right unless they are told to be wrong.

use std::collections::HashMap;

use bursar::store::{AccountFilter, AgedRow, AgingOrder, OwingFilter, SummaryRow};
use bursar::{
    Account, AccountId, AgedTotals, AsOf, BookId, Entry, EntryKind, FeeGroup, LedgerStore, NewEntry,
    StoreError, TermId,
};
use chrono::{Days, NaiveDate, SubsecRound};

use crate::faults::Fault;
use crate::store::Broken;

/// An entry that another is made of.
fn changed(entry: &Entry, change: impl FnOnce(&mut NewEntry)) -> Entry {
    let mut new = NewEntry::clone(entry);
    change(&mut new);
    new.at(entry.position)
}

fn reverses(entry: &Entry) -> Option<u32> {
    match entry.kind {
        EntryKind::Reversal { of, .. } => Some(of),
        _ => None,
    }
}

impl Broken {
    /// A page of a report, of rows that follow those of the page before it.
    fn report<T>(
        &self,
        book: &BookId,
        mut rows: Vec<T>,
        limit: u32,
        further: bool,
    ) -> Result<Vec<T>, StoreError> {
        if self.is(Fault::ReportsOfAbsentBooksFail) && book.as_str() == "absent" {
            return Err(StoreError::corrupt("report", "there is no such book"));
        }
        rows.truncate(usize::try_from(self.limit(limit, further)).unwrap());
        if self.is(Fault::ReportsDropTheirLastRow) && limit < 10_000 {
            rows.pop();
        }
        Ok(self.page(rows, further))
    }

    pub(crate) async fn entries_of_broken(
        &self,
        book: &BookId,
        accounts: &[AccountId],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut asked = accounts.to_vec();
        if !self.is(Fault::EntriesComeAsAsked) {
            asked.sort();
        }
        if !self.is(Fault::AccountsAskedTwiceComeTwice) {
            let mut seen = Vec::new();
            asked.retain(|one| {
                !seen.contains(one) && {
                    seen.push(one.clone());
                    true
                }
            });
        }
        let mut rows = Vec::new();
        for account in asked {
            rows.extend(self.inner.entries(book, &account, 0, u32::MAX).await?);
        }
        if let Some((account, position)) = after {
            rows.retain(|entry| {
                let further = (&entry.account, entry.position) > (account, position);
                if self.is(Fault::EntriesGoOnAfterAnyAccount) {
                    further && entry.position > position
                } else {
                    further
                }
            });
        }
        self.report(book, rows, limit, after.is_some())
    }

    async fn listed(&self, book: &BookId, after: Option<&AccountId>) -> Result<Vec<Account>, StoreError> {
        self.inner.list_accounts(book, AccountFilter::All, after, u32::MAX).await
    }

    pub(crate) async fn summary_rows_broken(
        &self,
        book: &BookId,
        term: TermId,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<SummaryRow>, StoreError> {
        let mut rows = self.inner.summary_rows(book, term, after, u32::MAX).await?;
        if self.is(Fault::RowsAreTornApart) {
            tokio::task::yield_now().await;
        }
        for row in &mut rows {
            let entries = self.inner.entries(book, &row.account, 0, u32::MAX).await?;
            let of = |passes: &dyn Fn(&Entry) -> bool| -> i64 {
                let own = entries.iter().filter(|entry| passes(entry));
                own.map(|entry| entry.effect.minor()).sum()
            };
            let charge = |entry: &Entry| matches!(entry.kind, EntryKind::Charge { .. });
            let live = |entry: &Entry| {
                charge(entry) && !entries.iter().any(|other| reverses(other) == Some(entry.position))
            };
            match self.fault {
                Fault::ReversedChargesAreCharged => {
                    row.charged = of(&|entry| charge(entry) && entry.term == term);
                }
                Fault::ConcessionsLowerWhatIsCharged => row.charged = row.totals.fee,
                Fault::ChargesOfAllTermsCount => row.charged = of(&|entry| live(entry) && entry.term <= term),
                Fault::RowsAreTornApart => row.charged = of(&|entry| live(entry) && entry.term == term),
                Fault::GroupsAreMissing => row.groups.clear(),
                Fault::GroupsAreCut => row.groups.truncate(1),
                _ => {}
            }
        }
        if self.is(Fault::SummariesAreOnlyOfEntries) {
            let mut with_entries = Vec::new();
            for row in rows {
                if !self.inner.entries(book, &row.account, 0, 1).await?.is_empty() {
                    with_entries.push(row);
                }
            }
            rows = with_entries;
        }
        self.report(book, rows, limit, after.is_some())
    }

    pub(crate) async fn aged_rows_broken(
        &self,
        book: &BookId,
        order: &AgingOrder,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<AgedRow>, StoreError> {
        let mut rows = Vec::new();
        for account in self.listed(book, after).await? {
            let entries = self.inner.entries(book, &account.id, 0, u32::MAX).await?;
            if self.is(Fault::AgingsAreOnlyOfThoseWhoOwe) && !account.balance.is_positive() {
                continue;
            }
            rows.push(AgedRow { account: account.id, totals: self.aged(&entries, order) });
        }
        self.report(book, rows, limit, after.is_some())
    }

    fn aged(&self, entries: &[Entry], order: &AgingOrder) -> AgedTotals {
        let AgingOrder { mut as_of, mut floors } = order.clone();
        let mut entries = entries.to_vec();
        let days: HashMap<u32, NaiveDate> =
            entries.iter().map(|entry| (entry.position, entry.effective_on)).collect();
        let instants: HashMap<u32, _> =
            entries.iter().map(|entry| (entry.position, entry.recorded_at)).collect();
        let each = |entries: &mut Vec<Entry>, change: &dyn Fn(&mut NewEntry)| {
            *entries = entries.iter().map(|entry| changed(entry, change)).collect();
        };
        match self.fault {
            Fault::LaterPaymentsCount => each(&mut entries, &|entry| {
                if matches!(entry.kind, EntryKind::Payment { .. }) {
                    entry.effective_on = NaiveDate::MIN;
                }
            }),
            Fault::TheDayItselfIsLeftOut => as_of.day = as_of.day.and_then(|day| day.pred_opt()),
            Fault::InstantsAreNotLookedAt => as_of.recorded_by = None,
            Fault::InstantsAreTruncated => {
                as_of.recorded_by = as_of.recorded_by.map(|instant| instant.trunc_subsecs(0));
            }
            Fault::ReversalsCountWithTheirTarget => each(&mut entries, &|entry| {
                if let EntryKind::Reversal { of, .. } = entry.kind {
                    (entry.effective_on, entry.recorded_at) = (days[&of], instants[&of]);
                }
            }),
            Fault::ReversedDebitsStay => entries.retain(|entry| reverses(entry).is_none()),
            Fault::ReversalsAreCredits => each(&mut entries, &|entry| {
                if let EntryKind::Reversal { of, .. } = entry.kind
                    && as_of.counts(days[&of], instants[&of])
                {
                    entry.kind = EntryKind::Payment { method: bursar::Method::Other, reference: None };
                }
            }),
            Fault::ChargesArePutByTheirEffect => each(&mut entries, &|entry| {
                if let EntryKind::Charge { due_on, .. } = &mut entry.kind {
                    *due_on = entry.effective_on;
                }
            }),
            Fault::BoundsBelongToTheOlder => {
                floors =
                    floors.iter().map(|day| day.checked_add_days(Days::new(1)).unwrap_or(*day)).collect();
            }
            _ => {}
        }
        let mut totals = AgedTotals::fold(&entries, as_of, &floors).unwrap();
        let bucket = |day: NaiveDate| floors.iter().take_while(|floor| day < **floor).count();
        let counts = |entry: &Entry, as_of: AsOf| as_of.counts(entry.effective_on, entry.recorded_at);
        for entry in &entries {
            let target = reverses(entry).and_then(|of| entries.iter().find(|other| other.position == of));
            let Some(target) = target.filter(|_| counts(entry, as_of)) else { continue };
            let debit = entry.effect.is_negative();
            match self.fault {
                Fault::ReversalsCountAlone if !counts(target, as_of) => {
                    if debit {
                        totals.debits[0] += entry.effect.minor();
                    } else {
                        totals.credits -= entry.effect.minor();
                    }
                }
                Fault::ReversalsArePutByTheirOwnDay if debit && counts(target, as_of) => {
                    let due = match target.kind {
                        EntryKind::Charge { due_on, .. } => due_on,
                        _ => target.effective_on,
                    };
                    totals.debits[bucket(due)] -= entry.effect.minor();
                    totals.debits[bucket(entry.effective_on)] += entry.effect.minor();
                }
                _ => {}
            }
        }
        if self.is(Fault::OnlySevenBuckets) {
            totals.debits.iter_mut().skip(7).for_each(|sum| *sum = 0);
        }
        totals
    }

    pub(crate) async fn owing_broken(
        &self,
        book: &BookId,
        filter: &OwingFilter,
        after: Option<(i64, &AccountId)>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let mut rows: Vec<Account> = Vec::new();
        for account in self.listed(book, None).await? {
            rows.push(self.account(book, account).await?);
        }
        let least = match self.fault {
            Fault::TheEvenOwe => filter.at_least,
            Fault::AtLeastIsMore => filter.at_least.max(0).saturating_add(1),
            _ => filter.at_least.max(1),
        };
        let in_group = |account: &Account, group: &FeeGroup| match self.fault {
            Fault::GroupsAreNotLookedAt => true,
            Fault::OnlyTheFirstGroupIsLookedAt => account.groups.first() == Some(group),
            _ => account.groups.contains(group),
        };
        rows.retain(|account| {
            account.balance.minor() >= least
                && filter.group.as_ref().is_none_or(|group| in_group(account, group))
                && (self.is(Fault::StandingsAreNotLookedAt)
                    || filter.standing.is_none_or(|standing| account.standing == standing))
        });
        let place = |account: &Account| {
            let minor = account.balance.minor();
            if self.is(Fault::DebtorsAreOutOfOrder) { minor } else { -minor }
        };
        rows.sort_by_key(|account| (place(account), account.id.clone()));
        if self.is(Fault::TiesAreOutOfOrder) {
            rows.sort_by(|one, other| place(one).cmp(&place(other)).then_with(|| other.id.cmp(&one.id)));
        }
        if let Some((balance, id)) = after {
            let at = rows.iter().position(|account| account.balance.minor() == balance && account.id == *id);
            rows = match at {
                Some(at) => rows.split_off(at + 1),
                None => rows.into_iter().filter(|one| (place(one), &one.id) > (-balance, id)).collect(),
            };
            rows.retain(|account| !self.is(Fault::TiesAreLost) || account.balance.minor() != balance);
        }
        self.report(book, rows, limit, after.is_some())
    }
}
