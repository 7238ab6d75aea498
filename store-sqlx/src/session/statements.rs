//! The statements on sessions that not every database has the same text for. What each asks and gives stands with the texts; parameters and
//! columns are the same in all.

/// A database's statements on sessions.
#[derive(Debug)]
pub struct SessionSql {
    pub(crate) load: &'static str,
    pub(crate) load_many: &'static str,
    pub(crate) lives: &'static str,
    pub(crate) create: &'static str,
    pub(crate) update: &'static str,
    pub(crate) update_one: &'static str,
    pub(crate) touch: &'static str,
    pub(crate) delete: &'static str,
    pub(crate) rotate: &'static str,
    pub(crate) list_user: &'static str,
    /// Locks a user's sessions in one order, for a statement that then ends them; nothing where that statement does so by itself.
    pub(crate) lock_user: Option<&'static str>,
    pub(crate) delete_user: &'static str,
    pub(crate) clean_later: &'static str,
    pub(crate) clean: &'static str,
    /// [`update`](Self::update) where that one passes over what moves an index; nothing where it does not.
    pub(crate) update_indexed: Option<&'static str>,
}

/// The statements that stand in a module `session` under these names, in capitals, where this is said.
macro_rules! session_sql {
    () => {
        $crate::session::statements::SessionSql {
            load: session::LOAD,
            load_many: session::LOAD_MANY,
            lives: session::LIVES,
            create: session::CREATE,
            update: session::UPDATE,
            update_one: session::UPDATE_ONE,
            touch: session::TOUCH,
            delete: session::DELETE,
            rotate: session::ROTATE,
            list_user: session::LIST_USER,
            lock_user: session::LOCK_USER,
            delete_user: session::DELETE_USER,
            clean_later: session::CLEAN_LATER,
            clean: session::CLEAN,
            update_indexed: session::UPDATE_INDEXED,
        }
    };
}
pub(crate) use session_sql;
