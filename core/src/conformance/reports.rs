//! Reports: the rows from which summaries are added up, the entries of several accounts, and those who owe (S10, B1).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failure::{Failure, holds, same};
use super::history::{History, Numbers};
use super::kinds::{account, adjustment, by_hand, concession, group, payment, reversal, term};
use super::listings::{NAMES, paged};
use super::school::{ALL, School, money, pupil, terms};
use super::together::{together, turn};
use super::{BoxFuture, Given, naive};
use crate::rule::Posting;
use crate::store::{AccountChange, AgingOrder, ChangeSet, OwingFilter, SummaryRow};
use crate::{Account, AccountId, AsOf, BookId, Buckets, Entry, FeeGroup, Figure, Standing, TermId, Totals};

cases! {
    "reports" {
        entries_of_several_accounts_come_in_order: "The entries of several accounts come by account in byte order and position, page by page, however the accounts are asked for.",
        rows_of_a_summary_follow_from_the_entries: "A summary's rows hold every account in byte order with its groups, and what is charged and not reversed, page by page (B1).",
        what_is_reversed_is_not_charged: "In a summary a reversed charge is not charged, what is conceded is, and the groups are those of now.",
        those_who_owe_come_by_amount: "Those who owe come by what they owe, then in byte order, as the filter takes them, page by page.",
        what_is_owed_is_what_is_owed_now: "Who pays is no longer listed, and who is charged is.",
        a_row_is_of_one_moment: "The sums in a row are those of one moment, whatever is recorded meanwhile.",
        an_absent_book_reports_nothing: "An absent book has no rows, and an empty one neither.",
    }
}

const MANY: [&str; 4] = ["ECD", "PRIMARY", "ä", "🎒"];

/// Accounts of odd names in one to three groups.
async fn open_in_groups(school: &School) -> Result<(), Failure> {
    for (name, n) in NAMES.iter().zip(0_usize..) {
        let groups: Vec<&str> =
            MANY.iter().cycle().skip(n).take((n % 3).saturating_add(1)).copied().collect();
        school.open_account(pupil(name, &sorted(groups), "2026-01-12")?).await?;
    }
    Ok(())
}

fn sorted(mut groups: Vec<&str>) -> Vec<&str> {
    groups.sort_unstable();
    groups
}

/// So many entries of every kind on those accounts, one set after another.
async fn record(school: &School, names: &[&str], seed: u64) -> Result<(), Failure> {
    let mut history = History::new(names, seed);
    for _ in 0..4 {
        let postings = (0..40).map(|_| history.next(school)).collect::<Result<Vec<Posting>, Failure>>()?;
        school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
    }
    Ok(())
}

fn place(entry: &Entry) -> (AccountId, u32) {
    (entry.account.clone(), entry.position)
}

async fn entries_of_several_accounts_come_in_order(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    open_in_groups(&school).await?;
    record(&school, &["10", "9", "a", "A", "ä", "é", "🎒", "🎒a"], 1).await?;
    let school = &school.by(given.way(1));
    let everything = school.all_entries().await?;
    // Out of order, one twice, one without entries, one that is not there.
    let asked = ["🎒", "a", "B", "9", "absent", "A", "é", "9"];
    let asked = &asked.into_iter().map(account).collect::<Result<Vec<_>, _>>()?;
    let expected: Vec<Entry> =
        everything.iter().filter(|entry| asked.contains(&entry.account)).cloned().collect();
    holds(expected.len() > 20, || "the accounts have entries".into())?;
    for limit in [1, 2, 7, ALL] {
        let read = |after: Option<(AccountId, u32)>| async move {
            let after = after.as_ref().map(|(account, position)| (account, *position));
            Ok(school.store.entries_of(&school.id, asked, after, limit).await?)
        };
        let found = paged("entries of several accounts", limit, read, place).await?;
        same(&format!("the entries in pages of {limit}"), &found, &expected)?;
    }
    // From after accounts that are not asked for, are not there, or have nothing at that position.
    for (name, position) in [("10", 3), ("b", 0), ("B", 9), ("a", 0), ("a", 2), ("🎒", u32::MAX)] {
        let after = account(name)?;
        let found = school.store.entries_of(&school.id, asked, Some((&after, position)), ALL).await?;
        let rest = expected.iter().filter(|entry| place(entry) > (after.clone(), position));
        same(&format!("the entries from after {name} at {position}"), &found, &rest.cloned().collect())?;
    }
    same("a page of no entries", &school.store.entries_of(&school.id, asked, None, 0).await?, &vec![])?;
    same("the entries of no accounts", &school.store.entries_of(&school.id, &[], None, ALL).await?, &vec![])
}

