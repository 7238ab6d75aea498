//! The school file: what is wrong with a line is said by its number and field, and what was read stays read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufReader, Cursor, Read};

use bursar::school_file::{
    ExportOptions, Line, LineProblem, ReplayError, ReplaySummary, export, export_with, replay, write_figures,
};
use bursar::{Currency, IdempotencyKey, Ledger, TermId};
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;
use serde_json::Value;

const HEAD: &str = r#"{"do":"book","book":"b","currency":"USD"}
{"do":"term","year":2026,"number":1,"starts_on":"2026-01-12","ends_on":"2026-04-09"}
{"do":"fee","year":2026,"term":1,"group":"PRIMARY","code":"tuition","amount":"120.00"}
{"do":"activate","year":2026,"term":1,"on":"2026-01-12"}
{"do":"enrol","account":"1","groups":["PRIMARY"],"on":"2026-01-12"}
"#;

const PAY: &str = r#"{"do":"pay","key":"p1","account":"1","year":2026,"term":1,"amount":"80.00","method":"cash","on":"2026-01-20"}"#;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn read(store: MemoryStore, file: &[u8]) -> Result<ReplaySummary, ReplayError> {
    wait(replay(store, BufReader::new(file), |_| {})).map(|(_, summary)| summary)
}

fn figures(store: MemoryStore) -> String {
    wait(async {
        let ledger = Ledger::open(store, "b", Currency::USD).await.unwrap();
        let mut written = Vec::new();
        write_figures(&ledger, &mut written).await.unwrap().unwrap();
        String::from_utf8(written).unwrap()
    })
}

