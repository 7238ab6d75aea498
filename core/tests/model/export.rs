//! A model back into commands: the shortest history with the same entries, and so with the same figures.

use super::book::{Entry, Kind, Model};
use super::command::{Command, Payer};

impl Entry {
    /// The command that records this entry as it is, under its own key. Of a charge made from an account's own
    /// fee the school file cannot say where it came from.
    pub fn to_command(&self) -> Command {
        let (key, account, (year, term)) = (self.key.clone(), self.account.clone(), self.term);
        let (amount, on) = (self.signed.abs(), self.on);
        match self.kind.clone() {
            Kind::Charge { code, due_on, from } => {
                let group = match from {
                    Some(Payer::Group(group)) => Some(group),
                    Some(Payer::Account(_)) | None => None,
                };
                Command::Charge { key, account, year, term, code, amount, on, due_on: Some(due_on), group }
            }
            Kind::Opening { reason } => {
                Command::Opening { key, account, year, term, amount: self.signed, reason, on }
            }
            Kind::Adjustment { reason } => {
                Command::Adjust { key, account, year, term, amount: self.signed, reason, on }
            }
            Kind::Refund { method } => Command::Refund { key, account, year, term, amount, method, on },
            Kind::Payment { method, reference } => {
                Command::Pay { key, account, year, term, amount, method, on, reference }
            }
            Kind::Concession { kind, reason } => {
                Command::Concession { key, account, year, term, kind, amount, reason, on }
            }
            Kind::WriteOff { reason } => Command::WriteOff { key, account, year, term, amount, reason, on },
            Kind::Reversal { of, reason } => Command::Reverse { key, of, reason, on },
        }
    }
}

impl Model {
    /// Terms, fees and enrolments, with no term current, closed or locked. Every entry can follow.
    pub fn setup(&self) -> Vec<Command> {
        let mut terms = self.terms.clone();
        terms.sort_by_key(|term| term.id);
        let terms = terms.into_iter().map(|term| Command::Term {
            year: term.id.0,
            number: term.id.1,
            starts_on: term.starts_on,
            ends_on: term.ends_on,
            name: term.name,
        });
        let enrolments = self.accounts.iter().cloned().map(|account| Command::Enrol {
            account: account.id,
            groups: account.groups,
            on: account.enrolled_on,
        });
        let fees = self.fees.iter().cloned().map(|fee| Command::Fee {
            year: fee.term.0,
            term: fee.term.1,
            payer: fee.payer,
            code: fee.code,
            amount: fee.amount,
            due_on: Some(fee.due_on),
        });
        terms.chain(enrolments).chain(fees).collect()
    }

    /// [`Model::setup`] and every entry, in the order recorded.
    pub fn to_commands(&self) -> Vec<Command> {
        self.setup().into_iter().chain(self.entries.iter().map(Entry::to_command)).collect()
    }
}
