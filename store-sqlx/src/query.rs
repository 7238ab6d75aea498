//! Statements with their values, and the rows they give: the same over every database.

use std::borrow::Cow;
use std::future::Future;

use bursar::{BookId, StoreError, Text};
use sqlx::{Connection as _, Database, Transaction};

use crate::engine::Engine;
use crate::error::{Phase, failed, store_error};
use crate::ledger::columns::corrupt;

/// A value that goes in. What is absent has a type as well: PostgreSQL asks for it.
#[derive(Clone, Debug)]
pub(crate) enum Value<'q> {
    /// An integer, a day, an instant, a term, money.
    Int(Option<i64>),
    /// A name or another text, or an array as JSON.
    Text(Option<Cow<'q, str>>),
    /// A hash, a digest.
    Bytes(Option<Cow<'q, [u8]>>),
    /// A truth value.
    Flag(bool),
    /// What a session holds: any text, with zeros and all.
    #[cfg(feature = "session")]
    Data(&'q str),
    /// What several sessions hold.
    #[cfg(feature = "session")]
    DataArray(Vec<&'q str>),
}

macro_rules! value {
    ($($from:ty => |$given:ident| $value:expr;)*) => {
        $(impl<'q> From<$from> for Value<'q> {
            fn from($given: $from) -> Self {
                $value
            }
        })*
    };
}

value! {
    i64 => |int| Self::Int(Some(int));
    i32 => |int| Self::Int(Some(int.into()));
    u32 => |int| Self::Int(Some(int.into()));
    Option<i64> => |int| Self::Int(int);
    Option<u32> => |int| Self::Int(int.map(i64::from));
    bool => |flag| Self::Flag(flag);
    String => |text| Self::Text(Some(Cow::Owned(text)));
    &'q str => |text| Self::Text(Some(Cow::Borrowed(text)));
    &'q Text => |text| Self::Text(Some(Cow::Borrowed(text)));
    Option<&'q str> => |text| Self::Text(text.map(Cow::Borrowed));
    &'q Option<Text> => |text| Self::Text(text.as_deref().map(Cow::Borrowed));
    &'q [u8] => |bytes| Self::Bytes(Some(Cow::Borrowed(bytes)));
    &'q [u8; 32] => |bytes| Self::Bytes(Some(Cow::Borrowed(bytes)));
    Option<&'q [u8]> => |bytes| Self::Bytes(bytes.map(Cow::Borrowed));
}

/// A statement with its values. The text is fixed and has parameters, which is what sqlx keeps prepared.
#[derive(Debug)]
pub struct Query<'q> {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value<'q>>,
}

impl<'q> Query<'q> {
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self { sql, values: Vec::new() }
    }

    /// The value of the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// A statement with the book as its first parameter.
pub(crate) fn query<'q>(sql: &'static str, book: &'q BookId) -> Query<'q> {
    Query::new(sql).bind(book.as_str())
}

/// A connection to such a database.
pub(crate) type Connection<E> = <E as Database>::Connection;

/// Begins a transaction. With a lifetime of its own: the one that sqlx's own signature has does not pass through spawned tasks.
pub(crate) fn begin<'c, E: Engine>(
    conn: &'c mut Connection<E>,
    how: &'static str,
) -> impl Future<Output = Result<Transaction<'c, E>, sqlx::Error>> + Send + 'c {
    conn.begin_with(how)
}

/// Rolls a transaction back after an error, which stays the one that counts: some errors have ended the transaction already, and then nothing is
/// left to roll back.
pub(crate) async fn undone<E: Engine, T>(transaction: Transaction<'_, E>, error: T) -> T {
    if let Err(second) = transaction.rollback().await {
        tracing::debug!(error = %second, "nothing was left to roll back");
    }
    error
}

/// A row of such a database.
pub struct Row<E: Database>(E::Row);

impl<E: Database> Row<E> {
    pub(crate) const fn new(row: E::Row) -> Self {
        Self(row)
    }
}

/// What a column can be read as.
pub(crate) trait Column<'r>: Sized {
    fn read<E: Engine>(row: &'r E::Row, column: usize) -> Result<Option<Self>, sqlx::Error>;
}

macro_rules! column {
    ($($type:ty: $read:ident),*) => {
        $(impl<'r> Column<'r> for $type {
            fn read<E: Engine>(row: &'r E::Row, column: usize) -> Result<Option<Self>, sqlx::Error> {
                E::$read(row, column)
            }
        })*
    };
}

column!(i64: int, &'r str: text, &'r [u8]: bytes, bool: flag);

/// A column of a row, as a type that may or may not have room for nothing.
pub(crate) trait Read<'r>: Sized {
    fn read<E: Engine>(row: &'r E::Row, column: usize) -> Result<Self, StoreError>;
}

impl<'r, T: Column<'r>> Read<'r> for Option<T> {
    fn read<E: Engine>(row: &'r E::Row, column: usize) -> Result<Self, StoreError> {
        T::read::<E>(row, column).map_err(failed::<E>("read a row"))
    }
}

