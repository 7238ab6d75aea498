//! The proof of one account: entry by entry as they come, and as a whole at the end.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::rule::BALANCE_MAX;
use crate::{
    AMOUNT_MAX, Account, AccountId, Aging, Allocation, AsOf, Buckets, Calendar, Currency, Entry, EntryKind,
    Figure, Money, Refusal, TermBalance, TermId, TermTotals, Totals,
};

/// What was found: the invariant, the position, and the words.
pub(super) type Found = (&'static str, Option<u32>, String);

/// What a later reversal must know of an entry.
#[derive(Clone, Copy)]
struct Trace {
    term: TermId,
    figure: Figure,
    effect: i64,
    is_reversal: bool,
    reversed: bool,
}

/// The proof of one account.
pub(super) struct Proof {
    id: AccountId,
    currency: Currency,
    pub(super) last: u32,
    pub(super) balance: i128,
    pub(super) totals: BTreeMap<TermId, Totals>,
    traces: BTreeMap<u32, Trace>,
    pub(super) entries: Vec<Entry>,
    /// Those beyond the account's version: appended since, or put there.
    pub(super) beyond: Vec<Entry>,
    /// The positions of those that cannot be read, and why.
    pub(super) unreadable: BTreeMap<u32, String>,
    pub(super) findings: Vec<Found>,
}

impl Proof {
    pub(super) fn new(account: &Account, currency: Currency) -> Self {
        Self {
            id: account.id.clone(),
            currency,
            last: 0,
            balance: 0,
            totals: BTreeMap::new(),
            traces: BTreeMap::new(),
            entries: Vec::new(),
            beyond: Vec::new(),
            unreadable: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self, invariant: &'static str, position: u32, detail: impl Into<String>) {
        self.findings.push((invariant, Some(position), detail.into()));
    }

    /// S2: positions are 1, 2, 3 …
    fn count(&mut self, position: u32) {
        let expected = self.last.saturating_add(1);
        if position != expected {
            self.find("S2", position, format!("position {expected} was expected"));
        }
        self.last = position;
    }

    pub(super) fn add_unreadable(&mut self, position: u32, why: String) {
        self.count(position);
        self.find("S1", position, format!("it cannot be read: {why}"));
        self.unreadable.insert(position, why);
    }

    pub(super) fn add(&mut self, entry: Entry, calendar: &Calendar) {
        let at = entry.position;
        self.count(at);
        let effect = entry.effect.minor();
        self.balance = self.balance.saturating_add(i128::from(effect));
        if self.totals.entry(entry.term).or_default().add(entry.kind.figure(), effect).is_err() {
            self.find("B9", at, "the term's totals do not fit");
        }
        if calendar.find(entry.term).is_none() {
            self.find("B1", at, format!("term {} is not defined", entry.term));
        }
        let sign_fits = entry.kind.is_signed() || (entry.kind.lowers() == entry.effect.is_negative());
        if entry.effect.is_zero() || !sign_fits || entry.effect.currency() != self.currency {
            self.find("B1", at, format!("{:?} is no effect of a {}", entry.effect, entry.kind.as_str()));
        }
        self.exact(&entry);
        let is_reversal = matches!(entry.kind, EntryKind::Reversal { .. });
        let (term, figure) = (entry.term, entry.kind.figure());
        self.traces.insert(at, Trace { term, figure, effect, is_reversal, reversed: false });
        if let EntryKind::Reversal { of, figure, .. } = entry.kind {
            self.reversal(&entry, of, figure);
        }
        self.entries.push(entry);
    }

    /// B9: no amount is past the cap, and each is a figure with the currency's decimals.
    fn exact(&mut self, entry: &Entry) {
        if entry.effect.minor().unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
            self.find("B9", entry.position, format!("{:?} is past the largest amount", entry.effect));
        }
        if Money::new(entry.effect.amount(), entry.effect.currency()).ok() != Some(entry.effect) {
            self.find("B9", entry.position, format!("{:?} is no exact figure", entry.effect));
        }
    }

    /// B6: a reversal is the exact opposite, made once, of an earlier entry that is none.
    fn reversal(&mut self, entry: &Entry, of: u32, figure: Figure) {
        let (at, term, effect) = (entry.position, entry.term, entry.effect.minor());
        let Some(target) = self.traces.get_mut(&of).filter(|_| of < at) else {
            self.find("B6", at, format!("there is no earlier entry {of}"));
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
            self.find("B6", at, format!("entry {of}, which it reverses, {problem}"));
        }
    }

    /// What only the whole account shows: B1, B3, B4, B5, B8, B9 and B10.
    pub(super) fn finish(&mut self, account: &Account, today: NaiveDate) {
        let kept = account.balance.minor();
        let mut find = |invariant, detail: String| self.findings.push((invariant, None, detail));
        if self.balance != i128::from(kept) {
            find("B1", format!("the entries sum to {} minor units, and {kept} is kept", self.balance));
        }
        if kept.unsigned_abs() > BALANCE_MAX.unsigned_abs() || account.balance.currency() != self.currency {
            find("B9", format!("{:?} is no balance of an account of this book", account.balance));
        }
        // The rest is about the entries' own sum, so that one wrong balance is one finding.
        let Ok(balance) = i64::try_from(self.balance) else {
            find("B9", format!("the entries sum to {}, which does not fit", self.balance));
            return;
        };
        let proved = self.folds(balance).and_then(|()| self.settles(balance, today));
        if let Err(refusal) = proved {
            self.findings.push(("B9", None, format!("its figures cannot be computed: {refusal}")));
        }
    }

    /// B3, B4, B8: the fold by term adds up to the balance, is the same from the other end, and no term owes and is in credit at once.
    fn folds(&mut self, balance: i64) -> Result<(), Refusal> {
        let fold = TermTotals::fold(&self.entries)?;
        if fold != TermTotals::fold(self.entries.iter().rev())? {
            self.findings.push(("B8", None, "its entries fold to something else from last to first".into()));
        }
        let mut last = 0;
        for term in fold.balances(&self.id, self.currency)? {
            last = term.balance.minor();
            self.one_sign(&term);
        }
        if last != balance || fold.balance()? != balance {
            let detail = format!("its terms add up to {last}, and its entries to {balance}");
            self.findings.push(("B4", None, detail));
        }
        Ok(())
    }

    fn one_sign(&mut self, term: &TermBalance) {
        let (outstanding, credit, balance) =
            (term.outstanding.minor(), term.credit.minor(), term.balance.minor());
        let one = outstanding >= 0 && credit >= 0 && (outstanding == 0 || credit == 0);
        if !one || outstanding.checked_sub(credit) != Some(balance) {
            let detail = format!(
                "term {} has {outstanding} outstanding and {credit} in credit, and a balance of {balance}",
                term.term
            );
            self.findings.push(("B3", None, detail));
        }
    }

    /// B5, B10: what is settled, what is left, and by how long it is overdue.
    fn settles(&mut self, balance: i64, today: NaiveDate) -> Result<(), Refusal> {
        let allocation = Allocation::of(&self.entries, self.currency)?;
        let outstanding = balance.max(0);
        if let Some(detail) = unsettled(&allocation, balance)? {
            self.findings.push(("B5", None, detail));
        }
        // On a day by which everything recorded has taken effect.
        let as_of = self.entries.iter().map(|entry| entry.effective_on).fold(today, NaiveDate::max);
        let aging = Aging::of(&self.entries, AsOf::day(as_of), &Buckets::default(), self.currency)?;
        let overdue = aging.overdue.iter().map(|aged| aged.amount);
        let buckets = Money::sum(overdue.chain([aging.not_yet_due]), self.currency)?;
        if buckets.minor() != outstanding || aging.outstanding.minor() != outstanding {
            let detail = format!(
                "the buckets sum to {buckets} and are said to sum to {}, of {outstanding} minor units outstanding",
                aging.outstanding
            );
            self.findings.push(("B10", None, detail));
        }
        Ok(())
    }
}

/// B5: why an allocation is none, if so.
fn unsettled(allocation: &Allocation, balance: i64) -> Result<Option<String>, Refusal> {
    let mut by_debit: BTreeMap<u32, i64> = BTreeMap::new();
    for settlement in &allocation.settlements {
        let amount = settlement.amount.minor();
        if amount <= 0 {
            return Ok(Some(format!("the credit at {} settles {amount}", settlement.credit)));
        }
        let settled = by_debit.entry(settlement.debit).or_default();
        *settled = settled.checked_add(amount).ok_or(Refusal::Overflow)?;
    }
    for debit in &allocation.debits {
        let (settled, amount) = (debit.settled.minor(), debit.amount.minor());
        let parts = by_debit.remove(&debit.position).unwrap_or(0);
        if settled != parts || settled > amount || amount <= 0 {
            let detail =
                format!("of the {amount} of entry {} {settled} are settled, by {parts}", debit.position);
            return Ok(Some(detail));
        }
    }
    let (outstanding, unallocated) = (allocation.outstanding()?.minor(), allocation.unallocated.minor());
    let right = outstanding == balance.max(0) && unallocated == balance.min(0).saturating_neg();
    Ok((!right || !by_debit.is_empty()).then(|| {
        format!("{outstanding} are left unsettled and {unallocated} unallocated, of a balance of {balance}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credit, Debit, Settlement, date};

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD)
    }

    /// What is said of 120.00 charged and 80.00 paid, allocated otherwise than it must be.
    fn said(spoil: impl FnOnce(&mut Allocation)) -> Option<String> {
        let (term, day) = (TermId::new(2026, 1).unwrap(), date("2026-01-12").unwrap());
        let (amount, paid) = (usd(12_000), usd(8_000));
        let mut allocation = Allocation {
            debits: vec![Debit { position: 1, term, due_on: day, amount, settled: paid }],
            credits: vec![Credit { position: 2, term, effective_on: day, amount: paid, allocated: paid }],
            settlements: vec![Settlement { credit: 2, debit: 1, amount: paid }],
            unallocated: usd(0),
        };
        spoil(&mut allocation);
        unsettled(&allocation, 4_000).unwrap()
    }

    #[test]
    fn an_allocation_that_is_none_is_told_by_what_is_wrong_with_it() {
        assert_eq!(said(|_| {}), None);
        let also = |debit, minor| Settlement { credit: 2, debit, amount: usd(minor) };
        for (wrong, detail) in [
            (said(|all| all.settlements.push(also(1, 0))), "the credit at 2 settles 0"),
            (
                said(|all| all.debits[0].settled = usd(7_999)),
                "of the 12000 of entry 1 7999 are settled, by 8000",
            ),
            (
                said(|all| all.debits[0].amount = usd(7_999)),
                "of the 7999 of entry 1 8000 are settled, by 8000",
            ),
            (
                said(|all| {
                    all.settlements.clear();
                    (all.debits[0].amount, all.debits[0].settled) = (usd(0), usd(0));
                }),
                "of the 0 of entry 1 0 are settled, by 0",
            ),
            (
                said(|all| all.settlements.push(also(9, 1))),
                "4000 are left unsettled and 0 unallocated, of a balance of 4000",
            ),
            (
                said(|all| all.unallocated = usd(1)),
                "4000 are left unsettled and 1 unallocated, of a balance of 4000",
            ),
            (
                said(|all| all.debits[0].amount = usd(12_001)),
                "4001 are left unsettled and 0 unallocated, of a balance of 4000",
            ),
        ] {
            assert_eq!(wrong.as_deref(), Some(detail));
        }
    }
}
