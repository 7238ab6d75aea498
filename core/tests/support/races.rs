//! The races that a school has: pairs of calls that touch the same things, and what must hold whichever comes first.

use std::sync::Arc;

use bursar::audit::audit;
use bursar::{
    Charge, ConcessionKind, ConcessionRule, Currency, Household, LateFee, Ledger, LedgerStore, Method,
    Payment, Rate, Refund, Reversal, Standing, Term, TermId, WriteOff, date,
};
use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};
use rust_decimal_macros::dec;

use crate::gate::{Call, Gated, every_order};

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

/// Two terms, the first current; `owes` owes 40.00, `even` nothing, `credit` has 30.00 of credit; `graduate` owes nothing.
async fn school<S: LedgerStore>(store: S) {
    let school = Ledger::open(store, "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        school.define_term(Term::new(term(number), day(from), day(to)).unwrap()).await.unwrap();
        school.set_fee(term(number), "PRIMARY", "tuition", dec!(120)).await.unwrap();
    }
    for account in ["owes", "even", "credit", "graduate"] {
        school.enrol(account, ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(1), day("2026-01-12")).await.unwrap();
    for (account, amount) in
        [("owes", dec!(80)), ("even", dec!(120)), ("credit", dec!(150)), ("graduate", dec!(120))]
    {
        let payment = Payment::cash(amount).from(account).for_term(term(1)).key(format!("first-{account}"));
        school.pay(payment.on(day("2026-01-20"))).await.unwrap();
    }
    school.move_standing("graduate", Standing::Graduated, day("2026-01-21")).await.unwrap();
}

async fn ledger<S: LedgerStore>(store: S) -> Ledger<S> {
    Ledger::open_existing(store, "hillside").await.unwrap()
}

fn answer<T: std::fmt::Debug>(result: Result<T, bursar::Error>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(bursar::Error::Refused(refusal)) => refusal.code().to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

macro_rules! call {
    (|$ledger:ident| $call:expr) => {{
        let call: Call<S> = Arc::new(move |store: Gated<S>| {
            Box::pin(async move {
                let $ledger = ledger(store).await;
                answer($call.await)
            })
        });
        call
    }};
}

struct Race<S> {
    name: &'static str,
    calls: Vec<Call<S>>,
    /// The answers allowed, sorted, and the account asked about with its balances allowed.
    outcomes: &'static [&'static [&'static str]],
    account: &'static str,
    balances: Vec<Decimal>,
}

fn races<S: LedgerStore + Clone + 'static>() -> Vec<Race<S>> {
    let refund = |key: &'static str| {
        call!(|school| school.refund(
            Refund::by(Method::Bank, dec!(20)).to("credit").for_term(term(1)).key(key).on(day("2026-02-02"))
        ))
    };
    let write_off = |key: &'static str| {
        call!(|school| school.write_off(
            WriteOff::of(dec!(30), "gone").account("owes").for_term(term(1)).key(key).on(day("2026-02-02"))
        ))
    };
    let pay = |key: &'static str| {
        call!(|school| school
            .pay(Payment::cash(dec!(25)).from("owes").for_term(term(1)).key(key).on(day("2026-02-02"))))
    };
    let undo = |key: &'static str| {
        call!(
            |school| school.reverse(Reversal::of_key("first-owes", "bounced").key(key).on(day("2026-02-02")))
        )
    };
    vec![
        Race {
            name: "two refunds of one credit",
            calls: vec![refund("r1"), refund("r2")],
            outcomes: &[&["done", "exceeds-credit"]],
            account: "credit",
            balances: vec![dec!(-10)],
        },
        Race {
            name: "one refund sent twice",
            calls: vec![refund("r1"), refund("r1")],
            outcomes: &[&["done", "done"]],
            account: "credit",
            balances: vec![dec!(-10)],
        },
        Race {
            name: "two write-offs of one debt",
            calls: vec![write_off("w1"), write_off("w2")],
            outcomes: &[&["done", "exceeds-outstanding"]],
            account: "owes",
            balances: vec![dec!(10)],
        },
        Race {
            name: "a write-off and a payment",
            calls: vec![write_off("w1"), pay("p1")],
            outcomes: &[&["done", "done"], &["done", "exceeds-outstanding"]],
            account: "owes",
            balances: vec![dec!(-15), dec!(15)],
        },
        Race {
            name: "one payment sent twice",
            calls: vec![pay("p1"), pay("p1")],
            outcomes: &[&["done", "done"]],
            account: "owes",
            balances: vec![dec!(15)],
        },
        Race {
            name: "two reversals of one entry",
            calls: vec![undo("u1"), undo("u2")],
            outcomes: &[&["already-reversed", "done"]],
            account: "owes",
            balances: vec![dec!(120)],
        },
        Race {
            name: "one reversal sent twice",
            calls: vec![undo("u1"), undo("u1")],
            outcomes: &[&["done", "done"]],
            account: "owes",
            balances: vec![dec!(120)],
        },
        Race {
            name: "becoming an alumnus and a charge",
            calls: vec![
                call!(|school| school.move_standing("graduate", Standing::Alumni, day("2026-02-02"))),
                call!(|school| school.charge(
                    Charge::of("trip", dec!(5))
                        .to("graduate")
                        .for_term(term(1))
                        .key("c1")
                        .on(day("2026-02-02"))
                )),
            ],
            outcomes: &[&["done", "done"], &["done", "still-owes"]],
            account: "graduate",
            balances: vec![dec!(5)],
        },
        Race {
            name: "a lock and a payment before it",
            calls: vec![call!(|school| school.lock_through(day("2026-02-28"))), pay("p1")],
            outcomes: &[&["done", "done"], &["done", "locked"]],
            account: "owes",
            balances: vec![dec!(15), dec!(40)],
        },
        Race {
            name: "closing a term and a charge in it",
            calls: vec![
                call!(|school| school.close_term_on(term(1), day("2026-02-02"))),
                call!(|school| school.charge(
                    Charge::of("trip", dec!(5)).to("even").for_term(term(1)).key("c1").on(day("2026-02-02"))
                )),
            ],
            outcomes: &[&["done", "done"], &["done", "term-closed"]],
            account: "even",
            balances: vec![dec!(0), dec!(5)],
        },
        Race {
            name: "two activations of one term",
            calls: vec![
                call!(|school| school.activate_on(term(2), day("2026-05-04"))),
                call!(|school| school.activate_on(term(2), day("2026-05-04"))),
            ],
            outcomes: &[&["done", "done"]],
            account: "even",
            balances: vec![dec!(120)],
        },
        Race {
            name: "an activation and an enrolment",
            calls: vec![
                call!(|school| school.activate_on(term(2), day("2026-05-04"))),
                call!(|school| school.enrol("new", ["PRIMARY"], day("2026-05-04"))),
            ],
            outcomes: &[&["done", "done"]],
            account: "new",
            // Enrolled before the activation it is billed for the first term too, which is then still the current one: its end is past.
            balances: vec![dec!(120)],
        },
        Race {
            name: "an activation and an edit of its fee",
            calls: vec![
                call!(|school| school.activate_on(term(2), day("2026-05-04"))),
                call!(|school| school.set_fee(term(2), "PRIMARY", "tuition", dec!(100))),
            ],
            outcomes: &[&["done", "done"], &["done", "fee-charged"]],
            account: "even",
            balances: vec![dec!(100), dec!(120)],
        },
        Race {
            name: "two repricings of one fee",
            calls: vec![
                call!(|school| school.reprice_on(
                    term(1),
                    "PRIMARY",
                    "tuition",
                    dec!(100),
                    "wrong",
                    day("2026-02-02")
                )),
                call!(|school| school.reprice_on(
                    term(1),
                    "PRIMARY",
                    "tuition",
                    dec!(90),
                    "wrong",
                    day("2026-02-02")
                )),
            ],
            outcomes: &[&["done", "done"]],
            account: "even",
            balances: vec![dec!(-20), dec!(-30)],
        },
        Race {
            name: "a repricing and a reversal of a charge from the fee",
            calls: vec![
                call!(|school| school.reprice_on(
                    term(1),
                    "PRIMARY",
                    "tuition",
                    dec!(100),
                    "wrong",
                    day("2026-02-02")
                )),
                call!(|school| school
                    .reverse(Reversal::of_entry("even", 1, "not his").key("u1").on(day("2026-02-02")))),
            ],
            outcomes: &[&["done", "done"], &["already-reversed", "done"]],
            account: "even",
            balances: vec![dec!(-120), dec!(-20)],
        },
        Race {
            name: "two enrolments of one account",
            calls: vec![
                call!(|school| school.enrol("new", ["PRIMARY"], day("2026-02-02"))),
                call!(|school| school.enrol("new", ["PRIMARY"], day("2026-02-02"))),
            ],
            outcomes: &[&["done", "done"]],
            account: "new",
            balances: vec![dec!(120)],
        },
        Race {
            name: "three payments, one of them twice",
            calls: vec![pay("p1"), pay("p1"), pay("p2")],
            outcomes: &[&["done", "done", "done"]],
            account: "owes",
            balances: vec![dec!(-10)],
        },
    ]
}

