//! The ledger over the store: what an application sees of the two together.

use std::sync::Arc;

use super::failure::{Failure, holds, same};
use super::kinds::{day, key, term};
use super::school::{CURRENCY, money, terms};
use super::together::together;
use super::{BoxFuture, Given};
use crate::{
    Adjustment, Charge, Entry, Error, Ledger, LedgerStore, Money, Payment, Receipt, Refund, Reversal,
    SkipReason, Standing, TermId, WriteOff,
};

cases! {
    "ledgers" {
        a_payment_sent_again_is_one: "A payment sent again gives back the first receipt; other content under its key is refused (B7).",
        a_payment_sent_at_once_is_one: "One payment sent by several callers at once is one, and all have its receipt (B7).",
        enrolling_bills_the_current_term: "Enrolling while a term is current bills it in the same step; enrolling again does nothing.",
        refunds_stay_within_the_credit: "Refunds at once never take more than the credit (S3).",
        write_offs_stay_within_the_debt: "Write-offs at once never give up more than the debt (S3).",
        a_refusal_says_which_rule: "What the store does not admit the ledger refuses by the rule's own code (S8).",
        a_term_is_activated_and_repriced: "Activation bills a term once; repricing puts a wrong price right; the figures follow.",
        whoever_records_is_named: "Every entry bears who recorded it: by the draft, else by the ledger; billing and repricing too.",
    }
}

type Shared = Arc<dyn LedgerStore>;

/// A ledger on its terms, none current, with one fee and two accounts.
async fn ledger(given: &Given) -> Result<Ledger<Shared>, Failure> {
    let ledger = Ledger::open(Arc::clone(&given.store), "hillside", CURRENCY).await?;
    for term in terms()? {
        ledger.define_term(term).await?;
    }
    ledger.set_fee(term(1)?, "PRIMARY", "tuition", money(12_000)).await?;
    for name in ["s-1", "s-2"] {
        ledger.enrol(name, ["PRIMARY"], day("2026-01-12")?).await?;
    }
    Ok(ledger)
}

fn cash(minor: i64, under: &str) -> Result<Payment, Failure> {
    Ok(Payment::cash(money(minor)).from("s-1").for_term(term(1)?).on(day("2026-02-01")?).key(under))
}

fn refused(what: &str, answer: &Result<Receipt, Error>, code: &str) -> Result<(), Failure> {
    let found = answer.as_ref().map_err(|error| error.refusal().map(crate::Refusal::code));
    holds(found == Err(Some(code)), || format!("{what}: expected the refusal {code}, found {answer:?}"))
}

async fn a_payment_sent_again_is_one(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    let first = ledger.pay(cash(8_000, "till-1")?.reference("42").note("at the gate")).await?;
    same("whether the first is a replay", &first.replayed, &false)?;
    let again = ledger.pay(cash(8_000, "till-1")?.reference("42")).await?;
    same("the receipt of a payment sent again", &again, &Receipt { replayed: true, ..first.clone() })?;
    refused("another amount", &ledger.pay(cash(8_001, "till-1")?.reference("42")).await, "key-reused")?;
    refused("another reference", &ledger.pay(cash(8_000, "till-1")?).await, "key-reused")?;
    refused(
        "another account",
        &ledger.pay(cash(8_000, "till-1")?.reference("42").from("s-2")).await,
        "key-reused",
    )?;
    let found = ledger.entry_by_key(&key("till-1")?).await?;
    same("the entry of the key", &found, &Some(first.entry.clone()))?;
    same("the entry of the receipt", &ledger.entry_by_receipt(&first.number).await?, &first.entry)?;
    same("an unknown key", &ledger.entry_by_key(&key("till-2")?).await?, &None)?;
    let entries = ledger.entries("s-1", 0, 10).await?;
    same("the entries", &entries, &vec![first.entry])
}

async fn a_payment_sent_at_once_is_one(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    for round in 0..6_u32 {
        let mut tasks: Vec<BoxFuture<Result<Receipt, Error>>> = Vec::new();
        for n in 0..6 {
            let ledger = ledger.through(given.way(n));
            let payment = cash(100, &format!("till-{round}"))?;
            tasks.push(Box::pin(async move { ledger.pay(payment).await }));
        }
        let receipts = together(&given, tasks).await?.into_iter().collect::<Result<Vec<_>, Error>>()?;
        let entries: Vec<&Entry> = receipts.iter().map(|receipt| &receipt.entry).collect();
        holds(entries.windows(2).all(|two| two.first() == two.last()), || {
            format!("receipts of one payment differ: {entries:?}")
        })?;
        let recorded = receipts.iter().filter(|receipt| !receipt.replayed).count();
        same("how many callers recorded it", &recorded, &1)?;
    }
    same("the balance", &ledger.account("s-1").await?.balance, &money(-600))
}

