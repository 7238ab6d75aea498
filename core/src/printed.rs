//! Printed receipts: everything that the slip handed to a payer says, read from the book by the number on it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{Side, Table, WIDTH, failed, words, wrap};
use crate::{Allocation, BookId, Entry, EntryKind, Money, ReceiptNumber, Refusal};

/// What a payment went to, or what a refund was given back from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReceiptPart {
    /// The other entry: of a payment the debit that it settled, of a refund the credit that it gave back.
    pub entry: Entry,
    /// How much of it.
    pub amount: Money,
}

/// The receipt of a payment or a refund, as it is printed.
///
/// It says how things stood when the entry was recorded, so that a receipt printed again says the same; only that the entry has been
/// reversed since is added.
///
/// [`Display`](std::fmt::Display) shows it as a text of at most 80 columns.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-02-01")?);
/// let number = school.pay(payment).await?.number;
/// let printed = school.receipt(&number).await?;
/// assert_eq!((printed.parts[0].amount.to_string(), printed.balance.to_string()), ("80.00".into(), "40.00".into()));
/// school.reverse(Reversal::of_key("till-1-0001", "bounced").key("till-1-0002")).await?;
/// assert!(school.receipt(&number).await?.to_string().contains("VOID"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PrintedReceipt {
    /// Its number, unique in the book, with its check character.
    pub number: ReceiptNumber,
    /// The book.
    pub book: BookId,
    /// The entry: its account, term, day, method, reference and note, and when and by whom it was recorded. Its
    /// [`amount`](crate::NewEntry::amount) is above zero.
    pub entry: Entry,
    /// What it went to, or was given back from, by the [allocation](Allocation) then: what fell due first, first.
    pub parts: Vec<ReceiptPart>,
    /// What of a payment was left as credit.
    pub left: Money,
    /// The balance of the whole account right after it: positive is owed, negative is credit.
    pub balance: Money,
    /// Its reversal, where it has been reversed since: such a receipt is void.
    pub reversal: Option<Entry>,
}

impl PrintedReceipt {
    /// Makes it out from the entries of the account up to its own, in the order of positions, and its reversal.
    ///
    /// # Errors
    /// [`Refusal::NoReceipt`] for an entry that is neither a payment nor a refund; [`Refusal::UnknownEntry`] when it is not the last of
    /// the entries; [`Refusal::Overflow`].
    pub(crate) fn of(
        number: ReceiptNumber,
        book: BookId,
        entries: &[Entry],
        reversal: Option<Entry>,
    ) -> Result<Self, Refusal> {
        let (account, position) = (number.account().clone(), number.position());
        let Some(entry) = entries.last().filter(|entry| entry.position == position).cloned() else {
            return Err(Refusal::UnknownEntry { account, position });
        };
        let given_back = match entry.kind {
            EntryKind::Payment { .. } => false,
            EntryKind::Refund { .. } => true,
            _ => return Err(Refusal::NoReceipt { account, position, kind: entry.kind.as_str() }),
        };
        let currency = entry.effect.currency();
        let allocation = Allocation::of(entries, currency)?;
        let balance = Money::sum(entries.iter().map(|entry| entry.effect), currency)?;
        let (mut parts, mut left) = (Vec::new(), entry.amount());
        for part in allocation.settlements {
            let (own, other) = if given_back { (part.debit, part.credit) } else { (part.credit, part.debit) };
            let other = entries.iter().find(|entry| entry.position == other);
            if let Some(other) = other.filter(|_| own == position) {
                left = left.checked_sub(part.amount)?;
                parts.push(ReceiptPart { entry: other.clone(), amount: part.amount });
            }
        }
        Ok(Self { number, book, entry, parts, left, balance, reversal })
    }
}

impl fmt::Display for PrintedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entry, amount) = (&self.entry, self.entry.amount());
        let mut line = |what: &str, value: &str| writeln!(f, "{}", beside(what, value));
        let (title, done, went) = match &entry.kind {
            EntryKind::Refund { .. } => ("Refund", "paid back", "given back from"),
            _ => ("Receipt", "received", "settles"),
        };
        line(title, &self.number.to_string())?;
        line("book", self.book.as_str())?;
        if let Some(reversal) = &self.reversal {
            let why = match &reversal.kind {
                EntryKind::Reversal { reason, .. } => format!(": {reason}"),
                _ => String::new(),
            };
            line(
                "VOID",
                &format!("reversed on {} by no. {}{why}", reversal.effective_on, reversal.position),
            )?;
        }
        line("account", entry.account.as_str())?;
        line("day", &entry.effective_on.to_string())?;
        line(done, &format!("{amount:#}"))?;
        if let EntryKind::Payment { method, reference } | EntryKind::Refund { method, reference } =
            &entry.kind
        {
            line("method", method.as_str())?;
            if let Some(reference) = reference {
                line("reference", reference)?;
            }
        }
        line("term", &entry.term.to_string())?;
        if let Some(note) = &entry.note {
            line("note", note)?;
        }
        let by = entry.recorded_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        line("recorded", &format!("{}{by}", entry.recorded_at.format("%Y-%m-%d %H:%M:%S UTC")))?;
        self.sums(went).map_err(failed)?.fmt(f)
    }
}

impl PrintedReceipt {
    fn sums(&self, went: &str) -> Result<Table<2>, Refusal> {
        let mut table = Table::new([Side::Cut, Side::Right]);
        for part in &self.parts {
            let ReceiptPart { entry, amount } = part;
            table.row([
                format!("{went} no. {}, {}, {}", entry.position, entry.term, words(&entry.kind)),
                amount.to_string(),
            ]);
        }
        if self.left.is_positive() && !matches!(self.entry.kind, EntryKind::Refund { .. }) {
            table.row(["left as credit".into(), self.left.to_string()]);
        }
        let (what, balance) = if self.balance.is_negative() {
            ("in credit after it", self.balance.checked_neg()?)
        } else {
            ("owed after it", self.balance)
        };
        table.row([what.into(), balance.to_string()]);
        Ok(table)
    }
}

/// A value beside what it is, on as many lines as it takes; under it where a word of it has no room beside it.
fn beside(what: &str, value: &str) -> String {
    const INDENT: usize = 12;
    let room = WIDTH.saturating_sub(INDENT);
    let longest = value.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
    if longest > room {
        return format!("{what}\n{}", wrap(value, WIDTH, 0));
    }
    let lines = wrap(value, room, 0).replace('\n', &format!("\n{:INDENT$}", ""));
    format!("{what:<INDENT$}{lines}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_value_is_never_cut() {
        let (long, longer) = ("ab ".repeat(60), "x".repeat(77));
        assert!(beside("note", &long).lines().all(|line| line.chars().count() <= 80));
        assert_eq!(beside("note", &long).matches("ab").count(), 60);
        assert_eq!(beside("Receipt", &longer), format!("Receipt\n{longer}"));
        assert_eq!(beside("note", ""), "note");
    }

    #[test]
    fn a_word_stands_beside_as_long_as_it_has_room() {
        let (fits, longer) = ("x".repeat(68), "x".repeat(69));
        assert_eq!(beside("Receipt", &fits), format!("Receipt     {fits}"));
        assert_eq!(beside("Receipt", &longer), format!("Receipt\n{longer}"));
    }
}
