//! Writing single sessions, gathered: one statement a kind.

use std::collections::HashSet;

use bursar::StoreError;
use bursar_session::store::{Created, Deleted, Touched, Updated};
use bursar_session::{Content, Gone, KeyHash, UserId, Version};

use super::batch::{Create, Delete, SessionBatch, Touch, Update, Writes};
use super::columns::{Life, kept_until, micros};
use super::job;
use super::lane::{SessionDone, SessionJob, SessionWriter};
use crate::engine::Engine;
use crate::error::{Phase, failed, store_error};
use crate::json::JsonArray;
use crate::query::{Connection, Query, Row, Value, begin, execute_in, get, rows, undone};
use crate::writer::Writer;

impl<E: Engine> SessionWriter for Writer<E> {
    async fn write(&mut self, batch: &mut SessionBatch) -> Result<(), StoreError> {
        let mut patience = self.patience();
        loop {
            let conn = self.connection().await?;
            let written = if batch.kinds() == 1 {
                // What one statement has done is kept in the batch, and not done again.
                write::<E>(conn, batch, Phase::Commit).await
            } else {
                write_together::<E>(conn, batch).await
            };
            match written {
                Ok(()) => return Ok(()),
                Err(error) => self.recover(error, &mut patience).await?,
            }
        }
    }

    async fn run_session(&mut self, job: &SessionJob) -> Result<SessionDone, StoreError> {
        let mut patience = self.patience();
        loop {
            let conn = self.connection().await?;
            match job::run::<E>(conn, job).await {
                Ok(done) => return Ok(done),
                Err(error) => self.recover(error, &mut patience).await?,
            }
        }
    }
}

/// Several kinds share a transaction, and its commit.
async fn write_together<E: Engine>(
    conn: &mut Connection<E>,
    batch: &mut SessionBatch,
) -> Result<(), StoreError> {
    let begun = begin::<E>(conn, E::BEGIN).await;
    let mut transaction = begun.map_err(failed::<E>("begin a transaction"))?;
    if let Err(error) = write::<E>(&mut transaction, batch, Phase::Before).await {
        batch.reopen();
        return Err(undone(transaction, error).await);
    }
    let committed = transaction.commit().await;
    committed.map_err(|error| {
        batch.reopen();
        store_error::<E>("commit", Phase::Commit, error)
    })
}

async fn write<E: Engine>(
    conn: &mut Connection<E>,
    batch: &mut SessionBatch,
    phase: Phase,
) -> Result<(), StoreError> {
    create::<E>(conn, &mut batch.creates, phase).await?;
    update::<E>(conn, &mut batch.updates, phase).await?;
    touch::<E>(conn, &mut batch.touches, phase).await?;
    delete::<E>(conn, &mut batch.deletes, phase).await
}

/// Which sessions of an array a statement was done for.
#[derive(Debug)]
pub enum DoneFor<R> {
    /// Every one.
    #[allow(dead_code, reason = "only MySQL's say it; the others say which")]
    All,
    /// Those whose hashes are in these rows.
    These(Vec<R>),
}

/// A statement over an array that gives back the hashes of those that it was done for.
struct Statement {
    operation: &'static str,
    sql: &'static str,
    phase: Phase,
}

