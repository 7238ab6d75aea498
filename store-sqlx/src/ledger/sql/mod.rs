//! Statements on ledgers that every database takes alike. What a database says in its own way is among its own, and in
//! [`LedgerSql`](super::statements::LedgerSql).

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod standard;

/// The book with its terms: a row a term, or one with none. Primary keys.
pub(crate) const BOOK: &str = "
SELECT b.currency, b.version, b.current_term, b.locked_through, t.term, t.name, t.starts_on, t.ends_on, t.closed
  FROM bursar_book AS b
  LEFT JOIN bursar_term AS t ON t.book = b.book
 WHERE b.book = $1
 ORDER BY t.term";

/// `bursar_entry_reversed`.
pub(crate) const REVERSAL_OF: &str =
    "SELECT position FROM bursar_entry WHERE book = $1 AND account = $2 AND reverses = $3";

/// A row where a group has more than `$3` members. `bursar_member_group`.
pub(crate) const GROUP_BEYOND: &str =
    "SELECT 1 FROM bursar_member WHERE book = $1 AND fee_group = $2 LIMIT 1 OFFSET $3";

/// How far the book is sealed: the last step, and the last root with its own step. Primary key, and `bursar_seal_root`.
pub(crate) const SEAL_STATE: &str = "
SELECT s.step, r.step, r.seal, r.accounts, r.entries, r.root, r.sealed_at
  FROM (SELECT coalesce(max(step), 0) AS step FROM bursar_seal WHERE book = $1) AS s
  LEFT JOIN bursar_seal AS r
    ON r.book = $1 AND r.seal = (SELECT max(seal) FROM bursar_seal WHERE book = $1 AND seal IS NOT NULL)";

/// `bursar_seal_root`.
pub(crate) const SEALS: &str = "
SELECT seal, accounts, entries, root, sealed_at FROM bursar_seal WHERE book = $1 AND seal > $2 ORDER BY seal LIMIT $3";

/// The next step, where there is the book and `$2` is one more than the last. Primary key.
pub(crate) const SEAL_STEP: &str = "
INSERT INTO bursar_seal (book, step, seal, sealed_at, accounts, entries, root)
SELECT b.book, $2, $3, $4, $5, $6, $7
  FROM bursar_book AS b
 WHERE b.book = $1 AND $2 = 1 + (SELECT coalesce(max(s.step), 0) FROM bursar_seal AS s WHERE s.book = $1)";

pub(crate) const BOOK_RAISE: &str = "UPDATE bursar_book SET version = version + 1 WHERE book = $1";

pub(crate) const TERM_MAKE_CURRENT: &str = "
UPDATE bursar_book SET current_term = $2
 WHERE book = $1 AND EXISTS (SELECT 1 FROM bursar_term WHERE book = $1 AND term = $2)";

pub(crate) const BOOK_LOCK: &str = "UPDATE bursar_book SET locked_through = $2 WHERE book = $1";

/// Primary key.
pub(crate) const FEE_EXISTS: &str = "
SELECT EXISTS (SELECT 1 FROM bursar_fee WHERE book = $1 AND term = $2 AND own = $3 AND payer = $4 AND code = $5)";

pub(crate) const FEE_DELETE: &str = "
DELETE FROM bursar_fee WHERE book = $1 AND term = $2 AND own = $3 AND payer = $4 AND code = $5";

pub(crate) const MEMBERS_REMOVE: &str = "DELETE FROM bursar_member WHERE book = $1 AND account = $2";

pub(crate) const ACCOUNT_REVISE: &str = "
UPDATE bursar_account SET revision = revision + 1 WHERE book = $1 AND account = $2 AND revision = $3";

pub(crate) const ACCOUNT_MOVE: &str = "
UPDATE bursar_account SET revision = revision + 1, standing = $4
 WHERE book = $1 AND account = $2 AND revision = $3 AND ($5 IS NULL OR version = $5)";

pub(crate) const FILE_MARK_REMOVE: &str = "DELETE FROM bursar_file_mark WHERE book = $1 AND digest = $2";

/// The statements on accounts that differ by how a database reads their columns alone, which a macro of this name says.
macro_rules! account_statements {
    ($columns:ident) => {
        /// Primary key.
        pub(crate) const ACCOUNT: &str =
            concat!($columns!(), "bursar_account AS a WHERE a.book = $1 AND a.account = $2");

        /// Primary key.
        pub(crate) const ACCOUNTS_LIST: &str = concat!(
            $columns!(),
            "bursar_account AS a WHERE a.book = $1 AND a.account > $2 ORDER BY a.account LIMIT $3"
        );

        /// Primary key: it walks the accounts until the page is full, which is soon where many owe.
        pub(crate) const ACCOUNTS_OWING: &str = concat!(
            $columns!(),
            "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance > 0 ORDER BY a.account LIMIT $3"
        );

        /// Primary key: it walks the accounts until the page is full. An index of those in credit would cost every payment that makes or changes one.
        pub(crate) const ACCOUNTS_IN_CREDIT: &str = concat!(
            $columns!(),
            "bursar_account AS a WHERE a.book = $1 AND a.account > $2 AND a.balance < 0 ORDER BY a.account LIMIT $3"
        );
    };
}
pub(crate) use account_statements;
