//! Random rules, what a book says of them, and a school in which each has something to do.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use bursar::store::AccountFilter;
use bursar::{
    AccountId, ConcessionKind, ConcessionRule, Currency, Deadline, EarlyPayment, Entry, EntryKind, Error,
    Household, LateFee, Ledger, LedgerStore, Measure, NewFee, Payment, Rate, SiblingDiscount, Term, TermId,
    date,
};
use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;

/// Rules in numbers.
#[derive(Clone, Debug)]
pub struct RuleSet {
    late: Part,
    every: Option<u32>,
    grace: u32,
    cap: Option<i64>,
    concessions: Vec<Part>,
    early: (Part, u32),
    siblings: Vec<i64>,
    tuition_alone: bool,
}

/// An amount in minor units, or hundredths of a per cent.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Minor(i64),
    Share(i64),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![(1_i64..5_000).prop_map(Part::Minor), (0_i64..=10_000).prop_map(Part::Share)]
}

pub fn any_rules() -> impl Strategy<Value = RuleSet> {
    let late = (part(), prop::option::of(1_u32..40), 0_u32..20, prop::option::of(1_i64..10_000));
    let others = (
        prop::collection::vec(part(), 1..4),
        (part(), 0_u32..60),
        prop::collection::vec(0_i64..=10_000, 1..4),
        any::<bool>(),
    );
    (late, others).prop_map(|((late, every, grace, cap), (concessions, early, siblings, tuition_alone))| {
        RuleSet { late, every, grace, cap, concessions, early, siblings, tuition_alone }
    })
}

fn rate(share: i64) -> Rate {
    Rate::new(Decimal::new(share, 4), MidpointAwayFromZero).unwrap()
}

impl Part {
    fn measure(self, exponent: u32) -> Measure {
        match self {
            Self::Minor(minor) => Decimal::new(minor, exponent).into(),
            Self::Share(share) => rate(share).into(),
        }
    }
}

impl RuleSet {
    pub fn late_fee(&self, exponent: u32) -> LateFee {
        let mut rule = LateFee::new("late", self.late.measure(exponent)).unwrap().after_grace(self.grace);
        if let Some(every) = self.every {
            rule = rule.every_days(every).unwrap();
        }
        if let Some(cap) = self.cap {
            rule = rule.at_most(Decimal::new(cap, exponent));
        }
        if self.tuition_alone { rule.on_codes(["tuition"]).unwrap() } else { rule }
    }

    /// What all late fees on one charge come to at most, in minor units.
    pub fn cap(&self, _exponent: u32) -> Option<i64> {
        self.cap
    }

    /// Runs every rule on a book, each a second time at once, which must change nothing; and then all of them once more.
    pub async fn each_twice<S: LedgerStore>(
        &self,
        ledger: &Ledger<S>,
        exponent: u32,
        term: TermId,
        on: NaiveDate,
    ) {
        let late = self.late_fee(exponent);
        ledger.charge_late_fees(&late, on).await.unwrap();
        let again = ledger.charge_late_fees(&late, on).await.unwrap();
        assert_eq!((again.charged, again.taken_back), (0, 0));
        for (nth, part) in self.concessions.iter().enumerate() {
            let (name, measure) = (format!("c-{nth}"), part.measure(exponent));
            let rule = ConcessionRule::new(name, ConcessionKind::Scholarship, measure, "a fund").unwrap();
            let rule = if self.tuition_alone { rule.on_codes(["tuition"]).unwrap() } else { rule };
            let first = ledger.grant(&rule, term, on).await.unwrap();
            let again = ledger.grant(&rule, term, on).await.unwrap();
            assert_eq!((again.granted, again.taken_back, again.standing), (0, 0, first.standing));
        }
        if let Some(household) = household(ledger).await {
            let rule = SiblingDiscount::new("s", self.siblings.iter().map(|share| rate(*share))).unwrap();
            let first = ledger.grant_siblings(&rule, &household, term, on).await.unwrap();
            let again = ledger.grant_siblings(&rule, &household, term, on).await.unwrap();
            assert_eq!((again.granted, again.taken_back, again.standing), (0, 0, first.standing));
        }
        let (part, days) = self.early;
        let rule = EarlyPayment::new("e", part.measure(exponent), Deadline::AfterCharge(days)).unwrap();
        let first = ledger.discount_early(&rule, term, on).await.unwrap();
        let again = ledger.discount_early(&rule, term, on).await.unwrap();
        assert_eq!((again.granted, again.taken_back, again.standing), (0, 0, first.standing));
    }
}

