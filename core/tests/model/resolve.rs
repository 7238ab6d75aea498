//! Steps into commands: every index finds something that the history knows by then, so that most are accepted.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{Days, NaiveDate};

use super::amount::AMOUNT_MAX;
use super::book::{Account, Entry, Fee, Kind, Model, Term};
use super::command::{Command, Payer, TermId};
use super::generate::{Action, Size, Step};
use super::rules::is_move;
use super::spoil::spoil;
use super::words::{ConcessionKind, Method, Standing};

const ACCOUNTS: [&str; 6] = ["1", "2", "10", "007", "ada", "Zoë-3"];
/// The first ones are commoner, so that fees and accounts meet.
const GROUPS: [&str; 6] = ["PRIMARY", "ECD", "PRIMARY", "PRIMARY", "ECD", "BOARDERS"];
const CODES: [&str; 4] = ["tuition", "meals", "tuition", "bus"];
const YEARS: [u16; 3] = [2025, 2026, 2027];
const TERMS_A_YEAR: u16 = 4;

/// The history that those steps make.
pub fn resolve(exponent: u32, steps: &[Step]) -> Vec<Command> {
    let mut model = Model::new(exponent);
    let mut history: Vec<Command> = vec![];
    for step in steps {
        let key = format!("k{}", history.len() + 1);
        let mut command = Scene { model: &model, step: *step, key }.command(&history);
        if let Some(odd) = step.odd {
            command = spoil(command, &model, step, odd);
        }
        let _refused_or_not = model.apply(&command);
        history.push(command);
    }
    history
}

/// One step before the book that it is for.
struct Scene<'a> {
    model: &'a Model,
    step: Step,
    key: String,
}

/// One of the list: the first for 0; else one that stays the same when others leave the list, so that shrinking
/// one step does not send the others elsewhere.
fn pick<T: Clone + Debug>(list: &[T], index: impl Into<usize>) -> Option<T> {
    let index = index.into();
    let lot = |item: &&T| {
        let mut hasher = DefaultHasher::new();
        (index, format!("{item:?}")).hash(&mut hasher);
        hasher.finish()
    };
    if index == 0 { list.first().cloned() } else { list.iter().max_by_key(lot).cloned() }
}

/// One of a fixed list.
fn choose<T: Copy>(list: &[T], index: impl Into<usize>) -> T {
    list[index.into() % list.len()]
}

pub fn day(number: u16) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).unwrap() + Days::new(number.into())
}

