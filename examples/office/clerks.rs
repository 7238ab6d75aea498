//! Clerks: who may sign in, and what each may do. A table of the application's own, beside the library's in the same database.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::Row as _;
use sqlx::any::AnyPoolOptions;

use super::failure::Failure;
use bursar_examples::database;

/// What a clerk may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes payments, and records what else an account needs.
    Clerk,
    /// Reverses, writes off, sets fees, activates terms, and looks after the clerks, besides.
    Head,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Clerk, Self::Head];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Head => "head",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == word);
        found.ok_or_else(|| "the role is clerk or head".to_owned())
    }
}

/// One who may sign in.
#[derive(Clone)]
pub struct Known {
    /// The name, in small letters.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The hash of the password, as a PHC string.
    pub password: String,
}

/// The longest name of a clerk, in characters.
pub const NAME_LENGTH_MAX: usize = 32;

/// The name as it is kept: in small letters; an error that says what a name is made of.
///
/// # Errors
/// A name that is empty, too long, or of other characters.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim().to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(allowed) {
        return Err(format!(
            "a name has 1 to {NAME_LENGTH_MAX} letters a to z, digits, dots, hyphens or underscores"
        ));
    }
    Ok(name)
}

/// The statements, with `?` for MySQL and MariaDB, and with numbers for the others.
struct Words {
    find: &'static str,
    list: &'static str,
    add: &'static str,
    password: &'static str,
    remove: &'static str,
}

const NUMBERED: Words = Words {
    find: "SELECT name, role, password FROM office_clerk WHERE name = $1",
    list: "SELECT name, role, password FROM office_clerk ORDER BY name",
    add: "INSERT INTO office_clerk (name, role, password) VALUES ($1, $2, $3)",
    password: "UPDATE office_clerk SET password = $1 WHERE name = $2",
    remove: "DELETE FROM office_clerk WHERE name = $1",
};

const UNNUMBERED: Words = Words {
    find: "SELECT name, role, password FROM office_clerk WHERE name = ?",
    list: "SELECT name, role, password FROM office_clerk ORDER BY name",
    add: "INSERT INTO office_clerk (name, role, password) VALUES (?, ?, ?)",
    password: "UPDATE office_clerk SET password = ? WHERE name = ?",
    remove: "DELETE FROM office_clerk WHERE name = ?",
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS office_clerk (name VARCHAR(64) NOT NULL PRIMARY KEY, \
                     role VARCHAR(16) NOT NULL, password VARCHAR(255) NOT NULL)";

/// The table of clerks.
#[derive(Clone)]
pub struct Clerks {
    pool: AnyPool,
    words: &'static Words,
}

impl Clerks {
    /// Opens the table in a database, and makes it where it is not there.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(url: &str) -> Result<Self, database::Failure> {
        const CONNECTIONS: u32 = 4;
        sqlx::any::install_default_drivers();
        let memory = url == database::MEMORY;
        // The driver knows MariaDB by MySQL's name.
        let url = url.strip_prefix("mariadb:").map_or_else(|| url.to_owned(), |rest| format!("mysql:{rest}"));
        let mut options = AnyPoolOptions::new().max_connections(if memory { 1 } else { CONNECTIONS });
        if memory {
            // The memory ends with its only connection.
            options = options.idle_timeout(None).max_lifetime(None);
        }
        let pool = options
            .acquire_timeout(Duration::from_secs(10))
            .connect(if memory { "sqlite::memory:" } else { &url })
            .await?;
        sqlx::query(TABLE).execute(&pool).await?;
        let words = if url.starts_with("mysql:") { &UNNUMBERED } else { &NUMBERED };
        Ok(Self { pool, words })
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Failure::Down`] when the database cannot be asked.
    pub async fn find(&self, name: &str) -> Result<Option<Known>, Failure> {
        let row = sqlx::query(self.words.find).bind(name).fetch_optional(&self.pool).await?;
        row.as_ref().map(known).transpose()
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn all(&self) -> Result<Vec<Known>, Failure> {
        sqlx::query(self.words.list).fetch_all(&self.pool).await?.iter().map(known).collect()
    }

    /// Adds one; `false` when the name is taken.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn add(&self, clerk: &Known) -> Result<bool, Failure> {
        let query =
            sqlx::query(self.words.add).bind(&clerk.name).bind(clerk.role.as_str()).bind(&clerk.password);
        match query.execute(&self.pool).await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
            done => Ok(done.map(|_| true)?),
        }
    }

    /// Gives one another password; `false` when there is no such clerk.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn set_password(&self, name: &str, hash: &str) -> Result<bool, Failure> {
        let done = sqlx::query(self.words.password).bind(hash).bind(name).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes one; `false` when there was none.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn remove(&self, name: &str) -> Result<bool, Failure> {
        Ok(sqlx::query(self.words.remove).bind(name).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Ends the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn known(row: &sqlx::any::AnyRow) -> Result<Known, Failure> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let role = text("role")?;
    let role = role.parse().map_err(|why| Failure::Broken(format!("the role {role:?} of a clerk: {why}")))?;
    Ok(Known { name: text("name")?, role, password: text("password")? })
}
