//! Drives a ledger with the model's commands, and says of each what became of it.
#![allow(dead_code, reason = "each test binary uses some of it")]

use bursar::{
    Adjustment, BookId, Charge, Concession, Currency, Error, Ledger, LedgerStore, NewFee, OpeningBalance,
    Payment, Refund, Refusal, Reversal, Term, TermId, WriteOff,
};
use rust_decimal::Decimal;

use crate::model::{self, Command, Model, Payer, Refused};

/// What became of a command that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Recorded,
    Replayed,
    /// The call does not say whether it changed anything.
    Done,
}

pub fn currency(exponent: u32) -> Currency {
    match exponent {
        0 => Currency::JPY,
        3 => Currency::KWD,
        _ => Currency::USD,
    }
}

pub async fn open<S: LedgerStore>(store: S, exponent: u32) -> Ledger<S> {
    Ledger::open(store, BookId::new("book").unwrap(), currency(exponent)).await.unwrap()
}

fn term(year: u16, number: u16) -> Result<TermId, Refusal> {
    TermId::new(u32::from(year), u32::from(number))
}

fn amount(minor: i64, model: &Model) -> Decimal {
    Decimal::new(minor, model.exponent)
}

fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(word: impl AsRef<str>) -> T {
    word.as_ref().parse().unwrap()
}

/// Sends a command to the ledger; the model, as it was before, finds the entries of keys that only it knows.
pub async fn drive<S: LedgerStore>(
    ledger: &Ledger<S>,
    model: &Model,
    command: &Command,
) -> Result<Outcome, Error> {
    macro_rules! record {
        ($draft:expr, $key:expr, $account:expr, $year:expr, $term:expr, $on:expr) => {{
            let draft = $draft.key($key).account($account).for_term(term($year, $term)?).on($on);
            let receipt = ledger.record(draft).await?;
            return Ok(if receipt.replayed { Outcome::Replayed } else { Outcome::Recorded });
        }};
    }
    match command.clone() {
        Command::Book { .. } => {}
        Command::Term { year, number, starts_on, ends_on, name } => {
            let defined = Term::new(term(year, number)?, starts_on, ends_on)?;
            let defined = if let Some(name) = name { defined.named(name)? } else { defined };
            ledger.define_term(defined).await?;
        }
        Command::Fee { year, term: number, payer, code, amount: minor, due_on } => {
            let (term, price) = (term(year, number)?, amount(minor, model));
            let fee = match payer {
                Payer::Group(group) => NewFee::of_group(term, group, code, price),
                Payer::Account(account) => NewFee::of_account(term, account, code, price),
            };
            ledger.define_fee(if let Some(due_on) = due_on { fee.due_on(due_on) } else { fee }).await?;
        }
        Command::Enrol { account, groups, on } => {
            ledger.enrol(account, groups, on).await?;
        }
        Command::Groups { account, groups, on } => ledger.move_groups(account, groups, on).await?,
        Command::Standing { account, to, on } => ledger.move_standing(account, word(to.word()), on).await?,
        Command::Activate { year, term: number, on } => {
            ledger.activate_on(term(year, number)?, on).await?;
        }
        Command::Close { year, term: number, on } => ledger.close_term_on(term(year, number)?, on).await?,
        Command::Charge { key, account, year, term, code, amount: minor, on, due_on, group } => {
            let charge = Charge::of(code, amount(minor, model));
            let charge = if let Some(due_on) = due_on { charge.due_on(due_on) } else { charge };
            let charge = if let Some(group) = group { charge.billed_from(group) } else { charge };
            record!(charge, key, account, year, term, on)
        }
        Command::Pay { key, account, year, term, amount: minor, method, on, reference } => {
            let payment = Payment::by(word(method.word()), amount(minor, model));
            let payment = if let Some(text) = reference { payment.reference(text) } else { payment };
            record!(payment, key, account, year, term, on)
        }
        Command::Opening { key, account, year, term, amount: minor, reason, on } => {
            record!(OpeningBalance::of(amount(minor, model), reason), key, account, year, term, on)
        }
        Command::Concession { key, account, year, term, kind, amount: minor, reason, on } => {
            let concession = Concession::of(word(kind.word()), amount(minor, model), reason);
            record!(concession, key, account, year, term, on)
        }
        Command::Adjust { key, account, year, term, amount: minor, reason, on } => {
            record!(Adjustment::of(amount(minor, model), reason), key, account, year, term, on)
        }
        Command::WriteOff { key, account, year, term, amount: minor, reason, on } => {
            record!(WriteOff::of(amount(minor, model), reason), key, account, year, term, on)
        }
        Command::Refund { key, account, year, term, amount: minor, method, on } => {
            record!(Refund::by(word(method.word()), amount(minor, model)), key, account, year, term, on)
        }
        Command::Reverse { key, of, reason, on } => {
            let reversal = match model.entry(&of).filter(|_| of.starts_with("bursar:")) {
                Some(entry) => {
                    let position = u32::try_from(entry.position).unwrap();
                    Reversal::of_entry(entry.account.clone(), position, reason)
                }
                None => Reversal::of_key(of, reason),
            };
            let receipt = ledger.reverse(reversal.key(key).on(on)).await?;
            return Ok(if receipt.replayed { Outcome::Replayed } else { Outcome::Recorded });
        }
        Command::Reprice { year, term: number, group, code, amount: minor, reason, on } => {
            let price = amount(minor, model);
            ledger.reprice_on(term(year, number)?, group, code, price, &reason, on).await?;
        }
        Command::Lock { through } => {
            ledger.lock_through(through).await?;
        }
    }
    Ok(Outcome::Done)
}

