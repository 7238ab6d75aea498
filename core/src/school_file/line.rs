//! One line of a school file: parsed into what it asks for.

use chrono::NaiveDate;

use super::raw::{self, Fields, Value};
use crate::money::parse_decimal;
use crate::name::{IntoName, shorten};
use crate::{
    AccountId, Adjustment, Amount, BilledSlot, BookId, Charge, Concession, Currency, Draft, FeeCode,
    FeeGroup, FeeKey, IdempotencyKey, NewFee, OpeningBalance, Payer, Payment, Refund, Refusal, Reversal,
    Standing, Term, TermId, WriteOff, date,
};

/// What is wrong with a line of a school file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is longer than a line may be.
    #[error("it is longer than {max} bytes; a line is one short JSON object")]
    TooLong {
        /// The most bytes allowed.
        max: usize,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8 (first at byte {at}); save the file as UTF-8")]
    NotUtf8 {
        /// How many bytes of it are.
        at: usize,
    },
    /// It is not one JSON object.
    #[error("it is not one JSON object: {detail}")]
    NotJson {
        /// What the JSON reader says.
        detail: String,
    },
    /// The first line is not a `book`, or the file has none.
    #[error("the first line must be a \"book\" with its id and currency")]
    NoBook,
    /// A `book` after the first line.
    #[error("there is a second \"book\"; a file is of one book")]
    SecondBook,
    /// A `do` that there is not.
    #[error("{given:?} is nothing to do; allowed are: {allowed}")]
    UnknownDo {
        /// The word, shortened.
        given: String,
        /// The words there are.
        allowed: &'static str,
    },
    /// A field that a line of its kind needs is not there.
    #[error("the field \"{field}\" is missing")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A field that lines of its kind do not have.
    #[error("the field \"{field}\" is unknown in a \"{what}\" line")]
    UnknownField {
        /// The field, shortened.
        field: String,
        /// The kind of line.
        what: String,
    },
    /// A field that is there twice.
    #[error("the field \"{field}\" is there twice")]
    RepeatedField {
        /// The field, shortened.
        field: String,
    },
    /// A field whose value is of another type, or is none of those allowed.
    #[error("the field \"{field}\" is wrong: {why}")]
    BadField {
        /// The field.
        field: &'static str,
        /// What is wrong, and what is allowed.
        why: String,
    },
}

/// What a line asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Line {
    /// The book of the file.
    Book {
        /// Its id.
        book: BookId,
        /// Its currency.
        currency: Currency,
    },
    /// A term to define.
    Term(Term),
    /// A fee to price.
    Fee(NewFee),
    /// An account to enrol.
    Enrol {
        /// The account.
        account: AccountId,
        /// Its fee groups.
        groups: Vec<FeeGroup>,
        /// From which day.
        on: NaiveDate,
    },
    /// An account to move to other groups.
    Groups {
        /// The account.
        account: AccountId,
        /// Its fee groups from then on.
        groups: Vec<FeeGroup>,
        /// On which day.
        on: NaiveDate,
    },
    /// An account to move to another standing.
    Standing {
        /// The account.
        account: AccountId,
        /// Its standing from then on.
        to: Standing,
        /// On which day.
        on: NaiveDate,
    },
    /// A term to make current and bill.
    Activate {
        /// The term.
        term: TermId,
        /// On which day.
        on: NaiveDate,
    },
    /// A term to close.
    Close {
        /// The term.
        term: TermId,
        /// On which day.
        on: NaiveDate,
    },
    /// A payment, charge, opening balance, concession, adjustment, write-off or refund.
    Record(Draft),
    /// An entry to reverse.
    Reverse(Reversal),
    /// A fee to reprice.
    Reprice {
        /// Which fee.
        fee: FeeKey,
        /// The new price.
        amount: Amount,
        /// Why.
        reason: String,
        /// On which day.
        on: NaiveDate,
    },
    /// A day through which to lock the book.
    Lock {
        /// The last locked day.
        through: NaiveDate,
    },
}

