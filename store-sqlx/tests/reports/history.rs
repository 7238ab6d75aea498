//! Random books: every kind of entry, in any order of days and instants, with reversals before and after what they reverse.

use std::collections::BTreeMap;

use bursar::rule::Posting;
use bursar::store::{AccountChange, ChangeSet, Committed};
use bursar::{
    Account, AccountId, BookId, ChargeOrigin, ConcessionKind, Currency, EntryKind, Ledger, LedgerStore,
    Method, Money, NewEntry, Standing, Term, TermId, Text, date,
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

/// A small generator, so that a failing book can be made again from its number.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()].clone()
    }
}

/// Names that only their bytes put in this order, or tell apart at all.
pub(crate) const ACCOUNTS: [&str; 14] = [
    "'; DROP TABLE bursar_entry; --",
    "A",
    "Z",
    "\\",
    "a",
    "a b",
    "a\u{301}",
    "a~",
    "b",
    "ss",
    "ß",
    "á",
    "日本",
    "😀",
];
pub(crate) const GROUPS: [&str; 4] = ["ECD", "ecd", "PRIMARY", "É,\"x\""];
pub(crate) const STANDINGS: [Standing; 3] = [Standing::Active, Standing::OnLeave, Standing::Withdrawn];

pub(crate) fn book() -> BookId {
    "hillside".try_into().unwrap()
}

/// The days that matter; entries lie around them.
pub(crate) fn day(chance: &mut Chance) -> NaiveDate {
    let day = date("2026-01-01").unwrap();
    match chance.below(40) {
        0 => date("1815-06-18").unwrap(),
        1 => date("9999-12-31").unwrap(),
        _ => day.checked_add_days(Days::new(chance.below(200))).unwrap(),
    }
}

/// One of a few instants, of which several entries have each.
pub(crate) fn instant(chance: &mut Chance) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2026-03-01T08:00:00.000001Z".parse().unwrap();
    first + TimeDelta::microseconds(i64::try_from(chance.below(6)).unwrap())
}

/// Opens the book with so many terms, and accounts in no, one or several groups, some of them without an entry ever.
pub(crate) async fn furnish<S: LedgerStore>(ledger: &Ledger<S>, chance: &mut Chance, terms: u32) {
    for (year, number) in terms_of(terms) {
        let starts_on = date("2001-01-01").unwrap();
        let days = Days::new(u64::from((year - 2001) * 365 + number * 100));
        let starts_on = starts_on.checked_add_days(days).unwrap();
        let ends_on = starts_on.checked_add_days(Days::new(90)).unwrap();
        let id = TermId::new(year, number).unwrap();
        ledger.define_term(Term::new(id, starts_on, ends_on).unwrap()).await.unwrap();
    }
    for account in ACCOUNTS {
        if chance.one_in(6) {
            // A ledger asks for a group, a store does not.
            let account = Account {
                id: account.try_into().unwrap(),
                enrolled_on: date("2026-01-01").unwrap(),
                standing: Standing::Active,
                groups: Vec::new(),
                version: 0,
                revision: 0,
                balance: Money::zero(Currency::USD),
            };
            let accounts = vec![AccountChange::Open(account)];
            let changes = ChangeSet { accounts, ..ChangeSet::default() };
            ledger.store().commit(&book(), changes).await.unwrap();
            continue;
        }
        let mut groups: Vec<&str> = (0..=chance.below(3)).map(|_| chance.of(&GROUPS)).collect();
        groups.sort_unstable();
        groups.dedup();
        ledger.enrol(account, groups, date("2026-01-01").unwrap()).await.unwrap();
        let standing = chance.of(&STANDINGS);
        if standing != Standing::Active {
            ledger.move_standing(account, standing, date("2026-01-01").unwrap()).await.unwrap();
        }
    }
}

fn terms_of(terms: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..terms).map(|n| (2001 + n / 3, 1 + n % 3))
}

pub(crate) fn terms(terms: u32) -> Vec<TermId> {
    terms_of(terms).map(|(year, number)| TermId::new(year, number).unwrap()).collect()
}

