//! A school's office: a small web application on both halves of the library.
//!
//! Clerks sign in, look students up, take payments and print receipts; the head reverses, writes off and activates terms. What makes it
//! hold when two windows, a double click or a lost connection get in each other's way:
//!
//! - Every form that records bears the idempotency key that was made when it was shown ([`form::Key`]): sent twice, it records once and says so.
//! - A payment is posted only after the session was saved ([`pages::record`]): who was signed out meanwhile is told that nothing was
//!   recorded, and nothing that follows the payment can be undone by the session.
//! - The session layer answers what it finds interrupted; a form that comes back after a sign-out is answered by its key with what
//!   became of it ([`failure`]).
//! - Posts from elsewhere are refused ([`guard`]), by what the browser says of their origin and by a token in each form.
//!
//! `start` serves it in a program of one's own, as `main.rs`, the stability check and the tests do.

pub mod access;
pub mod attempts;
pub mod chart;
pub mod clerks;
pub mod failure;
pub mod form;
pub mod guard;
pub mod jobs;
pub mod pages;
pub mod password;
pub mod roster;
pub mod seed;
pub mod server;
pub mod shell;
pub mod show;

use std::sync::Arc;

use bursar_session::Sessions;

use attempts::Attempts;
use bursar_examples::book::AnyLedger;
use clerks::Clerks;
use jobs::Jobs;
use password::Passwords;

pub use server::{Running, Settings, start};

/// What every page works with.
#[derive(Clone)]
pub struct Office {
    inner: Arc<Rooms>,
}

/// The rooms of the office.
pub struct Rooms {
    /// The book.
    pub school: AnyLedger,
    /// Who may sign in.
    pub clerks: Clerks,
    /// The sessions, of every clerk.
    pub sessions: Sessions,
    /// Runs that take long.
    pub jobs: Jobs,
    /// Who tried to sign in, and failed.
    pub attempts: Attempts,
    /// Makes and checks the hashes of passwords.
    pub passwords: Passwords,
}

impl std::ops::Deref for Office {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.inner
    }
}

impl Office {
    fn of(rooms: Rooms) -> Self {
        Self { inner: Arc::new(rooms) }
    }
}
