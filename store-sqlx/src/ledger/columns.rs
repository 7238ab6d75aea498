//! Entries as columns, the same in every database: what a kind carries is spread over columns that are empty for the others. A row that
//! no kind explains is corrupt, never a panic.

use bursar::{
    BilledSlot, ChargeOrigin, ConcessionKind, EntryKind, FeeGroup, Figure, Method, StoreError, TermId, Text,
};
use chrono::{DateTime, NaiveDate, Utc};

/// What a kind carries, as columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KindColumns<'a> {
    pub(crate) kind: &'a str,
    pub(crate) figure: i64,
    pub(crate) method: Option<&'a str>,
    pub(crate) reference: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) due_on: Option<i64>,
    pub(crate) slot: Option<i64>,
    pub(crate) fee_group: Option<&'a str>,
    pub(crate) reverses: Option<i64>,
    pub(crate) concession: Option<&'a str>,
}

impl<'a> KindColumns<'a> {
    /// The columns of a kind.
    pub(crate) fn of(kind: &'a EntryKind) -> Self {
        let columns = Self { kind: kind.as_str(), figure: figure_number(kind.figure()), ..Self::default() };
        match kind {
            EntryKind::Charge { code, due_on, origin } => Self {
                code: Some(code.as_str()),
                due_on: Some(day_number(*due_on)),
                slot: origin.slot.map(BilledSlot::ordinal),
                fee_group: origin.group.as_ref().map(FeeGroup::as_str),
                ..columns
            },
            EntryKind::Refund { method, reference } | EntryKind::Payment { method, reference } => {
                Self { method: Some(method.as_str()), reference: reference.as_deref(), ..columns }
            }
            EntryKind::Concession { concession, reason } => {
                Self { concession: Some(concession.as_str()), reason: Some(reason), ..columns }
            }
            EntryKind::Opening { reason }
            | EntryKind::Adjustment { reason }
            | EntryKind::WriteOff { reason } => Self { reason: Some(reason), ..columns },
            EntryKind::Reversal { of, reason, .. } => {
                Self { reverses: Some(i64::from(*of)), reason: Some(reason), ..columns }
            }
        }
    }

    /// The kind of such columns.
    pub(crate) fn kind(&self) -> Result<EntryKind, StoreError> {
        let figure = figure(self.figure)?;
        let kind = match self.kind {
            "charge" => self.charge()?,
            "opening" => EntryKind::Opening { reason: self.reason()? },
            "adjustment" => EntryKind::Adjustment { reason: self.reason()? },
            "refund" => {
                EntryKind::Refund { method: self.method()?, reference: self.reference.map(Text::from) }
            }
            "payment" => {
                EntryKind::Payment { method: self.method()?, reference: self.reference.map(Text::from) }
            }
            "concession" => EntryKind::Concession { concession: self.concession()?, reason: self.reason()? },
            "write_off" => EntryKind::WriteOff { reason: self.reason()? },
            "reversal" => {
                let of = self.reverses.and_then(|of| u32::try_from(of).ok());
                EntryKind::Reversal {
                    of: of.ok_or_else(|| missing("reverses"))?,
                    figure,
                    reason: self.reason()?,
                }
            }
            other => return Err(corrupt(format!("{other:?} is no kind of entry"))),
        };
        if kind.figure() != figure {
            return Err(corrupt(format!("a {} does not count as {figure}", self.kind)));
        }
        // What another kind carries would not be seen again, and yet bar a reversal or a charge by its index.
        if KindColumns::of(&kind) != *self {
            return Err(corrupt(format!("a {} does not carry all that its columns hold", self.kind)));
        }
        Ok(kind)
    }

    fn charge(&self) -> Result<EntryKind, StoreError> {
        let slot = match self.slot {
            Some(ordinal) => Some(
                BilledSlot::from_ordinal(ordinal).ok_or_else(|| corrupt(format!("{ordinal} is no slot")))?,
            ),
            None => None,
        };
        Ok(EntryKind::Charge {
            code: name(self.code.ok_or_else(|| missing("code"))?)?,
            due_on: day(self.due_on.ok_or_else(|| missing("due_on"))?)?,
            origin: ChargeOrigin { group: self.fee_group.map(name::<FeeGroup>).transpose()?, slot },
        })
    }

    fn reason(&self) -> Result<Text, StoreError> {
        self.reason.map(Text::from).ok_or_else(|| missing("reason"))
    }

    fn method(&self) -> Result<Method, StoreError> {
        word(self.method.ok_or_else(|| missing("method"))?)
    }

    fn concession(&self) -> Result<ConcessionKind, StoreError> {
        word(self.concession.ok_or_else(|| missing("concession"))?)
    }
}

const READ: &str = "read a row";

/// A row that says what it cannot say.
pub(crate) fn corrupt(detail: impl Into<String>) -> StoreError {
    let detail: String = detail.into();
    StoreError::corrupt(
        READ,
        format!("{detail}; the tables were changed by hand or are damaged: restore a backup"),
    )
}

fn missing(column: &str) -> StoreError {
    corrupt(format!("the column {column} is empty where its kind needs it"))
}

/// A name (an id, a code, a group) from a column.
pub(crate) fn name<'a, T: TryFrom<&'a str>>(text: &'a str) -> Result<T, StoreError>
where
    T::Error: std::fmt::Display,
{
    T::try_from(text).map_err(|refusal| corrupt(refusal.to_string()))
}

/// A word of a fixed set from a column.
pub(crate) fn word<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| corrupt(format!("{text:?} is unknown: {error}")))
}

/// The number by which a figure is kept.
pub(crate) const fn figure_number(figure: Figure) -> i64 {
    match figure {
        Figure::Opening => 0,
        Figure::Fee => 1,
        Figure::Adjustment => 2,
        Figure::Paid => 3,
    }
}

/// The figure of such a number.
pub(crate) fn figure(number: i64) -> Result<Figure, StoreError> {
    match number {
        0 => Ok(Figure::Opening),
        1 => Ok(Figure::Fee),
        2 => Ok(Figure::Adjustment),
        3 => Ok(Figure::Paid),
        other => Err(corrupt(format!("{other} is no figure"))),
    }
}

/// A day as a number: days since 1970-01-01. Every day there is has one, and they order as days do.
pub(crate) fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.to_epoch_days())
}

/// The day of such a number.
pub(crate) fn day(number: i64) -> Result<NaiveDate, StoreError> {
    let day = i32::try_from(number).ok().and_then(NaiveDate::from_epoch_days);
    day.ok_or_else(|| corrupt(format!("{number} is no day")))
}

/// The instant of microseconds since 1970.
pub(crate) fn instant(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| corrupt(format!("{micros} is no instant")))
}

/// The term of an ordinal.
pub(crate) fn term(ordinal: i64) -> Result<TermId, StoreError> {
    let term = i32::try_from(ordinal).ok().and_then(|ordinal| TermId::from_ordinal(ordinal).ok());
    term.ok_or_else(|| corrupt(format!("{ordinal} is no term")))
}

/// A count or position that the tables keep as a 64-bit integer.
pub(crate) fn narrow<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number).map_err(|_| corrupt(format!("{number} is no count")))
}
