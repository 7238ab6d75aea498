//! Commands to and from lines of the school file.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::amount;
use super::command::{Command, Payer};
use super::words::{ConcessionKind, Method, Standing};

impl Command {
    /// The JSON line, without its line feed; the fields in the order in which the documents list them.
    pub fn to_line(&self, exponent: u32) -> String {
        let parts: Vec<String> = self
            .fields(exponent)
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{}: {value}", Value::from(name)))
            .collect();
        format!("{{{}}}", parts.join(", "))
    }

    /// The fields by name; an absent optional field is null.
    fn fields(&self, exponent: u32) -> Vec<(&'static str, Value)> {
        let day = |date: &NaiveDate| json!(date.to_string());
        let money = |minor: &i64| json!(amount::to_text(*minor, exponent));
        let mut list = vec![("do", json!(self.word()))];
        if let Some(key) = self.key() {
            list.push(("key", json!(key)));
        }
        if let Self::Reverse { of, .. } = self {
            list.push(("of", json!(of)));
        }
        if let (Some(account), false) = (self.account(), matches!(self, Self::Fee { .. })) {
            list.push(("account", json!(account)));
        }
        if let Some((year, term)) = self.term() {
            list.extend([("year", json!(year)), ("term", json!(term))]);
        }
        match self {
            Self::Book { book, currency } => {
                list.extend([("book", json!(book)), ("currency", json!(currency))]);
            }
            Self::Term { year, number, starts_on, ends_on, name } => list.extend([
                ("year", json!(year)),
                ("number", json!(number)),
                ("starts_on", day(starts_on)),
                ("ends_on", day(ends_on)),
                ("name", json!(name)),
            ]),
            Self::Fee { payer, code, amount, due_on, .. } => {
                list.push(match payer {
                    Payer::Group(group) => ("group", json!(group)),
                    Payer::Account(account) => ("account", json!(account)),
                });
                list.extend([("code", json!(code)), ("amount", money(amount))]);
                list.push(("due_on", due_on.as_ref().map_or(Value::Null, day)));
            }
            Self::Enrol { groups, .. } | Self::Groups { groups, .. } => list.push(("groups", json!(groups))),
            Self::Standing { to, .. } => list.push(("to", json!(to.word()))),
            Self::Charge { code, amount, due_on, group, .. } => list.extend([
                ("code", json!(code)),
                ("amount", money(amount)),
                ("due_on", due_on.as_ref().map_or(Value::Null, day)),
                ("group", json!(group)),
            ]),
            Self::Pay { amount, method, reference, .. } => list.extend([
                ("amount", money(amount)),
                ("method", json!(method.word())),
                ("reference", json!(reference)),
            ]),
            Self::Concession { kind, amount, .. } => {
                list.extend([("kind", json!(kind.word())), ("amount", money(amount))]);
            }
            Self::Opening { amount, .. } | Self::Adjust { amount, .. } | Self::WriteOff { amount, .. } => {
                list.push(("amount", money(amount)));
            }
            Self::Refund { amount, method, .. } => {
                list.extend([("amount", money(amount)), ("method", json!(method.word()))]);
            }
            Self::Reprice { group, code, amount, .. } => {
                list.extend([("group", json!(group)), ("code", json!(code)), ("amount", money(amount))]);
            }
            Self::Lock { through } => list.push(("through", day(through))),
            Self::Activate { .. } | Self::Close { .. } | Self::Reverse { .. } => {}
        }
        if let Some(reason) = self.reason() {
            list.push(("reason", json!(reason)));
        }
        if let Some(on) = self.on() {
            list.push(("on", day(&on)));
        }
        list
    }
}

/// The decimals of the few currencies that the tests use.
pub fn exponent_of(currency: &str) -> Option<u32> {
    match currency {
        "JPY" => Some(0),
        "USD" => Some(2),
        "KWD" => Some(3),
        _ => None,
    }
}

/// A currency with that many decimals.
pub fn currency_of(exponent: u32) -> &'static str {
    match exponent {
        0 => "JPY",
        2 => "USD",
        3 => "KWD",
        _ => panic!("no currency with {exponent} decimals is known to the tests"),
    }
}

/// A whole school file: the `book` line and then the commands.
pub fn to_file(book: &str, exponent: u32, commands: &[Command]) -> String {
    let first = Command::Book { book: book.to_owned(), currency: currency_of(exponent).to_owned() };
    let lines = std::iter::once(&first).chain(commands);
    lines.map(|command| command.to_line(exponent) + "\n").collect()
}

/// A whole school file as the exponent of its currency and its commands, the `book` line first.
pub fn parse_file(text: &str) -> Result<(u32, Vec<Command>), String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).peekable();
    let Some(Command::Book { currency, .. }) = lines.peek().map(|line| parse_line(line, 0)).transpose()?
    else {
        return Err("the first line is not a book".to_owned());
    };
    let exponent = exponent_of(&currency).ok_or("unknown currency")?;
    let commands: Result<Vec<Command>, String> = lines.map(|line| parse_line(line, exponent)).collect();
    Ok((exponent, commands?))
}

/// The fields of a line that nobody has taken yet.
struct Fields {
    map: Map<String, Value>,
    exponent: u32,
}

