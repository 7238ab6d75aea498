//! A naive reader of journals: it takes what the writer writes and nothing else.

use std::collections::{BTreeMap, HashMap};

use bursar::journal::Format;
use rust_decimal::Decimal;

/// What a journal says.
#[derive(Debug, Default)]
pub struct Journal {
    /// How many transactions.
    pub transactions: usize,
    /// The balance of every account that has postings, or was declared, by its name.
    pub balances: BTreeMap<String, Decimal>,
    /// In beancount, what the accounts were named after.
    pub ids: HashMap<String, String>,
    /// What its transactions are described as.
    pub descriptions: Vec<String>,
    /// Since when accounts are open, in beancount.
    opened: HashMap<String, String>,
    /// The first day of an account's transactions.
    used: HashMap<String, String>,
}

impl Journal {
    /// The receivables by the account's id.
    pub fn receivables(&self, format: Format) -> BTreeMap<String, Decimal> {
        let above = if format == Format::Beancount { "Assets:Receivable:" } else { "assets:receivable:" };
        let ours = self.balances.iter().filter_map(|(name, balance)| {
            let last = name.strip_prefix(above)?;
            let id = if format == Format::Beancount { self.ids[name].clone() } else { decoded(last) };
            Some((id, *balance))
        });
        let receivables: BTreeMap<String, Decimal> = ours.collect();
        let accounts = self.balances.keys().filter(|name| name.starts_with(above)).count();
        assert_eq!(receivables.len(), accounts, "two names are of one account");
        receivables
    }
}

/// `%XX` as the byte that it is.
fn decoded(name: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

/// Reads a journal, every line of it.
pub fn read(format: Format, currency: &str, text: &str) -> Journal {
    let mut journal = Journal::default();
    for block in text.split("\n\n").map(|block| block.trim_end_matches('\n')) {
        let lines: Vec<&str> = block.split('\n').collect();
        let dated = block.as_bytes().get(..10).is_some_and(|day| {
            day.iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        });
        let first = lines[0];
        if let Some(name) = first.strip_prefix("account ") {
            assert_eq!(lines.len(), 1, "{block}");
            assert!(
                journal.balances.insert(name.to_owned(), Decimal::ZERO).is_none(),
                "{name} is declared twice"
            );
        } else if dated && first[10..].starts_with(" open ") {
            opened(&mut journal, currency, &lines);
        } else if dated {
            transaction(&mut journal, format, currency, &lines);
        } else {
            let words = [";", "decimal-mark .", "commodity ", "    format ", "tag term", "option "];
            assert!(lines.iter().all(|line| words.iter().any(|word| line.starts_with(word))), "{block}");
        }
    }
    for (name, first) in &journal.used {
        let since = journal.opened.get(name);
        assert!(
            format != Format::Beancount || since.is_some_and(|since| since <= first),
            "{name}: {since:?}"
        );
    }
    journal
}

fn opened(journal: &mut Journal, currency: &str, lines: &[&str]) {
    let name = lines[0][10..]
        .strip_prefix(" open ")
        .and_then(|rest| rest.strip_suffix(currency))
        .unwrap()
        .trim_end();
    let component = |part: &str| {
        part.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    assert!(name.split(':').all(component), "{name}");
    journal.balances.entry(name.to_owned()).or_default();
    let first = journal.opened.insert(name.to_owned(), lines[0][..10].to_owned());
    assert!(first.is_none(), "{name} is opened twice");
    if let Some(line) = lines.get(1) {
        let (key, value) = line.split_once(": ").unwrap();
        assert!(key == "  id" || key == "  code", "{line}");
        journal.ids.insert(name.to_owned(), unquoted(value));
    }
    assert!(lines.len() <= 2);
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
    let (mut out, mut characters) = (String::new(), inner.chars());
    while let Some(character) = characters.next() {
        assert_ne!(character, '"', "a string ends early: {text}");
        out.push(if character == '\\' { characters.next().unwrap() } else { character });
    }
    out
}

fn transaction(journal: &mut Journal, format: Format, currency: &str, lines: &[&str]) {
    let (head, postings) = lines.split_at(lines.len() - 2);
    let rest = &head[0][10..];
    if format == Format::Beancount {
        assert_eq!(head.len(), 3, "{lines:?}");
        journal.descriptions.push(unquoted(rest.strip_prefix(" * ").unwrap()));
        unquoted(head[1].strip_prefix("  receipt: ").unwrap());
        unquoted(head[2].strip_prefix("  term: ").unwrap());
    } else {
        assert_eq!(head.len(), 2, "{lines:?}");
        let (code, description) = rest.strip_prefix(" (").unwrap().split_once(") ").unwrap();
        assert!(!code.contains(['(', ')', ';']) && !description.contains([';', '|']), "{rest}");
        assert!(!rest.contains("  ") && rest.chars().all(|c| c == ' ' || !c.is_whitespace()), "{rest}");
        journal.descriptions.push(description.to_owned());
        assert!(head[1].starts_with("    ; term: "));
    }
    let indent = if format == Format::Beancount { "  " } else { "    " };
    let mut sum = Decimal::ZERO;
    for line in postings {
        let (name, amount) = line.strip_prefix(indent).unwrap().split_once("  ").unwrap();
        let amount: Decimal = amount.strip_suffix(currency).unwrap().trim_end().parse().unwrap();
        sum += amount;
        assert!(format == Format::Beancount || journal.balances.contains_key(name), "{name} is not declared");
        *journal.balances.entry(name.to_owned()).or_default() += amount;
        let first = journal.used.entry(name.to_owned()).or_insert_with(|| lines[0][..10].to_owned());
        *first = first.clone().min(lines[0][..10].to_owned());
    }
    assert_eq!(sum, Decimal::ZERO, "{lines:?}");
    journal.transactions += 1;
}