impl Statement {
    /// Does it for what is not answered yet; the numbers of those that it was done for.
    async fn apply<E: Engine, T: Keyed, A: Copy>(
        &self,
        conn: &mut Connection<E>,
        writes: &Writes<T, A>,
        fill: impl Fn(&mut JsonArray, &T),
    ) -> Result<Vec<usize>, StoreError> {
        let mut open = writes.open();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        if E::MANY_WRITERS {
            // One order for all, in which the rows are locked.
            open.sort_by_key(|(_, item)| *item.key().as_bytes());
        }
        let (mut rows, mut data) = (JsonArray::new(), Vec::new());
        for (_, item) in &open {
            rows.row(|row| {
                row.hex(item.key().as_bytes());
                fill(row, item);
                if E::DATA_IN_ROWS {
                    item.data().into_iter().for_each(|text| row.text(text));
                }
            });
            if !E::DATA_IN_ROWS {
                data.extend(item.data());
            }
        }
        // All rows are waited for: the statement commits with its last step, not with its first row.
        let mut query = Query::new(self.sql).bind(rows.finish()?);
        if T::HAS_DATA && !E::DATA_IN_ROWS {
            query = query.bind(Value::DataArray(data));
        }
        let done = E::write_sessions(conn, query, open.len()).await;
        let done = match done.map_err(|error| store_error::<E>(self.operation, self.phase, error))? {
            DoneFor::These(rows) if rows.len() < open.len() => rows,
            _ => return Ok(open.into_iter().map(|(at, _)| at).collect()),
        };
        let done: Vec<Row<E>> = done.into_iter().map(Row::new).collect();
        let hashes = done.iter().map(|row| get::<E, &[u8]>(row, 0)).collect::<Result<HashSet<_>, _>>()?;
        let of_these = open.into_iter().filter(|(_, item)| hashes.contains(item.key().as_bytes().as_slice()));
        Ok(of_these.map(|(at, _)| at).collect())
    }
}

/// A write of one session.
trait Keyed {
    fn key(&self) -> KeyHash;
    fn now(&self) -> i64;

    const HAS_DATA: bool = false;

    fn data(&self) -> Option<&str> {
        None
    }
}

macro_rules! keyed {
    ($($kind:ty $(: $data:ident)?),*) => {
        $(impl Keyed for $kind {
            fn key(&self) -> KeyHash {
                self.key
            }

            fn now(&self) -> i64 {
                self.now
            }
            $(
                const HAS_DATA: bool = true;

                fn data(&self) -> Option<&str> {
                    Some(&self.$data.data)
                }
            )?
        })*
    };
}

keyed!(Create: content, Update: content, Touch, Delete);

/// Whether those that are not answered yet live: why not, if not.
async fn lives<E: Engine, T: Keyed, A: Copy>(
    conn: &mut Connection<E>,
    writes: &Writes<T, A>,
) -> Result<Vec<(usize, Option<Gone>)>, StoreError> {
    let open = writes.open();
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let mut hashes = JsonArray::new();
    for (_, item) in &open {
        hashes.hex(item.key().as_bytes());
    }
    let query = Query::new(E::SESSION.lives).bind(hashes.finish()?);
    let rows = rows::<E>(conn, "look whether sessions are there", query).await?;
    let mut found: Vec<(usize, Option<Gone>)> =
        open.iter().map(|(number, _)| (*number, Some(Gone::UNKNOWN))).collect();
    for row in &rows {
        let at = usize::try_from(get::<E, i64>(row, 0)?).unwrap_or(usize::MAX);
        let life = Life { gone: get(row, 1)?, gone_at: get(row, 2)?, expires_at: get(row, 3)? };
        if let (Some(found), Some((_, item))) = (found.get_mut(at), open.get(at)) {
            found.1 = life.gone(item.now());
        }
    }
    Ok(found)
}

async fn create<E: Engine>(
    conn: &mut Connection<E>,
    writes: &mut Writes<Create, Created>,
    phase: Phase,
) -> Result<(), StoreError> {
    let statement = Statement { operation: "create sessions", sql: E::SESSION.create, phase };
    let done = statement.apply::<E, _, _>(conn, writes, |row, Create { content, now, .. }| {
        row.int(*now);
        fill_content(row, content);
    });
    for at in done.await? {
        writes.answer(at, Created::Created);
    }
    let exist: Vec<usize> = writes.open().iter().map(|(at, _)| *at).collect();
    for at in exist {
        writes.answer(at, Created::Exists);
    }
    Ok(())
}

fn fill_content(row: &mut JsonArray, content: &Content) {
    row.int(content.expires_at.timestamp_micros());
    row.int(content.ends_at.timestamp_micros());
    row.opt_int(content.idle_timeout.map(micros));
    row.opt_text(content.user.as_ref().map(UserId::as_str));
}

const UPDATE: &str = "update sessions";