/// All accounts of a book as a household, but the first.
pub async fn household<S: LedgerStore>(ledger: &Ledger<S>) -> Option<Household> {
    let accounts = ledger.accounts(AccountFilter::All, None, 100).await.unwrap();
    let ids: Vec<AccountId> = accounts.into_iter().skip(1).map(|account| account.id).rev().collect();
    Household::new("all", ids).ok()
}

/// What a book says, told from its entries alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// (key, account, minor units) of every entry, in byte order; of a key with an id in it what is before it.
    pub entries: Vec<(String, String, i64)>,
    /// The live late fees: account, charge, period, and how much.
    pub late_fees: BTreeMap<(String, u32, u32), i64>,
    /// The live concessions of rules: account, charge, and all of them together.
    pub conceded: BTreeMap<(String, u32), i64>,
    pub balances: Vec<(String, i64)>,
    charges: BTreeMap<(String, u32), Entry>,
    reversed: BTreeSet<(String, u32)>,
}

pub async fn facts<S: LedgerStore>(ledger: &Ledger<S>) -> Facts {
    let (mut entries, mut balances) = (Vec::new(), Vec::new());
    for account in ledger.accounts(AccountFilter::All, None, 10_000).await.unwrap() {
        balances.push((account.id.to_string(), account.balance.minor()));
        entries.extend(ledger.entries(&account.id, 0, 10_000).await.unwrap());
    }
    let reversed: BTreeSet<(String, u32)> = entries
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::Reversal { of, .. } => Some((entry.account.to_string(), of)),
            _ => None,
        })
        .collect();
    let (mut late_fees, mut conceded, mut charges) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for entry in &entries {
        let account = entry.account.to_string();
        if matches!(entry.kind, EntryKind::Charge { .. }) {
            charges.insert((account.clone(), entry.position), entry.clone());
        }
        let words: Vec<&str> = entry.key.as_str().split(':').collect();
        if words.len() < 6 || reversed.contains(&(account.clone(), entry.position)) {
            continue;
        }
        let number = |at: usize| words[at].parse::<u32>().unwrap();
        match (words[1], &entry.kind) {
            ("late", EntryKind::Charge { .. }) => {
                late_fees.insert((account, number(3), number(4)), entry.amount().minor());
            }
            ("concede" | "early", EntryKind::Concession { .. }) => {
                *conceded.entry((account, number(3))).or_default() += entry.amount().minor();
            }
            _ => {}
        }
    }
    let said = |entry: &Entry| {
        let key = entry.key.as_str();
        let random = key.starts_with("bursar:redo:") || key.starts_with("bursar:undo:");
        let key = if random { &key[..12] } else { key };
        (key.to_owned(), entry.account.to_string(), entry.effect.minor())
    };
    let mut entries: Vec<_> = entries.iter().map(said).collect();
    entries.sort();
    Facts { entries, late_fees, conceded, balances, charges, reversed }
}

impl Facts {
    pub fn no_late_fee_on_a_late_fee_or_on_what_is_reversed(&self) {
        for (account, charge, _) in self.late_fees.keys() {
            let on = &self.charges[&(account.clone(), *charge)];
            assert!(!on.key.as_str().starts_with("bursar:late:"));
            assert!(!self.reversed.contains(&(account.clone(), *charge)));
        }
    }

    pub fn within_the_cap(&self, cap: Option<i64>) {
        let mut sums: BTreeMap<(&String, u32), i64> = BTreeMap::new();
        for ((account, charge, _), amount) in &self.late_fees {
            *sums.entry((account, *charge)).or_default() += amount;
        }
        assert!(sums.values().all(|sum| cap.is_none_or(|cap| *sum <= cap)), "{sums:?} past {cap:?}");
    }

