//! Figures: every sum that a store answers is the sum of its entries (B1, B4).

use super::Given;
use super::failure::{Failure, same};
use super::history::History;
use super::kinds::account;
use super::listings::paged;
use super::naive;
use super::school::{ALL, School, terms};
use crate::rule::Posting;
use crate::store::{BookTotals, ChangeSet, TermRow};
use crate::{AccountId, LedgerStore, TermId, TermTotals};

cases! {
    "figures" {
        figures_follow_from_the_entries: "Totals, rows of terms and sums of the book are those of the entries, after every step (B1, B4).",
        rows_of_a_term_hold_every_account: "A term's rows hold every account in byte order, with what earlier terms left, page by page.",
        an_empty_book_sums_to_nothing: "A book without entries sums to nothing.",
    }
}

const NAMES: [&str; 7] = ["10", "9", "a", "B", "é", "語", "🎒"];

async fn compare(school: &School) -> Result<(), Failure> {
    let (accounts, entries) = (school.accounts().await?, school.all_entries().await?);
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    let mut found = school.store.totals(&school.id, &ids).await?;
    found.retain(|(_, totals)| !totals.terms().is_empty());
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let expected: Vec<(AccountId, TermTotals)> =
        naive::by_term(&entries).into_iter().map(|(id, terms)| (id, TermTotals::new(terms))).collect();
    same("the totals by term", &found, &expected)?;
    for term in terms()? {
        let rows = school.store.term_rows(&school.id, term.id, None, ALL).await?;
        same(&format!("the figures of {}", term.id), &rows, &naive::term_rows(&accounts, &entries, term.id))?;
    }
    let totals = school.store.book_totals(&school.id).await?;
    same("the sums of the book", &totals, &naive::book_totals(&accounts, &entries))?;
    for account in &accounts {
        school.sound(account.id.as_str()).await?;
    }
    Ok(())
}

async fn figures_follow_from_the_entries(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&NAMES).await?;
    let mut history = History::new(&NAMES, 2026);
    for step in 0..12_u32 {
        let postings = (0..20).map(|_| history.next(&school)).collect::<Result<Vec<Posting>, Failure>>()?;
        if step.is_multiple_of(2) {
            school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
        } else {
            for posting in postings {
                school.admit(posting).await?;
            }
        }
        let what = format!("after {} entries", step.saturating_add(1).saturating_mul(20));
        compare(&school.by(given.way(1))).await.map_err(|failure| failure.during(&what))?;
    }
    Ok(())
}

async fn rows_of_a_term_hold_every_account(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&NAMES).await?;
    school.open_accounts(&["nothing", "A nothing"]).await?;
    let mut history = History::new(&NAMES, 7);
    let postings = (0..60).map(|_| history.next(&school)).collect::<Result<Vec<Posting>, Failure>>()?;
    school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
    let (accounts, entries) = (school.accounts().await?, school.all_entries().await?);
    let (school, far) = (&school, TermId::new(2030, 1)?);
    let mut asked: Vec<TermId> = terms()?.iter().map(|term| term.id).collect();
    // Terms that are not defined have only what came before them.
    asked.extend([TermId::new(2025, 1)?, far]);
    for term in asked {
        let expected = naive::term_rows(&accounts, &entries, term);
        for limit in [1, 2, 9, ALL] {
            let read = |after: Option<AccountId>| async move {
                Ok(school.store.term_rows(&school.id, term, after.as_ref(), limit).await?)
            };
            let found = paged("rows of a term", limit, read, |row: &TermRow| row.account.clone()).await?;
            same(&format!("the rows of {term} in pages of {limit}"), &found, &expected)?;
        }
    }
    same("a page of no rows", &school.store.term_rows(&school.id, far, None, 0).await?, &vec![])
}

async fn an_empty_book_sums_to_nothing(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    same("the sums of an empty book", &school.store.book_totals(&school.id).await?, &BookTotals::default())?;
    school.open_accounts(&["s-1"]).await?;
    compare(&school).await?;
    let totals = school.store.totals(&school.id, &[account("s-1")?, account("absent")?]).await?;
    let with_entries = totals.iter().filter(|(_, totals)| !totals.terms().is_empty()).count();
    same("how many accounts have totals", &with_entries, &0)?;
    same("the totals of no accounts", &school.store.totals(&school.id, &[]).await?, &vec![])
}