async fn update<E: Engine>(
    conn: &mut Connection<E>,
    writes: &mut Writes<Update, Updated>,
    phase: Phase,
) -> Result<(), StoreError> {
    // Mostly no index is moved; of the others it is not known yet whether they are there.
    match writes.open()[..] {
        [] => return Ok(()),
        [(at, update)] => {
            if update_one::<E>(conn, update, phase).await? {
                let version = update.version.next();
                writes.answer(at, Updated::Updated(version));
            }
        }
        _ => update_many::<E>(conn, E::SESSION.update, writes, phase).await?,
    }
    if let Some(indexed) = E::SESSION.update_indexed {
        update_many::<E>(conn, indexed, writes, phase).await?;
    }
    for (at, gone) in lives::<E, _, _>(conn, writes).await? {
        writes.answer(at, gone.map_or(Updated::Stale, Updated::Gone));
    }
    Ok(())
}

/// One alone, without an array and without a row that comes back; whether it was done.
async fn update_one<E: Engine>(
    conn: &mut Connection<E>,
    Update { key, version, content, now }: &Update,
    phase: Phase,
) -> Result<bool, StoreError> {
    let query = Query::new(E::SESSION.update_one).bind(key.as_bytes()).bind(version.number()).bind(*now);
    let query = query.bind(content.expires_at.timestamp_micros()).bind(content.ends_at.timestamp_micros());
    let query = query.bind(content.idle_timeout.map(micros)).bind(content.user.as_ref().map(UserId::as_str));
    Ok(execute_in::<E>(conn, UPDATE, query.bind(Value::Data(&content.data)), phase).await? == 1)
}

async fn update_many<E: Engine>(
    conn: &mut Connection<E>,
    sql: &'static str,
    writes: &mut Writes<Update, Updated>,
    phase: Phase,
) -> Result<(), StoreError> {
    let statement = Statement { operation: UPDATE, sql, phase };
    let done = statement.apply::<E, _, _>(conn, writes, |row, Update { version, content, now, .. }| {
        row.int(version.number());
        row.int(*now);
        fill_content(row, content);
    });
    for at in done.await? {
        if let Some(version) = writes.item(at).map(|update| update.version.next()) {
            writes.answer(at, Updated::Updated(version));
        }
    }
    Ok(())
}

async fn touch<E: Engine>(
    conn: &mut Connection<E>,
    writes: &mut Writes<Touch, Touched>,
    phase: Phase,
) -> Result<(), StoreError> {
    let statement = Statement { operation: "touch sessions", sql: E::SESSION.touch, phase };
    let done = statement.apply::<E, _, _>(conn, writes, |row, Touch { expires_at, now, .. }| {
        row.int(*now);
        row.int(*expires_at);
    });
    for at in done.await? {
        writes.answer(at, Touched::Touched);
    }
    for (at, gone) in lives::<E, _, _>(conn, writes).await? {
        // One that lives by now was not there a moment ago.
        writes.answer(at, Touched::Gone(gone.unwrap_or(Gone::UNKNOWN)));
    }
    Ok(())
}

async fn delete<E: Engine>(
    conn: &mut Connection<E>,
    writes: &mut Writes<Delete, Deleted>,
    phase: Phase,
) -> Result<(), StoreError> {
    let statement = Statement { operation: "delete sessions", sql: E::SESSION.delete, phase };
    let done = statement.apply::<E, _, _>(conn, writes, |row, Delete { version, reason, now, .. }| {
        row.int(*now);
        row.int(kept_until(*now));
        row.int(i64::from(reason.number()));
        row.opt_int(version.map(Version::number));
    });
    for at in done.await? {
        writes.answer(at, Deleted::Deleted);
    }
    for (at, gone) in lives::<E, _, _>(conn, writes).await? {
        let versioned = writes.item(at).is_some_and(|delete| delete.version.is_some());
        let answer = match gone {
            Some(gone) => Deleted::Gone(gone),
            None if versioned => Deleted::Stale,
            // One that lives by now was not there a moment ago.
            None => Deleted::Gone(Gone::UNKNOWN),
        };
        writes.answer(at, answer);
    }
    Ok(())
}
