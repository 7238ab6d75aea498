//! Writing a school file such as a large school's history: mostly payments.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Failure;
use crate::school::{BOOK, CODE, Chance, FEE_MINOR, GROUP, account, enrolled_on, starts_on, term};

const TERMS: u32 = 6;

/// What happens at random, of a hundred lines.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Pay,
    Charge,
    Concession,
    Adjust,
    Opening,
    Reverse,
}

const fn kind(chance: u32) -> Kind {
    match chance {
        0..90 => Kind::Pay,
        90..94 => Kind::Charge,
        94..96 => Kind::Concession,
        96..98 => Kind::Adjust,
        98 => Kind::Opening,
        _ => Kind::Reverse,
    }
}

/// Writes a file of so many lines and accounts; the balance of the whole book that it makes, in cents.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, lines: u32, accounts: u32) -> Result<i64, Failure> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, r#"{{"do":"book","book":"{BOOK}","currency":"USD"}}"#)?;
    for number in 0..TERMS {
        let (id, from) = (term(number)?, starts_on(number)?);
        let to = from.checked_add_days(chrono::Days::new(90)).ok_or("the calendar ends")?;
        let (year, number) = (id.year(), id.number());
        writeln!(
            out,
            r#"{{"do":"term","year":{year},"number":{number},"starts_on":"{from}","ends_on":"{to}"}}"#
        )?;
        writeln!(
            out,
            r#"{{"do":"fee","year":{year},"term":{number},"group":"{GROUP}","code":"{CODE}","amount":"{}"}}"#,
            Cents(FEE_MINOR)
        )?;
    }
    let enrolled_on = enrolled_on()?;
    for number in 0..accounts {
        let account = account(number);
        writeln!(out, r#"{{"do":"enrol","account":"{account}","groups":["{GROUP}"],"on":"{enrolled_on}"}}"#)?;
    }
    let setting_up = TERMS.saturating_mul(3).saturating_add(accounts).saturating_add(1);
    let happening = lines.checked_sub(setting_up).ok_or("too few lines")?;
    let mut balance = 0_i64;
    let mut history = History { chance: Chance::new(2), accounts, last: None };
    for number in 0..TERMS {
        let (id, on) = (term(number)?, starts_on(number)?);
        let (year, in_year) = (id.year(), id.number());
        writeln!(out, r#"{{"do":"activate","year":{year},"term":{in_year},"on":"{on}"}}"#)?;
        balance = balance.saturating_add(i64::from(accounts).saturating_mul(FEE_MINOR));
        let upto = u64::from(happening) * u64::from(number + 1) / u64::from(TERMS);
        let after = u64::from(happening) * u64::from(number) / u64::from(TERMS);
        for _ in after..upto {
            balance = balance.saturating_add(history.line(&mut out, year, in_year, on)?);
        }
    }
    out.flush()?;
    Ok(balance)
}

struct History {
    chance: Chance,
    accounts: u32,
    /// The last payment's key and amount, until it is reversed.
    last: Option<(String, i64)>,
}

impl History {
    /// Writes one line; what it does to the balance.
    fn line(
        &mut self,
        out: &mut impl Write,
        year: u16,
        term: u16,
        on: chrono::NaiveDate,
    ) -> Result<i64, Failure> {
        let (kind, key) = (kind(self.chance.below(100)), self.chance.key());
        let amount = i64::from(self.chance.below(9_000)).saturating_add(1);
        let (shown, account) = (Cents(amount), account(self.chance.below(self.accounts)));
        let head =
            format!(r#""key":"{key}","account":"{account}","year":{year},"term":{term},"amount":"{shown}""#);
        Ok(match kind {
            Kind::Reverse if let Some((of, amount)) = self.last.take() => {
                writeln!(
                    out,
                    r#"{{"do":"reverse","key":"{key}","of":"{of}","reason":"another pupil's","on":"{on}"}}"#
                )?;
                amount
            }
            Kind::Pay | Kind::Reverse => {
                writeln!(
                    out,
                    r#"{{"do":"pay",{head},"method":"cash","on":"{on}","reference":"ref-{amount}"}}"#
                )?;
                self.last = Some((key, amount));
                amount.saturating_neg()
            }
            Kind::Charge => {
                writeln!(out, r#"{{"do":"charge",{head},"code":"book","on":"{on}"}}"#)?;
                amount
            }
            Kind::Concession => {
                writeln!(
                    out,
                    r#"{{"do":"concession",{head},"kind":"waiver","reason":"a brother","on":"{on}"}}"#
                )?;
                amount.saturating_neg()
            }
            Kind::Adjust => {
                writeln!(out, r#"{{"do":"adjust",{head},"reason":"a slip","on":"{on}"}}"#)?;
                amount
            }
            Kind::Opening => {
                writeln!(out, r#"{{"do":"opening",{head},"reason":"the old book","on":"{on}"}}"#)?;
                amount
            }
        })
    }
}

/// Cents as they are written: `40.00`.
struct Cents(i64);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
