//! A school billed, paid, and carried into the next term, on an embedded database.
//!
//! `cargo run --release --example quickstart`
#![allow(clippy::print_stdout)]

use bursar::{Currency, Error, Ledger, LedgerStore, Payment, Reversal, Term, TermId, date};
use bursar_store_sqlx::SqliteStore;
use rust_decimal::dec;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("school.db")).await?;
    let school = Ledger::open(store, "hillside", Currency::USD).await?;

    // Setting up can be repeated at every start: what is there already is left as it is.
    let (first, second) = (TermId::new(2026, 1)?, TermId::new(2026, 2)?);
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
    let payment = Payment::cash(dec!(80)).from("s-17").for_term(first).key("till-1-0001");
    let receipt = school.pay(payment.clone()).await?;
    println!("receipt {} for {}", receipt.number, receipt.entry.amount());
    let again = school.pay(payment).await?;
    println!("pressed again: {}, replayed: {}", again.number, again.replayed);
    let now = school.term_balance("s-17", first).await?;
    println!(
        "term {first}: due {}, paid {}, balance {}, {:?}",
        now.total_due, now.amount_paid, now.balance, now.status
    );

    // The next term carries what is left, and a mistake is undone by an entry, not by an edit.
    school.activate_on(second, date("2026-05-04")?).await?;
    let typo = Payment::mobile(dec!(15)).from("s-17").for_term(second).key("m-7");
    school.pay(typo.on(date("2026-05-20")?)).await?;
    school
        .reverse(Reversal::of_key("m-7", "another pupil's").key("m-7-undo").on(date("2026-05-21")?))
        .await?;
    let transfer = Payment::bank(dec!(30)).from("s-17").for_term(second).key("b-12").reference("FT2606");
    school.pay(transfer.on(date("2026-06-02")?)).await?;
    print_statement(&school, "s-17", second).await?;

    // A refusal says which rule, what was wrong, and what is allowed. Nothing is recorded.
    let refused =
        school.pay(Payment::cash(dec!(10.005)).from("s-17").for_term(second).key("till-1-0002")).await;
    if let Err(Error::Refused(refusal)) = refused {
        println!("\nrefused ({}): {refusal}", refusal.code());
    }
    Ok(())
}

async fn print_statement(
    school: &Ledger<impl LedgerStore>,
    account: &str,
    term: TermId,
) -> Result<(), Error> {
    let statement = school.statement(account, term).await?;
    print!("\n{statement}");
    Ok(())
}
