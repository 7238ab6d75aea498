//! The names of accounts: the receivables, and what stands against them.

use std::collections::HashSet;

use super::counter::Counter;
use super::{Format, beancount, plain};
use crate::{AccountId, Error, Ledger, LedgerStore, PAGE_MAX};

/// A name, and whether its last part is not the id it stands for.
pub(super) struct Name {
    pub(super) text: String,
    pub(super) renamed: bool,
}

/// The name of an account's receivable, where `exists` tells which of [`rivals`] are accounts.
pub(super) fn receivable(format: Format, account: &AccountId, exists: impl Fn(&str) -> bool) -> Name {
    under(format, "assets:receivable", account.as_str(), exists)
}

/// The name of what an entry stands against, where `exists` tells which fee codes there are.
pub(super) fn counter(format: Format, counter: &Counter, exists: impl Fn(&str) -> bool) -> Name {
    let fixed = match counter {
        Counter::Fees(code) => return under(format, "income:fees", code.as_str(), exists),
        Counter::Cash(method) => format!("assets:cash:{method}"),
        Counter::Concessions(concession) => format!("expenses:concessions:{concession}"),
        Counter::WriteOffs => "expenses:write-offs".to_owned(),
        Counter::OpeningBalances => "equity:opening-balances".to_owned(),
        // Fees have a level of their own, so that no code is taken for this.
        Counter::Adjustments => "income:adjustments".to_owned(),
    };
    Name { text: cased(format, &fixed), renamed: false }
}

fn under(format: Format, above: &str, id: &str, exists: impl Fn(&str) -> bool) -> Name {
    let leaf = match format {
        Format::Beancount => beancount::name(id, exists),
        Format::Ledger if plain::above(id).any(exists) => plain::flat_name(id),
        Format::Hledger | Format::Ledger => plain::name(id),
    };
    Name { text: format!("{}:{leaf}", cased(format, above)), renamed: leaf != id }
}

/// In beancount every part begins with a capital, and so do its words.
fn cased(format: Format, name: &str) -> String {
    if format != Format::Beancount {
        return name.to_owned();
    }
    let mut begins = true;
    let raise = |character: char| {
        let first = std::mem::replace(&mut begins, matches!(character, ':' | '-'));
        if first { character.to_ascii_uppercase() } else { character }
    };
    name.chars().map(raise).collect()
}

/// The ids on whose existence it depends how this one is named.
fn rivals(format: Format, id: &AccountId) -> Vec<AccountId> {
    let id = id.as_str();
    let ids: Vec<String> = match format {
        Format::Hledger => Vec::new(),
        Format::Ledger => plain::above(id).map(str::to_owned).collect(),
        Format::Beancount => beancount::rival(id).into_iter().collect(),
    };
    ids.into_iter().filter_map(|id| AccountId::new(id).ok()).collect()
}

/// Those of the rivals of a page of accounts that are accounts.
pub(super) async fn existing_rivals<'a, S: LedgerStore>(
    ledger: &Ledger<S>,
    format: Format,
    page: impl Iterator<Item = &'a AccountId>,
) -> Result<HashSet<String>, Error> {
    let asked: HashSet<AccountId> = page.flat_map(|id| rivals(format, id)).collect();
    let asked: Vec<AccountId> = asked.into_iter().collect();
    let mut found = HashSet::new();
    for some in asked.chunks(usize::try_from(PAGE_MAX).unwrap_or(usize::MAX)) {
        let accounts = ledger.store.accounts(&ledger.book, some).await?;
        found.extend(accounts.into_iter().map(|account| String::from(account.id)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(format: Format, id: &str, existing: &[&str]) -> (String, bool) {
        let id = AccountId::new(id).unwrap();
        let name = receivable(format, &id, |other| existing.contains(&other));
        (name.text, name.renamed)
    }

    /// In ledger the balance of a name includes those below it: an account below another has a name of its own level.
    #[test]
    fn a_colon_is_a_level_unless_the_level_is_an_account() {
        let name = |format, existing: &[&str]| named(format, "a:b", existing);
        let own = |text: &str| (format!("assets:receivable:{text}"), false);
        assert_eq!(name(Format::Ledger, &[]), own("a:b"));
        assert_eq!(name(Format::Ledger, &["b", "a:b"]), own("a:b"));
        assert_eq!(name(Format::Ledger, &["a"]), ("assets:receivable:a%3Ab".to_owned(), true));
        assert_eq!(name(Format::Hledger, &["a"]), own("a:b"));
        assert_eq!(named(Format::Ledger, "s-17", &["s"]), own("s-17"));
        assert!(named(Format::Hledger, "50%25", &[]).1);
        assert_eq!(named(Format::Beancount, "S-17", &[]), ("Assets:Receivable:S-17".to_owned(), false));
        assert_eq!(named(Format::Beancount, "s-17", &[]), ("Assets:Receivable:S-17".to_owned(), true));
    }
}