impl Scene<'_> {
    fn command(&self, history: &[Command]) -> Command {
        let (step, on, key) = (self.step, self.on(), self.key.clone());
        let action = self.action();
        let reason = choose(&["as agreed", "put right", "größer"], step.what).to_owned();
        match action {
            Action::Pay => {
                let account = self.account(|_| true);
                let (year, term) = self.payable_term();
                let amount = self.amount(self.model.balance(&account));
                let reference = (step.what % 3 == 1).then(|| format!("slip {}", step.day));
                Command::Pay { key, account, year, term, amount, method: self.method(), on, reference }
            }
            Action::Charge => {
                let (account, (year, term)) = (self.account(|_| true), self.open_term());
                let due_on = (step.what % 2 == 1).then(|| day(step.day / 2 + u16::from(step.who)));
                let (code, amount) = (self.code(), self.amount(0));
                Command::Charge { key, account, year, term, code, amount, on, due_on, group: None }
            }
            Action::Opening => {
                let (account, (year, term)) = (self.account(|_| true), self.any_term());
                Command::Opening { key, account, year, term, amount: self.signed(), reason, on }
            }
            Action::Adjust => {
                let (account, (year, term)) = (self.account(|_| true), self.any_term());
                Command::Adjust { key, account, year, term, amount: self.signed(), reason, on }
            }
            Action::Concession => {
                let (account, (year, term)) = (self.account(|_| true), self.any_term());
                let kind = choose(ConcessionKind::ALL, step.what);
                let amount = self.amount(self.model.balance(&account));
                Command::Concession { key, account, year, term, kind, amount, reason, on }
            }
            Action::WriteOff => {
                let account = self.account(|balance| balance > 0);
                let (balance, (year, term)) = (self.model.balance(&account), self.any_term());
                let amount = self.amount_within(balance);
                Command::WriteOff { key, account, year, term, amount, reason, on }
            }
            Action::Refund => {
                let account = self.account(|balance| balance < 0);
                let (balance, (year, term)) = (self.model.balance(&account), self.any_term());
                let amount = self.amount_within(-balance);
                Command::Refund { key, account, year, term, amount, method: self.method(), on }
            }
            Action::Reverse => Command::Reverse { key, of: self.reversible(), reason, on },
            Action::Term => self.new_term(),
            Action::Fee => {
                let payer = Payer::Group(choose(&GROUPS, step.who).to_owned());
                self.new_fee(payer)
            }
            Action::OwnFee => self.new_fee(Payer::Account(self.account(|_| true))),
            Action::Enrol => {
                let known = |id: &&str| self.model.account(id).is_some();
                let free: Vec<&str> = ACCOUNTS.into_iter().filter(|id| !known(id)).collect();
                let account = pick(&free, step.who).unwrap_or(ACCOUNTS[0]).to_owned();
                let on = if step.what % 4 == 3 { on } else { self.not_locked(day(step.day % 30)) };
                Command::Enrol { account, groups: self.groups(), on }
            }
            Action::Activate => {
                let (year, term) = self.next_term();
                Command::Activate { year, term, on }
            }
            Action::Standing => {
                let account = self.account(|_| true);
                let to = self.next_standing(&account);
                Command::Standing { account, to, on }
            }
            Action::Groups => {
                let account = self.account(|_| true);
                Command::Groups { account, groups: self.groups(), on }
            }
            Action::Reprice => {
                let fee = self.group_fee(true);
                let (year, term) = fee.term;
                let (group, code, amount) = (self.group_of(&fee), fee.code, self.amount(0));
                Command::Reprice { year, term, group, code, amount, reason, on }
            }
            Action::Import => {
                let fee = self.group_fee(false);
                let (account, (year, term)) = (self.account(|_| true), fee.term);
                let amount = if step.what % 3 == 2 { self.amount(0) } else { fee.amount };
                let (group, due_on) = (Some(self.group_of(&fee)), Some(fee.due_on));
                Command::Charge { key, account, year, term, code: fee.code, amount, on, due_on, group }
            }
            Action::Again => pick(history, step.day).unwrap_or_else(|| self.new_term()),
            Action::Close => {
                let past: Vec<Term> =
                    self.open_terms().into_iter().filter(|term| Some(term.id) < self.model.current).collect();
                let (year, term) = pick(&past, step.term).map_or(self.open_term(), |term| term.id);
                Command::Close { year, term, on }
            }
            Action::Lock => Command::Lock { through: day(step.day / 2) },
        }
    }

    /// The action of the step; where nothing can be refunded or written off, what makes it possible instead.
    fn action(&self) -> Action {
        let any = |wanted: fn(i128) -> bool| {
            self.model.accounts.iter().any(|account| wanted(self.model.balance(&account.id)))
        };
        match self.step.action {
            Action::Refund if !any(|balance| balance < 0) => Action::Pay,
            Action::WriteOff if !any(|balance| balance > 0) => Action::Charge,
            action => action,
        }
    }

    /// A date that is not locked.
    fn on(&self) -> NaiveDate {
        self.not_locked(day(self.step.day))
    }

    fn not_locked(&self, date: NaiveDate) -> NaiveDate {
        match self.model.locked_through {
            Some(locked) if date <= locked => locked + Days::new(u64::from(self.step.day % 30) + 1),
            _ => date,
        }
    }

    /// An account whose balance is as wanted, if there is one; else any.
    fn account(&self, wanted: impl Fn(i128) -> bool) -> String {
        let ids = |accounts: &[Account]| accounts.iter().map(|account| account.id.clone()).collect();
        let all: Vec<String> = ids(&self.model.accounts);
        let fit: Vec<String> = all.iter().filter(|id| wanted(self.model.balance(id))).cloned().collect();
        pick(&fit, self.step.who).or(pick(&all, self.step.who)).unwrap_or(ACCOUNTS[0].to_owned())
    }

    fn term_ids(&self, wanted: impl Fn(&Term) -> bool) -> Vec<TermId> {
        let mut ids: Vec<TermId> =
            self.model.terms.iter().filter(|term| wanted(term)).map(|term| term.id).collect();
        ids.sort_unstable();
        ids
    }

    fn any_term(&self) -> TermId {
        pick(&self.term_ids(|_| true), self.step.term).unwrap_or((YEARS[0], 1))
    }

    fn open_terms(&self) -> Vec<Term> {
        self.model.terms.iter().filter(|term| !term.closed).cloned().collect()
    }

    fn open_term(&self) -> TermId {
        pick(&self.term_ids(|term| !term.closed), self.step.term).unwrap_or(self.any_term())
    }

    /// A term that can be paid for: mostly the current one.
    fn payable_term(&self) -> TermId {
        match self.model.current {
            Some(current) if self.step.term % 2 == 1 => current,
            Some(current) => pick(&self.term_ids(|term| term.id <= current), self.step.term).unwrap(),
            None => self.any_term(),
        }
    }

    /// The term to activate: mostly the next one, sometimes the current one again, sometimes any.
    fn next_term(&self) -> TermId {
        let later = self.term_ids(|term| !term.closed && Some(term.id) > self.model.current);
        match (self.step.what % 8, self.model.current) {
            (6, Some(current)) => current,
            (7, _) => self.open_term(),
            _ => later.first().copied().unwrap_or(self.open_term()),
        }
    }

    fn method(&self) -> Method {
        choose(Method::ALL, self.step.what)
    }

    fn code(&self) -> String {
        choose(&CODES, self.step.what / 4).to_owned()
    }

    /// One group, or now and then several.
    fn groups(&self) -> Vec<String> {
        let (first, second) = (choose(&GROUPS, self.step.what), choose(&GROUPS, self.step.term));
        let groups = if self.step.what % 3 == 2 { vec![first, second] } else { vec![first] };
        groups.into_iter().map(str::to_owned).collect()
    }

    fn unit(&self) -> i64 {
        10_i64.pow(self.model.exponent)
    }

    /// A positive amount; `owed` is what quarters are of.
    fn amount(&self, owed: i128) -> i64 {
        let owed = if owed == 0 { i128::from(self.unit()) * 100 } else { owed.abs() };
        let amount = match self.step.size {
            Size::Tens(tens) => i128::from(tens) * 10 * i128::from(self.unit()),
            Size::Minor(minor) => minor.into(),
            Size::Quarters(quarters) => owed * i128::from(quarters) / 4,
            Size::Huge(below) => i128::from(AMOUNT_MAX - below),
        };
        i64::try_from(amount.clamp(1, AMOUNT_MAX.into())).unwrap()
    }

    /// A positive amount, not above the limit where that is positive.
    fn amount_within(&self, limit: i128) -> i64 {
        let limit = if limit > 0 { i64::try_from(limit).unwrap_or(AMOUNT_MAX) } else { AMOUNT_MAX };
        self.amount(limit.into()).min(limit)
    }

    fn signed(&self) -> i64 {
        if self.step.what % 2 == 0 { self.amount(0) } else { -self.amount(0) }
    }

    /// The key of an entry that can be reversed, if there is one.
    fn reversible(&self) -> String {
        let live: Vec<&Entry> = self
            .model
            .entries
            .iter()
            .filter(|entry| !matches!(entry.kind, Kind::Reversal { .. }))
            .filter(|entry| self.model.reversal_of(&entry.key).is_none())
            .collect();
        pick(&live, self.step.day).map_or("k0".to_owned(), |entry| entry.key.clone())
    }

    /// The next term of a year: mostly of the first year that wants one. Each has a quarter of its year to lie in.
    fn new_term(&self) -> Command {
        let known = |id: TermId| self.model.term(id).is_some();
        let mut free: Vec<TermId> = YEARS
            .into_iter()
            .flat_map(|year| (1..=TERMS_A_YEAR).map(move |number| (year, number)))
            .filter(|id| !known(*id) && (id.1 == 1 || known((id.0, id.1 - 1))))
            .collect();
        free.truncate(if self.step.term % 3 == 2 { free.len() } else { 1 });
        let (year, number) = pick(&free, self.step.who).unwrap_or((YEARS[0], 1));
        let quarter = u32::from(number - 1) * 3;
        let date = |month, day| NaiveDate::from_ymd_opt(year.into(), month, day).unwrap();
        Command::Term {
            year,
            number,
            starts_on: date(quarter + 1, 5 + u32::from(self.step.what % 8)),
            ends_on: date(quarter + 3, 10 + u32::from(self.step.day % 15)),
            name: (self.step.what % 2 == 1).then(|| format!("Term {number}")),
        }
    }

    fn new_fee(&self, payer: Payer) -> Command {
        let (year, term) = if self.step.what % 2 == 0 { self.next_term() } else { self.open_term() };
        let starts_on = self.model.term((year, term)).map_or(day(0), |term| term.starts_on);
        let due_on = (self.step.what % 3 == 2).then(|| starts_on + Days::new((self.step.day % 60).into()));
        Command::Fee { year, term, payer, code: self.code(), amount: self.amount(0), due_on }
    }

    /// A group's fee in an open term; a charged one, where that is wanted and there is one.
    fn group_fee(&self, charged: bool) -> Fee {
        let open = |fee: &&Fee| self.model.term(fee.term).is_some_and(|term| !term.closed);
        let all: Vec<Fee> = self
            .model
            .fees
            .iter()
            .filter(open)
            .filter(|fee| matches!(fee.payer, Payer::Group(_)))
            .cloned()
            .collect();
        let made = |fee: &&Fee| self.model.is_charged(fee.term, &fee.payer, &fee.code);
        let fit: Vec<Fee> =
            all.iter().filter(|fee| charged && self.step.term % 4 != 3 && made(fee)).cloned().collect();
        pick(&fit, self.step.who).or(pick(&all, self.step.who)).unwrap_or_else(|| Fee {
            term: self.any_term(),
            payer: Payer::Group(GROUPS[0].to_owned()),
            code: CODES[0].to_owned(),
            amount: 1,
            due_on: day(0),
        })
    }

    fn group_of(&self, fee: &Fee) -> String {
        match &fee.payer {
            Payer::Group(group) | Payer::Account(group) => group.clone(),
        }
    }

    /// A standing that the account can move to, seldom a final one.
    fn next_standing(&self, account: &str) -> Standing {
        let Some(known) = self.model.account(account) else { return Standing::OnLeave };
        let mut next: Vec<Standing> =
            Standing::ALL.iter().copied().filter(|to| is_move(known.standing, *to)).collect();
        if self.step.what % 4 != 3 {
            next.retain(|to| *to != Standing::Expelled);
        }
        pick(&next, self.step.term).unwrap_or(Standing::Active)
    }
}
