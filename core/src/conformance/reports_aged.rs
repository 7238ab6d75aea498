//! Agings: the rows from which an aging of a past day, or of what was known at an instant, is added up (B10).

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::Given;
use super::failure::{Failure, holds, same};
use super::history::{History, Numbers};
use super::kinds::{account, adjustment, by_hand, day, opening, payment, refund, reversal};
use super::listings::{NAMES, paged};
use super::naive;
use super::school::{ALL, School};
use crate::rule::Posting;
use crate::store::{AgedRow, AgingOrder, ChangeSet};
use crate::{AccountId, AgedTotals, AsOf, Buckets, EntryKind, Figure};

cases! {
    "reports_aged" {
        rows_of_an_aging_follow_from_the_entries: "An aging's rows hold every account in byte order with what counted on a day, as recorded by an instant, page by page.",
        a_day_counts_to_its_end: "What takes effect on the day asked about counts, what takes effect on the next does not.",
        a_reversal_counts_with_its_target: "A reversal takes off where its target was put, from the day and the instant from which both count.",
        debits_are_put_by_their_due_dates: "A charge is put by its due date, any other debit by its effective date, each bound belonging to the younger bucket.",
        any_bounds_are_served: "One bucket, many, and bounds beyond all calendars are served.",
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, Failure> {
    text.parse().map_err(|_| Failure::new(format!("{text} is no instant")))
}

/// A posting on days of its own.
fn dated(mut posting: Posting, on: &str, due: Option<&str>, at: &str) -> Result<Posting, Failure> {
    posting.entry.effective_on = day(on)?;
    posting.entry.recorded_at = instant(at)?;
    if let (EntryKind::Charge { due_on, .. }, Some(due)) = (&mut posting.entry.kind, due) {
        *due_on = day(due)?;
    }
    Ok(posting)
}

async fn rows(school: &School, order: &AgingOrder) -> Result<Vec<AgedRow>, Failure> {
    Ok(school.store.aged_rows(&school.id, order, None, ALL).await?)
}

/// The rows of one account, as debits and credits.
async fn sums(school: &School, as_of: AsOf, floors: &[&str]) -> Result<(Vec<i64>, i64), Failure> {
    let floors = floors.iter().map(|text| day(text)).collect::<Result<Vec<NaiveDate>, Failure>>()?;
    let mut rows = rows(school, &AgingOrder { as_of, floors }).await?;
    same("how many rows", &rows.len(), &1)?;
    let AgedTotals { debits, credits } = rows.pop().map(|row| row.totals).unwrap_or_default();
    Ok((debits, credits))
}

/// Every kind of entry on many days, recorded at many instants, in no order; the days and instants that occur.
async fn record(school: &School) -> Result<(Vec<NaiveDate>, Vec<DateTime<Utc>>), Failure> {
    let mut history = History::new(NAMES.split_at(12).0, 11);
    let mut numbers = Numbers::new(17);
    let (first, begin) = (day("2026-01-12")?, instant("2026-01-12T08:00:00.000001Z")?);
    let (mut days, mut instants) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let mut postings = Vec::new();
        for _ in 0..30 {
            let mut posting = history.next(school)?;
            let on = first.checked_add_days(chrono::Days::new(numbers.below(120))).unwrap_or(first);
            let due = first.checked_add_days(chrono::Days::new(numbers.below(150))).unwrap_or(first);
            let at = Duration::try_minutes(i64::try_from(numbers.below(5_000)).unwrap_or(0));
            let at = at.and_then(|time| begin.checked_add_signed(time)).unwrap_or(begin);
            posting.entry.effective_on = on;
            posting.entry.recorded_at = at;
            if let EntryKind::Charge { due_on, .. } = &mut posting.entry.kind {
                *due_on = due;
            }
            days.push(on);
            instants.push(at);
            postings.push(posting);
        }
        school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
    }
    Ok((days, instants))
}

async fn rows_of_an_aging_follow_from_the_entries(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&NAMES).await?;
    let (days, instants) = record(&school).await?;
    let school = &school.by(given.way(1));
    let (accounts, entries) = (school.accounts().await?, school.all_entries().await?);
    let mut numbers = Numbers::new(5);
    for n in 0..24_u32 {
        let on = numbers.pick(&days).copied().filter(|_| n % 4 != 0);
        let recorded_by = numbers.pick(&instants).copied().filter(|_| n % 3 != 0);
        let asked = on.or(numbers.pick(&days).copied()).unwrap_or_default();
        let bounds: &[u32] = if n % 2 == 0 { &[30, 60, 90] } else { &[1, 14] };
        let floors = Buckets::new(bounds.iter().copied())?.floors(asked);
        let order = &AgingOrder { as_of: AsOf { day: on, recorded_by }, floors };
        let expected = naive::aged_rows(&accounts, &entries, order);
        for limit in [if n < 6 { n.saturating_add(1) } else { 22 }, ALL] {
            let read = |after: Option<AccountId>| async move {
                Ok(school.store.aged_rows(&school.id, order, after.as_ref(), limit).await?)
            };
            let found = paged("rows of an aging", limit, read, |row: &AgedRow| row.account.clone()).await?;
            same(&format!("the rows of {order:?} in pages of {limit}"), &found, &expected)?;
        }
    }
    let order = AgingOrder { as_of: AsOf::ALL, floors: Buckets::default().floors(day("2026-03-01")?) };
    let after = account("a c")?;
    let found = school.store.aged_rows(&school.id, &order, Some(&after), 2).await?;
    let names: Vec<&str> = found.iter().map(|row| row.account.as_str()).collect();
    same("the rows from after an account that is not there", &names, &vec!["a-b", "a_b"])?;
    same("a page of no rows", &school.store.aged_rows(&school.id, &order, None, 0).await?, &vec![])
}

