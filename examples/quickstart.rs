//! A school billed, paid, and carried into the next term, on an embedded database.
//!
//! `cargo run --release --example quickstart`
#![allow(clippy::print_stdout)]

use bursar::{Buckets, Currency, Error, Ledger, LedgerStore, Payment, Refusal, Reversal, Term, TermId, date};
use bursar_store_sqlx::SqliteStore;
use rust_decimal_macros::dec;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("school.db")).await?;
    let school = Ledger::open(store, "hillside", Currency::USD).await?;

    // Setting up can be repeated at every start: what is there already is left as it is.
    let first = TermId::new(2026, 1)?;
    let second = TermId::new(2026, 2)?;
    school.define_term(Term::new(first, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    school.define_term(Term::new(second, date("2026-05-04")?, date("2026-08-06")?)?).await?;
    for term in [first, second] {
        school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    }
    school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;

    // The term begins: every eligible account is billed, once.
    let billed = school.activate_on(first, date("2026-01-12")?).await?;
    println!("billed {} account(s), {}", billed.accounts_charged, billed.amount);

    // A parent pays a part. The clerk presses the button twice: it is recorded once.
    let payment = || Payment::cash(dec!(80)).from("s-17").for_term(first).key("till-1-0001");
    let receipt = school.pay(payment().on(date("2026-01-20")?)).await?;
    let again = school.pay(payment()).await?;
    println!("receipt {} for {}; pressed again: {} (replayed: {})", receipt.number, receipt.entry.amount(), again.number, again.replayed);

    let now = school.term_balance("s-17", first).await?;
    println!("term {first}: due {}, paid {}, balance {}, {:?}\n", now.total_due, now.amount_paid, now.balance, now.status);

    // The next term carries what is left, whatever happens to the earlier one later.
    school.activate_on(second, date("2026-05-04")?).await?;
    let typo = Payment::mobile(dec!(15)).from("s-17").for_term(second).key("m-7").reference("MP260520");
    school.pay(typo.on(date("2026-05-20")?)).await?;
    school.reverse(Reversal::of_key("m-7", "another pupil's").key("m-7-undo").on(date("2026-05-21")?)).await?;
    school.pay(Payment::bank(dec!(100)).from("s-17").for_term(second).key("b-12").on(date("2026-06-02")?)).await?;
    print_statement(&school, "s-17", second).await?;

    // A refusal says which rule, what was wrong, and what is allowed. Nothing is recorded.
    let refused = school.pay(Payment::cash(dec!(10.005)).from("s-17").for_term(second).key("till-1-0002")).await;
    if let Err(Error::Refused(refusal @ Refusal::TooManyDecimals { .. })) = refused {
        println!("\nrefused ({}): {refusal}", refusal.code());
    }
    Ok(())
}

async fn print_statement<S: LedgerStore>(school: &Ledger<S>, account: &str, term: TermId) -> Result<(), Error> {
    let statement = school.statement(account, term).await?;
    println!("statement of {account} for term {term}");
    println!("{:<12}{:<16}{:>10}{:>10}", "date", "entry", "amount", "balance");
    println!("{:<12}{:<16}{:>10}{:>10}", "", "brought forward", "", statement.earlier);
    for line in &statement.lines {
        let entry = &line.entry;
        println!("{:<12}{:<16}{:>10}{:>10}", entry.effective_on, entry.kind.as_str(), entry.effect, line.balance);
    }
    let figures = &statement.figures;
    println!("outstanding {} ({} of it arrears), {:?}", figures.outstanding, figures.arrears_remaining, figures.status);
    let aging = school.aging(account, date("2026-06-30")?, &Buckets::default()).await?;
    let overdue: Vec<String> = aging.overdue.iter().map(|bucket| bucket.amount.to_string()).collect();
    println!("on 2026-06-30, overdue 1-30, 31-60, 61-90 and over 90 days: {}", overdue.join(", "));
    Ok(())
}