/// The rows of every term, and of terms that are not defined, are those of the entries, in pages of every size.
async fn compare(school: &School) -> Result<(), Failure> {
    let (accounts, entries) = (school.accounts().await?, school.all_entries().await?);
    let mut asked: Vec<TermId> = terms()?.iter().map(|term| term.id).collect();
    asked.extend([TermId::new(2025, 1)?, TermId::new(2030, 1)?]);
    for term in asked {
        let expected = naive::summary_rows(&accounts, &entries, term);
        for limit in [1, 5, 21, 22, 23, ALL] {
            let read = |after: Option<AccountId>| async move {
                Ok(school.store.summary_rows(&school.id, term, after.as_ref(), limit).await?)
            };
            let key = |row: &SummaryRow| row.account.clone();
            let found = paged("rows of a summary", limit, read, key).await?;
            same(&format!("the summary of {term} in pages of {limit}"), &found, &expected)?;
        }
    }
    Ok(())
}

async fn rows_of_a_summary_follow_from_the_entries(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    open_in_groups(&school).await?;
    compare(&school).await?;
    // Not all of them have entries.
    record(&school, NAMES.split_at(15).0, 2027).await?;
    let school = &school.by(given.way(1));
    compare(school).await?;
    let after = account("a c")?;
    let rows = school.store.summary_rows(&school.id, term(1)?, Some(&after), 3).await?;
    let names: Vec<&str> = rows.iter().map(|row| row.account.as_str()).collect();
    same("the rows from after an account that is not there", &names, &vec!["a-b", "a_b", "aa"])?;
    same("a page of no rows", &school.store.summary_rows(&school.id, term(1)?, None, 0).await?, &vec![])
}

async fn what_is_reversed_is_not_charged(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_account(pupil("s-1", &["ECD", "PRIMARY"], "2026-01-12")?).await?;
    school.open_accounts(&["s-2"]).await?;
    let undone = school.record("s-1", "trip", by_hand("trip")?, 500).await?;
    school.record("s-1", "tuition", by_hand("tuition")?, 12_000).await?;
    school.record("s-1", "tuition again", by_hand("tuition")?, 1_000).await?;
    let conceded = school.record("s-1", "waived", concession(), -2_000).await?;
    school.record("s-1", "undo trip", reversal(undone, Figure::Fee), -500).await?;
    school.record("s-1", "undo waived", reversal(conceded, Figure::Fee), 2_000).await?;
    school.record("s-1", "waived again", concession(), -13_000).await?;
    let mut later = school.posting("s-1", "later", by_hand("tuition")?, 7)?;
    later.entry.term = term(2)?;
    school.admit(later).await?;
    let row = |name: &str, earlier, charged, fee, groups: &[&str]| {
        let groups = groups.iter().map(|name| group(name)).collect::<Result<Vec<FeeGroup>, Failure>>()?;
        let totals = Totals { fee, ..Totals::default() };
        Ok::<_, Failure>(SummaryRow { account: account(name)?, earlier, totals, charged, groups })
    };
    let found = school.store.summary_rows(&school.id, term(1)?, None, ALL).await?;
    let other = row("s-2", 0, 0, 0, &["PRIMARY"])?;
    same("the rows", &found, &vec![row("s-1", 0, 13_000, 0, &["ECD", "PRIMARY"])?, other.clone()])?;
    let groups = vec![group("BOARDERS")?, group("ECD")?, group("UPPER")?];
    let moved = AccountChange::Regroup { account: account("s-1")?, groups, revision: 0 };
    school.keep(ChangeSet { accounts: vec![moved], ..ChangeSet::default() }).await?;
    let found = school.store.summary_rows(&school.id, term(2)?, None, ALL).await?;
    same(
        "the rows of the next term",
        &found,
        &vec![row("s-1", 0, 7, 7, &["BOARDERS", "ECD", "UPPER"])?, other],
    )
}

