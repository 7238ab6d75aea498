//! Reports of the past are those that would have been drawn up then: as of every day, and as recorded by every instant.

use std::collections::{BTreeMap, BTreeSet};

use bursar::rule::Posting;
use bursar::store::{AccountChange, ChangeSet, Committed};
use bursar::{
    Account, AccountId, Aging, Allocation, AsOf, BookId, Buckets, Entry, EntryKind, Ledger, LedgerStore,
    Money, Settlement, Span, Statement, Term, TermBalance, TermId,
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::drive::{drive, open, side_by_side, takes_our_key};
use crate::laws::{Law, accounts, entries, holds, same_aging};
use crate::model::{Command, Model, resolve};
use crate::ticking::Ticking;

/// Days to ask about: those on which something takes effect or falls due, and those next to them; no more than `most`, spread.
pub fn days_of(entries: &[Entry], most: usize) -> Vec<NaiveDate> {
    let mut days: BTreeSet<NaiveDate> = [resolve::day(0), resolve::day(2_000)].into();
    for entry in entries {
        let due = match entry.kind {
            EntryKind::Charge { due_on, .. } => due_on,
            _ => entry.effective_on,
        };
        for day in [entry.effective_on, due] {
            days.extend([day.pred_opt().unwrap(), day, day.succ_opt().unwrap()]);
        }
    }
    let step = days.len().div_ceil(most);
    let offset = entries.len() % step;
    days.into_iter().skip(offset).step_by(step).collect()
}

/// The entries of every account that have effect until a day: of a reversal, what it reverses too.
async fn until<S: LedgerStore>(ledger: &Ledger<S>, day: NaiveDate) -> Vec<(Account, Vec<Entry>)> {
    let mut kept = Vec::new();
    for account in accounts(ledger).await {
        let all = entries(ledger, &account.id).await;
        let there = |entry: &Entry| entry.effective_on <= day;
        let target = |entry: &Entry| match entry.kind {
            EntryKind::Reversal { of, .. } => all.iter().find(|other| other.position == of).cloned(),
            _ => Some(entry.clone()),
        };
        let of_then = all.iter().filter(|entry| there(entry) && there(&target(entry).unwrap()));
        kept.push((account, of_then.cloned().collect()));
    }
    kept
}

/// A second book in the same store, with the same terms and accounts, in which only that was recorded.
async fn book_of<S: LedgerStore + Clone>(
    ledger: &Ledger<S>,
    name: &str,
    kept: Vec<(Account, Vec<Entry>)>,
) -> Result<Ledger<S>, String> {
    let book = Ledger::open(ledger.store().clone(), BookId::new(name).unwrap(), ledger.currency());
    let book = book.await.map_err(|error| error.to_string())?;
    for term in ledger.calendar().await.unwrap().terms() {
        book.define_term(Term::new(term.id, term.starts_on, term.ends_on).unwrap()).await.unwrap();
    }
    for (account, entries) in kept {
        let places: BTreeMap<u32, u32> = entries.iter().map(|entry| entry.position).zip(1..).collect();
        let postings = entries.iter().map(|entry| {
            let mut entry = bursar::NewEntry::clone(entry);
            if let EntryKind::Reversal { of, .. } = &mut entry.kind {
                *of = places[of];
            }
            Posting::new(bursar::NewEntry { id: ledger.store().new_id(), ..entry })
        });
        let balance = Money::zero(ledger.currency());
        let opened = AccountChange::Open(Account { version: 0, revision: 0, balance, ..account });
        let changes =
            ChangeSet { accounts: vec![opened], postings: postings.collect(), ..ChangeSet::default() };
        let kept = book.store().commit(book.book_id(), changes).await.map_err(|error| error.to_string())?;
        holds!(matches!(kept, Committed::Admitted { .. }), "what was recorded is not admitted again");
    }
    Ok(book)
}

/// Names of the entries by position: those of an earlier book are at other positions.
type Keys = BTreeMap<u32, String>;

async fn keys<S: LedgerStore>(ledger: &Ledger<S>, account: &AccountId) -> Keys {
    let all = entries(ledger, account).await;
    all.into_iter().map(|entry| (entry.position, entry.key.to_string())).collect()
}

type Parts = Vec<(String, String, Money)>;

fn parts(settlements: &[Settlement], keys: &Keys) -> Parts {
    settlements
        .iter()
        .map(|part| (keys[&part.credit].clone(), keys[&part.debit].clone(), part.amount))
        .collect()
}

/// All that a statement says, by keys.
#[derive(Debug, PartialEq)]
struct Said {
    earlier: Money,
    lines: Vec<(String, NaiveDate, Money, Money, Parts, Money)>,
    terms: Vec<TermBalance>,
    closing: Money,
    owed: Vec<(String, TermId, NaiveDate, Money, Money)>,
    outstanding: Money,
    unallocated: Money,
}

fn said(statement: &Statement, keys: &Keys) -> Said {
    let line = |line: &bursar::StatementLine| {
        let key = keys[&line.entry.position].clone();
        (key, line.day, line.entry.effect, line.balance, parts(&line.settlements, keys), line.open)
    };
    let owed =
        |one: &bursar::Debit| (keys[&one.position].clone(), one.term, one.due_on, one.amount, one.settled);
    Said {
        earlier: statement.earlier,
        lines: statement.lines.iter().map(line).collect(),
        terms: statement.terms.clone(),
        closing: statement.closing,
        owed: statement.owed.iter().map(owed).collect(),
        outstanding: statement.outstanding().unwrap(),
        unallocated: statement.unallocated,
    }
}

/// All that an allocation says, by keys.
fn allocated(allocation: &Allocation, keys: &Keys) -> impl PartialEq + std::fmt::Debug + use<> {
    let debits = allocation
        .debits
        .iter()
        .map(|one| (keys[&one.position].clone(), one.due_on, one.amount, one.settled));
    let credits = allocation
        .credits
        .iter()
        .map(|one| (keys[&one.position].clone(), one.effective_on, one.amount, one.allocated));
    let settlements = parts(&allocation.settlements, keys);
    (debits.collect::<Vec<_>>(), credits.collect::<Vec<_>>(), settlements, allocation.unallocated)
}

/// Statements of these kinds are asked for.
fn spans(terms: &[TermId], day: NaiveDate, seed: usize) -> Vec<Span> {
    let mut spans = vec![Span::All, Span::from(day..=day), Span::from(resolve::day(200)..=day)];
    spans.extend(terms.iter().map(|term| Span::from(*term)));
    if let (Some(first), Some(last)) = (terms.get(seed % terms.len().max(1)), terms.last()) {
        spans.push(Span::from(*first..=*last));
    }
    spans
}

/// Agings, statements and allocations as of every day are those of a book in which only that was recorded which has effect until then.
pub async fn as_of_every_day<S: LedgerStore + Clone>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    let model = side_by_side(&ledger, exponent, history).await?;
    let mut all = Vec::new();
    for account in accounts(&ledger).await {
        all.extend(entries(&ledger, &account.id).await);
    }
    let terms: Vec<TermId> = ledger.calendar().await.unwrap().terms().iter().map(|term| term.id).collect();
    for (n, day) in days_of(&all, 6).into_iter().enumerate() {
        let then = book_of(&ledger, &format!("until {n}"), until(&ledger, day).await).await?;
        let buckets = Buckets::new([&[30_u32, 60, 90][..], &[1], &[]][n % 3].iter().copied()).unwrap();
        for account in accounts(&ledger).await {
            let id = &account.id;
            let (ours, theirs) = (keys(&ledger, id).await, keys(&then, id).await);
            for span in spans(&terms, day, n) {
                let past = ledger.statement_as_of(id, span, day).await.unwrap();
                let then = then.statement(id, span).await.unwrap();
                let (past, then) = (said(&past, &ours), said(&then, &theirs));
                holds!(past == then, "{id}, {span}, as of {day}: {past:#?}\nwas {then:#?}");
            }
            // A span of days is as of its last day by itself.
            let span = Span::from(resolve::day(100)..=day);
            let past = ledger.statement(id, span).await.unwrap();
            let (past, then_said) =
                (said(&past, &ours), said(&then.statement(id, span).await.unwrap(), &theirs));
            holds!(past == then_said, "{id}, {span}: {past:#?}\nwas {then_said:#?}");
            let past = allocated(&ledger.allocation_as_of(id, day).await.unwrap(), &ours);
            let then_allocated = allocated(&then.allocation(id).await.unwrap(), &theirs);
            holds!(past == then_allocated, "{id} as of {day}: {past:#?}\nwas {then_allocated:#?}");
            let aged = ledger.aging(id, day, &buckets).await.unwrap();
            let then_aged = then.aging(id, day, &buckets).await.unwrap();
            holds!(aged == then_aged, "{id} as of {day}: {aged:?}, was {then_aged:?}");
            same_aging(&ledger, &model, id, day).await?;
        }
        let (book, then_book) =
            (ledger.book_aging(day, &buckets).await.unwrap(), then.book_aging(day, &buckets).await.unwrap());
        holds!(book == then_book, "the book as of {day}: {book:?}, was {then_book:?}");
    }
    Ok(())
}

