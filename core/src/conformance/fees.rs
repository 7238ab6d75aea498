//! Fees: kept exactly, added once, edited until they are charged.

use super::Given;
use super::failure::{Failure, holds, same};
use super::kinds::{account, billed, by_hand, day, group, reversal, term};
use super::school::{ALL, School, group_fee, own_fee};
use super::snapshot::Snapshot;
use crate::store::{BookChange, ChangeSet};
use crate::{AMOUNT_MAX, Fee, FeeKey, Figure, Payer};

cases! {
    "fees" {
        fees_are_kept_exactly: "Keys, instalments and revisions are read back as they were given.",
        a_fee_is_added_once: "A second fee of a key is not admitted and does not replace the first: no upsert.",
        a_fee_is_edited_until_it_is_charged: "A fee is edited until a charge is made from it, reversed or not; never one that is not there.",
        a_fee_is_charged_by_its_own_charges: "A group's fee is charged by charges that name it, an account's own by those with a slot alone.",
        fees_are_paged_by_key: "A term's fees come in the order of their keys, page by page, each once.",
        fees_of_payers: "The fees of a term that some payers pay, and no others.",
    }
}

async fn fees_are_kept_exactly(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let long = "ü".repeat(64);
    school.open_accounts(&[&long]).await?;
    let mut many = group_fee(term(1)?, &long, &long, &[(AMOUNT_MAX, "9999-12-31")])?;
    many.revision = 7;
    let days = day("2026-01-12")?.iter_weeks().take(100);
    let parts: Vec<(i64, String)> = (1..).zip(days.map(|day| day.to_string())).collect();
    let parts: Vec<(i64, &str)> = parts.iter().map(|(minor, day)| (*minor, day.as_str())).collect();
    let expected = vec![
        group_fee(term(1)?, "PRIMARY", "tuition", &parts)?,
        group_fee(term(1)?, "primary", "Tuition", &[(1, "0001-01-01")])?,
        many,
        own_fee(term(1)?, &long, "bus", &[(3_550, "2026-01-12"), (3_550, "2026-02-12")])?,
    ];
    school.change(expected.iter().cloned().map(BookChange::AddFee).collect()).await?;
    let found = school.by(given.other).store.fees(&school.id, term(1)?, None, ALL).await?;
    same("the fees of the term", &sorted(found), &sorted(expected))?;
    same("the fees of another", &school.store.fees(&school.id, term(2)?, None, ALL).await?, &vec![])
}

fn sorted(mut fees: Vec<Fee>) -> Vec<Fee> {
    fees.sort_by(|one, other| one.key.cmp(&other.key));
    fees
}

async fn a_fee_is_added_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let first = group_fee(term(1)?, "PRIMARY", "tuition", &[(12_000, "2026-01-12")])?;
    let second = group_fee(term(1)?, "PRIMARY", "tuition", &[(9_000, "2026-01-13"), (1, "2026-01-14")])?;
    school.change(vec![BookChange::AddFee(first)]).await?;
    let before = Snapshot::of(&school).await?;
    let add = |fees: &[&Fee]| ChangeSet {
        book: fees.iter().map(|fee| BookChange::AddFee((*fee).clone())).collect(),
        ..ChangeSet::default()
    };
    school.refuse_set("a second fee of a key", add(&[&second])).await?;
    before.unchanged(&school, "a second fee of a key").await?;
    let meals = group_fee(term(1)?, "PRIMARY", "meals", &[(2_000, "2026-01-12")])?;
    school.refuse_set("one fee twice in a change set", add(&[&meals, &meals])).await?;
    before.unchanged(&school, "one fee twice in a change set").await?;
    school.keep(add(&[&meals])).await.map(|_| ())
}

async fn a_fee_is_edited_until_it_is_charged(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let edit = |fee: &Fee| ChangeSet { book: vec![BookChange::EditFee(fee.clone())], ..ChangeSet::default() };
    for (from, name) in [(Some("PRIMARY"), "tuition"), (None, "bus")] {
        let fee = |parts| match from {
            Some(payer) => group_fee(term(1)?, payer, name, parts),
            None => own_fee(term(1)?, "s-1", name, parts),
        };
        let (old, new) = (fee(&[(100, "2026-01-12")])?, fee(&[(70, "2026-02-01"), (50, "2026-03-01")])?);
        school.refuse_set("an edit of a fee that is not there", edit(&old)).await?;
        school.change(vec![BookChange::AddFee(old.clone())]).await?;
        school.keep(edit(&new)).await?;
        let found = school.store.fees_of(&school.id, term(1)?, std::slice::from_ref(&new.key.payer)).await?;
        same("the fee after its edit", &found, &vec![new.clone()])?;
        let at = school.record("s-1", &format!("bill-{name}"), billed(name, from, 0, 0)?, 70).await?;
        let before = Snapshot::of(&school).await?;
        school.refuse_set("an edit of a fee that was charged", edit(&old)).await?;
        before.unchanged(&school, "an edit of a fee that was charged").await?;
        school.record("s-1", &format!("undo-{name}"), reversal(at, Figure::Fee), -70).await?;
        school.refuse_set("an edit of a fee whose one charge is reversed", edit(&old)).await?;
        let found = school.store.fees_of(&school.id, term(1)?, std::slice::from_ref(&new.key.payer)).await?;
        same("the fee that was charged", &found, &vec![new])?;
    }
    Ok(())
}

