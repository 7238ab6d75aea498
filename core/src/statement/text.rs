//! A statement as a text that people read.

use std::fmt;

use super::{Span, Statement, StatementLine};
use crate::{EntryKind, Refusal};

/// What an entry is for, in a few words.
fn words(kind: &EntryKind) -> String {
    match kind {
        EntryKind::Charge { code, due_on, .. } => format!("charge {code}, due {due_on}"),
        EntryKind::Payment { method, reference } | EntryKind::Refund { method, reference } => {
            let reference = reference.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
            format!("{} {method}{reference}", kind.as_str())
        }
        EntryKind::Concession { concession, reason } => format!("{concession}: {reason}"),
        EntryKind::Reversal { of, reason, .. } => format!("reversal of {of}: {reason}"),
        EntryKind::Opening { reason } => format!("opening balance: {reason}"),
        EntryKind::Adjustment { reason } => format!("adjustment: {reason}"),
        EntryKind::WriteOff { reason } => format!("write-off: {reason}"),
    }
}

/// A text on one line, cut where the column ends.
pub(super) fn cut(text: &str, width: usize) -> String {
    let mut line = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut shown: String = line.by_ref().take(width).collect();
    if line.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

impl StatementLine {
    fn settled_text(&self) -> Option<String> {
        let credit = self.entry.effect.is_negative();
        let part = |part: &crate::Settlement| {
            format!("{} of {}", part.amount, if credit { part.debit } else { part.credit })
        };
        let parts: Vec<String> = self.settlements.iter().map(part).collect();
        match (parts.is_empty(), credit) {
            (true, _) => None,
            (false, true) => Some(format!("settles {}", parts.join(", "))),
            (false, false) => Some(format!("settled by {}", parts.join(", "))),
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.closing.currency();
        write!(f, "Statement of {}, {}, in {currency}", self.account, self.span)?;
        if self.as_of != crate::AsOf::ALL && !matches!(self.span, Span::Days { .. }) {
            write!(f, ", {}", self.as_of)?;
        }
        writeln!(f)?;
        writeln!(f, "{:>4} {:<10} {:<36} {:>13} {:>13}", "no.", "day", "entry", "amount", "balance")?;
        let left = if self.span == Span::All { "before any entry" } else { "left before" };
        writeln!(f, "{:>4} {:<10} {left:<36} {:>13} {:>13}", "", "", "", self.earlier)?;
        for line in &self.lines {
            let (at, day) = (line.entry.position, line.day.to_string());
            let entry = cut(&words(&line.entry.kind), 36);
            writeln!(f, "{at:>4} {day:<10} {entry:<36} {:>13} {:>13}", line.entry.effect, line.balance)?;
            if let Some(settled) = line.settled_text() {
                writeln!(f, "{:>4} {:<10} {}", "", "", cut(&settled, 63))?;
            }
        }
        writeln!(f, "{:>4} {:<10} {:<36} {:>13} {:>13}", "", "", "closing balance", "", self.closing)?;
        for term in &self.terms {
            writeln!(f)?;
            writeln!(
                f,
                "term {}: brought forward {}, fee {}, adjustments {}: total due {}",
                term.term, term.brought_forward, term.term_fee, term.adjustments, term.total_due
            )?;
            writeln!(
                f,
                "  paid {}: {}, balance {} (arrears {}, fee {})",
                term.amount_paid, term.status, term.balance, term.arrears_remaining, term.fee_remaining
            )?;
        }
        self.owed_text(f)
    }
}

impl Statement {
    fn owed_text(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = |_: Refusal| fmt::Error;
        writeln!(f)?;
        for debit in &self.owed {
            let unsettled = debit.unsettled().map_err(failed)?;
            let part =
                if unsettled == debit.amount { String::new() } else { format!(" of {}", debit.amount) };
            writeln!(f, "owed on no. {}: {unsettled}{part}, due {}", debit.position, debit.due_on)?;
        }
        writeln!(f, "owed in all: {:#}", self.outstanding().map_err(failed)?)?;
        if self.unallocated.is_positive() {
            writeln!(f, "in credit: {:#}", self.unallocated)?;
        }
        Ok(())
    }
}
