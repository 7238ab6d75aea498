//! Figures by account and term, each computed straight from its definition.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::amount::to_text;
use super::book::{Entry, Kind, Model};
use super::command::TermId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Paid,
    Partial,
    Unpaid,
}

/// One row of the replay's output, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub account: String,
    pub term: TermId,
    pub brought_forward: i128,
    pub term_fee: i128,
    pub adjustments: i128,
    pub total_due: i128,
    pub amount_paid: i128,
    pub balance: i128,
    pub outstanding: i128,
    pub credit: i128,
    pub status: Status,
    pub arrears_remaining: i128,
    pub fee_remaining: i128,
}

impl Model {
    /// The kind of an entry; of a reversal, the kind of what it reverses.
    pub fn counts_as<'a>(&'a self, entry: &'a Entry) -> &'a Kind {
        match &entry.kind {
            Kind::Reversal { of, .. } => &self.entry(of).unwrap().kind,
            kind => kind,
        }
    }

    /// The signed sum of the account's entries that pass.
    fn sum(&self, account: &str, passes: impl Fn(TermId, &Kind) -> bool) -> i128 {
        let mut sum = 0;
        for entry in &self.entries {
            if entry.account == account && passes(entry.term, self.counts_as(entry)) {
                sum += i128::from(entry.signed);
            }
        }
        sum
    }

    /// The figures of an account in a term, whether or not it has entries there.
    pub fn figure(&self, account: &str, t: TermId) -> Figure {
        let earlier = self.sum(account, |term, _| term < t);
        let openings = self.sum(account, |term, kind| term == t && matches!(kind, Kind::Opening { .. }));
        let charges = self.sum(account, |term, kind| term == t && matches!(kind, Kind::Charge { .. }));
        let concessions =
            -self.sum(account, |term, kind| term == t && matches!(kind, Kind::Concession { .. }));
        let corrections =
            self.sum(account, |term, kind| term == t && matches!(kind, Kind::Adjustment { .. }));
        let write_offs = -self.sum(account, |term, kind| term == t && matches!(kind, Kind::WriteOff { .. }));
        let payments = -self.sum(account, |term, kind| term == t && matches!(kind, Kind::Payment { .. }));
        let refunds = self.sum(account, |term, kind| term == t && matches!(kind, Kind::Refund { .. }));

        let brought_forward = earlier + openings;
        let term_fee = charges - concessions;
        let adjustments = corrections - write_offs;
        let total_due = brought_forward + term_fee + adjustments;
        let amount_paid = payments - refunds;
        let balance = total_due - amount_paid;
        let outstanding = balance.max(0);
        let credit = (-balance).max(0);
        let arrears_remaining =
            if brought_forward > 0 { outstanding.min((brought_forward - amount_paid).max(0)) } else { 0 };
        let fee_remaining = outstanding - arrears_remaining;
        let status = if total_due <= 0 || amount_paid >= total_due {
            Status::Paid
        } else if amount_paid > 0 {
            Status::Partial
        } else {
            Status::Unpaid
        };
        Figure {
            account: account.to_owned(),
            term: t,
            brought_forward,
            term_fee,
            adjustments,
            total_due,
            amount_paid,
            balance,
            outstanding,
            credit,
            status,
            arrears_remaining,
            fee_remaining,
        }
    }

    /// A row for every account and term with an entry, by account, year and term.
    pub fn figures(&self) -> Vec<Figure> {
        let mut rows: Vec<(String, TermId)> = vec![];
        for entry in &self.entries {
            let row = (entry.account.clone(), entry.term);
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows.sort_by(|a, b| by_account(&a.0, &b.0).then(a.1.cmp(&b.1)));
        rows.iter().map(|(account, term)| self.figure(account, *term)).collect()
    }

    /// What the replay writes to standard output.
    pub fn to_json(&self) -> Value {
        self.figures().iter().map(|figure| figure.to_json(self.exponent)).collect()
    }
}

impl Figure {
    /// The row as an object of the replay's output.
    pub fn to_json(&self, exponent: u32) -> Value {
        let money = |minor: i128| to_text(minor, exponent);
        json!({
            "account": self.account,
            "year": self.term.0,
            "term": self.term.1,
            "brought_forward": money(self.brought_forward),
            "term_fee": money(self.term_fee),
            "adjustments": money(self.adjustments),
            "total_due": money(self.total_due),
            "amount_paid": money(self.amount_paid),
            "balance": money(self.balance),
            "outstanding": money(self.outstanding),
            "credit": money(self.credit),
            "status": match self.status {
                Status::Paid => "paid",
                Status::Partial => "partial",
                Status::Unpaid => "unpaid",
            },
            "arrears_remaining": money(self.arrears_remaining),
            "fee_remaining": money(self.fee_remaining),
        })
    }
}

/// Accounts that are numbers first, in number order (equal numbers by their text); the others by their bytes.
pub fn by_account(a: &str, b: &str) -> Ordering {
    let is_number = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number(a), is_number(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
        (true, true) => {
            let (x, y) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            x.len().cmp(&y.len()).then(x.cmp(y)).then(a.cmp(b))
        }
    }
}
