//! What holds of every statement, in itself and beside the statements before and after it.

use bursar::{
    AccountId, AsOf, EntryKind, Ledger, LedgerStore, Money, Span, Statement, StatementLine, TermId,
};
use chrono::NaiveDate;

use crate::drive::{open, side_by_side};
use crate::laws::{Law, accounts, entries, holds};
use crate::model::Command;
use crate::past::days_of;

fn sum(amounts: impl Iterator<Item = Money>) -> i64 {
    amounts.map(Money::minor).sum()
}

/// A statement by itself: what was before and its lines make what it closes with, and what is settled of each is what its parts are.
async fn sound<S: LedgerStore>(ledger: &Ledger<S>, statement: &Statement) -> Law {
    let mut balance = statement.earlier.minor();
    for line in &statement.lines {
        balance += line.entry.effect.minor();
        holds!(line.balance.minor() == balance, "{balance} after {line:?}");
        settled(statement, line)?;
    }
    holds!(statement.closing.minor() == balance, "closes with {balance}: {statement:?}");
    let outstanding = sum(statement.owed.iter().map(|debit| debit.unsettled().unwrap()));
    holds!(statement.outstanding().unwrap().minor() == outstanding, "{outstanding} is owed: {statement:?}");
    // What is owed less what is left over is the balance of the whole account, whatever the span.
    let whole = ledger.statement_as_of(&statement.account, Span::All, statement.as_of).await.unwrap();
    let left = outstanding - statement.unallocated.minor();
    holds!(left == whole.closing.minor(), "{left} is owed and {} the balance: {statement:?}", whole.closing);
    holds!(outstanding == 0 || statement.unallocated.is_zero(), "owes and is in credit: {statement:?}");
    let mut owed: Vec<(NaiveDate, u32)> =
        statement.owed.iter().map(|debit| (debit.due_on, debit.position)).collect();
    owed.sort_unstable();
    let listed: Vec<_> = statement.owed.iter().map(|debit| (debit.due_on, debit.position)).collect();
    holds!(owed == listed, "what is owed is not by due date: {statement:?}");
    Ok(())
}

fn settled(statement: &Statement, line: &StatementLine) -> Law {
    let (at, credit) = (line.entry.position, line.entry.effect.is_negative());
    let own = |part: &bursar::Settlement| at == if credit { part.credit } else { part.debit };
    holds!(line.settlements.iter().all(own), "parts of another entry: {line:?}");
    let parts = sum(line.settlements.iter().map(|part| part.amount));
    let reversed = matches!(line.entry.kind, EntryKind::Reversal { .. })
        || statement
            .lines
            .iter()
            .any(|other| matches!(other.entry.kind, EntryKind::Reversal { of, .. } if of == at));
    let amount = line.entry.effect.minor().abs();
    if reversed {
        holds!(parts == 0 && line.open.is_zero(), "what is reversed settles something: {line:?}");
    } else if statement.span == Span::All {
        holds!(parts + line.open.minor() == amount, "{parts} is settled of {line:?}");
    } else {
        // It may be reversed by a line that another span lists.
        let whole = parts + line.open.minor();
        holds!(whole == amount || whole == 0, "{parts} is settled of {line:?}");
    }
    let still = statement.owed.iter().find(|debit| debit.position == at);
    let unsettled = still.map_or(0, |debit| debit.unsettled().unwrap().minor());
    holds!(credit || line.open.minor() == unsettled, "{unsettled} is owed on {line:?}");
    Ok(())
}

/// Statements of spans that follow each other go on where the one before ends, and list every entry once.
fn chain(statements: &[Statement], whole: &Statement, what: &str) -> Law {
    let mut at = 0;
    for statement in statements {
        holds!(statement.earlier.minor() == at, "{what}: {at} was left, and {statement:?} begins otherwise");
        at = statement.closing.minor();
    }
    holds!(at == whole.closing.minor(), "{what}: {at} is left in the end, of {whole:?}");
    let listed: usize = statements.iter().map(|statement| statement.lines.len()).sum();
    holds!(listed == whole.lines.len(), "{what}: {listed} lines, of {whole:?}");
    Ok(())
}