/// Whether a command would record something under a key of the kind that billing makes: those the ledger keeps to itself.
pub fn takes_our_key(command: &Command) -> bool {
    command.key().is_some_and(|key| key.starts_with("bursar:"))
}

/// The model's reasons that a refusal may stand for.
pub fn reasons(refusal: &Refusal) -> &'static [Refused] {
    match refusal.code() {
        "bad-name" => &[Refused::BadName, Refused::BadKey],
        "bad-text" => &[Refused::BlankReason, Refused::TextTooLong],
        "not-positive" => &[Refused::NotPositive],
        "zero-amount" => &[Refused::ZeroAmount],
        "amount-too-large" => &[Refused::AmountTooLarge],
        "group-count" => &[Refused::NoGroups],
        "bad-term" => &[Refused::BadTermId],
        "term-dates" => &[Refused::TermDates],
        "key-reused" => &[Refused::KeyReused],
        "locked" => &[Refused::Locked],
        "unknown-account" => &[Refused::UnknownAccount],
        "unknown-term" => &[Refused::UnknownTerm],
        "unknown-fee" => &[Refused::UnknownFee],
        "unknown-key" => &[Refused::UnknownKey],
        "account-exists" => &[Refused::AccountExists],
        "term-exists" => &[Refused::TermExists],
        "term-out-of-order" => &[Refused::TermSkipped, Refused::TermOutOfOrder],
        "term-overlaps" => &[Refused::TermOverlaps],
        "term-closed" => &[Refused::TermClosed],
        "term-after-current" => &[Refused::TermAfterCurrent],
        "fee-charged" => &[Refused::FeeCharged],
        "already-billed" => &[Refused::AlreadyBilled],
        "already-reversed" => &[Refused::AlreadyReversed],
        "reverses-reversal" => &[Refused::ReversesReversal],
        "exceeds-credit" => &[Refused::ExceedsCredit],
        "exceeds-outstanding" => &[Refused::ExceedsOutstanding],
        "standing-refused" => &[Refused::StandingRefused],
        "still-owes" => &[Refused::StandingOwing],
        _ => &[],
    }
}

/// Runs a history on the ledger and on the model side by side: they agree on what is refused and why, and on how many entries there are.
pub async fn side_by_side<S: LedgerStore>(
    ledger: &Ledger<S>,
    exponent: u32,
    history: &[Command],
) -> Result<Model, String> {
    let mut model = Model::new(exponent);
    for (at, command) in history.iter().enumerate().filter(|(_, command)| !takes_our_key(command)) {
        let verdict = model.judge(command);
        let driven = drive(ledger, &model, command).await;
        let applied = model.apply(command);
        let agree = match (&driven, &applied) {
            (Ok(Outcome::Recorded), Ok(applied)) => *applied == model::Applied::Recorded,
            (Ok(Outcome::Replayed), Ok(applied)) => *applied == model::Applied::Unchanged,
            (Ok(Outcome::Done), Ok(_)) => true,
            (Err(Error::Refused(refusal)), Err(_)) => {
                reasons(refusal).iter().any(|reason| verdict.reasons().contains(reason))
            }
            _ => false,
        };
        if !agree {
            return Err(format!(
                "command {at}, {command:?}: the ledger says {driven:?}, the model {applied:?} ({:?})",
                verdict.reasons()
            ));
        }
        let entries = ledger.book_balance().await.map_err(|error| error.to_string())?.entries;
        if entries != u64::try_from(model.entries.len()).unwrap() {
            return Err(format!(
                "after command {at}, {command:?}: {entries} entries, not {}",
                model.entries.len()
            ));
        }
    }
    Ok(model)
}

/// The figures of the whole book, as the replay writes them.
pub async fn figures<S: LedgerStore>(ledger: &Ledger<S>) -> String {
    let mut written = Vec::new();
    bursar::school_file::write_figures(ledger, &mut written).await.unwrap().unwrap();
    String::from_utf8(written).unwrap()
}