const WORDS: &str = "book, term, fee, enrol, groups, standing, activate, close, charge, pay, opening, concession, adjust, write_off, refund, reverse, reprice, lock";

impl Line {
    /// Parses a line, without its line end.
    ///
    /// # Errors
    /// What is wrong with it. Whether a rule allows what it asks for is not looked at.
    pub fn parse(line: &[u8]) -> Result<Self, LineProblem> {
        let text =
            std::str::from_utf8(line).map_err(|error| LineProblem::NotUtf8 { at: error.valid_up_to() })?;
        let fields = raw::fields(text).map_err(|error| LineProblem::NotJson { detail: error.to_string() })?;
        if let Some(field) = &fields.repeated {
            return Err(LineProblem::RepeatedField { field: shorten(field) });
        }
        let mut reader = Reader { fields };
        let what = reader.text("do")?;
        let line = reader.line(&what)?;
        match reader.fields.left() {
            Some(field) => Err(LineProblem::UnknownField { field: shorten(field), what }),
            None => Ok(line),
        }
    }
}

/// Takes the fields of a line one by one, saying of each by name what is wrong with it.
struct Reader<'a> {
    fields: Fields<'a>,
}

fn bad(field: &'static str, why: impl std::fmt::Display) -> LineProblem {
    LineProblem::BadField { field, why: why.to_string() }
}

/// The slot in a key that billing made for this very charge.
fn billed_slot(
    key: &IdempotencyKey,
    term: TermId,
    code: &FeeCode,
    account: &AccountId,
) -> Option<BilledSlot> {
    let rest = key.as_str().strip_prefix(&format!("bursar:bill:{term}:{code}:"))?;
    let slot = rest.strip_suffix(&format!(":{account}"))?;
    BilledSlot::from_ordinal(slot.parse().ok()?)
}

/// Refuses a key that billing makes, or will make, for another charge. Any other key of the library's own an export may bring.
fn not_of_billing(key: &IdempotencyKey) -> Result<(), LineProblem> {
    let rest = key.as_str().strip_prefix("bursar:bill:");
    match rest.and_then(|rest| rest.split(':').next()).map(str::parse::<TermId>) {
        Some(Ok(_)) => Err(bad("key", Refusal::ReservedKey { key: key.clone() })),
        _ => Ok(()),
    }
}

fn of_type(field: &'static str, wanted: &str, given: &Value<'_>) -> LineProblem {
    bad(field, format!("it must be {wanted}, and is {}", given.describe()))
}

