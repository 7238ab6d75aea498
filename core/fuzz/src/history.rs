//! Histories of the fuzzer's bytes: ten bytes are a step of the tests' model, a touch of what the model has no word for, or a rule that is run.

use bursar::Ledger;
use bursar::LedgerStore;
use bursar::audit::audit;
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::model::generate::{Action, Size, Step};
use crate::model::{Command, resolve};
use crate::rules::Rule;
use crate::touches::{Touch, touch_once};

/// How many bytes say one thing that is done.
pub const STEP_BYTES: usize = 10;

/// The most that is done in one history: what comes later is left out.
pub const STEPS_MAX: usize = 40;

const ACTIONS: [Action; 20] = [
    Action::Pay,
    Action::Charge,
    Action::Opening,
    Action::Concession,
    Action::Adjust,
    Action::WriteOff,
    Action::Refund,
    Action::Reverse,
    Action::Term,
    Action::Fee,
    Action::OwnFee,
    Action::Enrol,
    Action::Activate,
    Action::Standing,
    Action::Groups,
    Action::Reprice,
    Action::Import,
    Action::Again,
    Action::Close,
    Action::Lock,
];

/// What is done to a book.
#[derive(Debug, Default)]
pub struct History {
    pub exponent: u32,
    /// What the model knows, which comes first.
    pub commands: Vec<Command>,
    /// What comes after it.
    pub more: Vec<More>,
}

/// Something that the model has no word for.
#[derive(Clone, Copy, Debug)]
pub enum More {
    Touch(Touch),
    Rule(Rule),
}

impl History {
    /// The first byte gives the currency, and whether a school is set up before anything else.
    pub fn of(bytes: &[u8]) -> Self {
        let Some((first, rest)) = bytes.split_first() else { return Self::default() };
        let exponent = [2, 0, 3, 2][usize::from(first % 4)];
        let mut steps = if first & 4 == 0 { set_up() } else { Vec::new() };
        let mut more = Vec::new();
        for chunk in rest.chunks_exact(STEP_BYTES).take(STEPS_MAX) {
            let [what, who, term, how, size, large, small, day, week, odd] = *chunk else { continue };
            let (amount, day) = (u16::from_le_bytes([small, large]), u16::from_le_bytes([day, week]));
            match what {
                0..160 => steps.push(Step {
                    action: ACTIONS[usize::from(what) % ACTIONS.len()],
                    who,
                    term,
                    what: how,
                    size: match size % 8 {
                        0..3 => Size::Tens(1 + i64::from(amount % 30)),
                        3..6 => Size::Minor(1 + i64::from(amount) % 40_000),
                        6 => Size::Quarters(1 + i64::from(amount % 4)),
                        _ if size == 255 => Size::Huge(i64::from(amount % 4)),
                        _ => Size::Quarters(4),
                    },
                    day: day % 1095,
                    odd: (odd >= 192).then_some(odd),
                }),
                160..208 => {
                    let touch =
                        Touch { what: size, who, term, how, amount: 2 + amount % 2_998, day: day % 300 };
                    more.push(More::Touch(touch));
                }
                _ => more.push(More::Rule(Rule { what, who, term, how, amount, day: day % 1_500 })),
            }
        }
        Self { exponent, commands: resolve::resolve(exponent, &steps), more }
    }

    /// Does what comes after the model's commands; whatever a rule refuses is left out.
    pub async fn go_on<S: LedgerStore + Clone>(&self, ledger: &Ledger<S>) -> Result<(), String> {
        for (number, more) in self.more.iter().enumerate() {
            match more {
                More::Touch(one) => touch_once(ledger, one, number).await?,
                More::Rule(rule) => rule.run_twice(ledger, number).await?,
            }
        }
        Ok(())
    }
}

/// Two terms, three fees, two accounts, and the first term current.
fn set_up() -> Vec<Step> {
    let step = |action, who, what, amount| Step {
        action,
        who,
        term: 0,
        what,
        size: Size::Tens(amount),
        day: 10,
        odd: None,
    };
    vec![
        step(Action::Term, 0, 0, 1),
        step(Action::Term, 0, 0, 1),
        step(Action::Fee, 0, 0, 12),
        step(Action::Fee, 1, 1, 3),
        step(Action::Fee, 0, 2, 9),
        step(Action::Enrol, 0, 0, 1),
        step(Action::Enrol, 1, 1, 1),
        step(Action::Activate, 0, 0, 1),
    ]
}

/// One of the tests' indices.
pub fn index(byte: u8) -> Index {
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &[byte | 1; 16]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    any::<Index>().new_tree(&mut runner).unwrap().current()
}

/// Fails unless the audit finds nothing.
pub async fn whole<S: LedgerStore>(ledger: &Ledger<S>) {
    let report = audit(ledger).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
}
