//! Random histories. A step is drawn from small numbers and knows no names; [`resolve`] gives it the names that
//! the history has by then, so that a step taken away by shrinking leaves the others with a meaning.

use proptest::collection::vec;
use proptest::prelude::*;

use super::command::Command;
use super::resolve::resolve;

/// What a step is about. The first ones are the simplest to read in a failure: shrinking goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Pay,
    Charge,
    Opening,
    Concession,
    Adjust,
    WriteOff,
    Refund,
    Reverse,
    Term,
    Fee,
    OwnFee,
    Enrol,
    Activate,
    Standing,
    Groups,
    Reprice,
    /// A charge with a group, as an export has it.
    Import,
    /// An earlier command of the history once more, word for word.
    Again,
    Close,
    Lock,
}

/// How much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Tens of the currency's unit.
    Tens(i64),
    /// Minor units.
    Minor(i64),
    /// Quarters of what is owed, or is in credit: 4 is all of it.
    Quarters(i64),
    /// Minor units below the largest amount.
    Huge(i64),
}

/// One command to be. Every number is an index into what is known when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub action: Action,
    pub who: u8,
    pub term: u8,
    pub what: u8,
    pub size: Size,
    /// Days from the first day of the first year.
    pub day: u16,
    /// What is made wrong with the command.
    pub odd: Option<u8>,
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        40 => (1_i64..=30).prop_map(Size::Tens),
        40 => (1_i64..=40_000).prop_map(Size::Minor),
        30 => (1_i64..=4).prop_map(Size::Quarters),
        1 => (0_i64..=3).prop_map(Size::Huge),
    ]
}

fn step(action: impl Strategy<Value = Action>, odd: f64) -> impl Strategy<Value = Step> {
    let odd = prop::option::weighted(odd, any::<u8>());
    let index = || any::<u8>();
    (action, index(), index(), index(), size(), 0_u16..1095, odd).prop_map(
        |(action, who, term, what, size, day, odd)| Step { action, who, term, what, size, day, odd },
    )
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        12 => Just(Action::Pay),
        4 => Just(Action::Charge),
        3 => Just(Action::Opening),
        3 => Just(Action::Concession),
        3 => Just(Action::Adjust),
        3 => Just(Action::WriteOff),
        4 => Just(Action::Refund),
        6 => Just(Action::Reverse),
        2 => Just(Action::Term),
        4 => Just(Action::Fee),
        3 => Just(Action::OwnFee),
        3 => Just(Action::Enrol),
        6 => Just(Action::Activate),
        5 => Just(Action::Standing),
        3 => Just(Action::Groups),
        4 => Just(Action::Reprice),
        2 => Just(Action::Import),
        3 => Just(Action::Again),
        1 => Just(Action::Close),
        1 => Just(Action::Lock),
    ]
}

/// Steps that set a school up and then run it for `length` steps or fewer.
pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    (
        vec(step(Just(Action::Term), 0.05), 1..=6),
        vec(step(Just(Action::Fee), 0.05), 1..=10),
        vec(step(Just(Action::Enrol), 0.05), 1..=4),
        vec(step(Just(Action::Activate), 0.05), 0..=1),
        vec(step(action(), 0.15), 0..=length),
    )
        .prop_map(|(terms, fees, accounts, current, run)| [terms, fees, accounts, current, run].concat())
}

/// Random histories of up to about `length` commands, some of them refused. No `book` line is among them.
pub fn history_of(exponent: u32, length: usize) -> impl Strategy<Value = Vec<Command>> {
    steps(length).prop_map(move |steps| resolve(exponent, &steps))
}

/// Random histories in a currency with that many decimals.
pub fn history(exponent: u32) -> impl Strategy<Value = Vec<Command>> {
    history_of(exponent, 60)
}

/// Random histories with the exponent of their currency: mostly 2, also 0 and 3.
pub fn any_history() -> impl Strategy<Value = (u32, Vec<Command>)> {
    (prop_oneof![6 => Just(2_u32), 1 => Just(0_u32), 1 => Just(3_u32)], steps(60))
        .prop_map(|(exponent, steps)| (exponent, resolve(exponent, &steps)))
}
