//! What is refused, and what is no change. A command can break several rules: all of them are told.

use chrono::NaiveDate;

use super::amount::AMOUNT_MAX;
use super::book::{Kind, Model, tidy};
use super::command::{Command, Payer, TermId};
use super::words::Standing;

/// Declares the reasons with a list of all of them.
macro_rules! reasons {
    ($($(#[$meta:meta])* $reason:ident),+ $(,)?) => {
        /// A rule that a command broke.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Refused {
            $($(#[$meta])* $reason),+
        }

        impl Refused {
            pub const ALL: &'static [Self] = &[$(Self::$reason),+];
        }
    };
}

reasons! {
    // What a command alone shows to be wrong.
    /// An account, group, code or book id is not 1 to 64 characters, or has control or outer white space.
    BadName,
    /// An idempotency key is not 1 to 200 characters.
    BadKey,
    BlankReason,
    /// More than 500 characters.
    TextTooLong,
    NotPositive,
    /// An opening or an adjustment of nothing.
    ZeroAmount,
    AmountTooLarge,
    NoGroups,
    /// A year not in 1 to 9999 or a number not in 1 to 999.
    BadTermId,
    /// A term does not start before it ends.
    TermDates,
    // What is wrong in the book as it is.
    /// A `book` line that is not the first.
    BookExists,
    KeyReused,
    Locked,
    UnknownAccount,
    UnknownTerm,
    UnknownFee,
    UnknownKey,
    AccountExists,
    TermExists,
    /// Term n without term n − 1 of its year.
    TermSkipped,
    TermOverlaps,
    /// The dates and the numbers of two terms disagree on which is earlier.
    TermOutOfOrder,
    TermClosed,
    TermAfterCurrent,
    FeeCharged,
    /// A charge that says it was billed, on an account with a live one of the code.
    AlreadyBilled,
    AlreadyReversed,
    ReversesReversal,
    ExceedsCredit,
    ExceedsOutstanding,
    StandingRefused,
    /// Alumni with something outstanding.
    StandingOwing,
}

/// All that is to be said of a command before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The book says already what the command says.
    pub repeats: bool,
    /// What the command alone shows to be wrong.
    pub malformed: Vec<Refused>,
    /// The rules that it breaks in this book.
    pub broken: Vec<Refused>,
    /// Whether a repetition is looked for before the book's rules are asked.
    pub repeats_first: bool,
    /// A repetition on a locked date or in a closed term, by a command without an idempotency key. The
    /// documents do not say plainly whether it is refused or no change; nothing is recorded in either case.
    pub contested: bool,
}

impl Verdict {
    /// The command changes nothing and is not refused.
    pub fn is_unchanged(&self) -> bool {
        self.repeats && self.malformed.is_empty() && (self.repeats_first || self.broken.is_empty())
    }

    /// Every reason for which the command is refused; none where it is accepted.
    pub fn reasons(&self) -> Vec<Refused> {
        if self.is_unchanged() { vec![] } else { [self.malformed.clone(), self.broken.clone()].concat() }
    }
}

impl Model {
    /// What is to be said of a command before it is done.
    pub fn judge(&self, command: &Command) -> Verdict {
        let (repeats, malformed, broken) = (self.repeats(command), malformed(command), self.broken(command));
        let frozen = broken.contains(&Refused::Locked) || broken.contains(&Refused::TermClosed);
        let contested = repeats && malformed.is_empty() && frozen && command.key().is_none();
        let repeats_first = !matches!(command, Command::Reprice { .. });
        Verdict { repeats, malformed, broken, repeats_first, contested }
    }

    /// Whether the book says already what the command says.
    fn repeats(&self, command: &Command) -> bool {
        match command {
            Command::Book { .. } | Command::Activate { .. } => false,
            Command::Term { year, number, starts_on, ends_on, name } => {
                self.term((*year, *number)).is_some_and(|term| {
                    (term.starts_on, term.ends_on, &term.name) == (*starts_on, *ends_on, name)
                })
            }
            Command::Fee { year, term, payer, code, amount, due_on } => {
                self.fee((*year, *term), payer, code).is_some_and(|fee| {
                    let due_on = due_on.unwrap_or(self.term(fee.term).unwrap().starts_on);
                    (fee.amount, fee.due_on) == (*amount, due_on)
                })
            }
            Command::Enrol { account, groups, on } => self
                .account(account)
                .is_some_and(|known| (&known.groups, known.enrolled_on) == (&tidy(groups), *on)),
            Command::Groups { account, groups, .. } => {
                self.account(account).is_some_and(|known| known.groups == tidy(groups))
            }
            Command::Standing { account, to, .. } => {
                self.account(account).is_some_and(|known| known.standing == *to)
            }
            Command::Close { year, term, .. } => self.term((*year, *term)).is_some_and(|term| term.closed),
            Command::Reprice { year, term, group, code, amount, .. } => self
                .fee((*year, *term), &Payer::Group(group.clone()), code)
                .is_some_and(|fee| fee.amount == *amount),
            Command::Lock { through } => self.locked_through.is_some_and(|locked| *through <= locked),
            keyed => self.is_replay(keyed) == Some(true),
        }
    }

    /// Whether the command's key is recorded with the same content; none where the key is not recorded.
    fn is_replay(&self, command: &Command) -> Option<bool> {
        let recorded = self.entry(command.key()?)?;
        let mut again = self.entry_for(command);
        if let Some(entry) = &mut again {
            entry.position = recorded.position;
        }
        Some(again.as_ref() == Some(recorded))
    }

    /// Every rule of the book that the command breaks.
    fn broken(&self, command: &Command) -> Vec<Refused> {
        let mut broken = vec![];
        let mut check = |holds: bool, reason: Refused| {
            if !holds {
                broken.push(reason);
            }
        };
        // Rules for whatever has a key, a date, an account, a term.
        check(self.is_replay(command) != Some(false), Refused::KeyReused);
        check(command.on().is_none_or(|on| self.is_open_on(on)), Refused::Locked);
        if !matches!(command, Command::Enrol { .. }) {
            check(command.account().is_none_or(|id| self.account(id).is_some()), Refused::UnknownAccount);
        }
        let term = command.term();
        check(term.is_none_or(|id| self.term(id).is_some()), Refused::UnknownTerm);
        if let Command::Fee { .. }
        | Command::Activate { .. }
        | Command::Charge { .. }
        | Command::Reprice { .. } = command
        {
            let closed = term.and_then(|id| self.term(id)).is_some_and(|term| term.closed);
            check(!closed, Refused::TermClosed);
        }
        // Rules of one kind of command.
        let balance = command.account().map_or(0, |account| self.balance(account));
        match command {
            Command::Book { .. } => check(*self == Self::new(self.exponent), Refused::BookExists),
            Command::Enrol { account, .. } => check(self.account(account).is_none(), Refused::AccountExists),
            Command::Fee { payer, code, .. } => {
                check(!self.is_charged(term.unwrap(), payer, code), Refused::FeeCharged);
            }
            Command::Charge { group: Some(group), code, .. } | Command::Reprice { group, code, .. } => {
                let fee = self.fee(term.unwrap(), &Payer::Group(group.clone()), code);
                check(fee.is_some(), Refused::UnknownFee);
            }
            _ => {}
        }
        if let Command::Charge { group: Some(_), account, code, .. } = command {
            check(!self.has_live_billed(account, term.unwrap(), code), Refused::AlreadyBilled);
        }
        match command {
            Command::Pay { .. } => {
                check(self.current.is_none_or(|current| term.unwrap() <= current), Refused::TermAfterCurrent);
            }
            Command::Refund { amount, .. } => check(i128::from(*amount) <= -balance, Refused::ExceedsCredit),
            Command::WriteOff { amount, .. } => {
                check(i128::from(*amount) <= balance, Refused::ExceedsOutstanding);
            }
            Command::Reverse { of, .. } => {
                check(self.entry(of).is_some(), Refused::UnknownKey);
                check(self.reversal_of(of).is_none(), Refused::AlreadyReversed);
                let of_reversal =
                    self.entry(of).is_some_and(|entry| matches!(entry.kind, Kind::Reversal { .. }));
                check(!of_reversal, Refused::ReversesReversal);
            }
            Command::Standing { account, to, .. } => {
                if let Some(known) = self.account(account) {
                    check(is_move(known.standing, *to), Refused::StandingRefused);
                    check(*to != Standing::Alumni || balance <= 0, Refused::StandingOwing);
                }
            }
            Command::Term { year, number, starts_on, ends_on, .. } => {
                broken.extend(self.broken_by_term((*year, *number), *starts_on, *ends_on));
            }
            _ => {}
        }
        broken
    }

    fn is_open_on(&self, date: NaiveDate) -> bool {
        self.locked_through.is_none_or(|locked| date > locked)
    }

    fn broken_by_term(&self, id: TermId, starts_on: NaiveDate, ends_on: NaiveDate) -> Vec<Refused> {
        let mut broken = vec![];
        if self.term(id).is_some() {
            broken.push(Refused::TermExists);
        }
        if id.1 > 1 && self.term((id.0, id.1 - 1)).is_none() {
            broken.push(Refused::TermSkipped);
        }
        let others = || self.terms.iter().filter(|term| term.id != id);
        if others().any(|term| starts_on <= term.ends_on && term.starts_on <= ends_on) {
            broken.push(Refused::TermOverlaps);
        }
        let in_order = |term: &super::book::Term| {
            if term.id < id { term.ends_on < starts_on } else { ends_on < term.starts_on }
        };
        if !others().all(in_order) {
            broken.push(Refused::TermOutOfOrder);
        }
        broken
    }
}

/// The moves between standings.
pub(super) fn is_move(from: Standing, to: Standing) -> bool {
    use Standing::{Active, Alumni, Expelled, Graduated, OnLeave, Withdrawn};
    matches!(
        (from, to),
        (Active, OnLeave)
            | (OnLeave | Withdrawn, Active)
            | (Active | OnLeave, Graduated | Withdrawn | Expelled)
            | (Graduated, Alumni)
    )
}

/// What the command alone shows to be wrong.
fn malformed(command: &Command) -> Vec<Refused> {
    let mut found = vec![];
    let mut check = |holds: bool, reason: Refused| {
        if !holds {
            found.push(reason);
        }
    };
    check(names(command).iter().all(|name| is_name(name)), Refused::BadName);
    check(command.key().is_none_or(|key| (1..=200).contains(&key.chars().count())), Refused::BadKey);
    check(command.reason().is_none_or(|reason| !reason.trim().is_empty()), Refused::BlankReason);
    check(command.reason().is_none_or(|reason| reason.chars().count() <= 500), Refused::TextTooLong);
    if let Command::Pay { reference: Some(reference), .. } = command {
        check(reference.chars().count() <= 500, Refused::TextTooLong);
    }
    if let Some(amount) = command.amount() {
        if matches!(command, Command::Opening { .. } | Command::Adjust { .. }) {
            check(amount != 0, Refused::ZeroAmount);
        } else {
            check(amount > 0, Refused::NotPositive);
        }
        check((-AMOUNT_MAX..=AMOUNT_MAX).contains(&amount), Refused::AmountTooLarge);
    }
    match command {
        Command::Enrol { groups, .. } | Command::Groups { groups, .. } => {
            check(!groups.is_empty(), Refused::NoGroups);
        }
        Command::Term { year, number, starts_on, ends_on, .. } => {
            check((1..=9999).contains(year) && (1..=999).contains(number), Refused::BadTermId);
            check(starts_on < ends_on, Refused::TermDates);
        }
        _ => {}
    }
    found
}

/// The names that must be short and clean: book, account, groups, code.
fn names(command: &Command) -> Vec<&String> {
    let mut names: Vec<&String> = command.account().into_iter().chain(command.code()).collect();
    match command {
        Command::Book { book, .. } => names.push(book),
        Command::Enrol { groups, .. } | Command::Groups { groups, .. } => names.extend(groups),
        Command::Fee { payer: Payer::Group(group), .. }
        | Command::Charge { group: Some(group), .. }
        | Command::Reprice { group, .. } => names.push(group),
        _ => {}
    }
    names
}

fn is_name(name: &str) -> bool {
    let length = (1..=64).contains(&name.chars().count());
    length && !name.chars().any(char::is_control) && name.trim() == name
}
