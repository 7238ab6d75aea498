//! What a line asks for, from its fields.

use chrono::NaiveDate;

use super::raw::Value;
use super::reader::{Reader, bad, of_type};
use super::{Line, LineProblem};
use crate::billing_key::{billed_slot, is_billing_key};
use crate::draft::BilledFrom;
use crate::name::{IntoName, shorten};
use crate::recording::Recording;
use crate::{
    AccountId, Adjustment, Amount, BilledSlot, Charge, Concession, Draft, FeeCode, FeeGroup, FeeKey,
    IdempotencyKey, NewFee, OpeningBalance, Payer, Payment, Refund, Refusal, Reversal, Term, TermId,
    WriteOff,
};

const WORDS: &str = "book, term, fee, enrol, groups, standing, activate, close, charge, pay, opening, concession, adjust, write_off, refund, reverse, reprice, lock";

/// The last instalment that a slot can name.
const INSTALMENT_MAX: u16 = 999;

/// Refuses a key that billing makes, or will make, for another charge. Any other key of the library's own an export may bring.
fn not_of_billing(key: &IdempotencyKey) -> Result<(), LineProblem> {
    if is_billing_key(key) { Err(bad("key", Refusal::ReservedKey { key: key.clone() })) } else { Ok(()) }
}

impl Reader<'_> {
    pub(super) fn line(&mut self, what: &str) -> Result<Line, LineProblem> {
        Ok(match what {
            "book" => Line::Book { book: self.name("book")?, currency: self.word("currency")? },
            "term" => self.define_term()?,
            "fee" => self.fee()?,
            "enrol" => {
                Line::Enrol { account: self.name("account")?, groups: self.groups()?, on: self.date("on")? }
            }
            "groups" => {
                Line::Groups { account: self.name("account")?, groups: self.groups()?, on: self.date("on")? }
            }
            "standing" => {
                Line::Standing { account: self.name("account")?, to: self.word("to")?, on: self.date("on")? }
            }
            "activate" => Line::Activate {
                term: self.term("term")?,
                on: self.date("on")?,
                bill: self.optional_truth("bill")?.unwrap_or(true),
            },
            "close" => Line::Close { term: self.term("term")?, on: self.date("on")? },
            "reverse" => self.reverse()?,
            "reprice" => self.reprice()?,
            "lock" => Line::Lock { through: self.date("through")? },
            "charge" | "pay" | "opening" | "concession" | "adjust" | "write_off" | "refund" => {
                Line::Record(self.draft(what)?)
            }
            _ => return Err(LineProblem::UnknownDo { given: shorten(what), allowed: WORDS }),
        })
    }

    fn define_term(&mut self) -> Result<Line, LineProblem> {
        let id = self.term("number")?;
        let (starts_on, ends_on) = (self.date("starts_on")?, self.date("ends_on")?);
        let term = Term::new(id, starts_on, ends_on).map_err(|refusal| bad("ends_on", refusal))?;
        Ok(Line::Term(match self.optional_text("name")? {
            Some(name) => term.named(name).map_err(|refusal| bad("name", refusal))?,
            None => term,
        }))
    }

    fn fee(&mut self) -> Result<Line, LineProblem> {
        let term = self.term("term")?;
        let (group, account) = (self.optional_text("group")?, self.optional_text("account")?);
        let (code, amount) = (self.name::<FeeCode>("code")?, self.amount()?);
        let fee = match (group, account) {
            (Some(group), None) => {
                let group: FeeGroup = group.into_name().map_err(|refusal: Refusal| bad("group", refusal))?;
                NewFee::of_group(term, group, code, amount)
            }
            (None, Some(account)) => {
                let account: AccountId =
                    account.into_name().map_err(|refusal: Refusal| bad("account", refusal))?;
                NewFee::of_account(term, account, code, amount)
            }
            (None, None) => return Err(LineProblem::MissingField { field: "group" }),
            (Some(_), Some(_)) => return Err(bad("account", "a fee has a group or an account, not both")),
        };
        let fee = match (self.optional_date("due_on")?, self.instalments()?) {
            (Some(due_on), None) => fee.due_on(due_on),
            (None, Some(parts)) => fee.in_instalments_of(parts),
            (None, None) => fee,
            (Some(_), Some(_)) => {
                return Err(bad("instalments", "a fee has a due_on or instalments, not both"));
            }
        };
        Ok(Line::Fee(match self.optional_whole("revision")? {
            Some(revision) => fee.at_revision(revision),
            None => fee,
        }))
    }

    /// How much of a fee falls due when.
    fn instalments(&mut self) -> Result<Option<Vec<(Amount, NaiveDate)>>, LineProblem> {
        const FIELD: &str = "instalments";
        let items = match self.optional(FIELD) {
            None => return Ok(None),
            Some(Value::List(items)) if !items.is_empty() => items,
            Some(other) => return Err(of_type(FIELD, "a list of objects with amount and due_on", &other)),
        };
        let mut parts = Vec::with_capacity(items.len());
        for (item, number) in items.into_iter().zip(1_u32..) {
            let Value::Object(fields) = item else {
                return Err(of_type(FIELD, &format!("an object at {number}"), &item));
            };
            let wrong = |why: &dyn std::fmt::Display| bad(FIELD, format!("at {number}, {why}"));
            if let Some(field) = &fields.repeated {
                return Err(wrong(&LineProblem::RepeatedField { field: shorten(field) }));
            }
            let mut part = Reader::new(fields);
            let amount = part.amount().map_err(|problem| wrong(&problem))?;
            parts.push((amount, part.date("due_on").map_err(|problem| wrong(&problem))?));
            if let Some(field) = part.left() {
                return Err(wrong(&format!("the field {:?} is unknown", shorten(field))));
            }
        }
        Ok(Some(parts))
    }

    fn draft(&mut self, what: &str) -> Result<Draft, LineProblem> {
        let (key, account) = (self.name::<IdempotencyKey>("key")?, self.name::<AccountId>("account")?);
        let (term, amount, on) = (self.term("term")?, self.amount()?, self.date("on")?);
        if what != "charge" {
            not_of_billing(&key)?;
        }
        macro_rules! complete {
            ($draft:expr) => {
                $draft.key(key).account(account).for_term(term).on(on).into()
            };
        }
        let mut draft: Draft = match what {
            "pay" => {
                let payment = Payment::by(self.word("method")?, amount);
                match self.optional_text("reference")? {
                    Some(reference) => complete!(payment.reference(reference)),
                    None => complete!(payment),
                }
            }
            "refund" => {
                let refund = Refund::by(self.word("method")?, amount);
                match self.optional_text("reference")? {
                    Some(reference) => complete!(refund.reference(reference)),
                    None => complete!(refund),
                }
            }
            "opening" => complete!(OpeningBalance::of(amount, self.text("reason")?)),
            "adjust" => complete!(Adjustment::of(amount, self.text("reason")?)),
            "write_off" => complete!(WriteOff::of(amount, self.text("reason")?)),
            "concession" => complete!(Concession::of(self.word("kind")?, amount, self.text("reason")?)),
            _ => {
                let charge = self.charge(&key, &account, term, amount)?;
                complete!(charge)
            }
        };
        self.recording(&mut draft.recording)?;
        Ok(draft)
    }

    /// What a line brings along besides what it records, but for its key and its day.
    fn recording(&mut self, recording: &mut Recording) -> Result<(), LineProblem> {
        (recording.note, recording.recorded_by) = (self.note("note")?, self.note("recorded_by")?);
        recording.provenance = self.provenance()?;
        Ok(())
    }

    fn charge(
        &mut self,
        key: &IdempotencyKey,
        account: &AccountId,
        term: TermId,
        amount: Amount,
    ) -> Result<Charge, LineProblem> {
        let code: FeeCode = self.name("code")?;
        let billed_key = billed_slot(key, term, &code, account);
        let group = self.optional_text("group")?.map(|group| -> Result<FeeGroup, LineProblem> {
            group.into_name().map_err(|refusal: Refusal| bad("group", refusal))
        });
        let slot = self.slot()?;
        let of_own_fee = slot.is_some() || billed_key.is_some_and(|slot| slot.instalment == 0);
        let charge = Charge::of(code, amount);
        let charge = match group.transpose()? {
            Some(group) => charge.billed(BilledFrom { group: Some(Ok(group)), slot }),
            None if of_own_fee => charge.billed(BilledFrom { group: None, slot }),
            None => charge,
        };
        if billed_key.is_none() {
            not_of_billing(key)?;
        }
        Ok(match self.optional_date("due_on")? {
            Some(due_on) => charge.due_on(due_on),
            None => charge,
        })
    }

    /// Which billing of its code a charge was, where the line says so.
    fn slot(&mut self) -> Result<Option<BilledSlot>, LineProblem> {
        let (revision, instalment) = (self.optional_whole("revision")?, self.optional_whole("instalment")?);
        let (revision, instalment) = match (revision, instalment) {
            (None, None) => return Ok(None),
            (Some(revision), Some(instalment)) => (revision, instalment),
            (Some(_), None) => return Err(LineProblem::MissingField { field: "instalment" }),
            (None, Some(_)) => return Err(LineProblem::MissingField { field: "revision" }),
        };
        match u16::try_from(instalment) {
            Ok(instalment) if instalment <= INSTALMENT_MAX => Ok(Some(BilledSlot { revision, instalment })),
            _ => Err(bad("instalment", format!("it is above {INSTALMENT_MAX}"))),
        }
    }

    fn reverse(&mut self) -> Result<Line, LineProblem> {
        let key: IdempotencyKey = self.name("key")?;
        not_of_billing(&key)?;
        let of: IdempotencyKey = self.name("of")?;
        let mut reversal = Reversal::of_key(of, self.text("reason")?).key(key).on(self.date("on")?);
        self.recording(&mut reversal.recording)?;
        Ok(Line::Reverse(reversal))
    }

    fn reprice(&mut self) -> Result<Line, LineProblem> {
        let payer = Payer::Group(self.name("group")?);
        let fee = FeeKey { term: self.term("term")?, payer, code: self.name("code")? };
        Ok(Line::Reprice { fee, amount: self.amount()?, reason: self.text("reason")?, on: self.date("on")? })
    }
}