impl Fields {
    fn optional(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.map.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(format!("{name}: {other} is not a string")),
        }
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        self.optional(name)?.ok_or_else(|| format!("{name}: missing"))
    }

    fn number(&mut self, name: &str) -> Result<u16, String> {
        let value = self.map.remove(name).ok_or_else(|| format!("{name}: missing"))?;
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
        number.ok_or_else(|| format!("{name}: {value} is not a small whole number"))
    }

    fn optional_date(&mut self, name: &str) -> Result<Option<NaiveDate>, String> {
        let Some(text) = self.optional(name)? else { return Ok(None) };
        let date: NaiveDate = text.parse().map_err(|_| format!("{name}: {text:?} is not a date"))?;
        if date.to_string() == text { Ok(Some(date)) } else { Err(format!("{name}: {text:?} is not a date")) }
    }

    fn date(&mut self, name: &str) -> Result<NaiveDate, String> {
        self.optional_date(name)?.ok_or_else(|| format!("{name}: missing"))
    }

    fn amount(&mut self) -> Result<i64, String> {
        amount::from_text(&self.text("amount")?, self.exponent)
    }

    fn word<T>(&mut self, name: &str, known: fn(&str) -> Option<T>) -> Result<T, String> {
        let word = self.text(name)?;
        known(&word).ok_or_else(|| format!("{name}: {word:?} is unknown"))
    }

    fn list(&mut self, name: &str) -> Result<Vec<String>, String> {
        let refused = || format!("{name}: not a list of strings");
        let value = self.map.remove(name).ok_or_else(|| format!("{name}: missing"))?;
        let items = value.as_array().ok_or_else(refused)?;
        items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refused)).collect()
    }

    fn payer(&mut self) -> Result<Payer, String> {
        match (self.optional("group")?, self.optional("account")?) {
            (Some(group), None) => Ok(Payer::Group(group)),
            (None, Some(account)) => Ok(Payer::Account(account)),
            _ => Err("group or account: exactly one is needed".to_owned()),
        }
    }
}

/// One line as a command.
pub fn parse_line(line: &str, exponent: u32) -> Result<Command, String> {
    let Ok(Value::Object(map)) = serde_json::from_str(line) else {
        return Err("not a JSON object".to_owned());
    };
    let mut f = Fields { map, exponent };
    let word = f.text("do")?;
    let command = command(&word, &mut f)?;
    match f.map.keys().next() {
        None => Ok(command),
        Some(name) => Err(format!("{name}: unknown field")),
    }
}

fn command(word: &str, f: &mut Fields) -> Result<Command, String> {
    if word == "book" {
        return Ok(Command::Book { book: f.text("book")?, currency: f.text("currency")? });
    }
    if word == "lock" {
        return Ok(Command::Lock { through: f.date("through")? });
    }
    if word == "term" {
        let (year, number) = (f.number("year")?, f.number("number")?);
        let (starts_on, ends_on) = (f.date("starts_on")?, f.date("ends_on")?);
        return Ok(Command::Term { year, number, starts_on, ends_on, name: f.optional("name")? });
    }
    if word == "fee" {
        let (year, term, payer) = (f.number("year")?, f.number("term")?, f.payer()?);
        let (code, amount, due_on) = (f.text("code")?, f.amount()?, f.optional_date("due_on")?);
        return Ok(Command::Fee { year, term, payer, code, amount, due_on });
    }
    let on = f.date("on")?;
    if matches!(word, "enrol" | "groups" | "standing") {
        let account = f.text("account")?;
        return Ok(match word {
            "enrol" => Command::Enrol { account, groups: f.list("groups")?, on },
            "groups" => Command::Groups { account, groups: f.list("groups")?, on },
            _ => Command::Standing { account, to: f.word("to", Standing::from_word)?, on },
        });
    }
    if word == "reverse" {
        return Ok(Command::Reverse {
            key: f.text("key")?,
            of: f.text("of")?,
            reason: f.text("reason")?,
            on,
        });
    }
    let (year, term) = (f.number("year")?, f.number("term")?);
    match word {
        "activate" => return Ok(Command::Activate { year, term, on }),
        "close" => return Ok(Command::Close { year, term, on }),
        "reprice" => {
            let (group, code, amount) = (f.text("group")?, f.text("code")?, f.amount()?);
            return Ok(Command::Reprice { year, term, group, code, amount, reason: f.text("reason")?, on });
        }
        _ => {}
    }
    let (key, account, amount) = (f.text("key")?, f.text("account")?, f.amount()?);
    Ok(match word {
        "charge" => {
            let (code, due_on, group) = (f.text("code")?, f.optional_date("due_on")?, f.optional("group")?);
            Command::Charge { key, account, year, term, code, amount, on, due_on, group }
        }
        "pay" => {
            let (method, reference) = (f.word("method", Method::from_word)?, f.optional("reference")?);
            Command::Pay { key, account, year, term, amount, method, on, reference }
        }
        "refund" => {
            let method = f.word("method", Method::from_word)?;
            Command::Refund { key, account, year, term, amount, method, on }
        }
        "concession" => {
            let (kind, reason) = (f.word("kind", ConcessionKind::from_word)?, f.text("reason")?);
            Command::Concession { key, account, year, term, kind, amount, reason, on }
        }
        "opening" => Command::Opening { key, account, year, term, amount, reason: f.text("reason")?, on },
        "adjust" => Command::Adjust { key, account, year, term, amount, reason: f.text("reason")?, on },
        "write_off" => Command::WriteOff { key, account, year, term, amount, reason: f.text("reason")?, on },
        _ => return Err(format!("do: {word:?} is unknown")),
    })
}