async fn a_day_counts_to_its_end(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let charge = school.posting("s-1", "charge", by_hand("trip")?, 500)?;
    school.admit(dated(charge, "2026-02-01", Some("2026-02-10"), "2026-02-03T09:00:00Z")?).await?;
    let pay = school.posting("s-1", "pay", payment(), -200)?;
    school.admit(dated(pay, "2026-03-31", None, "2026-03-30T17:59:59.999999Z")?).await?;
    let floors = &["2026-02-20"];
    for (on, by, expected) in [
        ("2026-01-31", None, (vec![0, 0], 0)),
        ("2026-02-01", None, (vec![0, 500], 0)),
        ("2026-03-30", None, (vec![0, 500], 0)),
        ("2026-03-31", None, (vec![0, 500], 200)),
        ("2026-04-01", None, (vec![0, 500], 200)),
        ("2026-04-01", Some("2026-02-03T08:59:59.999999Z"), (vec![0, 0], 0)),
        ("2026-04-01", Some("2026-02-03T09:00:00Z"), (vec![0, 500], 0)),
        ("2026-04-01", Some("2026-03-30T17:59:59.999998Z"), (vec![0, 500], 0)),
        ("2026-04-01", Some("2026-03-30T17:59:59.999999Z"), (vec![0, 500], 200)),
        ("2026-03-30", Some("2026-03-30T17:59:59.999999Z"), (vec![0, 500], 0)),
    ] {
        let as_of = AsOf { day: Some(day(on)?), recorded_by: by.map(instant).transpose()? };
        same(&format!("the sums {as_of}"), &sums(&school, as_of, floors).await?, &expected)?;
    }
    let by = AsOf::ALL.recorded_by(instant("2026-03-01T00:00:00Z")?);
    same("the sums of all days by an instant", &sums(&school, by, floors).await?, &(vec![0, 500], 0))?;
    same("the sums of everything", &sums(&school, AsOf::ALL, floors).await?, &(vec![0, 500], 200))
}