/// Accounts of odd names, many of which owe as much as another, in several groups and standings.
async fn open_owing(school: &School) -> Result<(), Failure> {
    open_in_groups(school).await?;
    let mut numbers = Numbers::new(3);
    for (name, n) in NAMES.iter().zip(0_usize..) {
        let minor = i64::try_from(numbers.below(6)).unwrap_or(0).saturating_sub(1).saturating_mul(100);
        if minor != 0 {
            school.record(name, &format!("key-{n}"), adjustment(), minor).await?;
        }
        if n % 4 == 0 {
            let to = if n % 8 == 0 { Standing::OnLeave } else { Standing::Withdrawn };
            let moved = AccountChange::Move { account: account(name)?, to, revision: 0, version: None };
            school.keep(ChangeSet { accounts: vec![moved], ..ChangeSet::default() }).await?;
        }
    }
    Ok(())
}

async fn those_who_owe_come_by_amount(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    open_owing(&school).await?;
    let school = &school.by(given.way(1));
    let accounts = school.accounts().await?;
    let mut filters: Vec<OwingFilter> = Vec::new();
    for at_least in [i64::MIN, -100, 0, 1, 200, 201, 400, 401, i64::MAX] {
        for standing in [None, Some(Standing::Active), Some(Standing::OnLeave), Some(Standing::Expelled)] {
            for name in [None, Some("PRIMARY"), Some("🎒"), Some("primary"), Some("UPPER")] {
                let group = name.map(group).transpose()?;
                filters.push(OwingFilter { group, standing, at_least });
            }
        }
    }
    let all = naive::owing(&accounts, &OwingFilter::default());
    holds(all.len() > 8 && all.len() < accounts.len(), || "some owe, and some do not".into())?;
    for filter in &filters {
        let expected = naive::owing(&accounts, filter);
        for limit in [1, 2, 3, ALL] {
            let read = |after: Option<(i64, AccountId)>| async move {
                let after = after.as_ref().map(|(balance, account)| (*balance, account));
                Ok(school.store.owing(&school.id, filter, after, limit).await?)
            };
            let key = |account: &Account| (account.balance.minor(), account.id.clone());
            let found = paged("accounts that owe", limit, read, key).await?;
            same(&format!("those who owe by {filter:?} in pages of {limit}"), &found, &expected)?;
        }
    }
    let filter = &OwingFilter::default();
    for (balance, name) in
        [(i64::MAX, "z"), (300, "a c"), (250, "a"), (200, "zz"), (100, "\u{10ffff}"), (0, "a")]
    {
        let after = account(name)?;
        let found = school.store.owing(&school.id, filter, Some((balance, &after)), ALL).await?;
        let follows = |one: &&Account| {
            one.balance.minor() < balance || (one.balance.minor() == balance && one.id > after)
        };
        same(
            &format!("those after {name} with {balance}"),
            &found,
            &all.iter().filter(follows).cloned().collect(),
        )?;
    }
    same("a page of nobody", &school.store.owing(&school.id, filter, None, 0).await?, &vec![])
}