async fn a_fee_is_charged_by_its_own_charges(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let of_group = group_fee(term(1)?, "PRIMARY", "tuition", &[(100, "2026-01-12")])?.key;
    let own = own_fee(term(1)?, "s-1", "tuition", &[(100, "2026-01-12")])?.key;
    let charged = async |key: &FeeKey| Ok::<bool, Failure>(school.store.fee_charged(&school.id, key).await?);
    let strangers = [
        ("a charge by hand", "s-1", by_hand("tuition")?),
        ("another code's", "s-1", billed("meals", Some("PRIMARY"), 0, 0)?),
        ("another group's", "s-1", billed("tuition", Some("ECD"), 0, 0)?),
        ("another account's own", "s-2", billed("tuition", None, 0, 0)?),
    ];
    for (what, who, kind) in strangers {
        school.record(who, what, kind, 100).await?;
        holds(!charged(&of_group).await? && !charged(&own).await?, || {
            format!("{what} counts as one from the fee")
        })?;
    }
    let mut later =
        school.posting("s-1", "another term's", billed("tuition", Some("PRIMARY"), 0, 0)?, 100)?;
    later.entry.term = term(2)?;
    school.admit(later).await?;
    holds(!charged(&of_group).await?, || "a charge of another term counts as one from the fee".into())?;
    school.record("s-1", "group's", billed("tuition", Some("PRIMARY"), 1, 0)?, 100).await?;
    same("whether the group's fee was charged", &charged(&of_group).await?, &true)?;
    same("whether the account's own was", &charged(&own).await?, &false)?;
    school.record("s-1", "own", billed("tuition", None, 2, 0)?, 100).await?;
    same("whether the account's own fee was charged", &charged(&own).await?, &true)
}

async fn fees_are_paged_by_key(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["a", "B", "é"]).await?;
    let mut expected = Vec::new();
    for name in ["bus", "Bus", "tuition", "été", "🎒"] {
        for payer in ["ECD", "PRIMARY", "primary", "zéro"] {
            expected.push(group_fee(term(1)?, payer, name, &[(100, "2026-01-12")])?);
        }
        for payer in ["a", "B", "é"] {
            expected.push(own_fee(term(1)?, payer, name, &[(100, "2026-01-12")])?);
        }
    }
    let other = group_fee(term(2)?, "PRIMARY", "tuition", &[(1, "2026-05-04")])?;
    school.change(vec![BookChange::AddFee(other)]).await?;
    school.change(expected.iter().rev().cloned().map(BookChange::AddFee).collect()).await?;
    let (expected, school) = (sorted(expected), &school);
    for limit in [1, 2, 7, ALL] {
        let read = |after: Option<FeeKey>| async move {
            Ok(school.store.fees(&school.id, term(1)?, after.as_ref(), limit).await?)
        };
        let found = super::listings::paged("fees", limit, read, |fee| fee.key.clone()).await?;
        same(&format!("the fees in pages of {limit}"), &found, &expected)?;
    }
    same("a page of no fees", &school.store.fees(&school.id, term(1)?, None, 0).await?, &vec![])
}

async fn fees_of_payers(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["PRIMARY", "s-1"]).await?;
    let fees = [
        group_fee(term(1)?, "PRIMARY", "tuition", &[(1, "2026-01-12")])?,
        group_fee(term(1)?, "PRIMARY", "meals", &[(2, "2026-01-12"), (3, "2026-02-12")])?,
        group_fee(term(1)?, "ECD", "tuition", &[(4, "2026-01-12")])?,
        own_fee(term(1)?, "PRIMARY", "tuition", &[(5, "2026-01-12")])?,
        own_fee(term(1)?, "s-1", "bus", &[(6, "2026-01-12")])?,
        group_fee(term(2)?, "PRIMARY", "tuition", &[(7, "2026-05-04")])?,
    ];
    school.change(fees.iter().cloned().map(BookChange::AddFee).collect()).await?;
    let (primary, same_name) = (Payer::Group(group("PRIMARY")?), Payer::Account(account("PRIMARY")?));
    let (own, absent) = (Payer::Account(account("s-1")?), Payer::Group(group("primary")?));
    let asked = [
        vec![],
        vec![primary.clone()],
        vec![same_name.clone()],
        vec![own.clone(), primary.clone()],
        vec![absent.clone()],
        vec![absent, own, same_name, primary],
    ];
    for payers in asked {
        let expected =
            fees.iter().filter(|fee| fee.key.term.number() == 1 && payers.contains(&fee.key.payer));
        let expected = sorted(expected.cloned().collect());
        let found = school.store.fees_of(&school.id, term(1)?, &payers).await?;
        same(&format!("the fees of {payers:?}"), &sorted(found), &expected)?;
    }
    Ok(())
}
