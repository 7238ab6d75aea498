//! How it is told: steps in columns, and claims below them.

use crate::site::Answer;

/// A numbered list of steps.
pub(crate) struct Story {
    steps: u32,
    claims: u32,
    wrong: u32,
}

impl Story {
    pub(crate) fn begin(title: &str) -> Self {
        println!("\n  {title}\n");
        println!("     {:<66}{:<8}{:<18}the store keeps", "", "answer", "cookie");
        Self { steps: 0, claims: 0, wrong: 0 }
    }

    /// A step, what it was answered, and what the store then keeps of the session.
    pub(crate) fn step(&mut self, what: &str, answer: Option<&Answer>, kept: &str) {
        self.steps += 1;
        let (status, cookie) = match answer {
            Some(answer) => (answer.status.to_string(), answer.cookie_effect()),
            None => ("…".to_owned(), "…"),
        };
        println!("  {}. {what:<66}{status:<8}{cookie:<18}{kept}", self.steps);
        let location = answer.and_then(|answer| answer.location.as_deref());
        // Where a form leads to is of no interest here.
        if let Some(location) = location.filter(|location| *location != "/") {
            println!("     → {location}");
        }
    }

    /// What the steps show, if they do.
    pub(crate) fn claim(&mut self, holds: bool, what: &str) {
        if self.claims == 0 {
            println!();
        }
        self.claims += 1;
        println!("     {} {what}", if holds { "✓" } else { "✗ NOT SO:" });
        self.wrong += u32::from(!holds);
    }

    /// How many claims did not hold.
    pub(crate) fn end(self) -> u32 {
        self.wrong
    }
}