    pub fn at_most_the_charge(&self) {
        for ((account, charge), amount) in &self.conceded {
            let on = &self.charges[&(account.clone(), *charge)];
            assert!(*amount <= on.amount().minor(), "{amount} of {on:?}");
        }
    }

    pub fn nothing_on_what_is_reversed(&self, term: TermId) {
        for (account, charge) in self.conceded.keys() {
            let on = (account.clone(), *charge);
            assert!(self.charges[&on].term != term || !self.reversed.contains(&on), "{on:?}");
        }
    }

    /// What is unsettled of each debit of some accounts, by age.
    pub async fn unsettled_of<S: LedgerStore>(
        &self,
        accounts: &[AccountId],
        ledger: &Ledger<S>,
    ) -> Vec<((NaiveDate, usize, u32), i64)> {
        let mut debits = Vec::new();
        for (place, account) in accounts.iter().enumerate() {
            for debit in ledger.allocation(account).await.unwrap().debits {
                let unsettled = debit.unsettled().unwrap().minor();
                debits.push(((debit.due_on, place, debit.position), unsettled));
            }
        }
        debits.retain(|(_, unsettled)| *unsettled > 0);
        debits.sort();
        debits
    }
}

pub type Done = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

pub fn boxed(done: impl Future<Output = Result<(), Error>> + 'static) -> Done {
    Box::pin(done)
}

pub fn some_late_fee() -> LateFee {
    LateFee::new("late", rate(1_000)).unwrap().every_days(30).unwrap().at_most(Decimal::from(20))
}

pub fn some_concession() -> ConcessionRule {
    ConcessionRule::new("staff", ConcessionKind::Discount, rate(2_500), "teaches here").unwrap()
}

pub fn some_early() -> EarlyPayment {
    EarlyPayment::new("early", rate(500), Deadline::AfterDue(14)).unwrap()
}

pub fn some_siblings() -> SiblingDiscount {
    SiblingDiscount::new("siblings", [0, 1_000, 2_000].map(rate)).unwrap()
}

pub fn some_family() -> Household {
    Household::new("h", ["a", "b", "c"]).unwrap()
}

/// Three accounts with charges paid early, late and not at all; every rule has been run, and then the price was put right and a payment
/// bounced, so that every rule has something to take back as well. Gives the term, and the day of the next run.
pub async fn busy_school<S: LedgerStore>(store: S) -> (TermId, NaiveDate) {
    let day = |text: &str| date(text).unwrap();
    let ledger = Ledger::open(store, "busy", Currency::USD).await.unwrap();
    let term = TermId::new(2026, 1).unwrap();
    ledger.define_term(Term::new(term, day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    let days = ["2026-01-12", "2026-02-12", "2026-03-12"].map(day);
    let tuition = NewFee::of_group(term, "PRIMARY", "tuition", Decimal::from(300)).in_instalments(days);
    ledger.define_fee(tuition).await.unwrap();
    for account in ["a", "b", "c"] {
        ledger.enrol(account, ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    ledger.activate_on(term, day("2026-01-12")).await.unwrap();
    let pay = async |account: &str, amount: i64, key: &str, on: &str| {
        let payment = Payment::cash(Decimal::from(amount)).from(account).for_term(term).key(key).on(day(on));
        ledger.pay(payment).await.unwrap();
    };
    pay("a", 95, "p-a", "2026-01-13").await;
    pay("b", 95, "p-b", "2026-01-14").await;
    let on = day("2026-02-20");
    ledger.discount_early(&some_early(), term, on).await.unwrap();
    ledger.charge_late_fees(&some_late_fee(), on).await.unwrap();
    ledger.grant(&some_concession(), term, on).await.unwrap();
    ledger.grant_siblings(&some_siblings(), &some_family(), term, on).await.unwrap();
    let bounced = bursar::Reversal::of_key("p-a", "bounced").key("u-a").on(on);
    ledger.reverse(bounced).await.unwrap();
    ledger.reprice_on(term, "PRIMARY", "tuition", Decimal::from(240), "wrong", on).await.unwrap();
    pay("b", 10, "p-b2", "2026-02-20").await;
    (term, day("2026-03-20"))
}
