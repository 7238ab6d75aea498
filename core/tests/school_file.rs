//! The school file: what is wrong with a line is said by its number and field, and what was read stays read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufReader, Cursor, Read};

use bursar::school_file::{Line, LineProblem, ReplayError, ReplaySummary, replay, write_figures};
use bursar::{Currency, Ledger};
use bursar_store_memory::MemoryStore;
use proptest::prelude::*;

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
    ] {
        let said = stops_at(line.as_bytes());
        assert!(said.contains(says), "{line}\nsays: {said}\nnot: {says}");
    }
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
    let taken = PAY.replace("p1", "bursar:bill:2026-1:tuition:0:2");
    assert!(stops_at(taken.as_bytes()).contains("kept for the library's own keys"));
    let charge = r#"{"do":"charge","key":"bursar:bill:2026-1:tuition:0:2","account":"1","year":2026,"term":1,"code":"tuition","amount":"1","on":"2026-01-12"}"#;
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
}
