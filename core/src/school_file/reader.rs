//! The fields of a line, taken one by one, saying of each by name what is wrong with it.

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use uuid::Uuid;

use super::LineProblem;
use super::raw::{Fields, Value};
use crate::money::parse_decimal;
use crate::name::{IntoName, check_text};
use crate::recording::Provenance;
use crate::{Amount, FeeGroup, Refusal, TermId, date};

/// Takes the fields of a line one by one.
pub(super) struct Reader<'a> {
    fields: Fields<'a>,
}

pub(super) fn bad(field: &'static str, why: impl std::fmt::Display) -> LineProblem {
    LineProblem::BadField { field, why: why.to_string() }
}

/// A day; one before the year 0 or after 9999 as an export writes it, with the sign of its year.
fn day(text: &str) -> Result<NaiveDate, Refusal> {
    date(text).or_else(|refusal| {
        let far = text.parse().ok().filter(|day: &NaiveDate| day.to_string() == text);
        far.ok_or(refusal)
    })
}

/// A UUID as it is written with its four dashes.
fn id(text: &str) -> Option<Uuid> {
    text.parse().ok().filter(|id: &Uuid| id.hyphenated().to_string().eq_ignore_ascii_case(text))
}

/// An instant with no more decimals than are kept: like an amount, it is never rounded.
fn instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    const SHAPE: &str = "it must be an instant such as 2026-01-31T08:00:00.000000Z";
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| SHAPE)?;
    let decimals = text.split_once('.').map_or("", |(_, decimals)| decimals);
    if decimals.bytes().take_while(u8::is_ascii_digit).count() > 6 {
        return Err("it has more than six decimals of a second");
    }
    if at.nanosecond() >= 1_000_000_000 {
        return Err("it is in a leap second");
    }
    Ok(at.to_utc())
}

pub(super) fn of_type(field: &'static str, wanted: &str, given: &Value<'_>) -> LineProblem {
    bad(field, format!("it must be {wanted}, and is {}", given.describe()))
}

impl<'a> Reader<'a> {
    pub(super) const fn new(fields: Fields<'a>) -> Self {
        Self { fields }
    }

    /// A field that nothing has taken.
    pub(super) fn left(&self) -> Option<&str> {
        self.fields.left()
    }

    /// A free text that a line may have.
    pub(super) fn note(&mut self, field: &'static str) -> Result<Option<String>, LineProblem> {
        let text = self.optional_text(field)?;
        let checked = text.as_deref().map_or(Ok(()), |given| check_text(field, given, false));
        checked.map_err(|refusal| bad(field, refusal)).map(|()| text)
    }

    /// The id and the instant of the entry, where the line brings them.
    pub(super) fn provenance(&mut self) -> Result<Provenance, LineProblem> {
        let id = match self.optional_text("id")? {
            Some(text) => Some(id(&text).ok_or_else(|| {
                bad("id", "it must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")
            })?),
            None => None,
        };
        let recorded_at = match self.optional_text("recorded_at")? {
            Some(text) => Some(instant(&text).map_err(|why| bad("recorded_at", why))?),
            None => None,
        };
        Ok(Provenance { id, recorded_at })
    }

    pub(super) fn optional(&mut self, field: &'static str) -> Option<Value<'a>> {
        self.fields.take(field)
    }

    fn needed(&mut self, field: &'static str) -> Result<Value<'a>, LineProblem> {
        self.optional(field).ok_or(LineProblem::MissingField { field })
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<String, LineProblem> {
        match self.needed(field)? {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    pub(super) fn optional_text(&mut self, field: &'static str) -> Result<Option<String>, LineProblem> {
        match self.optional(field) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.into_owned())),
            Some(other) => Err(of_type(field, "a text", &other)),
        }
    }

    pub(super) fn name<T>(&mut self, field: &'static str) -> Result<T, LineProblem>
    where
        for<'s> &'s str: IntoName<T>,
    {
        match self.needed(field)? {
            Value::Text(text) => (&*text).into_name().map_err(|refusal| bad(field, refusal)),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    pub(super) fn word<T: std::str::FromStr>(&mut self, field: &'static str) -> Result<T, LineProblem>
    where
        T::Err: std::fmt::Display,
    {
        match self.needed(field)? {
            Value::Text(text) => text.parse().map_err(|error| bad(field, error)),
            other => Err(of_type(field, "a text", &other)),
        }
    }

    pub(super) fn groups(&mut self) -> Result<Vec<FeeGroup>, LineProblem> {
        let given = self.needed("groups")?;
        let Value::List(items) = &given else { return Err(of_type("groups", "a list of texts", &given)) };
        let group = |item: &Value<'_>| match item {
            Value::Text(text) => FeeGroup::new(text).map_err(|refusal| bad("groups", refusal)),
            _ => Err(of_type("groups", "a list of texts", &given)),
        };
        items.iter().map(group).collect()
    }

    pub(super) fn whole(&mut self, field: &'static str) -> Result<u32, LineProblem> {
        self.optional_whole(field)?.ok_or(LineProblem::MissingField { field })
    }

    pub(super) fn optional_whole(&mut self, field: &'static str) -> Result<Option<u32>, LineProblem> {
        match self.optional(field) {
            None => Ok(None),
            Some(Value::Number(number)) => {
                u32::try_from(number).map(Some).map_err(|_| bad(field, "it is too large"))
            }
            Some(other) => Err(of_type(field, "a whole number", &other)),
        }
    }

    pub(super) fn optional_truth(&mut self, field: &'static str) -> Result<Option<bool>, LineProblem> {
        match self.optional(field) {
            None => Ok(None),
            Some(Value::Truth(truth)) => Ok(Some(truth)),
            Some(other) => Err(of_type(field, "true or false", &other)),
        }
    }

    /// The term of `year` and `term`, or of `year` and `number` in a line that defines one.
    pub(super) fn term(&mut self, number: &'static str) -> Result<TermId, LineProblem> {
        let (year, term) = (self.whole("year")?, self.whole(number)?);
        TermId::new(year, term).map_err(|refusal| bad(number, refusal))
    }

    pub(super) fn date(&mut self, field: &'static str) -> Result<NaiveDate, LineProblem> {
        match self.needed(field)? {
            Value::Text(text) => day(&text).map_err(|refusal| bad(field, refusal)),
            other => Err(of_type(field, "a date in a text", &other)),
        }
    }

    pub(super) fn optional_date(&mut self, field: &'static str) -> Result<Option<NaiveDate>, LineProblem> {
        match self.optional_text(field)? {
            Some(text) => day(&text).map(Some).map_err(|refusal| bad(field, refusal)),
            None => Ok(None),
        }
    }

    pub(super) fn amount(&mut self) -> Result<Amount, LineProblem> {
        match self.needed("amount")? {
            Value::Text(text) => {
                parse_decimal(&text).map(Amount::from).map_err(|refusal| bad("amount", refusal))
            }
            other => Err(of_type("amount", "an exact decimal in a text such as \"40.00\"", &other)),
        }
    }
}
