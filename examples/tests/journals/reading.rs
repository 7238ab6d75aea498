//! How each program is asked what it reads.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use bursar_servers::Tool;
use chrono::{Days, NaiveDate};
use libtest_mimic::Failed;
use rust_decimal::Decimal;

use crate::book::{Book, Effect};

const RECEIVABLE: &str = "assets:receivable:";

/// Whether a program reads from a journal what the book says.
pub(crate) fn agrees(program: &Path, tool: Tool, journal: &str, book: &Book) -> Result<(), Failed> {
    match tool {
        Tool::Hledger => {
            both_agree(book, &hledger(program, journal, false)?, &hledger(program, journal, true)?)
        }
        Tool::Ledger => both_agree(book, &ledger(program, journal, false)?, &ledger(program, journal, true)?),
        Tool::Beancount => beancount(program, journal, book),
    }
}

/// A line of a report: a day in a register, none in a list of balances; an account's id; an amount.
type Row = (Option<NaiveDate>, String, Decimal);

/// Holds a list of balances and a register against the book.
fn both_agree(book: &Book, balances: &[Row], register: &[Row]) -> Result<(), Failed> {
    let mut owed: BTreeMap<&str, Decimal> = BTreeMap::new();
    for Effect { account, effect, .. } in &book.entries {
        *owed.entry(account).or_default() += *effect;
    }
    let read: BTreeMap<&str, Decimal> = balances.iter().map(|(_, id, sum)| (id.as_str(), *sum)).collect();
    let differ = owed.iter().find(|(id, sum)| read.get(*id) != Some(*sum));
    if let Some((id, sum)) = differ {
        return Err(format!("{id:?} owes {sum}, and is read as {:?}", read.get(id)).into());
    }
    if read.len() != owed.len() || balances.len() != owed.len() {
        return Err(format!("{} balances of {} accounts", balances.len(), owed.len()).into());
    }
    let mut days: Vec<_> = register.iter().map(|(on, id, sum)| (id.as_str(), *on, *sum)).collect();
    let mut ours: Vec<_> =
        book.entries.iter().map(|entry| (entry.account.as_str(), Some(entry.on), entry.effect)).collect();
    days.sort();
    ours.sort();
    if days == ours { Ok(()) } else { Err("the register has other days or amounts than the entries".into()) }
}

fn run(command: &mut Command, input: &str) -> Result<String, Failed> {
    // Names are UTF-8, which Haskell reads as the locale says.
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() || !said.is_empty() {
        return Err(format!("{command:?}: {said}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Strictly: every account and commodity has to be declared.
fn hledger(program: &Path, journal: &str, register: bool) -> Result<Vec<Row>, Failed> {
    let mut command = Command::new(program);
    command.args(["--strict", "-f", "-"]).arg(if register { "register" } else { "balance" });
    command.args(["^assets:receivable:", "--empty", "-O", "csv"]);
    if !register {
        command.args(["--flat", "--no-total"]);
    }
    let text = run(&mut command, journal)?;
    let rows = text.lines().skip(1).map(|line| {
        // txnidx, date, code, description, account, amount, total; or account, balance
        let fields = fields(line);
        let (day, account, amount) = match &fields[..] {
            [_, day, _, _, account, amount, _] => (Some(day), account, amount),
            [account, amount] => (None, account, amount),
            _ => return Err(format!("{line} is no row").into()),
        };
        row(day.map(String::as_str), account, amount)
    });
    rows.collect()
}

/// The fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

/// Pedantically: every account, commodity and tag has to be declared.
fn ledger(program: &Path, journal: &str, register: bool) -> Result<Vec<Row>, Failed> {
    let mut command = Command::new(program);
    command.args(["--args-only", "--pedantic", "-f", "-"]).arg(if register { "register" } else { "balance" });
    command.arg("^assets:receivable:").arg("--empty");
    if register {
        let format = "%(format_date(date, \"%Y-%m-%d\"))\t%(account)\t%(display_amount)\n";
        command.args(["--register-format", format]);
    } else {
        command.args(["--flat", "--no-total", "--balance-format", "-\t%(account)\t%(display_total)\n"]);
    }
    let text = run(&mut command, journal)?;
    let rows = text.lines().map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
        [day, account, amount] => row((day != "-").then_some(day), account, amount),
        _ => Err(format!("{line} is no row").into()),
    });
    // Above the accounts it may list what they are under.
    let rows: Result<Vec<Row>, Failed> = rows.collect();
    Ok(rows?.into_iter().filter(|(_, id, _)| !id.is_empty()).collect())
}

fn row(day: Option<&str>, account: &str, amount: &str) -> Result<Row, Failed> {
    let id = account.strip_prefix(RECEIVABLE).map(decoded).unwrap_or_default();
    let figure = amount.split(' ').next().unwrap_or_default();
    Ok((day.map(str::parse).transpose()?, id, figure.parse()?))
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

/// Has the program check every account's balance after each of its days, to the last minor unit.
fn beancount(program: &Path, journal: &str, book: &Book) -> Result<(), Failed> {
    let names = names(journal);
    let mut checked = journal.to_owned();
    let mut balance = Decimal::ZERO;
    let mut account = None;
    for day in book.days() {
        if account.as_ref() != Some(&day.account) {
            (account, balance) = (Some(day.account.clone()), Decimal::ZERO);
        }
        balance += day.effect;
        let name = names.get(&day.account).ok_or_else(|| format!("{} has no account", day.account))?;
        let after = day.on.checked_add_days(Days::new(1)).ok_or("the last of all days")?;
        checked.push_str(&format!("{after} balance {name} {balance} ~ 0 {}\n", day.currency));
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("book.beancount");
    std::fs::write(&file, checked)?;
    let said = run(Command::new(program).arg("--no-cache").arg(&file), "")?;
    if said.is_empty() { Ok(()) } else { Err(said.into()) }
}

/// The names of the receivables by the ids in the metadata of their `open`.
fn names(journal: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = journal.split('\n').collect();
    let names = lines.windows(2).filter_map(|pair| {
        let (_, opened) = pair[0].split_once(" open Assets:Receivable:")?;
        let (name, _) = opened.split_once(' ')?;
        let id = pair[1].strip_prefix("  id: \"")?.strip_suffix('"')?;
        Some((id.replace("\\\"", "\"").replace("\\\\", "\\"), format!("Assets:Receivable:{name}")))
    });
    names.collect()
}
