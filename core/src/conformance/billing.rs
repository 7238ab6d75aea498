//! Billing in bulk: what the plan of every account asks for, once, by whichever pages (B7, S5).

use std::collections::{BTreeMap, BTreeSet};

use super::billing_school::{Billing, Done, Standings, fill, plans};
use super::failure::{Failure, holds, same};
use super::kinds::{account, day, group, term};
use super::school::{School, group_fee, own_fee, pupil};
use super::snapshot::Snapshot;
use super::together::together;
use super::{BoxFuture, Given};
use crate::store::{AccountChange, Billed, BookChange, ChangeSet};
use crate::{Account, BillingPlan, Entry, Standing, TermId};

cases! {
    "billing" {
        billing_charges_what_the_plan_asks: "Every account is charged what its plan asks, to the field, and every skip is reported.",
        billing_again_writes_nothing: "A second billing charges nobody and writes nothing.",
        pages_add_up: "Pages of any size charge and report the same.",
        only_what_was_missed_is_billed: "A billing after new accounts and fees charges these alone.",
        a_billing_broken_off_is_taken_up: "A billing that stopped after a page charges the rest when it is begun anew.",
        another_group_bills_no_code_again: "An account that has moved to another group is not billed a code again.",
        only_the_standings_asked_are_billed: "The rule says which standings are billed.",
        a_closed_term_and_a_locked_day_are_not_billed: "No billing of a closed or absent term, nor on a locked day; nothing is left of it.",
        billings_at_once_charge_once: "Billings at once, with payments between them, charge each account once.",
        skips_are_listed_up_to_a_bound: "No more skips are listed than asked; all are counted.",
    }
}

/// Bills, and compares what was recorded and reported with the plans.
async fn bill_by_plan(school: &School, billing: &Billing) -> Result<Done, Failure> {
    let plans = plans(school, billing.term, &billing.policy, billing.on).await?;
    let before = school.all_entries().await?;
    let done = billing.run(school).await?.ok_or_else(|| Failure::new("a billing was not admitted"))?;
    let expected = Done::expected(&plans).by(done.by_store);
    same("what the billing reports", &done.clone().by(done.by_store), &expected)?;
    compare(school, billing, &plans, &before, done.by_store).await?;
    Ok(done)
}

async fn compare(
    school: &School,
    billing: &Billing,
    plans: &[(Account, BillingPlan)],
    before: &[Entry],
    by_store: bool,
) -> Result<(), Failure> {
    let known: BTreeSet<_> = before.iter().map(|entry| entry.id).collect();
    let mut ids = known.clone();
    let mut made: BTreeMap<_, Entry> = BTreeMap::new();
    for entry in school.all_entries().await?.into_iter().filter(|entry| !known.contains(&entry.id)) {
        holds(ids.insert(entry.id), || format!("two charges have the id {}", entry.id))?;
        made.insert(entry.key.clone(), entry);
    }
    for (account, plan) in plans {
        for charge in &plan.charges {
            let found = made.remove(&charge.key);
            let found =
                found.ok_or_else(|| Failure::new(format!("{} was not charged {charge:?}", account.id)))?;
            let what = format!("the charge {} of {}", charge.key, account.id);
            same(&what, &found.kind, &charge.kind)?;
            same(&what, &found.effect, &charge.amount)?;
            same(&what, &found.account, &account.id)?;
            same(&what, &(found.term, found.effective_on), &(billing.term, day(billing.on)?))?;
            same(&what, &found.note, &None)?;
            if by_store {
                same(&what, &found.recorded_by.as_deref(), &Some("the bursar"))?;
            }
        }
        school.sound(account.id.as_str()).await?;
    }
    same("the charges that no plan asked for", &made.into_values().collect(), &vec![])
}

async fn filled(given: &Given) -> Result<School, Failure> {
    let school = School::open(given).await?;
    fill(&school).await?;
    Ok(school)
}

