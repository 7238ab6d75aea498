//! Statements on ledgers that SQLite and PostgreSQL take alike. MySQL, which has names as bytes, and no words for some of it, has its own.

/// The columns of a fee, with its currency.
macro_rules! fee_columns {
    () => {
        "SELECT f.own, f.payer, f.code, f.revision, f.instalment, f.amount, f.due_on,
       (SELECT currency FROM bursar_book WHERE book = $1)"
    };
}
pub(crate) use fee_columns;

/// The columns of an entry, with its currency.
macro_rules! entry_columns {
    () => {
        "SELECT e.account, e.position, e.id, e.term, e.kind, e.figure, e.amount, e.effective_on, e.recorded_at, e.recorded_by, e.key,
       e.method, e.reference, e.reason, e.code, e.due_on, e.slot, e.fee_group, e.reverses, e.concession, e.note,
       (SELECT currency FROM bursar_book WHERE book = $1)
  FROM "
    };
}
pub(crate) use entry_columns;

/// Primary key.
pub(crate) const BOOKS: &str = "SELECT book FROM bursar_book WHERE book > $1 ORDER BY book LIMIT $2";

/// A charge from a group's fee. `bursar_entry_charge`: it walks the charges of the term until it finds one.
pub(crate) const FEE_CHARGED_GROUP: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND fee_group = $3 AND code = $4 AND code IS NOT NULL)";

/// A charge from an account's own fee. `bursar_entry_charge`.
pub(crate) const FEE_CHARGED_OWN: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_entry
                WHERE book = $1 AND term = $2 AND account = $3 AND code = $4 AND slot IS NOT NULL AND fee_group IS NULL)";

/// Primary key.
pub(crate) const ENTRIES: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND e.account = $2 AND e.position > $3 ORDER BY e.position LIMIT $4"
);

/// Primary key.
pub(crate) const SCAN: &str = concat!(
    entry_columns!(),
    "bursar_entry AS e WHERE e.book = $1 AND (e.account, e.position) > ($2, $3) ORDER BY e.account, e.position LIMIT $4"
);

/// How many terms there are from `$2` on, and up to it. Primary key.
pub(crate) const TERMS_AROUND: &str = "
SELECT count(*) FILTER (WHERE term >= $2), count(*) FILTER (WHERE term <= $2) FROM bursar_term WHERE book = $1";

/// Primary key.
pub(crate) const FILE_MARKS: &str = "
SELECT lines, digest, replaces FROM bursar_file_mark WHERE book = $1 AND lines > $2 ORDER BY lines, digest LIMIT $3";

/// Primary key.
pub(crate) const SEGMENTS: &str = "
SELECT account, first_position, seal, digests, chain
  FROM bursar_segment
 WHERE book = $1 AND (account, first_position) > ($2, $3)
 ORDER BY account, first_position LIMIT $4";

pub(crate) const BOOK_OPEN: &str = "
INSERT INTO bursar_book (book, currency) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(crate) const TERM_DEFINE: &str = "
INSERT INTO bursar_term (book, term, name, starts_on, ends_on, closed)
SELECT book, $2, $3, $4, $5, $6 FROM bursar_book WHERE book = $1
    ON CONFLICT DO NOTHING";
