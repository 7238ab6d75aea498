//! A school with every case that billing knows, what its plan asks for, and billing by whichever way the store offers.

use std::collections::BTreeMap;

use super::failure::{Failure, holds, same};
use super::kinds::{billed, by_hand, day, reversal, term};
use super::school::{ALL, School, group_fee, own_fee, pupil};
use crate::store::{AccountChange, Billed, BilledPage, BillingOrder, BookChange, ChangeSet};
use crate::{
    Account, AccountId, BillingPlan, BillingPolicy, EntryKind, Error, Fee, FeeCode, Figure, Ledger, SetRule,
    SkipReason, Skipped, StandardPolicy, Standing, Term, TermId,
};

/// A policy that bills these standings.
#[derive(Clone, Debug)]
pub(super) struct Standings(pub(super) Vec<Standing>);

impl BillingPolicy for Standings {
    fn eligible(&self, account: &Account, term: &Term, on: chrono::NaiveDate) -> Result<(), SkipReason> {
        if !self.0.contains(&account.standing) {
            return Err(SkipReason::Standing { standing: account.standing });
        }
        let active = Account { standing: Standing::Active, ..account.clone() };
        StandardPolicy.eligible(&active, term, on)
    }

    fn set_rule(&self) -> Option<SetRule> {
        Some(SetRule::of(self.0.clone()))
    }
}

/// Opens the accounts, prices the fees and makes the charges of a school in which billing meets everything.
pub(super) async fn fill(school: &School) -> Result<(), Failure> {
    school.keep(ChangeSet { accounts: accounts()?, ..ChangeSet::default() }).await?;
    school.change(fees()?.into_iter().map(BookChange::AddFee).collect()).await?;
    // Charges of the code by hand, billed, or reversed: none of these is billed it again.
    school.record("by hand", "hand-1", by_hand("tuition")?, 100).await?;
    school.record("by hand, ambiguous", "hand-2", by_hand("tuition")?, 100).await?;
    school.record("billed elsewhere", "file-1", billed("tuition", Some("PRIMARY"), 5, 0)?, 11_000).await?;
    let at = school.record("reversed", "file-2", billed("tuition", Some("PRIMARY"), 0, 0)?, 12_000).await?;
    school.record("reversed", "undo-2", reversal(at, Figure::Fee), -12_000).await?;
    let at = school.record("reversed by hand", "hand-3", by_hand("tuition")?, 100).await?;
    school.record("reversed by hand", "undo-3", reversal(at, Figure::Fee), -100).await?;
    // These say nothing of the code in the term.
    school.record("other code", "hand-4", by_hand("Tuition")?, 100).await?;
    let mut later = school.posting("other term", "hand-5", by_hand("tuition")?, 100)?;
    later.entry.term = term(2)?;
    school.admit(later).await?;
    school.pay("語", "till-1", 500).await.map(|_| ())
}

fn accounts() -> Result<Vec<AccountChange>, Failure> {
    let plain = [
        ("plain", "PRIMARY"),
        ("語", "PRIMARY"),
        ("17", "ECD"),
        ("9", "ECD"),
        ("by hand", "PRIMARY"),
        ("billed elsewhere", "PRIMARY"),
        ("reversed", "PRIMARY"),
        ("reversed by hand", "PRIMARY"),
        ("other code", "PRIMARY"),
        ("other term", "PRIMARY"),
        ("own tuition", "PRIMARY"),
        ("own bus", "PRIMARY"),
        ("no fee", "MUSIC"),
        ("no fee, own bus", "MUSIC"),
        ("case", "primary"),
        // Their own fees' codes and ids hold colons where another's hold none.
        ("0:x", "MUSIC"),
        ("x", "MUSIC"),
        ("1:a:x", "MUSIC"),
    ];
    let mut pupils = Vec::new();
    for (name, group) in plain {
        pupils.push(pupil(name, &[group], "2026-01-12")?);
    }
    pupils.push(pupil("ambiguous", &["BOARD", "PRIMARY"], "2026-01-12")?);
    pupils.push(pupil("by hand, ambiguous", &["BOARD", "PRIMARY"], "2026-01-12")?);
    pupils.push(pupil("own, ambiguous", &["BOARD", "PRIMARY"], "2026-01-12")?);
    pupils.push(pupil("three", &["BOARD", "ECD", "PRIMARY"], "2026-01-12")?);
    for (name, on) in [
        ("early", "2020-09-01"),
        ("mid-term", "2026-02-25"),
        ("last day", "2026-04-09"),
        ("too late", "2026-04-10"),
    ] {
        pupils.push(pupil(name, &["PRIMARY"], on)?);
    }
    for standing in Standing::ALL.iter().copied() {
        let enrolled = pupil(&format!("is {standing}"), &["PRIMARY"], "2026-01-12")?;
        pupils.push(Account { standing, ..enrolled });
    }
    pupils.push(Account {
        standing: Standing::OnLeave,
        ..pupil("away, too late", &["PRIMARY"], "2027-01-01")?
    });
    pupils
        .push(Account { standing: Standing::Withdrawn, ..pupil("away, own bus", &["MUSIC"], "2026-01-12")? });
    Ok(pupils.into_iter().map(AccountChange::Open).collect())
}

