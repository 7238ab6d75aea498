//! Books: opening them, telling them apart, and the clock and ids that a store supplies.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Given;
use super::failure::{Failure, holds, same};
use super::kinds::{account, billed, day, key, payment, term};
use super::school::{ALL, School, group_fee, money};
use super::snapshot::Snapshot;
use crate::store::{
    AccountFilter, BookChange, BookTotals, ChangeSet, Committed, FileMark, Posted, RepriceOrder, Repriced,
};
use crate::{BookId, Calendar, Currency, LedgerStore};

cases! {
    "books" {
        a_book_is_opened_once: "Opening creates a book, and gives back the one there is, in the currency that it has.",
        books_come_in_byte_order: "Books are listed in byte order, page by page, each once.",
        an_absent_book_has_nothing: "What an absent book has is nothing, and nothing is admitted to it.",
        books_do_not_mix: "Two books with the same accounts, keys, fees and marks show nothing of each other.",
        names_of_books_are_exact: "Books whose names differ in case, accents, width or trailing marks are different books.",
        ids_are_new_and_time_goes_on: "Ids are UUIDv7 and never repeat; the clock tells the present; a pause comes back.",
    }
}

async fn a_book_is_opened_once(given: Given) -> Result<(), Failure> {
    let id = BookId::new("hillside")?;
    same("a book that was not opened", &given.store.book(&id).await?, &None)?;
    let opened = given.store.open_book(&id, Currency::KWD).await?;
    same("the id of a new book", &opened.id, &id)?;
    same("the currency of a new book", &opened.currency, &Currency::KWD)?;
    same("the calendar of a new book", &opened.calendar, &Calendar::default())?;
    same("the book once opened", &given.other.book(&id).await?, &Some(opened.clone()))?;
    let again = given.other.open_book(&id, Currency::USD).await?;
    same("a book opened again in another currency", &again, &opened)?;
    same("the book after that", &given.store.book(&id).await?, &Some(opened))
}

async fn books_come_in_byte_order(given: Given) -> Result<(), Failure> {
    let mut ids = ["b", "B", "a", "ab", "é", "Z", "10", "9"]
        .into_iter()
        .map(BookId::new)
        .collect::<Result<Vec<_>, _>>()?;
    for id in &ids {
        given.store.open_book(id, Currency::USD).await?;
    }
    ids.sort_unstable();
    same("all books", &given.other.books(None, ALL).await?, &ids)?;
    for (size, most) in [(1, 1_usize), (3, 3)] {
        let mut listed: Vec<BookId> = Vec::new();
        loop {
            let page = given.store.books(listed.last(), size).await?;
            holds(page.len() <= most, || format!("a page of {size} has {} books", page.len()))?;
            let short = page.len() < most;
            listed.extend(page);
            if short {
                break;
            }
        }
        same("the books page by page", &listed, &ids)?;
    }
    same("a page of nothing", &given.store.books(None, 0).await?, &vec![])?;
    let last = BookId::new("zzz")?;
    same("books after one that is not there", &given.store.books(Some(&last), ALL).await?.len(), &1)
}

async fn an_absent_book_has_nothing(given: Given) -> Result<(), Failure> {
    let absent = School { store: given.store.clone(), id: BookId::new("absent")? };
    let (store, id, first, who) = (&absent.store, &absent.id, term(1)?, account("s-1")?);
    let fee = group_fee(first, "PRIMARY", "tuition", &[(100, "2026-01-12")])?;
    same("its accounts", &absent.accounts().await?, &vec![])?;
    same("its entries", &absent.all_entries().await?, &vec![])?;
    same("an account of it", &absent.find(&who).await?, &None)?;
    same("entries of an account of it", &absent.entries("s-1").await?, &vec![])?;
    same("its fees", &store.fees(id, first, None, ALL).await?, &vec![])?;
    same("whether a fee of it was charged", &store.fee_charged(id, &fee.key).await?, &false)?;
    same("its figures", &store.term_rows(id, first, None, ALL).await?, &vec![])?;
    same("its totals", &store.book_totals(id).await?, &BookTotals::default())?;
    same("its marks", &store.file_marks(id, 0, ALL).await?, &vec![])?;
    let posting = absent.posting("s-1", "till-1", payment(), -100)?;
    same("a payment to it", &store.post(id, posting.clone()).await?, &Posted::NotAdmitted)?;
    let changes = ChangeSet { postings: vec![posting], ..ChangeSet::default() };
    same("a change set for it", &store.commit(id, changes).await?, &Committed::NotAdmitted)?;
    let define = super::school::terms()?.into_iter().take(1).map(BookChange::DefineTerm).collect();
    let changes = ChangeSet { book_version: Some(0), book: define, ..ChangeSet::default() };
    same("a term for it", &store.commit(id, changes).await?, &Committed::NotAdmitted)?;
    let order = RepriceOrder {
        book_version: 0,
        old: fee.clone(),
        new: fee,
        on: day("2026-02-01")?,
        reason: "a wrong price".into(),
        recorded_at: store.now(),
        recorded_by: None,
        first_id: store.new_id(),
        mark: None,
    };
    same("a repricing in it", &store.reprice(id, order).await?, &Repriced::NotAdmitted)?;
    same("the absent book after all this", &store.book(id).await?, &None)
}

