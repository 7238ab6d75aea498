//! SQLite's set-based statements do what the reference store does account by account: random books are kept in both.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use bursar::{
    AccountId, Charge, Currency, Ledger, LedgerStore, NewFee, OpeningBalance, Payment, Refusal, Reversal,
    Standing, Term, TermId,
};
use bursar_store_memory::MemoryStore;
use bursar_store_sqlx::SqliteStore;
use rust_decimal::Decimal;
use support::{day, prove};

/// A small generator, so that a failing book can be made again from its number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()]
    }
}

const GROUPS: [&str; 4] = ["ECD", "PRIMARY", "BOARDERS", "UNPRICED"];
const CODES: [&str; 3] = ["tuition", "meals", "bus"];

#[derive(Clone, Debug)]
enum Command {
    Enrol(String, Vec<&'static str>, &'static str),
    Regroup(String, Vec<&'static str>),
    Move(String, Standing),
    GroupFee(TermId, &'static str, &'static str, i64, Vec<&'static str>),
    OwnFee(TermId, String, &'static str, i64),
    ByHand(TermId, String, &'static str, String),
    BilledElsewhere(TermId, String, &'static str, &'static str, String),
    Opening(TermId, String, i64, String),
    Pay(TermId, String, i64, String),
    Reverse(String, u32, String),
    Activate(TermId, &'static str),
    Reprice(TermId, &'static str, &'static str, i64),
    Close(TermId),
}

fn command(chance: &mut Chance, n: usize) -> Command {
    let account = format!("s-{}", chance.below(12));
    let term = TermId::new(2026, 1 + u32::try_from(chance.below(2)).unwrap()).unwrap();
    let groups: Vec<&str> = (0..=chance.below(2)).map(|_| chance.of(&GROUPS)).collect();
    let (group, code) = (chance.of(&GROUPS[..3]), chance.of(&CODES));
    let amount = 1 + i64::try_from(chance.below(5)).unwrap();
    let key = format!("k-{n}");
    match chance.below(26) {
        0..=6 => Command::Enrol(
            account,
            groups,
            chance.of(&["2026-01-01", "2026-02-15", "2026-05-20", "2026-12-01"]),
        ),
        7 => Command::Regroup(account, groups),
        8 => Command::Move(account, chance.of(&[Standing::OnLeave, Standing::Active, Standing::Withdrawn])),
        9..=12 => {
            let days = [&[][..], &["2026-03-01"], &["2026-01-20", "2026-02-20", "2026-06-20"]];
            Command::GroupFee(term, group, code, amount, chance.of(&days).to_vec())
        }
        13 => Command::OwnFee(term, account, code, amount),
        14 => Command::ByHand(term, account, code, key),
        15 => Command::BilledElsewhere(term, account, group, code, key),
        16 => Command::Opening(term, account, amount - 3, key),
        17 | 18 => Command::Pay(term, account, amount, key),
        19 | 20 => Command::Reverse(account, 1 + u32::try_from(chance.below(6)).unwrap(), key),
        21..=23 => Command::Activate(term, chance.of(&["2026-01-12", "2026-02-01"])),
        24 if chance.below(6) == 0 => Command::Close(term),
        _ => Command::Reprice(term, group, code, amount),
    }
}

/// Carries a command out; what it answered, without what chance gave it.
async fn obey<S: LedgerStore>(ledger: &Ledger<S>, command: Command) -> Result<String, Refusal> {
    let money = |amount: i64| Decimal::from(amount);
    let on = day("2026-02-02");
    let done = match command {
        Command::Enrol(account, groups, from) => ledger.enrol(account, groups, day(from)).await.map(|done| {
            let charges: Vec<_> =
                done.charges.iter().map(|entry| (entry.key.clone(), entry.effect)).collect();
            format!("{} {charges:?} {:?}", done.opened, done.skipped)
        }),
        Command::Regroup(account, groups) => {
            ledger.move_groups(account, groups, on).await.map(|()| String::new())
        }
        Command::Move(account, to) => ledger.move_standing(account, to, on).await.map(|()| String::new()),
        Command::GroupFee(term, group, code, amount, days) => {
            let fee =
                NewFee::of_group(term, group, code, money(amount)).in_instalments(days.into_iter().map(day));
            ledger.define_fee(fee).await.map(|()| String::new())
        }
        Command::OwnFee(term, account, code, amount) => ledger
            .define_fee(NewFee::of_account(term, account, code, money(amount)))
            .await
            .map(|()| String::new()),
        Command::ByHand(term, account, code, key) => {
            let charge = Charge::of(code, money(2)).to(account).for_term(term).key(key).on(on);
            ledger.charge(charge).await.map(|receipt| receipt.number.to_string())
        }
        Command::BilledElsewhere(term, account, group, code, key) => {
            let charge =
                Charge::of(code, money(2)).to(account).for_term(term).key(key).on(on).billed_from(group);
            ledger.charge(charge).await.map(|receipt| receipt.number.to_string())
        }
        Command::Opening(term, account, amount, key) => {
            let opening =
                OpeningBalance::of(money(amount), "moved in").account(account).for_term(term).key(key).on(on);
            ledger.bring_in(opening).await.map(|receipt| receipt.number.to_string())
        }
        Command::Pay(term, account, amount, key) => {
            let payment = Payment::cash(money(amount)).from(account).for_term(term).key(key).on(on);
            ledger.pay(payment).await.map(|receipt| receipt.number.to_string())
        }
        Command::Reverse(account, position, key) => {
            let reversal = Reversal::of_entry(account, position, "wrong").key(key).on(on);
            ledger.reverse(reversal).await.map(|receipt| receipt.number.to_string())
        }
        Command::Activate(term, on) => {
            ledger.activate_on(term, day(on)).await.map(|report| format!("{report:?}"))
        }
        Command::Reprice(term, group, code, amount) => {
            let done = ledger.reprice_on(term, group, code, money(amount), "mistyped", on).await;
            done.map(|done| format!("{done:?}"))
        }
        Command::Close(term) => ledger.close_term(term).await.map(|()| String::new()),
    };
    match done {
        Ok(answer) => Ok(answer),
        Err(bursar::Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

/// Everything in a book but ids and instants.
async fn everything<S: LedgerStore>(ledger: &Ledger<S>) -> String {
    let store = ledger.store();
    let book = ledger.book_id();
    let accounts = store.list_accounts(book, Default::default(), None, 100).await.unwrap();
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    let mut all = format!("{accounts:#?}");
    for entry in store.scan(book, None, 10_000).await.unwrap() {
        // A key made of an id differs as the id does.
        let key = entry.key.as_str().split("do:").next().unwrap_or_default();
        all += &format!(
            "\n{} {} {} {:?} {} {} {key} {:?}",
            entry.account,
            entry.position,
            entry.term,
            entry.kind,
            entry.effect,
            entry.effective_on,
            entry.note
        );
    }
    for number in [1, 2] {
        let term = TermId::new(2026, number).unwrap();
        let mut charges = store.charges(book, term, &ids).await.unwrap();
        charges.sort_by_key(|made| format!("{made:?}"));
        let rows = store.term_rows(book, term, None, 100).await.unwrap();
        all += &format!("\n{rows:#?}\n{charges:#?}\n{:#?}", store.fees(book, term, None, 100).await.unwrap());
    }
    let mut totals = store.totals(book, &ids).await.unwrap();
    totals.retain(|(_, totals)| !totals.terms().is_empty());
    totals.sort_by(|one, other| one.0.cmp(&other.0));
    let book = store.book(book).await.unwrap().unwrap();
    all + &format!("\n{totals:#?}\n{:?}\n{book:#?}", store.book_totals(&book.id).await.unwrap())
}

async fn both_keep(seed: u64, commands: usize) {
    let memory = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    let sqlite =
        Ledger::open(SqliteStore::in_memory().await.unwrap(), "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-01", "2026-08-01")] {
        let term = Term::new(TermId::new(2026, number).unwrap(), day(from), day(to)).unwrap();
        memory.define_term(term.clone()).await.unwrap();
        sqlite.define_term(term).await.unwrap();
    }
    let mut chance = Chance(seed);
    let mut history = Vec::new();
    for n in 0..commands {
        let command = command(&mut chance, n);
        history.push(command.clone());
        let expected = obey(&memory, command.clone()).await;
        let got = obey(&sqlite, command).await;
        assert_eq!(got, expected, "book {seed} after {history:#?}");
    }
    let (expected, got) = (everything(&memory).await, everything(&sqlite).await);
    if let Some((line, (expected, got))) =
        expected.lines().zip(got.lines()).enumerate().find(|(_, (expected, got))| expected != got)
    {
        panic!("book {seed}: line {line}: expected {expected}, got {got}; after {history:#?}");
    }
    assert_eq!(expected.len(), got.len(), "book {seed} after {history:#?}");
    prove(&sqlite).await;
    sqlite.store().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_books_are_kept_as_in_memory() {
    let books = std::env::var("BURSAR_TEST_BOOKS").map_or(60, |books| books.parse().unwrap());
    for seed in 0..books {
        both_keep(seed, 70).await;
    }
}