impl Reader<'_> {
    fn line(&mut self, what: &str) -> Result<Line, LineProblem> {
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
            "activate" => Line::Activate { term: self.term("term")?, on: self.date("on")? },
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
        Ok(Line::Fee(match self.optional_date("due_on")? {
            Some(due_on) => fee.due_on(due_on),
            None => fee,
        }))
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
        Ok(match what {
            "pay" => {
                let payment = Payment::by(self.word("method")?, amount);
                match self.optional_text("reference")? {
                    Some(reference) => complete!(payment.reference(reference)),
                    None => complete!(payment),
                }
            }
            "refund" => complete!(Refund::by(self.word("method")?, amount)),
            "opening" => complete!(OpeningBalance::of(amount, self.text("reason")?)),
            "adjust" => complete!(Adjustment::of(amount, self.text("reason")?)),
            "write_off" => complete!(WriteOff::of(amount, self.text("reason")?)),
            "concession" => complete!(Concession::of(self.word("kind")?, amount, self.text("reason")?)),
            _ => {
                let charge = self.charge(&key, &account, term, amount)?;
                complete!(charge)
            }
        })
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
        let charge = Charge::of(code, amount);
        let charge = match self.optional_text("group")? {
            Some(group) => {
                let group: FeeGroup = group.into_name().map_err(|refusal: Refusal| bad("group", refusal))?;
                charge.billed_from(group)
            }
            // An export says by the key alone that billing made a charge from the account's own fee; the format bills a code once, so a later
            // instalment comes as if made by hand.
            None if billed_key.is_some_and(|slot| slot.instalment == 0) => charge.billed_from_own(),
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

    fn reverse(&mut self) -> Result<Line, LineProblem> {
        let key: IdempotencyKey = self.name("key")?;
        not_of_billing(&key)?;
        let of: IdempotencyKey = self.name("of")?;
        let reversal = Reversal::of_key(of, self.text("reason")?).key(key);
        Ok(Line::Reverse(reversal.on(self.date("on")?)))
    }

    fn reprice(&mut self) -> Result<Line, LineProblem> {
        let payer = Payer::Group(self.name("group")?);
        let fee = FeeKey { term: self.term("term")?, payer, code: self.name("code")? };
        Ok(Line::Reprice { fee, amount: self.amount()?, reason: self.text("reason")?, on: self.date("on")? })
    }

    fn needed(&mut self, field: &'static str) -> Result<Value<'_>, LineProblem> {
        self.fields.take(field).ok_or(LineProblem::MissingField { field })
    }

    fn text(&mut self, field: &'static str) -> Result<String, LineProblem> {
        match self.needed(field)? {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    fn optional_text(&mut self, field: &'static str) -> Result<Option<String>, LineProblem> {
        match self.fields.take(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.into_owned())),
            Some(other) => Err(of_type(field, "a text", &other)),
        }
    }

    fn name<T>(&mut self, field: &'static str) -> Result<T, LineProblem>
    where
        for<'s> &'s str: IntoName<T>,
    {
        match self.needed(field)? {
            Value::Text(text) => (&*text).into_name().map_err(|refusal| bad(field, refusal)),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    fn word<T: std::str::FromStr>(&mut self, field: &'static str) -> Result<T, LineProblem>
    where
        T::Err: std::fmt::Display,
    {
        match self.needed(field)? {
            Value::Text(text) => text.parse().map_err(|error| bad(field, error)),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    fn groups(&mut self) -> Result<Vec<FeeGroup>, LineProblem> {
        match self.needed("groups")? {
            Value::Texts(texts) => texts
                .iter()
                .map(|text| FeeGroup::new(text).map_err(|refusal| bad("groups", refusal)))
                .collect(),
            other => Err(of_type("groups", "a list of texts", &other)),
        }
    }

    fn whole(&mut self, field: &'static str) -> Result<u32, LineProblem> {
        match self.needed(field)? {
            Value::Number(number) => u32::try_from(number).map_err(|_| bad(field, "it is too large")),
            other => Err(of_type(field, "a whole number", &other)),
        }
    }

    /// The term of `year` and `term`, or of `year` and `number` in a line that defines one.
    fn term(&mut self, number: &'static str) -> Result<TermId, LineProblem> {
        let (year, term) = (self.whole("year")?, self.whole(number)?);
        TermId::new(year, term).map_err(|refusal| bad(number, refusal))
    }

    fn date(&mut self, field: &'static str) -> Result<NaiveDate, LineProblem> {
        match self.needed(field)? {
            Value::Text(text) => date(&text).map_err(|refusal| bad(field, refusal)),
            other => Err(of_type(field, "a date in a text", &other)),
        }
    }

    fn optional_date(&mut self, field: &'static str) -> Result<Option<NaiveDate>, LineProblem> {
        match self.optional_text(field)? {
            Some(text) => date(&text).map(Some).map_err(|refusal| bad(field, refusal)),
            None => Ok(None),
        }
    }

    fn amount(&mut self) -> Result<Amount, LineProblem> {
        match self.needed("amount")? {
            Value::Text(text) => {
                parse_decimal(&text).map(Amount::from).map_err(|refusal| bad("amount", refusal))
            }
            other => Err(of_type("amount", "an exact decimal in a text such as \"40.00\"", &other)),
        }
    }
}