/// A file of the head, this line and a payment stops at this line, with everything before it recorded and nothing after.
fn stops_at(line: &[u8]) -> String {
    let store = MemoryStore::new();
    let file = [HEAD.as_bytes(), line, b"\n", PAY.as_bytes(), b"\n"].concat();
    let error = read(store.clone(), &file).expect_err("the line is wrong");
    let said = error.to_string();
    assert!(said.starts_with("line 6: "), "{said}");
    assert!(figures(store).contains(r#""balance":"120.00""#), "{said}");
    said
}

#[test]
fn what_is_wrong_with_a_line_is_said_by_number_and_field() {
    let pay = |from: &str, to: &str| {
        assert!(PAY.contains(from), "{from}");
        PAY.replace(from, to)
    };
    for (line, says) in [
        (pay(r#""do":"pay""#, r#""do":"donate""#), "\"donate\" is nothing to do; allowed are: book, term"),
        (pay(r#""do":"pay","#, ""), "the field \"do\" is missing"),
        (pay(r#""key":"p1","#, ""), "the field \"key\" is missing"),
        (pay(r#""key":"p1""#, r#""key":"p1","key":"p2""#), "the field \"key\" is there twice"),
        (
            pay(r#""key":"p1""#, r#""key":"p1","colour":"red""#),
            "the field \"colour\" is unknown in a \"pay\" line",
        ),
        (pay(r#""80.00""#, "80.00"), "the field \"amount\" is wrong"),
        (pay(r#""80.00""#, r#""8e1""#), "the field \"amount\" is wrong"),
        (pay(r#""80.00""#, r#""+80""#), "the field \"amount\" is wrong"),
        (pay(r#""80.00""#, r#""80.001""#), "too-many-decimals"),
        (pay(r#""80.00""#, r#""0.00""#), "not-positive"),
        (pay("2026,", "2026.0,"), "the field \"year\" is wrong"),
        (pay("2026,", "-2026,"), "the field \"year\" is wrong"),
        (pay("2026,", "99999999999999999999,"), "the field \"year\" is wrong"),
        (pay(r#""term":1"#, r#""term":"1""#), "the field \"term\" is wrong"),
        (pay(r#""term":1"#, r#""term":2"#), "unknown-term"),
        (pay(r#""cash""#, r#""gold""#), "allowed are: cash, bank, mobile, cheque, card, other"),
        (pay(r#""cash""#, "null"), "the field \"method\" is wrong"),
        (pay("2026-01-20", "2026-02-30"), "the field \"on\" is wrong"),
        (pay("2026-01-20", "20 January"), "the field \"on\" is wrong"),
        (pay(r#""account":"1""#, r#""account":["1"]"#), "it must be a text, and is a list of texts"),
        (pay(r#""account":"1""#, r#""account":"""#), "the field \"account\" is wrong"),
        (pay(r#""account":"1""#, r#""account":"2""#), "unknown-account"),
        (PAY[..60].to_owned(), "it is not one JSON object: EOF while parsing"),
        (format!("{PAY}{PAY}"), "it is not one JSON object"),
        (format!("[{PAY}]"), "it is not one JSON object"),
        ("null".to_owned(), "it is not one JSON object"),
        (HEAD.lines().next().unwrap().to_owned(), "there is a second \"book\""),
        (
            r#"{"do":"enrol","account":"2","groups":"PRIMARY","on":"2026-01-12"}"#.to_owned(),
            "\"groups\" is wrong",
        ),
        (
            r#"{"do":"enrol","account":"2","groups":["A",7],"on":"2026-01-12"}"#.to_owned(),
            "\"groups\" is wrong",
        ),
        (
            r#"{"do":"standing","account":"1","to":"gone","on":"2026-01-12"}"#.to_owned(),
            "allowed are: active, on_leave",
        ),
        (r#"{"do":"fee","year":2026,"term":1,"code":"x","amount":"1"}"#.to_owned(), "\"group\" is missing"),
        (
            r#"{"do":"fee","year":2026,"term":1,"group":"A","account":"1","code":"x","amount":"1"}"#
                .to_owned(),
            "not both",
        ),
        (r#"{"do":"reverse","key":"r","of":"p9","reason":"x","on":"2026-01-12"}"#.to_owned(), "unknown-key"),
        (pay(r#""key":"p1""#, r#""key":"p1","revision":1"#), "\"revision\" is unknown in a \"pay\" line"),
        (pay(r#""key":"p1""#, r#""key":"p1","bill":false"#), "\"bill\" is unknown in a \"pay\" line"),
    ] {
        let said = stops_at(line.as_bytes());
        assert!(said.contains(says), "{line}\nsays: {said}\nnot: {says}");
    }
}

const FEE: &str = r#"{"do":"fee","year":2026,"term":1,"group":"ECD","code":"bus","amount":"30.00"}"#;
const CHARGE: &str = r#"{"do":"charge","key":"c1","account":"1","year":2026,"term":1,"code":"bus","amount":"30.00","on":"2026-01-20"}"#;
const ACTIVATE: &str = r#"{"do":"activate","year":2026,"term":1,"on":"2026-01-12"}"#;

/// The line with one more field.
fn with(line: &str, field: &str, value: &str) -> String {
    format!(r#"{},"{field}":{value}}}"#, &line[..line.len() - 1])
}

#[test]
fn what_is_wrong_with_a_field_that_may_be_left_out_is_said_by_number_and_field() {
    let long = format!("\"{}\"", "x".repeat(501));
    let uuid = r#""01890a5d-ac96-774b-bcce-b302099a8057""#;
    let parts = |parts: &str| with(FEE, "instalments", parts);
    for (line, says) in [
        (with(PAY, "note", "7"), "the field \"note\" is wrong: it must be a text"),
        (
            with(PAY, "note", &long),
            "the field \"note\" is wrong: the note cannot be recorded: it is too long",
        ),
        (with(PAY, "note", r#""\u0000""#), "the field \"note\" is wrong"),
        (
            with(PAY, "recorded_by", "null"),
            "the field \"recorded_by\" is wrong: it must be a text, and is null",
        ),
        (with(PAY, "recorded_by", &long), "the field \"recorded_by\" is wrong"),
        (
            with(PAY, "id", r#""01890a5dac96774bbcceb302099a8057""#),
            "the field \"id\" is wrong: it must be a UUID",
        ),
        (with(PAY, "id", r#""{01890a5d-ac96-774b-bcce-b302099a8057}""#), "the field \"id\" is wrong"),
        (with(PAY, "id", "1"), "the field \"id\" is wrong"),
        (with(PAY, "recorded_at", uuid), "the field \"recorded_at\" is wrong: it must be an instant"),
        (with(PAY, "recorded_at", r#""2026-01-31""#), "the field \"recorded_at\" is wrong"),
        (with(PAY, "recorded_at", r#""2026-01-31T08:00:00""#), "the field \"recorded_at\" is wrong"),
        (with(PAY, "recorded_at", r#""2026-01-31T08:00:00.0000001Z""#), "more than six decimals"),
        (with(PAY, "recorded_at", r#""2026-01-31T08:00:00.0000000000000Z""#), "more than six decimals"),
        (with(PAY, "recorded_at", r#""2016-12-31T23:59:60Z""#), "it is in a leap second"),
        (with(PAY, "recorded_at", "1767225600"), "the field \"recorded_at\" is wrong"),
        (with(CHARGE, "revision", "1"), "the field \"instalment\" is missing"),
        (with(CHARGE, "instalment", "1"), "the field \"revision\" is missing"),
        (
            with(&with(CHARGE, "revision", "0"), "instalment", "1000"),
            "the field \"instalment\" is wrong: it is above 999",
        ),
        (with(&with(CHARGE, "revision", "4294967296"), "instalment", "0"), "the field \"revision\" is wrong"),
        (with(&with(CHARGE, "revision", "-1"), "instalment", "0"), "the field \"revision\" is wrong"),
        (
            with(&with(CHARGE, "revision", "true"), "instalment", "0"),
            "it must be a whole number, and is true or false",
        ),
        (with(FEE, "revision", r#""1""#), "the field \"revision\" is wrong"),
        (with(FEE, "instalments", "2"), "the field \"instalments\" is wrong: it must be a list of objects"),
        (parts("[]"), "the field \"instalments\" is wrong"),
        (parts(r#"["30.00"]"#), "it must be an object at 1, and is a text"),
        (parts(r#"[{"amount":"30.00"}]"#), "at 1, the field \"due_on\" is missing"),
        (
            parts(r#"[{"amount":"30.00","due_on":"2026-02-01"},{"due_on":"2026-02-01"}]"#),
            "at 2, the field \"amount\" is missing",
        ),
        (parts(r#"[{"amount":30,"due_on":"2026-02-01"}]"#), "at 1, the field \"amount\" is wrong"),
        (parts(r#"[{"amount":"30.00","due_on":"2026-02-30"}]"#), "at 1, the field \"due_on\" is wrong"),
        (parts(r#"[{"amount":"30.00","due_on":"2026-02-01","on":1}]"#), "at 1, the field \"on\" is unknown"),
        (
            parts(r#"[{"amount":"30.00","amount":"30.00","due_on":"2026-02-01"}]"#),
            "at 1, the field \"amount\" is there twice",
        ),
        (
            parts(r#"[{"amount":"20.00","due_on":"2026-02-01"},{"amount":"9.99","due_on":"2026-03-01"}]"#),
            "bad-instalments: ",
        ),
        (
            parts(r#"[{"amount":"20.00","due_on":"2026-02-01"},{"amount":"10.00","due_on":"2026-02-01"}]"#),
            "bad-instalments: ",
        ),
        (
            parts(r#"[{"amount":"31.00","due_on":"2026-02-01"},{"amount":"-1.00","due_on":"2026-02-02"}]"#),
            "bad-instalments: ",
        ),
        (
            parts(r#"[{"amount":"29.999","due_on":"2026-02-01"},{"amount":"0.001","due_on":"2026-02-02"}]"#),
            "too-many-decimals: ",
        ),
        (
            with(&parts(r#"[{"amount":"30.00","due_on":"2026-02-01"}]"#), "due_on", r#""2026-02-01""#),
            "a due_on or instalments, not both",
        ),
        (
            with(ACTIVATE, "bill", r#""no""#),
            "the field \"bill\" is wrong: it must be true or false, and is a text",
        ),
        (with(ACTIVATE, "bill", "0"), "the field \"bill\" is wrong"),
    ] {
        let said = stops_at(line.as_bytes());
        assert!(said.contains(says), "{line}\nsays: {said}\nnot: {says}");
    }
}

/// A school that says all that there is to say in the plain fields is written in them alone, whoever wrote it first.
#[test]
fn a_book_that_needs_no_more_is_written_in_the_plain_fields() {
    let plain = r#"{"do":"book","book":"b","currency":"USD"}
{"do":"term","year":2026,"number":1,"starts_on":"2026-01-12","ends_on":"2026-04-09"}
{"do":"term","year":2026,"number":2,"starts_on":"2026-05-04","ends_on":"2026-08-06","name":"Second"}
{"do":"activate","year":2026,"term":1,"on":"2026-01-12"}
{"do":"enrol","account":"1","groups":["ECD","PRIMARY"],"on":"2026-01-10"}
{"do":"standing","account":"1","to":"graduated","on":"2026-01-10"}
{"do":"standing","account":"1","to":"alumni","on":"2026-01-10"}
{"do":"fee","year":2026,"term":1,"group":"PRIMARY","code":"tuition","amount":"130.00","due_on":"2026-01-12"}
{"do":"fee","account":"1","year":2026,"term":1,"code":"bus","amount":"30.00","due_on":"2026-02-01"}
{"do":"charge","key":"bursar:bill:2026-1:0:3:bus:1","account":"1","year":2026,"term":1,"code":"bus","amount":"30.00","on":"2026-01-12","due_on":"2026-02-01"}
{"do":"charge","key":"bursar:bill:2026-1:0:7:tuition:1","account":"1","year":2026,"term":1,"group":"PRIMARY","code":"tuition","amount":"120.00","on":"2026-01-12","due_on":"2026-01-12"}
{"do":"pay","key":"p1","account":"1","year":2026,"term":1,"amount":"200.00","method":"bank","reference":"slip 7","on":"2026-01-20"}
{"do":"reverse","key":"bursar:undo:01890a5dac96774bbcceb302099a8057","of":"bursar:bill:2026-1:0:7:tuition:1","reason":"mistyped","on":"2026-01-21"}
{"do":"charge","key":"bursar:redo:01890a5dac96774bbcceb302099a8057","account":"1","year":2026,"term":1,"group":"PRIMARY","code":"tuition","amount":"130.00","on":"2026-01-21","due_on":"2026-01-12"}
{"do":"charge","key":"c1","account":"1","year":2026,"term":1,"code":"tuition","amount":"1.00","on":"2026-01-22","due_on":"2026-01-22"}
{"do":"refund","key":"r1","account":"1","year":2026,"term":1,"amount":"39.00","method":"cash","on":"2026-01-23"}
{"do":"close","year":2026,"term":1,"on":"2026-04-09"}
{"do":"lock","through":"2026-01-31"}
"#;
    let store = MemoryStore::new();
    read(store.clone(), plain.as_bytes()).unwrap();
    assert_eq!(exported(store), plain);
}

fn exported(store: MemoryStore) -> String {
    wait(async {
        let ledger = Ledger::open(store, "b", Currency::USD).await.unwrap();
        let mut written = Vec::new();
        export(&ledger, &mut written).await.unwrap().unwrap();
        String::from_utf8(written).unwrap()
    })
}

/// A charge says its slot where a reader would give it another, and then takes no other's.
#[test]
fn a_slot_that_is_taken_is_refused() {
    let slot = |key: &str, revision: u32, instalment: u32| {
        let charge =
            with(&with(CHARGE, "revision", &revision.to_string()), "instalment", &instalment.to_string());
        charge.replace("c1", key).replace("\"bus\"", "\"tuition\"").replace("}", ",\"group\":\"PRIMARY\"}")
    };
    // Enrolling has billed the account in revision 0, instalment 0.
    for (revision, instalment) in [(0, 0), (1, 0)] {
        let said = stops_at(slot("c1", revision, instalment).as_bytes());
        assert!(said.contains("already-billed"), "{said}");
    }
    let twice = format!("{HEAD}{}\n{}\n", slot("c1", 0, 1), slot("c2", 0, 1));
    let said = read(MemoryStore::new(), twice.as_bytes()).unwrap_err().to_string();
    assert!(said.starts_with("line 7: already-billed"), "{said}");
    let other = format!("{HEAD}{}\n{}\n", slot("c1", 3, 1), slot("c2", 0, 2));
    let store = MemoryStore::new();
    read(store.clone(), other.as_bytes()).unwrap();
    assert_eq!(exported(store).matches(r#""revision":3,"instalment":1"#).count(), 1);
    let unknown = slot("c1", 0, 1).replace("PRIMARY", "NONE");
    assert!(stops_at(unknown.as_bytes()).contains("unknown-fee"));
}

/// A term that the book went back to is current, and nobody is billed for it again.
#[test]
fn a_term_is_made_current_without_billing() {
    let head: String =
        HEAD.lines().filter(|line| !line.contains("activate")).map(|line| format!("{line}\n")).collect();
    let (billed, unbilled) = (MemoryStore::new(), MemoryStore::new());
    read(billed.clone(), format!("{head}{ACTIVATE}\n").as_bytes()).unwrap();
    read(unbilled.clone(), format!("{head}{}\n", with(ACTIVATE, "bill", "false")).as_bytes()).unwrap();
    assert!(figures(billed).contains("120.00"));
    assert!(!figures(unbilled.clone()).contains("120.00"));
    let current = wait(async {
        Ledger::open(unbilled, "b", Currency::USD).await.unwrap().calendar().await.unwrap().current()
    });
    assert_eq!(current, Some(TermId::new(2026, 1).unwrap()));
}

/// A payment before its account is enrolled is refused, however the lines before it part the file, and again when it is read again.
#[test]
fn a_line_before_the_account_that_it_needs_is_refused() {
    let pay = PAY.replace(r#""account":"1""#, r#""account":"2""#);
    let again = HEAD.lines().last().unwrap();
    let enrol = again.replace(r#""account":"1""#, r#""account":"2""#);
    for before in ["", again] {
        let file = format!("{HEAD}{before}\n{pay}\n{enrol}\n");
        let store = MemoryStore::new();
        for _ in 0..2 {
            let said = read(store.clone(), file.as_bytes()).unwrap_err().to_string();
            assert!(said.starts_with("line 7: unknown-account"), "{said}");
        }
    }
}

/// The id and the instant that a line brings are kept, and no others are made up; read again, the entry is there already.
#[test]
fn provenance_is_kept() {
    let store = MemoryStore::new();
    let pay = with(PAY, "id", r#""01890A5D-ac96-774b-bcce-b302099a8057""#);
    let pay = with(&pay, "recorded_at", r#""2026-01-31T10:00:00.12+02:00""#);
    read(store.clone(), format!("{HEAD}{pay}\n").as_bytes()).unwrap();
    // From here on it is another file, with the same payment.
    let summary = read(store.clone(), format!("{HEAD}{CHARGE}\n{pay}\n").as_bytes()).unwrap();
    assert_eq!((summary.recorded, summary.replayed), (1, 1));
    wait(async {
        let ledger = Ledger::open(store, "b", Currency::USD).await.unwrap();
        let entry = ledger.entry_by_key(&IdempotencyKey::new("p1").unwrap()).await.unwrap().unwrap();
        assert_eq!(entry.id.to_string(), "01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(entry.recorded_at.to_rfc3339(), "2026-01-31T08:00:00.120+00:00");
        let options = ExportOptions::new().with_provenance();
        let mut written = Vec::new();
        export_with(&ledger, &mut written, options).await.unwrap().unwrap();
        let written = String::from_utf8(written).unwrap();
        let provenance =
            r#""id":"01890a5d-ac96-774b-bcce-b302099a8057","recorded_at":"2026-01-31T08:00:00.120000Z"}"#;
        assert_eq!(written.lines().filter(|line| line.ends_with(provenance)).count(), 1, "{written}");
        assert_eq!(written.matches("recorded_at").count(), 3, "{written}");
    });
}

#[test]
fn lines_that_are_no_text_or_too_long_are_refused() {
    assert!(stops_at(b"{\"do\":\"pay\",\"key\":\"\xff\xfe\"}").contains("not UTF-8 (first at byte 19)"));
    assert!(stops_at(&b"\x00".repeat(10)).contains("not one JSON object"));
    assert!(stops_at(&b"[".repeat(60_000)).contains("not one JSON object"));
    let long = format!(r#"{{"do":"pay","key":"{}"}}"#, "x".repeat(10 << 20));
    assert!(stops_at(long.as_bytes()).contains("longer than 65536 bytes"));
    let exactly = format!("{}{}}}", &PAY[..PAY.len() - 1], " ".repeat(65_536 - PAY.len()));
    assert_eq!(exactly.len(), 65_536);
    read(MemoryStore::new(), [HEAD, &exactly].concat().as_bytes()).expect("the longest line there is");
}

/// A reader that never ends is refused after what one line may have, not read into memory.
#[test]
fn a_line_without_end_is_refused() {
    let endless = HEAD.as_bytes().chain(std::io::repeat(b' '));
    let error = wait(replay(MemoryStore::new(), BufReader::new(endless), |_| {})).expect_err("it never ends");
    assert!(matches!(error, ReplayError::Line { line: 6, problem: LineProblem::TooLong { .. } }), "{error}");
}

#[test]
fn the_first_line_is_the_book() {
    for (file, says) in [
        ("", "line 1: the first line must be a \"book\""),
        ("\n \n\r\n", "line 1: the first line must be a \"book\""),
        (PAY, "line 1: the first line must be a \"book\""),
        (r#"{"do":"book","book":"b","currency":"USX"}"#, "line 1: the field \"currency\" is wrong"),
        (r#"{"do":"book","book":"b"}"#, "line 1: the field \"currency\" is missing"),
    ] {
        let error = read(MemoryStore::new(), file.as_bytes()).expect_err(says);
        assert!(error.to_string().starts_with(says), "{error}");
    }
    let store = MemoryStore::new();
    read(store.clone(), HEAD.as_bytes()).unwrap();
    let euro = HEAD.replace("USD", "EUR");
    assert!(read(store, euro.as_bytes()).unwrap_err().to_string().starts_with("line 1: currency-mismatch: "));
}

#[test]
fn blank_lines_and_line_ends_do_not_matter() {
    let store = MemoryStore::new();
    let file = format!("\n{}\r\n\n  \n{PAY}", HEAD.replace('\n', "\r\n"));
    assert_eq!(read(store.clone(), file.as_bytes()).unwrap().lines, 6);
    assert!(
        figures(store.clone())
            .contains(r#""balance":"40.00","outstanding":"40.00","credit":"0.00","status":"partial""#)
    );
    let again = read(store, format!("{HEAD}{PAY}\n").as_bytes()).unwrap();
    assert_eq!((again.lines, again.skipped), (6, 6), "the same lines, whatever ends them");
}

/// A file with a line put right goes on where it stopped; one that has grown adds its new lines, one that is long too.
#[test]
fn reading_goes_on_where_it_stopped() {
    let pays = |from: usize, to: usize| -> String {
        (from..to)
            .map(|n| format!("{}\n", PAY.replace("p1", &format!("p{n}")).replace("80.00", "0.01")))
            .collect()
    };
    let store = MemoryStore::new();
    let wrong = format!("{HEAD}{}{}\n{}", pays(0, 2_500), PAY.replace("cash", "gold"), pays(2_500, 4_000));
    assert!(read(store.clone(), wrong.as_bytes()).unwrap_err().to_string().starts_with("line 2506: "));
    let right = format!("{HEAD}{}", pays(0, 4_000));
    let summary = read(store.clone(), right.as_bytes()).unwrap();
    assert_eq!(
        (summary.lines, summary.skipped, summary.recorded, summary.replayed),
        (4_005, 2_505, 1_500, 0)
    );
    let grown = format!("{right}{}", pays(4_000, 7_777));
    let summary = read(store.clone(), grown.as_bytes()).unwrap();
    assert_eq!((summary.lines, summary.skipped, summary.recorded), (7_782, 4_005, 3_777));
    let again = read(store.clone(), grown.as_bytes()).unwrap();
    assert_eq!((again.skipped, again.recorded), (7_782, 0));
    assert!(figures(store.clone()).contains(r#""amount_paid":"77.77""#));

    // Another file of the same book parts from it at some line: from there on it is read, and a key is still recorded once.
    let other = format!("{HEAD}{}{}", pays(0, 1_500), pays(9_000, 9_100));
    let summary = read(store.clone(), other.as_bytes()).unwrap();
    assert_eq!((summary.skipped, summary.recorded, summary.replayed), (1_000, 100, 505));
    assert_eq!(read(store.clone(), grown.as_bytes()).unwrap().skipped, 7_782);
    assert_eq!(read(store, other.as_bytes()).unwrap().skipped, 1_605);
}

#[test]
fn keys_of_the_library_come_back_with_an_export_and_cannot_be_taken() {
    let taken = PAY.replace("p1", "bursar:bill:2026-1:0:7:tuition:2");
    assert!(stops_at(taken.as_bytes()).contains("kept for the library's own keys"));
    let charge = r#"{"do":"charge","key":"bursar:bill:2026-1:0:7:tuition:2","account":"1","year":2026,"term":1,"code":"tuition","amount":"1","on":"2026-01-12"}"#;
    assert!(stops_at(charge.as_bytes()).contains("kept for the library's own keys"));
}

proptest! {
    /// Whatever the bytes, the reader answers: it does not panic, and what it takes it also takes again.
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Line::parse(&bytes);
        let file = [HEAD.as_bytes(), &bytes].concat();
        let _ = read(MemoryStore::new(), &file);
    }

    /// A line of the format with something cut out, put in or turned over is answered too.
    #[test]
    fn a_spoiled_line_is_answered(
        line in prop::sample::select(HEAD.lines().chain([PAY]).collect::<Vec<_>>()),
        at: prop::sample::Index,
        length in 0_usize..12,
        put in prop_oneof![Just("\"".to_owned()), Just("\\u0000".to_owned()), "[0-9.-]{0,30}", "\\PC{0,8}", r#"[{}\[\]:,"]{0,4}"#],
    ) {
        let mut bytes = line.as_bytes().to_vec();
        let from = at.index(bytes.len());
        let to = (from + length).min(bytes.len());
        bytes.splice(from..to, put.bytes());
        let file = [HEAD.as_bytes(), &bytes, b"\n", PAY.as_bytes()].concat();
        let store = MemoryStore::new();
        if let Err(error) = wait(replay(store, Cursor::new(file), |_| {})) {
            prop_assert!(error.to_string().starts_with("line "), "{}", error);
        }
    }

    /// Whatever stands in a field that may be left out, the line is taken or refused by its number; what is of another type is refused by
    /// the name of the field.
    #[test]
    fn any_value_of_a_field_that_may_be_left_out_is_answered(
        (line, field, is_kind) in prop::sample::select(optional_fields()),
        value in any_value(),
    ) {
        let line = with(line, field, &value.to_string());
        let file = [HEAD, &line, "\n", PAY].concat();
        let read = read(MemoryStore::new(), file.as_bytes());
        if let Err(error) = &read {
            prop_assert!(error.to_string().starts_with("line 6: "), "{}", error);
        }
        if !is_kind(&value) {
            let said = read.expect_err(&line).to_string();
            prop_assert!(said.starts_with(&format!("line 6: the field \"{field}\" is wrong: ")), "{}\n{}", line, said);
        }
    }
}

type Kind = fn(&Value) -> bool;

/// Each with a line that may have it, and of which kind its values are.
fn optional_fields() -> Vec<(&'static str, &'static str, Kind)> {
    const REVISED: &str = r#"{"do":"charge","key":"c1","account":"1","year":2026,"term":1,"code":"bus","amount":"30.00","on":"2026-01-20","revision":0}"#;
    const NTH: &str = r#"{"do":"charge","key":"c1","account":"1","year":2026,"term":1,"code":"bus","amount":"30.00","on":"2026-01-20","instalment":0}"#;
    const REFUND: &str = r#"{"do":"refund","key":"r1","account":"1","year":2026,"term":1,"amount":"1.00","method":"cash","on":"2026-01-20"}"#;
    const REVERSE: &str = r#"{"do":"reverse","key":"r1","of":"bursar:bill:2026-1:0:7:tuition:1","reason":"x","on":"2026-01-20"}"#;
    let mut fields: Vec<(&str, &str, Kind)> = vec![
        (FEE, "instalments", |value| {
            value.as_array().is_some_and(|list| list.iter().all(is_part) && !list.is_empty())
        }),
        (FEE, "revision", Value::is_u64),
        (REVISED, "instalment", Value::is_u64),
        (NTH, "revision", Value::is_u64),
        (ACTIVATE, "bill", Value::is_boolean),
        (REFUND, "reference", Value::is_string),
    ];
    for line in [PAY, CHARGE, REFUND, REVERSE] {
        let texts: [(&str, Kind); 4] = [
            ("note", Value::is_string),
            ("recorded_by", Value::is_string),
            ("id", |value| value.as_str().is_some_and(|text| text.len() == 36)),
            ("recorded_at", |value| value.as_str().is_some_and(|text| text.contains('T'))),
        ];
        fields.extend(texts.map(|(field, kind)| (line, field, kind)));
    }
    fields
}

fn is_part(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|part| part.len() == 2 && part.contains_key("amount") && part.contains_key("due_on"))
}

/// Any JSON, with the words of the format among its texts.
fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,40}",
        Just("2026-02-01".to_owned()),
        Just("10.00".to_owned()),
        Just("2026-01-31T08:00:00.000001Z".to_owned()),
        Just("01890a5d-ac96-774b-bcce-b302099a8057".to_owned()),
    ];
    let name = prop_oneof![Just("amount".to_owned()), Just("due_on".to_owned()), "[a-z]{1,4}"];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..5).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-9.5_f64..9.5).prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}