async fn a_reversal_counts_with_its_target(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let at = "2026-02-01T08:00:00Z";
    // A charge and a payment, and a reversal of each: of the one dated before it, of the other after it.
    let charge = school.posting("s-1", "charge", by_hand("trip")?, 500)?;
    school.admit(dated(charge, "2026-02-10", Some("2026-02-25"), "2026-02-10T08:00:00Z")?).await?;
    let pay = school.posting("s-1", "pay", payment(), -200)?;
    school.admit(dated(pay, "2026-02-10", None, at)?).await?;
    let undo = school.posting("s-1", "undo charge", reversal(1, Figure::Fee), -500)?;
    school.admit(dated(undo, "2026-02-05", None, "2026-02-12T08:00:00Z")?).await?;
    let undo = school.posting("s-1", "undo pay", reversal(2, Figure::Paid), 200)?;
    school.admit(dated(undo, "2026-02-20", None, at)?).await?;
    let floors = &["2026-02-20", "2026-02-15"];
    for (on, by, expected) in [
        ("2026-02-04", None, (vec![0, 0, 0], 0)),
        ("2026-02-05", None, (vec![0, 0, 0], 0)),
        ("2026-02-09", None, (vec![0, 0, 0], 0)),
        ("2026-02-10", None, (vec![0, 0, 0], 200)),
        ("2026-02-19", None, (vec![0, 0, 0], 200)),
        ("2026-02-20", None, (vec![0, 0, 0], 0)),
        ("2026-02-19", Some("2026-02-12T07:59:59.999999Z"), (vec![500, 0, 0], 200)),
        ("2026-02-20", Some("2026-02-12T07:59:59.999999Z"), (vec![500, 0, 0], 0)),
        ("2026-02-09", Some("2026-02-12T07:59:59.999999Z"), (vec![0, 0, 0], 0)),
        ("2026-02-19", Some("2026-02-12T08:00:00Z"), (vec![0, 0, 0], 200)),
        ("2026-02-19", Some("2026-02-10T07:59:59.999999Z"), (vec![0, 0, 0], 200)),
    ] {
        let as_of = AsOf { day: Some(day(on)?), recorded_by: by.map(instant).transpose()? };
        same(&format!("the sums {as_of}"), &sums(&school, as_of, floors).await?, &expected)?;
    }
    same("the sums of everything", &sums(&school, AsOf::ALL, floors).await?, &(vec![0, 0, 0], 0))?;
    // Recorded before what it reverses, by a clock that was wrong: it counts from the instant from which both do.
    let charge = school.posting("s-1", "late", by_hand("trip")?, 70)?;
    school.admit(dated(charge, "2026-02-01", Some("2026-02-01"), "2026-03-05T08:00:00Z")?).await?;
    let undo = school.posting("s-1", "undo late", reversal(5, Figure::Fee), -70)?;
    school.admit(dated(undo, "2026-02-02", None, "2026-03-04T08:00:00Z")?).await?;
    let as_of = AsOf::day(day("2026-03-31")?).recorded_by(instant("2026-03-04T08:00:00Z")?);
    same("the sums before the charge was known", &sums(&school, as_of, floors).await?, &(vec![0, 0, 0], 0))?;
    let as_of = AsOf::day(day("2026-02-01")?);
    same("the sums on the day of the charge", &sums(&school, as_of, floors).await?, &(vec![0, 0, 70], 0))
}

async fn debits_are_put_by_their_due_dates(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let at = "2026-02-01T08:00:00Z";
    let kinds = [
        (by_hand("tuition")?, 1, "2026-01-20", Some("2026-04-01")),
        (by_hand("tuition")?, 10, "2026-01-20", Some("2026-03-31")),
        (by_hand("tuition")?, 100, "2026-03-31", Some("2026-03-30")),
        (opening(), 1_000, "2026-03-01", None),
        (adjustment(), 10_000, "2026-02-28", None),
        (refund(), 100_000, "2026-01-30", None),
        (opening(), -7, "2026-01-12", None),
        (adjustment(), -70, "2026-03-31", None),
        (payment(), -700, "2026-02-14", None),
    ];
    for (n, (kind, effect, on, due)) in (0_u32..).zip(kinds) {
        let posting = school.posting("s-1", &format!("key-{n}"), kind, effect)?;
        school.admit(dated(posting, on, due, at)?).await?;
    }
    // The 31st of March, and 30 and 60 days before it.
    let floors = &["2026-03-31", "2026-03-01", "2026-01-30"];
    let as_of = AsOf::day(day("2026-03-31")?);
    same("the sums by due date", &sums(&school, as_of, floors).await?, &(vec![11, 1_100, 110_000, 0], 777))?;
    let floors = &["2026-04-01", "2026-03-31", "2026-02-28"];
    same("the sums a day later", &sums(&school, as_of, floors).await?, &(vec![1, 10, 11_100, 100_000], 777))
}

async fn any_bounds_are_served(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    school.record("s-1", "charge", by_hand("trip")?, 500).await?;
    let asked = day("2026-12-31")?;
    let (accounts, entries) = (school.accounts().await?, school.all_entries().await?);
    let bounds: [&[u32]; 4] = [&[], &[319], &[318, 319, 320], &[30, u32::MAX]];
    let most: Vec<u32> = (15..=360).step_by(15).collect();
    for bounds in bounds.into_iter().chain([most.as_slice()]) {
        let order =
            AgingOrder { as_of: asked.into(), floors: Buckets::new(bounds.iter().copied())?.floors(asked) };
        let found = rows(&school, &order).await?;
        same(&format!("the rows of {bounds:?}"), &found, &naive::aged_rows(&accounts, &entries, &order))?;
        let put: i64 = found.iter().flat_map(|row| &row.totals.debits).sum();
        holds(put == 500, || format!("{put} is put into {order:?}"))?;
    }
    // The first day of all calendars, and the last.
    for asked in [NaiveDate::MIN, NaiveDate::MAX] {
        let order = AgingOrder { as_of: asked.into(), floors: Buckets::default().floors(asked) };
        let found = rows(&school, &order).await?;
        same(&format!("the rows on {asked}"), &found, &naive::aged_rows(&accounts, &entries, &order))?;
    }
    Ok(())
}