/// The races of rules and of households.
fn races_of_rules<S: LedgerStore + Clone + 'static>() -> Vec<Race<S>> {
    fn tenth() -> Rate {
        Rate::percent(dec!(10), RoundingStrategy::MidpointAwayFromZero).unwrap()
    }
    // The rest goes to the one that owes nothing.
    let pay_household = |key: &'static str, amount: Decimal| {
        call!(|school| school.pay_household(
            &Household::new("h", ["even", "owes"]).unwrap(),
            Payment::bank(amount).for_term(term(1)).key(key).on(day("2026-02-02"))
        ))
    };
    let late_fees = || {
        call!(|school| school.charge_late_fees(&LateFee::new("late", tenth()).unwrap(), day("2026-02-02")))
    };
    let concede_by = |name: &'static str, percent: Decimal| {
        call!(|school| school.grant(
            &ConcessionRule::new(
                name,
                ConcessionKind::Discount,
                Rate::percent(percent, RoundingStrategy::MidpointAwayFromZero).unwrap(),
                "teaches here"
            )
            .unwrap(),
            term(1),
            day("2026-02-02")
        ))
    };
    let concede = || concede_by("staff", dec!(10));
    let pay = || {
        call!(|school| school
            .pay(Payment::cash(dec!(25)).from("owes").for_term(term(1)).key("p1").on(day("2026-02-02"))))
    };
    let reprice = || {
        call!(|school| school.reprice_on(
            term(1),
            "PRIMARY",
            "tuition",
            dec!(100),
            "wrong",
            day("2026-02-02")
        ))
    };
    let race = |name, calls, account, balances| {
        let outcomes: &'static [&'static [&'static str]] = &[&["done", "done"]];
        Race { name, calls, outcomes, account, balances }
    };
    vec![
        race(
            "two payments for one household",
            vec![pay_household("h1", dec!(30)), pay_household("h2", dec!(25))],
            "owes",
            vec![dec!(0)],
        ),
        race(
            "one payment for a household sent twice",
            vec![pay_household("h1", dec!(50)), pay_household("h1", dec!(50))],
            "even",
            vec![dec!(-10)],
        ),
        race(
            "a payment for a household and one for an account",
            vec![pay_household("h1", dec!(30)), pay()],
            "owes",
            vec![dec!(-15), dec!(0)],
        ),
        race("two runs of a late-fee rule", vec![late_fees(), late_fees()], "owes", vec![dec!(52)]),
        race("late fees and a payment", vec![late_fees(), pay()], "owes", vec![dec!(27)]),
        race("two runs of a concession rule", vec![concede(), concede()], "owes", vec![dec!(28)]),
        race(
            "two concession rules that are more than the charge",
            vec![concede_by("one", dec!(60)), concede_by("two", dec!(70))],
            "owes",
            vec![dec!(-80)],
        ),
        race(
            "a concession rule and a repricing",
            vec![concede(), reprice()],
            "even",
            vec![dec!(-32), dec!(-30)],
        ),
    ]
}

/// Runs every race in every order, at most so many orders each.
pub async fn run_all<S>(fresh: impl AsyncFn() -> S, orders_max: usize)
where
    S: LedgerStore + Clone + 'static,
{
    for race in races::<S>().into_iter().chain(races_of_rules()) {
        let set_up = async || {
            let store = fresh().await;
            school(store.clone()).await;
            store
        };
        let orders = every_order(set_up, &race.calls, orders_max, async |store, mut answers, order| {
            answers.sort();
            let said: Vec<&str> = answers.iter().map(String::as_str).collect();
            assert!(race.outcomes.contains(&&*said), "{}, in the order {order}: {said:?}", race.name);
            let school = ledger(store).await;
            let balance = school.account(race.account).await.unwrap().balance.amount();
            assert!(race.balances.contains(&balance), "{}, in the order {order}: {balance}", race.name);
            let report = audit(&school).await.unwrap();
            assert!(report.is_clean(), "{}, in the order {order}: {:?}", race.name, report.findings);
        })
        .await;
        assert!(orders > 1, "{}: there is but one order", race.name);
    }
}
