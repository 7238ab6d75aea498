//! A small school that files are imported into, and what is seen of it.

use bursar::store::AccountFilter;
use bursar::{Currency, Ledger, OpeningBalance, Payment, Reversal, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use rust_decimal::Decimal;

use crate::drive::figures;
use crate::same_book::entries;

/// The accounts that there are. `old` has an opening balance by hand, `undone` one that was reversed.
pub const ACCOUNTS: [&str; 7] = ["1", "2", "007", "-17", "Zoë, B", "old", "undone"];

pub fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

/// Two terms, the first current if so asked; January is locked.
pub async fn school(currency: Currency, current: bool) -> Ledger<MemoryStore> {
    let now = "2026-02-20T08:00:00Z".parse().unwrap();
    let store = MemoryStore::new().with_clock(move || now);
    let school = Ledger::open(store, "hillside", currency).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        let term = Term::new(term(number), date(from).unwrap(), date(to).unwrap()).unwrap();
        school.define_term(term).await.unwrap();
    }
    for account in ACCOUNTS {
        school.enrol(account, ["PRIMARY"], date("2026-01-12").unwrap()).await.unwrap();
    }
    if current {
        school.activate_on(term(1), date("2026-01-12").unwrap()).await.unwrap();
    }
    let on = date("2026-02-02").unwrap();
    for account in ["old", "undone"] {
        let opening = OpeningBalance::of(Decimal::from(5), "by hand").account(account).for_term(term(1));
        school.bring_in(opening.key(format!("hand-{account}")).on(on)).await.unwrap();
    }
    let undone = Reversal::of_key("hand-undone", "wrong").key("undo").on(on);
    school.reverse(undone).await.unwrap();
    school.pay(Payment::cash(Decimal::ONE).from("2").for_term(term(1)).key("paid").on(on)).await.unwrap();
    school.lock_through(date("2026-01-31").unwrap()).await.unwrap();
    school
}

/// All that imports could change.
#[derive(Debug, PartialEq)]
pub struct Seen {
    pub figures: String,
    pub entries: Vec<bursar::Entry>,
    pub balances: Vec<(bursar::AccountId, i64)>,
    pub balance: i64,
}

pub async fn seen(school: &Ledger<MemoryStore>) -> Seen {
    let accounts = school.accounts(AccountFilter::All, None, 1_000).await.unwrap();
    Seen {
        figures: figures(school).await,
        entries: entries(school).await,
        balances: accounts.into_iter().map(|account| (account.id, account.balance.minor())).collect(),
        balance: school.book_balance().await.unwrap().balance.minor(),
    }
}
