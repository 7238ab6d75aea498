//! Any text as the data of a stored session: what is a session's keeps all that was not changed, and other texts are dropped (R3, R12).

use std::collections::BTreeMap;

use bursar_session::store::Loaded;
use bursar_session::{Error, GoneReason, Outcome, SessionKey};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::site::{Site, block_on, with_key};

const DATA_BYTES_MAX: usize = 512;

/// The values of data, as they are written; none for data that are no session's. The empty name is the session's own.
fn values(data: &str) -> Option<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, Box<RawValue>> = serde_json::from_str(data).ok()?;
    if let Some(epoch) = values.remove("") {
        epoch.get().parse::<u64>().ok()?;
    }
    Some(values.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect())
}

async fn stored(data: &str) {
    let site = Site::of(|layer| layer.data_bytes_max(DATA_BYTES_MAX));
    let key = site.with_data(data).await;
    let session = site.begin(&with_key(&key));
    let Some(expected) = values(data) else {
        assert_eq!(session.names().await.unwrap(), Vec::<String>::new());
        assert!(matches!(site.finish(&session).await.outcome, Outcome::Read));
        assert!(matches!(site.kept(&key).await, Loaded::Gone(_)), "what cannot be decoded is dropped");
        return;
    };
    assert!(session.names().await.unwrap().iter().eq(expected.keys()));
    for name in expected.keys() {
        match session.get::<Value>(name).await {
            Ok(value) => assert!(value.is_some() || expected[name] == "null"),
            Err(error) => assert!(matches!(error, Error::Decode { .. }), "{error:?}"),
        }
    }
    assert!(matches!(site.finish(&session).await.outcome, Outcome::Read));
    assert_eq!(&*site.record(&key).await.content.data, data, "reading changes nothing");
    change(&site, &key, data, expected).await;
    clear(&site, &key).await;
}

/// One value is set and one removed: the others stay to the letter.
async fn change(site: &Site, key: &SessionKey, data: &str, mut expected: BTreeMap<String, String>) {
    let session = site.begin(&with_key(key));
    session.names().await.unwrap();
    if let Some(name) = expected.keys().next().cloned()
        && session.remove(&name).is_ok()
    {
        expected.remove(&name);
    }
    match session.update("n", |n: &mut u64| *n = n.saturating_add(1)).await {
        Ok(n) => drop(expected.insert("n".into(), n.to_string())),
        Err(Error::Decode { .. } | Error::TooLarge { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    let outcome = site.finish(&session).await.outcome;
    match &outcome {
        Outcome::Ended => assert!(expected.is_empty()),
        Outcome::Saved | Outcome::Read => {
            assert_eq!(values(&site.record(key).await.content.data), Some(expected));
        }
        Outcome::Failed(error) if matches!(**error, Error::TooLarge { .. }) => {
            assert_eq!(&*site.record(key).await.content.data, data);
        }
        _ => panic!("{outcome:?}"),
    }
}

/// A session that is cleared is gone, if anything was in it.
async fn clear(site: &Site, key: &SessionKey) {
    let session = site.begin(&with_key(key));
    let names = session.names().await.unwrap();
    session.clear().unwrap();
    let outcome = site.finish(&session).await.outcome;
    if names.is_empty() {
        assert!(matches!(outcome, Outcome::Read), "{outcome:?}");
    } else {
        assert!(matches!(outcome, Outcome::Ended), "{outcome:?}");
        let Loaded::Gone(gone) = site.kept(key).await else { panic!("a cleared session is there") };
        assert_eq!(gone.reason, Some(GoneReason::LoggedOut));
    }
}

/// A value, as JSON.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e999".to_owned()),
        Just("\"\\ud83d\\ude00\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        vec(inner, 0..4).prop_map(|parts| format!("[ {} ]", parts.join(",")))
    })
}

/// Data, with names drawn from the session's own, the one that is changed, and any.
fn data() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        1 => Just(String::new()),
        2 => Just("n".to_owned()),
        3 => "[a-z]{1,3}",
        1 => "x{125,131}",
        1 => any::<String>(),
    ];
    vec((name, json()), 0..5).prop_map(|members| {
        let member =
            |(name, value): &(String, String)| format!("{}:{value}", serde_json::to_string(name).unwrap());
        format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_data_are_kept_or_dropped(data in data()) {
        block_on(stored(&data));
    }

    #[test]
    fn data_that_were_damaged_are_kept_or_dropped(data in data(), at in any::<prop::sample::Index>(), with in ".?") {
        let from = at.index(data.len());
        if let (Some(before), Some(after)) = (data.get(..from), data.get(from + 1..)) {
            block_on(stored(&format!("{before}{with}{after}")));
        }
    }

    #[test]
    fn any_text_is_kept_or_dropped(text in any::<String>()) {
        block_on(stored(&text));
    }
}

#[tokio::test]
async fn data_of_every_kind() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2 * DATA_BYTES_MAX));
    for data in [
        "",
        " ",
        "{}",
        "null",
        "[]",
        "\"text\"",
        "{\"a\":1,\"a\":2}",
        "{\"\":18446744073709551615,\"a\":1}",
        "{\"\":18446744073709551616}",
        "{\"\":0}",
        "{\"\":-0}",
        "{\"\":null,\"\":0}",
        "{\"\":0,\"\":null}",
        "{\"\":1.0}",
        "{\"n\":18446744073709551615}",
        "{\"n\":\"1\"}",
        "{\"\\u0000\":1}",
        "{\"a\":1}\u{0}",
        "\u{feff}{\"a\":1}",
        &deep,
        &long,
    ] {
        stored(data).await;
    }
}