pub async fn statements_agree<S: LedgerStore>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    side_by_side(&ledger, exponent, history).await?;
    for account in accounts(&ledger).await {
        let whole = ledger.statement(&account.id, Span::All).await.unwrap();
        sound(&ledger, &whole).await?;
        holds!(whole.closing == account.balance, "{whole:?} does not close with {account:?}");
        holds!(whole.lines.iter().is_sorted_by_key(|line| (line.day, line.entry.position)), "{whole:?}");
        by_terms(&ledger, &account.id, &whole).await?;
        by_days(&ledger, &account.id, &whole).await?;
    }
    Ok(())
}

async fn by_terms<S: LedgerStore>(ledger: &Ledger<S>, account: &AccountId, whole: &Statement) -> Law {
    let terms: Vec<TermId> = ledger.calendar().await.unwrap().terms().iter().map(|term| term.id).collect();
    let mut each = Vec::new();
    for term in &terms {
        let statement = ledger.statement(account, *term).await.unwrap();
        sound(ledger, &statement).await?;
        let figures = ledger.term_balance(account, *term).await.unwrap();
        holds!(statement.terms == [figures.clone()], "{statement:?} has other figures than {figures:?}");
        holds!(statement.closing == figures.balance, "{statement:?} does not close with {figures:?}");
        holds!(statement.lines.iter().all(|line| line.entry.term == *term), "{statement:?}");
        each.push(statement);
    }
    if terms.is_empty() {
        return Ok(());
    }
    chain(&each, whole, "by terms")?;
    let (first, middle, last) = (terms[0], terms[terms.len() / 2], terms[terms.len() - 1]);
    let one = ledger.statement(account, first..=middle).await.unwrap();
    sound(ledger, &one).await?;
    let figures = ledger.balances(account).await.unwrap();
    let expected: Vec<_> =
        figures.into_iter().filter(|figures| (first..=middle).contains(&figures.term)).collect();
    holds!(first == middle || one.terms == expected, "{one:?} has other figures than {expected:?}");
    let lines = |statement: &Statement| -> Vec<u32> {
        statement.lines.iter().map(|line| line.entry.position).collect()
    };
    let parts: Vec<u32> = each
        .iter()
        .filter(|one| one.lines.iter().all(|line| line.entry.term <= middle))
        .flat_map(lines)
        .collect();
    holds!(lines(&one) == parts, "{one:?} does not list the terms in turn: {parts:?}");
    if let Some(next) = terms.get(terms.len() / 2 + 1) {
        chain(
            &[one, ledger.statement(account, *next..=last).await.unwrap()],
            whole,
            "by two spans of terms",
        )?;
    }
    Ok(())
}

async fn by_days<S: LedgerStore>(ledger: &Ledger<S>, account: &AccountId, whole: &Statement) -> Law {
    let entries = entries(ledger, account).await;
    let mut cuts = days_of(&entries, 5);
    cuts.sort_unstable();
    let mut first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    let mut each = Vec::new();
    // After every entry, also those of days that no calendar shows.
    let days = entries.iter().map(|entry| entry.effective_on).chain(cuts.iter().copied());
    let end = days.max().unwrap().succ_opt().unwrap().max(NaiveDate::from_ymd_opt(2100, 1, 1).unwrap());
    for last in cuts.into_iter().chain([end]) {
        let statement = ledger.statement(account, first..=last).await.unwrap();
        sound(ledger, &statement).await?;
        holds!(statement.as_of == AsOf::day(last), "{statement:?}");
        let days = statement.lines.iter().all(|line| (first..=last).contains(&line.day));
        holds!(days, "{statement:?} lists other days");
        let then = ledger.statement_as_of(account, Span::All, last).await.unwrap();
        holds!(then.closing == statement.closing, "{statement:?} does not close as {then:?}");
        let before = whole.lines.iter().rfind(|line| line.day <= last).map_or(0, |line| line.balance.minor());
        holds!(before == then.closing.minor(), "the line of {last} has {before}, the statement {then:?}");
        each.push(statement);
        first = last.succ_opt().unwrap();
    }
    chain(&each, whole, "by days")
}
