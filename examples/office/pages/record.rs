//! Recording on an account: a payment and what else a clerk records, one form each, and all alike.
//!
//! The session is saved before anything is posted, and not changed afterwards: a sign-out either comes first, and nothing is recorded, or
//! leaves the answer as it is.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bursar::{
    Account, Charge, Concession, ConcessionKind, Draft, Entry, EntryKind, Error, Method, Money, Payment,
    Receipt, Refund, Refusal, TermId, WriteOff,
};
use chrono::TimeDelta;
use http::StatusCode;
use serde::Deserialize;

use super::super::access::Clerk;
use super::super::failure::{Failure, Message, sentence};
use super::super::form::{self, Key, Posted};
use super::super::shell::Shell;
use super::super::{Office, show as words};
use super::{receipt, student};

/// What is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Money that comes in.
    Payment,
    /// A scholarship, waiver, discount or goodwill.
    Concession,
    /// A charge by hand.
    Charge,
    /// Credit that is paid back.
    Refund,
    /// A debt that is given up; the head's alone.
    WriteOff,
}

impl What {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Payment, "payment", "Take a payment"),
        (Self::Concession, "concession", "Grant a concession"),
        (Self::Charge, "charge", "Charge by hand"),
        (Self::Refund, "refund", "Pay credit back"),
        (Self::WriteOff, "write-off", "Write a debt off"),
    ];

    fn of(word: &str) -> Result<(Self, &'static str), Failure> {
        let found = Self::ALL.into_iter().find(|(_, name, _)| *name == word);
        found
            .map(|(what, _, title)| (what, title))
            .ok_or_else(|| Failure::not_found("There is no such form."))
    }

    const fn has_method(self) -> bool {
        matches!(self, Self::Payment | Self::Refund)
    }
}

/// What the form says. Every field may be missing; what must be there is asked for again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    key: String,
    term: String,
    amount: String,
    on: String,
    method: String,
    reference: String,
    kind: String,
    reason: String,
    code: String,
    due_on: String,
    note: String,
    again: String,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Page {
    shell: Shell,
    what: What,
    title: &'static str,
    account: Account,
    path: String,
    currency: &'static str,
    terms: Vec<TermId>,
    methods: &'static [Method],
    kinds: &'static [ConcessionKind],
    sent: Sent,
    problem: String,
    likely: Option<String>,
}

struct Desk {
    office: Office,
    clerk: Clerk,
    what: What,
    title: &'static str,
    account: Account,
}

impl Desk {
    async fn open(office: Office, clerk: Clerk, account: &str, what: &str) -> Result<Self, Failure> {
        let (what, title) = What::of(what)?;
        if what == What::WriteOff {
            clerk.must_be_head("Only the head writes debts off.")?;
        }
        let account = student::find(&office, account).await?;
        Ok(Self { office, clerk, what, title, account })
    }

    /// The form, with what was typed and what is wrong with it.
    async fn form(
        &self,
        sent: Sent,
        problem: String,
        likely: Option<String>,
    ) -> Result<Html<String>, Failure> {
        let calendar = self.office.school.calendar().await?;
        let page = Page {
            shell: Shell::of(&self.clerk, "students", format!("{}: {}", self.title, self.account.id)),
            what: self.what,
            title: self.title,
            account: self.account.clone(),
            path: student::path(&self.account.id),
            currency: self.office.school.currency().code(),
            terms: student::terms_to_pay(&calendar),
            methods: Method::ALL,
            kinds: ConcessionKind::ALL,
            sent,
            problem,
            likely,
        };
        Ok(Html(page.render()?))
    }

    fn draft(&self, sent: &Sent, key: &Key) -> Result<(Draft, Money), String> {
        let school = &self.office.school;
        let told = |refusal: Refusal| refusal.to_string();
        let amount = form::amount(&sent.amount, school.currency()).map_err(told)?;
        let term: TermId = sent.term.parse().map_err(told)?;
        let day = form::day(&sent.on, school.today()).map_err(told)?;
        macro_rules! common {
            ($draft:expr) => {{
                let draft = $draft.account(&self.account.id).for_term(term).on(day).key(key.name());
                match form::given(&sent.note) {
                    Some(note) => draft.note(note).into(),
                    None => draft.into(),
                }
            }};
        }
        let draft: Draft = match self.what {
            What::Payment => {
                let payment = Payment::by(form::word("method", &sent.method)?, amount);
                common!(match form::given(&sent.reference) {
                    Some(reference) => payment.reference(reference),
                    None => payment,
                })
            }
            What::Refund => {
                let refund = Refund::by(form::word("method", &sent.method)?, amount);
                common!(match form::given(&sent.reference) {
                    Some(reference) => refund.reference(reference),
                    None => refund,
                })
            }
            What::Concession => {
                let kind: ConcessionKind = form::word("kind of concession", &sent.kind)?;
                common!(Concession::of(kind, amount, sent.reason.trim()))
            }
            What::Charge => {
                let due_on = form::day(&sent.due_on, day).map_err(told)?;
                common!(Charge::of(sent.code.trim(), amount).due_on(due_on))
            }
            What::WriteOff => common!(WriteOff::of(amount, sent.reason.trim())),
        };
        Ok((draft, amount))
    }