async fn enrolling_bills_the_current_term(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    ledger.activate_on(term(1)?, day("2026-01-12")?).await?;
    let enrolled = ledger.enrol("s-3", ["PRIMARY"], day("2026-02-25")?).await?;
    same("whether the account was opened", &enrolled.opened, &true)?;
    same("its charges", &ledger.entries("s-3", 0, 10).await?, &enrolled.charges)?;
    same("what it owes", &ledger.account("s-3").await?.balance, &money(12_000))?;
    let again = ledger.enrol("s-3", ["PRIMARY"], day("2026-02-25")?).await?;
    same("whether it was opened again", &(again.opened, again.charges.len()), &(false, 0))?;
    let without = ledger.enrol("s-4", ["MUSIC"], day("2026-02-25")?).await?;
    same("why a pupil of a group without a fee is not charged", &without.skipped, &vec![SkipReason::NoFee])?;
    let mut tasks: Vec<BoxFuture<Result<bool, Failure>>> = Vec::new();
    let on = day("2026-02-25")?;
    for n in 0..6 {
        let ledger = ledger.through(given.way(n));
        tasks.push(Box::pin(async move { Ok(ledger.enrol("s-5", ["PRIMARY"], on).await?.opened) }));
    }
    let opened = together(&given, tasks).await?.into_iter().collect::<Result<Vec<bool>, Failure>>()?;
    same("how many of six opened the account", &opened.iter().filter(|opened| **opened).count(), &1)?;
    same("its entries", &ledger.entries("s-5", 0, 10).await?.len(), &1)
}

