//! The state of a book and what each command does to it. Every question is answered by going through one list.

use chrono::NaiveDate;

use super::command::{Command, Payer, TermId};
use super::rules::Refused;
use super::words::{ConcessionKind, Method, Standing};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub id: TermId,
    pub name: Option<String>,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub closed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    pub term: TermId,
    pub payer: Payer,
    pub code: String,
    pub amount: i64,
    pub due_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    /// Sorted, each once.
    pub groups: Vec<String>,
    pub enrolled_on: NaiveDate,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `from` is the payer of the fee that it was made from; a charge by hand is from none.
    Charge {
        code: String,
        due_on: NaiveDate,
        from: Option<Payer>,
    },
    Opening {
        reason: String,
    },
    Adjustment {
        reason: String,
    },
    Refund {
        method: Method,
    },
    Payment {
        method: Method,
        reference: Option<String>,
    },
    Concession {
        kind: ConcessionKind,
        reason: String,
    },
    WriteOff {
        reason: String,
    },
    /// `of` is the key of the entry reversed.
    Reversal {
        of: String,
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub account: String,
    /// 1, 2, 3 … in the account.
    pub position: usize,
    pub term: TermId,
    pub on: NaiveDate,
    /// Minor units; positive raises what the account owes.
    pub signed: i64,
    pub kind: Kind,
}

/// What an accepted command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applied {
    Recorded,
    Unchanged,
}

/// One school's book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub exponent: u32,
    /// The book's id, where a `book` line gave one.
    pub book: Option<String>,
    pub terms: Vec<Term>,
    pub fees: Vec<Fee>,
    pub accounts: Vec<Account>,
    /// In the order in which they were recorded.
    pub entries: Vec<Entry>,
    pub current: Option<TermId>,
    pub locked_through: Option<NaiveDate>,
}

impl Model {
    /// An empty book, in a currency with that many decimals. A `book` line may follow, but need not.
    pub fn new(exponent: u32) -> Self {
        Self {
            exponent,
            book: None,
            terms: vec![],
            fees: vec![],
            accounts: vec![],
            entries: vec![],
            current: None,
            locked_through: None,
        }
    }

    /// The book after those commands, whatever was refused of them.
    pub fn after(exponent: u32, commands: &[Command]) -> Self {
        let mut model = Self::new(exponent);
        for command in commands {
            let _refused_or_not = model.apply(command);
        }
        model
    }

    /// Does what the command says, or changes nothing and says which rule refused it (the first, where it
    /// breaks several; [`Model::judge`] has them all).
    pub fn apply(&mut self, command: &Command) -> Result<Applied, Refused> {
        let verdict = self.judge(command);
        if verdict.is_unchanged() {
            return Ok(Applied::Unchanged);
        }
        if let Some(reason) = verdict.reasons().first() {
            return Err(*reason);
        }
        let before = self.clone();
        self.perform(command);
        Ok(if *self == before { Applied::Unchanged } else { Applied::Recorded })
    }

