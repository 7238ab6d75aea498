//! The limit: reading a school file with nothing behind it.

use std::collections::HashMap;
use std::io::BufRead;

use serde::Deserialize;

use crate::Failure;

/// What a line says, as far as anybody who only adds up wants it.
///
/// Plain `serde`, borrowing its texts from the line. It checks no field that it does not use, knows no rule, no key that came before, no
/// term, and keeps no entry: it is what reading and parsing alone cost.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Line<'a> {
    Pay {
        account: &'a str,
        amount: &'a str,
    },
    Charge {
        account: &'a str,
        amount: &'a str,
    },
    Opening {
        account: &'a str,
        amount: &'a str,
    },
    Adjust {
        account: &'a str,
        amount: &'a str,
    },
    Concession {
        account: &'a str,
        amount: &'a str,
    },
    Enrol {
        account: &'a str,
    },
    /// Setting up, activating, reversing: it has no amount of its own.
    #[serde(other)]
    Other,
}

/// What adding up gives.
#[derive(Debug, Default)]
pub struct Sums {
    /// How many lines there were.
    pub lines: u64,
    /// What the lines themselves say of each account, in cents: without what activating charges and reversals take back.
    pub by_account: HashMap<Box<str>, i64>,
}

/// Reads a file into sums.
///
/// # Errors
/// When a line is no JSON, an amount none, or a sum too large.
pub fn read(mut reader: impl BufRead) -> Result<Sums, Failure> {
    let mut sums = Sums::default();
    let mut text = String::new();
    while reader.read_line(&mut text)? > 0 {
        sums.lines = sums.lines.saturating_add(1);
        match serde_json::from_str(&text)? {
            Line::Pay { account, amount } | Line::Concession { account, amount } => {
                sums.add(account, cents(amount)?.saturating_neg())?;
            }
            Line::Charge { account, amount }
            | Line::Opening { account, amount }
            | Line::Adjust { account, amount } => sums.add(account, cents(amount)?)?,
            Line::Enrol { account } => sums.add(account, 0)?,
            Line::Other => {}
        }
        text.clear();
    }
    Ok(sums)
}

impl Sums {
    fn add(&mut self, account: &str, cents: i64) -> Result<(), Failure> {
        // Looked up before it is inserted, so that a text is allocated once an account, not once a line.
        match self.by_account.get_mut(account) {
            Some(sum) => *sum = sum.checked_add(cents).ok_or("overflow")?,
            None => {
                self.by_account.insert(account.into(), cents);
            }
        }
        Ok(())
    }
}

/// `"40.00"` in cents: two decimals, as this file has them.
fn cents(text: &str) -> Result<i64, Failure> {
    let (whole, part) = text.split_once('.').ok_or("an amount without a point")?;
    let part: i64 = part.parse()?;
    let cents = whole.parse::<i64>()?.checked_mul(100).ok_or("overflow")?;
    let part = if text.starts_with('-') { part.saturating_neg() } else { part };
    Ok(cents.checked_add(part).ok_or("overflow")?)
}