async fn billing_charges_what_the_plan_asks(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let done = bill_by_plan(&school, &Billing::of_first_term()?).await?;
    // The school is such that everything is met.
    let words: Vec<&str> = done.skipped.keys().map(String::as_str).collect();
    same("the words of the skips", &words, &vec!["ambiguous", "enrolled-later", "no-fee", "standing"])?;
    let later = Billing { term: term(2)?, on: "2026-05-04", ..Billing::of_first_term()? };
    bill_by_plan(&school, &later).await.map(|_| ())
}

async fn billing_again_writes_nothing(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing::of_first_term()?;
    bill_by_plan(&school, &billing).await?;
    let before = Snapshot::of(&school).await?;
    for (limit, on) in [(super::school::ALL, "2026-02-01"), (3, "2026-03-31")] {
        let done = bill_by_plan(&school, &Billing { limit, on, ..billing.clone() }).await?;
        same("what a second billing charged", &(done.charges, done.charged, done.amount), &(0, 0, 0))?;
        before.unchanged(&school, "a second billing").await?;
    }
    Ok(())
}

async fn pages_add_up(given: Given) -> Result<(), Failure> {
    let mut dones = Vec::new();
    for limit in [1, 2, 5, 30] {
        let school = School::open_named(&given.store, &format!("hillside-{limit}")).await?;
        fill(&school).await?;
        dones.push(bill_by_plan(&school, &Billing { limit, ..Billing::of_first_term()? }).await?);
    }
    for done in &dones {
        same("what a billing in other pages reports", &Some(done), &dones.first())?;
    }
    Ok(())
}

async fn only_what_was_missed_is_billed(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing::of_first_term()?;
    bill_by_plan(&school, &billing).await?;
    school.open_account(pupil("new", &["PRIMARY"], "2026-02-25")?).await?;
    school.open_account(pupil("A new", &["ECD"], "2026-02-25")?).await?;
    let fees = [
        group_fee(term(1)?, "PRIMARY", "library", &[(500, "2026-03-01")])?,
        own_fee(term(1)?, "plain", "bus", &[(3_550, "2026-03-01")])?,
        // Too late: tuition has been charged.
        own_fee(term(1)?, "17", "tuition", &[(1, "2026-03-01")])?,
    ];
    school.change(fees.into_iter().map(BookChange::AddFee).collect()).await?;
    let done = bill_by_plan(&school, &Billing { on: "2026-03-01", ..billing }).await?;
    holds(done.charges > 5, || format!("only {} charges were made for what is new", done.charges))
}

async fn a_billing_broken_off_is_taken_up(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing { limit: 4, ..Billing::of_first_term()? };
    let all = plans(&school, billing.term, &billing.policy, billing.on).await?;
    let first = billing.page(&school, None).await?;
    let mut charged = 0_u64;
    if let Some(Billed::Page(page)) = first {
        let next = page.next.ok_or_else(|| Failure::new("a first page of 4 accounts leads to no other"))?;
        charged = page.charges;
        if let Some(Billed::Page(page)) = billing.page(&school, Some(&next)).await? {
            charged = charged.saturating_add(page.charges);
        }
    }
    let done = bill_by_plan(&school, &billing).await?;
    let whole = Done::expected(&all).charges;
    same("the charges of both", &done.charges.saturating_add(charged), &whole)
}

async fn another_group_bills_no_code_again(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing::of_first_term()?;
    bill_by_plan(&school, &billing).await?;
    for (name, to) in [("plain", "ECD"), ("17", "PRIMARY"), ("no fee", "PRIMARY"), ("ambiguous", "ECD")] {
        let accounts =
            vec![AccountChange::Regroup { account: account(name)?, groups: vec![group(to)?], revision: 0 }];
        school.keep(ChangeSet { accounts, ..ChangeSet::default() }).await?;
    }
    let done = bill_by_plan(&school, &billing).await?;
    holds(done.charges > 0, || "the codes of the new groups were not charged".into())
}