    pub fn term(&self, id: TermId) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }

    pub fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub fn fee(&self, term: TermId, payer: &Payer, code: &str) -> Option<&Fee> {
        self.fees.iter().find(|fee| fee.term == term && fee.payer == *payer && fee.code == code)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The entries of an account, by position.
    pub fn entries_of(&self, account: &str) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.account == account).collect()
    }

    /// The reversal of the entry with that key.
    pub fn reversal_of(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| matches!(&entry.kind, Kind::Reversal { of, .. } if of == key))
    }

    /// What the account owes; negative where it is in credit.
    pub fn balance(&self, account: &str) -> i128 {
        self.entries_of(account).iter().map(|entry| i128::from(entry.signed)).sum()
    }

    /// The entry that a command would record; none for a command that records none of its own, or for the
    /// reversal of what is not there.
    pub fn entry_for(&self, command: &Command) -> Option<Entry> {
        let (key, on) = (command.key()?.clone(), command.on()?);
        let reason = command.reason().cloned().unwrap_or_default();
        if let Command::Reverse { of, .. } = command {
            let reversed = self.entry(of)?;
            let kind = Kind::Reversal { of: of.clone(), reason };
            let (account, term) = (reversed.account.clone(), reversed.term);
            return Some(Entry { key, account, position: 0, term, on, signed: -reversed.signed, kind });
        }
        let (account, term, amount) = (command.account()?.clone(), command.term()?, command.amount()?);
        let (signed, kind) = match command.clone() {
            Command::Charge { code, due_on, group, .. } => {
                let from = group.map(Payer::Group);
                (amount, Kind::Charge { code, due_on: due_on.unwrap_or(on), from })
            }
            Command::Opening { .. } => (amount, Kind::Opening { reason }),
            Command::Adjust { .. } => (amount, Kind::Adjustment { reason }),
            Command::Refund { method, .. } => (amount, Kind::Refund { method }),
            Command::Pay { method, reference, .. } => {
                (amount.wrapping_neg(), Kind::Payment { method, reference })
            }
            Command::Concession { kind, .. } => (amount.wrapping_neg(), Kind::Concession { kind, reason }),
            Command::WriteOff { .. } => (amount.wrapping_neg(), Kind::WriteOff { reason }),
            _ => return None,
        };
        Some(Entry { key, account, position: 0, term, on, signed, kind })
    }

    /// Appends an entry at the next position of its account.
    pub(super) fn record(&mut self, mut entry: Entry) {
        entry.position = self.entries_of(&entry.account).len() + 1;
        self.entries.push(entry);
    }

    /// Does what the command says; the rules have allowed it.
    fn perform(&mut self, command: &Command) {
        if let Some(entry) = self.entry_for(command) {
            self.record(entry);
            return;
        }
        match command.clone() {
            Command::Book { book, .. } => self.book = Some(book),
            Command::Term { year, number, starts_on, ends_on, name } => {
                self.terms.push(Term { id: (year, number), name, starts_on, ends_on, closed: false });
            }
            Command::Fee { year, term, payer, code, amount, due_on } => {
                let due_on = due_on.unwrap_or(self.term((year, term)).unwrap().starts_on);
                self.fees.retain(|fee| (fee.term, &fee.payer, &fee.code) != ((year, term), &payer, &code));
                self.fees.push(Fee { term: (year, term), payer, code, amount, due_on });
            }
            Command::Enrol { account: id, groups, on } => {
                let (groups, standing) = (tidy(&groups), Standing::Active);
                self.accounts.push(Account { id: id.clone(), groups, enrolled_on: on, standing });
                if let Some(term) = self.current {
                    self.bill(&id, term, on);
                }
            }
            Command::Groups { account, groups, .. } => self.account_mut(&account).groups = tidy(&groups),
            Command::Standing { account, to, .. } => self.account_mut(&account).standing = to,
            Command::Activate { year, term, on } => {
                self.current = Some((year, term));
                for account in self.accounts.clone() {
                    self.bill(&account.id, (year, term), on);
                }
            }
            Command::Close { year, term, .. } => {
                self.terms.iter_mut().find(|known| known.id == (year, term)).unwrap().closed = true;
            }
            Command::Reprice { year, term, group, code, amount, reason, on } => {
                self.reprice((year, term), &Payer::Group(group), &code, amount, &reason, on);
            }
            Command::Lock { through } => self.locked_through = Some(through),
            entry => panic!("{entry:?} records an entry, and was allowed without one"),
        }
    }

    fn account_mut(&mut self, id: &str) -> &mut Account {
        self.accounts.iter_mut().find(|account| account.id == id).unwrap()
    }
}

/// Fee groups sorted, each once.
pub(super) fn tidy(groups: &[String]) -> Vec<String> {
    let mut groups = groups.to_vec();
    groups.sort();
    groups.dedup();
    groups
}