async fn what_is_owed_is_what_is_owed_now(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2", "s-3"]).await?;
    let owing = async |way: usize| {
        let filter = OwingFilter::default();
        let found = school.by(given.way(way)).store.owing(&school.id, &filter, None, ALL).await?;
        Ok::<_, Failure>(
            found.into_iter().map(|one| (one.id.as_str().to_owned(), one.balance)).collect::<Vec<_>>(),
        )
    };
    let expect = |rows: &[(&str, i64)]| {
        rows.iter().map(|(name, minor)| ((*name).to_owned(), money(*minor))).collect::<Vec<_>>()
    };
    same("those who owe at first", &owing(0).await?, &vec![])?;
    let charge = school.record("s-1", "one", by_hand("trip")?, 100).await?;
    school.record("s-2", "two", by_hand("trip")?, 100).await?;
    school.record("s-3", "three", by_hand("trip")?, 150).await?;
    same("those charged", &owing(1).await?, &expect(&[("s-3", 150), ("s-1", 100), ("s-2", 100)]))?;
    school.pay("s-3", "a part", 75).await?;
    school.pay("s-2", "all of it", 100).await?;
    same("those who have not paid", &owing(1).await?, &expect(&[("s-1", 100), ("s-3", 75)]))?;
    school.record("s-1", "undo", reversal(charge, Figure::Fee), -100).await?;
    same("those charged rightly", &owing(0).await?, &expect(&[("s-3", 75)]))
}

async fn a_row_is_of_one_moment(given: Given) -> Result<(), Failure> {
    const LOOKS_MAX: u32 = 100_000;
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let writing = Arc::new(AtomicUsize::new(2));
    let mut tasks: Vec<BoxFuture<Result<(), Failure>>> = Vec::new();
    for n in 0..4_usize {
        let (school, writing) = (school.by(given.way(n / 2)), Arc::clone(&writing));
        tasks.push(Box::pin(async move {
            if n % 2 == 0 {
                let wrote = charge_and_settle(&school, n).await;
                writing.fetch_sub(1, Ordering::Relaxed);
                return wrote;
            }
            for _ in 0..LOOKS_MAX {
                look(&school).await?;
                if writing.load(Ordering::Relaxed) == 0 {
                    break;
                }
                turn().await;
            }
            Ok(())
        }));
    }
    together(&given, tasks).await?.into_iter().collect()
}

/// Charges an account and settles the charge, in one set each time.
async fn charge_and_settle(school: &School, n: usize) -> Result<(), Failure> {
    let name = if n == 0 { "s-1" } else { "s-2" };
    for round in 0..40 {
        let charge = school.posting(name, &format!("charge-{n}-{round}"), by_hand("trip")?, 10)?;
        let pay = school.posting(name, &format!("pay-{n}-{round}"), payment(), -10)?;
        school.keep(ChangeSet { postings: vec![charge, pay], ..ChangeSet::default() }).await?;
        turn().await;
    }
    Ok(())
}

/// At every moment as much is paid as was charged.
async fn look(school: &School) -> Result<(), Failure> {
    for row in school.store.summary_rows(&school.id, term(1)?, None, ALL).await? {
        let right = row.charged == row.totals.fee && row.totals.fee == row.totals.paid.saturating_neg();
        holds(right, || format!("a row of a summary is of two moments: {row:?}"))?;
    }
    let floors = Buckets::default().floors(super::kinds::day("2026-03-01")?);
    let order = AgingOrder { as_of: AsOf::ALL, floors };
    for row in school.store.aged_rows(&school.id, &order, None, ALL).await? {
        let debits: i64 = row.totals.debits.iter().sum();
        holds(debits == row.totals.credits, || format!("a row of an aging is of two moments: {row:?}"))?;
    }
    Ok(())
}

async fn an_absent_book_reports_nothing(given: Given) -> Result<(), Failure> {
    let mut school = School::open(&given).await?;
    let empty = school.id.clone();
    for id in [empty, BookId::new("absent")?] {
        school.id = id;
        let (store, book) = (&school.store, &school.id);
        let asked = [account("s-1")?];
        same("the entries", &store.entries_of(book, &asked, None, ALL).await?, &vec![])?;
        same("the rows of a summary", &store.summary_rows(book, term(1)?, None, ALL).await?, &vec![])?;
        let floors = Buckets::default().floors(super::kinds::day("2026-03-01")?);
        let order = AgingOrder { as_of: AsOf::ALL, floors };
        same("the rows of an aging", &store.aged_rows(book, &order, None, ALL).await?, &vec![])?;
        same("those who owe", &store.owing(book, &OwingFilter::default(), None, ALL).await?, &vec![])?;
    }
    Ok(())
}