async fn books_do_not_mix(given: Given) -> Result<(), Failure> {
    let full = School::open_named(&given.store, "hillside").await?;
    let empty = School::open_named(&given.store, "hillside-2").await?;
    let untouched = Snapshot::of(&empty).await?;
    full.open_accounts(&["s-1", "s-2"]).await?;
    let fee = group_fee(term(1)?, "PRIMARY", "tuition", &[(12_000, "2026-01-12")])?;
    full.change(vec![BookChange::AddFee(fee.clone()), BookChange::MakeCurrent(term(1)?)]).await?;
    full.record("s-1", "bill-1", billed("tuition", Some("PRIMARY"), 0, 0)?, 12_000).await?;
    full.pay("s-1", "till-1", 8_000).await?;
    let mark = FileMark { digest: [7; 32], lines: 12, replaces: None };
    full.keep(ChangeSet { mark: Some(mark), ..ChangeSet::default() }).await?;
    untouched.unchanged(&empty, "work in another book").await?;
    let (store, id) = (&empty.store, &empty.id);
    same("a key of another book", &store.entries_by_key(id, &[key("till-1")?]).await?, &vec![])?;
    same("a fee charged in another book", &store.fee_charged(id, &fee.key).await?, &false)?;
    let before = Snapshot::of(&full).await?;
    empty.open_accounts(&["s-1"]).await?;
    empty.change(vec![BookChange::AddFee(fee)]).await?;
    same("a first position", &empty.pay("s-1", "till-1", 500).await?, &1)?;
    same("a balance", &empty.account("s-1").await?.balance, &money(-500))?;
    same("the debtors", &store.list_accounts(id, AccountFilter::Debtors, None, ALL).await?, &vec![])?;
    before.unchanged(&full, "the same names in another book").await
}

async fn names_of_books_are_exact(given: Given) -> Result<(), Failure> {
    let long = "é".repeat(BookId::LENGTH_MAX);
    let names = [
        "school",
        "School",
        "SCHOOL",
        "écoles",
        "e\u{301}coles",
        "ecoles",
        "ｓchool",
        "school.",
        "school_",
        &long,
    ];
    for (name, parts) in names.into_iter().zip(1_i64..) {
        let school = School::open_named(&given.store, name).await?;
        school.open_accounts(&["s-1"]).await?;
        school.pay("s-1", "till-1", parts).await?;
    }
    for (name, parts) in names.into_iter().zip(1_i64..) {
        let school = School { store: given.other.clone(), id: BookId::new(name)? };
        let there = school.account("s-1").await.map_err(|failure| failure.during(name))?;
        same(&format!("what was paid in {name}"), &there.balance, &money(parts.checked_neg().unwrap_or(0)))?;
        same("its name", &school.book().await?.id.as_str(), &name)?;
    }
    Ok(())
}

async fn ids_are_new_and_time_goes_on(given: Given) -> Result<(), Failure> {
    let ids: BTreeSet<uuid::Uuid> = (0..1_000).map(|n| given.way(n).new_id()).collect();
    same("how many of 1000 ids differ", &ids.len(), &1_000)?;
    holds(ids.iter().all(|id| id.get_version_num() == 7), || "an id is no UUIDv7".into())?;
    let before = given.store.now();
    given.store.pause(Duration::from_micros(200)).await;
    holds(given.store.now() >= before, || "the clock went back over a pause".into())
}
