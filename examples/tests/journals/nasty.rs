//! Books whose ids, codes and texts are what would break a journal that took them as they are.

use bursar::{AccountId, Currency};
use serde_json::{Value, json};

const TEXTS: [&str; 22] = [
    "date:2020-01-01",
    "; date:2020-01-01",
    "  ; date:2020-01-01, tag:x",
    "[2020-01-01]",
    "x  ; [=2020-01-01]",
    ":tag: x",
    "line\n2026-01-01 x\n    assets:receivable:1  1\n    y",
    "line\n\n2026-01-01 * \"x\"\n  Assets:Cash:Cash  1 USD\n",
    "tab\t; x",
    "payee | note",
    "\" ; x",
    "\\",
    "\\\"",
    "back\\slash \\n \"quoted\"",
    "(code) [virtual] {cost} @ 1 EUR = 2",
    "* ! ? # ^link #tag",
    "include x.journal",
    "option \"title\" \"x\"",
    "=  100.00",
    "~ % $ & ' ` <angle> é 漢 😀",
    "\u{2028}2026-01-01 x\u{2029}\u{85}",
    "end comment",
];

/// Names that one program or another has its own view of.
const NAMES: [&str; 46] = [
    "a",
    "A",
    "a:b",
    "a:b:c",
    "x:y",
    ":",
    "::",
    ":x",
    "x:",
    "x::y",
    "x : y",
    "x: y",
    "a  b",
    "a   b",
    "a\u{a0}b",
    "a\u{3000}b",
    "a \u{2003} b",
    "a\u{2028}b",
    "a\u{200b}b",
    ";",
    ";x",
    "x;y",
    "x ;y",
    "x ; y",
    "(x)",
    "[x]",
    "<x>",
    "(x",
    "x]",
    "\"x\"",
    "\\",
    "\\\"",
    "%",
    "%3A",
    "%253A",
    "a%20b",
    "100%",
    "50%25",
    "$1",
    "1 USD",
    "A-0123456789abcdef",
    "École",
    "élan",
    "年1組",
    "Ⅷ",
    "😀",
];

/// Every account id: those above, and each character of ASCII in every place.
fn ids() -> Vec<String> {
    let printable = (' '..='~').filter(|character| !character.is_ascii_alphanumeric());
    let patterns = ["{}", "{}x", "x{}", "x{}y", "x {}y", "x{} y", "x:{}y", "x{}:y", "{}{}"];
    let placed =
        printable.flat_map(|character| patterns.map(|pattern| pattern.replace("{}", &character.to_string())));
    let mut ids: Vec<String> = NAMES.map(str::to_owned).into_iter().chain(placed).collect();
    ids.sort();
    ids.dedup();
    ids.retain(|id| AccountId::new(id).is_ok());
    ids
}

fn lines(lines: impl IntoIterator<Item = Value>) -> String {
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

fn book(currency: &str) -> [Value; 2] {
    [
        json!({"do": "book", "book": "\"; hill\\side", "currency": currency}),
        json!({"do": "term", "year": 2026, "number": 1, "starts_on": "2026-01-12", "ends_on": "2026-04-09"}),
    ]
}

/// A book with all of them.
pub(crate) fn school() -> String {
    let mut all: Vec<Value> = book("USD").into();
    for (n, id) in ids().into_iter().enumerate() {
        let text = TEXTS[n % TEXTS.len()].replace('\u{85}', "");
        let entry = |what: &str, key: &str, more: Value| {
            let mut line = json!({
                "do": what, "key": format!("{key}-{n}"), "account": id, "year": 2026, "term": 1, "on": "2026-01-20",
            });
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            line
        };
        let amount = format!("{}.{:02}", 100 + n, n % 100);
        all.extend([
            json!({"do": "enrol", "account": id, "groups": ["g"], "on": "2026-01-12"}),
            entry("charge", "charge", json!({"code": id, "amount": amount})),
            entry("pay", "pay", json!({"amount": "31.07", "method": "mobile", "reference": text})),
            entry("adjust", "adjust", json!({"amount": "-0.01", "reason": text})),
            entry("opening", "opening", json!({"amount": "5.00", "reason": text, "on": "2025-12-31"})),
            entry("concession", "concession", json!({"kind": "waiver", "amount": "1.10", "reason": text})),
            entry("write_off", "write", json!({"amount": "2.02", "reason": text})),
            json!({"do": "reverse", "key": format!("undo-{n}"), "of": format!("pay-{n}"), "reason": text, "on": "2026-02-01"}),
        ]);
    }
    all.push(json!({"do": "enrol", "account": "without entries", "groups": ["g"], "on": "2026-01-12"}));
    lines(all)
}

/// A book in each currency, whose accounts and codes are its own.
pub(crate) fn in_every_currency() -> Vec<String> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    let in_one = |code: String| {
        let currency: Currency = code.parse().ok()?;
        // 1.000 dinars, not a thousand, where there are three decimals.
        let amount = match usize::try_from(currency.exponent()).unwrap() {
            0 => "1000".to_owned(),
            decimals => format!("1.{}", "0".repeat(decimals)),
        };
        let (enrol, charge) = (
            json!({"do": "enrol", "account": code, "groups": ["g"], "on": "2026-01-12"}),
            json!({
                "do": "charge", "key": "k", "account": code, "year": 2026, "term": 1, "code": code, "amount": amount,
                "on": "2026-01-12",
            }),
        );
        Some(lines(book(&code).into_iter().chain([enrol, charge])))
    };
    codes.filter_map(in_one).collect()
}