/// What is known of an account: its entries by position, and which of them are reversed.
#[derive(Default)]
pub(crate) struct Known(BTreeMap<AccountId, Vec<(EntryKind, TermId, Money, bool)>>);

/// Records so many entries in one change set.
pub(crate) async fn record<S: LedgerStore>(
    store: &S,
    chance: &mut Chance,
    known: &mut Known,
    terms: &[TermId],
    entries: u64,
    key: &str,
) {
    let mut postings = Vec::new();
    for n in 0..entries {
        // The last ones have nothing.
        let account: AccountId = chance.of(&ACCOUNTS[..11]).try_into().unwrap();
        let own = known.0.entry(account.clone()).or_default();
        let (kind, term, effect) = reversal(chance, own).unwrap_or_else(|| fresh(chance, terms));
        own.push((kind.clone(), term, effect, false));
        postings.push(Posting::new(NewEntry {
            id: store.new_id(),
            account,
            term,
            kind,
            effect,
            effective_on: day(chance),
            recorded_at: instant(chance),
            recorded_by: None,
            key: format!("{key}-{n}").try_into().unwrap(),
            note: None,
        }));
    }
    let changes = ChangeSet { postings, ..ChangeSet::default() };
    let committed = store.commit(&book(), changes).await.unwrap();
    assert!(matches!(committed, Committed::Admitted { .. }), "{committed:?}");
}

fn reversal(
    chance: &mut Chance,
    own: &mut [(EntryKind, TermId, Money, bool)],
) -> Option<(EntryKind, TermId, Money)> {
    if own.is_empty() || !chance.one_in(4) {
        return None;
    }
    let at = usize::try_from(chance.below(u64::try_from(own.len()).unwrap())).unwrap();
    let (kind, term, effect, reversed) = &mut own[at];
    if *reversed || matches!(kind, EntryKind::Reversal { .. }) {
        return None;
    }
    *reversed = true;
    let of = u32::try_from(at + 1).unwrap();
    let kind = EntryKind::Reversal { of, figure: kind.figure(), reason: "wrong".into() };
    Some((kind, *term, Money::from_minor(-effect.minor(), Currency::USD)))
}

fn fresh(chance: &mut Chance, terms: &[TermId]) -> (EntryKind, TermId, Money) {
    let reason: Text = "as agreed".into();
    let amount = match chance.below(30) {
        0 => 1_000_000_000_000_000,
        1..=9 => 12_000,
        _ => 1 + i64::try_from(chance.below(20_000)).unwrap(),
    };
    let signed = if chance.one_in(2) { amount } else { -amount };
    let (kind, effect) = match chance.below(16) {
        0..=5 => {
            let (code, due_on) = (chance.of(&["tuition", "meals"]).try_into().unwrap(), day(chance));
            (EntryKind::Charge { code, due_on, origin: ChargeOrigin::default() }, amount)
        }
        6..=9 => (EntryKind::Payment { method: Method::Cash, reference: None }, -amount),
        10 | 11 => (EntryKind::Concession { concession: ConcessionKind::Waiver, reason }, -amount),
        12 => (EntryKind::Opening { reason }, signed),
        13 => (EntryKind::Adjustment { reason }, signed),
        14 => (EntryKind::WriteOff { reason }, -amount),
        _ => (EntryKind::Refund { method: Method::Bank, reference: None }, amount),
    };
    (kind, chance.of(terms), Money::from_minor(effect, Currency::USD))
}

/// A fee that is billed, and repriced: reversals and charges in bulk.
pub(crate) async fn reprice<S: LedgerStore>(ledger: &Ledger<S>, term: TermId) {
    let on = date("2026-02-01").unwrap();
    ledger.set_fee(term, "ECD", "tuition", Decimal::from(120)).await.unwrap();
    ledger.activate_on(term, on).await.unwrap();
    ledger
        .reprice_on(term, "ECD", "tuition", Decimal::from(110), "mistyped", date("2026-03-01").unwrap())
        .await
        .unwrap();
}