/// Asks for the same of ten callers at once; how many had it, and how many were refused by the rule.
async fn ten_ask<F>(
    given: &Given,
    ledger: &Ledger<Shared>,
    code: &str,
    ask: impl Fn(Ledger<Shared>, usize) -> F,
) -> Result<usize, Failure>
where
    F: Future<Output = Result<Receipt, Error>> + Send + 'static,
{
    let mut tasks: Vec<BoxFuture<Result<Receipt, Error>>> = Vec::new();
    for n in 0..10 {
        tasks.push(Box::pin(ask(ledger.through(given.way(n)), n)));
    }
    let mut had = 0_usize;
    for answer in together(given, tasks).await? {
        match answer {
            Ok(_) => had = had.saturating_add(1),
            Err(Error::Refused(refusal)) if refusal.code() == code => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(had)
}

async fn refunds_stay_within_the_credit(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    let (term, on) = (term(1)?, day("2026-02-01")?);
    ledger.pay(cash(10_000, "till-1")?).await?;
    let had = ten_ask(&given, &ledger, "exceeds-credit", |ledger, n| async move {
        let refund = Refund::by(crate::Method::Bank, money(3_000)).to("s-1").for_term(term).on(on);
        ledger.refund(refund.key(format!("refund-{n}"))).await
    });
    same("how many refunds of 30.00 a credit of 100.00 allows", &had.await?, &3)?;
    same("the credit left", &ledger.account("s-1").await?.credit(), &money(1_000))
}

async fn write_offs_stay_within_the_debt(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    let (term, on) = (term(1)?, day("2026-02-01")?);
    ledger.activate_on(term, on).await?;
    let had = ten_ask(&given, &ledger, "exceeds-outstanding", |ledger, n| async move {
        let write_off = WriteOff::of(money(5_000), "moved abroad").account("s-1").for_term(term).on(on);
        ledger.write_off(write_off.key(format!("off-{n}"))).await
    });
    same("how many write-offs of 50.00 a debt of 120.00 allows", &had.await?, &2)?;
    same("the debt left", &ledger.account("s-1").await?.outstanding(), &money(2_000))
}

async fn a_refusal_says_which_rule(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    ledger.activate_on(term(2)?, day("2026-05-04")?).await?;
    ledger.close_term(term(1)?).await?;
    ledger.lock_through(day("2026-01-31")?).await?;
    let trip = |number| Ok::<_, Failure>(Charge::of("trip", money(500)).to("s-1").for_term(term(number)?));
    let on = day("2026-02-01")?;
    refused("an absent account", &ledger.pay(cash(1, "k-1")?.from("s-9")).await, "unknown-account")?;
    refused(
        "an absent term",
        &ledger.pay(cash(1, "k-2")?.for_term(TermId::new(2031, 1)?)).await,
        "unknown-term",
    )?;
    refused("a later term", &ledger.pay(cash(1, "k-3")?.for_term(term(3)?)).await, "term-after-current")?;
    refused("a locked day", &ledger.pay(cash(1, "k-4")?.on(day("2026-01-31")?)).await, "locked")?;
    refused("a closed term", &ledger.charge(trip(1)?.on(on).key("k-5")).await, "term-closed")?;
    let charge = ledger.charge(trip(2)?.on(on).key("k-6")).await?;
    ledger.reverse(Reversal::of_key("k-6", "a mistake").on(on).key("k-7")).await?;
    let again = ledger.reverse(Reversal::of_key("k-6", "a mistake").on(on).key("k-8")).await;
    refused("a second reversal", &again, "already-reversed")?;
    let of_reversal = ledger.reverse(Reversal::of_key("k-7", "a mistake").on(on).key("k-9")).await;
    refused("a reversal of a reversal", &of_reversal, "reverses-reversal")?;
    same("the position of the one charge", &charge.entry.position, &1)?;
    same("the entries", &ledger.entries("s-1", 0, 10).await?.len(), &2)?;
    let moved = ledger.move_standing("s-1", Standing::Alumni, day("2026-06-01")?).await;
    let code = moved.as_ref().err().and_then(Error::refusal).map(crate::Refusal::code);
    same("a refused move of standing", &code, &Some("standing-refused"))
}

async fn a_term_is_activated_and_repriced(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    let (first, on) = (term(1)?, day("2026-02-01")?);
    let report = ledger.activate_on(first, on).await?;
    same(
        "the charges of an activation",
        &(report.accounts_seen, report.charges, report.amount),
        &(2, 2, money(24_000)),
    )?;
    same("the current term", &ledger.current_term().await?, &Some(first))?;
    ledger.pay(cash(8_000, "till-1")?).await?;
    let adjustment = Adjustment::of(money(-500), "a sibling").account("s-1").for_term(first).on(on);
    ledger.adjust(adjustment.key("adjust-1")).await?;
    let repricing =
        ledger.reprice_on(first, "PRIMARY", "tuition", money(10_000), "a wrong price", on).await?;
    same("what a repricing did", &(repricing.charges, repricing.left), &(2, 0))?;
    let again = ledger.activate_on(first, on).await?;
    same("the charges of a second activation", &again.charges, &0)?;
    let figures = ledger.term_balance("s-1", first).await?;
    let found = [figures.term_fee, figures.adjustments, figures.amount_paid, figures.balance];
    same(
        "the figures",
        &found,
        &[10_000, -500, 8_000, 1_500].map(|minor| Money::from_minor(minor, CURRENCY)),
    )?;
    let mut rows = ledger.term_balances(term(2)?);
    let mut carried = Vec::new();
    while let Some(row) = rows.next().await? {
        carried.push((row.account.as_str().to_owned(), row.brought_forward.minor()));
    }
    same(
        "what the next term is brought forward",
        &carried,
        &vec![("s-1".into(), 1_500), ("s-2".into(), 10_000)],
    )?;
    let book = ledger.book_balance().await?;
    same("the balance of the book", &(book.entries, book.balance), &(8, money(11_500)))
}

async fn whoever_records_is_named(given: Given) -> Result<(), Failure> {
    let ledger = ledger(&given).await?;
    let (term, on) = (term(1)?, day("2026-02-01")?);
    let named = ledger.clone().recorded_by("the head")?;
    named.activate_on(term, on).await?;
    named.reprice_on(term, "PRIMARY", "tuition", money(11_000), "a discount for all", on).await?;
    named.pay(cash(8_000, "till-1")?).await?;
    named.pay(cash(1_000, "till-2")?.recorded_by("a clerk")).await?;
    ledger.pay(cash(500, "till-3")?).await?;
    named.enrol("s-3", ["PRIMARY"], on).await?;
    let who = |entries: Vec<Entry>| -> Vec<Option<String>> {
        entries.into_iter().map(|entry| entry.recorded_by.as_deref().map(ToOwned::to_owned)).collect()
    };
    let (head, clerk) = (Some("the head".to_owned()), Some("a clerk".to_owned()));
    // Charged, reversed and charged again; paid three times.
    let expected = vec![head.clone(), head.clone(), head.clone(), head.clone(), clerk, None];
    same("who recorded on s-1", &who(ledger.entries("s-1", 0, 10).await?), &expected)?;
    same("who billed s-2", &who(ledger.entries("s-2", 0, 10).await?), &vec![head.clone(); 3])?;
    same("who billed s-3 when it was enrolled", &who(ledger.entries("s-3", 0, 10).await?), &vec![head])
}