async fn only_the_standings_asked_are_billed(given: Given) -> Result<(), Failure> {
    let sets = [
        vec![],
        vec![Standing::OnLeave],
        vec![Standing::Active, Standing::Withdrawn],
        Standing::ALL.to_vec(),
    ];
    for (standings, n) in sets.into_iter().zip(1_u32..) {
        let school = School::open_named(&given.store, &format!("hillside-{n}")).await?;
        fill(&school).await?;
        let billing = Billing { policy: Standings(standings.clone()), ..Billing::of_first_term()? };
        let done = bill_by_plan(&school, &billing).await;
        done.map_err(|failure| failure.during(&format!("billing {standings:?}")))?;
    }
    Ok(())
}

async fn a_closed_term_and_a_locked_day_are_not_billed(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let closing = vec![BookChange::CloseTerm(term(2)?), BookChange::LockThrough(day("2026-01-31")?)];
    school.change(closing).await?;
    let before = Snapshot::of(&school).await?;
    let billing = Billing::of_first_term()?;
    let bad = [
        ("a billing of a closed term", Billing { term: term(2)?, ..billing.clone() }),
        ("a billing of an absent term", Billing { term: TermId::new(2031, 1)?, ..billing.clone() }),
        ("a billing on the locked day", Billing { on: "2026-01-31", ..billing.clone() }),
    ];
    for (what, bad) in bad {
        let done = bad.run(&school).await?;
        holds(done.is_none(), || format!("{what} was admitted: {done:?}"))?;
        before.unchanged(&school, what).await?;
    }
    bill_by_plan(&school, &billing).await.map(|_| ())
}

async fn billings_at_once_charge_once(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing { limit: 6, ..Billing::of_first_term()? };
    let plans = plans(&school, billing.term, &billing.policy, billing.on).await?;
    let before = school.all_entries().await?;
    let mut tasks: Vec<BoxFuture<Result<Option<Done>, Failure>>> = Vec::new();
    for n in 0..6_usize {
        let (school, billing) = (school.by(given.way(n)), billing.clone());
        tasks.push(Box::pin(async move {
            if n < 4 {
                return billing.run(&school).await;
            }
            for m in 0..20_u32 {
                let who = if m.is_multiple_of(2) { "plain" } else { "語" };
                school.pay(who, &format!("meanwhile-{n}-{m}"), 1).await?;
            }
            Ok(None)
        }));
    }
    let answers = together(&given, tasks).await?.into_iter().collect::<Result<Vec<_>, Failure>>()?;
    let charges: u64 = answers.iter().flatten().map(|done| done.charges).sum();
    same("the charges that all of them say they made", &charges, &Done::expected(&plans).charges)?;
    let by_store = answers.iter().flatten().any(|done| done.by_store);
    let payments =
        school.all_entries().await?.into_iter().filter(|entry| entry.key.as_str().starts_with("meanwhile-"));
    let before: Vec<Entry> = before.into_iter().chain(payments).collect();
    compare(&school, &billing, &plans, &before, by_store).await
}

async fn skips_are_listed_up_to_a_bound(given: Given) -> Result<(), Failure> {
    let school = filled(&given).await?;
    let billing = Billing::of_first_term()?;
    let plans = plans(&school, billing.term, &billing.policy, billing.on).await?;
    let all = Done::expected(&plans);
    for (limit, list_max) in [(super::school::ALL, 0), (super::school::ALL, 3), (4, 1)] {
        let done = Billing { limit, list_max, ..billing.clone() }.run(&school).await?;
        let done = done.ok_or_else(|| Failure::new("a billing was not admitted"))?;
        same("the counts of skips", &done.skipped, &all.skipped)?;
        let known = done.listed.iter().all(|skipped| all.listed.contains(skipped));
        holds(known, || format!("a skip is listed that is none: {:?}", done.listed))?;
    }
    Ok(())
}
