//! What is written of a book: terms, accounts, fees and entries as the fields of lines.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use super::written::Written;
use crate::{
    Account, Currency, Entry, EntryKind, Fee, FeeCode, FeeGroup, Payer, Refusal, Standing, Term, TermId,
};

/// The fields of a line, in the order in which they are written.
#[derive(Default, Serialize)]
pub(super) struct Fields<'a> {
    #[serde(rename = "do")]
    pub(super) what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) book: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) term: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) starts_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ends_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) through: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bill: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instalments: Option<Vec<Part>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instalment: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recorded_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recorded_at: Option<String>,
}

/// One instalment of a fee.
#[derive(Serialize)]
pub(super) struct Part {
    amount: String,
    due_on: NaiveDate,
}

impl<'a> Fields<'a> {
    /// A line about a term on a day.
    pub(super) fn of_term(what: &'static str, term: TermId, on: NaiveDate) -> Self {
        Self { what, year: Some(term.year()), term: Some(term.number()), on: Some(on), ..Self::default() }
    }

    /// The line that defines a term.
    pub(super) fn term(term: &'a Term) -> Self {
        Self {
            what: "term",
            year: Some(term.id.year()),
            number: Some(term.id.number()),
            starts_on: Some(term.starts_on),
            ends_on: Some(term.ends_on),
            name: term.name.as_deref(),
            ..Self::default()
        }
    }

    /// The lines that enrol an account and bring it to its standing. They come before its entries: an alumnus may owe since.
    pub(super) fn account(account: &'a Account) -> impl Iterator<Item = Self> {
        let (id, on) = (Some(account.id.as_str()), Some(account.enrolled_on));
        let groups = Some(account.groups.iter().map(FeeGroup::as_str).collect());
        let enrol = Self { what: "enrol", account: id, groups, on, ..Self::default() };
        let steps: &[Standing] = match account.standing {
            Standing::Active => &[],
            Standing::Alumni => &[Standing::Graduated, Standing::Alumni],
            Standing::OnLeave => &[Standing::OnLeave],
            Standing::Graduated => &[Standing::Graduated],
            Standing::Withdrawn => &[Standing::Withdrawn],
            Standing::Expelled => &[Standing::Expelled],
        };
        let step = move |to: &Standing| Self {
            what: "standing",
            account: id,
            to: Some(to.as_str()),
            on,
            ..Self::default()
        };
        std::iter::once(enrol).chain(steps.iter().map(step))
    }

    /// The line that prices a fee.
    pub(super) fn fee(fee: &'a Fee, currency: Currency) -> Result<Self, Refusal> {
        let (group, account) = match &fee.key.payer {
            Payer::Group(group) => (Some(group.as_str()), None),
            Payer::Account(account) => (None, Some(account.as_str())),
        };
        let (due_on, instalments) = match fee.instalments.as_slice() {
            [one] => (Some(one.due_on), None),
            several => {
                let part =
                    |part: &crate::Instalment| Part { amount: part.amount.to_string(), due_on: part.due_on };
                (None, Some(several.iter().map(part).collect()))
            }
        };
        Ok(Self {
            what: "fee",
            group,
            account,
            year: Some(fee.key.term.year()),
            term: Some(fee.key.term.number()),
            code: Some(fee.key.code.as_str()),
            amount: Some(fee.price(currency)?.to_string()),
            due_on,
            instalments,
            revision: Some(fee.revision).filter(|revision| *revision > 0),
            ..Self::default()
        })
    }

    /// The line that records an entry after those written of its account.
    pub(super) fn entry(entry: &'a Entry, written: &'a Written, provenance: bool) -> Self {
        let common = Self {
            key: Some(entry.key.as_str()),
            on: Some(entry.effective_on),
            note: entry.note.as_deref(),
            recorded_by: entry.recorded_by.as_deref(),
            id: provenance.then_some(entry.id),
            recorded_at: provenance.then(|| entry.recorded_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()),
            ..Self::default()
        };
        // A reversal has its account, term and amount from what it reverses.
        if let EntryKind::Reversal { of, reason, .. } = &entry.kind {
            return Self { what: "reverse", of: written.key(*of), reason: Some(reason), ..common };
        }
        let fields = Self {
            account: Some(entry.account.as_str()),
            year: Some(entry.term.year()),
            term: Some(entry.term.number()),
            amount: Some(entry.amount().to_string()),
            ..common
        };
        fields.kind(&entry.kind, || written.slot(entry))
    }

    fn kind(self, kind: &'a EntryKind, slot: impl FnOnce() -> Option<crate::BilledSlot>) -> Self {
        match kind {
            EntryKind::Charge { code, due_on, origin } => {
                let slot = slot();
                Self {
                    what: "charge",
                    code: Some(FeeCode::as_str(code)),
                    due_on: Some(*due_on),
                    group: origin.group.as_ref().map(FeeGroup::as_str),
                    revision: slot.map(|slot| slot.revision),
                    instalment: slot.map(|slot| slot.instalment),
                    ..self
                }
            }
            EntryKind::Opening { reason } => Self { what: "opening", reason: Some(reason), ..self },
            EntryKind::Adjustment { reason } => Self { what: "adjust", reason: Some(reason), ..self },
            EntryKind::WriteOff { reason } => Self { what: "write_off", reason: Some(reason), ..self },
            EntryKind::Refund { method, reference } => Self {
                what: "refund",
                method: Some(method.as_str()),
                reference: reference.as_deref(),
                ..self
            },
            EntryKind::Payment { method, reference } => {
                Self { what: "pay", method: Some(method.as_str()), reference: reference.as_deref(), ..self }
            }
            EntryKind::Concession { concession, reason } => {
                Self { what: "concession", kind: Some(concession.as_str()), reason: Some(reason), ..self }
            }
            EntryKind::Reversal { reason, .. } => Self { what: "reverse", reason: Some(reason), ..self },
        }
    }
}
