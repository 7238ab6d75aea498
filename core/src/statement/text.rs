//! A statement as a text that people read.

use std::fmt;

use super::{Span, Statement, StatementLine};
use crate::AsOf;
use crate::text::{Side, Table, WIDTH, failed, words, wrap, wrap_parts};

/// Where what belongs to a line begins, under its day.
const INDENT: usize = 5;

impl StatementLine {
    /// What it settles, or is settled by, on as many lines as that takes.
    fn settled_text(&self) -> Option<String> {
        let credit = self.entry.effect.is_negative();
        let last = self.settlements.len().checked_sub(1)?;
        let part = |(n, part): (usize, &crate::Settlement)| {
            let other = if credit { part.debit } else { part.credit };
            format!("{} of no. {other}{}", part.amount, if n == last { "" } else { "," })
        };
        let begin = if credit { "settles" } else { "settled by" };
        let parts: Vec<String> =
            [begin.to_owned()].into_iter().chain(self.settlements.iter().enumerate().map(part)).collect();
        Some(wrap_parts(parts.iter().map(String::as_str), WIDTH.saturating_sub(INDENT), 2))
    }
}

impl fmt::Display for Statement {
    /// As text of at most 80 columns, counted in characters: the lines, the figures of the terms, and what is owed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.closing.currency();
        let mut title = format!("Statement of {}, {}, in {currency}", self.account, self.span);
        if self.as_of.recorded_by.is_some()
            || self.as_of != AsOf::ALL
                && !matches!(self.span, Span::Days { last, .. } if self.as_of.day == Some(last))
        {
            title.push_str(&format!(", {}", self.as_of));
        }
        writeln!(f, "{}", wrap(&title, WIDTH, 2))?;
        write!(f, "{}", self.table())?;
        for term in &self.terms {
            let parts = [
                format!("term {}:", term.term),
                format!("brought forward {},", term.brought_forward),
                format!("fee {},", term.term_fee),
                format!("adjustments {},", term.adjustments),
                format!("total due {},", term.total_due),
                format!("paid {}: {},", term.amount_paid, term.status),
                format!("balance {}", term.balance),
                format!("(arrears {}, fee {})", term.arrears_remaining, term.fee_remaining),
            ];
            writeln!(f, "\n{}", wrap_parts(parts.iter().map(String::as_str), WIDTH, 2))?;
        }
        self.owed_text(f)
    }
}

impl Statement {
    fn table(&self) -> Table<5> {
        let mut table = Table::new([Side::Right, Side::Left, Side::Cut, Side::Right, Side::Right]);
        table.row(["no.", "day", "entry", "amount", "balance"].map(str::to_owned));
        let left = if self.span == Span::All { "before any entry" } else { "left before" };
        let between = |what: &str, balance: crate::Money| {
            [String::new(), String::new(), what.to_owned(), String::new(), balance.to_string()]
        };
        table.row(between(left, self.earlier));
        for line in &self.lines {
            table.row([
                line.entry.position.to_string(),
                line.day.to_string(),
                words(&line.entry.kind),
                line.entry.effect.to_string(),
                line.balance.to_string(),
            ]);
            if let Some(settled) = line.settled_text() {
                for part in settled.lines() {
                    table.line(format!("{:INDENT$}{part}", ""));
                }
            }
        }
        table.row(between("closing balance", self.closing));
        table
    }

    fn owed_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        let mut table = Table::new([Side::Left, Side::Right, Side::Left, Side::Left]);
        for debit in &self.owed {
            let unsettled = debit.unsettled().map_err(failed)?;
            let part = if unsettled == debit.amount { String::new() } else { format!("of {}", debit.amount) };
            table.row([
                format!("owed on no. {}", debit.position),
                unsettled.to_string(),
                part,
                format!("due {}", debit.due_on),
            ]);
        }
        write!(f, "{table}")?;
        writeln!(f, "owed in all: {:#}", self.outstanding().map_err(failed)?)?;
        if self.unallocated.is_positive() {
            writeln!(f, "in credit: {:#}", self.unallocated)?;
        }
        Ok(())
    }
}
