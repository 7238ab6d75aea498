//! The methods of [`LedgerStore`](crate::LedgerStore), listed once for whatever hands them on to another store.

/// Calls a macro with the signatures of the groups of methods named, so that a store around another says what it does with a call once, and not
/// method by method: `ledger_store_methods!(hand_on: keeping reading listing commit reporting)`.
///
/// `listing` is `entries`, `scan` and `entries_by_key`; `commit` that alone; `reporting` those that have an answer by default; `reading` and
/// `keeping` are the others.
#[doc(hidden)]
#[macro_export]
macro_rules! ledger_store_methods {
    ($then:ident: $($groups:ident)+) => {
        $crate::ledger_store_methods!(@ $then [] $($groups)+);
    };
    (@ $then:ident [$($methods:tt)*]) => {
        $then! { $($methods)* }
    };
    (@ $then:ident [$($methods:tt)*] keeping $($groups:ident)*) => {
        $crate::ledger_store_methods!(@ $then [
            $($methods)*
            async fn open_book(book: &$crate::BookId, currency: $crate::Currency) -> $crate::store::Book;
            async fn post(book: &$crate::BookId, posting: $crate::rule::Posting) -> $crate::store::Posted;
            async fn bill(book: &$crate::BookId, order: $crate::store::BillingOrder) -> $crate::store::Billed;
            async fn reprice(book: &$crate::BookId, order: $crate::store::RepriceOrder) -> $crate::store::Repriced;
            async fn keep_seal(book: &$crate::BookId, step: u64, what: $crate::seal::SealStep) -> bool;
        ] $($groups)*);
    };
    (@ $then:ident [$($methods:tt)*] commit $($groups:ident)*) => {
        $crate::ledger_store_methods!(@ $then [
            $($methods)*
            async fn commit(book: &$crate::BookId, changes: $crate::store::ChangeSet) -> $crate::store::Committed;
        ] $($groups)*);
    };
    (@ $then:ident [$($methods:tt)*] listing $($groups:ident)*) => {
        $crate::ledger_store_methods!(@ $then [
            $($methods)*
            async fn entries(book: &$crate::BookId, account: &$crate::AccountId, after: u32, limit: u32) -> Vec<$crate::Entry>;
            async fn scan(book: &$crate::BookId, after: Option<(&$crate::AccountId, u32)>, limit: u32) -> Vec<$crate::Entry>;
            async fn entries_by_key(book: &$crate::BookId, keys: &[$crate::IdempotencyKey]) -> Vec<$crate::Entry>;
        ] $($groups)*);
    };
    (@ $then:ident [$($methods:tt)*] reading $($groups:ident)*) => {
        $crate::ledger_store_methods!(@ $then [
            $($methods)*
            async fn books(after: Option<&$crate::BookId>, limit: u32) -> Vec<$crate::BookId>;
            async fn book(book: &$crate::BookId) -> Option<$crate::store::Book>;
            async fn fees(book: &$crate::BookId, term: $crate::TermId, after: Option<&$crate::FeeKey>, limit: u32) -> Vec<$crate::Fee>;
            async fn fees_of(book: &$crate::BookId, term: $crate::TermId, payers: &[$crate::Payer]) -> Vec<$crate::Fee>;
            async fn fee_charged(book: &$crate::BookId, fee: &$crate::FeeKey) -> bool;
            async fn accounts(book: &$crate::BookId, ids: &[$crate::AccountId]) -> Vec<$crate::Account>;
            async fn list_accounts(book: &$crate::BookId, filter: $crate::store::AccountFilter, after: Option<&$crate::AccountId>, limit: u32) -> Vec<$crate::Account>;
            async fn reversal_of(book: &$crate::BookId, account: &$crate::AccountId, position: u32) -> Option<u32>;
            async fn charges(book: &$crate::BookId, term: $crate::TermId, accounts: &[$crate::AccountId]) -> Vec<$crate::store::ChargeMade>;
            async fn totals(book: &$crate::BookId, accounts: &[$crate::AccountId]) -> Vec<($crate::AccountId, $crate::TermTotals)>;
            async fn term_rows(book: &$crate::BookId, term: $crate::TermId, after: Option<&$crate::AccountId>, limit: u32) -> Vec<$crate::store::TermRow>;
            async fn book_totals(book: &$crate::BookId) -> $crate::store::BookTotals;
            async fn file_marks(book: &$crate::BookId, after_lines: u64, limit: u32) -> Vec<$crate::store::FileMark>;
            async fn seal_state(book: &$crate::BookId) -> $crate::seal::SealState;
            async fn seals(book: &$crate::BookId, after: u64, limit: u32) -> Vec<$crate::seal::Seal>;
            async fn sealed(book: &$crate::BookId, accounts: &[$crate::AccountId]) -> Vec<$crate::seal::SegmentEnd>;
            async fn segments(book: &$crate::BookId, after: Option<(&$crate::AccountId, u32)>, limit: u32) -> Vec<$crate::seal::Segment>;
        ] $($groups)*);
    };
    (@ $then:ident [$($methods:tt)*] reporting $($groups:ident)*) => {
        $crate::ledger_store_methods!(@ $then [
            $($methods)*
            async fn entries_of(book: &$crate::BookId, accounts: &[$crate::AccountId], after: Option<(&$crate::AccountId, u32)>, limit: u32) -> Vec<$crate::Entry>;
            async fn summary_rows(book: &$crate::BookId, term: $crate::TermId, after: Option<&$crate::AccountId>, limit: u32) -> Vec<$crate::store::SummaryRow>;
            async fn aged_rows(book: &$crate::BookId, order: &$crate::store::AgingOrder, after: Option<&$crate::AccountId>, limit: u32) -> Vec<$crate::store::AgedRow>;
            async fn owing(book: &$crate::BookId, filter: &$crate::store::OwingFilter, after: Option<(i64, &$crate::AccountId)>, limit: u32) -> Vec<$crate::Account>;
        ] $($groups)*);
    };
}