/// What was drawn up of an account at an instant.
struct Drawn {
    at: DateTime<Utc>,
    account: AccountId,
    statement: Statement,
    of_a_term: Option<Statement>,
    aging: Aging,
}

/// Everything as recorded by an instant is what was drawn up right then.
pub async fn as_recorded_by_every_instant<S: LedgerStore + Clone>(
    store: S,
    exponent: u32,
    history: &[Command],
) -> Law {
    let store = Ticking::new(store);
    let ledger = open(store.clone(), exponent).await;
    let (mut model, mut drawn) = (Model::new(exponent), Vec::<Drawn>::new());
    let (day, buckets, mut recorded) = (resolve::day(500), Buckets::default(), 0);
    for command in history.iter().filter(|command| !takes_our_key(command)) {
        let at = store.tick();
        let _ = drive(&ledger, &model, command).await;
        let _ = model.apply(command);
        if std::mem::replace(&mut recorded, model.entries.len()) == model.entries.len() {
            continue;
        }
        let term = ledger.calendar().await.unwrap().terms().first().map(|term| term.id);
        for account in accounts(&ledger).await.into_iter().map(|account| account.id) {
            let statement = ledger.statement(&account, Span::All).await.unwrap();
            let of_a_term = match term {
                Some(term) => Some(ledger.statement(&account, term).await.unwrap()),
                None => None,
            };
            let aging = ledger.aging(&account, day, &buckets).await.unwrap();
            drawn.push(Drawn { at, account, statement, of_a_term, aging });
        }
    }
    for Drawn { at, account, mut statement, of_a_term, mut aging } in drawn {
        let as_of = AsOf::ALL.recorded_by(at);
        let now = ledger.statement_as_of(&account, Span::All, as_of).await.unwrap();
        statement.as_of = as_of;
        holds!(now == statement, "{account} {as_of}: {now:#?}\nwas {statement:#?}");
        if let Some(mut then) = of_a_term {
            let now = ledger.statement_as_of(&account, then.span, as_of).await.unwrap();
            then.as_of = as_of;
            holds!(now == then, "{account} {as_of}: {now:#?}\nwas {then:#?}");
        }
        let as_of = AsOf::day(day).recorded_by(at);
        let now = ledger.aging(&account, as_of, &buckets).await.unwrap();
        aging.as_of = as_of;
        holds!(now == aging, "{account} {as_of}: {now:?}, was {aging:?}");
    }
    Ok(())
}
