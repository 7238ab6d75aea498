//! Proxies that give a connection of the server to one client for one transaction only, as `PgBouncer` does in transaction mode. What is kept on
//! a connection, a prepared statement above all, is not there for the next: every statement is then sent anew, in a transaction.

use std::future::Future;

tokio::task_local! {
    static PROXIED: ();
}

/// Does work whose statements go through such a proxy, or not.
pub(crate) async fn through<T>(proxied: bool, work: impl Future<Output = T>) -> T {
    if proxied { PROXIED.scope((), work).await } else { work.await }
}

/// Whether that is so here.
#[cfg(feature = "postgres")]
pub(crate) fn is_between() -> bool {
    PROXIED.try_with(|()| ()).is_ok()
}