    /// An entry that was recorded a moment ago and is just like the one asked for, but from another form.
    async fn likely(&self, amount: Money, key: &Key) -> Result<Option<Entry>, Failure> {
        const LAST: u32 = 20;
        const MOMENT: TimeDelta = TimeDelta::minutes(10);
        let school = &self.office.school;
        let account = school.account(&self.account.id).await?;
        let last = school.entries(&account.id, account.version.saturating_sub(LAST), LAST).await?;
        let now = school.store().now();
        let name = key.name();
        if last.iter().any(|entry| entry.key == name) {
            return Ok(None);
        }
        let reversed = |position| {
            last.iter().any(|entry| matches!(entry.kind, EntryKind::Reversal { of, .. } if of == position))
        };
        let alike = |entry: &&Entry| {
            let kind = matches!(
                (&entry.kind, self.what),
                (EntryKind::Payment { .. }, What::Payment)
                    | (EntryKind::Concession { .. }, What::Concession)
                    | (EntryKind::Refund { .. }, What::Refund)
            );
            kind && entry.amount() == amount
                && now.signed_duration_since(entry.recorded_at) < MOMENT
                && !reversed(entry.position)
        };
        Ok(last.iter().rev().find(alike).cloned())
    }
}

/// The form.
pub async fn show(
    State(office): State<Office>,
    clerk: Clerk,
    Path((account, what)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let desk = Desk::open(office, clerk, &account, &what).await?;
    let current = desk.office.school.current_term().await?;
    let sent = Sent {
        key: Key::generate()?.to_string(),
        term: current.map(|term| term.to_string()).unwrap_or_default(),
        on: desk.office.school.today().to_string(),
        ..Sent::default()
    };
    Ok(desk.form(sent, String::new(), None).await?.into_response())
}

/// Records what the form says, once.
pub async fn send(
    State(office): State<Office>,
    Path((account, what)): Path<(String, String)>,
    sent: Posted<Sent>,
) -> Result<Response, Failure> {
    let Posted { clerk, form: mut sent } = sent;
    let desk = Desk::open(office, clerk, &account, &what).await?;
    let Some(key) = Key::parse(&sent.key) else {
        sent.key = Key::generate()?.to_string();
        let problem =
            "The form bore no key of this office; here is one that does. Nothing was recorded.".to_owned();
        return Ok((StatusCode::BAD_REQUEST, desk.form(sent, problem, None).await?).into_response());
    };
    let refused = async |sent: Sent, why: &str| -> Result<Response, Failure> {
        let page = desk.form(sent, sentence(why), None).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let (draft, amount) = match desk.draft(&sent, &key) {
        Ok(draft) => draft,
        Err(why) => return refused(sent, &why).await,
    };
    if sent.again != "yes"
        && let Some(entry) = desk.likely(amount, &key).await?
    {
        let likely = format!(
            "{} of {} was recorded at {} as no. {}.",
            words::word(entry.kind.as_str()),
            words::cash(entry.amount()),
            words::instant(&entry.recorded_at),
            entry.position
        );
        return Ok(
            (StatusCode::CONFLICT, desk.form(sent, String::new(), Some(likely)).await?).into_response()
        );
    }
    let told = format!("{} of {} for {}", what.replace('-', " "), words::cash(amount), desk.account.id);
    let next = student::path(&desk.account.id);
    form::save_before(&desk.office, &desk.clerk.session, Some(&key), &told, &next).await?;
    match desk.clerk.book(&desk.office)?.record(draft).await {
        Ok(receipt) => Ok(Redirect::to(&recorded(&receipt)).into_response()),
        Err(Error::Refused(Refusal::KeyReused { .. })) => Err(reused(&next)),
        Err(Error::Refused(refusal)) => refused(sent, &refusal.to_string()).await,
        Err(error) => Err(error.into()),
    }
}

/// Where an entry that was recorded leads: to its receipt, or to the statement.
#[must_use]
pub fn recorded(recorded: &Receipt) -> String {
    let done = if recorded.replayed { "before" } else { "recorded" };
    match recorded.entry.kind {
        EntryKind::Payment { .. } | EntryKind::Refund { .. } => {
            format!("{}?done={done}", receipt::path(&recorded.entry))
        }
        _ => format!("{}?done={done}#no-{}", student::path(&recorded.entry.account), recorded.entry.position),
    }
}

/// What is said to a form that has recorded something else.
#[must_use]
pub fn reused(path: &str) -> Failure {
    let text = "This form has recorded something else already: it was changed after it had been sent. Nothing was recorded now. \
                To record another, open a new form.";
    Message::new(StatusCode::CONFLICT, "Not recorded", text).leading_to(path, "Back to the student").into()
}