fn fees() -> Result<Vec<Fee>, Failure> {
    let first = term(1)?;
    let meals = [(667, "2026-01-20"), (667, "2026-02-20"), (666, "2026-03-20")];
    Ok(vec![
        group_fee(first, "PRIMARY", "tuition", &[(12_000, "2026-01-12")])?,
        group_fee(first, "PRIMARY", "meals", &meals)?,
        Fee { revision: 2, ..group_fee(first, "ECD", "tuition", &[(8_000, "2026-01-12")])? },
        group_fee(first, "ECD", "art", &[(1_500, "2026-03-01")])?,
        group_fee(first, "BOARD", "tuition", &[(9_000, "2026-01-12")])?,
        group_fee(first, "BOARD", "board", &[(15_000, "2026-01-12"), (15_000, "2026-03-01")])?,
        group_fee(first, "primary", "tuition", &[(1, "2026-01-12")])?,
        own_fee(first, "own tuition", "tuition", &[(3_000, "2026-01-12"), (3_000, "2026-02-28")])?,
        own_fee(first, "0:x", "a", &[(1_000, "2026-01-12")])?,
        own_fee(first, "x", "a:0", &[(1_000, "2026-01-12")])?,
        own_fee(first, "x", "語:1", &[(1_000, "2026-01-12")])?,
        own_fee(first, "1:a:x", "0", &[(1_000, "2026-01-12")])?,
        own_fee(first, "own, ambiguous", "tuition", &[(7_000, "2026-01-12")])?,
        own_fee(first, "own bus", "bus", &[(3_550, "2026-01-12")])?,
        own_fee(first, "no fee, own bus", "bus", &[(3_550, "2026-01-12")])?,
        own_fee(first, "away, own bus", "bus", &[(3_550, "2026-01-12")])?,
        own_fee(first, "mid-term", "bus", &[(1_000, "2026-01-12"), (1_000, "2026-03-12")])?,
        group_fee(term(2)?, "PRIMARY", "tuition", &[(13_000, "2026-05-04")])?,
        group_fee(term(2)?, "MUSIC", "tuition", &[(13_000, "2026-05-04")])?,
    ])
}

/// What the plan of every account asks for as things are, in byte order of accounts.
pub(super) async fn plans(
    school: &School,
    of: TermId,
    policy: &Standings,
    on: &str,
) -> Result<Vec<(Account, BillingPlan)>, Failure> {
    let book = school.book().await?;
    let fees = school.store.fees(&school.id, of, None, ALL).await?;
    let entries = school.all_entries().await?;
    let mut plans = Vec::new();
    for account in school.accounts().await? {
        let code = |entry: &crate::Entry| match &entry.kind {
            EntryKind::Charge { code, .. } if entry.account == account.id && entry.term == of => {
                Some(code.clone())
            }
            _ => None,
        };
        let charged: Vec<FeeCode> = entries.iter().filter_map(code).collect();
        let plan = BillingPlan::of(&account, book.calendar.term(of)?, &fees, &charged, policy, day(on)?)?;
        plans.push((account, plan));
    }
    Ok(plans)
}

/// A billing as a case asks for it.
#[derive(Clone, Debug)]
pub(super) struct Billing {
    pub(super) term: TermId,
    pub(super) on: &'static str,
    pub(super) policy: Standings,
    pub(super) limit: u32,
    pub(super) list_max: usize,
}

impl Billing {
    pub(super) fn of_first_term() -> Result<Self, Failure> {
        let policy = Standings(vec![Standing::Active]);
        Ok(Self { term: term(1)?, on: "2026-02-01", policy, limit: ALL, list_max: usize::MAX })
    }