macro_rules! present {
    ($($type:ty),*) => {
        $(impl<'r> Read<'r> for $type {
            fn read<E: Engine>(row: &'r E::Row, column: usize) -> Result<Self, StoreError> {
                <Option<Self> as Read<'r>>::read::<E>(row, column)?
                    .ok_or_else(|| corrupt(format!("column {column} of a row is empty")))
            }
        })*
    };
}

present!(i64, &'r str, &'r [u8], bool);

/// A column of a row.
pub(crate) fn get<'r, E: Engine, T: Read<'r>>(row: &'r Row<E>, column: usize) -> Result<T, StoreError> {
    T::read::<E>(&row.0, column)
}

/// Runs a statement and takes over all its rows before any is looked at, so that an error cuts no transaction short, and a statement that
/// commits by itself has done so.
pub(crate) async fn rows_in<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
    phase: Phase,
) -> Result<Vec<Row<E>>, StoreError> {
    let rows = E::fetch(conn, query).await.map_err(|error| store_error::<E>(operation, phase, error))?;
    Ok(rows.into_iter().map(Row::new).collect())
}

/// [`rows_in`] of a question.
pub(crate) async fn rows<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
) -> Result<Vec<Row<E>>, StoreError> {
    rows_in(conn, operation, query, Phase::Before).await
}

/// Runs a question that has one row or none. Not `fetch_optional`: it drops the statement at the first row, unfinished.
pub(crate) async fn row<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
) -> Result<Option<Row<E>>, StoreError> {
    Ok(rows(conn, operation, query).await?.pop())
}

/// The row of a statement that always has one.
pub(crate) async fn the_row<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
) -> Result<Row<E>, StoreError> {
    row(conn, operation, query).await?.ok_or_else(|| corrupt("a statement gave no row"))
}

/// Executes a statement; how many rows it changed.
pub(crate) async fn execute<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
) -> Result<u64, StoreError> {
    execute_in::<E>(conn, operation, query, Phase::Before).await
}

/// [`execute`] of a statement that may be a transaction by itself.
pub(crate) async fn execute_in<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
    phase: Phase,
) -> Result<u64, StoreError> {
    E::execute(conn, query).await.map_err(|error| store_error::<E>(operation, phase, error))
}

/// Executes a statement that a constraint may stop: `None` then.
pub(crate) async fn execute_unless_refused<E: Engine>(
    conn: &mut Connection<E>,
    operation: &'static str,
    query: Query<'_>,
) -> Result<Option<u64>, StoreError> {
    match E::execute(conn, query).await {
        Ok(changed) => Ok(Some(changed)),
        Err(error) if E::is_constraint(&error) => Ok(None),
        Err(error) => Err(failed::<E>(operation)(error)),
    }
}