    /// Bills one page; `None` when it is not admitted.
    pub(super) async fn page(
        &self,
        school: &School,
        after: Option<&AccountId>,
    ) -> Result<Option<Billed>, Failure> {
        let order = BillingOrder {
            term: self.term,
            on: day(self.on)?,
            rule: SetRule::of(self.policy.0.clone()),
            after: after.cloned(),
            limit: self.limit,
            list_max: self.list_max,
            recorded_at: school.store.now(),
            recorded_by: Some("the bursar".into()),
            first_id: school.store.new_id(),
        };
        let answer = school.store.bill(&school.id, order).await?;
        Ok(Some(answer).filter(|answer| *answer != Billed::NotAdmitted))
    }

    /// Bills every page, by the store where it can and by the ledger where it cannot; `None` when it is not admitted.
    pub(super) async fn run(&self, school: &School) -> Result<Option<Done>, Failure> {
        let mut done = Done { by_store: true, ..Done::default() };
        let mut after: Option<AccountId> = None;
        loop {
            match self.page(school, after.as_ref()).await? {
                None => return Ok(None),
                Some(Billed::Page(page)) => {
                    let next = page.next.clone();
                    self.check_page(&page, after.as_ref())?;
                    done.add(page);
                    after = next;
                    if after.is_none() {
                        return Ok(Some(done));
                    }
                }
                Some(_) => return self.run_by_ledger(school).await,
            }
        }
    }

    fn check_page(&self, page: &BilledPage, after: Option<&AccountId>) -> Result<(), Failure> {
        let (seen, listed) = (page.accounts_seen, page.listed.len());
        holds(seen <= u64::from(self.limit), || {
            format!("a page of {} looked at {seen} accounts", self.limit)
        })?;
        let skips: u64 = page.skipped.iter().map(|(_, count)| count).sum();
        let expected = usize::try_from(skips).unwrap_or(usize::MAX).min(self.list_max);
        same("how many skips a page lists", &listed, &expected)?;
        let on = page.next.as_ref().is_none_or(|next| after.is_none_or(|after| next > after));
        holds(on, || format!("a page after {after:?} leads on to {:?}", page.next))
    }

    async fn run_by_ledger(&self, school: &School) -> Result<Option<Done>, Failure> {
        let ledger = Ledger::open_existing(std::sync::Arc::clone(&school.store), school.id.clone()).await?;
        let report = match ledger.with_policy(self.policy.clone()).bill_term(self.term, day(self.on)?).await {
            Ok(report) => report,
            Err(Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Done {
            by_store: false,
            seen: report.accounts_seen,
            charged: report.accounts_charged,
            charges: report.charges,
            amount: report.amount.minor(),
            skipped: report.skipped,
            listed: report.skipped_accounts,
        }))
    }
}

/// What a billing says that it did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) by_store: bool,
    pub(super) seen: u64,
    pub(super) charged: u64,
    pub(super) charges: u64,
    pub(super) amount: i64,
    pub(super) skipped: BTreeMap<String, u64>,
    pub(super) listed: Vec<Skipped>,
}

impl Done {
    fn add(&mut self, page: BilledPage) {
        self.seen = self.seen.saturating_add(page.accounts_seen);
        self.charged = self.charged.saturating_add(page.accounts_charged);
        self.charges = self.charges.saturating_add(page.charges);
        self.amount = self.amount.saturating_add(page.amount);
        for (word, count) in page.skipped.into_iter().filter(|(_, count)| *count > 0) {
            let total = self.skipped.entry(word.to_owned()).or_default();
            *total = total.saturating_add(count);
        }
        self.listed.extend(page.listed);
        self.listed.sort();
    }

    /// What a billing of these plans must say.
    pub(super) fn expected(plans: &[(Account, BillingPlan)]) -> Self {
        let mut done = Self::default();
        for (account, plan) in plans {
            done.seen = done.seen.saturating_add(1);
            done.charged = done.charged.saturating_add(u64::from(!plan.charges.is_empty()));
            for charge in &plan.charges {
                done.charges = done.charges.saturating_add(1);
                done.amount = done.amount.saturating_add(charge.amount.minor());
            }
            for reason in &plan.skipped {
                let total = done.skipped.entry(reason.as_str().to_owned()).or_default();
                *total = total.saturating_add(1);
                done.listed.push(Skipped { account: account.id.clone(), reason: reason.clone() });
            }
        }
        done.listed.sort();
        done
    }

    /// The same but for who billed.
    pub(super) fn by(mut self, by_store: bool) -> Self {
        self.by_store = by_store;
        self.listed.sort();
        self
    }
}
